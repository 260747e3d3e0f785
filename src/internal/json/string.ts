/**
 * Reads one JSON string that arrives in pieces. `JsonReader` owns one and feeds it. It must not import the reader. Each
 * character is looked at once.
 */
import { isDigit } from "./number.ts"

const quote = 0x22
const backslash = 0x5c

const inText = 0
const inEscape = 1
const inHex = 2

/**
 * A string that arrives in pieces.
 *
 * While the string is incomplete, {@link shown} leaves out white space at its end and the first half of a surrogate
 * pair, until the next character is known. An escape that was cut off is shown as written, without the backslash of a
 * `\u`.
 */
export class JsonString {
  /** Whether the closing quote was read. */
  over = false
  /** A description of the text that should be there, set when a character does not fit. */
  expected: string | undefined

  #state = inText
  #text = ""
  /** The text that the current piece adds. */
  #fresh = ""
  /** The end of the text that is not shown yet. */
  #held = ""
  /** The hexadecimal digits after a `\u`. */
  #hex = ""
  /** The characters shown for an escape that was cut off, and the held text before it. */
  #tail = ""

  /** Begins a new string, after its opening quote. */
  start(): void {
    this.over = false
  }

  /**
   * Reads characters of the string from `from` on. Returns the position after the closing quote, that of a character
   * that does not fit, or `end`.
   */
  read(piece: string, from: number, end: number): number {
    let at = from
    while (at < end && !this.over) {
      const code = piece.charCodeAt(at)
      if (this.#state === inText) {
        at = this.#readText(piece, at, end)
      } else {
        if (this.#state === inEscape) this.#readEscape(code)
        else this.#readHex(code)
        if (this.expected === undefined) at++
      }
      if (this.expected !== undefined) return at
    }
    return at
  }

  /** Updates {@link shown} at the end of a piece. Returns whether it changed. */
  show(): boolean {
    const tail = this.#state === inText || isHighSurrogate(this.#held)
      ? ""
      : this.#held + (this.#state === inEscape ? "\\" : `u${this.#hex}`)
    const changed = this.#fresh + tail !== this.#tail
    this.#text += this.#fresh
    this.#fresh = ""
    this.#tail = tail
    return changed
  }

  /** The string as it was at the end of the last piece. */
  get shown(): string {
    return this.#text + this.#tail
  }

  /** Whether the whole string differs from {@link shown}. */
  get changed(): boolean {
    return this.#fresh !== this.#tail
  }

  /** Ends the string and returns it. */
  take(): string {
    const text = this.#text + this.#fresh
    this.#text = ""
    this.#fresh = ""
    this.#tail = ""
    return text
  }

  #readText(piece: string, from: number, end: number): number {
    let at = from
    while (at < end) {
      const code = piece.charCodeAt(at)
      if (code === quote) {
        this.#add(piece.slice(from, at))
        this.over = true
        return at + 1
      }
      if (code === backslash) {
        this.#addHolding(piece.slice(from, at))
        this.#state = inEscape
        return at + 1
      }
      if (code < 0x20) {
        this.expected = "no control character in a string"
        return at
      }
      at++
    }
    this.#addLast(piece.slice(from, end))
    return end
  }

  #readEscape(code: number): void {
    if (code === 0x75) {
      this.#hex = ""
      this.#state = inHex
      return
    }
    const unescaped = escapes.get(code)
    if (unescaped === undefined) this.expected = "one of \"\\/bfnrtu after a backslash"
    else this.#addEscaped(unescaped)
  }

  #readHex(code: number): void {
    const lower = code | 0x20
    if (!isDigit(code) && !(lower >= 0x61 && lower <= 0x66)) {
      this.expected = "four hexadecimal digits after \\u"
      return
    }
    this.#hex += String.fromCharCode(code)
    if (this.#hex.length === 4) this.#addEscaped(String.fromCharCode(parseInt(this.#hex, 16)))
  }

  #addEscaped(unescaped: string): void {
    this.#addHolding(unescaped)
    this.#state = inText
  }

  #add(run: string): void {
    this.#fresh += this.#held + run
    this.#held = ""
  }

  /** Adds text, but holds the first half of a surrogate pair at its end. */
  #addHolding(run: string): void {
    if (run === "") return
    const last = run.slice(-1)
    if (!isHighSurrogate(last)) {
      this.#add(run)
      return
    }
    this.#add(run.slice(0, -1))
    this.#held = last
  }

  /** Adds text up to the end of the piece, but holds white space at its end. */
  #addLast(run: string): void {
    const shown = run.trimEnd()
    if (shown === "" && !isHighSurrogate(this.#held)) {
      this.#held += run
      return
    }
    if (shown.length === run.length) {
      this.#addHolding(run)
      return
    }
    this.#add(shown)
    this.#held = run.slice(shown.length)
  }
}

const escapes = new Map([..."\"\\/"].map((char) => [char.charCodeAt(0), char] as const))
  .set(0x62, "\b").set(0x66, "\f").set(0x6e, "\n").set(0x72, "\r").set(0x74, "\t")

/** Whether a text is a single code unit: the first half of a surrogate pair. */
export const isHighSurrogate = (char: string): boolean => char.length === 1 && char >= "\ud800" && char <= "\udbff"
