/**
 * Usage and stop reasons of the Messages API. Called by the decoder.
 */
import type { Finish } from "../../../Finish.ts"
import { optional } from "../../../internal/optional.ts"
import { numberAt, objectAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { finishReason } from "../../../internal/provider/words.ts"
import type { Usage } from "../../../Usage.ts"

/**
 * Usage in Rivulet's terms, with a copy of `raw`, which grows. Anthropic does not count cached tokens in `input_tokens`; here they are part of the input.
 */
export const toUsage = (raw: JsonObject): Usage => {
  const cacheReadTokens = numberAt(raw, "cache_read_input_tokens")
  const cacheWriteTokens = numberAt(raw, "cache_creation_input_tokens")
  const details = objectAt(raw, "output_tokens_details")
  const reasoningTokens = details === undefined ? undefined : numberAt(details, "thinking_tokens")
  const inputTokens = (numberAt(raw, "input_tokens") ?? 0) + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0)
  const outputTokens = numberAt(raw, "output_tokens") ?? 0
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    ...optional("cacheReadTokens", cacheReadTokens),
    ...optional("cacheWriteTokens", cacheWriteTokens),
    ...optional("reasoningTokens", reasoningTokens),
    raw: { ...raw }
  }
}

/** A stop reason as a finish. */
export const toFinish = (stopReason: string): Finish => ({
  reason: finishReason(stopReason),
  raw: stopReason
})
