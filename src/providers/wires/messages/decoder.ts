/**
 * Decodes the event stream of Anthropic's Messages API (https://docs.anthropic.com/en/api/messages-streaming) into
 * chunks. Made by a host for each response. Only `message_stop` ends a message: a stream that ends after the stop
 * reason but before it is truncated. Events, blocks and deltas with unknown names become `unknown` parts. Text deltas,
 * which are most events, are read without JSON.parse.
 */
import type { AIMessageChunk } from "../../../AIMessageChunk.ts"
import { optional } from "../../../internal/optional.ts"
import { EventDecoder, isAt, needsParser } from "../../../internal/provider/decoder.ts"
import { addFields, numberAt, objectAt, restOf, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { Metadata } from "../../../Message.ts"
import { blockDelta, startBlock, stopBlock } from "./blocks.ts"
import type { Block } from "./blocks.ts"
import { toFinish, toUsage } from "./usage.ts"

/** The decoder of one response. */
export class MessageDecoder extends EventDecoder {
  protected readonly missing = "no message_stop"
  protected started = false

  /** Open blocks, by the index of the provider. */
  readonly #blocks = new Map<number, Block>()
  #usage: JsonObject | undefined
  #stopReason: string | undefined
  /** Metadata from the end of the message, emitted with the finish. */
  #endMetadata: Metadata | undefined
  // The open text block, so that the commonest frames need no look-up.
  #textAt = -1
  #text: Block | undefined

  /**
   * Reads a text delta without JSON.parse if it has exactly the form that Anthropic writes. Gives -1 for anything else,
   * such as a text with escapes, to have it parsed.
   */
  fast(text: string, start: number): number {
    if (this.#text === undefined || this.failure !== undefined || !isAt(text, textFrame, start)) return -1
    let at = start + textFrame.length
    let index = 0
    let digit = text.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    while (digit >= 0 && digit <= 9) {
      index = index * 10 + digit
      digit = text.charCodeAt(++at) - 48
    }
    if (index !== this.#textAt || !isAt(text, textDelta, at)) return -1
    const from = at + textDelta.length
    const to = text.indexOf("\"", from)
    if (to === -1 || !text.startsWith("\"}", to)) return -1
    at = to + 2
    while (text.charCodeAt(at) === 32) at++
    if (!text.startsWith("}\n\n", at)) return -1
    const content = text.slice(from, to)
    if (needsParser.test(content)) return -1
    this.#text.shown = true
    this.chunks.push({
      _tag: "AIMessageChunk",
      id: this.id,
      content,
      parts: [{ type: "text", index: this.#text.index, text: content }]
    })
    return at + 3
  }

  protected event(event: JsonObject, name: string, data: string): void {
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
        if (!this.started) return this.malformed("The message ended before it began", data)
        this.complete = true
        return
      case "error":
        return this.errorEvent(event)
      default:
        return this.emit([{ type: "unknown", index: this.nextIndex++, raw: event }])
    }
  }

  #messageStart(event: JsonObject, data: string): void {
    if (this.started) return this.malformed("A second message began on the connection", data)
    const message = objectAt(event, "message")
    if (message === undefined) return this.malformed("message_start has no message", data)
    this.started = true
    this.id = stringAt(message, "id") ?? ""
    const usage = objectAt(message, "usage")
    if (usage !== undefined) this.#usage = addFields(undefined, usage)
    const metadata: Metadata = {
      provider: this.options.provider,
      model: stringAt(message, "model") ?? this.options.model,
      ...this.options.metadata,
      ...restOf(message, messageFields)
    }
    this.chunks.push({
      ...this.empty(),
      ...optional("usage", this.#usage && toUsage(this.#usage)),
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
      return this.malformed("content_block_start has no index or no content_block", data)
    }
    const [block, deltas] = startBlock(content, this.nextIndex++)
    this.#addBlock(at, block)
    if (deltas.length > 0) this.emit(deltas)
  }

  #blockDelta(event: JsonObject, data: string): void {
    const delta = objectAt(event, "delta")
    const at = numberAt(event, "index")
    if (delta === undefined || at === undefined) {
      return this.malformed("content_block_delta has no index or no delta", data)
    }
    const block = this.#blocks.get(at) ?? this.#impliedBlock(at, delta)
    const deltas = block && blockDelta(block, delta)
    if (deltas === "malformed") return this.malformed(`A ${String(delta["type"])} has no content`, data)
    if (block === undefined || deltas === undefined) {
      // A slice of an unknown block belongs to that block. Any other unknown slice is a part of its own.
      return block?.kind === "unknown"
        ? this.emit([{ type: "unknown", index: block.index, raw: delta }])
        : this.emit([{ type: "unknown", index: this.nextIndex++, raw: event }])
    }
    if (deltas.length === 0) return
    block.sliced = true
    block.shown = true
    this.emit(deltas)
  }

  #addBlock(at: number, block: Block): Block {
    this.#blocks.set(at, block)
    this.#text = block.kind === "text" ? block : undefined
    this.#textAt = at
    return block
  }

  /** Begins a block without its start event, which some compatible servers omit. */
  #impliedBlock(at: number, delta: JsonObject): Block | undefined {
    const type = delta["type"] === "text_delta" ? "text" : delta["type"] === "thinking_delta" ? "thinking" : undefined
    return type === undefined ? undefined : this.#addBlock(at, startBlock({ type }, this.nextIndex++)[0])
  }

  #blockStop(event: JsonObject): void {
    const at = numberAt(event, "index") ?? -1
    const block = this.#blocks.get(at)
    if (block === undefined) return
    this.#blocks.delete(at)
    if (block === this.#text) this.#text = undefined
    const deltas = stopBlock(block)
    if (deltas.length > 0) this.emit(deltas)
  }

  #messageDelta(event: JsonObject): void {
    const usage = objectAt(event, "usage")
    // Fields are totals, and null means unchanged.
    if (usage !== undefined) this.#usage = addFields(this.#usage, usage)
    const delta = objectAt(event, "delta")
    this.#stopReason = (delta && stringAt(delta, "stop_reason")) ?? this.#stopReason
    const metadata = { ...(delta && restOf(delta, ["stop_reason"])), ...restOf(event, ["type", "delta", "usage"]) }
    if (Object.keys(metadata).length > 0) this.#endMetadata = addFields(this.#endMetadata, metadata)
  }

  /** Fails for an event of a message after `message_stop`. Gives false for any other event. */
  #afterStop(type: string): boolean {
    if (type === "message_start") {
      this.malformed("A second message began on the connection")
      return true
    }
    if (!messageEvents.has(type)) return false
    this.malformed(`A ${type} came after the message had ended`)
    return true
  }

  protected last(): AIMessageChunk {
    return {
      ...this.empty(),
      ...optional("usage", this.#usage && toUsage(this.#usage)),
      finish: toFinish(this.#stopReason ?? ""),
      ...optional("metadata", this.#endMetadata)
    }
  }

  protected trailing(): ReadonlyArray<AIMessageChunk> {
    const usage = this.#usage
    if (usage === undefined || (this.#stopReason === undefined && this.#endMetadata === undefined)) return []
    this.#stopReason = undefined
    this.#endMetadata = undefined
    return [{ ...this.empty(), usage: toUsage(usage) }]
  }
}

const textFrame = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":"
const textDelta = ",\"delta\":{\"type\":\"text_delta\",\"text\":\""
const messageFields = ["id", "type", "role", "content", "model", "stop_reason", "stop_sequence", "usage"]
const messageEvents = new Set([
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop"
])
