/**
 * Finds the JSON in a model's answer: alone, in a Markdown fence, or amid prose. `JsonText` uses it when `prose` is
 * set; the JSON itself is read by `JsonReader`. No character is read twice.
 */
import type { Json } from "effect/Schema"
import { noJson, tooLong } from "./failure.ts"
import type { Failure } from "./failure.ts"
import type { Limits } from "./limits.ts"
import { isObject } from "./object.ts"
import { JsonReader } from "./reader.ts"
import { LoneClosingTag } from "./thinkTags.ts"

// The states within the text.
const atStart = 0
const inProse = 1
const inBareValue = 2
const afterValue = 3
const inFenceTag = 4
const inFence = 5
const inOtherFence = 6
const inClosingFence = 7
const over = 8

/** A longer word after an opening fence is not the name of a language. */
const longestFenceTag = 32

/** No more values than this are looked at. */
const maxCandidates = 1000

/** A longer list of numbers is not the number of a source, as in `[1, 2]`. */
const longestCitation = 8

/**
 * How the value is chosen among several.
 *
 * - `first`: the first one of the best rank.
 * - `fitting`: the caller says which one fits, with {@link JsonFinder.judge}.
 * - `elements`: the same, for arrays of which a first element has arrived.
 */
export type Choice = "first" | "fitting" | "elements"

/** How likely a value is the answer, the likeliest first. */
const rank = {
  /** It is the text from its first character on. */
  whole: 0,
  /** It is the content of a fence. */
  fence: 1,
  /** It is an object in prose. */
  object: 2,
  /** It is an array on lines of its own. */
  array: 3,
  /** It is an object without keys. */
  empty: 4,
  /** It is an array with other text on its line, such as the number of a source. */
  loose: 5
}

/** A value that may be the answer. */
export interface Candidate {
  readonly reader: JsonReader
  readonly rank: number
  /** Whether the caller has said that the value does not fit. */
  rejected: boolean
}

/**
 * Finds and reads the JSON in an answer while it arrives.
 *
 * - A text that starts with an object or an array is that value. After a list of numbers or empty brackets, or an array
 *   with other text on its line, another value may be it.
 * - Otherwise the value is the content of the first fence that is tagged as JSON, or is untagged and holds JSON.
 * - Without such a fence it is the first object in the text, or else the first array on lines of its own.
 * - A string, number, `true`, `false` or `null` must be the whole text or the whole content of a fence.
 * - A closing tag of reasoning, such as `</think>`, without an opening one starts the text anew.
 */
export class JsonFinder {
  /** Set when no further text can make the answer readable. */
  failure: Failure | undefined
  /** The failure of a value that the text ends in, while other values are complete. */
  unfinished: Failure | undefined

  readonly #limits: Limits
  readonly #choice: Choice
  readonly #closing = new LoneClosingTag()
  #state = atStart
  #read = 0
  /** The value that is being read. */
  #reader: JsonReader | undefined
  #candidates: Array<Candidate> = []
  #accepted: Candidate | undefined
  /** The reader of the value that is shown, and what to add to its version. */
  #shown: JsonReader | undefined
  #versions = 0
  #backticks = 0
  #fenceTag = ""
  #amidProse = false
  #lineStart = true
  /** The failure of the attempt that read the most characters, and how many it read. */
  #bestAttempt: { readonly failure: Failure; readonly length: number } | undefined
  #opened = 0

  constructor(limits: Limits, choice: Choice) {
    this.#limits = limits
    this.#choice = choice
  }

  /** A number that grows whenever the value changes. */
  get version(): number {
    return this.#versions + (this.#shown?.version ?? 0)
  }

  /** How many entries {@link value} has to copy. */
  get cost(): number {
    return this.#shown?.cost ?? 0
  }

  /** Whether the value is a number that ended only because the text did. */
  get openEnded(): boolean {
    return this.#shown?.openEnded ?? false
  }

  /**
   * The value so far. It is `undefined` while there is none, while it may still turn out to be prose, and while the
   * text stops within the backticks that close a fence.
   */
  value(): Json | undefined {
    const reader = this.#shown
    if (reader === undefined) return undefined
    if (reader !== this.#reader || this.#state === over) return reader.value()
    if (this.#state === inClosingFence && this.#backticks > 0) return undefined
    if (this.#state === inFence && this.#fenceTag !== "") return reader.value()
    // A brace in prose often starts no object.
    if (this.#amidProse && reader.version < 2 && !reader.done) return undefined
    const value = reader.value()
    // A word of prose may start like `true`, `false` or `null`.
    return isContainer(value) && !(this.#amidProse && isCitation(value)) ? value : undefined
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
        case afterValue:
          if (this.#readAfter(piece[at]!, at)) at++
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
    if (reader !== undefined) {
      if (reader.end() === undefined) this.unfinished = reader.failure
      else if (this.#accepted?.reader !== reader) this.#add(reader, this.#rankOf(reader, true))
    }
    const [best] = this.candidates
    // A list whose elements were emitted must be complete, and an unlikely value is not better than half a likely one.
    const broken = this.#accepted?.reader.failure ??
      (best !== undefined && best.rank >= rank.array && reader !== undefined && reader.version > 1
        ? this.unfinished
        : undefined)
    if (best === undefined || broken !== undefined) {
      this.failure = broken ?? this.unfinished ?? this.#bestAttempt?.failure ?? noJson(this.#read)
      return undefined
    }
    this.#reader = undefined
    this.#show(best.reader)
    return best.reader.value()
  }

  // ---------------------------------------------------------------------------
  // choosing
  // ---------------------------------------------------------------------------

  /** The complete values that may be the answer, the likeliest first. Those that do not fit come last. */
  get candidates(): ReadonlyArray<Candidate> {
    const order = (each: Candidate) =>
      each === this.#accepted ? -1 : (each.rejected ? 10 : 0) +
        (this.#choice === "elements" && each.reader.elements !== undefined ? 0 : each.rank)
    return this.#candidates.filter(({ reader }) => reader.done).toSorted((a, b) => order(a) - order(b))
  }

  /** The next value to judge: a likely one, or an array with an element. */
  get next(): Candidate | undefined {
    if (this.#choice === "elements") {
      return this.#accepted ?? this.#candidates.find((each) => !each.rejected && hasElements(each.reader))
    }
    const best = this.#accepted?.rank ?? rank.array
    return this.#candidates.find((each) => !each.rejected && each.rank < best)
  }

  /**
   * Says whether a value fits. After one that does, only a fence can hold another, and only a closing tag drops both. Returns whether the text may have one
   * that fits: a list from the first character on is the answer, unless it is a list of primitives.
   */
  judge(candidate: Candidate, fits: boolean): boolean {
    if (!fits) {
      candidate.rejected = true
      this.#show()
      return this.#choice !== "elements" || candidate.rank !== rank.whole ||
        !isContainer(candidate.reader.elements?.[0])
    }
    this.#accepted = candidate
    if (this.#choice === "elements") {
      if (candidate.reader.failure !== undefined) this.failure = candidate.reader.failure
      else if (candidate.reader.done || candidate.reader !== this.#reader) this.#finish()
    } else if (candidate.rank === rank.whole) this.#finish()
    this.#show()
    return true
  }

  /** Stops reading. */
  #finish(): void {
    this.#reader = undefined
    this.#state = over
  }

  /** Adds a value that may be the answer. */
  #add(reader: JsonReader, rankOfIt: number): void {
    const listed = this.#candidates.some((each) => each.reader === reader)
    const useless = listed || this.#candidates.length >= maxCandidates ||
      (rankOfIt === rank.empty && this.#candidates.some((each) => each.rank === rank.empty)) ||
      (rankOfIt === rank.loose && this.#amidProse && this.#choice === "first")
    if (reader === this.#reader) this.#reader = undefined
    if (!useless) {
      const candidate = { reader, rank: rankOfIt, rejected: false }
      this.#candidates.push(candidate)
      if (this.#choice === "first" && rankOfIt < (this.#accepted?.rank ?? rank.array)) this.judge(candidate, true)
    }
    this.#show()
  }

  /** The rank of a complete value. `alone` says whether nothing follows it on its line, or in its fence. */
  #rankOf(reader: JsonReader, alone: boolean): number {
    const value = reader.value()
    const fenced = this.#state === inFence || this.#state === inClosingFence
    if (!isContainer(value)) return fenced ? rank.fence : rank.whole
    if (isObject(value)) {
      if (reader.version < 2) return rank.empty
      return fenced ? rank.fence : this.#amidProse ? rank.object : rank.whole
    }
    if (!alone) return rank.loose
    return fenced ? rank.fence : this.#amidProse || isCitation(value) ? rank.array : rank.whole
  }

  /** Chooses the value that is shown. */
  #show(best?: JsonReader): void {
    const before = this.version
    const fenced = this.#state === inFence || this.#state === inClosingFence
    const shown = best ?? (fenced ? this.#reader : undefined) ?? this.#accepted?.reader ??
      this.#candidates.find((each) => !each.rejected && each.rank < rank.array)?.reader ?? this.#reader ??
      this.#candidates.find(({ reader, ...each }) =>
        !each.rejected && each.rank === rank.array && !isCitation(reader.value())
      )?.reader
    if (shown === this.#shown) return
    this.#shown = shown
    this.#versions = before + 1 - (shown?.version ?? 0)
  }

  // ---------------------------------------------------------------------------
  // reading
  // ---------------------------------------------------------------------------

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
      if (this.#closing.read(char)) {
        this.#restart()
        return at + 1
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
    return this.#state === inProse && this.#accepted === undefined && this.#candidates.length < maxCandidates &&
      (char === "{" || (char === "[" && this.#lineStart))
  }

  /** Forgets all that was read. */
  #restart(): void {
    this.#reader = undefined
    this.#accepted = undefined
    this.#candidates = []
    this.#bestAttempt = undefined
    this.#state = atStart
    this.#lineStart = true
    this.#show()
  }

  /** Reads the name of a language after an opening fence. Returns whether the character belongs to it. */
  #readFenceTag(char: string, at: number): boolean {
    if (this.#fenceTag === "" && (char === " " || char === "\t")) return true
    const word = this.#fenceTag === "" ? /[a-z]/i : /[\w+#.-]/
    if (word.test(char) && this.#fenceTag.length < longestFenceTag) {
      this.#fenceTag += char
      return true
    }
    const best = this.#accepted?.rank === rank.fence
    if (!best && (this.#fenceTag === "" || /^json/i.test(this.#fenceTag))) {
      this.#amidProse = false
      this.#open(inFence, at)
    } else this.#state = inOtherFence
    return false
  }

  /** Reads the text after a value. Returns whether the character was consumed. */
  #readAfter(char: string, at: number): boolean {
    const reader = this.#reader! // it is set: these states follow a value
    const fenced = this.#state === inClosingFence
    if (fenced && char === "`") {
      if (++this.#backticks < 3) return true
      this.#add(reader, this.#rankOf(reader, true))
      if (this.#state !== over) this.#state = inProse
      this.#backticks = 0
      return true
    }
    const container = isContainer(reader.value())
    const ends = container && !fenced && (char === "\n" || char === "\r")
    if (this.#backticks === 0 && !ends && (char.trim() === "" || (container && !fenced && /[.,;]/.test(char)))) {
      return true
    }
    if (!container) {
      this.#abandon(reader)
      return false
    }
    this.#add(reader, this.#rankOf(reader, ends))
    if (this.#state === over) return false
    this.#backticks = 0
    this.#state = fenced ? inOtherFence : inProse
    // Several values in one fence.
    if (fenced && (char === "{" || char === "[")) this.#open(inFence, at)
    return false
  }

  /** Starts a new reader at this position. */
  #open(state: number, at: number): void {
    this.#opened = this.#read + at
    this.#reader = new JsonReader(this.#limits, false, this.#opened)
    this.#state = state
    this.#backticks = 0
    this.#closing.interrupt()
    this.#show()
  }

  /** Feeds text to the current reader. Returns how many characters it read. */
  #feed(rest: string, at: number): number {
    const reader = this.#reader! // it is set: these states follow `#open`
    const taken = reader.push(rest)
    const { failure } = reader
    const listed = this.#choice === "elements" && hasElements(reader)
    if (listed && !this.#candidates.some((each) => each.reader === reader)) {
      const whole = this.#state === inBareValue && !this.#amidProse
      this.#candidates.push({ reader, rank: whole ? rank.whole : rank.array, rejected: false })
    }
    if (failure !== undefined) {
      const accepted = this.#accepted?.reader === reader
      const committed = accepted || (!listed && this.#state === inFence && this.#fenceTag !== "")
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
    if (this.#accepted?.reader === reader) this.#finish()
    else if (this.#state === inFence) this.#state = inClosingFence
    else if (isObject(reader.value())) {
      const found = this.#rankOf(reader, true)
      // A text that is JSON from its first character on has no reasoning before it.
      if (found === rank.whole) this.#closing.stop()
      this.#add(reader, found)
      if (this.#state === inBareValue) this.#state = inProse
    } else this.#state = afterValue
  }

  /** Drops a reader whose text turned out not to be the value. */
  #abandon(reader: JsonReader): void {
    const fenced = this.#state === inFence || this.#state === inClosingFence
    if (reader === this.#reader) this.#reader = undefined
    this.#backticks = 0
    this.#state = fenced ? inOtherFence : inProse
    this.#show()
  }
}

const isContainer = (value: Json | undefined): boolean => typeof value === "object" && value !== null

/** Whether a value may be the number of a source (`[1]`) or a box to tick (`[ ]`). */
const isCitation = (value: Json | undefined): boolean =>
  Array.isArray(value) && value.length <= longestCitation && value.every((each) => typeof each === "number")

const hasElements = ({ elements }: JsonReader): boolean => elements !== undefined && elements.length > 0

const valueStart = /[{["\-\dtfn]/
