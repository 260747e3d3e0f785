import type { Json } from "effect/Schema"
import type { AIMessageChunk, ToolCallDelta } from "../../AIMessageChunk.ts"
import { JsonText } from "../json/text.ts"

/** A call as far as it has come. */
export interface Shown {
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

/** Reads the calls of some tools off the chunks of messages, in their order. */
export class PartialCalls {
  readonly #names: ReadonlySet<string>
  /** The calls of the message, by the index of their block. */
  readonly #calls = new Map<number, Call>()
  /**
   * A call that has ended without arguments. It has none, if it was not cut off by a limit: only what follows tells.
   */
  #without: { readonly index: number; readonly call: Call } | undefined

  constructor(names: Iterable<string>) {
    this.#names = new Set(names)
  }

  read(chunk: AIMessageChunk): Array<Shown> {
    const shown: Array<Shown> = []
    for (const part of chunk.parts) {
      if (part.index !== this.#without?.index) this.#settle(shown)
      if (part.type === "tool_call") this.#slice(part, shown)
      else this.#calls.delete(part.index)
    }
    if (chunk.finish !== undefined) {
      if (chunk.finish.reason !== "length") this.#settle(shown)
      this.#without = undefined
      this.#calls.clear()
    }
    return shown
  }

  #slice({ args, end, id = "", index, name = "" }: ToolCallDelta, shown: Array<Shown>): void {
    const begun = this.#calls.get(index)
    if (begun === undefined && !this.#names.has(name)) return
    const call = begun ?? { id, name, text: new JsonText(undefined), args: {}, blank: true, ended: false }
    if (call.ended) return
    this.#calls.set(index, call)
    call.text.push(args)
    call.blank &&= args.trim() === ""
    call.ended = end === true
    if (call.ended && call.blank) this.#without = { index, call }
    const value = call.text.next()
    if (call.ended && call.text.end()) return void shown.push(show(call, call.text.whole ?? call.args, true))
    // What it was before its arguments could not be read stays as it was shown.
    if (call.text.failure !== undefined && !call.blank) return
    if (begun === undefined || value !== undefined) shown.push(show(call, value ?? call.args, false))
  }

  /** Something follows a call without arguments. */
  #settle(shown: Array<Shown>): void {
    if (this.#without !== undefined) shown.push(show(this.#without.call, {}, true))
    this.#without = undefined
  }
}

const show = (call: Call, args: Json, whole: boolean): Shown => {
  call.args = args
  return { id: call.id, name: call.name, args, whole }
}
