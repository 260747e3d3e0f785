import type { Capabilities } from "../Capabilities.ts"
import type { Service } from "../ChatModel.ts"
import { providerModel } from "../internal/provider/model.ts"
import { connect } from "./client.ts"
import { MessageDecoder } from "./decoder.ts"
import { dialect as schemaDialect } from "./dialect.ts"
import { dialect } from "./errors.ts"
import type { Options } from "./options.ts"
import { encodeRequest } from "./request.ts"

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

/** A chat model on the Messages API, from settings that are complete. */
export const makeModel = (options: Options): Service => {
  const { apiKey, authToken, baseUrl: _, betas = [], fetch: __, headers = {}, model, ...callOptions } = options
  return providerModel({
    provider,
    model,
    options: callOptions,
    capabilities,
    secrets: [apiKey, authToken, ...Object.values(headers)],
    dialect,
    schemaDialect,
    connect: connect(options),
    encode: (messages, options) => encodeRequest({ provider, model, betas }, messages, options),
    decoder: (options) => new MessageDecoder(options)
  })
}
