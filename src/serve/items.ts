/**
 * Reads the items of a run for wires whose answer is one message: texts, reasoning, refusals and tool calls, in order. The
 * encoders and the folders of such wires share it, so that a stream and a whole answer say the same.
 */
import type { AIMessageChunk } from "../internal/message/chunk.ts"
import { restarts } from "../internal/message/chunk.ts"
import { PublicError } from "./publicError.ts"
import type { Ended, Item } from "./wire.ts"
import { jsonText } from "./wires/json.ts"

/** The functions of a wire for the pieces of a message. Empty pieces are left out. */
export interface Pieces {
  readonly text: (text: string) => void
  readonly reasoning: (text: string) => void
  readonly refusal: (text: string) => void
  /** A slice of the call with this number, from 0. The first slice of a call has its id and its name. */
  readonly call: (
    ordinal: number,
    slice: { readonly id?: string | undefined; readonly name?: string | undefined; readonly args: string }
  ) => void
  /** Nothing before counts. Absent: the wire cannot take anything back. */
  readonly restart?: (() => void) | undefined
}

/** An answer that began again, on a wire that has sent the part that no longer counts. */
const restarted = new PublicError({
  kind: "upstream",
  status: 502,
  message: "The answer of the model behind this server broke off and began again."
})

/** The sentence in place of calls that wait for an approval, which the wire has no way to ask for. */
const unapproved = "This needs an approval, which cannot be given here."

/** Reads the items of one run. */
export class ItemReader {
  readonly #pieces: Pieces
  readonly #isModel: boolean
  /** The number of each block that is a call. */
  #calls = new Map<number, number>()
  /** Whether the current message, and any message before it, has text. */
  #text = false
  #earlierText = false
  #value: { readonly value: unknown } | undefined

  constructor(pieces: Pieces, isModel: boolean) {
    this.#pieces = pieces
    this.#isModel = isModel
  }

  /** Reads the items of one network read. */
  read(items: ReadonlyArray<Item>): PublicError | undefined {
    for (const item of items) {
      if (typeof item === "string") this.#write(item)
      else if (item._tag === "AIMessageChunk") {
        if (restarts(item)) {
          if (this.#pieces.restart === undefined) return restarted
          this.#pieces.restart()
          this.#calls = new Map()
          this.#text = this.#earlierText = false
        }
        this.#chunk(item)
      } else if (item._tag === "Value") this.#value = item
    }
    return undefined
  }

  /** The end of the run. A value is only known to be the last one here. */
  end({ finish }: Ended): void {
    if (this.#value !== undefined) this.#write(jsonText(this.#value.value))
    if (finish === "approval") this.#write(this.#text || this.#earlierText ? `\n\n${unapproved}` : unapproved)
  }

  #write(text: string): void {
    if (text === "") return
    // The answers of an agent are messages of their own, which are one here.
    if (!this.#text && this.#earlierText) this.#pieces.text("\n\n")
    this.#text = true
    this.#pieces.text(text)
  }

  #chunk(chunk: AIMessageChunk): void {
    for (const part of chunk.parts) {
      switch (part.type) {
        case "text":
          this.#write(part.text)
          break
        case "reasoning":
          if (part.text !== "") this.#pieces.reasoning(part.text)
          break
        case "refusal":
          if (part.text !== "") this.#pieces.refusal(part.text)
          break
        case "tool_call": {
          // The calls of a chain or an agent are its own: a client that saw them would run them again.
          if (!this.#isModel) break
          const known = this.#calls.get(part.index)
          const ordinal = known ?? this.#calls.size
          if (known === undefined) this.#calls.set(part.index, ordinal)
          if (known === undefined || part.args !== "") this.#pieces.call(ordinal, part)
        }
      }
    }
    if (chunk.finish !== undefined) {
      this.#earlierText ||= this.#text
      this.#text = false
    }
  }
}
