/**
 * The text that a guard holds back: where it begins, the characters in front of it, and the blocks of the message that
 * its characters belong to. Used by `shown.ts`. Adding and releasing text is linear in the text.
 */
import type { Delta } from "../../../AIMessageChunk.ts"
import { optional } from "../../optional.ts"

/** The kinds of text that a guard looks at. */
export type Kind = "text" | "refusal" | "reasoning"

/** A slice of text of one of these kinds. */
export type TextSlice = Extract<Delta, { readonly type: Kind }>

/** Held characters of one block. */
interface Held {
  readonly index: number
  length: number
  metadata: TextSlice["metadata"]
  /** Nothing of the block has been released. */
  begins: boolean
}

/** The held text of one kind. */
export class TextWindow {
  /** The kind of the text. */
  kind: Kind = "text"
  /** The characters in front of the held text, and then that text, as the model wrote them. */
  text = ""
  /** Where the held text begins. */
  from = 0
  /** The blocks in which text was replaced. */
  readonly changed = new Set<number>()
  readonly #context: number
  readonly #held: Array<Held> = []
  readonly #begun = new Set<number>()

  /** @param context the most characters that are kept in front of the held text */
  constructor(context: number) {
    this.#context = Math.max(1, context)
  }

  /** The number of held characters. */
  get length(): number {
    return this.text.length - this.from
  }

  /** Whether there is nothing to release: no text, and no block that begins without one. */
  get isEmpty(): boolean {
    return this.#held.length === 0
  }

  /** Adds a slice of text. */
  push({ index, metadata, text }: TextSlice): void {
    this.text += text
    const last = this.#held.at(-1)
    if (last?.index === index) {
      last.length += text.length
      if (metadata !== undefined) last.metadata = { ...last.metadata, ...metadata }
      return
    }
    const begins = !this.#begun.has(index)
    if (text === "" && metadata === undefined && !begins) return
    this.#begun.add(index)
    this.#held.push({ index, length: text.length, metadata, begins })
  }

  /** Releases the held text up to a position, unchanged. */
  release(to: number, out: Array<Delta>): void {
    while (this.from < to) {
      const held = this.#next(out)
      const end = Math.min(to, this.from + held.length)
      this.#show(held, this.text.slice(this.from, end), out)
      held.length -= end - this.from
      this.from = end
    }
  }

  /** Releases another text in place of the held text up to a position. It belongs to the block of the first character. */
  replace(to: number, replacement: string, out: Array<Delta>): void {
    let text = replacement
    while (this.from < to) {
      const held = this.#next(out)
      const end = Math.min(to, this.from + held.length)
      this.changed.add(held.index)
      if (text !== "" || held.begins) this.#show(held, text, out)
      text = ""
      held.length -= end - this.from
      this.from = end
    }
  }

  /** Begins every held block, so that deltas that are no text may follow. Their text stays held. */
  begin(out: Array<Delta>): void {
    for (const held of this.#held) if (held.begins) this.#show(held, "", out)
  }

  /** Begins the blocks without text that have nothing in front of them. */
  settle(out: Array<Delta>): void {
    for (let held = this.#held[0]; held?.length === 0; held = this.#held[0]) {
      if (held.begins || held.metadata !== undefined) this.#show(held, "", out)
      this.#held.shift()
    }
  }

  /** Forgets the held text. */
  drop(): void {
    this.text = ""
    this.from = 0
    this.#held.length = 0
  }

  /** Forgets all text and all blocks. */
  reset(): void {
    this.drop()
    this.changed.clear()
    this.#begun.clear()
  }

  /** Forgets the characters that are too far in front of the held text to matter. */
  trim(): void {
    if (this.from <= 2 * this.#context + 32) return
    this.text = this.text.slice(this.from - this.#context)
    this.from = this.#context
  }

  /** The held block of the next character. */
  #next(out: Array<Delta>): Held {
    this.settle(out)
    return this.#held[0]! // there are as many characters in the blocks as in the text
  }

  #show(held: Held, text: string, out: Array<Delta>): void {
    const { metadata } = held
    held.begins = false
    held.metadata = undefined
    const last = out.at(-1)
    if (metadata === undefined && last?.type === this.kind && last.index === held.index) {
      out[out.length - 1] = { ...last, text: last.text + text }
    } else {
      out.push({ type: this.kind, index: held.index, text, ...optional("metadata", metadata) })
    }
  }
}
