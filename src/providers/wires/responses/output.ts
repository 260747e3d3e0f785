/**
 * The output of a response while it arrives: its items, their blocks, and how much of each has been emitted. Called by
 * the decoder.
 *
 * A response sends most of its content three times: in slices, in the event that ends a part or an item, and in the
 * snapshot at the end. Emitted content is never changed: a later copy only adds the missing end of a block, and blocks
 * and items that were missing. If a copy differs, `disagrees` is set.
 */
import * as Equal from "effect/Equal"
import type { Delta } from "../../../AIMessageChunk.ts"
import { optional } from "../../../internal/optional.ts"
import { isObject, numberAt, objectAt, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { Metadata } from "../../../Message.ts"
import { callKind, outputField } from "./callKinds.ts"
import { Calls } from "./calls.ts"
import type { Outcome } from "./finish.ts"
import { comparable, extrasOf, identity, toCitation } from "./itemFields.ts"
import { makeItem } from "./state.ts"
import type { Deltas, Item, PartBlock } from "./state.ts"

/** The items of one response. */
export class Output {
  #disagrees = false
  #refused = false
  #nextIndex = 0
  readonly #items: Array<Item> = []
  /** Items by their id. If an id is used again, the later item. */
  readonly #byId = new Map<string, Item>()
  /** Calls by the id that their answer refers to. */
  readonly #byCall = new Map<string, Item>()
  /** Items that were not complete when they were looked at last, by their type. */
  readonly #incomplete = new Map<string, Array<Item>>()
  /** Items by their `output_index`. If an index is used again, the later item. */
  readonly #places = new Map<number, Item>()
  /** Indices of unknown parts, by their item or by the name of their event. */
  readonly #unknown = new Map<Item | string, number>()
  readonly #calls = new Calls(() => this.#nextIndex++)

  /** Whether any item has begun. */
  get any(): boolean {
    return this.#items.length > 0
  }

  /** Whether a later copy of some content differed from the emitted one. */
  get disagrees(): boolean {
    return this.#disagrees || this.#calls.disagrees
  }

  /** The facts about the output that decide the finish. */
  get outcome(): Outcome {
    return { waits: this.#calls.waiting.size > 0, refused: this.#refused }
  }

  // ---------------------------------------------------------------------------
  // items
  // ---------------------------------------------------------------------------

  /** The start of an item. */
  added(event: JsonObject, json: JsonObject): Deltas {
    const known = this.#byId.get(stringAt(json, "id") ?? "")
    // Some servers send the event again.
    const again = known?.type === json["type"] && known?.done === undefined
    return again ? [] : this.#begin(this.#item(event, json), json)
  }

  /** The end of an item, with all of its content. */
  done(event: JsonObject, json: JsonObject): Deltas {
    const item = this.#find(event, stringAt(json, "type") ?? "")
    return item === undefined ? this.#whole(event, json) : this.#complete(item, json)
  }

  /**
   * The complete output in the last event. Its items are found by id, or by that of their call. Some servers use other
   * ids here, and some omit items, so otherwise the place counts, and then the type.
   */
  snapshot(output: ReadonlyArray<JsonObject[string]>): Deltas {
    const byType = new Map<string, Array<Item>>()
    for (const item of this.#items.toReversed()) {
      const like = byType.get(item.type)
      if (like === undefined) byType.set(item.type, [item])
      else like.push(item)
    }
    const met = new Set<Item>()
    return output.flatMap((json, at) => {
      if (!isObject(json)) return []
      const type = stringAt(json, "type") ?? ""
      const fits = (item: Item | undefined) =>
        item?.type === type && !met.has(item) && sameCall(item.start, json) ? item : undefined
      let item = fits(this.#named(json)) ?? fits(this.#places.get(at))
      const like = byType.get(type) ?? []
      while (item === undefined && like.length > 0) item = fits(like.pop())
      if (item !== undefined) met.add(item)
      return item === undefined ? this.#whole({}, json) : this.#complete(item, json)
    })
  }

  /** A complete copy of an item. The first one counts; later ones are only compared. */
  #complete(item: Item, json: JsonObject): Deltas {
    if (item.done === undefined) return this.#finish(item, json)
    if (!Equal.equals(comparable(item.done), comparable(json))) this.#disagrees = true
    return []
  }

  #whole(event: JsonObject, json: JsonObject): Deltas {
    const item = this.#item(event, json)
    return [...this.#begin(item, json), ...this.#finish(item, json)]
  }

  #item(event: JsonObject, start: JsonObject): Item {
    const type = stringAt(start, "type") ?? ""
    const item = makeItem(type, start)
    this.#items.push(item)
    const incomplete = this.#incomplete.get(type)
    if (incomplete === undefined) this.#incomplete.set(type, [item])
    else incomplete.push(item)
    const id = stringAt(start, "id")
    if (id !== undefined) this.#byId.set(id, item)
    const callId = stringAt(start, "call_id")
    if (callId !== undefined) this.#byCall.set(callId, item)
    const at = numberAt(event, "output_index")
    if (at !== undefined) this.#places.set(at, item)
    return item
  }

  #begin(item: Item, json: JsonObject): Deltas {
    const { type } = item
    const kind = callKind(type)
    if (kind !== undefined) {
      // Without its id nothing could answer a call, so it begins with its end.
      const early = kind.answered(json) && kind.held.includes("call_id") && stringAt(json, "call_id") === undefined
      return early ? [] : this.#calls.begin(item, kind)
    }
    if (type === "message") return this.#parts(item, "content", json["content"], undefined)
    if (type === "reasoning") {
      item.free = this.#block("reasoning")
      item.free.shown = true
      return [{ type: "reasoning", index: item.free.index, text: "", metadata: { item: identity(json) } }]
    }
    return outputField(type) === undefined ? this.unknown(item, json) : []
  }

  #finish(item: Item, json: JsonObject): Deltas {
    item.done = json
    const kind = callKind(item.type)
    if (kind !== undefined) return this.#calls.finish(item, kind, json)
    switch (item.type) {
      case "message":
        return this.#parts(item, "content", json["content"], identity(json))
      case "reasoning":
        return this.#finishReasoning(item, json)
    }
    const field = outputField(item.type)
    if (field === undefined) return this.unknown(item, json)
    return [this.#calls.output(item, json, field)]
  }

  #finishReasoning(item: Item, json: JsonObject): Deltas {
    const parts = [
      ...this.#parts(item, "summary", json["summary"], undefined),
      ...this.#parts(item, "content", json["content"], undefined)
    ]
    const first = item.free ?? item.parts.values().next().value
    if (first === undefined) return parts
    const redacted = stringAt(json, "encrypted_content")
    return [...parts, {
      type: "reasoning",
      index: first.index,
      text: "",
      ...optional("redacted", redacted),
      metadata: { item: identity(json) }
    }]
  }

  // ---------------------------------------------------------------------------
  // parts of messages and of reasoning
  // ---------------------------------------------------------------------------

  /** A slice of text; undefined if its block is of another kind. */
  slice(event: JsonObject, type: "text" | "refusal", slice: string, extras: Metadata | undefined): Deltas | undefined {
    const item = this.#require(event, "message")
    const block = this.#open(item, contentKey(event), type)
    if (block.type !== type) return undefined
    const metadata = extras === undefined ? undefined : { delta: extras }
    return [this.#show(item, block, slice, metadata)]
  }

  /** A slice of a reasoning summary, or of the reasoning itself. */
  reasoning(event: JsonObject, part: "summary_text" | "reasoning_text", slice: string): Deltas {
    const item = this.#require(event, "reasoning")
    const block = this.#open(item, part === "summary_text" ? summaryKey(event) : contentKey(event), "reasoning")
    return [this.#show(item, block, slice, block.text === "" ? { type: part } : undefined)]
  }

  /** A complete part, or its complete text: gives what has not been emitted. */
  part(event: JsonObject, part: JsonObject): Deltas {
    const summary = "summary_index" in event
    const item = this.#require(event, summary || part["type"] === "reasoning_text" ? "reasoning" : "message")
    return this.#settle(item, summary ? summaryKey(event) : contentKey(event), part, undefined)
  }

  /** An annotation of a text. */
  citation(event: JsonObject, annotation: JsonObject): Deltas {
    const item = this.#require(event, "message")
    const block = this.#open(item, contentKey(event), "text")
    // The first delta of a block fixes its kind.
    const start = block.shown ? [] : [this.#show(item, block, "", undefined)]
    block.citations++
    return [...start, { type: "citation", index: block.index, citation: toCitation(annotation) }]
  }

  /** The block that slices of this text go to. */
  textBlock(event: JsonObject): PartBlock | undefined {
    return this.#find(event, "message")?.parts.get(contentKey(event))
  }

  #parts(item: Item, field: string, parts: JsonObject[string] | undefined, whole: JsonObject | undefined): Deltas {
    return !Array.isArray(parts) ?
      [] :
      parts.flatMap((part, i) => isObject(part) ? this.#settle(item, `${field} ${i}`, part, whole) : [])
  }

  /** Emits the rest of a part. `whole` is the identity of the item if it is complete. */
  #settle(item: Item, key: string, part: JsonObject, whole: JsonObject | undefined): Deltas {
    const type = partTypes.get(stringAt(part, "type") ?? "")
    if (type === undefined) {
      // An unknown part is emitted once, when it is complete.
      return whole === undefined ? [] : this.unknown(`${key} of ${String(whole["id"])}`, { ...part, item: whole })
    }
    const block = this.#open(item, key, type)
    if (block.type !== type) {
      this.#disagrees = true
      return []
    }
    const text = stringAt(part, "text") ?? stringAt(part, "refusal") ?? ""
    if (!text.startsWith(block.text)) this.#disagrees = true
    const rest = text.startsWith(block.text) ? text.slice(block.text.length) : ""
    const annotations = Array.isArray(part["annotations"]) ? part["annotations"].slice(block.citations) : []
    block.citations += annotations.length
    const citations = annotations.filter(isObject).map((annotation): Delta => ({
      type: "citation",
      index: block.index,
      citation: toCitation(annotation)
    }))
    if (whole === undefined && rest === "" && (citations.length === 0 || block.shown)) return citations
    const metadata = type === "reasoning"
      ? block.text === "" ? { type: part["type"] ?? "", ...extrasOf(part, partFields) } : undefined
      : whole === undefined
      ? undefined
      : { item: whole, ...extrasOf(part, partFields) }
    return [this.#show(item, block, rest, metadata), ...citations]
  }

  /** A delta of a block. The first one has the item of the block in its metadata. */
  #show(item: Item, block: PartBlock, text: string, metadata: Metadata | undefined): Delta {
    const fields = block.shown ? metadata : { item: identity(item.start), ...metadata }
    block.shown = true
    block.text += text
    return { type: block.type, index: block.index, text, ...optional("metadata", fields) }
  }

  #open(item: Item, key: string, type: PartBlock["type"]): PartBlock {
    const known = item.parts.get(key)
    if (known !== undefined) return known
    const block = item.free ?? this.#block(type)
    item.free = undefined
    item.parts.set(key, block)
    if (type === "refusal") this.#refused = true
    return block
  }

  #block(type: PartBlock["type"]): PartBlock {
    return { type, index: this.#nextIndex++, text: "", shown: false, citations: 0 }
  }

  // ---------------------------------------------------------------------------
  // calls
  // ---------------------------------------------------------------------------

  /** A slice of the arguments of a call: JSON text, or with `raw` text for inside a JSON string. */
  args(event: JsonObject, type: string, slice: string, raw: boolean): Deltas {
    return this.#calls.slice(this.#require(event, type), slice, raw)
  }

  /** The start of the next command of a shell. */
  command(event: JsonObject): Deltas {
    return this.#calls.command(this.#require(event, "shell_call"))
  }

  /** The complete arguments of a call, in the fields that its item will have. */
  completeArgs(event: JsonObject, type: string): Deltas {
    return this.#calls.complete(this.#require(event, type), event)
  }

  /** A preview of an image. */
  preview(event: JsonObject, data: string): Deltas {
    return [this.#calls.preview(this.#require(event, "image_generation_call"), data, event)]
  }

  // ---------------------------------------------------------------------------
  // the rest
  // ---------------------------------------------------------------------------

  /** Unknown content. Content of the same item or event joins one part. */
  unknown(kind: Item | string, raw: JsonObject): Deltas {
    const index = this.#unknown.get(kind) ?? this.#nextIndex++
    this.#unknown.set(kind, index)
    return [{ type: "unknown", index, raw }]
  }

  /** The item that has the id of an item, or that of its call. */
  #named(json: JsonObject): Item | undefined {
    return this.#byId.get(stringAt(json, "id") ?? "") ?? this.#byCall.get(stringAt(json, "call_id") ?? "")
  }

  /** The last item of a type that is not complete. */
  #lastOpen(type: string): Item | undefined {
    const open = this.#incomplete.get(type) ?? []
    while (open.at(-1)?.done !== undefined) open.pop()
    return open.at(-1)
  }

  /**
   * The item of an event, of this type. `item_id` decides if it names a known item. Routers send ids that no item has,
   * and count `output_index` wrongly; then it is the item at that place, or else the last one that is not complete.
   */
  #find(event: JsonObject, type: string): Item | undefined {
    const json = objectAt(event, "item")
    const fits = (item: Item | undefined) =>
      item?.type === type && (json === undefined || sameCall(item.start, json)) ? item : undefined
    const named = json === undefined ? this.#byId.get(stringAt(event, "item_id") ?? "") : this.#named(json)
    const placed = this.#places.get(numberAt(event, "output_index") ?? -1)
    // A complete item that comes again is the same if it has the same id, and another one if it only has its place.
    return fits(named) ?? (json === undefined || placed?.done === undefined ? fits(placed) : undefined) ??
      fits(this.#lastOpen(type))
  }

  /** The item of an event, begun here if the server omitted its start. */
  #require(event: JsonObject, type: string): Item {
    const id = stringAt(event, "item_id")
    return this.#find(event, type) ?? this.#item(event, { type, ...optional("id", id) })
  }
}

/** Whether two copies of an item may be of one call. */
const sameCall = ({ call_id: a }: JsonObject, { call_id: b }: JsonObject): boolean =>
  a === b || a === undefined || b === undefined

const contentKey = (event: JsonObject): string => `content ${numberAt(event, "content_index") ?? 0}`
const summaryKey = (event: JsonObject): string => `summary ${numberAt(event, "summary_index") ?? 0}`

const partTypes = new Map<string, PartBlock["type"]>([
  ["output_text", "text"],
  ["refusal", "refusal"],
  ["summary_text", "reasoning"],
  ["reasoning_text", "reasoning"]
])
const partFields = ["type", "text", "refusal", "annotations"]
