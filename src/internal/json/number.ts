/**
 * Reads one JSON number that arrives in pieces. `JsonReader` owns one and feeds it. Each character is looked at once; the
 * number so far is converted from at most its first 512 characters. A number that is too large for a double is null.
 */
import { bigIntOf, finite } from "./limits.ts"

// The states within a number. In those from `zero` on, the number may end.
const minus = 0
const point = 1
const e = 2
const sign = 3
const zero = 4
const integer = 5
const fraction = 6
const exponent = 7

/** The value so far is that of at most so many characters, so that a long number is not converted again and again. */
const longestShown = 512

/** Whether a UTF-16 code unit is an ASCII digit. */
export const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** A number that arrives in pieces. */
export class JsonNumber {
  #state = minus
  #text = ""
  /** The first characters of the text, from which the value so far is converted. */
  #start = ""
  #shown: number | null | undefined
  /** The integer that was taken last, if a double cannot hold it. */
  exact: bigint | undefined

  /** Begins a new number with its first character: a digit or `-`. */
  start(code: number): void {
    this.#text = String.fromCharCode(code)
    this.#start = this.#text
    this.#state = code === 0x2d ? minus : code === 0x30 ? zero : integer
    this.#shown = undefined
  }

  /**
   * Reads characters of the number from `from` on, up to `end` at most. Returns the position of the first other one.
   */
  read(piece: string, from: number, end: number): number {
    let at = from
    while (at < end) {
      const next = nextState(this.#state, piece.charCodeAt(at))
      if (next === undefined) break
      this.#state = next
      at++
    }
    const run = piece.slice(from, at)
    this.#text += run
    if (this.#start.length < longestShown) this.#start += run.slice(0, longestShown - this.#start.length)
    return at
  }

  /** Whether the number may end before this character. A leading zero may not be followed by a digit. */
  endsBefore(code: number): boolean {
    return this.#state >= zero && !(this.#state === zero && isDigit(code))
  }

  /** Whether the number may end here. */
  get canEnd(): boolean {
    return this.#state >= zero
  }

  /** A description of the character that should come next. */
  get expected(): string {
    return this.#state === zero ? "no digit after a leading 0" : "a digit"
  }

  /** Updates {@link shown} at the end of a piece. Returns whether it changed; the first value is not a change. */
  show(): boolean {
    const number = this.#start === "-" ? -0 : finite(Number.parseFloat(this.#start))
    const changed = this.#shown !== undefined && !Object.is(number, this.#shown)
    this.#shown = number
    return changed
  }

  /** The value of the characters up to the end of the last piece. */
  get shown(): number | null | undefined {
    return this.#shown
  }

  /** Ends the number and returns it. */
  take(): number | null {
    const number = Number(this.#text)
    this.exact = bigIntOf(this.#text, number)
    this.#text = ""
    return finite(number)
  }
}

/** The state after one more character, or `undefined` if the character is not part of the number. */
const nextState = (state: number, code: number): number | undefined => {
  if (isDigit(code)) {
    switch (state) {
      case minus:
        return code === 0x30 ? zero : integer
      case point:
        return fraction
      case e:
      case sign:
        return exponent
      default:
        return state === zero ? undefined : state
    }
  }
  if (code === 0x2e) return state === zero || state === integer ? point : undefined
  if (code === 0x65 || code === 0x45) return state >= zero && state <= fraction ? e : undefined
  return (code === 0x2b || code === 0x2d) && state === e ? sign : undefined
}
