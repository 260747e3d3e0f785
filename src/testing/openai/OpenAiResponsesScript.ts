/**
 * Answers on the wire of OpenAI's Responses API, as {@link Script.Script}s: `OpenAiScript.responses`.
 *
 * ```ts
 * import { OpenAiScript, Script } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.responses.text("Hello world", { delay: "20 millis" })
 * const lost = Script.faultAt(answer, 700, [Script.delay("20 millis"), Script.reset])
 * ```
 */
import { delay, make, repeat, write } from "../server/steps.ts"
import type { Options, Repeat, Script, Write } from "../server/steps.ts"
import { words } from "../server/words.ts"
import { callBlocks, errorBody, stepsOf } from "./answer.ts"
import type { CallBlock, ErrorFields, Event, Timing } from "./answer.ts"
import * as Wire from "./responsesEvents.ts"

export type { Event } from "./answer.ts"
export type { Block, Usage } from "./responsesEvents.ts"

/** The answer's own fields, and the time between two deltas. */
export interface MessageOptions extends Omit<Wire.Answer, "blocks">, Timing {}

/**
 * Writes the frame of an event under its own `type`.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const novel = OpenAiScript.responses.event({ type: "response.mood", mood: "good" })
 * ```
 */
export const event = (event: Event): Write => write(Wire.frame(event))

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
 * Writes the `response.failed` event, the other way for a 200 to fail; as a rule it follows an {@link errorEvent}.
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
 * Frames each event under its own `type`. Nothing is added: a stream without `response.completed` ends without one.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const cut = OpenAiScript.responses.events([{ type: "response.output_text.delta", output_index: 0, delta: "Hel" }])
 * ```
 */
export const events = (events: Iterable<Event>, options?: Options): Script => make(Array.from(events, event), options)

/**
 * A well-formed answer of any items, in order; the constructors below are short for it.
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
export const message = (options: MessageOptions & Pick<Wire.Answer, "blocks">): Script =>
  make(stepsOf(Wire.answerEvents(options), Wire.frame, Wire.isDelta, options.delay))

/**
 * A well-formed text answer, a delta a token.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.responses.tokens(["Hel", "lo"], { delay: "20 millis" })
 * ```
 */
export const tokens = (tokens: ReadonlyArray<string>, options?: MessageOptions): Script =>
  message({ ...options, blocks: [{ type: "text", tokens }] })

/**
 * A well-formed text answer, cut into words.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.responses.text("Hello world", { incomplete: "max_output_tokens" })
 * ```
 */
export const text = (text: string, options?: MessageOptions): Script => tokens(words(text), options)

/**
 * A well-formed answer that thinks before it speaks, each cut into words; the thinking is a summary. `text` may be
 * empty: then it only thinks.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.responses.reasoning("Six times seven is", "It is 42.", { encrypted: "gAAAAA" })
 * ```
 */
export const reasoning = (
  thinking: string,
  text: string,
  options?: MessageOptions & { readonly encrypted?: string | undefined }
): Script =>
  message({
    ...options,
    blocks: [
      { type: "reasoning", tokens: words(thinking), encrypted: options?.encrypted },
      ...(text === "" ? [] : [{ type: "text", tokens: words(text) } as const])
    ]
  })

/**
 * An answer that declines, cut into words.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.responses.refusal("I cannot help with that.")
 * ```
 */
export const refusal = (text: string, options?: MessageOptions): Script =>
  message({ ...options, blocks: [{ type: "refusal", tokens: words(text) }] })

/**
 * A well-formed answer that calls one function, after `text` if there is any. String `args` are sent as they stand.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const call = OpenAiScript.responses.toolCall({ name: "weather", args: { city: "Bern" } })
 * ```
 */
export const toolCall = (
  call: Omit<CallBlock, "type">,
  options?: MessageOptions & { readonly text?: string | undefined }
): Script => message({ ...options, blocks: callBlocks(call, options?.text) })

const deltas = (token: string, options: MessageOptions | undefined, times?: number): Repeat =>
  repeat([
    ...(options?.delay === undefined ? [] : [delay(options.delay)]),
    event(Wire.textDelta(0, token))
  ], times)

/**
 * A well-formed text answer of `times` equal deltas (default `" token"`), however large; its events have no numbers. As
 * the API does it, the whole text comes four times more at the end.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const large = OpenAiScript.responses.repeated(200_000, { token: " and" }) // about 50 MB
 * ```
 */
export const repeated = (
  times: number,
  options?: MessageOptions & { readonly token?: string | undefined }
): Script => {
  const token = options?.token ?? " token"
  const closing = Wire.textClosing(0, token.repeat(times))
  return make([
    ...[...Wire.opening(options ?? {}), ...Wire.textOpening(0)].map(event),
    deltas(token, options, times),
    ...[...closing.events, Wire.ending(options ?? {}, [closing.done], times)].map(event)
  ])
}

/**
 * A well-formed start, followed by text deltas that never end, as fast as the client reads or one a `delay`.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const endless = OpenAiScript.responses.endless({ delay: "20 millis" })
 * ```
 */
export const endless = (options?: MessageOptions & { readonly token?: string | undefined }): Script =>
  make([
    ...[...Wire.opening(options ?? {}), ...Wire.textOpening(0)].map(event),
    deltas(options?.token ?? " token", options)
  ])
