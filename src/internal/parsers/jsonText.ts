import type { Json } from "effect/Schema"
import { JsonFinder } from "./jsonFinder.ts"
import { JsonReader, noJson } from "./jsonReader.ts"
import type { Failure } from "./jsonReader.ts"

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

/** Copying a little is done after every piece. */
const alwaysCopied = 256

/** For more than that, how many entries may be copied for each character that came. */
const copiedPerCharacter = 16

/** A JSON text that arrives in pieces, with or without prose around it. */
export class JsonText {
  readonly #reader: JsonReader | JsonFinder
  #credit = 0
  #shown = 0
  #length = 0
  #whole: Json | undefined

  /** @param firm see {@link JsonFinder} */
  constructor(options: Options | undefined, firm = false) {
    const limits = { maxDepth: options?.maxDepth ?? 512, maxLength: options?.maxLength ?? 16_777_216 }
    this.#reader = options?.prose === true ? new JsonFinder(limits, firm) : new JsonReader(limits, true)
  }

  get failure(): Failure | undefined {
    return this.#reader.failure
  }

  get version(): number {
    return this.#reader.version
  }

  get elements(): ReadonlyArray<Json> | undefined {
    return this.#reader.elements
  }

  push(piece: string): void {
    this.#length += piece.length
    this.#credit += piece.length * copiedPerCharacter
    if (this.#reader.failure === undefined) this.#reader.push(piece)
  }

  value(): Json | undefined {
    return this.#reader.value()
  }

  /**
   * The value, if it changed since it was last asked for here. While much of it is open it is not given after every
   * piece, so that all copies together cost no more than reading the text does.
   */
  next(): Json | undefined {
    const { cost, version } = this.#reader
    if (version === this.#shown || (cost > alwaysCopied && cost > this.#credit)) return undefined
    const value = this.#reader.value()
    if (value === undefined) return undefined
    if (cost > alwaysCopied) this.#credit -= cost
    this.#shown = version
    return value
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

  /** Whether {@link next} gave the value as it is now. */
  get shown(): boolean {
    return this.#shown === this.#reader.version
  }

  nothing(): Failure {
    return noJson(this.#length)
  }
}
