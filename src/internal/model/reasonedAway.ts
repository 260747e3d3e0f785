/**
 * Says why an answer that was cut off is empty. Called once for an answer that its limit has ended.
 */
import type { FitWarning } from "../facts/fitting.ts"
import type { Accumulator } from "../message/accumulator.ts"
import type { ChatRequest } from "./request.ts"

/**
 * The warning for an answer that a limit has cut off before its text began, as the model's reasoning counts in the limit.
 */
export const reasonedAway = (
  answer: Accumulator,
  { facts: { maxOutput, thinking }, options: { maxTokens } }: Pick<ChatRequest, "facts" | "options">
): FitWarning | undefined => {
  if (!answer.isOnlyReasoning) return undefined
  const { usage } = answer
  const reasons = answer.hasParts || (usage?.reasoningTokens ?? 0) > 0 ||
    (thinking !== undefined && thinking.control !== "none")
  if (!reasons) return undefined
  const limit = maxTokens ?? maxOutput
  const all = limit === undefined ? "the limit of tokens" : `the limit of ${limit} tokens`
  return {
    field: "maxTokens",
    given: maxTokens ?? null,
    reason: `Reasoning used up ${all} before the text began: give more maxTokens or less reasoning`
  }
}
