/**
 * The Responses API as OpenAI serves it. Used by `model.ts`.
 */
import { ResponseDecoder } from "../wires/responses/decoder.ts"
import { encodeRequest } from "../wires/responses/request.ts"
import type { ApiSpec } from "./api.ts"

/** The specification of the API `responses`. */
export const responses: ApiSpec = {
  path: "/responses",
  capabilities: {
    tools: true,
    parallelToolCalls: true,
    streamedToolArguments: true,
    structuredOutput: true,
    imageInput: true,
    imageOutput: true,
    fileInput: true,
    reasoning: true,
    citations: true,
    streamedUsage: true,
    promptCaching: true,
    serverTools: true
  },
  encode: encodeRequest,
  decoder: (options) => new ResponseDecoder(options)
}
