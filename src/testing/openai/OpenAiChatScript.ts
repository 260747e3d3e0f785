/**
 * Answers on the wire of OpenAI's Chat Completions API, as {@link Script.Script}s: `OpenAiScript.chat`.
 *
 * ```ts
 * import { OpenAiScript, Script } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.chat.text("Hello world", { delay: "20 millis" })
 * const lost = Script.faultAt(answer, 700, [Script.delay("20 millis"), Script.reset])
 * ```
 */
import { delay, make, repeat, write } from "../server/steps.ts"
import type { Options, Repeat, Script, Write } from "../server/steps.ts"
import { words } from "../server/words.ts"
import { callBlocks, errorBody, stepsOf } from "./answer.ts"
import type { CallBlock, ErrorFields, Event, Timing } from "./answer.ts"
import * as Wire from "./chatEvents.ts"

export type { Event } from "./answer.ts"
export type { Block, Usage } from "./chatEvents.ts"

/** The answer's own fields, and the time between two deltas. */
export interface MessageOptions extends Omit<Wire.Answer, "blocks">, Timing {}

/**
 * Writes the frame of a chunk, or of any other JSON.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const odd = OpenAiScript.chat.event({ object: "something.new" })
 * ```
 */
export const event = (event: Event): Write => write(Wire.frame(event))

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
 * Frames each chunk. Nothing is added: without {@link done} the body ends without it.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const cut = OpenAiScript.chat.events([{ id: "1", choices: [{ index: 0, delta: { content: "Hel" } }] }])
 * ```
 */
export const events = (events: Iterable<Event>, options?: Options): Script => make(Array.from(events, event), options)

/**
 * A well-formed answer of any blocks, in order; the constructors below are short for it.
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
export const message = (options: MessageOptions & Pick<Wire.Answer, "blocks">): Script =>
  make([...stepsOf(Wire.answerChunks(options), Wire.frame, Wire.isDelta, options.delay), done])

/**
 * A well-formed text answer, a delta a token.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.chat.tokens(["Hel", "lo"], { delay: "20 millis" })
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
 * const answer = OpenAiScript.chat.text("Hello world", { finishReason: "length" })
 * ```
 */
export const text = (text: string, options?: MessageOptions): Script => tokens(words(text), options)

/**
 * An answer that thinks before it speaks, each cut into words, as servers that speak like OpenAI send it: in
 * `reasoning_content`, or in the field given.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.chat.reasoning("Six times seven is", "It is 42.", { field: "reasoning" })
 * ```
 */
export const reasoning = (
  thinking: string,
  text: string,
  options?: MessageOptions & { readonly field?: string | undefined }
): Script =>
  message({
    ...options,
    blocks: [
      { type: "reasoning", tokens: words(thinking), field: options?.field },
      ...(text === "" ? [] : [{ type: "text", tokens: words(text) } as const])
    ]
  })

/**
 * An answer that declines, cut into words.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const answer = OpenAiScript.chat.refusal("I cannot help with that.")
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
 * const call = OpenAiScript.chat.toolCall({ name: "weather", args: { city: "Bern" } }, { text: "Let me look." })
 * const broken = OpenAiScript.chat.toolCall({ name: "weather", args: "{\"city\": " })
 * ```
 */
export const toolCall = (
  call: Omit<CallBlock, "type">,
  options?: MessageOptions & { readonly text?: string | undefined }
): Script => message({ ...options, blocks: callBlocks(call, options?.text) })

const deltas = (token: string, options: MessageOptions | undefined, times?: number): Repeat =>
  repeat([
    ...(options?.delay === undefined ? [] : [delay(options.delay)]),
    event(Wire.textChunk(options ?? {}, token))
  ], times)

/**
 * A well-formed text answer of `times` equal deltas (default `" token"`), however large.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const large = OpenAiScript.chat.repeated(200_000, { token: " and" }) // about 60 MB
 * ```
 */
export const repeated = (
  times: number,
  options?: MessageOptions & { readonly token?: string | undefined }
): Script =>
  make([
    event(Wire.deltaChunk(options ?? {}, Wire.roleDelta)),
    deltas(options?.token ?? " token", options, times),
    ...Wire.ending({ ...options, blocks: [] }, times).map(event),
    done
  ])

/**
 * A well-formed start, followed by text deltas that never end, as fast as the client reads or one a `delay`.
 *
 * ```ts
 * import { OpenAiScript } from "rivulet/Testing"
 *
 * const endless = OpenAiScript.chat.endless({ delay: "20 millis" })
 * ```
 */
export const endless = (options?: MessageOptions & { readonly token?: string | undefined }): Script =>
  make([event(Wire.deltaChunk(options ?? {}, Wire.roleDelta)), deltas(options?.token ?? " token", options)])
