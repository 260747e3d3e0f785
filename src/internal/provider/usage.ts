/**
 * Token counts in the names of all APIs, as gateways pass on the usage of the API behind them. Called by the decoders of
 * all wires, at most once an event that tells usage. Must know no wire.
 */
import type { Cost, Usage } from "../../Usage.ts"
import { optional } from "../optional.ts"
import { numberAt, objectAt, stringAt } from "./json.ts"
import type { JsonObject } from "./json.ts"

// The names of one count, the more telling ones first.
const input = [
  "prompt_tokens",
  "input_tokens",
  "promptTokens",
  "inputTokens",
  "promptTokenCount",
  "prompt_token_count",
  "inputTokenCount"
]
const promptEval = ["prompt_eval_count", "prompt_n"]
const output = [
  "completion_tokens",
  "output_tokens",
  "completionTokens",
  "outputTokens",
  "candidatesTokenCount",
  "outputTokenCount"
]
const outputEval = ["candidates_token_count", "eval_count", "predicted_n"]
const total = ["total_tokens", "totalTokens", "totalTokenCount", "total_token_count"]
const cacheRead = [
  "cached_tokens",
  "prompt_cache_hit_tokens",
  "cache_read_input_tokens",
  "cache_read_tokens",
  "cachedContentTokenCount",
  "cached_content_token_count",
  "cacheReadInputTokens",
  "num_cached_tokens"
]
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

/** The first count of one of these names, in one of these objects. Some gateways write numbers as texts. */
const count = (objects: ReadonlyArray<JsonObject>, names: ReadonlyArray<string>): number | undefined => {
  for (const object of objects) {
    for (const name of names) {
      const text = stringAt(object, name)
      const value = text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : numberAt(object, name)
      if (value !== undefined && value >= 0) return value
    }
  }
  return undefined
}

/** An object if it counts tokens. */
export const usageOf = (object: JsonObject | undefined): JsonObject | undefined =>
  object !== undefined && counted.some((names) => count([object], names) !== undefined) ? object : undefined

/** Whether no count of a usage is more than zero. */
export const countsNothing = (raw: JsonObject): boolean => counted.every((names) => (count([raw], names) ?? 0) === 0)

/**
 * Usage in Rivulet's terms. Counts are read under any of their names; details that the server does not report are
 * absent. Cached tokens are part of the input, and reasoning is part of the output. If a total exceeds input plus
 * output, the rest is output, as some servers count thoughts only there. Anthropic does not count cached tokens in
 * `input_tokens`: `apart` says that they are reported apart from it.
 */
export const toUsage = (raw: JsonObject, apart = false): Usage => {
  const prompt = detailsOf(raw, "prompt_tokens_details", "input_tokens_details")
  const completion = detailsOf(raw, "completion_tokens_details", "output_tokens_details")
  const cacheReadTokens = count(prompt, cacheRead)
  const cacheWriteTokens = count(prompt, cacheWrite)
  const own = apart ? numberAt(raw, "input_tokens") : undefined
  const toldInput = own === undefined
    ? count([raw], [...input, ...promptEval])
    : own + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0)
  const toldOutput = count([raw], [...output, ...outputEval])
  const toldTotal = count([raw], total)
  const inputTokens = toldInput ?? Math.max(0, (toldTotal ?? 0) - (toldOutput ?? 0))
  const outputTokens = Math.max(toldOutput ?? 0, (toldTotal ?? 0) - inputTokens)
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    ...optional("cacheReadTokens", cacheReadTokens),
    ...optional("cacheWriteTokens", cacheWriteTokens),
    ...optional("reasoningTokens", count(completion, reasoning)),
    raw
  }
}

/** Usage in its last state, with the cost that the provider tells, if it does. */
export const lastUsage = (raw: JsonObject, provider: string, apart = false): Usage => {
  const usage = toUsage(raw, apart)
  const total = toldCost(raw, provider)
  if (total === undefined || !Number.isFinite(total) || total < 0) return usage
  const cost: Cost = { total, currency: "USD", source: "provider" }
  return { ...usage, cost }
}

/** The cost that a provider tells, in US dollars. Other servers may use the same names for other units. */
const toldCost = (raw: JsonObject, provider: string): number | undefined => {
  switch (provider) {
    case "openrouter": {
      const cost = numberAt(raw, "cost")
      if (raw["is_byok"] !== true) return cost
      // With the user's own key it is the fee alone.
      const upstream = numberAt(objectAt(raw, "cost_details") ?? {}, "upstream_inference_cost")
      return cost === undefined || upstream === undefined ? undefined : cost + upstream
    }
    case "perplexity":
      return numberAt(objectAt(raw, "cost") ?? {}, "total_cost")
    case "xai": {
      const ticks = numberAt(raw, "cost_in_usd_ticks")
      return ticks === undefined ? undefined : ticks / 1e10
    }
    default:
      return undefined
  }
}

const detailsOf = (raw: JsonObject, ...names: ReadonlyArray<string>): ReadonlyArray<JsonObject> => {
  const details = names.map((name) => objectAt(raw, name)).find((each) => each !== undefined)
  return details === undefined ? [raw] : [details, raw]
}
