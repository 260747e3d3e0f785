/**
 * Usage and finish reasons of Chat Completions. Called by the decoder.
 */
import type { Finish } from "../../../Finish.ts"
import { optional } from "../../../internal/optional.ts"
import { isObject, numberAt, objectAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { finishReason } from "../../../internal/provider/words.ts"
import type { Usage } from "../../../Usage.ts"

/** The fields in which servers put the usage of an event. */
export const usageFields = ["usage", "x_groq", "usageMetadata", "usage_metadata", "timings"]

/** The usage of an event, wherever servers put it. It is a total, so a later one replaces an earlier one. */
export const usageIn = (event: JsonObject): JsonObject | undefined => {
  const choices = event["choices"]
  const choice = Array.isArray(choices) ? choices[0] : undefined
  return usageOf(objectAt(event, "usage")) ?? usageOf(objectAt(objectAt(event, "x_groq") ?? {}, "usage")) ??
    usageOf(isObject(choice) ? objectAt(choice, "usage") : undefined) ?? usageOf(objectAt(event, "usageMetadata")) ??
    usageOf(objectAt(event, "usage_metadata")) ?? usageOf(objectAt(event, "timings")) ??
    (choices === undefined ? usageOf(event) : undefined)
}

const usageOf = (object: JsonObject | undefined): JsonObject | undefined =>
  object !== undefined && counted.some((names) => count([object], names) !== undefined) ? object : undefined

// The names of one count in the APIs that servers pass on, the more telling ones first.
const input = ["prompt_tokens", "input_tokens", "promptTokens", "inputTokens", "promptTokenCount", "prompt_token_count"]
const promptEval = ["prompt_eval_count", "prompt_n"]
const output = ["completion_tokens", "output_tokens", "completionTokens", "outputTokens", "candidatesTokenCount"]
const outputEval = ["candidates_token_count", "eval_count", "predicted_n"]
const total = ["total_tokens", "totalTokens", "totalTokenCount", "total_token_count"]
const cacheRead = ["cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens", "cache_read_tokens"]
const cacheHit = ["cachedContentTokenCount", "cached_content_token_count", "cacheReadInputTokens", "num_cached_tokens"]
const cacheWrite = [
  "cache_write_tokens",
  "cache_creation_input_tokens",
  "cache_creation_tokens",
  "cacheWriteInputTokens"
]
const reasoning = [
  "reasoning_tokens",
  "reasoningTokens",
  "thinking_tokens",
  "thoughtsTokenCount",
  "thoughts_token_count"
]
const counted = [[...input, ...promptEval], [...output, ...outputEval], total]

/** The first count of one of these names, in one of these objects. */
const count = (objects: ReadonlyArray<JsonObject>, names: ReadonlyArray<string>): number | undefined => {
  for (const object of objects) {
    for (const name of names) {
      const value = numberAt(object, name)
      if (value !== undefined && value >= 0) return value
    }
  }
  return undefined
}

/**
 * Usage in Rivulet's terms. What is told counts, in any name; what is not told is absent. Cached tokens are part of the
 * input, and reasoning is part of the output. What a total has beyond input and output is output, as some servers count
 * thoughts only there.
 */
export const toUsage = (raw: JsonObject): Usage => {
  const prompt = [
    ...optionalList(objectAt(raw, "prompt_tokens_details") ?? objectAt(raw, "input_tokens_details")),
    raw
  ]
  const completion = [
    ...optionalList(objectAt(raw, "completion_tokens_details") ?? objectAt(raw, "output_tokens_details")),
    raw
  ]
  const toldInput = count([raw], [...input, ...promptEval])
  const toldOutput = count([raw], [...output, ...outputEval])
  const toldTotal = count([raw], total)
  const inputTokens = toldInput ?? Math.max(0, (toldTotal ?? 0) - (toldOutput ?? 0))
  const outputTokens = Math.max(toldOutput ?? 0, (toldTotal ?? 0) - inputTokens)
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    ...optional("cacheReadTokens", count(prompt, [...cacheRead, ...cacheHit])),
    ...optional("cacheWriteTokens", count(prompt, cacheWrite)),
    ...optional("reasoningTokens", count(completion, reasoning)),
    raw
  }
}

const optionalList = <A>(value: A | undefined): ReadonlyArray<A> => value === undefined ? [] : [value]

/** A finish reason as a finish. Servers send `stop` also after calls that `toolChoice` required. */
export const toFinish = (raw: string, message: { readonly calls: boolean; readonly refused: boolean }): Finish => {
  const reason = raw === "" ? "stop" : finishReason(raw)
  return {
    reason: reason !== "stop" ? reason : message.calls ? "tool_calls" : message.refused ? "refusal" : reason,
    raw
  }
}
