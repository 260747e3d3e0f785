/**
 * Fits what a call says about reasoning: words and numbers of tokens stand for each other, in bands of the longest answer.
 */
import type { CallOptions, ReasoningOptions } from "../../CallOptions.ts"
import { limitIsRaised, within } from "./fitting.ts"
import type { Fitting, ReasoningForm } from "./fitting.ts"
import type { Range, ThinkingFacts } from "./types.ts"

/** The share of the longest answer that an effort stands for. */
const bands = { minimal: 0.05, low: 0.1, medium: 0.25, high: 0.5, xhigh: 0.75, max: 0.95 } as const

type Effort = keyof typeof bands

const ladder = Object.keys(bands) as ReadonlyArray<Effort>

/** The longest answer of a model that is not known to have one. */
const usualOutput = 32_000

/** Whether the model reasons in this answer, as far as it is known. */
export const inAnswer = ({ facts: { thinking }, reasoning }: Fitting): boolean => {
  if (reasoning === undefined) return thinking?.default === "on" || thinking?.control === "fixed"
  return reasoning.type !== "off"
}

/** Whether the call, or the model's options, ask for reasoning. */
const asks = ({ reasoning }: CallOptions): boolean =>
  reasoning?.budgetTokens !== undefined || (reasoning?.effort !== undefined && reasoning.effort !== "none")

/**
 * A promise that the model keeps only while it does not reason. Reasoning gives way if nobody asked for it, or if the
 * model's options did and the call asks for the promise. Two things that the call asks for exclude each other.
 */
export const giveWay = (fitting: Fitting, field: string, reason: string): void => {
  const { call: { options, own }, facts: { thinking } } = fitting
  if (!inAnswer(fitting)) {
    // Sources differ on what is the effort without a word.
    if (thinking?.efforts?.includes("none") === true) fitting.reasoning ??= { type: "off" }
    return
  }
  const wished = asks(options)
  const byCall = asks(own) || !(field in own)
  const off = thinking?.off === "always" || thinking?.off === "high"
  if (!off || (wished && byCall)) return fitting.refuse(field, reason)
  const word = thinking.efforts?.includes("none") === true
  const given = wished ? options.reasoning?.effort ?? options.reasoning?.budgetTokens : undefined
  fitting.warn(word ? effortField : "reasoning", given ?? null, word ? "none" : "off", reason)
  fitting.reasoning = { type: "off" }
}

/** Puts what the call says about reasoning into the form of the model. */
export const fitReasoning = (fitting: Fitting): void => {
  const { facts: { thinking }, options: { reasoning } } = fitting
  if (reasoning === undefined || thinking === undefined) return
  fitting.reasoning = formOf(fitting, reasoning, thinking)
  fitting.set({ reasoning: undefined })
}

const formOf = (
  fitting: Fitting,
  { budgetTokens, effort }: ReasoningOptions,
  thinking: ThinkingFacts
): ReasoningForm | undefined => {
  if (budgetTokens !== undefined) return ofBudget(fitting, budgetTokens, thinking)
  if (effort === "none") return ofNone(fitting, thinking)
  return effort === undefined ? undefined : ofEffort(fitting, effort, thinking)
}

const effortField = "reasoning.effort"
const budgetField = "reasoning.budgetTokens"

const ofNone = (fitting: Fitting, thinking: ThinkingFacts): ReasoningForm | undefined => {
  const { control, lowest, off } = thinking
  if (control === "none") return undefined
  if (off === "always" || off === "high") return { type: "off" }
  const cannot = "cannot be kept from reasoning"
  const [least] = effortsOf(fitting, thinking)
  if (lowest !== undefined && least !== lowest) {
    fitting.warn(effortField, "none", lowest, cannot)
    return { type: "lowest", name: lowest }
  }
  if (least !== undefined) {
    fitting.warn(effortField, "none", least, cannot)
    return { type: "effort", effort: least, quiet: true }
  }
  const range = rangeOf(thinking)
  if (range !== undefined) {
    fitting.warn(effortField, "none", range[0], cannot)
    return { type: "budget", tokens: range[0] }
  }
  fitting.warn(effortField, "none", undefined, cannot)
  return undefined
}

const ofEffort = (fitting: Fitting, effort: Effort, thinking: ThinkingFacts): ReasoningForm | undefined => {
  const { control, wire } = thinking
  if (control === "none" || control === "fixed") {
    fitting.warn(effortField, effort, undefined, control === "none" ? "does not reason" : "has no levels of reasoning")
    return undefined
  }
  if (control === "budget") {
    const share = shareOf(fitting, effort)
    return budgetForm(
      fitting,
      share,
      thinking,
      (sent) => fitting.warn(effortField, effort, sent, "takes tokens, and fewer than the effort stands for")
    )
  }
  const words = effortsOf(fitting, thinking)
  const word = nearest(effort, words)
  if (word === undefined) {
    fitting.warn(effortField, effort, "on", "has no levels of reasoning")
    return { type: "on" }
  }
  if (word !== effort) fitting.warn(effortField, effort, word, `takes ${words.join(", ")}`)
  return withBudget(fitting, word, wire)
}

/** A word, with the tokens that it stands for where the request wants both. */
const withBudget = (fitting: Fitting, effort: string, wire: ThinkingFacts["wire"]): ReasoningForm =>
  wire === "budget+effort"
    ? { type: "budget", tokens: shareOf(fitting, effort as Effort), effort } // the words of such models are usual ones
    : { type: "effort", effort }

const ofBudget = (fitting: Fitting, tokens: number, thinking: ThinkingFacts): ReasoningForm | undefined => {
  const { control, wire } = thinking
  if (control === "none" || control === "fixed") {
    fitting.warn(budgetField, tokens, undefined, control === "none" ? "does not reason" : "has no levels of reasoning")
    return undefined
  }
  const range = rangeOf(thinking)
  if (range !== undefined) {
    if (tokens < range[0]) {
      fitting.refuse(budgetField, `takes ${range[0]} or more, not ${tokens}`)
      return undefined
    }
    return budgetForm(
      fitting,
      tokens,
      thinking,
      (sent) => fitting.warn(budgetField, tokens, sent, `takes up to ${sent}`)
    )
  }
  const words = effortsOf(fitting, thinking)
  const meant = wordFor(tokens / (fitting.facts.maxOutput ?? usualOutput))
  const word = nearest(meant, words)
  if (word === undefined) {
    fitting.warn(budgetField, tokens, "on", "has no levels of reasoning")
    return { type: "on" }
  }
  if (word !== meant) fitting.warn(budgetField, tokens, word, `takes ${words.join(", ")}`)
  return withBudget(fitting, word, wire)
}

/** A number of tokens within what the model takes. `changed` is told if that is another one. */
const budgetForm = (
  fitting: Fitting,
  tokens: number,
  thinking: ThinkingFacts,
  changed: (sent: number) => void
): ReasoningForm => {
  const range = rangeOf(thinking)
  const { maxOutput } = fitting.facts
  const { maxTokens } = fitting.options
  let fits = within(range, Math.round(tokens))
  // Claude's limit is raised by the budget. Elsewhere reasoning counts in the limit, and leaves room for an answer.
  if (!limitIsRaised(thinking) && maxTokens !== undefined) {
    fits = Math.min(fits, Math.max(1, Math.floor(maxTokens * bands.max)))
  } else if (maxOutput !== undefined) fits = Math.min(fits, maxOutput - 1)
  if (fits < Math.round(tokens)) changed(fits)
  return { type: "budget", tokens: fits }
}

const rangeOf = ({ budget }: ThinkingFacts): Range | undefined => budget === false ? undefined : budget

const shareOf = ({ facts: { maxOutput = usualOutput } }: Fitting, effort: Effort): number =>
  Math.round(maxOutput * bands[effort])

/** The words that a model takes, from the least, without `none`. */
const effortsOf = ({ call: { api }, facts: { chatEfforts } }: Fitting, { efforts }: ThinkingFacts) =>
  ((api === "chat" ? chatEfforts : undefined) ?? efforts ?? []).filter((word) => word !== "none")

/** The nearest of the words; of two the higher. */
const nearest = (effort: Effort, words: ReadonlyArray<string>): string | undefined => {
  const at = ladder.indexOf(effort)
  let best: string | undefined
  let distance = Infinity
  for (const word of words) {
    const place = ladder.indexOf(word as Effort) // -1 for a word that is none of ours
    const far = place === -1 ? ladder.length : Math.abs(place - at)
    if (far <= distance) {
      best = word
      distance = far
    }
  }
  return best
}

/** The word whose band is nearest; of two the higher. */
const wordFor = (share: number): Effort => {
  let best: Effort = "minimal"
  for (const word of ladder) {
    if (Math.abs(bands[word] - share) <= Math.abs(bands[best] - share)) best = word
  }
  return best
}
