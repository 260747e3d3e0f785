/**
 * DeepSeek. Collected on 27 November 2026 from the packages and threads of makers and of other
 * toolkits.
 */
import type { Rule } from "../types.ts"
import { autoCache, price, servedBy, words } from "./terms.ts"

export const deepseek: ReadonlyArray<Rule> = servedBy("deepseek", [
  { match: "^deepseek-(chat|reasoner)", status: "retired", retires: "2026-07-24" },
  {
    match: "^deepseek-(v4-pro|pro)",

    context: 1_000_000,
    maxOutput: 384_000,
    ...words("high max", { defaultEffort: "high", off: "always", wire: "thinking+reasoning_effort" }),
    inputs: ["text"],
    price: price(1.32, 3.96, 0.044)
  },
  {
    match: "^deepseek-(flash|v4)",

    context: 1_000_000,
    maxOutput: 384_000,
    ...words("low high max", { defaultEffort: "high", off: "always", wire: "thinking+reasoning_effort" }),
    inputs: ["text", "image"],
    price: price(0.3, 1.2, 0.006)
  },
  {
    match: "^deepseek-",

    api: "chat",
    limitField: "max_tokens",
    sampling: "ignored-thinking",
    temperature: [0, 2],
    topP: [0, 1],
    topK: false,
    stop: true,
    tools: { forced: "thinking-off" },
    parallel: "none",
    json: "object",
    reasoningBack: true,
    ...autoCache
  }
])
