/**
 * Words and regular expressions that a guard looks for, and how they are found in a text that is still arriving. Used by
 * `guard.ts`. A search looks at the held text once for each pattern.
 */
import { checkedNumber } from "../../defects.ts"
import { nameOf } from "../../excerpt.ts"
import { isObject } from "../../json/object.ts"
import { longestMatch } from "./matchLength.ts"

/** The text in place of a match: fixed, or made from the match. */
export type Replacement = string | ((match: string) => string)

/** A word or a regular expression, and what happens where it is found. */
export interface Rule {
  /** A word, found to the letter wherever it stands, or a regular expression. */
  readonly pattern: string | RegExp
  /** The text in place of a match. Defaults to the `replacement` of the guard. */
  readonly replacement?: Replacement | undefined
  /** Ends the answer before the match, with this reason. By default the match is replaced. */
  readonly stop?: string | undefined
}

/** A change of a text, by positions in it. */
export interface Change {
  readonly start: number
  readonly end: number
  readonly replacement: string
}

/** The changes of a text in order, and where it ends early. */
export interface Decision {
  readonly changes: ReadonlyArray<Change>
  readonly stop?: { readonly at: number; readonly reason: string } | undefined
}

/** The rules of a guard, ready to search. */
export interface Rules {
  /** The text that must follow a position before it is decided. */
  readonly window: number
  /** Decides a text from a position up to another one, before which a match must begin. */
  readonly decide: (text: string, from: number, before: number) => Decision
}

/** A pattern that can be searched, and its rule. */
interface Search {
  readonly regExp: RegExp
  readonly rule: Rule
}

/** Prepares rules. Throws for a pattern whose matches have no bound, unless the window is given. */
export const makeRules = (
  rules: ReadonlyArray<string | RegExp | Rule>,
  replacement: Replacement,
  window: number | undefined
): Rules => {
  if (!Array.isArray(rules)) throw new TypeError(`withGuard: patterns must be a list, not ${nameOf(rules)}`)
  const all = rules.map((rule: string | RegExp | Rule, i) => checkedRule(`withGuard: patterns[${i}]`, rule))
  const least = Math.max(0, ...all.map((rule) => lengthOf(rule.pattern, window)))
  return {
    window: Math.max(least, window === undefined ? 0 : checkedNumber("withGuard: window", window, 0)),
    decide: decider(searchesOf(all), replacement)
  }
}

const checkedRule = (name: string, rule: string | RegExp | Rule): Rule => {
  if (isPattern(rule)) return { pattern: rule }
  if (isObject(rule) && isPattern(rule.pattern)) return rule
  throw new TypeError(
    `${name} must be a word, a regular expression or a rule with one as its pattern, not ${nameOf(rule)}`
  )
}

const isPattern = (value: unknown): value is string | RegExp => typeof value === "string" || value instanceof RegExp

const lengthOf = (pattern: string | RegExp, window: number | undefined): number => {
  const length = typeof pattern === "string" ? pattern.length : longestMatch(pattern)
  if (length !== Infinity) return length
  if (window === undefined) {
    throw new TypeError(
      `withGuard: a match of ${String(pattern)} may have any length; bound its repetitions, or give \`window\``
    )
  }
  return 0
}

/** Words of one rule are searched together. Longer ones come first, as of two words at one place the longer one counts. */
const searchesOf = (rules: ReadonlyArray<Rule>): ReadonlyArray<Search> => {
  const searches: Array<Search> = []
  let words: Array<string> = []
  let last: Rule | undefined
  const flush = () => {
    // A word without characters is everywhere and nowhere.
    const sources = words.filter((word) => word !== "").toSorted((a, b) => b.length - a.length).map(escaped)
    if (last !== undefined && sources.length > 0) {
      searches.push({ regExp: new RegExp(sources.join("|"), "g"), rule: last })
    }
    words = []
  }
  for (const rule of rules) {
    const { pattern } = rule
    if (typeof pattern === "string") {
      if (last === undefined || rule.replacement !== last.replacement || rule.stop !== last.stop) flush()
      last = rule
      words.push(pattern)
    } else {
      flush()
      last = undefined
      searches.push({ regExp: new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, "")}g`), rule })
    }
  }
  flush()
  return searches
}

const escaped = (word: string): string => word.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

interface Found {
  readonly start: number
  readonly text: string
  readonly rule: Rule
}

const decider = (searches: ReadonlyArray<Search>, byDefault: Replacement): Rules["decide"] => (text, from, before) => {
  const changes: Array<Change> = []
  // The next match of each search. It stays until the text in front of it has been passed.
  const next: Array<Found | undefined> = searches.map((search) => find(search, text, from))
  let at = from
  while (true) {
    let first: Found | undefined
    for (const [i, search] of searches.entries()) {
      let found = next[i]
      if (found !== undefined && found.start < at) found = next[i] = find(search, text, at)
      if (found !== undefined && comesFirst(found, first)) first = found
    }
    if (first === undefined || first.start >= before) return { changes }
    const { rule, start } = first
    if (rule.stop !== undefined) return { changes, stop: { at: start, reason: rule.stop } }
    at = start + first.text.length
    const replacement = rule.replacement ?? byDefault
    changes.push({
      start,
      end: at,
      replacement: typeof replacement === "string" ? replacement : replacement(first.text)
    })
  }
}

/** Of two matches the earlier one counts, then the longer one, then the one of the earlier rule. */
const comesFirst = (found: Found, other: Found | undefined): boolean =>
  other === undefined || found.start < other.start ||
  (found.start === other.start && found.text.length > other.text.length)

/** The next match that is not empty. */
const find = ({ regExp, rule }: Search, text: string, from: number): Found | undefined => {
  for (let at = from; at <= text.length;) {
    regExp.lastIndex = at
    const match = regExp.exec(text)
    if (match === null) return undefined
    // With the flag `u` a search that starts inside a character looks at all of it.
    if (match[0] !== "" && match.index >= from) return { start: match.index, text: match[0], rule }
    at = Math.max(at, match.index) + 1
  }
  return undefined
}
