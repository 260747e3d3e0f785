/**
 * Assembles the slices of tool calls in Chat Completions. Called by the decoder. Keeps the arguments of every open
 * call, as their end tells whether a slice begins another call.
 */
import type { ToolCallDelta } from "../../../AIMessageChunk.ts"
import { optional } from "../../../internal/optional.ts"
import { isObject, numberAt, objectAt, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"

/** A tool call while its slices arrive. */
interface Call {
  readonly index: number
  /** The index of the server. */
  readonly at: number | undefined
  readonly id: string
  name: string | undefined
  /** Whether the tool is a custom one. Its input is free text, emitted as a JSON string. */
  readonly custom: boolean
  args: string
}

/**
 * The tool calls of one message. OpenAI sends the index with each slice, the id and the name once. Compatible servers
 * omit the index, share it between two calls or start at 1, and send a new id with each slice or none at all.
 */
export class ToolCalls {
  readonly #calls: Array<Call> = []
  readonly #byIndex = new Map<number, Call>()
  readonly #byId = new Map<string, Call>()
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
    for (const slice of slices) if (isObject(slice)) deltas.push(...this.#slice(slice, nextIndex, messageId))
    return deltas
  }

  /** The end of the message ends all calls. */
  end(): ReadonlyArray<ToolCallDelta> {
    if (this.#ended) return []
    this.#ended = true
    return this.#calls.map(({ args, custom, index }) => ({
      type: "tool_call",
      index,
      args: custom ? args === "" ? "\"\"" : "\"" : "",
      end: true
    }))
  }

  #slice(slice: JsonObject, nextIndex: () => number, messageId: string): ReadonlyArray<ToolCallDelta> {
    const custom = objectAt(slice, "custom")
    const fn = custom ?? objectAt(slice, "function") ?? {}
    const id = nonEmpty(stringAt(slice, "id"))
    const name = nonEmpty(stringAt(fn, "name"))
    const args = argsOf(custom === undefined ? fn["arguments"] : fn["input"])
    const at = numberAt(slice, "index")
    const known = this.#find(at, id, name)
    const call = known ?? {
      index: nextIndex(),
      at,
      id: id ?? `call_${messageId}${messageId === "" ? "" : "_"}${this.#calls.length}`,
      name,
      custom: custom !== undefined,
      args: ""
    }
    if (known === undefined) {
      this.#calls.push(call)
      this.#byId.set(call.id, call)
    }
    if (at !== undefined) this.#byIndex.set(at, call)
    this.#together.add(call)
    const opening = call.custom && call.args === "" && args !== "" ? "\"" : ""
    call.args += args
    const text = call.custom ? opening + JSON.stringify(args).slice(1, -1) : args
    if (known !== undefined) {
      const late = known.name === undefined && name !== undefined ? { name } : undefined
      known.name ??= name
      return text === "" && late === undefined ? [] : [{ type: "tool_call", index: call.index, ...late, args: text }]
    }
    return [{
      type: "tool_call",
      index: call.index,
      id: call.id,
      ...optional("name", name),
      args: text,
      ...(call.custom ? { metadata: { type: "custom" } } : undefined)
    }]
  }

  /** The call that a slice continues; undefined if it begins one. */
  #find(at: number | undefined, id: string | undefined, name: string | undefined): Call | undefined {
    const same = id === undefined ? undefined : this.#byId.get(id)
    // A known id distinguishes calls that share an index.
    if (same !== undefined && same.at === at) return same
    const call = at === undefined ? same ?? this.#calls.at(-1) : this.#byIndex.get(at)
    if (call === undefined || call === same) return call
    return begins(call, id, name, this.#together.has(call)) ? undefined : call
  }
}

/**
 * Whether a slice with the index of a call begins another call. It does if it names a tool and has another id, and,
 * for the same tool, if both have slices in one chunk or the arguments of the call are complete.
 */
const begins = (call: Call, id: string | undefined, name: string | undefined, together: boolean): boolean =>
  name !== undefined && call.name !== undefined && (id === undefined || id !== call.id) &&
  (name !== call.name || together || (!call.custom && isComplete(call.args)))

/** Whether arguments are a complete JSON object. The last character rules out most that are not. */
const isComplete = (text: string): boolean => {
  if (!text.endsWith("}")) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const nonEmpty = (text: string | undefined): string | undefined => text === "" ? undefined : text

/** Arguments as JSON text. Some servers send the object itself. */
const argsOf = (value: JsonObject[string] | undefined): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value)
