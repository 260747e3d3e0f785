/**
 * The incremental JSON reader. `JsonText` and `JsonFinder` own one for each value. It must not import them. Each
 * character is read once; a snapshot copies only the objects and arrays that are still open.
 */
import type { Json } from "effect/Schema"
import { failureAt, noJson, shownCharacter, tooLong } from "./failure.ts"
import type { Failure } from "./failure.ts"
import { finite } from "./limits.ts"
import type { Limits } from "./limits.ts"
import { isDigit, JsonNumber } from "./number.ts"
import { setKey } from "./object.ts"
import { JsonString } from "./string.ts"

// The states: what comes next, or what the reader is in.
const value = 0
const firstElement = 1
const firstKey = 2
const key = 3
const colon = 4
const after = 5
const done = 6
const inString = 7
const inNumber = 8
const inWord = 9

const quote = 0x22

/** The cost of copying one key of an object; copying one element of an array costs 1. */
const keyWeight = 4
/** The cost of copying an open object or array, in addition to its entries. */
const openWeight = 4

/**
 * Reads one JSON value that arrives in pieces, in one pass. Complete values are built once and never changed again;
 * {@link JsonReader.value} copies the objects and arrays that are open, and nothing else.
 */
export class JsonReader {
  /** Set when no further text can make this JSON. */
  failure: Failure | undefined
  /** A number that grows whenever the value changes. */
  version = 0
  /** The cost of copying what {@link value} has to copy, in entries. */
  cost = 0
  /** Whether the value is a number that ended only because the text did, so more digits may have been cut off. */
  openEnded = false

  readonly #limits: Limits
  readonly #alone: boolean
  readonly #start: number
  #read: number
  #state = value
  #blank = true
  #root: Json | undefined

  // The open objects and arrays, the outermost first. Either `#array` or `#object` is the innermost one.
  readonly #open: Array<Array<Json> | Record<string, Json>> = []
  /** For each of `#open`, the key that waits for its value. */
  readonly #keys: Array<string | undefined> = []
  /** For each of `#open`, the cost of its entries. */
  readonly #costs: Array<number> = []
  #array: Array<Json> | undefined
  #object: Record<string, Json> | undefined

  // The string, number or word that is being read.
  readonly #string = new JsonString()
  readonly #number = new JsonNumber()
  /** The integers that a double cannot hold, with their keys, for each object and array that has some. */
  #integers: Map<object, Map<string | number, bigint>> | undefined
  #isKey = false
  #word = ""
  #wordValue: boolean | null = null
  #matched = 0

  #snapshot: Json | undefined
  #snapshotVersion = 0

  /**
   * @param alone whether text after the value is a failure; otherwise reading stops there
   * @param start the offset of the first piece in the whole text
   */
  constructor(limits: Limits, alone: boolean, start = 0) {
    this.#limits = limits
    this.#alone = alone
    this.#start = start
    this.#read = start
  }

  /** Whether the value is complete. */
  get done(): boolean {
    return this.#state === done
  }

  /** The complete elements of the outermost array. The array grows; its elements never change. */
  get elements(): ReadonlyArray<Json> | undefined {
    const outermost = this.#open.length === 0 ? this.#root : this.#open[0]
    return Array.isArray(outermost) ? outermost : undefined
  }

  /** The complete value. Integers that a double cannot hold are bigints. */
  get exact(): unknown {
    return this.#integers === undefined ? this.value() : this.#exact(this.#root ?? null)
  }

  /** A complete element of the outermost array, in the same way. */
  exactElement(index: number): unknown {
    const { elements } = this
    if (this.#integers === undefined || elements === undefined) return elements?.[index]
    return this.#integers.get(elements)?.get(index) ?? this.#exact(elements[index] ?? null)
  }

  /** Reads the next piece. Returns how many of its characters were read, without one that does not fit. */
  push(piece: string): number {
    const room = this.#limits.maxLength - (this.#read - this.#start)
    const end = Math.min(piece.length, room)
    let at = 0
    while (at < end && this.failure === undefined && (this.#alone || this.#state !== done)) {
      switch (this.#state) {
        case inString:
          at = this.#readString(piece, at, end)
          break
        case inNumber:
          at = this.#readNumber(piece, at, end)
          break
        case inWord:
          this.#readWord(piece.charCodeAt(at), at)
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
    if (at === room && at < piece.length) this.failure = tooLong(this.#limits)
    return at
  }

  /** The value so far, or `undefined` while there is none. A value that was returned is never changed. */
  value(): Json | undefined {
    if (this.#snapshotVersion === this.version) return this.#snapshot
    let inner = this.#state === done ? this.#root : this.#unfinished()
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const open = this.#open[i]!
      if (Array.isArray(open)) {
        // Pushing to the copy instead would make the engine copy it a second time.
        if (inner !== undefined) open.push(inner)
        const copy = open.slice()
        if (inner !== undefined) open.pop()
        inner = copy
      } else {
        const copy = { ...open }
        if (inner !== undefined) setKey(copy, this.#keys[i]!, inner)
        inner = copy
      }
    }
    this.#snapshot = inner
    this.#snapshotVersion = this.version
    return inner
  }

  /** Ends the text. Returns the complete value; without one it returns `undefined` and sets {@link failure}. */
  end(): Json | undefined {
    if (this.failure !== undefined) return undefined
    if (this.#state === inNumber && this.#number.canEnd) {
      this.#completeNumber()
      this.openEnded = true
    }
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
        if (code === quote) this.#startString(true)
        else if (code === 0x7d && this.#state === firstKey) this.#close()
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
        this.#startString(false)
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
        this.#number.start(code)
        this.#state = inNumber
    }
    this.version++
  }

  #startWord(word: string, wordValue: boolean | null): void {
    this.#word = word
    this.#wordValue = wordValue
    this.#matched = 1
    this.#state = inWord
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
    // In this state one is open.
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
      setKey(this.#object, this.#keys[last]!, whole)
      this.#keys[last] = undefined
      this.#costs[last]! += keyWeight
      this.cost += keyWeight
      this.#state = after
    } else {
      this.#root = whole
      this.#state = done
    }
  }

  // ---------------------------------------------------------------------------
  // strings, numbers and words
  // ---------------------------------------------------------------------------

  #startString(isKey: boolean): void {
    this.#isKey = isKey
    this.#string.start()
    this.#state = inString
  }

  #readString(piece: string, from: number, end: number): number {
    const string = this.#string
    const at = string.read(piece, from, end)
    if (string.expected !== undefined) this.#fail(string.expected, at, piece.charCodeAt(at))
    else if (string.over) {
      if (this.#isKey) {
        this.#keys[this.#keys.length - 1] = string.take()
        this.#state = colon
      } else {
        if (string.changed) this.version++
        this.#complete(string.take())
      }
    }
    return at
  }

  #readNumber(piece: string, from: number, end: number): number {
    const at = this.#number.read(piece, from, end)
    if (at === end) return at
    const code = piece.charCodeAt(at)
    if (this.#number.endsBefore(code)) this.#completeNumber()
    else this.#fail(this.#expected(), at, code)
    return at
  }

  #completeNumber(): void {
    const { shown } = this.#number
    const number = this.#number.take()
    if (shown !== undefined && !Object.is(number, shown)) this.version++
    if (this.#number.exact !== undefined) this.#addInteger(this.#number.exact)
    this.#complete(number)
  }

  #addInteger(integer: bigint): void {
    this.#integers ??= new Map()
    const container = this.#array ?? this.#object ?? this
    const known = this.#integers.get(container) ?? new Map<string | number, bigint>()
    this.#integers.set(container, known.set(this.#array?.length ?? this.#keys.at(-1) ?? "", integer))
  }

  #exact(value: Json): unknown {
    if (typeof value !== "object" || value === null) return this.#integers?.get(this)?.get("") ?? value
    const copy: Array<unknown> | Record<string, unknown> = Array.isArray(value) ? [] : {}
    for (const [key, each] of Object.entries(value)) {
      setKey<unknown>(copy, key, typeof each === "object" && each !== null ? this.#exact(each) : each)
    }
    for (const [key, integer] of this.#integers?.get(value) ?? []) {
      // Of the values of a repeated key the last one counts.
      if (finite(Number(integer)) === Reflect.get(value, key)) setKey<unknown>(copy, String(key), integer)
    }
    return copy
  }

  #readWord(code: number, at: number): void {
    if (code !== this.#word.charCodeAt(this.#matched)) this.#fail(this.#expected(), at, code)
    else if (++this.#matched === this.#word.length) this.#complete(this.#wordValue)
  }

  /** Updates, at the end of a piece, the string or number that the piece stops in. */
  #show(): void {
    if (this.#state === inString) {
      if (this.#string.show() && !this.#isKey) this.version++
    } else if (this.#state === inNumber && this.#number.show()) this.version++
  }

  #unfinished(): Json | undefined {
    switch (this.#state) {
      case inString:
        return this.#isKey ? undefined : this.#string.shown
      case inNumber:
        return this.#number.shown
      case inWord:
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
        return "the end of the string"
      case inNumber:
        return this.#number.expected
      case inWord:
        return `"${this.#word}"`
      default:
        return "a value"
    }
  }

  #fail(expected: string, at: number, code: number): void {
    this.#failAt("Syntax", expected, at, `Expected ${expected}, got ${shownCharacter(code)}`)
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
