/** Numbers from 0 to 1 that look random, and are the same for the same seed (mulberry32). */
export const makeRandom = (seed: number) => {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (n: number): number => Math.floor(next() * n)
  const pick = <A>(items: ReadonlyArray<A>): A => items[below(items.length)]!
  return { next, below, pick }
}

export type Random = ReturnType<typeof makeRandom>

const spaces = ["", "", "", " ", "\n", "\t", "\r\n", "   "]
const numbers = ["0", "-0", "1", "-12", "3.25", "1e3", "1E+2", "-1.5e-7", "0.0", "12345678901234567890", "1e400", "0e0"]
const characters = [
  "a",
  "b",
  " ",
  "  ",
  "\u00a0",
  "é",
  "日",
  "🐠",
  "\ud83d",
  "\udc20",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "`",
  "```",
  "\\\"",
  "\\\\",
  "\\/",
  "\\b",
  "\\f",
  "\\n",
  "\\r",
  "\\t",
  "\\u00e9",
  "\\uD83D\\uDE00",
  "\\ud83d",
  "\\uDE00",
  "\\u0000",
  "\u2028"
]

const stringText = (random: Random): string =>
  `"${Array.from({ length: random.below(5) }, () => random.pick(characters)).join("")}"`

const keyText = (random: Random): string =>
  random.pick([stringText, () => "\"a\"", () => "\"__proto__\"", () => "\"constructor\"", () => "\"0\""])(random)

/** The text of some JSON, with white space where it may be. */
export const jsonText = (random: Random, depth = 3): string => {
  const space = () => random.pick(spaces)
  const list = (item: () => string) =>
    Array.from({ length: random.below(4) }, () => `${space()}${item()}${space()}`).join(",") || space()
  switch (random.below(depth === 0 ? 4 : 8)) {
    case 0:
      return random.pick(["true", "false", "null"])
    case 1:
      return random.pick(numbers)
    case 2:
    case 3:
      return stringText(random)
    case 4:
    case 5:
      return `[${list(() => jsonText(random, depth - 1))}]`
    default:
      return `{${list(() => `${keyText(random)}${space()}:${space()}${jsonText(random, depth - 1)}`)}}`
  }
}

const tokens = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "\"",
  "\\",
  "u",
  "-",
  ".",
  "e",
  "+",
  "0",
  "1",
  "9",
  "t",
  "true",
  "fals",
  "n"
]
const others = [
  "null",
  " ",
  "\n",
  "\"a\"",
  "\\u",
  "\ud83d",
  "\udc20",
  "`",
  "```",
  "```json\n",
  "Hi",
  "\u0000",
  "<",
  "&",
  "a"
]

/** Tokens of JSON, and some others, in any order. */
export const tokenSoup = (random: Random): string =>
  Array.from({ length: random.below(14) }, () => random.pick(random.below(3) === 0 ? others : tokens)).join("")

/** A text with one to three mistakes in it. */
export const mutated = (random: Random, text: string): string => {
  let result = text
  for (let i = random.below(3); i >= 0; i--) {
    const at = random.below(result.length + 1)
    const to = Math.min(result.length, at + random.below(4))
    const [before, cut, after] = [result.slice(0, at), result.slice(at, to), result.slice(to)]
    result = random.pick([
      () => before + after,
      () => before + random.pick(tokens) + result.slice(at),
      () => before + random.pick(others) + after,
      () => before + cut + cut + after,
      () => before
    ])()
  }
  return result
}

/** A text in pieces; some of them may be empty. */
export const cutUp = (random: Random, text: string): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  const longest = random.pick([1, 3, 10])
  for (let at = 0; at < text.length;) {
    const length = random.below(longest + 1)
    pieces.push(text.slice(at, at + length))
    at += length
  }
  return pieces
}
