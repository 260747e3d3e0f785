/**
 * Claude on Anthropic's own servers: the messages wire, what it is capable of, and the client. Called by
 * `src/Anthropic.ts`. Claude on another host would be another folder on the same wire.
 */
import type { Capabilities } from "../../Capabilities.ts"
import { anthropic } from "../../internal/facts/data/anthropic.ts"
import type { Service } from "../../internal/model/service.ts"
import { placeholderKey } from "../../internal/provider/client.ts"
import type { Connectable } from "../../internal/provider/client.ts"
import { providerModel } from "../../internal/provider/model.ts"
import type { ProviderModel } from "../../internal/provider/model.ts"
import { secretsOf } from "../../internal/provider/settings.ts"
import type { AppSettings } from "../../internal/provider/settings.ts"
import { MessageDecoder } from "../wires/messages/decoder.ts"
import { encodeRequest, schemaDialect } from "../wires/messages/request.ts"
import type { EncodedRequest } from "../wires/messages/request.ts"
import { connect, defaultBaseUrl, isOfficial } from "./client.ts"
import type { Options } from "./options.ts"

const provider = "anthropic"

const capabilities: Partial<Capabilities> = {
  tools: true,
  parallelToolCalls: true,
  streamedToolArguments: true,
  structuredOutput: true,
  imageInput: true,
  fileInput: true,
  reasoning: true,
  citations: true,
  streamedUsage: true,
  promptCaching: true,
  serverTools: true
}

/**
 * The fields that the endpoint for counting takes
 * (https://platform.claude.com/docs/en/api/messages-count-tokens).
 */
const countedFields = [
  "cache_control",
  "context_management",
  "mcp_servers",
  "messages",
  "model",
  "output_config",
  "speed",
  "system",
  "thinking",
  "tool_choice",
  "tools"
]

const connectable = (options: Options, path: Parameters<typeof connect>[1]): Connectable<EncodedRequest> => ({
  connect: connect(options, path),
  keyless: connect({ ...options, apiKey: placeholderKey }, path)
})

/** Makes a chat model from complete settings. */
export const makeModel = (options: Options, settings: AppSettings): Service => providerModel(partsOf(options, settings))

/** The parts of a chat model. */
export const partsOf = (options: Options, settings: AppSettings): ProviderModel<EncodedRequest> => {
  const {
    apiKey,
    authToken,
    baseUrl,
    betas = [],
    dangerouslyAllowBrowser: _,
    fetch: __,
    headers = {},
    like,
    model,
    ...callOptions
  } = options
  const official = isOfficial(baseUrl)
  return {
    provider,
    model,
    baseUrl: baseUrl ?? defaultBaseUrl,
    options: callOptions,
    capabilities,
    facts: { rules: anthropic, api: "messages", like },
    settings,
    secrets: secretsOf([apiKey, authToken], headers, baseUrl),
    errorDialect: { requestIdHeader: "request-id" },
    schemaDialect,
    ...connectable(options, "/v1/messages"),
    counter: { ...connectable(options, "/v1/messages/count_tokens"), fields: countedFields },
    encode: (request) => encodeRequest({ provider, model, official, betas }, request),
    decoder: (options) => new MessageDecoder(options)
  }
}
