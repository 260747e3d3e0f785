/**
 * Reads the frames of an event stream that repeat one frame to the letter, but for the text of a delta and a few other
 * values. Decoders build a pattern from a frame that they parsed, and read the frames after it without JSON.parse, which
 * halves the cost of a delta. Called for every frame of a stream, so it allocates nothing but the text. Must not know
 * any wire.
 */
import { isAt } from "./decoder.ts"

/** A value that differs from frame to frame: the text of the delta, a string that is skipped, or a number. */
export type Hole = "text" | "padding" | "number"

/** The fixed pieces of a frame, from the first character to its blank line, and the holes between them. */
export class FramePattern {
  readonly #literals: ReadonlyArray<string>
  readonly #holes: ReadonlyArray<Hole>
  /** The text of the frame that was read last. */
  text = ""
  /** Where the number of that frame begins and ends in the text. Both are 0 if the pattern has none. */
  numberFrom = 0
  numberTo = 0

  /** `literals` has one item more than `holes`. Strings have their quotation marks in the literals. */
  constructor(literals: ReadonlyArray<string>, holes: ReadonlyArray<Hole>) {
    this.#literals = literals
    this.#holes = holes
  }

  /** The position after the frame that starts here, or -1 if it does not follow the pattern or has an escape in it. */
  read(text: string, start: number): number {
    let at = start
    for (let i = 0; i < this.#holes.length; i++) {
      const literal = this.#literals[i] ?? ""
      if (!isAt(text, literal, at)) return -1
      at += literal.length
      const hole = this.#holes[i]
      const to = hole === "number" ? endOfDigits(text, at) : endOfString(text, at)
      if (to === -1) return -1
      if (hole === "text") this.text = text.slice(at, to)
      else if (hole === "number") {
        this.numberFrom = at
        this.numberTo = to
      }
      at = to
    }
    const last = this.#literals[this.#holes.length] ?? ""
    return isAt(text, last, at) ? at + last.length : -1
  }
}

/** The quotation mark that ends a JSON string; -1 if there is anything in it that JSON.parse has to look at. */
const endOfString = (text: string, start: number): number => {
  // Most strings have a few characters, for which a search and a regular expression would cost more.
  for (let at = start;; at++) {
    const code = text.charCodeAt(at)
    if (code === 34) return at
    // A backslash, a control character, or the end of the text (NaN).
    if (code === 92 || !(code >= 32)) return -1
  }
}

const endOfDigits = (text: string, start: number): number => {
  let at = start
  while (isDigit(text.charCodeAt(at))) at++
  return at === start ? -1 : at
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57
