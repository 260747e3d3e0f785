/** A piece of text, and whether it is reasoning. */
export interface Piece {
  readonly reasoning: boolean
  readonly text: string
}

const open = "<think>"
const close = "</think>"

/**
 * Takes `<think>...</think>` off the start of a text that arrives in any slices. Blank space around the tags goes with
 * them. Tags further on are text: the model speaks of them.
 */
export class ThinkTags {
  #state: "start" | "thinking" | "gap" | "text" = "start"
  #waiting = ""
  /** Some of the reasoning has been told. */
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

  /** The text is over: what was held is what it looks like. */
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
    // Held back: what may be the start of the closing tag, and the space in front of it.
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

/** Where the part of a text begins that may be blank space and a tag that is not whole. */
const heldFrom = (text: string): number => {
  let tag = Math.min(close.length - 1, text.length)
  while (tag > 0 && !text.endsWith(close.slice(0, tag))) tag--
  return text.slice(0, text.length - tag).trimEnd().length
}
