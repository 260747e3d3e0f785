/**
 * Scripts of OpenAI's Responses API: `OpenAiScript.responses`.
 *
 * ```ts
 * import { OpenAiScript, Script } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.responses.text("Hello world", { delay: "20 millis" })
 * const lost = Script.faultAt(answer, 700, [Script.delay("20 millis"), Script.reset])
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import { make } from "../server/steps.ts"
import type { Options, Script, Write } from "../server/steps.ts"
import { errorBody } from "./answer.ts"
import type { CallBlock, ErrorFields, Event, Timing } from "./answer.ts"
import { constructors } from "./constructors.ts"
import type { CallOptions, TokenOptions } from "./constructors.ts"
import * as Wire from "./responsesEvents.ts"

export type { Event } from "./answer.ts"
export type { CallOptions, TokenOptions } from "./constructors.ts"
export type { Block, Usage } from "./responsesEvents.ts"

/** The fields of an answer, and its pace. */
export interface MessageOptions extends Omit<Wire.Answer, "blocks">, Timing {}

/** Options of an answer with reasoning. */
export interface ReasoningOptions {
  /** The encrypted reasoning. Default: none. */
  readonly encrypted?: string | undefined
}

const shared = constructors<Omit<Wire.Answer, "blocks"> & ReasoningOptions, Wire.Block>({
  frame: Wire.frame,
  isDelta: Wire.isDelta,
  answerEvents: Wire.answerEvents,
  end: [],
  opening: (fields) => [...Wire.opening(fields), ...Wire.textOpening(0)],
  textDelta: (_, token) => Wire.textDelta(0, token),
  reasoning: (tokens, { encrypted }) => ({ type: "reasoning", tokens, encrypted })
}, {})

/**
 * Writes the frame of an event under its own `type`.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const novel = OpenAiScript.responses.event({ type: "response.mood", mood: "good" })
 * ```
 */
export const event: (event: Event) => Write = shared.event

/**
 * Writes an `error` event into a 200.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const failure = OpenAiScript.responses.errorEvent({ code: "server_error", message: "Overloaded" })
 * ```
 */
export const errorEvent = (error: ErrorFields): Write => event({ type: "error", error: errorBody(error) })

/**
 * Writes the `response.failed` event, with which a 200 can also fail. It usually follows an {@link errorEvent}.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const failure = OpenAiScript.responses.failed({ code: "rate_limit_exceeded", message: "Rate limit reached" })
 * ```
 */
export const failed = (error: ErrorFields, options?: MessageOptions): Write => {
  const { code, message } = errorBody(error)
  const response = Wire.snapshot(options ?? {}, { status: "failed", error: { code, message } })
  return event({ type: "response.failed", response })
}

/**
 * Frames each event under its own `type`. Nothing is added, so a stream without `response.completed` ends without it.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const cut = OpenAiScript.responses.events([{ type: "response.output_text.delta", output_index: 0, delta: "Hel" }])
 * ```
 */
export const events: (events: Iterable<Event>, options?: Options) => Script = shared.events

/**
 * A well-formed answer of any items, in order. The constructors below are shorthands for it.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.responses.message({
 *   blocks: [
 *     { type: "reasoning", tokens: ["Hm", "."], encrypted: "gAAAAA" },
 *     { type: "text", tokens: ["Let me", " look."] },
 *     { type: "tool_call", id: "call_1", name: "weather", args: { city: "Bern" } }
 *   ],
 *   usage: { input_tokens: 20 }
 * })
 * ```
 */
export const message: (options: MessageOptions & Pick<Wire.Answer, "blocks">) => Script = shared.message

/**
 * A well-formed text answer with one delta for each token.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.responses.tokens(["Hel", "lo"], { delay: "20 millis" })
 * ```
 */
export const tokens: (tokens: ReadonlyArray<string>, options?: MessageOptions) => Script = shared.tokens

/**
 * A well-formed text answer, cut into words.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.responses.text("Hello world", { incomplete: "max_output_tokens" })
 * ```
 */
export const text: (text: string, options?: MessageOptions) => Script = shared.text

/**
 * A well-formed answer with a summary of reasoning before its text, each cut into words. If `text` is empty, there is
 * reasoning alone.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.responses.reasoning("Six times seven is", "It is 42.", { encrypted: "gAAAAA" })
 * ```
 */
export const reasoning: (thinking: string, text: string, options?: MessageOptions & ReasoningOptions) => Script =
  shared.reasoning

/**
 * An answer that declines, cut into words.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.responses.refusal("I cannot help with that.")
 * ```
 */
export const refusal: (text: string, options?: MessageOptions) => Script = shared.refusal

/**
 * A well-formed answer that calls one tool, after `text` if it is given. String `args` are sent unchanged.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const call = OpenAiScript.responses.toolCall({ name: "weather", args: { city: "Bern" } })
 * ```
 */
export const toolCall: (call: Omit<CallBlock, "type">, options?: MessageOptions & CallOptions) => Script =
  shared.toolCall

/**
 * A well-formed text answer of `times` equal deltas, of any size.
 *
 * **Gotchas**
 *
 * The events have no sequence numbers. As the API does, the end repeats the complete text four times.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const large = OpenAiScript.responses.repeated(200_000, { token: " and" }) // about 50 MB
 * ```
 */
export const repeated = (
  times: number,
  options?: MessageOptions & TokenOptions
): Script => {
  const token = options?.token ?? " token"
  const closing = Wire.textClosing(0, token.repeat(times))
  return make([
    ...[...Wire.opening(options ?? {}), ...Wire.textOpening(0)].map(event),
    shared.deltas(options ?? {}, times),
    ...[...closing.events, Wire.ending(options ?? {}, [closing.done], times)].map(event)
  ])
}

/**
 * A well-formed start, and then text deltas without end, as fast as the client reads or one for each `delay`.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const endless = OpenAiScript.responses.endless({ delay: "20 millis" })
 * ```
 */
export const endless: (options?: MessageOptions & TokenOptions) => Script = shared.endless
