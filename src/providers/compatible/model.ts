/**
 * Any server that speaks Chat Completions: preset, quirks and capabilities, over the chat wire. Called by
 * `src/OpenAiCompatible.ts`.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { Capabilities } from "../../Capabilities.ts"
import { InvalidRequestError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import { allRules } from "../../internal/facts/all.ts"
import { pricedAt } from "../../internal/facts/data/terms.ts"
import type { Rule } from "../../internal/facts/types.ts"
import type { Service } from "../../internal/model/service.ts"
import { keyProblem, placeholderKey, settingsProblem } from "../../internal/provider/client.ts"
import type { Encoded } from "../../internal/provider/encoding.ts"
import { providerModel } from "../../internal/provider/model.ts"
import type { ProviderModel } from "../../internal/provider/model.ts"
import { secretsOf } from "../../internal/provider/settings.ts"
import type { AppSettings } from "../../internal/provider/settings.ts"
import { ChatDecoder } from "../wires/chat/decoder.ts"
import { encodeRequest } from "../wires/chat/request.ts"
import { client } from "../wires/openai/client.ts"
import { strictDialect } from "../wires/openai/strictDialect.ts"
import type { Options } from "./options.ts"
import { presetNamed, presets, unknownServer, usualCapabilities } from "./presets.ts"
import type { Preset } from "./presets.ts"

/** The preset that the options name or hold. */
export const presetOf = ({ preset }: Options): Preset | undefined =>
  typeof preset === "string" ? presetNamed(preset) : preset

/** Makes a chat model from complete settings. */
export const makeModel = (options: Options, settings: AppSettings): Service => providerModel(partsOf(options, settings))

/** The parts of a chat model. */
export const partsOf = (options: Options, settings: AppSettings): ProviderModel<Encoded> => {
  const {
    apiKey,
    baseUrl: _,
    capabilities,
    dangerouslyAllowBrowser: __,
    fetch,
    headers = {},
    like,
    model,
    preset: name,
    quirks: own,
    ...call
  } = options
  const preset = presetOf(options)
  const provider = preset?.name ?? (typeof name === "string" ? name : "openai-compatible")
  const known = { ...preset?.capabilities, ...capabilities }
  // A server without a preset may know any type of tool, so none is refused.
  const serverTools = own?.serverTools ?? preset?.quirks?.serverTools ?? known.serverTools ?? preset === undefined
  const quirks = { ...unknownServer, ...preset?.quirks, ...own, serverTools }
  const baseUrl = options.baseUrl ?? preset?.baseUrl ?? ""
  const connect = (key: typeof apiKey) => {
    const problem = problemOf(options, preset, baseUrl, key)
    return problem === undefined
      ? Effect.sync(() => client({ apiKey: key, baseUrl, headers, fetch }, "/chat/completions"))
      : Effect.fail(problem)
  }
  return {
    provider,
    model,
    baseUrl,
    options: call,
    capabilities: {
      ...usualCapabilities,
      structuredOutput: quirks.noJsonSchema !== true,
      serverTools,
      ...known
    },
    facts: { rules: [...declaredRules(capabilities, known), ...pricedAt(baseUrl, allRules)], api: "chat", like },
    settings,
    secrets: secretsOf([apiKey], headers, baseUrl),
    errorDialect: { requestIdHeader: "x-request-id" },
    schemaDialect: strictDialect(provider),
    connect: connect(apiKey),
    keyless: connect(placeholderKey),
    encode: (request) => encodeRequest({ provider, model, quirks }, request),
    decoder: (options) => new ChatDecoder(options, quirks)
  }
}

/** The capabilities that the options declare, as facts: who declares them knows the model. */
const declaredRules = (
  { fileInput, imageInput, structuredOutput }: Partial<Capabilities> = {},
  known: Partial<Capabilities>
): ReadonlyArray<Rule> => {
  if (fileInput === undefined && imageInput === undefined && structuredOutput === undefined) return []
  const inputs = [
    "text",
    ...(known.imageInput === false ? [] : ["image"]),
    ...(known.fileInput === true ? ["pdf"] : [])
  ]
  return [{
    match: ".",
    ...(fileInput === undefined && imageInput === undefined ? undefined : { inputs }),
    ...(structuredOutput === undefined ? undefined : { json: structuredOutput ? "schema" : "object" })
  }]
}

const problemOf = (
  { dangerouslyAllowBrowser, headers = {}, preset: name }: Options,
  preset: Preset | undefined,
  baseUrl: string,
  apiKey: Redacted.Redacted<string> | undefined
): Reason | undefined => {
  if (typeof name === "string" && preset === undefined) {
    return new InvalidRequestError({
      field: "preset",
      message: `preset: there is none named ${JSON.stringify(name.slice(0, 50))}; known are ${
        Object.keys(presets).join(", ")
      }; for another server give its facts, or \`baseUrl\``
    })
  }
  const variable = preset?.baseUrlVariable
  if (baseUrl === "") {
    return new InvalidRequestError({
      field: "baseUrl",
      message: variable === undefined
        ? "baseUrl: there is no address of the server; give it, or a preset"
        : `baseUrl: there is no address of the server; give it, or set ${variable}`
    })
  }
  const needed = preset?.keyVariable !== undefined || apiKey !== undefined
  const problem = settingsProblem({
    baseUrl,
    exampleUrl: preset?.baseUrl ?? "http://localhost:11434/v1",
    headers,
    keyed: needed,
    dangerouslyAllowBrowser
  })
  return problem ?? (needed ? keyProblem(apiKey, preset?.keyVariable ?? "`apiKey`", preset?.keySite) : undefined)
}
