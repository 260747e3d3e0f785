/**
 * A JSON text that arrives in pieces: the one interface to the readers for `PartialJson`, the parsers, object
 * generation and partial tool calls. It must not import them. Reading is linear in the text.
 */
import type { Json } from "effect/Schema"
import { noJson } from "./failure.ts"
import type { Failure } from "./failure.ts"
import { JsonFinder } from "./finder.ts"
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
   * - Without such a fence it is the first object in the text, or the first array at the start of a line.
   * - A string, number, `true`, `false` or `null` must be the whole text or the whole content of a fence.
   */
  readonly prose?: boolean | undefined
}

/** A JSON text that arrives in pieces, with or without prose around it. It is mutable and reads one text. */
export class JsonText {
  readonly #reader: JsonReader | JsonFinder
  readonly #pacer: SnapshotPacer<Json>
  #length = 0
  #whole: Json | undefined

  /** @param commitOnFirstItem see {@link JsonFinder} */
  constructor(options: Options | undefined, commitOnFirstItem = false) {
    const limits = limitsOf(options)
    this.#reader = options?.prose === true ? new JsonFinder(limits, commitOnFirstItem) : new JsonReader(limits, true)
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

  /** The complete elements of the outermost array. The array grows; its elements never change. */
  get elements(): ReadonlyArray<Json> | undefined {
    return this.#reader.elements
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

  /** Whether the value is a number that ended only because the text did. */
  get openEnded(): boolean {
    return this.#reader.openEnded
  }

  /** Whether the last value of {@link next} is the current one. */
  get shown(): boolean {
    return this.#pacer.shown
  }

  /** The failure of a text without JSON. */
  nothing(): Failure {
    return noJson(this.#length)
  }
}
