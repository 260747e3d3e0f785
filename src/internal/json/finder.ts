/**
 * Finds the JSON in a model's answer: alone, in a Markdown fence, or amid prose. `JsonText` uses it when `prose` is
 * set; the JSON itself is read by `JsonReader`. No character is read twice.
 */
import type { Json } from "effect/Schema"
import { noJson, tooLong } from "./failure.ts"
import type { Failure } from "./failure.ts"
import type { Limits } from "./limits.ts"
import { JsonReader } from "./reader.ts"

// The states within the text.
const atStart = 0
const inProse = 1
const inBareValue = 2
const afterScalar = 3
const inFenceTag = 4
const inFence = 5
const inOtherFence = 6
const inClosingFence = 7
const over = 8

/** A longer word after an opening fence is not the name of a language. */
const longestFenceTag = 32

/**
 * Finds and reads the JSON in an answer while it arrives.
 *
 * - A text that starts with an object or an array is that value, whatever follows.
 * - Otherwise the value is the content of the first fence that is tagged as JSON, or is untagged and holds JSON.
 * - Without such a fence it is the first object in the text, or the first array at the start of a line.
 * - A string, number, `true`, `false` or `null` must be the whole text or the whole content of a fence.
 */
export class JsonFinder {
  /** Set when no further text can make the answer readable. */
  failure: Failure | undefined

  readonly #limits: Limits
  readonly #commitOnFirstItem: boolean
  #state = atStart
  #read = 0
  #reader: JsonReader | undefined
  /** The sum of the versions of the readers that were abandoned. */
  #versions = 0
  /** The value that was found in prose. It is the result unless a fence follows. */
  #found: JsonReader | undefined
  #backticks = 0
  #fenceTag = ""
  #amidProse = false
  #lineStart = true
  /** The failure of the attempt that read the most characters, and how many it read. */
  #bestAttempt: { readonly failure: Failure; readonly length: number } | undefined
  #opened = 0

  /** @param commitOnFirstItem whether an array is final once one of its elements is complete, whatever follows it */
  constructor(limits: Limits, commitOnFirstItem: boolean) {
    this.#limits = limits
    this.#commitOnFirstItem = commitOnFirstItem
  }

  /** A number that grows whenever the value changes. */
  get version(): number {
    return this.#versions + (this.#reader?.version ?? 0)
  }

  /** How many entries {@link value} has to copy. */
  get cost(): number {
    return this.#reader?.cost ?? 0
  }

  /** Whether the value is a number that ended only because the text did. */
  get openEnded(): boolean {
    return this.#reader?.openEnded ?? false
  }

  /** The complete elements of the outermost array. */
  get elements(): ReadonlyArray<Json> | undefined {
    return this.#reader?.elements
  }

  /**
   * The value so far. It is `undefined` while there is none, while it may still turn out to be prose, and while the
   * text stops within the backticks that close a fence.
   */
  value(): Json | undefined {
    const reader = this.#reader
    if (reader === undefined || (this.#state === inClosingFence && this.#backticks > 0)) return undefined
    if (this.#state === over || (this.#state === inFence && this.#fenceTag !== "")) return reader.value()
    // A brace in prose often starts no object.
    if (this.#amidProse && reader.version < 2 && !reader.done) return undefined
    const value = reader.value()
    // A word of prose may start like `true`, `false` or `null`.
    return isContainer(value) ? value : undefined
  }

  /** Reads the next piece. */
  push(piece: string): void {
    let at = 0
    while (at < piece.length && this.#state !== over && this.failure === undefined) {
      switch (this.#state) {
        case inBareValue:
        case inFence:
          at += this.#feed(at === 0 ? piece : piece.slice(at), at)
          break
        case inFenceTag:
          if (this.#readFenceTag(piece[at]!, at)) at++
          break
        case inClosingFence:
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

  /** Ends the text. Returns the complete value; without one it returns `undefined` and sets {@link failure}. */
  end(): Json | undefined {
    if (this.failure !== undefined) return undefined
    const reader = this.#reader
    const whole = reader?.end()
    if (whole !== undefined) return whole
    const found = this.#found?.end()
    // It replaces the value that was shown from a fence that was cut off.
    if (found !== undefined) this.#versions++
    else this.failure = reader?.failure ?? this.#bestAttempt?.failure ?? noJson(this.#read)
    return found
  }

  /** Looks for a fence or for the start of a value. Returns the position where it stopped. */
  #scan(piece: string, from: number): number {
    for (let at = from; at < piece.length; at++) {
      const char = piece[at]!
      if (char === "`") {
        this.#backticks++
        if (this.#state === atStart) this.#state = inProse
        continue
      }
      const fence = this.#backticks >= 3
      this.#backticks = 0
      if (fence) {
        this.#fenceTag = ""
        this.#state = this.#state === inOtherFence ? inProse : inFenceTag
        return at
      }
      if (char === "\n" || char === "\r") this.#lineStart = true
      else if (char.trim() !== "") {
        const starts = this.#starts(char)
        this.#lineStart = false
        if (starts) {
          this.#amidProse = this.#state === inProse
          this.#open(inBareValue, at)
          return at
        }
        if (this.#state === atStart) this.#state = inProse
      }
    }
    return piece.length
  }

  /** Whether a value starts with this character, here. */
  #starts(char: string): boolean {
    if (this.#state === atStart) return valueStart.test(char)
    return this.#state === inProse && this.#found === undefined && (char === "{" || (char === "[" && this.#lineStart))
  }

  /** Reads the name of a language after an opening fence. Returns whether the character belongs to it. */
  #readFenceTag(char: string, at: number): boolean {
    if (this.#fenceTag === "" && (char === " " || char === "\t")) return true
    const word = this.#fenceTag === "" ? /[a-z]/i : /[\w+#.-]/
    if (word.test(char) && this.#fenceTag.length < longestFenceTag) {
      this.#fenceTag += char
      return true
    }
    if (this.#fenceTag === "" || /^json/i.test(this.#fenceTag)) {
      this.#amidProse = false
      this.#open(inFence, at)
    } else this.#state = inOtherFence
    return false
  }

  /** Reads the text after the value of a fence or after a bare scalar. Returns whether the character was consumed. */
  #readAfter(char: string): boolean {
    if (this.#state === inClosingFence && char === "`") {
      if (++this.#backticks === 3) this.#state = over
      return true
    }
    if (char.trim() === "" && this.#backticks === 0) return true
    const reader = this.#reader! // it is set: these states follow a value
    if (isContainer(reader.value())) {
      this.#state = over
      return true
    }
    this.#abandon(reader)
    return false
  }

  /** Starts a new reader at this position. */
  #open(state: number, at: number): void {
    this.#versions += this.#reader?.version ?? 0
    this.#opened = this.#read + at
    this.#reader = new JsonReader(this.#limits, false, this.#opened)
    this.#state = state
    this.#backticks = 0
  }

  /** Feeds text to the current reader. Returns how many characters it read. */
  #feed(rest: string, at: number): number {
    const reader = this.#reader! // it is set: these states follow `#open`
    const taken = reader.push(rest)
    const { failure } = reader
    if (failure !== undefined) {
      const committed = this.#state === inFence && this.#fenceTag !== "" ||
        this.#commitOnFirstItem && reader.elements !== undefined && reader.elements.length > 0
      if (failure.reason !== "Syntax" || committed) this.failure = failure
      else {
        const length = this.#read + at + taken - this.#opened
        // The failure of a word of prose that started like one of JSON would not help anybody.
        if (isContainer(reader.value()) && length > (this.#bestAttempt?.length ?? 0)) {
          this.#bestAttempt = { failure, length }
        }
        this.#abandon(reader)
      }
    } else if (reader.done) this.#settle(reader)
    return taken
  }

  /** Decides what a complete value means: the end, or a candidate until the text ends. */
  #settle(reader: JsonReader): void {
    if (this.#state === inFence) this.#state = inClosingFence
    else if (!isContainer(reader.value())) this.#state = afterScalar
    else if (this.#amidProse && !this.#commitOnFirstItem) {
      this.#found = reader
      this.#state = inProse
    } else this.#state = over
  }

  /** Drops a reader whose text turned out not to be the value. */
  #abandon(reader: JsonReader): void {
    const fenced = this.#state === inFence || this.#state === inClosingFence
    this.#versions += reader.version + 1 - (this.#found?.version ?? 0)
    this.#reader = this.#found
    this.#backticks = 0
    this.#state = fenced ? inOtherFence : inProse
  }
}

const isContainer = (value: Json | undefined): boolean => typeof value === "object" && value !== null

const valueStart = /[{["\-\dtfn]/
