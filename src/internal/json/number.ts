// Where in a number; those from `zero` on may be its last character.
const minus = 0
const point = 1
const e = 2
const sign = 3
const zero = 4
const integer = 5
const fraction = 6
const exponent = 7

/** More of a number is not looked at before it has ended, so that a long one is not converted again and again. */
const longestShown = 512

export const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** A number that arrives in pieces. */
export class JsonNumber {
  #state = minus
  #text = ""
  /** The start of the text: as much as is looked at before the end. */
  #start = ""
  #shown: number | undefined

  /** @param code its first character: a digit or `-` */
  start(code: number): void {
    this.#text = String.fromCharCode(code)
    this.#start = this.#text
    this.#state = code === 0x2d ? minus : code === 0x30 ? zero : integer
    this.#shown = undefined
  }

  /** Takes its characters, and returns where they end. */
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

  /** Whether it may end here; a zero with a digit after it may not. */
  endsBefore(code: number): boolean {
    return this.#state >= zero && !(this.#state === zero && isDigit(code))
  }

  get canEnd(): boolean {
    return this.#state >= zero
  }

  get expected(): string {
    return this.#state === zero ? "no digit after a leading 0" : "a digit"
  }

  /** The piece is over: whether that changes what is shown of it. Its first value is no change. */
  show(): boolean {
    const number = this.#start === "-" ? -0 : Number.parseFloat(this.#start)
    const changed = this.#shown !== undefined && !Object.is(number, this.#shown)
    this.#shown = number
    return changed
  }

  /** What its characters until the end of the last piece say. */
  get shown(): number | undefined {
    return this.#shown
  }

  /** It has ended. */
  take(): number {
    const number = Number(this.#text)
    this.#text = ""
    return number
  }
}

/** The state after one more character of a number, or undefined if it is none of its characters. */
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
