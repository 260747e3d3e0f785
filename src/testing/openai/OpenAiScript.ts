/**
 * What {@link OpenAiServer} sends: whole answers on either of OpenAI's wires, and its errors. Each is a `Script`, so what
 * breaks one off (`Script.faultAt`, `cut`, delays and so on) is the same as for every other wire.
 *
 * ```ts
 * import { OpenAiScript, Script } from "rivulet/Testing"
 *
 * const chat = OpenAiScript.chat.text("Hello world")
 * const responses = OpenAiScript.responses.reasoning("The user greets me.", "Hello world")
 * const bytewise = { ...chat, cut: 1 }
 * const half = Script.faultAt(responses, 3000, Script.truncate)
 * ```
 */
import type { Script } from "../server/steps.ts"
import { errorResponse } from "./answer.ts"
import type { StatusOptions } from "./answer.ts"

export type { CallBlock, ErrorFields, StatusOptions, Timing } from "./answer.ts"
export * as chat from "./OpenAiChatScript.ts"
export * as responses from "./OpenAiResponsesScript.ts"

/**
 * An error response with the API's JSON body, the same on both wires. Type, code and message are those the API uses for
 * the status; `body` replaces the whole of it, a string as it stands.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const limit = OpenAiScript.status(429, { headers: { "retry-after": "2" } })
 * const empty = OpenAiScript.status(429, { type: "insufficient_quota", code: "insufficient_quota" })
 * ```
 */
export const status = (status: number, options?: StatusOptions): Script => errorResponse(status, options)
