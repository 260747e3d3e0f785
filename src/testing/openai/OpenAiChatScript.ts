/**
 * Scripts of OpenAI's Chat Completions API: `OpenAiScript.chat`.
 *
 * ```ts
 * import { OpenAiScript, Script } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.chat.text("Hello world", { delay: "20 millis" })
 * const lost = Script.faultAt(answer, 700, [Script.delay("20 millis"), Script.reset])
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import { make, write } from "../server/steps.ts"
import type { Options, Script, Write } from "../server/steps.ts"
import { errorBody } from "./answer.ts"
import type { CallBlock, ErrorFields, Event, Timing } from "./answer.ts"
import * as Wire from "./chatEvents.ts"
import { constructors } from "./constructors.ts"
import type { CallOptions, TokenOptions } from "./constructors.ts"

export type { Event } from "./answer.ts"
export type { Block, Usage } from "./chatEvents.ts"
export type { CallOptions, TokenOptions } from "./constructors.ts"

/** The fields of an answer, and its pace. */
export interface MessageOptions extends Omit<Wire.Answer, "blocks">, Timing {}

/** Options of an answer with reasoning. */
export interface ReasoningOptions {
  /** The field of the reasoning. Default: `reasoning_content`. */
  readonly field?: string | undefined
}

const shared = constructors<Omit<Wire.Answer, "blocks"> & ReasoningOptions, Wire.Block>({
  frame: Wire.frame,
  isDelta: Wire.isDelta,
  answerEvents: Wire.answerChunks,
  end: [write(Wire.done)],
  opening: (fields) => [Wire.deltaChunk(fields, Wire.roleDelta)],
  textDelta: Wire.textChunk,
  reasoning: (tokens, { field }) => ({ type: "reasoning", tokens, field })
}, {})

/**
 * Writes the frame of a chunk, or of any other JSON.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const odd = OpenAiScript.chat.event({ object: "something.new" })
 * ```
 */
export const event: (event: Event) => Write = shared.event

/**
 * Writes `data: [DONE]`.
 *
 * ```ts
 * import { OpenAiScript, Script } from "rivulet/Testing"
 *
 * const nothing = Script.make([OpenAiScript.chat.done])
 * ```
 */
export const done: Write = write(Wire.done)

/**
 * Writes an error into a 200.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const failure = OpenAiScript.chat.errorEvent({ type: "server_error", message: "Overloaded" })
 * ```
 */
export const errorEvent = (error: ErrorFields): Write => event({ error: errorBody(error) })

/**
 * Frames each chunk. Nothing is added, so without {@link done} the body ends without it.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const cut = OpenAiScript.chat.events([{ id: "1", choices: [{ index: 0, delta: { content: "Hel" } }] }])
 * ```
 */
export const events: (events: Iterable<Event>, options?: Options) => Script = shared.events

/**
 * A well-formed answer of any blocks, in order. The constructors below are shorthands for it.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.chat.message({
 *   blocks: [
 *     { type: "text", tokens: ["Let me", " look."] },
 *     { type: "tool_call", id: "call_1", name: "weather", args: { city: "Bern" } },
 *     { type: "tool_call", id: "call_2", name: "weather", args: { city: "Basel" } }
 *   ],
 *   usage: { prompt_tokens: 20 }
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
 * const answer = OpenAiScript.chat.tokens(["Hel", "lo"], { delay: "20 millis" })
 * ```
 */
export const tokens: (tokens: ReadonlyArray<string>, options?: MessageOptions) => Script = shared.tokens

/**
 * A well-formed text answer, cut into words.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.chat.text("Hello world", { finishReason: "length" })
 * ```
 */
export const text: (text: string, options?: MessageOptions) => Script = shared.text

/**
 * An answer with reasoning before its text, each cut into words, as servers other than OpenAI's send it.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.chat.reasoning("Six times seven is", "It is 42.", { field: "reasoning" })
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
 * const answer = OpenAiScript.chat.refusal("I cannot help with that.")
 * ```
 */
export const refusal: (text: string, options?: MessageOptions) => Script = shared.refusal

/**
 * A well-formed answer that calls one tool, after `text` if it is given. String `args` are sent unchanged.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const call = OpenAiScript.chat.toolCall({ name: "weather", args: { city: "Bern" } }, { text: "Let me look." })
 * const broken = OpenAiScript.chat.toolCall({ name: "weather", args: "{\"city\": " })
 * ```
 */
export const toolCall: (call: Omit<CallBlock, "type">, options?: MessageOptions & CallOptions) => Script =
  shared.toolCall

/**
 * A well-formed text answer of `times` equal deltas, of any size.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const large = OpenAiScript.chat.repeated(200_000, { token: " and" }) // about 60 MB
 * ```
 */
export const repeated = (
  times: number,
  options?: MessageOptions & TokenOptions
): Script =>
  make([
    event(Wire.deltaChunk(options ?? {}, Wire.roleDelta)),
    shared.deltas(options ?? {}, times),
    ...Wire.ending({ ...options, blocks: [] }, times).map(event),
    done
  ])

/**
 * A well-formed start, and then text deltas without end, as fast as the client reads or one for each `delay`.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const endless = OpenAiScript.chat.endless({ delay: "20 millis" })
 * ```
 */
export const endless: (options?: MessageOptions & TokenOptions) => Script = shared.endless
