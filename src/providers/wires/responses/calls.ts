/**
 * The calls in the output of a response while it arrives, and the results of those that OpenAI runs. Called by
 * `output.ts`.
 */
import type { Delta } from "../../../AIMessageChunk.ts"
import { ArgumentSlices, restOf, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { Metadata } from "../../../Message.ts"
import { callId, callKind } from "./callKinds.ts"
import type { CallKind } from "./callKinds.ts"
import { named, unlike } from "./itemFields.ts"
import { JsonStringSlices, opening } from "./jsonStringSlices.ts"
import type { CallBlock, Deltas, Item } from "./state.ts"

/** The calls of one response. */
export class Calls {
  /** Whether a later copy of some arguments differed from the emitted ones. */
  disagrees = false
  /** The ids of calls that the app has to answer. */
  readonly waiting = new Set<string>()
  readonly #nextIndex: () => number
  #lastOfServer = ""

  constructor(nextIndex: () => number) {
    this.#nextIndex = nextIndex
  }

  /** The start of a call. */
  begin(item: Item, kind: CallKind): Deltas {
    const id = callId(item.start)
    const answered = kind.answered(item.start)
    const name = kind.name(item.start)
    const given = kind.held.includes("arguments") ? stringAt(item.start, "arguments") ?? "" : ""
    const block: CallBlock = {
      type: answered ? "tool_call" : "server_tool_call",
      index: this.#nextIndex(),
      name,
      args: new ArgumentSlices(),
      slices: undefined
    }
    block.args.push(given)
    item.call = block
    if (answered || item.type === "mcp_approval_request") this.waiting.add(id)
    else this.#lastOfServer = id
    return [{
      type: block.type,
      index: block.index,
      id,
      ...(name === "" ? undefined : { name }),
      args: block.args.text,
      metadata: {
        item: restOf(item.start, kind.held) ?? {},
        // Chat Completions uses the same word, and the call may go there.
        ...(item.type === "custom_tool_call" ? { type: "custom" } : undefined)
      }
    }]
  }

  /** The end of a call, with the missing end of its arguments, its results and its image. */
  finish(item: Item, kind: CallKind, json: JsonObject): Deltas {
    if (item.call === undefined) item.start = json
    const start = item.call === undefined ? this.begin(item, kind) : []
    const block = item.call
    if (block === undefined) return []
    const args = this.#missing(block, kind.args(json))
    const results = kind.results.flatMap((field) => {
      const value = json[field]
      return value === undefined || value === null
        ? []
        : [this.#result(callId(json), value, { item: named(json), field })]
    })
    const image = item.type === "image_generation_call" ? stringAt(json, "result") ?? "" : ""
    const name = block.name === "" ? kind.name(json) : ""
    block.args.push(args)
    return [
      ...start,
      {
        type: block.type,
        index: block.index,
        ...(name === "" ? undefined : { name }),
        args,
        end: true,
        metadata: { item: { ...restOf(json, [...kind.held, ...kind.results]), ...unlike(kind, block.args.text, json) } }
      },
      ...results,
      ...(image === "" ? [] : [this.#image(item, image, json, { field: "result" })])
    ]
  }

  /** A slice of the arguments: JSON text, or with `raw` text for inside a JSON string. */
  slice(item: Item, slice: string, raw: boolean): Deltas {
    const block = item.call
    if (block === undefined) return []
    return this.#add(block, raw ? inString(item, block, slice) : slice)
  }

  /** The start of the next command of a shell. */
  command(item: Item): Deltas {
    return item.call?.slices === undefined ? [] : this.#add(item.call, "\",\"")
  }

  /** The complete arguments, in the fields that the item will have. */
  complete(item: Item, fields: JsonObject): Deltas {
    const block = item.call
    const kind = callKind(item.type)
    if (block === undefined || kind === undefined) return []
    const rest = this.#missing(block, kind.args({ ...item.start, ...fields, type: item.type }))
    return rest === "" ? [] : this.#add(block, rest)
  }

  /** A preview of an image. */
  preview(item: Item, data: string, facts: JsonObject): Delta {
    return this.#image(item, data, facts, { partial_image_index: facts["partial_image_index"] ?? 0 })
  }

  /** The output of a call that OpenAI ran. Without the id of the call, it belongs to the last one. */
  output(item: Item, json: JsonObject, field: string): Delta {
    const own = stringAt(json, "call_id") ??
      (item.type === "local_shell_call_output" ? stringAt(json, "id") : undefined)
    const id = own ?? this.#lastOfServer
    this.waiting.delete(id)
    return this.#result(id, json[field] ?? null, { item: restOf(json, [field]) ?? {}, field })
  }

  #result(toolCallId: string, result: JsonObject[string], metadata: Metadata): Delta {
    return { type: "server_tool_result", index: this.#nextIndex(), toolCallId, result, metadata }
  }

  /** An image or a preview of it. All have one index, so that each replaces the one before. */
  #image(item: Item, data: string, facts: JsonObject, metadata: Metadata): Delta {
    const format = stringAt(facts, "output_format") ?? "png"
    item.image ??= this.#nextIndex()
    return {
      type: "file",
      index: item.image,
      source: { type: "base64", data },
      mediaType: `image/${format === "svg" ? "svg+xml" : format}`,
      metadata: { item: named(item.start), ...metadata }
    }
  }

  #add(block: CallBlock, args: string): Deltas {
    const added = block.args.push(args)
    return added === "" ? [] : [{ type: block.type, index: block.index, args: added }]
  }

  /** The end of the complete arguments that has not been emitted. */
  #missing(block: CallBlock, args: string): string {
    if (args.startsWith(block.args.text)) return args.slice(block.args.text.length)
    this.disagrees = true
    return ""
  }
}

const inString = (item: Item, block: CallBlock, slice: string): string => {
  const start = block.slices === undefined ? opening(item.type, item.start) : ""
  block.slices ??= new JsonStringSlices()
  return start + block.slices.push(slice)
}
