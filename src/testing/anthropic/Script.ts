/**
 * The response of a test server to one request, down to the bytes: a status, headers, and a list of steps. Plain data.
 *
 * **When to use**
 *
 * {@link text}, {@link toolCall}, {@link message} and the other constructors build complete answers of Anthropic's
 * Messages API. {@link faultAt} breaks any script off at any byte. {@link make} takes steps, for any wire.
 *
 * **Details**
 *
 * A script can be used any number of times. Spread it to change it.
 *
 * ```ts
 * const answer = Script.text("Hello world", { delay: "20 millis" })
 * const bytewise = { ...answer, cut: 1 }
 * const lost = Script.faultAt(answer, 700, [Script.delay("20 millis"), Script.reset])
 * const refused = Script.status(429, { headers: { "retry-after": "2" } })
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import type * as Duration from "effect/Duration"
import { delay, make, repeat, write } from "../server/steps.ts"
import type { Options, Repeat, Script, Step, Write } from "../server/steps.ts"
import { words } from "../server/words.ts"
import * as Wire from "./events.ts"

export {
  body,
  bytesOf,
  delay,
  end,
  faultAt,
  make,
  repeat,
  reset,
  resetBeforeHeaders,
  silent,
  stall,
  truncate,
  unroll,
  write
} from "../server/steps.ts"
export type { Delay, Last, Options, Repeat, Script, Step, Unrolled, Write } from "../server/steps.ts"
export type { Block, Event, Usage } from "./events.ts"

/** The fields of an answer, and its pace. */
export interface MessageOptions extends Omit<Wire.Answer, "blocks"> {
  /** The time between two deltas. A number is in milliseconds. Default: none. */
  readonly delay?: Duration.Input | undefined
}

/** The contents of an error response. */
export interface StatusOptions {
  /** The error type. Default: the API's own for the status. */
  readonly type?: string | undefined
  /** The error message. Default: a usual one for the status. */
  readonly message?: string | undefined
  /** The id of the request. Default: `req_01RivuletTestServer`. */
  readonly requestId?: string | undefined
  /** Headers added to `content-type` and `request-id`. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Replaces the JSON. A string is sent unchanged. Default: the API's error. */
  readonly body?: unknown
}

const defaultRequestId = "req_01RivuletTestServer"

/**
 * Writes the SSE frame of an event.
 *
 * ```ts
 * Script.event({ type: "ping" })
 * ```
 */
export const event = (event: Wire.Event): Write => write(Wire.frame(event))

/**
 * Writes an `error` event into a 200.
 *
 * ```ts
 * Script.errorEvent("overloaded_error", "Overloaded")
 * ```
 */
export const errorEvent = (type: string, message: string): Write => event(Wire.error(type, message, defaultRequestId))

/**
 * Frames each event under its own `type`. Nothing is added, so a stream without `message_stop` ends without it.
 *
 * ```ts
 * Script.events([{ type: "ping" }, { type: "message_stop" }], { headersAfter: "50 millis" })
 * ```
 */
export const events = (events: Iterable<Wire.Event>, options?: Options): Script =>
  make(Array.from(events, event), options)

const withDelay = (frames: ReadonlyArray<Wire.Event>, duration: Duration.Input | undefined): ReadonlyArray<Step> => {
  if (duration === undefined) return frames.map(event)
  let deltas = 0
  return frames.flatMap((frame) =>
    frame.type === "content_block_delta" && deltas++ > 0 ? [delay(duration), event(frame)] : [event(frame)]
  )
}

/**
 * A well-formed answer of any content blocks, in order. The constructors below are shorthands for it.
 *
 * ```ts
 * Script.message({
 *   blocks: [
 *     { type: "thinking", tokens: ["Hm", "."], signature: "c2ln" },
 *     { type: "text", tokens: ["Let me", " look."] },
 *     { type: "tool_use", id: "toolu_1", name: "weather", args: { city: "Bern" } }
 *   ],
 *   usage: { input_tokens: 20, cache_read_input_tokens: 100 }
 * })
 * ```
 */
export const message = (options: MessageOptions & Pick<Wire.Answer, "blocks">): Script =>
  make(withDelay(Wire.answerEvents(options), options.delay))

/**
 * A well-formed text answer with one delta for each token.
 *
 * ```ts
 * Script.tokens(["Hel", "lo"], { delay: "20 millis" })
 * ```
 */
export const tokens = (tokens: ReadonlyArray<string>, options?: MessageOptions): Script =>
  message({ ...options, blocks: [{ type: "text", tokens }] })

/**
 * A well-formed text answer, cut into words or into `tokens`.
 *
 * ```ts
 * Script.text("Hello world", { stopReason: "max_tokens" })
 * ```
 */
export const text = (
  text: string,
  options?: MessageOptions & {
    /** One delta for each, in place of the words of the text. */
    readonly tokens?: ReadonlyArray<string> | undefined
  }
): Script => tokens(options?.tokens ?? words(text), options)

/**
 * A well-formed answer with reasoning before its text, each cut into words. If `text` is empty, there is reasoning
 * alone.
 *
 * ```ts
 * Script.reasoning("Six times seven is", "It is 42.")
 * ```
 */
export const reasoning = (
  thinking: string,
  text: string,
  options?: MessageOptions & {
    /** The signature of the reasoning. Default: a valid base64 text. */
    readonly signature?: string | undefined
  }
): Script => {
  const thought: Wire.Block = {
    type: "thinking",
    tokens: words(thinking),
    signature: options?.signature ?? "cml2dWxldA=="
  }
  const spoken: Wire.Block = { type: "text", tokens: words(text) }
  return message({ ...options, blocks: text === "" ? [thought] : [thought, spoken] })
}

/**
 * A well-formed answer that calls one tool, after `text` if it is given. String `args` are sent unchanged.
 *
 * ```ts
 * Script.toolCall({ name: "weather", args: { city: "Bern" } }, { text: "Let me look." })
 * Script.toolCall({ name: "weather", args: "{\"city\": " }) // broken JSON
 * ```
 */
export const toolCall = (
  call: Omit<Extract<Wire.Block, { readonly type: "tool_use" }>, "type">,
  options?: MessageOptions & {
    /** The text before the call, as one token. Default: none. */
    readonly text?: string | undefined
  }
): Script =>
  message({
    ...options,
    blocks: [
      ...(options?.text === undefined ? [] : [{ type: "text", tokens: [options.text] } as const]),
      { type: "tool_use", ...call }
    ]
  })

const deltas = (token: string, options: MessageOptions | undefined, times?: number): Repeat =>
  repeat([
    ...(options?.delay === undefined ? [] : [delay(options.delay)]),
    event(Wire.textDelta(0, token))
  ], times)

/**
 * A well-formed text answer of `times` equal deltas, of any size: 400,000 are about 50 MB. The default token is
 * `" token"`.
 *
 * ```ts
 * Script.repeated(400_000, { token: " and" })
 * ```
 */
export const repeated = (
  times: number,
  options?: MessageOptions & {
    /** The text of each delta. Default: `" token"`. */
    readonly token?: string | undefined
  }
): Script => {
  const frames = Wire.answerEvents({ ...options, blocks: [{ type: "text", tokens: [] }] }).map(event)
  const head = frames.slice(0, 3)
  const tail = [
    event(Wire.blockStop(0)),
    event(Wire.messageDelta({ ...options, blocks: [] }, times)),
    ...frames.slice(-1)
  ]
  return make([...head, deltas(options?.token ?? " token", options, times), ...tail])
}

/**
 * A well-formed start, and then text deltas without end, as fast as the client reads or one for each `delay`.
 *
 * ```ts
 * Script.endless({ delay: "20 millis" })
 * ```
 */
export const endless = (
  options?: MessageOptions & {
    /** The text of each delta. Default: `" token"`. */
    readonly token?: string | undefined
  }
): Script =>
  make([
    event(Wire.messageStart(options ?? {})),
    event(Wire.blockStart(0, { type: "text", text: "" })),
    event(Wire.ping),
    deltas(options?.token ?? " token", options)
  ])

/**
 * An error response with the API's JSON body.
 *
 * **Details**
 *
 * Type and message default to those that the API uses for the status. `body` replaces the JSON; a string is sent
 * unchanged. The id of the request is in the body and in the `request-id` header.
 *
 * ```ts
 * Script.status(429, { headers: { "retry-after": "2" } })
 * Script.status(502, { body: "<html>Bad gateway</html>", headers: { "content-type": "text/html" } })
 * ```
 */
export const status = (
  status: number,
  options?: StatusOptions
): Script => {
  const usual = Wire.statusError(status)
  const requestId = options?.requestId ?? defaultRequestId
  const content = options?.body ?? Wire.error(options?.type ?? usual.type, options?.message ?? usual.message, requestId)
  return make([write(typeof content === "string" ? content : JSON.stringify(content))], {
    status,
    headers: { "content-type": "application/json", "request-id": requestId, ...options?.headers }
  })
}
