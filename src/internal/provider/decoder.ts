import * as Effect from "effect/Effect"
import type { AIMessageChunk, Delta } from "../../AIMessageChunk.ts"
import { ChatModelError, MalformedResponseError, TruncatedError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { Metadata } from "../../Message.ts"
import { excerpt } from "../excerpt.ts"
import type { Decoder } from "../http/httpStream.ts"
import { maxFrameBytes, SseParser } from "../http/sse.ts"
import type { FrameHandler } from "../http/sse.ts"
import { metadataOf, reasonOf, scrubbed } from "./errors.ts"
import type { ErrorDialect } from "./errors.ts"
import { isObject } from "./json.ts"
import type { JsonObject } from "./json.ts"
import type { Scrub } from "./text.ts"

/** What a decoder is made for. */
export interface DecoderOptions {
  readonly provider: string
  readonly model: string
  /** Goes into the message's metadata, and into that of an error. */
  readonly metadata: Metadata
  readonly scrub: Scrub
  readonly errorDialect: ErrorDialect
}

/** What the decoders of event streams share: from bytes to events, the chunks of a read, and how a stream fails. */
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
  readonly #parser = new SseParser(this)

  constructor(options: DecoderOptions) {
    this.options = options
  }

  /** Takes an event; `data` is the text it was parsed from. */
  protected abstract event(event: JsonObject, name: string, data: string): void

  /** The last chunk of a message that is whole. */
  protected abstract last(): AIMessageChunk

  /** What is known and was held for the end of the message, for a stream that has none. */
  protected abstract trailing(): ReadonlyArray<AIMessageChunk>

  /** What is missing in a stream that ended too early. */
  protected abstract readonly missing: string

  /** Whether anything of the message has come. */
  protected abstract readonly started: boolean

  abstract fast(text: string, start: number): number

  push(bytes: Uint8Array): ReadonlyArray<AIMessageChunk> {
    if (!this.#parser.push(bytes)) {
      this.malformed(`A frame is larger than ${maxFrameBytes / 1024 / 1024} MiB`)
    }
    return this.#take()
  }

  #take(): ReadonlyArray<AIMessageChunk> {
    const chunks = this.chunks
    this.chunks = []
    return chunks
  }

  end(): Effect.Effect<ReadonlyArray<AIMessageChunk>, ChatModelError> {
    if (this.failure === undefined && !this.complete) this.ended()
    const chunks = this.#take()
    if (this.failure === undefined) return Effect.succeed([...chunks, this.last()])
    return chunks.length > 0 ? Effect.succeed(chunks) : Effect.fail(this.failure)
  }

  /** The body has ended before the message was complete. */
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

  frame(name: string, data: string): void {
    if (this.failure !== undefined) return
    let event: unknown
    try {
      event = JSON.parse(data)
    } catch {
      return this.malformed("A frame is not JSON", data)
    }
    if (!isObject(event)) return this.malformed("A frame is not a JSON object", data)
    try {
      this.event(event, name, data)
    } catch (error) {
      // JSON.parse knows no depth that is too deep, but whatever walks through the value does.
      if (!(error instanceof RangeError)) throw error
      this.malformed("A frame is nested too deeply", data)
    }
  }

  protected emit(parts: ReadonlyArray<Delta>): void {
    this.chunks.push(this.chunkOf(parts))
  }

  protected chunkOf(parts: ReadonlyArray<Delta>): AIMessageChunk {
    let content = ""
    for (const part of parts) if (part.type === "text") content += part.text
    return { _tag: "AIMessageChunk", id: this.id, content, parts }
  }

  /** A chunk for what is no content: usage, metadata, the finish. */
  protected empty(): AIMessageChunk {
    return { _tag: "AIMessageChunk", id: this.id, content: "", parts: [] }
  }

  /** The provider tells of an error inside a 200. */
  protected errorEvent(event: JsonObject): void {
    const facts = this.options.errorDialect.read(scrubbed(event, this.options.scrub), undefined)
    this.fail(reasonOf(facts, undefined), metadataOf(facts))
  }

  protected malformed(message: string, data?: string): void {
    this.fail(
      new MalformedResponseError({
        message,
        ...(data === undefined ? undefined : { excerpt: excerpt(this.options.scrub(data)) })
      })
    )
  }

  protected fail(reason: Reason, metadata?: Metadata): void {
    if (this.failure !== undefined) return
    this.chunks.push(...this.trailing())
    this.failure = new ChatModelError({
      provider: this.options.provider,
      model: this.options.model,
      reason,
      metadata: { ...this.options.metadata, ...metadata }
    })
  }
}
