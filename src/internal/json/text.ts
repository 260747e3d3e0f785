import type { Json } from "effect/Schema"
import { noJson } from "./failure.ts"
import type { Failure } from "./failure.ts"
import { JsonFinder } from "./finder.ts"
import { limitsOf } from "./limits.ts"
import { JsonReader } from "./reader.ts"
import { Pace } from "./snapshotPacer.ts"

/** How a JSON text is read. */
export interface Options {
  /** Objects and arrays within each other, at most. 512 by default. */
  readonly maxDepth?: number | undefined
  /** The most UTF-16 code units the text may have. 16,777,216 by default. */
  readonly maxLength?: number | undefined
  /**
   * Whether prose and Markdown fences may be around the JSON. A text that starts with an object or an array is that;
   * otherwise it is what the first fence that holds JSON has in it, or else the first object in the text, or the first
   * array that starts a line. A string, number, `true`, `false` or `null` must be all there is, or all in the fence.
   */
  readonly prose?: boolean | undefined
}

/** A JSON text that arrives in pieces, with or without prose around it. */
export class JsonText {
  readonly #reader: JsonReader | JsonFinder
  readonly #pace: Pace<Json>
  #length = 0
  #whole: Json | undefined

  /** @param firm see {@link JsonFinder} */
  constructor(options: Options | undefined, firm = false) {
    const limits = limitsOf(options)
    this.#reader = options?.prose === true ? new JsonFinder(limits, firm) : new JsonReader(limits, true)
    this.#pace = new Pace(this.#reader)
  }

  get failure(): Failure | undefined {
    return this.#reader.failure
  }

  get version(): number {
    return this.#reader.version
  }

  /** The elements of the array that are whole. It grows; nothing in it changes. */
  get elements(): ReadonlyArray<Json> | undefined {
    return this.#reader.elements
  }

  push(piece: string): void {
    if (this.#reader.failure !== undefined) return
    this.#length += piece.length
    this.#pace.earn(piece.length)
    this.#reader.push(piece)
  }

  /** The value so far; none after a failure, when it would depend on how the text was cut. */
  value(): Json | undefined {
    return this.#reader.failure === undefined ? this.#reader.value() : undefined
  }

  /** See {@link Pace}. */
  next(): Json | undefined {
    return this.#reader.failure === undefined ? this.#pace.next() : undefined
  }

  /** The text is over. Whether it is a value; if it is not, there is a failure. */
  end(): boolean {
    this.#whole = this.#reader.end()
    return this.#whole !== undefined
  }

  /** The whole value, after {@link end}. */
  get whole(): Json | undefined {
    return this.#whole
  }

  /** Whether the whole is a number that nothing but {@link end} has ended. */
  get openEnded(): boolean {
    return this.#reader.openEnded
  }

  /** Whether {@link next} gave the value as it is now. */
  get shown(): boolean {
    return this.#pace.shown
  }

  nothing(): Failure {
    return noJson(this.#length)
  }
}
