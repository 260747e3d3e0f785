/**
 * Assembles the slices of tool calls in Chat Completions. Called by the decoder. The cost of a slice does not depend on
 * what came before it: the arguments are looked at as a whole only if they are told once more.
 */
import type { ToolCallDelta } from "../../../AIMessageChunk.ts"
import {
  addFields,
  ArgumentSlices,
  isObject,
  numberAt,
  objectAt,
  restOf,
  stringAt
} from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"

/** A tool call while its slices arrive. */
interface Call {
  readonly index: number
  /** The index of the server. */
  readonly at: number | undefined
  readonly id: string
  name: string
  /** Whether its name has been emitted. */
  named: boolean
  /** Whether the tool is a custom one. Its input is free text, emitted as a JSON string. */
  readonly custom: boolean
  readonly args: ArgumentSlices
  /** Fields without a name here, which go back in the next request, and whether all of them have been emitted. */
  fields: JsonObject | undefined
  told: boolean
}

/**
 * The tool calls of one message. OpenAI sends the index with each slice, the id and the name once. Compatible servers
 * omit the index, share it between two calls, start at 1 or count it up with each slice, send a new id with each slice
 * or none at all, cut the name into pieces, and tell a call once more as a whole.
 */
export class ToolCalls {
  readonly #calls: Array<Call> = []
  readonly #byIndex = new Map<number, Call>()
  readonly #byId = new Map<string, Call>()
  /** The call of the last slice. */
  #last: Call | undefined
  /** The call whose first delta is held back until its arguments begin, as its name may come in pieces. */
  #held: Call | undefined
  /** The calls that have slices in the current chunk. */
  readonly #together = new Set<Call>()
  #ended = false

  get any(): boolean {
    return this.#calls.length > 0
  }

  /** Takes the slices of one chunk. `nextIndex` numbers new blocks; `messageId` makes ids for calls without one. */
  push(slices: ReadonlyArray<unknown>, nextIndex: () => number, messageId: string): ReadonlyArray<ToolCallDelta> {
    const deltas: Array<ToolCallDelta> = []
    this.#together.clear()
    for (const slice of slices) if (isObject(slice)) this.#slice(slice, nextIndex, messageId, deltas)
    return deltas
  }

  /** The delta that was held back. */
  flush(): ReadonlyArray<ToolCallDelta> {
    const held = this.#held
    return held === undefined ? [] : [this.#first(held, "")]
  }

  /** The end of the message ends all calls. */
  end(): ReadonlyArray<ToolCallDelta> {
    if (this.#ended) return []
    this.#ended = true
    const ends = this.#calls.map((call): ToolCallDelta => ({
      type: "tool_call",
      index: call.index,
      args: call.custom ? call.args.empty ? "\"\"" : "\"" : call.args.rest(),
      end: true,
      ...(call.told || call.fields === undefined ? undefined : { metadata: { fields: call.fields } })
    }))
    return [...this.flush(), ...ends]
  }

  #slice(slice: JsonObject, nextIndex: () => number, messageId: string, deltas: Array<ToolCallDelta>): void {
    const custom = objectAt(slice, "custom")
    const fn = custom ?? objectAt(slice, "function") ?? {}
    const id = stringAt(slice, "id") ?? ""
    const name = stringAt(fn, "name") ?? ""
    const args = argsOf(custom === undefined ? fn["arguments"] : fn["input"])
    const at = numberAt(slice, "index")
    const known = this.#find({ at, id, name, args })
    if (known === undefined && id === "" && name === "" && args.trim() === "") return
    if (known === undefined) deltas.push(...this.flush())
    const call = known ?? {
      index: nextIndex(),
      at,
      id: id === "" ? `call_${messageId}${messageId === "" ? "" : "_"}${this.#calls.length}` : id,
      name,
      named: false,
      custom: custom !== undefined,
      args: new ArgumentSlices(),
      fields: undefined,
      told: true
    }
    if (at !== undefined) this.#byIndex.set(at, call)
    this.#last = call
    this.#together.add(call)
    // A name in pieces goes on until the arguments begin. One that is told again, or grows, is no piece.
    const late = !call.named && name !== ""
    if (late) call.name = name.startsWith(call.name) ? name : call.name + name
    const text = call.custom ? customText(call, args) : call.args.push(args)
    const fields = fieldsOf(slice, fn)
    if (fields !== undefined) {
      call.fields = addFields(call.fields, fields)
      call.told = false
    }
    if (known === undefined) {
      this.#calls.push(call)
      this.#byId.set(call.id, call)
      this.#held = call
    }
    if (this.#held === call) {
      if (text !== "") deltas.push(this.#first(call, text))
    } else if (text !== "" || late) {
      deltas.push({ type: "tool_call", index: call.index, ...(late ? { name } : undefined), args: text })
      if (late) call.named = true
    }
  }

  /** The first delta of a call. */
  #first(call: Call, args: string): ToolCallDelta {
    if (this.#held === call) this.#held = undefined
    call.named = call.name !== ""
    call.told = true
    const metadata = {
      ...(call.custom ? { type: "custom" } : undefined),
      ...(call.fields === undefined ? undefined : { fields: { ...call.fields } })
    }
    return {
      type: "tool_call",
      index: call.index,
      id: call.id,
      ...(call.named ? { name: call.name } : undefined),
      args,
      ...(Object.keys(metadata).length === 0 ? undefined : { metadata })
    }
  }

  /** The call that a slice continues; undefined if it begins one. */
  #find(slice: Slice): Call | undefined {
    const { at, id, name } = slice
    const same = id === "" ? undefined : this.#byId.get(id)
    const call = at === undefined ? same ?? this.#last : this.#byIndex.get(at)
    if (call !== undefined && call.id === id) return call
    // A known id distinguishes calls that share an index, and tells slices of one call that are counted.
    if (same !== undefined && (same.at === at || this.#continues(same, slice))) return same
    if (call !== undefined) return begins(call, slice, this.#together.has(call)) ? undefined : call
    // A slice that names no tool goes on with the call before it, if that is not complete. So does one with an id of its
    // own in the midst of arguments.
    const last = this.#last
    if (last === undefined || name !== "") return undefined
    return (id === "" ? last.custom || !last.args.ended || !last.args.begun : last.args.begun && !last.args.ended)
      ? last
      : undefined
  }

  /** Whether a slice with the id of a call, but with another index, belongs to it. Two calls may have one id. */
  #continues(call: Call, { name }: Slice): boolean {
    if (name === "") return true
    return name === call.name && !this.#together.has(call) && !call.args.ended
  }
}

interface Slice {
  readonly at: number | undefined
  readonly id: string
  readonly name: string
  readonly args: string
}

/**
 * Whether a slice that could belong to a call begins another call. It does if it names a tool and has another id, and,
 * for the same tool, if both have slices in one chunk or the arguments of the call are complete. Without an id it does
 * if it names another tool once the arguments have begun, or tells other arguments.
 */
const begins = (call: Call, { args, id, name }: Slice, together: boolean): boolean => {
  if (name === "" || call.name === "") return false
  if (together) return true
  if (id === "" && !call.named && call.args.empty) return false
  if (name !== call.name) return true
  return !call.custom && call.args.ended && (id !== "" || (args !== "" && !call.args.isSame(args)))
}

/** The new part of an input that is free text, as the next slice of a JSON string. */
const customText = (call: Call, input: string): string => {
  if (input === "") return ""
  const opening = call.args.empty ? "\"" : ""
  call.args.push(input)
  return opening + JSON.stringify(input).slice(1, -1)
}

/** The fields of a call without a name here, and those of its function. */
const fieldsOf = (slice: JsonObject, fn: JsonObject): JsonObject | undefined => {
  const fields = restOf(slice, ["index", "id", "type", "function", "custom"])
  const inner = restOf(fn, ["name", "arguments", "input"])
  return inner === undefined ? fields : { ...fields, function: inner }
}

/** Arguments as JSON text. Some servers send the object itself. */
const argsOf = (value: JsonObject[string] | undefined): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value)
