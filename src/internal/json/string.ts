import { isDigit } from "./number.ts"

const quote = 0x22
const backslash = 0x5c

const inText = 0
const inEscape = 1
const inHex = 2

/**
 * A string that arrives in pieces. What is shown of it while it is not whole: an escape that was cut off as it is
 * written, without the backslash of a `\u`; white space at its end only when something follows it, and half of a
 * surrogate pair only when the other half does, or cannot.
 */
export class JsonString {
  /** Whether its closing quote was read. */
  over = false
  /** Set, when a character does not fit, to what should be there. */
  expected: string | undefined

  #state = inText
  #text = ""
  /** What this piece adds to the text. */
  #fresh = ""
  /** The end of the text that is not shown yet. */
  #held = ""
  /** The hexadecimal digits after a `\u`. */
  #hex = ""
  /** What is shown of an escape that was cut off, and what was held before it. */
  #tail = ""

  /** Its opening quote was read. */
  start(): void {
    this.over = false
  }

  /** Takes its characters. Returns where they end: after its quote, at one that does not fit, or with the piece. */
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

  /** The piece is over: whether that changes what is shown. */
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

  get shown(): string {
    return this.#text + this.#tail
  }

  /** Whether its end changes what was shown after the last piece. */
  get changed(): boolean {
    return this.#fresh !== this.#tail
  }

  /** It has ended. */
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

  /** More of the text, of which the first half of a surrogate pair at the end is held. What came before is not looked at. */
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

  /** More of the text, up to the end of the piece. */
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

/** Whether this is one character, and the first half of a surrogate pair. */
export const isHighSurrogate = (char: string): boolean => char.length === 1 && char >= "\ud800" && char <= "\udbff"
