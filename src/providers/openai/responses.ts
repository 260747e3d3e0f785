/**
 * The Responses API as OpenAI serves it. Used by `model.ts`.
 */
import { ResponseDecoder } from "../wires/responses/decoder.ts"
import { encodeRequest } from "../wires/responses/request.ts"
import type { ApiSpec } from "./api.ts"

/** The specification of the API `responses`. */
export const responses: ApiSpec = {
  path: "/responses",
  // https://platform.openai.com/docs/api-reference/responses/input-tokens
  counter: {
    path: "/responses/input_tokens",
    fields: [
      "conversation",
      "input",
      "instructions",
      "model",
      "parallel_tool_calls",
      "personality",
      "previous_response_id",
      "reasoning",
      "text",
      "tool_choice",
      "tools",
      "truncation"
    ]
  },
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
  // A response in the background goes on without its connection.
  decoder: (options, { body }) => new ResponseDecoder(options, body["background"] === true)
}
