/**
 * Fits the reasoning options of a call. Words and numbers of tokens are converted to each other, in bands of the
 * longest answer.
 */
import type { ReasoningOptions } from "../../CallOptions.ts"
import { within } from "./fitting.ts"
import type { Fitting, ReasoningForm } from "./fitting.ts"
import { asks, canBeOff } from "./reasoning.ts"
import type { Range, ThinkingFacts } from "./types.ts"

/** The share of the longest answer that an effort stands for. */
const bands = { minimal: 0.05, low: 0.1, medium: 0.25, high: 0.5, xhigh: 0.75, max: 0.95 } as const

type Effort = keyof typeof bands

const ladder = Object.keys(bands) as ReadonlyArray<Effort>

/** The longest answer of a model that is not known to have one. */
const usualOutput = 32_000

/** Whether the model reasons in this answer, as far as it is known. */
export const inAnswer = ({ facts: { thinking }, options, reasoning }: Fitting): boolean => {
  if (reasoning !== undefined) return reasoning.type !== "off"
  return thinking === undefined ? asks(options) : thinking.default === "on" || thinking.control === "fixed"
}

/** A promise that a model keeps only while it does not reason. */
interface Promised {
  /** The option that promises. */
  readonly field: string
  /** The restriction of the model while it reasons, in words. */
  readonly cannot: string
  /** The alternative for the caller, in words. */
  readonly instead: string
}

/**
 * Keeps a promise that excludes reasoning. Reasoning gives way if nobody asked for it, or if the model's options did and
 * the call asks for the promise. Two things that the call asks for exclude each other.
 */
export const giveWay = (fitting: Fitting, { cannot, field, instead }: Promised): void => {
  const { call: { options, own }, facts: { thinking } } = fitting
  const word = thinking?.efforts?.includes("none") === true
  if (!inAnswer(fitting)) {
    // Sources differ on the default effort.
    if (word) fitting.reasoning ??= { type: "off" }
    return
  }
  if (thinking !== undefined && !canBeOff(thinking)) {
    return fitting.refuse(field, `${cannot}, and always reasons: ${instead}`)
  }
  const wished = asks(options)
  if (fitting.strict || (wished && (asks(own) || !(field in own)))) {
    return fitting.refuse(field, `${cannot}: set reasoning.effort to none, or ${instead}`)
  }
  const given = wished ? options.reasoning?.effort ?? options.reasoning?.budgetTokens : undefined
  fitting.warn(word ? effortField : "reasoning", given ?? null, word ? "none" : "off", cannot)
  fitting.reasoning = { type: "off" }
}

/** Puts the reasoning options of the call into the form of the model. */
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
  if (thinking.control === "none") return undefined
  if (canBeOff(thinking)) return { type: "off" }
  const cannot = "cannot be kept from reasoning"
  const { lowest, range, words } = scaleOf(fitting, thinking)
  const [least] = words
  if (lowest !== undefined && least !== lowest) {
    fitting.warn(effortField, "none", lowest, cannot)
    return { type: "lowest", name: lowest }
  }
  if (least !== undefined) {
    fitting.warn(effortField, "none", least, cannot)
    return { type: "effort", effort: least, quiet: true }
  }
  if (range !== undefined) {
    fitting.warn(effortField, "none", range[0], cannot)
    return { type: "budget", tokens: range[0] }
  }
  fitting.warn(effortField, "none", undefined, cannot)
  return undefined
}

const ofEffort = (fitting: Fitting, effort: Effort, thinking: ThinkingFacts): ReasoningForm | undefined => {
  const unset = unsettable(thinking)
  if (unset !== undefined) {
    fitting.warn(effortField, effort, undefined, unset)
    return undefined
  }
  const { range, words } = scaleOf(fitting, thinking)
  if (words.length === 0 && range !== undefined) {
    const change = (sent: number) =>
      fitting.warn(effortField, effort, sent, "takes tokens, and fewer than the effort stands for")
    return budgetForm(fitting, shareOf(fitting, effort), range, change)
  }
  return ofWord(fitting, effortField, effort, effort, words)
}

const ofBudget = (fitting: Fitting, tokens: number, thinking: ThinkingFacts): ReasoningForm | undefined => {
  const unset = unsettable(thinking)
  if (unset !== undefined) {
    fitting.warn(budgetField, tokens, undefined, unset)
    return undefined
  }
  const { range, words } = scaleOf(fitting, thinking)
  if (range === undefined) {
    return ofWord(fitting, budgetField, tokens, wordFor(tokens / (fitting.facts.maxOutput ?? usualOutput)), words)
  }
  if (tokens < range[0]) {
    fitting.refuse(budgetField, `takes ${range[0]} or more, not ${tokens}: give more, or the effort none`)
    return undefined
  }
  return budgetForm(fitting, tokens, range, (sent) => fitting.warn(budgetField, tokens, sent, `takes up to ${sent}`))
}

/** Why there is nothing to set. */
const unsettable = ({ control }: ThinkingFacts): string | undefined =>
  control === "none" ? "does not reason" : control === "fixed" ? "has no levels of reasoning" : undefined

/** The nearest word that the model takes, and the tokens that it stands for where the request has both. */
const ofWord = (
  fitting: Fitting,
  field: string,
  given: Effort | number,
  meant: Effort,
  words: ReadonlyArray<string>
): ReasoningForm => {
  const word = nearest(meant, words)
  if (word === undefined) {
    fitting.warn(field, given, "on", "has no levels of reasoning")
    return { type: "on" }
  }
  if (word !== meant) fitting.warn(field, given, word, `takes ${words.join(", ")}`)
  const both = fitting.call.api === "messages" && fitting.facts.thinking?.wire === "budget+effort"
  return both
    ? { type: "budget", tokens: shareOf(fitting, word as Effort), effort: word } // the words of such models are usual ones
    : { type: "effort", effort: word }
}

/** A number of tokens that the model takes. `changed` is called if it is a smaller one. */
const budgetForm = (
  fitting: Fitting,
  tokens: number,
  range: Range,
  changed: (sent: number) => void
): ReasoningForm => {
  const { maxOutput = Infinity } = fitting.facts
  const { maxTokens } = fitting.options
  // If reasoning counts in the limit that the call gave, it leaves room for an answer.
  const most = maxTokens === undefined || isRaised(fitting)
    ? maxOutput - 1
    : Math.max(1, Math.floor(Math.min(maxTokens, maxOutput) * bands.max))
  const fits = Math.min(within(range, Math.round(tokens)), most)
  if (fits < Math.round(tokens)) changed(fits)
  return { type: "budget", tokens: fits }
}

/** Whether the limit of an answer contains a budget of reasoning, so that the request raises it by the budget. */
const isRaised = ({ call: { api }, facts: { thinking } }: Fitting): boolean =>
  thinking === undefined ? api === "messages" : !["enable_thinking", "reasoning_effort"].includes(thinking.wire ?? "")

/** The tokens of reasoning by which the request raises the limit. */
export const raiseOf = (fitting: Fitting): number => {
  const { options, reasoning } = fitting
  if (!isRaised(fitting)) return 0
  return reasoning?.type === "budget" ? reasoning.tokens : options.reasoning?.budgetTokens ?? 0
}

/** The reasoning settings that the API of a call takes for its model. */
interface Scale {
  /** Words, from the least, without `none`. */
  readonly words: ReadonlyArray<string>
  /** Numbers of tokens. Absent: none. */
  readonly range?: Range | undefined
  /** The setting next to off, which is no effort. */
  readonly lowest?: string | undefined
}

const scaleOf = (
  { call: { api, provider }, facts: { chatEfforts } }: Fitting,
  { budget, efforts, lowest, wire }: ThinkingFacts
): Scale => {
  const range = budget === false ? undefined : budget
  if (api !== "chat") return { words: withoutNone(efforts), range, lowest }
  switch (wire) {
    case undefined:
    case "thinking":
    case "thinking+reasoning_effort":
    case "reasoning_effort":
      return { words: withoutNone(chatEfforts ?? efforts), range }
    case "enable_thinking":
      return { words: [], range }
    default:
      // The server translates the words of this API for a model of another one. OpenRouter takes tokens too.
      return { words: withoutNone(efforts ?? translated), range: provider === "openrouter" ? range : undefined }
  }
}

const withoutNone = (words: ReadonlyArray<string> = []) => words.filter((word) => word !== "none")

/** The words that servers translate into tokens. */
const translated = ["minimal", "low", "medium", "high"]

const shareOf = ({ facts: { maxOutput = usualOutput } }: Fitting, effort: Effort): number =>
  Math.round(maxOutput * bands[effort])

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
