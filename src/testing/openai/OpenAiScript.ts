/**
 * Scripts for `OpenAiServer`: complete answers of both of OpenAI's wires, and errors.
 *
 * **Details**
 *
 * Each is a `Script`, so `Script.faultAt`, `cut` and delays apply to it as to the scripts of every other wire.
 *
 * ```ts
 * import { OpenAiScript, Script } from "rivulet/Testing"
 *
 * const chat = OpenAiScript.chat.text("Hello world")
 * const responses = OpenAiScript.responses.reasoning("The user greets me.", "Hello world")
 * const bytewise = { ...chat, cut: 1 }
 * const half = Script.faultAt(responses, 3000, Script.truncate)
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import type { Script } from "../server/steps.ts"
import { errorResponse } from "./answer.ts"
import type { StatusOptions } from "./answer.ts"

export type { CallBlock, ErrorFields, StatusOptions, Timing } from "./answer.ts"
export * as chat from "./OpenAiChatScript.ts"
export * as responses from "./OpenAiResponsesScript.ts"

/**
 * An error response with the API's JSON body, the same on both wires.
 *
 * **Details**
 *
 * Type, code and message default to those that the API uses for the status. `body` replaces the JSON; a string is sent
 * unchanged.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const limit = OpenAiScript.status(429, { headers: { "retry-after": "2" } })
 * const empty = OpenAiScript.status(429, { type: "insufficient_quota", code: "insufficient_quota" })
 * ```
 */
export const status = (status: number, options?: StatusOptions): Script => errorResponse(status, options)
