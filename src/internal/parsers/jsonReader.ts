import type { Json } from "effect/Schema"

/** Why a text is not JSON, and where. */
export interface Failure {
  readonly reason: "Empty" | "Syntax" | "Incomplete" | "Depth" | "Length"
  readonly message: string
  /** The offset in the text, in UTF-16 code units. */
  readonly position: number
  /** What should be there, in words. */
  readonly expected: string
  readonly path: ReadonlyArray<string | number>
}

export interface Limits {
  readonly maxDepth: number
  readonly maxLength: number
}

// What comes next.
const value = 0
const firstElement = 1
const firstKey = 2
const key = 3
const colon = 4
const after = 5
const done = 6
const inString = 7
const inEscape = 8
const inHex = 9
const inNumber = 10
const inLiteral = 11

// Where in a number; those from `zero` on may be its last character.
const minus = 0
const point = 1
const e = 2
const sign = 3
const zero = 4
const integer = 5
const fraction = 6
const exponent = 7

const quote = 0x22
const backslash = 0x5c

/** More of a number is not looked at before it has ended, so that a long one is not converted again and again. */
const longestShown = 512

/** What copying an object's key costs beside copying an array's element. */
const keyWeight = 4
/** What each open object or array costs, however few it holds. */
const openWeight = 4

/**
 * Reads JSON that arrives in any pieces, in one pass over them. What is complete is built once and never changed again;
 * {@link JsonReader.value} copies the objects and arrays that are open, and nothing else.
 */
export class JsonReader {
  failure: Failure | undefined
  /** Grows when the value changes. */
  version = 0
  /** What {@link value} has to copy: about an element, a key or an open object each. */
  cost = 0

  readonly #limits: Limits
  readonly #alone: boolean
  readonly #start: number
  #read: number
  #state = value
  #blank = true
  #root: Json | undefined

  // The open objects and arrays, the outermost first; of the innermost, one of `#array` and `#object` is set.
  readonly #open: Array<Array<Json> | Record<string, Json>> = []
  /** Beside `#open`: the key that waits for its value. */
  readonly #keys: Array<string | undefined> = []
  /** Beside `#open`: what its entries cost. */
  readonly #costs: Array<number> = []
  #array: Array<Json> | undefined
  #object: Record<string, Json> | undefined

  // The string, number or word that is being read.
  #isKey = false
  #text = ""
  /** What this piece added to the text. */
  #fresh = ""
  /** The end of the text that is not shown yet: white space, or the first half of a surrogate pair. */
  #held = ""
  /** The hexadecimal digits after a `\u`. */
  #hex = ""
  /** What was shown of an escape that was cut off. */
  #shownTail = ""
  #numberState = minus
  #shownNumber: number | undefined
  #word = ""
  #wordValue: boolean | null = null
  #matched = 0

  #snapshot: Json | undefined
  #snapshotVersion = 0

  /**
   * @param alone that something follows the value is a failure; otherwise it stops there
   * @param start the offset that the first piece has in the whole text
   */
  constructor(limits: Limits, alone: boolean, start = 0) {
    this.#limits = limits
    this.#alone = alone
    this.#start = start
    this.#read = start
  }

  /** Whether the value is whole; only white space may follow. */
  get done(): boolean {
    return this.#state === done
  }

  /** The elements of the outermost array that are whole. It grows; nothing in it changes. */
  get elements(): ReadonlyArray<Json> | undefined {
    const outermost = this.#open.length === 0 ? this.#root : this.#open[0]
    return Array.isArray(outermost) ? outermost : undefined
  }

  /** Takes the next piece. Returns how many of its characters were read, the one that does not fit not counted. */
  push(piece: string): number {
    const room = this.#limits.maxLength - (this.#read - this.#start)
    const end = Math.min(piece.length, room)
    let at = 0
    while (at < end && this.failure === undefined && (this.#alone || this.#state !== done)) {
      switch (this.#state) {
        case inString:
          at = this.#readString(piece, at, end)
          break
        case inEscape:
          this.#readEscape(piece.charCodeAt(at), at)
          at++
          break
        case inHex:
          this.#readHex(piece.charCodeAt(at), at)
          at++
          break
        case inNumber:
          at = this.#readNumber(piece, at, end)
          break
        case inLiteral:
          if (piece.charCodeAt(at) !== this.#word.charCodeAt(this.#matched)) {
            this.#fail(`"${this.#word}"`, at, piece.charCodeAt(at))
          } else if (++this.#matched === this.#word.length) this.#complete(this.#wordValue)
          at++
          break
        default: {
          const code = piece.charCodeAt(at)
          if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) this.#readToken(code, at)
          at++
        }
      }
    }
    if (this.failure !== undefined) return this.failure.position - this.#read
    this.#show()
    this.#read += at
    if (at === room && at < piece.length) this.failure = tooLong(this.#limits, this.#read)
    return at
  }

  /** The value so far, or undefined as long as there is none. No later piece changes what it returned. */
  value(): Json | undefined {
    if (this.#snapshotVersion === this.version) return this.#snapshot
    let inner = this.#state === done ? this.#root : this.#unfinished()
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const open = this.#open[i]!
      if (Array.isArray(open)) {
        // Pushing to the copy would make the engine copy it once more.
        if (inner !== undefined) open.push(inner)
        const copy = open.slice()
        if (inner !== undefined) open.pop()
        inner = copy
      } else {
        const copy = { ...open }
        if (inner !== undefined) set(copy, this.#keys[i]!, inner)
        inner = copy
      }
    }
    this.#snapshot = inner
    this.#snapshotVersion = this.version
    return inner
  }

  /** The text is over. The whole value, or undefined if it is not one: then there is a failure. */
  end(): Json | undefined {
    if (this.failure !== undefined) return undefined
    if (this.#state === inNumber && this.#numberState >= zero) this.#completeNumber()
    if (this.#state === done) return this.#root
    if (this.#blank) this.failure = noJson(this.#read)
    else this.#failAt("Incomplete", this.#expected(), 0, "The JSON stops before its end")
    return undefined
  }

  // ---------------------------------------------------------------------------
  // structure
  // ---------------------------------------------------------------------------

  #readToken(code: number, at: number): void {
    this.#blank = false
    switch (this.#state) {
      case after:
        if (code === 0x2c) this.#state = this.#array === undefined ? key : value
        else if (code === (this.#array === undefined ? 0x7d : 0x5d)) this.#close()
        else this.#fail(this.#expected(), at, code)
        return
      case colon:
        if (code === 0x3a) this.#state = value
        else this.#fail(this.#expected(), at, code)
        return
      case firstKey:
      case key:
        if (code === quote) {
          this.#isKey = true
          this.#state = inString
        } else if (code === 0x7d && this.#state === firstKey) this.#close()
        else this.#fail(this.#expected(), at, code)
        return
      case done:
        this.#fail(this.#expected(), at, code)
        return
      case firstElement:
        if (code === 0x5d) {
          this.#close()
          return
        }
    }
    this.#startValue(code, at)
  }

  #startValue(code: number, at: number): void {
    switch (code) {
      case 0x7b:
        this.#openContainer({}, firstKey, at)
        return
      case 0x5b:
        this.#openContainer([], firstElement, at)
        return
      case quote:
        this.#isKey = false
        this.#state = inString
        break
      case 0x74:
        this.#startWord("true", true)
        break
      case 0x66:
        this.#startWord("false", false)
        break
      case 0x6e:
        this.#startWord("null", null)
        break
      default:
        if (code !== 0x2d && !isDigit(code)) {
          this.#fail(this.#expected(), at, code)
          return
        }
        this.#text = String.fromCharCode(code)
        this.#numberState = code === 0x2d ? minus : code === 0x30 ? zero : integer
        this.#shownNumber = undefined
        this.#state = inNumber
    }
    this.version++
  }

  #startWord(word: string, wordValue: boolean | null): void {
    this.#word = word
    this.#wordValue = wordValue
    this.#matched = 1
    this.#state = inLiteral
  }

  #openContainer(container: Array<Json> | Record<string, Json>, state: number, at: number): void {
    if (this.#open.length === this.#limits.maxDepth) {
      this.#failAt("Depth", `at most ${this.#limits.maxDepth} levels`, at, "The JSON is nested too deeply")
      return
    }
    this.#open.push(container)
    this.#keys.push(undefined)
    this.#costs.push(0)
    this.cost += openWeight
    this.#top()
    this.#state = state
    this.version++
  }

  #close(): void {
    // The state says that one is open.
    const container = this.#open.pop()!
    this.#keys.pop()
    this.cost -= openWeight + this.#costs.pop()!
    this.#top()
    this.#complete(container)
  }

  #top(): void {
    const top = this.#open[this.#open.length - 1]
    this.#array = Array.isArray(top) ? top : undefined
    this.#object = Array.isArray(top) ? undefined : top
  }

  #complete(whole: Json): void {
    const last = this.#open.length - 1
    if (this.#array !== undefined) {
      this.#array.push(whole)
      this.#costs[last]! += 1
      this.cost += 1
      this.#state = after
    } else if (this.#object !== undefined) {
      // A value is only read after its key.
      set(this.#object, this.#keys[last]!, whole)
      this.#keys[last] = undefined
      this.#costs[last]! += keyWeight
      this.cost += keyWeight
      this.#state = after
    } else {
      this.#root = whole
      this.#state = done
      // From now on the whole value itself is shown; it is the same.
      this.#snapshotVersion = -1
    }
  }

  // ---------------------------------------------------------------------------
  // strings
  // ---------------------------------------------------------------------------

  #readString(piece: string, from: number, end: number): number {
    let at = from
    while (at < end) {
      const code = piece.charCodeAt(at)
      if (code === quote) {
        this.#completeString(piece.slice(from, at))
        return at + 1
      }
      if (code === backslash) {
        this.#add(piece.slice(from, at))
        this.#holdSurrogate()
        this.#state = inEscape
        return at + 1
      }
      if (code < 0x20) {
        this.#fail("no control character in a string", at, code)
        return at
      }
      at++
    }
    this.#addLast(piece.slice(from, end))
    return end
  }

  #readEscape(code: number, at: number): void {
    if (code === 0x75) {
      this.#hex = ""
      this.#state = inHex
      return
    }
    const unescaped = escapes.get(code)
    if (unescaped === undefined) this.#fail("one of \"\\/bfnrtu after a backslash", at, code)
    else this.#addEscaped(unescaped)
  }

  #readHex(code: number, at: number): void {
    const lower = code | 0x20
    if (!isDigit(code) && !(lower >= 0x61 && lower <= 0x66)) {
      this.#fail("four hexadecimal digits after \\u", at, code)
      return
    }
    this.#hex += String.fromCharCode(code)
    if (this.#hex.length === 4) this.#addEscaped(String.fromCharCode(parseInt(this.#hex, 16)))
  }

  #addEscaped(unescaped: string): void {
    this.#add(unescaped)
    this.#holdSurrogate()
    this.#state = inString
  }

  #add(run: string): void {
    this.#fresh += this.#held + run
    this.#held = ""
  }

  #holdSurrogate(): void {
    const last = this.#fresh.slice(-1)
    if (!isHighSurrogate(last)) return
    this.#fresh = this.#fresh.slice(0, -1)
    this.#held = last
  }

  /** More of the text, up to the end of the piece. */
  #addLast(run: string): void {
    const shown = run.trimEnd()
    if (shown === "" && !isHighSurrogate(this.#held)) {
      this.#held += run
      return
    }
    this.#add(shown)
    if (shown.length === run.length) this.#holdSurrogate()
    else this.#held = run.slice(shown.length)
  }

  #completeString(run: string): void {
    this.#add(run)
    if (!this.#isKey && this.#fresh !== this.#shownTail) this.version++
    const text = this.#text + this.#fresh
    this.#text = ""
    this.#fresh = ""
    this.#shownTail = ""
    if (this.#isKey) {
      this.#keys[this.#keys.length - 1] = text
      this.#state = colon
    } else this.#complete(text)
  }

  /** An escape that was cut off is shown as it is written, without the backslash of a `\u`. */
  #tail(): string {
    if (this.#state === inString || isHighSurrogate(this.#held)) return ""
    return this.#held + (this.#state === inEscape ? "\\" : `u${this.#hex}`)
  }

  // ---------------------------------------------------------------------------
  // numbers
  // ---------------------------------------------------------------------------

  #readNumber(piece: string, from: number, end: number): number {
    let at = from
    while (at < end) {
      const code = piece.charCodeAt(at)
      const next = nextNumberState(this.#numberState, code)
      if (next === undefined) {
        this.#text += piece.slice(from, at)
        // A zero has no digits after it.
        if (this.#numberState >= zero && !(this.#numberState === zero && isDigit(code))) this.#completeNumber()
        else this.#fail(this.#expected(), at, code)
        return at
      }
      this.#numberState = next
      at++
    }
    this.#text += piece.slice(from, end)
    return end
  }

  #completeNumber(): void {
    const number = Number(this.#text)
    this.#text = ""
    if (this.#shownNumber !== undefined && !Object.is(number, this.#shownNumber)) this.version++
    this.#complete(number)
  }

  #numberSoFar(): number {
    return this.#text === "-" ? -0 : Number.parseFloat(this.#text.slice(0, longestShown))
  }

  // ---------------------------------------------------------------------------
  // what is shown
  // ---------------------------------------------------------------------------

  /** At the end of a piece: whether it changed what is shown of the string or number that it stops in. */
  #show(): void {
    if (this.#state === inNumber) {
      const number = this.#numberSoFar()
      if (Object.is(number, this.#shownNumber)) return
      // The first one was counted when it started.
      if (this.#shownNumber !== undefined) this.version++
      this.#shownNumber = number
    } else if (this.#state >= inString && this.#state <= inHex) {
      const tail = this.#tail()
      if (!this.#isKey && this.#fresh + tail !== this.#shownTail) this.version++
      this.#text += this.#fresh
      this.#fresh = ""
      this.#shownTail = tail
    }
  }

  #unfinished(): Json | undefined {
    switch (this.#state) {
      case inString:
      case inEscape:
      case inHex:
        return this.#isKey ? undefined : this.#text + this.#shownTail
      case inNumber:
        return this.#shownNumber
      case inLiteral:
        return this.#wordValue
      default:
        return undefined
    }
  }

  // ---------------------------------------------------------------------------
  // failures
  // ---------------------------------------------------------------------------

  #expected(): string {
    switch (this.#state) {
      case firstElement:
        return "a value or \"]\""
      case firstKey:
        return "a key in double quotes or \"}\""
      case key:
        return "a key in double quotes"
      case colon:
        return "\":\""
      case after:
        return this.#array === undefined ? "\",\" or \"}\"" : "\",\" or \"]\""
      case done:
        return "nothing after the value"
      case inString:
      case inEscape:
      case inHex:
        return "the end of the string"
      case inNumber:
        return this.#numberState === zero ? "no digit after a leading 0" : "a digit"
      case inLiteral:
        return `"${this.#word}"`
      default:
        return "a value"
    }
  }

  #fail(expected: string, at: number, code: number): void {
    // A character may have been cut in half, or be one that no terminal should see.
    const got = code > 0x20 && code < 0x7f && code !== quote ? `"${String.fromCharCode(code)}"` : unicode(code)
    this.#failAt("Syntax", expected, at, `Expected ${expected}, got ${got}`)
  }

  #failAt(reason: Failure["reason"], expected: string, at: number, message: string): void {
    this.failure = failureAt(reason, expected, this.#read + at, message, this.#path())
  }

  #path(): ReadonlyArray<string | number> {
    const path: Array<string | number> = []
    for (let i = 0; i < this.#open.length; i++) {
      const open = this.#open[i]!
      const inside = i < this.#open.length - 1 || this.#state < key || this.#state > after
      if (!Array.isArray(open)) {
        const name = this.#keys[i]
        if (name !== undefined) path.push(name)
      } else if (inside) path.push(open.length)
    }
    return path
  }
}

const failureAt = (
  reason: Failure["reason"],
  expected: string,
  position: number,
  message: string,
  path: Failure["path"] = []
): Failure => ({ reason, expected, position, message: `${message} (at position ${position})`, path })

export const tooLong = ({ maxLength }: Limits, position: number): Failure =>
  failureAt("Length", `at most ${maxLength} characters`, position, "The text is too long")

export const noJson = (position: number): Failure => failureAt("Empty", "JSON", position, "There is no JSON")

const escapes = new Map([..."\"\\/"].map((char) => [char.charCodeAt(0), char] as const))
  .set(0x62, "\b").set(0x66, "\f").set(0x6e, "\n").set(0x72, "\r").set(0x74, "\t")

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

const isHighSurrogate = (char: string): boolean => char.length === 1 && char >= "\ud800" && char <= "\udbff"

const unicode = (code: number): string => `U+${code.toString(16).toUpperCase().padStart(4, "0")}`

/** The state after one more character of a number, or undefined if it is none of its characters. */
const nextNumberState = (state: number, code: number): number | undefined => {
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

/** A key named `__proto__` is a key like any other. */
const set = (object: Record<string, Json>, name: string, whole: Json): void => {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value: whole, writable: true, enumerable: true, configurable: true })
  } else object[name] = whole
}
