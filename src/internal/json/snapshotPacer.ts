/** A value that is still being read. */
export interface Growing<A> {
  /** Grows when the value changes. */
  readonly version: number
  /** What {@link value} has to copy, in entries. */
  readonly cost: number
  readonly value: () => A | undefined
}

/** Copying a little is done after every piece. */
const alwaysCopied = 256

/** For more than that, how many entries may be copied for each character that came. */
const copiedPerCharacter = 8

/**
 * When to show a value that is being read: after every piece that changed it, as long as little has to be copied for
 * it. A large one is shown less often, so that all copies together are bounded
 * by the length of the text.
 */
export class Pace<A> {
  readonly #source: Growing<A>
  #credit = 0
  #shown = 0

  constructor(source: Growing<A>) {
    this.#source = source
  }

  /** A piece of so many characters was read. */
  earn(length: number): void {
    this.#credit += length * copiedPerCharacter
  }

  /** The value, if it changed since it was last given here, and it is time. */
  next(): A | undefined {
    const { cost, version } = this.#source
    if (version === this.#shown || (cost > alwaysCopied && cost > this.#credit)) return undefined
    const value = this.#source.value()
    if (value === undefined) return undefined
    if (cost > alwaysCopied) this.#credit -= cost
    this.#shown = version
    return value
  }

  /** Whether {@link next} gave the value as it is now. */
  get shown(): boolean {
    return this.#shown === this.#source.version
  }
}
