/**
 * A JSON text that arrives in pieces: the one interface to the readers for `PartialJson`, the parsers, object
 * generation and partial tool calls. It must not import them. Reading is linear in the text.
 */
import type { Json } from "effect/Schema"
import { noJson } from "./failure.ts"
import type { Failure } from "./failure.ts"
import { JsonFinder } from "./finder.ts"
import type { Candidate, Choice } from "./finder.ts"
import { limitsOf } from "./limits.ts"
import { JsonReader } from "./reader.ts"
import { SnapshotPacer } from "./snapshotPacer.ts"

/** Options for reading a JSON text. */
export interface Options {
  /** The deepest nesting of objects and arrays that is read. Defaults to 512. */
  readonly maxDepth?: number | undefined
  /** The longest text that is read, in UTF-16 code units. Defaults to 16,777,216. */
  readonly maxLength?: number | undefined
  /**
   * Whether prose and Markdown fences may surround the JSON. Defaults to `false`.
   *
   * - A text that starts with an object or an array is that value.
   * - Otherwise the value is the content of the first fence that holds JSON.
   * - Without such a fence it is the first object in the text, or else the first array on lines of its own.
   * - Empty brackets (`{}`, `[ ]`) and the numbers of sources (`[1]`) are the value only if there is no other.
   * - A string, number, `true`, `false` or `null` must be the whole text or the whole content of a fence.
   * - Where a closing tag of reasoning (`</think>`) has no opening one, the text begins behind it.
   */
  readonly prose?: boolean | undefined
}

/** A JSON text that arrives in pieces, with or without prose around it. It is mutable and reads one text. */
export class JsonText {
  readonly #reader: JsonReader | JsonFinder
  readonly #pacer: SnapshotPacer<Json>
  readonly #choice: Choice
  #length = 0
  #whole: Json | undefined

  /** @param choice how the value is chosen among several in prose */
  constructor(options: Options | undefined, choice: Choice = "first") {
    const limits = limitsOf(options)
    this.#reader = options?.prose === true ? new JsonFinder(limits, choice) : new JsonReader(limits, true)
    this.#choice = choice
    this.#pacer = new SnapshotPacer(this.#reader)
  }

  /** The reason the text cannot become JSON any more, if it cannot. */
  get failure(): Failure | undefined {
    return this.#reader.failure
  }

  /** A number that grows whenever the value changes. */
  get version(): number {
    return this.#reader.version
  }

  /** Reads the next piece. Does nothing after a failure. */
  push(piece: string): void {
    if (this.#reader.failure !== undefined) return
    this.#length += piece.length
    this.#pacer.addCredit(piece.length)
    this.#reader.push(piece)
  }

  /** The value so far, or `undefined`. After a failure it would depend on how the text was cut, so there is none. */
  value(): Json | undefined {
    return this.#reader.failure === undefined ? this.#reader.value() : undefined
  }

  /** The value if it is time for another snapshot; see {@link SnapshotPacer}. */
  next(): Json | undefined {
    return this.#reader.failure === undefined ? this.#pacer.next() : undefined
  }

  /** Ends the text. Returns whether it is a complete value; otherwise {@link failure} is set. */
  end(): boolean {
    this.#whole = this.#reader.end()
    return this.#whole !== undefined
  }

  /** The complete value, after {@link end} returned `true`. */
  get whole(): Json | undefined {
    return this.#whole
  }

  /** The complete values that may be the answer, the likeliest first. */
  get candidates(): ReadonlyArray<Candidate> {
    if (this.#reader instanceof JsonFinder) return this.#reader.candidates
    return this.#reader.done ? [this.#alone(this.#reader)] : []
  }

  /** The next value to judge, if there is one; see {@link JsonFinder.next}. */
  get unjudged(): Candidate | undefined {
    if (this.#reader instanceof JsonFinder) return this.#reader.next
    const listed = this.#choice === "elements" && this.#reader.elements !== undefined
    return listed ? this.#alone(this.#reader) : undefined
  }

  /** Says whether a value fits what the caller expects. Returns whether the text may have one that does. */
  judge(candidate: Candidate, fits: boolean): boolean {
    return this.#reader instanceof JsonFinder ? this.#reader.judge(candidate, fits) : fits
  }

  /** The failure of a value that the text ends in, while other values are complete. */
  get unfinished(): Failure | undefined {
    return this.#reader instanceof JsonFinder ? this.#reader.unfinished : undefined
  }

  /** Whether the value is a number that ended only because the text did. */
  get openEnded(): boolean {
    return this.#reader.openEnded
  }

  /** Whether the last value of {@link next} is the current one. */
  get shown(): boolean {
    return this.#pacer.shown
  }

  #alone(reader: JsonReader): Candidate {
    return { reader, rank: 0, rejected: false }
  }

  /** The failure of a text without JSON. */
  nothing(): Failure {
    return noJson(this.#length)
  }
}
