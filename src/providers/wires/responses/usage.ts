import type { Finish, Reason } from "../../../Finish.ts"
import { given } from "../../../internal/optional.ts"
import { numberAt, objectAt, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { Usage } from "../../../Usage.ts"

/** The totals of a response, which tells them once, at its end. */
export const toUsage = (raw: JsonObject): Usage => {
  const input = objectAt(raw, "input_tokens_details") ?? {}
  const output = objectAt(raw, "output_tokens_details") ?? {}
  const inputTokens = numberAt(raw, "input_tokens") ?? 0
  const outputTokens = numberAt(raw, "output_tokens") ?? 0
  const cacheReadTokens = numberAt(input, "cached_tokens")
  const cacheWriteTokens = numberAt(input, "cache_write_tokens")
  const reasoningTokens = numberAt(output, "reasoning_tokens")
  return {
    inputTokens,
    outputTokens,
    totalTokens: numberAt(raw, "total_tokens") ?? inputTokens + outputTokens,
    ...given("cacheReadTokens", cacheReadTokens),
    ...given("cacheWriteTokens", cacheWriteTokens),
    ...given("reasoningTokens", reasoningTokens),
    raw
  }
}

/** What the response was for: what its output held, as far as the end depends on it. */
export interface Outcome {
  /** A call of it waits for an answer of the caller. */
  readonly waits: boolean
  readonly refused: boolean
}

/**
 * How a response ended. `raw` is its `status`, one of few: `completed` also when it calls tools or declines, and
 * `incomplete` for each limit. The rest is told by the output and by `incomplete_details`.
 */
export const toFinish = (response: JsonObject, impliedStatus: string, outcome: Outcome): Finish => {
  const status = stringAt(response, "status")
  // Some servers forget to change it.
  const raw = status === undefined || status === "in_progress" || status === "queued" ? impliedStatus : status
  const why = stringAt(objectAt(response, "incomplete_details") ?? {}, "reason") ?? ""
  const reason: Reason = raw === "incomplete"
    ? incomplete.get(why) ?? "other"
    : raw !== "completed"
    ? "other"
    : outcome.waits
    ? "tool_calls"
    : outcome.refused
    ? "refusal"
    : "stop"
  return { reason, raw }
}

const incomplete = new Map<string, Reason>([
  ["max_output_tokens", "length"],
  ["max_tokens", "length"],
  ["content_filter", "content_filter"]
])
