/**
 * The events of a run, with LangChain's names (`streamEvents`, version 2), and their encoding for a network.
 *
 * **When to use**
 *
 * Get events from `Runnable.streamEvents` or `ChatModel.streamEvents`. Send them as server-sent events
 * ({@link encodeSse}, {@link decodeSse}), which carry how the run ended, or as lines of JSON ({@link encodeJsonLines},
 * {@link decodeJsonLines}), which do not.
 *
 * **Details**
 *
 * Every start is followed by exactly one end, error or interruption. The events of a child lie between the start and
 * the end of its parent. A model's chunk is reported before the chunk that a later step makes of it.
 *
 * The events and their data are those of LangChain. The order is not: LangChain reports the effect before the cause.
 *
 * @module
 * @since 0.1.0
 * @stability stable
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
import { checkedDuration } from "./internal/defects.ts"
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
 * The schema of the kinds of steps that have events.
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

/** The kind of a step. */
export type RunType = typeof RunType.Type

type Other = Exclude<RunType, "chat_model">

// -----------------------------------------------------------------------------
// events
// -----------------------------------------------------------------------------

interface Base {
  /** The name of the step, or of a custom event. */
  readonly name: string
  /** The id of the run of the step, the same in all of its events. */
  readonly run_id: string
  /** The ids of the enclosing runs, the root first. */
  readonly parent_ids: ReadonlyArray<string>
  /** The tags of the step and of the steps around it. */
  readonly tags: ReadonlyArray<string>
  /** The metadata of the step and of the steps around it. */
  readonly metadata: Metadata
}

/** The start of a step. The input is absent if the step reads chunks and is not the root; its end event has it. */
export interface Start extends Base {
  /** The name of the event. */
  readonly event: `on_${RunType}_start`
  /** The input. */
  readonly data: { readonly input?: unknown }
}

/** A chunk of a model. */
export interface ChatModelStream extends Base {
  /** The name of the event. */
  readonly event: "on_chat_model_stream"
  /** The chunk. */
  readonly data: { readonly chunk: AIMessageChunk }
}

/** A chunk of a step other than a model. */
export interface StepStream extends Base {
  /** The name of the event. */
  readonly event: `on_${Other}_stream`
  /** The chunk. */
  readonly data: { readonly chunk: unknown }
}

/** The end of a model's answer. */
export interface ChatModelEnd extends Base {
  /** The name of the event. */
  readonly event: "on_chat_model_end"
  /** The message, and the input unless the model is the root. */
  readonly data: { readonly output: AIMessage; readonly input?: unknown }
}

/** The end of a step other than a model. */
export interface StepEnd extends Base {
  /** The name of the event. */
  readonly event: `on_${Other}_end`
  /** The output, and the input unless the step is the root. */
  readonly data: { readonly output: unknown; readonly input?: unknown }
}

/** The failure of a step. */
export interface Failed extends Base {
  /** The name of the event. */
  readonly event: `on_${RunType}_error`
  /** The typed error as JSON, without a stack, and the input if it is known. */
  readonly data: { readonly error: unknown; readonly input?: unknown }
}

/** The interruption of a step. */
export interface Interrupted extends Base {
  /** The name of the event. */
  readonly event: `on_${RunType}_interrupted`
  /** The fold of the chunks that the step had emitted. */
  readonly data: { readonly partial?: unknown }
}

/** A custom event, which a step reports with `Runnable.emit`. `run_id` is that of the step. */
export interface Custom extends Base {
  /** The name of the event. */
  readonly event: "on_custom_event"
  /** The data that the step reports. */
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
 * The schema of events. The chunks and messages of models are decoded; the inputs and outputs of other steps are JSON.
 *
 * **Gotchas**
 *
 * The schema only encodes data that is JSON. {@link encodeSse} and {@link encodeJsonLines} accept any data.
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

/** An event of a run: a union discriminated by `event`. */
export type RunEvent = Start | ChatModelStream | StepStream | ChatModelEnd | StepEnd | Failed | Interrupted | Custom

/** An event of version 1, without `parent_ids` and without custom events. */
export type RunEventV1 = Exclude<RunEvent, Custom> extends infer E ? E extends RunEvent ? Omit<E, "parent_ids"> : never
  : never

// -----------------------------------------------------------------------------
// errors
// -----------------------------------------------------------------------------

/**
 * The error of events that could not be decoded to their end.
 *
 * **Details**
 *
 * - `failed`: the run itself failed.
 * - `truncated`: the events ended before the run did, so its result is not known.
 * - `malformed`: the text is not an event, or the event exceeds 64 MiB.
 *
 * **Example** (Restoring the failure of a model)
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
  /** The kind of failure. */
  reason: Schema.Literals(["failed", "truncated", "malformed"]),
  /** A sentence that says what went wrong. */
  message: Schema.String,
  /** The typed error of the run as JSON. Present if the reason is `failed`. */
  error: Schema.optional(Schema.Json),
  /** The start of the malformed text, at most 200 characters. Absent if the event was too large. */
  excerpt: Schema.optional(Schema.String)
}) {}

// -----------------------------------------------------------------------------
// server-sent events
// -----------------------------------------------------------------------------

/** Options of {@link encodeSse}. */
export interface SseOptions {
  /**
   * The interval of comments that keep proxies from closing an idle connection. Defaults to 15 seconds; `false` sends
   * none.
   */
  readonly heartbeat?: Duration.Input | false | undefined
}

/**
 * Encodes events as the bytes of a `text/event-stream`.
 *
 * **Details**
 *
 * Each event is a frame `event: data` with its number as `id` and its JSON as `data`. The last frame depends on the end
 * of the run:
 *
 * - Success: `event: end`.
 * - Failure: `event: error` with the typed error as JSON, without a stack. The stream then ends successfully.
 * - Defect: `event: error` with the message "Internal error" only. The stream then dies with the defect.
 * - Interruption: none, so a reader reports the events as truncated.
 *
 * **Example** (A response body)
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
        // A cause without a typed error only has defects and interruptions.
        const untyped = Stream.failCause(cause as Cause.Cause<never>)
        return Cause.hasFails(cause)
          ? Stream.succeed(errorFrame(encodeError(cause)))
          : Cause.hasDies(cause)
          ? Stream.concat(Stream.succeed(errorFrame({ message: "Internal error" })), untyped)
          : untyped
      })
    )
    const heartbeat = options?.heartbeat ?? "15 seconds"
    return heartbeat === false
      ? frames
      : withHeartbeat(frames, heartbeatFrame, checkedDuration("encodeSse: heartbeat", heartbeat))
  }
)

/**
 * Decodes the events in the bytes or the text that {@link encodeSse} wrote, however they are split.
 *
 * **Details**
 *
 * A frame `event: error` fails the stream with a {@link RunEventError} that holds the error. A text that ends without
 * `event: end` fails it too. Nothing is read after the end or a failure. Frames and events with unknown names are
 * skipped, because later versions may add them.
 *
 * **Gotchas**
 *
 * Events of version 1 are malformed here, because they have no `parent_ids`.
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
 * Encodes events as lines of JSON in UTF-8. Lines cannot express a failure, so the failure of the run remains that of
 * the stream.
 *
 * **Example** (Lines as text)
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
 * Decodes the events in the bytes or the text of lines of JSON, however they are split.
 *
 * **Details**
 *
 * Empty lines and events with unknown names are skipped. The last line needs no line end but must be complete.
 *
 * **Example** (Reading a text)
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

/** A filter of events. An event passes if it matches any include, or there are none, and matches no exclude. */
export interface Filter {
  /** Includes the events of steps with these names. Defaults to none. */
  readonly includeNames?: ReadonlyArray<string> | undefined
  /** Includes the events of steps of these kinds. Defaults to none. */
  readonly includeTypes?: ReadonlyArray<RunType> | undefined
  /** Includes the events of steps with any of these tags. Defaults to none. */
  readonly includeTags?: ReadonlyArray<string> | undefined
  /** Excludes the events of steps with these names. Defaults to none. */
  readonly excludeNames?: ReadonlyArray<string> | undefined
  /** Excludes the events of steps of these kinds. Defaults to none. */
  readonly excludeTypes?: ReadonlyArray<RunType> | undefined
  /** Excludes the events of steps with any of these tags. Defaults to none. */
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
  /** The events that were read and not yet emitted. */
  events: Array<RunEvent>
  /** The end of the stream after these events, once it is known. */
  end: End | undefined
  /** Reads a slice. */
  readonly push: (slice: Uint8Array | string) => void
  /** Ends the input. */
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
    stray: () => {},
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
    // The start of an object is not JSON, so a last line that can be parsed is complete.
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

// JSON.parse returns JSON; its type is `any`.
const parseJson = (text: string) => Result.try({ try: () => JSON.parse(text) as Schema.Json, catch: () => undefined })
const parseEvent = Schema.decodeUnknownResult(RunEvent)

/** Parses the event of a text and adds it to `events`. Returns the failure, if there is one. */
const readEvent = (text: string, events: Array<RunEvent>): End | undefined => {
  const json = parseJson(text)
  if (Result.isFailure(json)) return malformed("The event is not JSON", text)
  const value = json.success
  if (hasName(value) && !knownNames.has(value.event)) return undefined
  const event = parseEvent(value)
  if (Result.isFailure(event)) return malformed("The JSON is not an event", text)
  events.push(event.success)
  return undefined
}

const hasName = (value: Schema.Json): value is { readonly event: string } =>
  typeof value === "object" && value !== null && "event" in value && typeof value.event === "string"

const failed = (data: string): End => {
  const json = parseJson(data)
  if (Result.isFailure(json)) return malformed("The error of the run is not JSON", data)
  const error = json.success
  const message = messageIn(error)
  return Effect.fail(
    new RunEventError({
      reason: "failed",
      message: message === undefined ? "The run failed" : `The run failed: ${message}`,
      error
    })
  )
}

/** The message of an error, or else that of its reason, which a chat model's error has. */
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
  Effect.fail(new RunEventError({ reason: "truncated", message: "The events ended before the run did" }))
)
