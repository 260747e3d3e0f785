// Random regular expressions whose matches are bounded, over a small alphabet, and the texts that they look at.

/** Takes numbers one after the other. When none is left, all further ones are 0. */
class Numbers {
  readonly #numbers: ReadonlyArray<number>
  #at = 0

  constructor(numbers: ReadonlyArray<number>) {
    this.#numbers = numbers
  }

  /** A number below a bound. */
  next(bound: number): number {
    return Math.abs(this.#numbers[this.#at++] ?? 0) % bound
  }

  pick<A>(items: readonly [A, ...Array<A>]): A {
    return items[this.next(items.length)] ?? items[0]
  }
}

const letters = ["a", "b", "c", " ", "é", "🐠", "\n"] as const

/** A text of the alphabet. */
export const textOf = (numbers: ReadonlyArray<number>): string =>
  numbers.map((number) => letters[Math.abs(number) % letters.length]).join("")

/** A pattern of the alphabet: alternatives, groups, classes, counts, and looks at the text around. */
export const patternOf = (numbers: ReadonlyArray<number>): RegExp => {
  const source = new Numbers(numbers)
  const flags = source.pick(["", "i", "u", "m", "s", "iu", "v"])
  return new RegExp(alternatives(source, 3), flags)
}

const alternatives = (source: Numbers, depth: number): string =>
  Array.from({ length: 1 + source.next(2) }, () => sequence(source, depth)).join("|")

const sequence = (source: Numbers, depth: number): string =>
  Array.from({ length: 1 + source.next(3) }, () => term(source, depth)).join("")

const term = (source: Numbers, depth: number): string => {
  const group = (start: string) => `${start}${alternatives(source, depth - 1)})`
  const kinds = ["a", "b", "c", "🐠", ".", "[ab]", "[^a]", "\\s", "\\w", "^", "$", "\\b"] as const
  const kind = source.next(depth > 0 ? kinds.length + 6 : kinds.length)
  switch (kind - kinds.length) {
    case 0:
      return counted(source, group("(?:"))
    case 1:
      return counted(source, group("("))
    case 2:
      return group("(?=")
    case 3:
      return group("(?!")
    case 4:
      return group("(?<=")
    case 5:
      return group("(?<!")
  }
  const plain = kinds[kind] ?? "a"
  return /^(\^|\$|\\b)$/.test(plain) ? plain : counted(source, plain)
}

const counted = (source: Numbers, atom: string): string =>
  atom + source.pick(["", "", "", "?", "{2}", "{0,2}", "??", "{1,3}?"])
