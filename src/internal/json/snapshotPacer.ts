/**
 * Decides how often a value that is still being read is copied for the consumer. Used by the JSON reader and the XML
 * parser. It must import nothing. It keeps the cost of all copies together linear in the length of the text.
 */

/** A value that is still being read. */
export interface GrowingValue<A> {
  /** A number that grows whenever the value changes. */
  readonly version: number
  /** How many entries {@link value} has to copy. */
  readonly cost: number
  /** A copy of the value so far, or `undefined` if there is none. */
  readonly value: () => A | undefined
}

/** A value that costs no more than this is copied after every piece that changed it. */
const freeCost = 256

/** How many entries of a larger value may be copied for each character that was read. */
const creditPerCharacter = 8

/**
 * Paces the snapshots of a growing value: one after every piece that changed it while the value is small, and fewer the
 * larger it gets.
 */
export class SnapshotPacer<A> {
  readonly #source: GrowingValue<A>
  #credit = 0
  #shown = 0
  #last: A | undefined

  constructor(source: GrowingValue<A>) {
    this.#source = source
  }

  /** Adds the credit of a piece of `length` characters. */
  addCredit(length: number): void {
    this.#credit += length * creditPerCharacter
  }

  /** The value, or `undefined` if it has not changed since the last snapshot or the credit does not cover its cost. */
  next(): A | undefined {
    const { cost, version } = this.#source
    if (version === this.#shown || (cost > freeCost && cost > this.#credit)) return undefined
    const value = this.#source.value()
    if (value === undefined) return undefined
    if (cost > freeCost) this.#credit -= cost
    this.#shown = version
    // The version grows also when another value was tried, and dropped.
    if (value === this.#last) return undefined
    this.#last = value
    return value
  }

  /** Whether the last snapshot is the current value. */
  get shown(): boolean {
    return this.#shown === this.#source.version || (this.#last !== undefined && this.#last === this.#source.value())
  }
}
