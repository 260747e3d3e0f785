/**
 * Chat Completions as OpenAI serves it. Used by `model.ts`.
 */
import { ChatDecoder } from "../wires/chat/decoder.ts"
import type { Limits } from "../wires/chat/messages.ts"
import type { Quirks } from "../wires/chat/quirks.ts"
import { encodeRequest } from "../wires/chat/request.ts"
import { imageTypes } from "../wires/openai/media.ts"
import type { ApiSpec } from "./api.ts"

/** OpenAI follows its own documentation, and alone keeps `metadata`. */
const quirks: Quirks = { metadata: true, toolCallIdLength: 40 }

const limits: Limits = { imageTypes, stopSequences: 4 }

/** The specification of the API `chat`. */
export const chat: ApiSpec = {
  path: "/chat/completions",
  capabilities: {
    tools: true,
    parallelToolCalls: true,
    streamedToolArguments: true,
    structuredOutput: true,
    imageInput: true,
    fileInput: true,
    citations: true,
    streamedUsage: true,
    promptCaching: true
  },
  encode: (model, request) => encodeRequest({ ...model, quirks, limits }, request),
  decoder: (options) => new ChatDecoder(options, quirks)
}
