/**
 * Follows tool calls while a model writes them. Only `Tool.partialCalls` uses it. It must not import agents. Its cost
 * is linear in the text of the arguments.
 */
import type { Json } from "effect/Schema"
import type { AIMessageChunk, ToolCallDelta } from "../../AIMessageChunk.ts"
import { JsonText } from "../json/text.ts"
import { restarts } from "../message/chunk.ts"

/** A tool call so far. `whole` is set when the call is complete and its arguments are JSON. */
export interface PartialCallValue {
  readonly id: string
  readonly name: string
  readonly args: Json
  readonly whole: boolean
}

interface Call {
  readonly id: string
  readonly name: string
  readonly text: JsonText
  args: Json
  blank: boolean
  ended: boolean
}

/** Reads the calls of some tools from the chunks of messages. It is mutable and reads one stream. */
export class PartialCalls {
  readonly #names: ReadonlySet<string>
  /** The calls of the current message, by the index of their block. */
  readonly #calls = new Map<number, Call>()
  /**
   * A call that has ended without arguments. Only the next part or the finish shows whether it really has none or was
   * cut off by a token limit.
   */
  #withoutArguments: { readonly index: number; readonly call: Call } | undefined

  constructor(names: Iterable<string>) {
    this.#names = new Set(names)
  }

  /** Reads the next chunk and returns the states of calls that it changed. */
  read(chunk: AIMessageChunk): Array<PartialCallValue> {
    const shown: Array<PartialCallValue> = []
    if (restarts(chunk)) {
      this.#withoutArguments = undefined
      this.#calls.clear()
    }
    for (const part of chunk.parts) {
      if (part.index !== this.#withoutArguments?.index) this.#settle(shown)
      if (part.type === "tool_call") this.#slice(part, shown)
      else this.#calls.delete(part.index)
    }
    if (chunk.finish !== undefined) {
      if (chunk.finish.reason !== "length") this.#settle(shown)
      this.#withoutArguments = undefined
      this.#calls.clear()
    }
    return shown
  }

  #slice({ args, end, id = "", index, name = "" }: ToolCallDelta, shown: Array<PartialCallValue>): void {
    const begun = this.#calls.get(index)
    if (begun === undefined && !this.#names.has(name)) return
    const call = begun ?? { id, name, text: new JsonText(undefined), args: {}, blank: true, ended: false }
    if (call.ended) return
    this.#calls.set(index, call)
    call.text.push(args)
    call.blank &&= args.trim() === ""
    call.ended = end === true
    if (call.ended && call.blank) this.#withoutArguments = { index, call }
    const value = call.text.next()
    if (call.ended && call.text.end()) return void shown.push(show(call, call.text.whole ?? call.args, true))
    // Once the arguments cannot be read, the last state stays.
    if (call.text.failure !== undefined && !call.blank) return
    if (begun === undefined || value !== undefined) shown.push(show(call, value ?? call.args, false))
  }

  /** Completes a call without arguments when something follows it. */
  #settle(shown: Array<PartialCallValue>): void {
    if (this.#withoutArguments !== undefined) shown.push(show(this.#withoutArguments.call, {}, true))
    this.#withoutArguments = undefined
  }
}

const show = (call: Call, args: Json, whole: boolean): PartialCallValue => {
  call.args = args
  return { id: call.id, name: call.name, args, whole }
}
