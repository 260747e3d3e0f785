/**
 * Decodes the event stream of Anthropic's Messages API
 * (https://docs.anthropic.com/en/api/messages-streaming) into chunks.
 *
 * `message_stop` is the only whole end: a stream that ends after the stop reason but before it is truncated. Events,
 * blocks and deltas with unknown names become `unknown` parts.
 */
import * as Effect from "effect/Effect"
import type { AIMessageChunk, Delta } from "../AIMessageChunk.ts"
import { ChatModelError, MalformedResponseError, TruncatedError } from "../ChatModelError.ts"
import type { Reason } from "../ChatModelError.ts"
import type { Decoder } from "../internal/httpStream.ts"
import { maxFrameBytes, SseParser } from "../internal/sse.ts"
import type { FrameHandler } from "../internal/sse.ts"
import type { Metadata } from "../Message.ts"
import { blockDelta, startBlock, stopBlock } from "./blocks.ts"
import type { Block } from "./blocks.ts"
import { excerpt, reasonOfBody } from "./errors.ts"
import type { Scrub } from "./errors.ts"
import { isObject, numberAt, objectAt, restOf, stringAt } from "./json.ts"
import type { JsonObject } from "./json.ts"
import { mergeUsage, toFinish, toUsage } from "./usage.ts"

/** What a decoder is made for. */
export interface DecoderOptions {
  readonly provider: string
  readonly model: string
  /** Goes into the message's metadata, and into that of an error. */
  readonly metadata: Metadata
  readonly scrub: Scrub
}

/** The decoder of one response. */
export class MessageDecoder implements Decoder, FrameHandler {
  failure: ChatModelError | undefined
  complete = false

  readonly #options: DecoderOptions
  readonly #parser = new SseParser(this)
  /** By the provider's index, which is its own business. */
  readonly #blocks = new Map<number, Block>()
  #chunks: Array<AIMessageChunk> = []
  #id = ""
  #started = false
  #nextIndex = 0
  #usage: JsonObject | undefined
  #stopReason: string | undefined
  /** What the end of the message told; it goes out with the finish. */
  #endMetadata: Metadata | undefined
  // The text block that is being written, so that the commonest frames need no look-up.
  #textAt = -1
  #text: Block | undefined

  constructor(options: DecoderOptions) {
    this.#options = options
  }

  push(bytes: Uint8Array): ReadonlyArray<AIMessageChunk> {
    if (!this.#parser.push(bytes)) {
      this.#malformed(`A frame is larger than ${maxFrameBytes / 1024 / 1024} MiB`)
    }
    const chunks = this.#chunks
    this.#chunks = []
    return chunks
  }

  end(): Effect.Effect<ReadonlyArray<AIMessageChunk>, ChatModelError> {
    if (this.failure !== undefined) return Effect.fail(this.failure)
    if (this.complete) {
      return Effect.succeed([{
        ...this.#empty(),
        ...(this.#usage === undefined ? undefined : { usage: toUsage(this.#usage) }),
        finish: toFinish(this.#stopReason ?? ""),
        ...(this.#endMetadata === undefined ? undefined : { metadata: this.#endMetadata })
      }])
    }
    const last = this.#trailing()
    this.failure = this.#truncated()
    return last.length > 0 ? Effect.succeed(last) : Effect.fail(this.failure)
  }

  comment(): void {}

  /**
   * Reads a text delta whose bytes have exactly the shape Anthropic writes, without JSON.parse. Whatever differs in
   * one character, escapes in the text included, gives -1 and is parsed.
   */
  fast(text: string, start: number): number {
    if (this.#text === undefined || this.failure !== undefined || !text.startsWith(textFrame, start)) return -1
    let at = start + textFrame.length
    let index = 0
    let digit = text.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    while (digit >= 0 && digit <= 9) {
      index = index * 10 + digit
      digit = text.charCodeAt(++at) - 48
    }
    if (index !== this.#textAt || !text.startsWith(textDelta, at)) return -1
    const from = at + textDelta.length
    const to = text.indexOf("\"", from)
    if (to === -1 || !text.startsWith("\"}", to)) return -1
    at = to + 2
    while (text.charCodeAt(at) === 32) at++
    if (!text.startsWith("}\n\n", at)) return -1
    const content = text.slice(from, to)
    if (needsParser.test(content)) return -1
    this.#text.shown = true
    this.#chunks.push({
      _tag: "AIMessageChunk",
      id: this.#id,
      content,
      parts: [{ type: "text", index: this.#text.index, text: content }]
    })
    return at + 3
  }

  frame(name: string, data: string): void {
    if (this.failure !== undefined) return
    let event: unknown
    try {
      event = JSON.parse(data)
    } catch {
      return this.#malformed("A frame is not JSON", data)
    }
    if (!isObject(event)) return this.#malformed("A frame is not a JSON object", data)
    const type = stringAt(event, "type") ?? name
    if (this.complete && this.#afterStop(type)) return
    switch (type) {
      case "content_block_delta":
        return this.#blockDelta(event, data)
      case "content_block_start":
        return this.#blockStart(event, data)
      case "content_block_stop":
        return this.#blockStop(event)
      case "ping":
        return
      case "message_start":
        return this.#messageStart(event, data)
      case "message_delta":
        return this.#messageDelta(event)
      case "message_stop":
        if (!this.#started) return this.#malformed("The message ended before it began", data)
        this.complete = true
        return
      case "error":
        return this.#errorEvent(data)
      default:
        return this.#emit([{ type: "unknown", index: this.#nextIndex++, raw: event }])
    }
  }

  #messageStart(event: JsonObject, data: string): void {
    if (this.#started) return this.#malformed("A second message began on the connection", data)
    const message = objectAt(event, "message")
    if (message === undefined) return this.#malformed("message_start has no message", data)
    this.#started = true
    this.#id = stringAt(message, "id") ?? ""
    const usage = objectAt(message, "usage")
    if (usage !== undefined) this.#usage = mergeUsage(undefined, usage)
    const metadata: Metadata = {
      provider: this.#options.provider,
      model: stringAt(message, "model") ?? this.#options.model,
      ...this.#options.metadata,
      ...restOf(message, messageFields)
    }
    this.#chunks.push({
      ...this.#empty(),
      ...(this.#usage === undefined ? undefined : { usage: toUsage(this.#usage) }),
      metadata
    })
    const content = message["content"]
    if (!Array.isArray(content)) return
    for (const [i, block] of content.entries()) {
      this.#blockStart({ index: i, content_block: block }, data)
      this.#blockStop({ index: i })
    }
  }

  #blockStart(event: JsonObject, data: string): void {
    const content = objectAt(event, "content_block")
    const at = numberAt(event, "index")
    if (content === undefined || at === undefined) {
      return this.#malformed("content_block_start has no index or no content_block", data)
    }
    const [block, deltas] = startBlock(content, this.#nextIndex++)
    this.#addBlock(at, block)
    if (deltas.length > 0) this.#emit(deltas)
  }

  #blockDelta(event: JsonObject, data: string): void {
    const delta = objectAt(event, "delta")
    const at = numberAt(event, "index")
    if (delta === undefined || at === undefined) {
      return this.#malformed("content_block_delta has no index or no delta", data)
    }
    const block = this.#blocks.get(at) ?? this.#impliedBlock(at, delta)
    const deltas = block && blockDelta(block, delta)
    if (deltas === "malformed") return this.#malformed(`A ${String(delta["type"])} has no content`, data)
    if (block === undefined || deltas === undefined) {
      // A slice of a block we have no name for belongs to it; any other stands for itself.
      return block?.kind === "unknown"
        ? this.#emit([{ type: "unknown", index: block.index, raw: delta }])
        : this.#emit([{ type: "unknown", index: this.#nextIndex++, raw: event }])
    }
    if (deltas.length === 0) return
    block.sliced = true
    block.shown = true
    this.#emit(deltas)
  }

  #addBlock(at: number, block: Block): Block {
    this.#blocks.set(at, block)
    this.#text = block.kind === "text" ? block : undefined
    this.#textAt = at
    return block
  }

  /** Some compatible servers leave out the start of a text block. */
  #impliedBlock(at: number, delta: JsonObject): Block | undefined {
    const type = delta["type"] === "text_delta" ? "text" : delta["type"] === "thinking_delta" ? "thinking" : undefined
    return type === undefined ? undefined : this.#addBlock(at, startBlock({ type }, this.#nextIndex++)[0])
  }

  #blockStop(event: JsonObject): void {
    const at = numberAt(event, "index") ?? -1
    const block = this.#blocks.get(at)
    if (block === undefined) return
    this.#blocks.delete(at)
    if (block === this.#text) this.#text = undefined
    const deltas = stopBlock(block)
    if (deltas.length > 0) this.#emit(deltas)
  }

  #messageDelta(event: JsonObject): void {
    const usage = objectAt(event, "usage")
    if (usage !== undefined) this.#usage = mergeUsage(this.#usage, usage)
    const delta = objectAt(event, "delta")
    this.#stopReason = (delta && stringAt(delta, "stop_reason")) ?? this.#stopReason
    const metadata = {
      ...this.#endMetadata,
      ...(delta && restOf(delta, ["stop_reason"])),
      ...restOf(event, ["type", "delta", "usage"])
    }
    if (Object.keys(metadata).length > 0) this.#endMetadata = metadata
  }

  /** Whether an event after `message_stop` has been dealt with. */
  #afterStop(type: string): boolean {
    if (type === "message_start") {
      this.#malformed("A second message began on the connection")
      return true
    }
    if (!messageEvents.has(type)) return false
    this.#malformed(`A ${type} came after the message had ended`)
    return true
  }

  #emit(parts: ReadonlyArray<Delta>): void {
    let content = ""
    for (const part of parts) if (part.type === "text") content += part.text
    this.#chunks.push({ _tag: "AIMessageChunk", id: this.#id, content, parts })
  }

  #empty(): AIMessageChunk {
    return { _tag: "AIMessageChunk", id: this.#id, content: "", parts: [] }
  }

  /** What is known and was held for the finish, for a stream that has none. */
  #trailing(): ReadonlyArray<AIMessageChunk> {
    const usage = this.#usage
    if (usage === undefined || (this.#stopReason === undefined && this.#endMetadata === undefined)) return []
    this.#stopReason = undefined
    this.#endMetadata = undefined
    return [{ ...this.#empty(), usage: toUsage(usage) }]
  }

  #truncated(): ChatModelError {
    return this.#error(
      new TruncatedError({
        message: this.#started
          ? "The connection ended before the message did (no message_stop)"
          : "The connection ended without a message"
      })
    )
  }

  #errorEvent(data: string): void {
    const event: unknown = JSON.parse(this.#options.scrub(data))
    this.#fail(reasonOfBody(event, undefined), isObject(event) ? errorMetadata(event) : {})
  }

  #malformed(message: string, data?: string): void {
    this.#fail(
      new MalformedResponseError({
        message,
        ...(data === undefined ? undefined : { excerpt: excerpt(this.#options.scrub(data)) })
      })
    )
  }

  #fail(reason: Reason, metadata?: Metadata): void {
    if (this.failure !== undefined) return
    this.#chunks.push(...this.#trailing())
    this.failure = this.#error(reason, metadata)
  }

  #error(reason: Reason, metadata?: Metadata): ChatModelError {
    return new ChatModelError({
      provider: this.#options.provider,
      model: this.#options.model,
      reason,
      metadata: { ...this.#options.metadata, ...metadata }
    })
  }
}

const textFrame = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":"
const textDelta = ",\"delta\":{\"type\":\"text_delta\",\"text\":\""
/** Characters that have a meaning in a JSON string, or must not be in one. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const needsParser = /[\\\u0000-\u001f]/

const messageFields = ["id", "type", "role", "content", "model", "stop_reason", "stop_sequence", "usage"]
const messageEvents = new Set([
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop"
])

const errorMetadata = (event: JsonObject): Metadata => {
  const requestId = stringAt(event, "request_id")
  const type = stringAt(objectAt(event, "error") ?? {}, "type")
  return {
    ...(requestId === undefined ? undefined : { requestId }),
    ...(type === undefined ? undefined : { type })
  }
}
