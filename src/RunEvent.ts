/**
 * What happens while a chain runs, event by event, with LangChain's names (`streamEvents`, version 2).
 *
 * Each start is followed by exactly one end, error or interruption; children lie inside their parents; a model's chunk
 * is reported before what a later step makes of it. The set of events and their data are LangChain's. Their order is
 * not, because there the effect comes before the cause.
 *
 * Events cross a network as server-sent events ({@link encodeSse}, {@link decodeSse}), whose frames say how the run
 * ended, or as lines of JSON ({@link encodeJsonLines}, {@link decodeJsonLines}), which do not. Both read and write one
 * array for each network read.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AIMessageChunk } from "./AIMessageChunk.ts"
import { encodeError } from "./internal/events/encodeError.ts"
import { eventJson, valueJson } from "./internal/events/json.ts"
import { LineSplitter } from "./internal/http/lineSplitter.ts"
import { maxFrameBytes, SseParser } from "./internal/http/sse.ts"
import { Utf8Encoder } from "./internal/http/utf8.ts"
import { withHeartbeat } from "./internal/stream/heartbeat.ts"
import { AIMessage, Metadata } from "./Message.ts"

const otherTypes = ["chain", "prompt", "parser", "tool", "retriever"] as const
const types = ["chat_model", ...otherTypes] as const

/**
 * What kind of step an event is about.
 *
 * **Example** (Only models and parsers)
 *
 * ```ts
 * import { ChatModel, RunEvent } from "rivulet"
 *
 * const shown: ReadonlyArray<RunEvent.RunType> = ["chat_model", "parser"]
 * const events = ChatModel.streamEvents("Hi", { includeTypes: shown })
 * ```
 */
export const RunType = Schema.Literals(types)

/** What kind of step an event is about. */
export type RunType = typeof RunType.Type

type Other = Exclude<RunType, "chat_model">

// -----------------------------------------------------------------------------
// events
// -----------------------------------------------------------------------------

interface Base {
  /** The step's name; of a custom event the event's own. */
  readonly name: string
  /** The same for all events of one run of one step. */
  readonly run_id: string
  /** The runs it lies in, the root first. */
  readonly parent_ids: ReadonlyArray<string>
  readonly tags: ReadonlyArray<string>
  readonly metadata: Metadata
}

/** A step has begun. One that shows chunks has no input yet, unless it is the root or a model; its end has it. */
export interface Start extends Base {
  readonly event: `on_${RunType}_start`
  readonly data: { readonly input?: unknown }
}

/** A model has said something. */
export interface ChatModelStream extends Base {
  readonly event: "on_chat_model_stream"
  readonly data: { readonly chunk: AIMessageChunk }
}

/** A step has put out a chunk. */
export interface StepStream extends Base {
  readonly event: `on_${Other}_stream`
  readonly data: { readonly chunk: unknown }
}

/** A model's answer is whole. */
export interface ChatModelEnd extends Base {
  readonly event: "on_chat_model_end"
  readonly data: { readonly output: AIMessage; readonly input?: unknown }
}

/** A step is done. `input` is absent on the root, whose start has it. */
export interface StepEnd extends Base {
  readonly event: `on_${Other}_end`
  readonly data: { readonly output: unknown; readonly input?: unknown }
}

/** A step has failed. `error` is the typed error as JSON, without a stack; `input` is there if it was known. */
export interface Failed extends Base {
  readonly event: `on_${RunType}_error`
  readonly data: { readonly error: unknown; readonly input?: unknown }
}

/** A step was left before it was done. `partial` is what it had put out. */
export interface Interrupted extends Base {
  readonly event: `on_${RunType}_interrupted`
  readonly data: { readonly partial?: unknown }
}

/** What a step reports itself, by `Runnable.emit`. `run_id` is that of the step. */
export interface Custom extends Base {
  readonly event: "on_custom_event"
  readonly data: unknown
}

const base = {
  name: Schema.String,
  run_id: Schema.String,
  parent_ids: Schema.Array(Schema.String),
  tags: Schema.Array(Schema.String),
  metadata: Metadata
}

const input = Schema.optionalKey(Schema.Json)

const named = <Type extends RunType, Kind extends string>(types: ReadonlyArray<Type>, kind: Kind) =>
  Schema.Literals(types.map((type) => `on_${type}_${kind}` as const))

const schema = Schema.Union([
  Schema.Struct({ event: named(types, "start"), ...base, data: Schema.Struct({ input }) }),
  Schema.Struct({
    event: Schema.Literal("on_chat_model_stream"),
    ...base,
    data: Schema.Struct({ chunk: AIMessageChunk })
  }),
  Schema.Struct({ event: named(otherTypes, "stream"), ...base, data: Schema.Struct({ chunk: Schema.Json }) }),
  Schema.Struct({
    event: Schema.Literal("on_chat_model_end"),
    ...base,
    data: Schema.Struct({ output: AIMessage, input })
  }),
  Schema.Struct({ event: named(otherTypes, "end"), ...base, data: Schema.Struct({ output: Schema.Json, input }) }),
  Schema.Struct({ event: named(types, "error"), ...base, data: Schema.Struct({ error: Schema.Json, input }) }),
  Schema.Struct({
    event: named(types, "interrupted"),
    ...base,
    data: Schema.Struct({ partial: Schema.optionalKey(Schema.Json) })
  }),
  Schema.Struct({ event: Schema.Literal("on_custom_event"), ...base, data: Schema.Json })
])

/**
 * The schema of {@link RunEvent}. A model's chunks and messages are decoded as what they are; what any other step takes
 * and gives is JSON. To write events use {@link encodeSse} or {@link encodeJsonLines}: they take data that is not JSON
 * as well.
 *
 * **Example** (Reading an event)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { RunEvent } from "rivulet"
 *
 * const read = Schema.decodeUnknownSync(Schema.fromJsonString(RunEvent.RunEvent))
 * ```
 */
export const RunEvent: Schema.Codec<RunEvent, typeof schema.Encoded> = schema

/** What happens while a chain runs, told apart by `event`. */
export type RunEvent = Start | ChatModelStream | StepStream | ChatModelEnd | StepEnd | Failed | Interrupted | Custom

/** An event in the form of version 1: no parents, and no custom events. */
export type RunEventV1 = Exclude<RunEvent, Custom> extends infer E ? E extends RunEvent ? Omit<E, "parent_ids"> : never
  : never

// -----------------------------------------------------------------------------
// errors
// -----------------------------------------------------------------------------

/**
 * Events that were sent could not be read to their end.
 *
 * - `failed`: the run failed where it ran; `error` is its typed error as JSON
 * - `truncated`: they broke off, so how the run ended is not known
 * - `malformed`: what came are no events, or one larger than 16 MiB; `excerpt` is the start of it
 *
 * **Example** (The model's failure, as it was where the chain ran)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { ChatModelError, type RunEvent } from "rivulet"
 *
 * const decode = Schema.decodeUnknownOption(Schema.toCodecJson(ChatModelError.ChatModelError))
 * const modelError = ({ error }: RunEvent.RunEventError) => decode(error)
 * ```
 */
export class RunEventError extends Schema.TaggedError<RunEventError>("rivulet/RunEventError")("RunEventError", {
  reason: Schema.Literals(["failed", "truncated", "malformed"]),
  message: Schema.String,
  error: Schema.optional(Schema.Json),
  excerpt: Schema.optional(Schema.String)
}) {}

// -----------------------------------------------------------------------------
// server-sent events
// -----------------------------------------------------------------------------

/** How events are sent. */
export interface SseOptions {
  /**
   * How often a comment is sent, so that nobody between takes the connection for dead. 15 seconds by default; `false`
   * sends none.
   */
  readonly heartbeat?: Duration.Input | false | undefined
}

/**
 * Events as the bytes of a `text/event-stream`: for each event a frame `event: data` with its number as `id` and its
 * JSON as `data`; at the end `event: end`. If the run fails, `event: error` with the typed error as JSON (no stack) is
 * the last frame instead, and the stream ends. A defect is told by nothing but the words "Internal error", and goes on
 * as a defect. Interruption sends nothing: a reader takes what it has for truncated.
 *
 * **Example** (A response)
 *
 * ```ts
 * import { Stream } from "effect"
 * import { ChatModel, OutputParser, RunEvent, Runnable } from "rivulet"
 *
 * const chain = Runnable.sequence(ChatModel.runnable, OutputParser.string)
 * const body = Runnable.streamEvents(chain, "Hi").pipe(
 *   RunEvent.encodeSse({ heartbeat: "10 seconds" }),
 *   Stream.toReadableStreamEffect()
 * )
 * ```
 */
export const encodeSse: {
  (
    options?: SseOptions
  ): <E, R>(events: Stream.Stream<RunEvent | RunEventV1, E, R>) => Stream.Stream<Uint8Array, never, R>
  <E, R>(
    events: Stream.Stream<RunEvent | RunEventV1, E, R>,
    options?: SseOptions
  ): Stream.Stream<Uint8Array, never, R>
} = dual(
  (args) => Stream.isStream(args[0]),
  <E, R>(
    events: Stream.Stream<RunEvent | RunEventV1, E, R>,
    options?: SseOptions
  ): Stream.Stream<Uint8Array, never, R> => {
    const frames = Stream.suspend(() => {
      let id = 0
      return Stream.mapArray(events, (batch) => [
        encoder.encode(batch.map((event) => `event: data\nid: ${++id}\ndata: ${eventJson(event)}\n\n`).join(""))
      ])
    }).pipe(
      Stream.concat(Stream.succeed(endFrame)),
      Stream.catchCause((cause) => {
        // Only defects and interruptions are left in a cause without a typed error.
        const untyped = Stream.failCause(cause as Cause.Cause<never>)
        return Cause.hasFails(cause)
          ? Stream.succeed(errorFrame(encodeError(cause)))
          : Cause.hasDies(cause)
          ? Stream.concat(Stream.succeed(errorFrame({ message: "Internal error" })), untyped)
          : untyped
      })
    )
    const heartbeat = options?.heartbeat ?? "15 seconds"
    return heartbeat === false ? frames : withHeartbeat(frames, heartbeatFrame, heartbeat)
  }
)

/**
 * The events in the bytes or the text of a `text/event-stream` as {@link encodeSse} writes it, cut anywhere. A frame
 * `event: error` fails the stream with a {@link RunEventError} that holds the encoded error, and so does an end without
 * `event: end`. After either nothing more is read. What later versions may add is skipped: frames of other names, and
 * events whose `event` this version does not know. Events of version 1 have no parents, and are malformed here.
 *
 * **Example** (Reading a response)
 *
 * ```ts
 * import { Stream } from "effect"
 * import { RunEvent } from "rivulet"
 *
 * const eventsOf = (body: ReadableStream<Uint8Array>) =>
 *   Stream.fromReadableStream({ evaluate: () => body, onError: String }).pipe(RunEvent.decodeSse)
 * ```
 */
export const decodeSse = <E, R>(
  input: Stream.Stream<Uint8Array | string, E, R>
): Stream.Stream<RunEvent, E | RunEventError, R> => decode(input, () => new SseDecoder())

// -----------------------------------------------------------------------------
// lines of JSON
// -----------------------------------------------------------------------------

/**
 * Events as the UTF-8 bytes of lines of JSON. Lines cannot tell that a run has failed: its failure stays the stream's.
 *
 * **Example** (To a file)
 *
 * ```ts
 * import { Stream } from "effect"
 * import { ChatModel, RunEvent } from "rivulet"
 *
 * const lines = ChatModel.streamEvents("Hi").pipe(RunEvent.encodeJsonLines, Stream.decodeText)
 * ```
 */
export const encodeJsonLines = <E, R>(
  events: Stream.Stream<RunEvent | RunEventV1, E, R>
): Stream.Stream<Uint8Array, E, R> =>
  Stream.mapArray(events, (batch) => [encoder.encode(batch.map((event) => `${eventJson(event)}\n`).join(""))])

/**
 * The events in the bytes or the text of lines of JSON, cut anywhere. Empty lines and events this version does not know
 * are skipped; the last line need not be ended, but has to be whole.
 *
 * **Example** (From text)
 *
 * ```ts
 * import { Stream } from "effect"
 * import { RunEvent } from "rivulet"
 *
 * const eventsOf = (text: string) => Stream.runCollect(RunEvent.decodeJsonLines(Stream.succeed(text)))
 * ```
 */
export const decodeJsonLines = <E, R>(
  input: Stream.Stream<Uint8Array | string, E, R>
): Stream.Stream<RunEvent, E | RunEventError, R> => decode(input, () => new LinesDecoder())

// -----------------------------------------------------------------------------
// filters
// -----------------------------------------------------------------------------

/** Which events are wanted. An event passes if it fits one of the includes (if there are any) and none of the excludes. */
export interface Filter {
  readonly includeNames?: ReadonlyArray<string> | undefined
  readonly includeTypes?: ReadonlyArray<RunType> | undefined
  readonly includeTags?: ReadonlyArray<string> | undefined
  readonly excludeNames?: ReadonlyArray<string> | undefined
  readonly excludeTypes?: ReadonlyArray<RunType> | undefined
  readonly excludeTags?: ReadonlyArray<string> | undefined
}

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const encoder = new TextEncoder()
const endFrame = encoder.encode("event: end\ndata: \n\n")
const heartbeatFrame = encoder.encode(": heartbeat\n\n")
const errorFrame = (error: unknown) => encoder.encode(`event: error\ndata: ${valueJson(error)}\n\n`)

type End = Effect.Effect<never, RunEventError | Cause.Done>

interface Decoder {
  /** What has been read and not been given on. */
  events: Array<RunEvent>
  /** How the stream ends after these, once that is known. */
  end: End | undefined
  readonly push: (slice: Uint8Array | string) => void
  /** There is no more to read. */
  readonly close: () => void
}

const decode = <E, R>(
  input: Stream.Stream<Uint8Array | string, E, R>,
  make: () => Decoder
): Stream.Stream<RunEvent, E | RunEventError, R> =>
  Stream.transformPull(input, (pull) =>
    Effect.sync(() => {
      const decoder = make()
      const next: Pull.Pull<readonly [RunEvent, ...Array<RunEvent>], E | RunEventError, void, R> = Effect.suspend(
        () => {
          const [first, ...rest] = decoder.events
          decoder.events = []
          if (first !== undefined) return Effect.succeed([first, ...rest] as const)
          return decoder.end ?? Pull.matchEffect(pull, {
            onSuccess: (slices) => {
              for (const slice of slices) if (decoder.end === undefined) decoder.push(slice)
              return next
            },
            onDone: () => {
              decoder.close()
              return next
            },
            onFailure: Effect.failCause
          })
        }
      )
      return next
    }))

class SseDecoder implements Decoder {
  events: Array<RunEvent> = []
  end: End | undefined
  readonly #utf8 = new Utf8Encoder()
  readonly #parser = new SseParser({
    frame: (name, data) => this.#frame(name, data),
    comment: () => {},
    fast: () => -1
  })

  push(slice: Uint8Array | string): void {
    const bytes = typeof slice === "string" ? this.#utf8.push(slice) : slice
    if (bytes.length > 0 && !this.#parser.push(bytes)) this.end ??= tooLarge
  }

  close(): void {
    this.end = truncated
  }

  #frame(name: string, data: string): void {
    if (this.end !== undefined) return
    if (name === "data") this.end = readEvent(data, this.events)
    else if (name === "error") this.end = failed(data)
    else if (name === "end") this.end = Cause.done()
  }
}

class LinesDecoder implements Decoder {
  events: Array<RunEvent> = []
  end: End | undefined
  readonly #text = new TextDecoder()
  readonly #lines = new LineSplitter()

  push(slice: Uint8Array | string): void {
    this.#read(this.#lines.push(typeof slice === "string" ? slice : this.#text.decode(slice, { stream: true })))
    if (this.#lines.waiting > maxFrameBytes) this.end ??= tooLarge
  }

  close(): void {
    this.#read(this.#lines.push(this.#text.decode()))
    if (this.end !== undefined) return
    const [last = ""] = this.#lines.end()
    // No beginning of an object is an object, so a last line that can be read is whole.
    const whole = last.trim() === "" || readEvent(last, this.events) === undefined
    this.end = whole ? Cause.done() : truncated
  }

  #read(lines: ReadonlyArray<string>): void {
    for (const line of lines) {
      if (this.end === undefined && line.trim() !== "") this.end = readEvent(line, this.events)
    }
  }
}

const knownNames: ReadonlySet<unknown> = new Set([
  "on_custom_event",
  ...types.flatMap((type) => ["start", "stream", "end", "error", "interrupted"].map((kind) => `on_${type}_${kind}`))
])

// What JSON.parse gives is JSON; its type says `any`.
const parseJson = (text: string) => Result.try({ try: () => JSON.parse(text) as Schema.Json, catch: () => undefined })
const parseEvent = Schema.decodeUnknownResult(RunEvent)

/** Puts the event of a text with the others; gives how that fails if it does. */
const readEvent = (text: string, events: Array<RunEvent>): End | undefined => {
  const json = parseJson(text)
  if (Result.isFailure(json)) return malformed("An event is not JSON", text)
  const value = json.success
  if (hasName(value) && !knownNames.has(value.event)) return undefined
  const event = parseEvent(value)
  if (Result.isFailure(event)) return malformed("What came is no event", text)
  events.push(event.success)
  return undefined
}

const hasName = (value: Schema.Json): value is { readonly event: string } =>
  typeof value === "object" && value !== null && "event" in value && typeof value.event === "string"

const failed = (data: string): End => {
  const json = parseJson(data)
  if (Result.isFailure(json)) return malformed("The error that was sent is not JSON", data)
  const error = json.success
  const told = messageIn(error)
  return Effect.fail(
    new RunEventError({
      reason: "failed",
      message: told === undefined ? "The run failed" : `The run failed: ${told}`,
      error
    })
  )
}

/** What an error says, or else what its reason says, as that of a chat model does. */
const messageIn = (error: Schema.Json): string | undefined => {
  if (typeof error === "string") return error
  if (typeof error !== "object" || error === null) return undefined
  if ("message" in error && typeof error.message === "string") return error.message
  return "reason" in error ? messageIn(error.reason) : undefined
}

const malformed = (message: string, text: string): End =>
  Effect.fail(new RunEventError({ reason: "malformed", message, excerpt: text.slice(0, 200) }))

const tooLarge: End = Effect.suspend(() =>
  Effect.fail(new RunEventError({ reason: "malformed", message: `An event is larger than ${maxFrameBytes} bytes` }))
)

const truncated: End = Effect.suspend(() =>
  Effect.fail(new RunEventError({ reason: "truncated", message: "The events broke off before their end" }))
)
