/**
 * OpenAI's own servers: which wire an API is, what it is capable of, and the client. Called by `src/OpenAi.ts`.
 */
import * as Effect from "effect/Effect"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { Decoder } from "../../internal/http/httpStream.ts"
import type { Service } from "../../internal/model/service.ts"
import { baseUrlProblem, keyProblem } from "../../internal/provider/client.ts"
import type { DecoderOptions } from "../../internal/provider/decoder.ts"
import { providerModel } from "../../internal/provider/model.ts"
import type { Encoded } from "../../internal/provider/model.ts"
import type { Message } from "../../Message.ts"
import { client } from "../wires/openai/client.ts"
import { errorDialect } from "../wires/openai/errors.ts"
import { strictDialect } from "../wires/openai/strictDialect.ts"
import { chat } from "./chat.ts"
import type { Api, Options } from "./options.ts"
import { responses } from "./responses.ts"

/** One of OpenAI's APIs: its path, its capabilities and its wire. */
export interface ApiSpec {
  readonly path: string
  readonly capabilities: Partial<Capabilities>
  readonly encode: (
    model: { readonly provider: string; readonly model: string },
    messages: ReadonlyArray<Message>,
    options: CallOptions
  ) => Encoded | Reason
  readonly decoder: (options: DecoderOptions) => Decoder
}

const apis: { readonly [A in Api]: ApiSpec } = { chat, responses }

const provider = "openai"

/** Makes a chat model from complete settings. */
export const makeModel = (options: Options): Service => {
  const {
    api = "responses",
    apiKey,
    baseUrl = defaultBaseUrl,
    fetch,
    headers = {},
    model,
    organization,
    project,
    ...call
  } = options
  const spec = apis[api]
  const problem = keyProblem(apiKey, "OPENAI_API_KEY", keySite) ?? baseUrlProblem(baseUrl, defaultBaseUrl)
  return providerModel({
    provider,
    model,
    options: call,
    capabilities: spec.capabilities,
    secrets: [apiKey, ...Object.values(headers)],
    errorDialect,
    schemaDialect: strictDialect("OpenAI"),
    connect: problem === undefined
      ? Effect.sync(() => client({ apiKey, baseUrl, organization, project, headers, fetch }, spec.path))
      : Effect.fail(problem),
    encode: (messages, options) => spec.encode({ provider, model }, messages, options),
    decoder: spec.decoder
  })
}

const defaultBaseUrl = "https://api.openai.com/v1"

const keySite = "https://platform.openai.com/api-keys"
