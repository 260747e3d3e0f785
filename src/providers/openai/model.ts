/**
 * OpenAI's own servers: which wire an API is, what it is capable of, and the client. Called by `src/OpenAi.ts`.
 */
import * as Effect from "effect/Effect"
import { openai } from "../../internal/facts/data/openai.ts"
import { pricedAt } from "../../internal/facts/data/terms.ts"
import type { Service } from "../../internal/model/service.ts"
import { keyProblem, placeholderKey, settingsProblem } from "../../internal/provider/client.ts"
import type { Connectable } from "../../internal/provider/client.ts"
import type { Encoded } from "../../internal/provider/encoding.ts"
import { providerModel } from "../../internal/provider/model.ts"
import type { ProviderModel } from "../../internal/provider/model.ts"
import { secretsOf } from "../../internal/provider/settings.ts"
import type { AppSettings } from "../../internal/provider/settings.ts"
import { client } from "../wires/openai/client.ts"
import { strictDialect } from "../wires/openai/strictDialect.ts"
import type { ApiSpec } from "./api.ts"
import { chat } from "./chat.ts"
import type { Api, Options } from "./options.ts"
import { responses } from "./responses.ts"

const apis: { readonly [A in Api]: ApiSpec } = { chat, responses }

const provider = "openai"

/** Makes a chat model from complete settings. */
export const makeModel = (options: Options, settings: AppSettings): Service => providerModel(partsOf(options, settings))

/** The parts of a chat model. */
export const partsOf = (options: Options, settings: AppSettings): ProviderModel<Encoded> => {
  const {
    api = "responses",
    apiKey,
    baseUrl = defaultBaseUrl,
    fetch,
    dangerouslyAllowBrowser,
    headers = {},
    like,
    model,
    organization,
    project,
    ...call
  } = options
  const spec = apis[api]
  const otherProblem = settingsProblem({
    baseUrl,
    exampleUrl: defaultBaseUrl,
    headers,
    texts: { organization, project },
    keyed: true,
    dangerouslyAllowBrowser
  })
  const connect = (path: string, key: typeof apiKey) => {
    const problem = keyProblem(key, "OPENAI_API_KEY", keySite) ?? otherProblem
    return problem === undefined
      ? Effect.sync(() => client({ apiKey: key, baseUrl, organization, project, headers, fetch }, path))
      : Effect.fail(problem)
  }
  const connectable = (path: string): Connectable<Encoded> => ({
    connect: connect(path, apiKey),
    keyless: connect(path, placeholderKey)
  })
  return {
    provider,
    model,
    baseUrl,
    options: call,
    capabilities: spec.capabilities,
    facts: { rules: pricedAt(baseUrl, openai), api, like },
    settings,
    secrets: secretsOf([apiKey, organization, project], headers, baseUrl),
    errorDialect: { requestIdHeader: "x-request-id" },
    schemaDialect: strictDialect("OpenAI"),
    ...connectable(spec.path),
    counter: spec.counter && { ...connectable(spec.counter.path), fields: spec.counter.fields },
    encode: (request) => spec.encode({ provider, model }, request),
    decoder: spec.decoder
  }
}

const defaultBaseUrl = "https://api.openai.com/v1"

const keySite = "https://platform.openai.com/api-keys"
