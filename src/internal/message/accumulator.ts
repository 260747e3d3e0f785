/**
 * Folds the chunks of one message. Used by a model's call, by folds of runs and by `AIMessageChunk.accumulator`. Knows no
 * step. Adding a chunk costs O(1), reading the message is linear in its size.
 */
import type { Finish } from "../../Finish.ts"
import { aiMessage, partialAIMessage } from "../../Message.ts"
import type { AIMessage, AIPart, Citation, FilePart, Metadata, PartialAIMessage, Source } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { isDeeperThan, limitsOf, losesNumbers, parseJson } from "../json/limits.ts"
import { optional } from "../optional.ts"
import type { AIMessageChunk, Delta } from "./chunk.ts"
import { restarts } from "./chunk.ts"

/** A block whose deltas are arriving: the fields of the deltas, with growing text and arguments. */
type Block =
  | {
    readonly type: "text"
    text: string
    citations: Array<Citation> | undefined
    metadata: MergedMetadata | undefined
  }
  | {
    readonly type: "reasoning"
    text: string
    signature: string | undefined
    redacted: string | undefined
    metadata: MergedMetadata | undefined
  }
  | {
    readonly type: "tool_call" | "server_tool_call"
    id: string | undefined
    name: string | undefined
    args: string
    end: boolean
    metadata: MergedMetadata | undefined
  }
  | { readonly type: "refusal"; text: string; metadata: MergedMetadata | undefined }
  | { readonly type: "unknown"; readonly raw: Array<UnknownRaw> }
  | { readonly type: "file"; part: FilePart }
  | { readonly type: "whole"; readonly part: AIPart }

/** One metadata as it came, or several merged in a map: copying an object with each would be quadratic. */
type MergedMetadata = Metadata | Map<string, Metadata[string]>

type UnknownRaw = Extract<Delta, { readonly type: "unknown" }>["raw"]

/** Folds chunks into a message. Strings grow as ropes, so adding a delta costs the same at the end as at the start. */
export class Accumulator {
  #id = ""
  /** The text in order of arrival, if it differs from the text of the blocks one after the other. */
  #content: string | undefined
  #usage: Usage | undefined
  /** Whether parts came after the usage. */
  #usageIsOld = true
  #finish: Finish | undefined
  #metadata: MergedMetadata | undefined
  readonly #blocks: Array<Block> = []
  /** The blocks by their index. */
  readonly #byIndex = new Map<number, Block>()
  #lastIndex = -1
  #last: Block | undefined
  #lastText: Block | undefined
  /** The calls by their id. */
  readonly #calls = new Map<string, Block>()
  /** The calls that began without an id, and their first deltas. Absent if there are none. */
  #unnamed: Map<Block, Delta> | undefined
  /** The first number that no id was made of. */
  #unused = 0
  /** The number behind the last id that was made of an id. Absent while no call had the id of another. */
  #copies: Map<string, number> | undefined
  /** The ids of calls that deltas give otherwise than the message. */
  #renamed: WeakMap<Delta, string> | undefined

  add(chunk: AIMessageChunk): void {
    if (restarts(chunk)) this.#reset()
    if (this.#id === "") this.#id = chunk.id
    if (this.#content !== undefined) this.#content += chunk.content
    else if (!this.#inOrder(chunk)) this.#content = this.#text() + chunk.content
    for (const delta of chunk.parts) this.#addDelta(delta)
    if (chunk.usage !== undefined) {
      this.#usage = chunk.usage
      this.#usageIsOld = false
    } else if (chunk.parts.length > 0) this.#usageIsOld = true
    if (chunk.finish !== undefined) this.#finish = chunk.finish
    this.#metadata = merge(this.#metadata, chunk.metadata)
  }

  /** The id of the message. Empty if there is none so far. */
  get id(): string {
    return this.#id
  }

  /** The index of the last block of text, and the first index that no block has. */
  get indexes(): { readonly text: number | undefined; readonly next: number } {
    let text: number | undefined
    let next = 0
    for (const [index, block] of this.#byIndex) {
      if (block === this.#lastText) text = index
      next = Math.max(next, index + 1)
    }
    return { text, next }
  }

  /** Forgets all chunks. */
  #reset(): void {
    this.#id = ""
    this.#content = undefined
    this.#usage = undefined
    this.#finish = undefined
    this.#metadata = undefined
    this.#blocks.length = 0
    this.#byIndex.clear()
    this.#lastIndex = -1
    this.#last = undefined
    this.#lastText = undefined
    this.#calls.clear()
    this.#unnamed = undefined
    this.#unused = 0
    this.#copies = undefined
    this.#renamed = undefined
  }

  /**
   * Adds all chunks of a read. Slices of one text are joined first: V8 keeps every slice appended by itself as a node
   * that lives as long as the message.
   */
  addAll(chunks: ReadonlyArray<AIMessageChunk>): void {
    if (chunks.length === 1) return this.add(chunks[0]!)
    let slices: Array<string> = []
    let block = -1
    for (const chunk of chunks) {
      const index = plainTextIndex(chunk)
      if (index !== block) {
        this.#addSlices(block, slices)
        slices = []
        block = index
      }
      if (index === -1) {
        this.add(chunk)
      } else {
        if (this.#id === "") this.#id = chunk.id
        slices.push(chunk.content)
      }
    }
    this.#addSlices(block, slices)
  }

  #addSlices(index: number, slices: ReadonlyArray<string>): void {
    if (slices.length === 0) return
    this.#usageIsOld = true
    const text = slices.length === 1 ? slices[0]! : slices.join("")
    if (this.#content !== undefined) this.#content += text
    else if (!this.#isLastText(index)) this.#content = this.#text() + text
    this.#addDelta({ type: "text", index, text })
  }

  /** Whether the text of a chunk is the text of its parts, and all of it belongs at the end of the last text block. */
  #inOrder({ content, parts }: AIMessageChunk): boolean {
    const [first] = parts
    if (parts.length === 1 && first?.type === "text") return first.text === content && this.#isLastText(first.index)
    const texts = parts.filter((part) => part.type === "text")
    return texts.reduce((text, part) => text + part.text, "") === content &&
      texts.every((part) => part.index === texts[0]?.index && this.#isLastText(part.index))
  }

  /** Whether a slice of text with this index belongs at the end of the last text block, or starts a new block. */
  #isLastText(index: number): boolean {
    const block = this.#blockAt(index)
    return block === this.#lastText || block?.type !== "text"
  }

  #text(): string {
    return this.#blocks.reduce((text, block) => block.type === "text" ? text + block.text : text, "")
  }

  /** The usage so far. */
  get usage(): Usage | undefined {
    return this.#usage
  }

  /** Whether the usage counts all that has arrived, as no part came after it. */
  get usageIsCurrent(): boolean {
    return !this.#usageIsOld
  }

  /** The metadata so far. */
  get metadata(): Metadata | undefined {
    return plain(this.#metadata)
  }

  /** Whether there are calls of the provider's tools, or files. */
  get hasServerParts(): boolean {
    return this.#blocks.some(({ type }) => type === "server_tool_call" || type === "file")
  }

  /** Whether any part has arrived. */
  get hasParts(): boolean {
    return this.#blocks.length > 0
  }

  /** Whether nothing but reasoning and white space has arrived. */
  get isOnlyReasoning(): boolean {
    return this.#blocks.every((block) =>
      block.type === "reasoning" || (block.type === "text" && block.text.trim() === "")
    )
  }

  partial(): PartialAIMessage {
    return partialAIMessage(this.#fields())
  }

  message(): AIMessage | undefined {
    return this.#finish === undefined
      ? undefined
      : aiMessage({ ...this.#fields(), finish: this.#finish })
  }

  #fields() {
    const ids = this.#makeIds().ids
    const named = (block: Block): Block => {
      const id = ids.get(block)
      return id !== undefined && block.type === "tool_call" ? { ...block, id } : block
    }
    const length = this.#finish?.reason === "length"
    return {
      id: this.#id,
      content: this.#content ?? this.#text(),
      parts: this.#blocks.map((block, i) => toPart(named(block), length && i === this.#blocks.length - 1)),
      usage: this.#usage,
      finish: this.#finish,
      metadata: plain(this.#metadata)
    }
  }

  #addDelta(delta: Delta): void {
    const block = this.#blockAt(delta.index)
    if (block !== undefined && extend(block, delta)) {
      if (delta.type === "tool_call" && hasId(delta)) this.#nameCall(block, delta, delta.id)
      return
    }
    const created = start(delta)
    if (delta.type === "tool_call") {
      if (hasId(delta)) this.#nameCall(created, delta, delta.id)
      else (this.#unnamed ??= new Map()).set(created, delta)
    }
    this.#blocks.push(created)
    this.#byIndex.set(delta.index, created)
    this.#lastIndex = delta.index
    this.#last = created
    if (created.type === "text") this.#lastText = created
  }

  /** Gives a call another id if an earlier call of the message has the same one, so that results find their call. */
  #nameCall(block: Block, delta: Delta, id: string): void {
    if (block.type !== "tool_call" || block.id === undefined) return
    const owner = this.#calls.get(block.id)
    if (owner !== undefined && owner !== block) block.id = this.#copyOf(block.id)
    this.#calls.set(block.id, block)
    if (block.id === id) return
    this.#renamed ??= new WeakMap()
    this.#renamed.set(delta, block.id)
  }

  #copyOf(id: string): string {
    this.#copies ??= new Map()
    let n = (this.#copies.get(id) ?? 1) + 1
    while (this.#calls.has(`${id}_${n}`)) n++
    this.#copies.set(id, n)
    return `${id}_${n}`
  }

  /** An id for each call that has none so far, so that results find their call; and the next unused number. */
  #makeIds() {
    const ids = new Map<Block, string>()
    let unused = this.#unused
    for (const block of this.#unnamed?.keys() ?? []) {
      if (block.type !== "tool_call" || block.id !== undefined) continue
      while (this.#calls.has(`call_${unused}`)) unused++
      ids.set(block, `call_${unused++}`)
    }
    return { ids, unused }
  }

  /** The calls that have been added keep the ids that were made for them, whatever id comes later. */
  #keepIds(unnamed: ReadonlyMap<Block, Delta>): void {
    const { ids, unused } = this.#makeIds()
    this.#unused = unused
    this.#unnamed = undefined
    for (const [block, delta] of unnamed) {
      const id = ids.get(block)
      if (id === undefined || block.type !== "tool_call") continue
      block.id = id
      this.#nameCall(block, delta, "")
    }
  }

  /** The same chunks, which have been added, with the ids that their calls have in the message. */
  withCallIds<Chunks extends ReadonlyArray<AIMessageChunk>>(chunks: Chunks): Chunks {
    if (this.#unnamed !== undefined) this.#keepIds(this.#unnamed)
    const renamed = this.#renamed
    if (renamed === undefined) return chunks
    // `map` keeps the length, so an array that is not empty stays one.
    return chunks.map((chunk) =>
      chunk.parts.some((delta) => renamed.has(delta))
        ? { ...chunk, parts: chunk.parts.map((delta) => ({ ...delta, ...optional("id", renamed.get(delta)) })) }
        : chunk
    ) as unknown as Chunks
  }

  #blockAt(index: number): Block | undefined {
    return index === this.#lastIndex ? this.#last : this.#byIndex.get(index)
  }
}

/** Whether a delta has an id. Adapters write `""` for none, too. */
const hasId = <D extends { readonly id?: string | undefined }>(delta: D): delta is D & { readonly id: string } =>
  delta.id !== undefined && delta.id !== ""

/** The index of the block when a chunk is a slice of text and nothing else, otherwise -1. */
const plainTextIndex = ({ content, finish, metadata, parts, recovery, usage }: AIMessageChunk): number => {
  const [part] = parts
  return parts.length === 1 && part?.type === "text" && part.text === content && part.metadata === undefined &&
      usage === undefined && finish === undefined && metadata === undefined && recovery === undefined
    ? part.index
    : -1
}

/** Adds a delta to the block of its index. Returns false if the delta is of another kind, and so starts a new block. */
const extend = (block: Block, delta: Delta): boolean => {
  switch (delta.type) {
    case "text":
      if (block.type !== "text") return false
      block.text += delta.text
      if (delta.metadata !== undefined) block.metadata = merge(block.metadata, delta.metadata)
      return true
    case "refusal":
      if (block.type !== "refusal") return false
      block.text += delta.text
      block.metadata = merge(block.metadata, delta.metadata)
      return true
    case "reasoning":
      if (block.type !== "reasoning") return false
      block.text += delta.text
      block.signature = delta.signature ?? block.signature
      block.redacted = delta.redacted ?? block.redacted
      block.metadata = merge(block.metadata, delta.metadata)
      return true
    case "tool_call":
    case "server_tool_call":
      if (block.type !== delta.type) return false
      block.id ??= hasId(delta) ? delta.id : undefined
      block.name ??= delta.name
      block.args += delta.args
      block.end ||= delta.end === true
      block.metadata = merge(block.metadata, delta.metadata)
      return true
    case "citation":
      if (block.type !== "text") return false
      block.citations ??= []
      block.citations.push(delta.citation)
      return true
    case "unknown":
      if (block.type !== "unknown") return false
      block.raw.push(delta.raw)
      return true
    case "file":
      if (block.type !== "file") return false
      block.part = filePart(delta)
      return true
    case "server_tool_result":
      return false
  }
}

const start = (delta: Delta): Block => {
  switch (delta.type) {
    case "text":
      return { type: "text", text: delta.text, citations: undefined, metadata: delta.metadata }
    case "refusal":
      return { type: "refusal", text: delta.text, metadata: delta.metadata }
    case "reasoning":
      return {
        type: "reasoning",
        text: delta.text,
        signature: delta.signature,
        redacted: delta.redacted,
        metadata: delta.metadata
      }
    case "tool_call":
    case "server_tool_call":
      return {
        type: delta.type,
        id: hasId(delta) ? delta.id : undefined,
        name: delta.name,
        args: delta.args,
        end: delta.end === true,
        metadata: delta.metadata
      }
    case "unknown":
      return { type: "unknown", raw: [delta.raw] }
    case "citation":
      return { type: "whole", part: { type: "citation", citation: delta.citation } }
    case "server_tool_result":
      return {
        type: "whole",
        part: {
          type: "server_tool_result",
          toolCallId: delta.toolCallId,
          result: delta.result,
          ...optional("metadata", delta.metadata)
        }
      }
    case "file":
      return { type: "file", part: filePart(delta) }
  }
}

const filePart = (delta: Extract<Delta, { readonly type: "file" }>): FilePart => ({
  type: "file",
  source: delta.source satisfies Source,
  ...optional("mediaType", delta.mediaType),
  ...optional("name", delta.name),
  ...optional("metadata", delta.metadata)
})

const toPart = (block: Block, cutByLength: boolean): AIPart => {
  switch (block.type) {
    case "text":
      return {
        type: "text",
        text: block.text,
        ...optional("citations", block.citations),
        ...optional("metadata", plain(block.metadata))
      }
    case "refusal":
      return { type: "refusal", text: block.text, ...optional("metadata", plain(block.metadata)) }
    case "reasoning":
      return {
        type: "reasoning",
        text: block.text,
        ...optional("signature", block.signature),
        ...optional("redacted", block.redacted),
        ...optional("metadata", plain(block.metadata))
      }
    case "unknown":
      return { type: "unknown", raw: block.raw }
    case "file":
    case "whole":
      return block.part
    case "tool_call":
    case "server_tool_call":
      return toCall(block, cutByLength)
  }
}

const toCall = (
  block: Extract<Block, { readonly type: "tool_call" | "server_tool_call" }>,
  cutByLength: boolean
): AIPart => {
  const call = { id: block.id ?? "", name: block.name ?? "", ...optional("metadata", plain(block.metadata)) }
  const args = !block.end
    ? { reason: "the call was cut off" }
    : block.type === "tool_call" && call.name === ""
    ? { reason: "the call names no tool" }
    : parseArgs(block.args, cutByLength)
  if ("value" in args) {
    const text = losesNumbers(block.args) ? block.args : undefined
    return { type: block.type, ...call, args: args.value, ...optional("text", text) }
  }
  return block.type === "tool_call"
    ? { type: "invalid_tool_call", ...call, text: block.args, reason: args.reason }
    : { type: "server_tool_call", ...call, args: null, text: block.args }
}

/** Empty text is a call without arguments, unless a token limit ended the message before the first argument. */
const parseArgs = (text: string, cutByLength: boolean) => {
  if (text.trim() === "") return cutByLength ? { reason: "a token limit cut the call off" } : { value: {} }
  if (isDeeperThan(text, limitsOf(undefined).maxDepth)) return { reason: "the arguments are nested too deeply" }
  try {
    return { value: parseJson(text) as UnknownRaw } // what it parses is JSON
  } catch {
    return { reason: cutByLength ? "a token limit cut the call off" : "the arguments are not valid JSON" }
  }
}

const merge = (a: MergedMetadata | undefined, b: Metadata | undefined): MergedMetadata | undefined => {
  if (a === undefined || b === undefined) return a ?? b
  const all = a instanceof Map ? a : new Map(Object.entries(a))
  for (const [name, value] of Object.entries(b)) all.set(name, value)
  return all
}

const plain = (metadata: MergedMetadata | undefined): Metadata | undefined =>
  metadata instanceof Map ? Object.fromEntries(metadata) : metadata
