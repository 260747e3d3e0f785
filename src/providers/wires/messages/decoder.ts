/**
 * Decodes the event stream of Anthropic's Messages API (https://docs.anthropic.com/en/api/messages-streaming) into
 * chunks. Made by a host for each response. Only `message_stop` ends a message (and `[DONE]`, if the stop reason is
 * known): a stream that ends after the stop reason but before it is truncated. After the end, usage still counts and a
 * second message is an error; anything else is ignored. Events, blocks and deltas with unknown names become `unknown`
 * parts. Text deltas, which are most events, are read without JSON.parse.
 *
 * Servers that do not really stream send the whole message in `message_start`, as Anthropic does when its own code has
 * called a tool. A later stop reason replaces the one there.
 */
import type { AIMessageChunk } from "../../../AIMessageChunk.ts"
import type { Finish } from "../../../Finish.ts"
import { optional } from "../../../internal/optional.ts"
import { EventDecoder, isAt, needsParser, serverFields } from "../../../internal/provider/decoder.ts"
import { errorIn } from "../../../internal/provider/errorBody.ts"
import { reasonOf } from "../../../internal/provider/errors.ts"
import { addFields, isObject, numberAt, objectAt, restOf, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { countsNothing, toUsage, usageOf } from "../../../internal/provider/usage.ts"
import { failureKind, finishReason } from "../../../internal/provider/words.ts"
import type { Metadata } from "../../../Message.ts"
import type { Usage } from "../../../Usage.ts"
import { blockDelta, startBlock, stopBlock } from "./blocks.ts"
import type { Block } from "./blocks.ts"

/** The decoder of one response. */
export class MessageDecoder extends EventDecoder {
  protected readonly missing = "no message_stop"
  protected started = false

  /** Open blocks, by the index of the provider. */
  readonly #blocks = new Map<number, Block>()
  /** The index of the block that was begun last, for events that have none. */
  #lastAt = -1
  /** The blocks in `message_start`, by their place. Some servers then send them as events, too. */
  #given: ReadonlyArray<JsonObject> = []
  #usage: JsonObject | undefined
  #stopReason: string | undefined
  /** Whether a call has begun that the app has to answer. */
  #called = false
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

  override frame(name: string, data: string): void {
    // Gateways end every stream as Chat Completions does.
    if (data.trim() !== "[DONE]") super.frame(name, data)
    else if (this.#stopReason !== undefined && this.failure === undefined) this.#end()
  }

  protected event(event: JsonObject, name: string, data: string): void {
    const type = stringAt(event, "type") ?? name
    if (this.complete) return this.#afterEnd(event, type, data)
    switch (type) {
      case "content_block_delta":
        return this.#blockDelta(event, data)
      case "content_block_start":
        return this.#blockStart(event, data)
      case "content_block_stop":
        return this.#blockStop(numberAt(event, "index") ?? this.#lastAt)
      case "ping":
        return
      case "message_start":
        return this.#messageStart(objectAt(event, "message"), event, data)
      case "message_delta":
        return this.#messageDelta(event)
      case "message_stop":
        if (!this.started) return this.malformed("The message ended before it began", data)
        this.#messageDelta(event)
        return this.#end()
      case "error":
        return this.errorEvent(event)
    }
    // Servers behind a gateway tell of errors in the form of another API.
    if (errorIn(event)) return this.errorEvent(event)
    // A server that does not stream sends the message itself.
    if (isMessage(event)) {
      this.#messageStart(event, event, data)
      return this.#stopReason === undefined ? undefined : this.#end()
    }
    this.#addUsage(event)
    if (this.isPart(event)) this.emit([{ type: "unknown", index: this.nextIndex++, raw: event }])
  }

  #messageStart(message: JsonObject | undefined, event: JsonObject, data: string): void {
    if (errorIn(event)) return this.errorEvent(event)
    if (this.started) return this.malformed("A second message began on the connection", data)
    if (message === undefined) return this.malformed("message_start has no message", data)
    this.started = true
    this.id = stringAt(message, "id") ?? ""
    this.#stopReason = stringAt(message, "stop_reason")
    this.#addUsage(message)
    const metadata: Metadata = {
      provider: this.options.provider,
      model: stringAt(message, "model") ?? this.options.model,
      ...this.options.metadata,
      ...serverFields(restOf(message, messageFields))
    }
    this.chunks.push({
      ...this.empty(),
      ...optional("usage", this.#toldUsage()),
      metadata
    })
    const content = blocksOf(message)
    for (const [i, block] of content.entries()) {
      this.#blockStart({ index: i, content_block: block }, data)
      this.#blockStop(i)
    }
    this.#given = content.filter(isObject)
  }

  #blockStart(event: JsonObject, data: string): void {
    const content = objectAt(event, "content_block")
    if (content === undefined) return this.malformed("content_block_start has no content_block", data)
    const at = numberAt(event, "index") ?? this.#lastAt + 1
    // Some servers omit the end of a block, or use an index again.
    this.#blockStop(at)
    const given = this.#given[at]
    if (given !== undefined && content["type"] === given["type"] && content["id"] === given["id"]) {
      this.#addBlock(at, { kind: "repeated", index: -1, shown: true, again: { given, content } })
      return
    }
    this.#begin(at, content)
  }

  #begin(at: number, content: JsonObject): void {
    const index = this.nextIndex++
    const [block, deltas] = startBlock(content, index, `call_${this.id}_${index}`)
    if (block.kind === "tool_call") this.#called = true
    this.#addBlock(at, block)
    if (deltas.length > 0) this.emit(deltas)
  }

  #blockDelta(event: JsonObject, data: string): void {
    const delta = objectAt(event, "delta")
    if (delta === undefined) return this.malformed("content_block_delta has no delta", data)
    const at = numberAt(event, "index") ?? this.#lastAt
    const block = this.#blockOf(at, delta)
    if (block?.again !== undefined) {
      block.again.content = joined(block.again.content, delta)
      return
    }
    const deltas = block && blockDelta(block, delta)
    if (deltas === "malformed") return this.malformed(`A ${String(delta["type"])} has no content`, data)
    if (block === undefined || deltas === undefined) {
      // A slice of an unknown block belongs to that block. Any other unknown slice is a part of its own.
      return block?.kind === "unknown"
        ? this.emit([{ type: "unknown", index: block.index, raw: delta }])
        : this.emit([{ type: "unknown", index: this.nextIndex++, raw: event }])
    }
    if (deltas.length === 0) return
    block.shown = true
    this.emit(deltas)
  }

  #addBlock(at: number, block: Block): Block {
    this.#blocks.set(at, block)
    this.#lastAt = at
    this.#text = block.kind === "text" ? block : undefined
    this.#textAt = at
    return block
  }

  /**
   * The block of a slice. Some servers count the index wrongly, so a slice that the block at its index cannot have goes
   * to the last open one that can; some omit the start of texts and of thinking.
   */
  #blockOf(at: number, delta: JsonObject): Block | undefined {
    const block = this.#blocks.get(at)
    const kind = kindOfSlice(delta)
    if (kind === undefined || block?.kind === kind || block?.kind === "repeated") return block
    if (kind === "tool_call") {
      return block?.kind === "server_tool_call" ? block : [...this.#blocks.values()].findLast(({ args }) => args)
    }
    const other = block === undefined ? undefined : [...this.#blocks.values()].findLast((other) => other.kind === kind)
    if (other !== undefined) return other
    const type = delta["type"] === "text_delta" ? "text" : delta["type"] === "thinking_delta" ? "thinking" : undefined
    if (type === undefined) return block
    this.#blockStop(at)
    return this.#addBlock(at, startBlock({ type }, this.nextIndex++, "")[0])
  }

  #blockStop(at: number): void {
    const block = this.#blocks.get(at)
    if (block === undefined) return
    this.#blocks.delete(at)
    if (block === this.#text) this.#text = undefined
    if (block.again !== undefined) {
      const { content, given } = block.again
      if (textOf(content) === textOf(given)) return
      // It was another block after all.
      this.#begin(at, content)
      return this.#blockStop(at)
    }
    const deltas = stopBlock(block)
    if (deltas.length > 0) this.emit(deltas)
  }

  /** The end of the message. It ends the blocks whose end was omitted, unless a limit has cut them off. */
  #end(): void {
    const stopReason = this.#stopReason ?? ""
    const kind = failureKind(stopReason)
    if (kind !== undefined) {
      return this.fail(reasonOf({ kind, message: `The provider ended the answer (stop_reason ${stopReason})` }))
    }
    if (finishReason(stopReason) !== "length") { for (const at of this.#blocks.keys()) this.#blockStop(at) }
    this.#text = undefined
    this.complete = true
  }

  /** The end of a message, in `message_delta`. Some servers put it beside the delta, or into `message_stop`. */
  #messageDelta(event: JsonObject): void {
    const delta = objectAt(event, "delta") ?? objectAt(event, "message") ?? {}
    this.#addUsage(delta)
    this.#addUsage(event)
    this.#stopReason = stringAt(delta, "stop_reason") ?? stringAt(event, "stop_reason") ?? this.#stopReason
    const metadata = {
      ...restOf(delta, messageFields),
      ...restOf(event, ["type", "delta", "message", "usage", "stop_reason"])
    }
    if (Object.keys(metadata).length > 0) this.#endMetadata = addFields(this.#endMetadata, serverFields(metadata))
  }

  /** Adds the usage of a message or an event. Fields are totals, and null means unchanged. */
  #addUsage(owner: JsonObject): void {
    const usage = objectAt(owner, "usage")
    if (usage === undefined) return
    const untold = this.#usage !== undefined && usageOf(usage) !== undefined && countsNothing(usage)
    if (!untold) this.#usage = addFields(this.#usage, usage)
  }

  /** The usage so far, with a copy of its fields, which still change. */
  #toldUsage(): Usage | undefined {
    const usage = usageOf(this.#usage)
    return usage && toUsage({ ...usage }, true)
  }

  /** Nothing but a second message is an error after the end. Usage still counts. */
  #afterEnd(event: JsonObject, type: string, data: string): void {
    if (type === "message_start" || isMessage(event)) {
      return this.malformed("A second message began on the connection", data)
    }
    this.#addUsage(event)
  }

  protected last(): AIMessageChunk {
    return {
      ...this.empty(),
      ...optional("usage", this.#toldUsage()),
      finish: this.#finish(this.#stopReason ?? ""),
      ...optional("metadata", this.#endMetadata)
    }
  }

  protected trailing(): ReadonlyArray<AIMessageChunk> {
    const usage = this.#toldUsage()
    if (usage === undefined || (this.#stopReason === undefined && this.#endMetadata === undefined)) return []
    this.#stopReason = undefined
    this.#endMetadata = undefined
    return [{ ...this.empty(), usage }]
  }

  /** A stop reason as a finish. Gateways write that of a text also after calls. */
  #finish(raw: string): Finish {
    const reason = finishReason(raw)
    return { reason: reason === "stop" && this.#called ? "tool_calls" : reason, raw }
  }
}

const textFrame = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":"
const textDelta = ",\"delta\":{\"type\":\"text_delta\",\"text\":\""
const messageFields = ["id", "type", "role", "content", "model", "stop_reason", "usage"]

/** Whether an event is a message by itself. */
const isMessage = (event: JsonObject): boolean => event["role"] === "assistant" && Array.isArray(event["content"])

/** The blocks of a message. */
const blocksOf = ({ content }: JsonObject): ReadonlyArray<JsonObject[string]> =>
  Array.isArray(content)
    ? content
    : typeof content === "string" && content !== ""
    ? [{ type: "text", text: content }]
    : []

/** The kind of block that has slices of this type; undefined if the type is unknown or any block may have it. */
const kindOfSlice = (delta: JsonObject): Block["kind"] | undefined => {
  switch (delta["type"]) {
    case "text_delta":
    case "citations_delta":
      return "text"
    case "thinking_delta":
    case "signature_delta":
      return "reasoning"
    case "input_json_delta":
      return "tool_call"
  }
  return undefined
}

/** A text or thinking block with a slice added to it. */
const joined = (content: JsonObject, slice: JsonObject): JsonObject => {
  const added = { ...content }
  for (const key of ["text", "thinking", "signature"]) {
    const text = stringAt(slice, key)
    if (text !== undefined) added[key] = (stringAt(content, key) ?? "") + text
  }
  return added
}

const textOf = (content: JsonObject): string => stringAt(content, "text") ?? stringAt(content, "thinking") ?? ""
