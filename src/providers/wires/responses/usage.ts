/**
 * Usage and status of a response. Called by the decoder at the end of a stream.
 */
import type { Finish, Reason } from "../../../Finish.ts"
import { optional } from "../../../internal/optional.ts"
import { numberAt, objectAt, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { finishReason } from "../../../internal/provider/words.ts"
import type { Usage } from "../../../Usage.ts"

/** The usage of a response, which it reports once, at its end. */
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
    ...optional("cacheReadTokens", cacheReadTokens),
    ...optional("cacheWriteTokens", cacheWriteTokens),
    ...optional("reasoningTokens", reasoningTokens),
    raw
  }
}

/** The facts about an output that decide the finish. */
export interface Outcome {
  /** Whether a call waits for an answer of the app. */
  readonly waits: boolean
  /** Whether the model refused. */
  readonly refused: boolean
}

/**
 * The finish of a response. `raw` is its `status`, which is `completed` also after tool calls and refusals, and
 * `incomplete` for every limit. The output and `incomplete_details` tell the rest.
 */
export const toFinish = (response: JsonObject, impliedStatus: string, outcome: Outcome): Finish => {
  const status = stringAt(response, "status")
  // Some servers do not update it.
  const raw = status === undefined || status === "in_progress" || status === "queued" ? impliedStatus : status
  const why = stringAt(objectAt(response, "incomplete_details") ?? {}, "reason") ?? ""
  const reason: Reason = raw === "incomplete"
    ? finishReason(why)
    : finishReason(raw) !== "stop"
    ? finishReason(raw)
    : outcome.waits
    ? "tool_calls"
    : outcome.refused
    ? "refusal"
    : "stop"
  return { reason, raw }
}
