/**
 * The part of a decoder that all event streams share: bytes to events, the chunks of one read, and failures inside a
 * stream. Each wire in `src/providers/wires` extends {@link EventDecoder}. `push` runs once a network read, and `fast`
 * and `frame` once an event, so they use no Schema. Must know no wire.
 */
import * as Effect from "effect/Effect"
import type { AIMessageChunk, Delta } from "../../AIMessageChunk.ts"
import { ChatModelError, MalformedResponseError, TruncatedError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { Metadata } from "../../Message.ts"
import { excerpt } from "../excerpt.ts"
import type { Decoder } from "../http/httpStream.ts"
import { maxFrameBytes, maxPageBytes, SseParser } from "../http/sse.ts"
import type { FrameHandler } from "../http/sse.ts"
import { parseJson } from "../json/limits.ts"
import { bodyIn, errorIn, errorInLine } from "./errorBody.ts"
import { factsOf, metadataOf, reasonOf } from "./errors.ts"
import { isObject, mayBeContent, meaningful, stringAt } from "./json.ts"
import type { JsonObject } from "./json.ts"
import type { Scrub } from "./settings.ts"

/** The call that a decoder serves. */
export interface DecoderOptions {
  readonly provider: string
  readonly model: string
  /** Added to the metadata of the message and of an error. */
  readonly metadata: Metadata
  readonly scrub: Scrub
  /** The current time, in milliseconds since 1970. */
  readonly now: () => number
  /** The error of a response whose body is no event stream. */
  readonly unexpected: (body: string) => ChatModelError
}

/** A decoder of server-sent events. */
export abstract class EventDecoder implements Decoder, FrameHandler {
  failure: ChatModelError | undefined
  complete = false

  protected readonly options: DecoderOptions
  /** The chunks of the read that is being decoded. */
  protected chunks: Array<AIMessageChunk> = []
  /** The message's id. */
  protected id = ""
  /** The number of the next block. */
  protected nextIndex = 0
  #parser = new SseParser(this)
  /** The lines that are no fields of an event stream, up to a bound. */
  #stray = ""
  /** Whether the body begins as a page does, so that lines in it which look like frames are none. */
  protected page = false
  /** Whether the body has ended, so that a frame may be cut off. */
  #ending = false

  constructor(options: DecoderOptions) {
    this.options = options
  }

  /** Decodes an event. `data` is its JSON text. */
  protected abstract event(event: JsonObject, name: string, data: string): void

  /** The last chunk of a complete message. */
  protected abstract last(): AIMessageChunk

  /** Chunks that were held back for the end of the message, for a stream that fails before it. */
  protected abstract trailing(): ReadonlyArray<AIMessageChunk>

  /** The missing event of a stream that ended too early, for the error: `no message_stop`. */
  protected abstract readonly missing: string

  /** Whether any part of the message has arrived. */
  protected abstract readonly started: boolean

  abstract fast(text: string, start: number): number

  push(bytes: Uint8Array): ReadonlyArray<AIMessageChunk> {
    const fits = this.#parser.push(bytes)
    if (!fits && !this.#parser.isPage) this.malformed(`A frame is larger than ${maxFrameBytes / 1024 / 1024} MiB`)
    else if (!this.#isStream && (!fits || this.#stray.length > maxPageBytes)) this.#endFrames()
    return this.#take()
  }

  get #isStream(): boolean {
    return this.#parser.opened && !this.page
  }

  /** Reads the rest in the parser, and looks for an error in a body that is no event stream. */
  #endFrames(): void {
    this.#ending = true
    this.#parser.end()
    const text = this.#stray.trim()
    if (this.failure !== undefined || this.complete || text === "") return
    // A stream that is cut off in the name of its first field is no page.
    if (!this.#isStream && !"data".startsWith(text) && !"event".startsWith(text)) {
      this.failure = this.options.unexpected(text)
    }
    const body = this.#isStream ? bodyIn(text) : undefined
    if (body !== undefined && errorIn(body)) this.errorEvent(body)
  }

  readOn(): void {
    this.failure = undefined
    this.chunks = []
    this.page = false
    this.#parser = new SseParser(this)
    this.#stray = ""
    this.#ending = false
  }

  #take(): ReadonlyArray<AIMessageChunk> {
    const chunks = this.chunks
    this.chunks = []
    return chunks
  }

  end(broken?: ChatModelError): Effect.Effect<ReadonlyArray<AIMessageChunk>, ChatModelError> {
    // The rest of a body that broke may say anything, unless it is an event.
    if (this.failure === undefined && (broken === undefined || this.#isStream)) this.#endFrames()
    if (this.failure === undefined && !this.complete) {
      if (broken === undefined) this.ended()
      else this.#failWith(broken)
    }
    const chunks = this.#take()
    if (this.failure === undefined) return Effect.succeed([...chunks, this.last()])
    return chunks.length > 0 ? Effect.succeed(chunks) : Effect.fail(this.failure)
  }

  /** Handles the end of a body whose message is not complete. */
  protected ended(): void {
    this.fail(
      new TruncatedError({
        message: this.started
          ? `The connection ended before the message did (${this.missing})`
          : "The connection ended without a message"
      })
    )
  }

  comment(): void {}

  stray(line: string): void {
    if (this.failure !== undefined || this.complete) return
    if (!this.#parser.opened && this.#stray.trim() === "" && /^\s*</.test(line)) this.page = true
    const error = this.page ? undefined : errorInLine(line)
    if (error !== undefined) return this.errorEvent(error)
    if (this.#stray.length <= maxPageBytes) this.#stray += `${line}\n`
  }

  frame(name: string, data: string): void {
    // An event with empty data is none: proxies send such events to keep a connection alive.
    if (this.failure !== undefined || this.page || keepAlives.has(name) || data.trim() === "") return
    let event: unknown
    try {
      event = parseJson(data)
    } catch {
      return this.#noJson(name, data)
    }
    if (!isObject(event)) return this.#noObject(event, data)
    const type = stringAt(event, "type") ?? ""
    // Other APIs have them too: `response.keepalive`.
    if (keepAlives.has(type.slice(type.lastIndexOf(".") + 1))) return
    try {
      this.event(event, name, data)
    } catch (error) {
      // JSON.parse accepts any depth, but recursion over the value overflows the stack.
      if (!(error instanceof RangeError)) throw error
      this.malformed("A frame is nested too deeply", data)
    }
  }

  /** A frame that is JSON, but no object: an error in a list, nothing at all, or a broken frame. */
  #noObject(event: unknown, data: string): void {
    // Nothing but a second message is an error after the end of the first.
    if (this.complete) return
    const first: unknown = Array.isArray(event) ? event[0] : event
    if (isObject(first) && errorIn(first)) return this.errorEvent(first)
    const empty = first === undefined || first === null || (typeof first === "string" && saysNothing(first))
    // A cut number may still be one.
    if (!empty && !this.#ending) this.malformed("A frame is not a JSON object", data)
  }

  /** A frame that is not JSON: an error in plain text, a sign of life, what follows the end, or a broken frame. */
  #noJson(name: string, data: string): void {
    if (this.complete || (this.#ending && /^\s*[[{"]/.test(data))) return
    const error = name === "error" ? { error: data } : errorInLine(data)
    if (error !== undefined) return this.errorEvent(error)
    if (!this.#ending && !saysNothing(data)) this.malformed("A frame is not JSON", data)
  }

  /**
   * Whether an event without a name here is a part. One that has a type is, unless it only tells usage. Facts without a
   * type, such as a cost, are metadata, which forbids no retry.
   */
  protected isPart(event: JsonObject): boolean {
    const fields = meaningful(event, eventFields)
    if (typeof event["type"] === "string") return fields !== undefined || event["usage"] === undefined
    if (fields === undefined || mayBeContent(fields)) return fields !== undefined
    this.chunks.push({ ...this.empty(), metadata: serverFields(fields) })
    return false
  }

  protected emit(parts: ReadonlyArray<Delta>): void {
    this.chunks.push(this.chunkOf(parts))
  }

  protected chunkOf(parts: ReadonlyArray<Delta>): AIMessageChunk {
    let content = ""
    for (const part of parts) if (part.type === "text") content += part.text
    return { _tag: "AIMessageChunk", id: this.id, content, parts }
  }

  /** A chunk without content, for usage, metadata or the finish. */
  protected empty(): AIMessageChunk {
    return { _tag: "AIMessageChunk", id: this.id, content: "", parts: [] }
  }

  /** Fails with an error that the provider sent inside a 200 response. */
  protected errorEvent(event: JsonObject): void {
    const facts = factsOf(event, { now: this.options.now() }, this.options.scrub)
    this.fail(reasonOf(facts), metadataOf(facts))
  }

  protected malformed(message: string, data?: string): void {
    this.fail(
      new MalformedResponseError({
        message,
        ...(data === undefined ? undefined : { excerpt: excerpt(this.options.scrub(data.slice(0, maxScrubbed))) })
      })
    )
  }

  protected fail(reason: Reason, metadata?: Metadata): void {
    if (this.failure !== undefined) return
    this.#failWith(
      new ChatModelError({
        provider: this.options.provider,
        model: this.options.model,
        reason,
        metadata: { ...this.options.metadata, ...metadata }
      })
    )
  }

  /** Fails after the chunks that were held back for the end. */
  #failWith(error: ChatModelError): void {
    this.chunks.push(...this.trailing())
    this.failure = error
  }
}

/** The most characters of a frame that are scrubbed for its excerpt. */
const maxScrubbed = 64 * 1024

/** The names, types and texts of frames that only keep a connection alive. */
const keepAlives = new Set(["ping", "pong", "keepalive", "keep-alive", "keep_alive", "heartbeat"])

/** Whether a text is blank or only keeps a connection alive. */
const saysNothing = (text: string): boolean =>
  text.trim() === "" || keepAlives.has(text.replace(/[^a-z-_]/gi, "").toLowerCase())

/** Fields of an event that say nothing of its content, or are read elsewhere. */
const eventFields = ["type", "id", "object", "created", "sequence_number", "usage"]

/** Fields of a server as metadata of the message. They must not replace those that this library sets. */
export const serverFields = (fields: JsonObject | undefined): JsonObject =>
  Object.fromEntries(
    Object.entries(fields ?? {}).map(([name, value]) => [reserved.has(name) ? `server_${name}` : name, value])
  )

const reserved = new Set([
  "provider",
  "model",
  "requestId",
  "warnings",
  "partial",
  "logprobs",
  "fields",
  "answeredBy"
])

// -----------------------------------------------------------------------------
// for reading frames without JSON.parse
// -----------------------------------------------------------------------------

/** Characters that have a meaning in a JSON string, or must not be in one: text with one of them is parsed. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
export const needsParser = /[\\\u0000-\u001f]/

/**
 * Whether `part` stands in `text` at a position. `startsWith` gives the same answer but compares one character after
 * the other; a slice of a long text copies nothing and is compared at once.
 */
export const isAt = (text: string, part: string, at: number): boolean => text.slice(at, at + part.length) === part
