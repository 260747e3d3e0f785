/**
 * Where Chat Completions tells usage, and its finish reasons. Called by the decoder.
 */
import type { Finish } from "../../../Finish.ts"
import { isObject, objectAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { usageOf } from "../../../internal/provider/usage.ts"
import { finishReason } from "../../../internal/provider/words.ts"

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

/** A finish reason as a finish. Servers send `stop` also after calls that `toolChoice` required. */
export const toFinish = (raw: string, message: { readonly calls: boolean; readonly refused: boolean }): Finish => {
  const reason = raw === "" ? "stop" : finishReason(raw)
  return {
    reason: reason !== "stop" ? reason : message.calls ? "tool_calls" : message.refused ? "refusal" : reason,
    raw
  }
}
