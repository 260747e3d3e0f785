import type { Json } from "effect/Schema"
import { noJson, tooLong } from "./failure.ts"
import type { Failure } from "./failure.ts"
import type { Limits } from "./limits.ts"
import { JsonReader } from "./reader.ts"

// Where in the text.
const atStart = 0
const inProse = 1
const inBare = 2
const afterScalar = 3
const inMark = 4
const inFence = 5
const inOtherFence = 6
const closing = 7
const over = 8

/** A longer word after an opening fence is not taken for the name of a language. */
const longestMark = 32

/**
 * Finds the JSON in what a model says, and reads it as it comes: alone, between Markdown fences, or amid prose.
 *
 * - A text that starts with an object or an array is that value, whatever follows.
 * - Otherwise it is the content of the first fence that is marked as JSON, or has no mark and holds JSON.
 * - Without one it is the first object in the text, or the first array that starts a line.
 * - A string, number, `true`, `false` or `null` must be the whole text, or all that is in a fence.
 *
 * No character is read twice.
 */
export class JsonFinder {
  /** Set when no later text can mend it. */
  failure: Failure | undefined

  readonly #limits: Limits
  readonly #firm: boolean
  #state = atStart
  #read = 0
  #reader: JsonReader | undefined
  /** The sum of the versions of the readers that were given up. */
  #versions = 0
  /** The value that was found in prose: it counts if there is no fence. */
  #found: JsonReader | undefined
  #ticks = 0
  #mark = ""
  #amidProse = false
  #lineStart = true
  /** Why the try that got furthest failed, and how far it got. */
  #tried: { readonly failure: Failure; readonly length: number } | undefined
  #opened = 0

  /** @param firm an array of which an element is whole is not given up for something that comes later */
  constructor(limits: Limits, firm: boolean) {
    this.#limits = limits
    this.#firm = firm
  }

  /** Grows when the value changes. */
  get version(): number {
    return this.#versions + (this.#reader?.version ?? 0)
  }

  get cost(): number {
    return this.#reader?.cost ?? 0
  }

  get openEnded(): boolean {
    return this.#reader?.openEnded ?? false
  }

  get elements(): ReadonlyArray<Json> | undefined {
    return this.#reader?.elements
  }

  /**
   * The value so far. Undefined when there is none, when it is not sure yet that it is one, and when the text stops
   * within the marks that close a fence.
   */
  value(): Json | undefined {
    const reader = this.#reader
    if (reader === undefined || (this.#state === closing && this.#ticks > 0)) return undefined
    if (this.#state === over || (this.#state === inFence && this.#mark !== "")) return reader.value()
    // A brace in prose is often only a brace.
    if (this.#amidProse && reader.version < 2 && !reader.done) return undefined
    const value = reader.value()
    // A word of prose may start like a word of JSON.
    return isContainer(value) ? value : undefined
  }

  push(piece: string): void {
    let at = 0
    while (at < piece.length && this.#state !== over && this.failure === undefined) {
      switch (this.#state) {
        case inBare:
        case inFence:
          at += this.#feed(at === 0 ? piece : piece.slice(at), at)
          break
        case inMark:
          if (this.#readMark(piece[at]!, at)) at++
          break
        case closing:
        case afterScalar:
          if (this.#readAfter(piece[at]!)) at++
          break
        default:
          at = this.#scan(piece, at)
      }
    }
    this.#read += piece.length
    const { maxLength } = this.#limits
    if (this.failure === undefined && this.#read > maxLength) this.failure = tooLong(this.#limits)
  }

  /** The text is over. The whole value, or undefined if there is none: then there is a failure. */
  end(): Json | undefined {
    if (this.failure !== undefined) return undefined
    const reader = this.#reader
    const whole = reader?.end()
    if (whole !== undefined) return whole
    const found = this.#found?.end()
    // What is shown of a fence that was cut off makes room for it.
    if (found !== undefined) this.#versions++
    else this.failure = reader?.failure ?? this.#tried?.failure ?? noJson(this.#read)
    return found
  }

  /** Looks for a fence, or for the start of a value. Returns where it stopped. */
  #scan(piece: string, from: number): number {
    for (let at = from; at < piece.length; at++) {
      const char = piece[at]!
      if (char === "`") {
        this.#ticks++
        if (this.#state === atStart) this.#state = inProse
        continue
      }
      const fence = this.#ticks >= 3
      this.#ticks = 0
      if (fence) {
        this.#mark = ""
        this.#state = this.#state === inOtherFence ? inProse : inMark
        return at
      }
      if (char === "\n" || char === "\r") this.#lineStart = true
      else if (char.trim() !== "") {
        const starts = this.#starts(char)
        this.#lineStart = false
        if (starts) {
          this.#amidProse = this.#state === inProse
          this.#open(inBare, at)
          return at
        }
        if (this.#state === atStart) this.#state = inProse
      }
    }
    return piece.length
  }

  #starts(char: string): boolean {
    if (this.#state === atStart) return valueStart.test(char)
    return this.#state === inProse && this.#found === undefined && (char === "{" || (char === "[" && this.#lineStart))
  }

  /** The name of a language after the marks that open a fence. Returns whether the character is one of it. */
  #readMark(char: string, at: number): boolean {
    if (this.#mark === "" && (char === " " || char === "\t")) return true
    const word = this.#mark === "" ? /[a-z]/i : /[\w+#.-]/
    if (word.test(char) && this.#mark.length < longestMark) {
      this.#mark += char
      return true
    }
    if (this.#mark === "" || /^json/i.test(this.#mark)) {
      this.#amidProse = false
      this.#open(inFence, at)
    } else this.#state = inOtherFence
    return false
  }

  /** What comes after the value in a fence, or after a bare string, number or word. Returns whether it was taken. */
  #readAfter(char: string): boolean {
    if (this.#state === closing && char === "`") {
      if (++this.#ticks === 3) this.#state = over
      return true
    }
    if (char.trim() === "" && this.#ticks === 0) return true
    const reader = this.#reader! // it has read a value
    if (isContainer(reader.value())) {
      this.#state = over
      return true
    }
    this.#giveUp(reader)
    return false
  }

  #open(state: number, at: number): void {
    this.#versions += this.#reader?.version ?? 0
    this.#opened = this.#read + at
    this.#reader = new JsonReader(this.#limits, false, this.#opened)
    this.#state = state
    this.#ticks = 0
  }

  /** Gives the reader more. Returns how many characters it took. */
  #feed(rest: string, at: number): number {
    const reader = this.#reader! // it was opened
    const taken = reader.push(rest)
    const { failure } = reader
    if (failure !== undefined) {
      const firm = this.#state === inFence && this.#mark !== "" ||
        this.#firm && reader.elements !== undefined && reader.elements.length > 0
      if (failure.reason !== "Syntax" || firm) this.failure = failure
      else {
        const length = this.#read + at + taken - this.#opened
        // A word of prose that started like one of JSON tells nobody anything.
        if (isContainer(reader.value()) && length > (this.#tried?.length ?? 0)) this.#tried = { failure, length }
        this.#giveUp(reader)
      }
    } else if (reader.done) this.#settle(reader)
    return taken
  }

  /** A value is whole. */
  #settle(reader: JsonReader): void {
    if (this.#state === inFence) this.#state = closing
    else if (!isContainer(reader.value())) this.#state = afterScalar
    else if (this.#amidProse && !this.#firm) {
      this.#found = reader
      this.#state = inProse
    } else this.#state = over
  }

  /** It was no value after all. */
  #giveUp(reader: JsonReader): void {
    const fenced = this.#state === inFence || this.#state === closing
    this.#versions += reader.version + 1 - (this.#found?.version ?? 0)
    this.#reader = this.#found
    this.#ticks = 0
    this.#state = fenced ? inOtherFence : inProse
  }
}

const isContainer = (value: Json | undefined): boolean => typeof value === "object" && value !== null

const valueStart = /[{["\-\dtfn]/
