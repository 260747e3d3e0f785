/**
 * Separates reasoning from text in streams that write it as `<think>...</think>`. Called by the decoder for servers
 * with the quirk `thinkTags`. Imports nothing.
 */

/** A piece of text. */
export interface Piece {
  /** Whether the piece is reasoning. */
  readonly reasoning: boolean
  readonly text: string
}

const open = "<think>"
const close = "</think>"

/**
 * Removes `<think>...</think>`, with the blank space around the tags, from the start of a text that arrives in any
 * slices. Tags further on are text, as the model may write about them.
 */
export class ThinkTags {
  #state: "start" | "thinking" | "gap" | "text" = "start"
  #waiting = ""
  /** Whether any reasoning has been emitted. */
  #begun = false

  push(slice: string): ReadonlyArray<Piece> {
    if (this.#state === "text") return slice === "" ? [] : [{ reasoning: false, text: slice }]
    this.#waiting += slice
    if (this.#state === "start") {
      const text = this.#waiting.trimStart()
      if (open.startsWith(text.slice(0, open.length)) && text.length < open.length) return []
      if (!text.startsWith(open)) return this.end()
      this.#state = "thinking"
      this.#waiting = text.slice(open.length)
    }
    return this.#state === "thinking" ? this.#thinking() : this.#gap()
  }

  /** The end of the text: gives the piece that was held back. */
  end(): ReadonlyArray<Piece> {
    const text = this.#waiting
    const reasoning = this.#state === "thinking"
    if (this.#state === "gap") return []
    this.#state = "text"
    this.#waiting = ""
    return text === "" ? [] : [{ reasoning, text }]
  }

  #thinking(): ReadonlyArray<Piece> {
    if (!this.#begun) this.#waiting = this.#waiting.trimStart()
    const at = this.#waiting.indexOf(close)
    // The start of a possible closing tag is held back, with the space in front of it.
    const safe = at === -1 ? this.#waiting.slice(0, heldFrom(this.#waiting)) : this.#waiting.slice(0, at).trimEnd()
    const rest = this.#waiting.slice(at === -1 ? safe.length : at + close.length)
    const pieces = safe === "" ? [] : [{ reasoning: true, text: safe }]
    if (safe !== "") this.#begun = true
    this.#waiting = rest
    if (at === -1) return pieces
    this.#state = "gap"
    return [...pieces, ...this.#gap()]
  }

  #gap(): ReadonlyArray<Piece> {
    const text = this.#waiting.trimStart()
    this.#waiting = ""
    if (text === "") return []
    this.#state = "text"
    return [{ reasoning: false, text }]
  }
}

/** The start of the blank space and the incomplete tag that may end a text. */
const heldFrom = (text: string): number => {
  let tag = Math.min(close.length - 1, text.length)
  while (tag > 0 && !text.endsWith(close.slice(0, tag))) tag--
  return text.slice(0, text.length - tag).trimEnd().length
}
