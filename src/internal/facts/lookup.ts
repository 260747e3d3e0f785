/**
 * Reads facts from rules. A look-up costs some tens of microseconds, so models keep what they found.
 */
import type { Facts, Price, Rule, Subject } from "./types.ts"

/** The facts that rules give about a model. */
export interface Found {
  /** For each field, the value of the first rule that fits and has it; a price of the provider before that of another. */
  readonly facts: Facts
  /** The model has no rule of its own but that for new models of its family. */
  readonly guess: boolean
}

/** Looks up a model. */
export const lookUp = (rules: ReadonlyArray<Rule>, subject: Subject): Found => {
  const facts: Record<string, unknown> = {}
  let own: Price | undefined
  let others: Price | undefined
  let guess = false
  for (const rule of rules) {
    if (!applies(rule, subject)) continue
    const { api: _, guess: guessed = false, match: __, price, provider: ___, ...fields } = rule
    if (price?.by === undefined || price.by === subject.provider) own ??= price
    else others ??= price
    guess ||= guessed && facts["thinking"] === undefined
    for (const [field, value] of Object.entries(fields)) {
      if (value !== undefined) facts[field] ??= value
    }
  }
  if (own !== undefined) {
    const { by: _, ...price } = own
    facts["price"] = price
  } else if (others !== undefined) facts["price"] = others
  return { facts, guess }
}

const applies = ({ api, match, provider }: Rule, subject: Subject): boolean =>
  (provider === undefined || namesOf(subject).some((name) => provider.includes(name))) &&
  (api === undefined || api === subject.api) &&
  patternOf(match).test(subject.model)

/** The names of a provider in rules. `Providers` calls the one with OpenAI's Chat Completions `openai-chat`. */
const namesOf = ({ api, provider }: Subject): ReadonlyArray<string> =>
  (provider === "openai" && api === "chat") || provider === "openai-chat" ? ["openai", "openai-chat"] : [provider]

const patterns = new Map<string, RegExp>()

const patternOf = (match: string): RegExp => {
  let pattern = patterns.get(match)
  if (pattern === undefined) patterns.set(match, pattern = new RegExp(match, "i"))
  return pattern
}
