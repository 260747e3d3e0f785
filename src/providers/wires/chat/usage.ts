/**
 * Usage and finish reasons of Chat Completions. Called by the decoder.
 */
import type { Finish } from "../../../Finish.ts"
import { optional } from "../../../internal/optional.ts"
import { isObject, numberAt, objectAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { finishReason } from "../../../internal/provider/words.ts"
import type { Usage } from "../../../Usage.ts"

/** The usage of an event, wherever servers put it. It is a total, so a later one replaces an earlier one. */
export const usageIn = (event: JsonObject): JsonObject | undefined => {
  const choices = event["choices"]
  const choice = Array.isArray(choices) ? choices[0] : undefined
  const usage = objectAt(event, "usage") ?? objectAt(objectAt(event, "x_groq") ?? {}, "usage") ??
    (isObject(choice) ? objectAt(choice, "usage") : undefined)
  return usage !== undefined && ("prompt_tokens" in usage || "completion_tokens" in usage) ? usage : undefined
}

/**
 * Usage in Rivulet's terms. Cached tokens are part of `prompt_tokens`. Reasoning is part of `completion_tokens`, unless
 * `total_tokens` shows that the server counts it apart.
 */
export const toUsage = (raw: JsonObject): Usage => {
  const prompt = objectAt(raw, "prompt_tokens_details") ?? {}
  const completion = objectAt(raw, "completion_tokens_details") ?? {}
  const cacheReadTokens = numberAt(prompt, "cached_tokens") ?? numberAt(raw, "prompt_cache_hit_tokens") ??
    numberAt(raw, "cached_tokens")
  const cacheWriteTokens = numberAt(prompt, "cache_write_tokens")
  const reasoningTokens = numberAt(completion, "reasoning_tokens") ?? numberAt(raw, "reasoning_tokens")
  const inputTokens = numberAt(raw, "prompt_tokens") ?? 0
  const completionTokens = numberAt(raw, "completion_tokens") ?? 0
  const apart = numberAt(raw, "total_tokens") === inputTokens + completionTokens + (reasoningTokens ?? 0)
  const outputTokens = completionTokens + (apart ? reasoningTokens ?? 0 : 0)
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    ...optional("cacheReadTokens", cacheReadTokens),
    ...optional("cacheWriteTokens", cacheWriteTokens),
    ...optional("reasoningTokens", reasoningTokens),
    raw
  }
}

/** A finish reason as a finish. Servers send `stop` also after calls that `toolChoice` required. */
export const toFinish = (raw: string, message: { readonly calls: boolean; readonly refused: boolean }): Finish => {
  const reason = raw === "" ? "stop" : finishReason(raw)
  return {
    reason: reason !== "stop" ? reason : message.calls ? "tool_calls" : message.refused ? "refusal" : reason,
    raw
  }
}
