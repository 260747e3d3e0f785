/**
 * The numbers by which an automatic model decides. Every decision (call a tool or not, which value an argument has) takes
 * one number, and 0 is the simplest decision. So an answer becomes simpler when numbers become smaller or run out, which
 * is how a failing conversation is shrunk. Imports nothing.
 *
 * @internal
 */

/** Numbers, as data. */
export interface Numbered {
  /** The seed of the numbers. */
  readonly seed: number
  /** How many there are. All after them are 0. */
  readonly limit: number
  /** Numbers by their position that replace those of the seed. */
  readonly fixed: ReadonlyMap<number, number>
}

/** A number from 0 to 2^32 - 1, mixed from two. */
export const mix = (a: number, b: number): number => {
  let h = (a ^ Math.imul(b + 0x9e3779b9, 0x85ebca6b)) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad)
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
  return (h ^ (h >>> 15)) >>> 0
}

/** A number from 0 to 2^32 - 1 that stands for a text. */
export const hash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

const span = 2 ** 32

/** Gives numbers one after the other. */
export class Choices {
  readonly #numbers: Numbered
  readonly #salt: number
  #at = 0

  /** `salt` makes the answers to different questions differ. */
  constructor(numbers: Numbered, salt: number) {
    this.#numbers = numbers
    this.#salt = mix(numbers.seed, salt)
  }

  /** The next number, from 0 to 2^32 - 1. All sizes of numbers are equally likely, so small ones are common. */
  next(): number {
    const at = this.#at++
    const { fixed, limit } = this.#numbers
    const given = fixed.get(at)
    if (given !== undefined) return given
    if (at >= limit) return 0
    const bits = mix(this.#salt, 2 * at) % 33
    return bits === 0 ? 0 : mix(this.#salt, 2 * at + 1) >>> (32 - bits)
  }

  /** A number below a bound. */
  below(bound: number): number {
    return this.next() % bound
  }

  /** Whether something of this probability happens. The simplest decision is that it does not. Never takes no number. */
  chance(probability: number): boolean {
    if (probability === 0) return false
    const number = this.next()
    return number !== 0 && mix(number, 1) / span < probability
  }

  /** A size from 0 to a bound. Small numbers are themselves, so that a size can be shrunk. */
  size(bound: number): number {
    const number = this.next()
    return number <= bound ? number : mix(number, 2) % (bound + 1)
  }

  /** Numbers of which the caller may take any amount for one decision. They are all 0 if the decision is the simplest. */
  many(): Numbers {
    return new Numbers(this.next())
  }
}

/** As many numbers as one decision needs, from one number. */
export class Numbers {
  readonly #seed: number
  #at = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  /** A number below a bound. */
  below(bound: number): number {
    return this.#seed === 0 || bound <= 1 ? 0 : mix(this.#seed, this.#at++) % bound
  }

  /** One of the items. */
  pick<A>(items: readonly [A, ...Array<A>]): A {
    return items[this.below(items.length)] ?? items[0]
  }

  /** Whether these are the numbers of the simplest decision. */
  get simplest(): boolean {
    return this.#seed === 0
  }

  /** Other numbers for another try. They differ even from those of the simplest decision. */
  retry(attempt: number): Numbers {
    return attempt === 0 ? this : new Numbers(mix(this.#seed, attempt + 0x1000) || 1)
  }
}
