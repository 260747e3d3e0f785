/**
 * Gemini and Gemma. Collected on 27 November 2026 from the packages and threads of makers and of other
 * toolkits.
 */
import type { Rule } from "../types.ts"
import { price, soldBy, words } from "./terms.ts"

export const google: ReadonlyArray<Rule> = soldBy("google", [
  { match: "(^|[/.])gemini-4-neon", price: price(3, 15, 0.15) },
  { match: "(^|[/.])gemini-flash-latest", price: price(1.5, 9, 0.15) },
  {
    match: "(^|[/.])gemini-4-(hydrogen|neon)",
    context: 1_048_576,
    maxOutput: 65_536,
    sampling: "never",
    ...words("low medium high xhigh", { wire: "thinkingLevel" }),
    price: price(1.5, 7.5, 0.075)
  },
  {
    match: "(^|[/.])gemini-4",
    context: 1_048_576,
    maxOutput: 32_768,
    sampling: "never",
    ...words("low medium high", { wire: "thinkingLevel" }),
    price: price(2, 10, 0.1)
  },
  {
    match: "(^|[/.])gemini-3\\.[78]-flash",
    context: 1_048_576,
    maxOutput: 65_536,
    sampling: "ignored",
    ...words("low medium high", { defaultEffort: "medium", wire: "thinkingLevel" }),
    price: price(0.75, 3.75, 0.075)
  },
  {
    match: "(^|[/.])gemini-3\\.6-flash",
    context: 1_048_576,
    maxOutput: 65_536,
    sampling: "ignored",
    ...words("minimal low medium high", { lowest: "minimal", wire: "thinkingLevel" }),
    price: price(0.75, 3.75, 0.075),
    cutoff: "2026-03"
  },
  {
    match: "(^|[/.])gemini-3\\.5-flash-lite",
    context: 1_048_576,
    maxOutput: 65_536,
    sampling: "ignored",
    ...words("minimal low medium high", { lowest: "minimal", wire: "thinkingLevel" }),
    price: price(0.3, 2.5, 0.03)
  },
  {
    match: "(^|[/.])gemini-3\\.5-flash",
    context: 1_048_576,
    maxOutput: 65_536,
    sampling: "discouraged",
    ...words("minimal low medium high", { lowest: "minimal", defaultEffort: "medium", wire: "thinkingLevel" }),
    price: price(1.5, 9, 0.15),
    cutoff: "2025-01"
  },
  {
    match: "(^|[/.])gemini-(3(\\.1)?-pro|pro-latest)",
    context: 1_048_576,
    maxOutput: 65_536,
    sampling: "discouraged",
    ...words("low medium high", { defaultEffort: "high", wire: "thinkingLevel" }),
    price: { in: 2, out: 12, read: 0.2, over: { tokens: 200_000, in: 4, out: 18, read: 0.4 } },
    cutoff: "2025-01"
  },
  {
    match: "(^|[/.])gemini-(3\\.1-flash-lite|flash-lite-latest)",
    context: 1_048_576,
    maxOutput: 65_536,
    sampling: "discouraged",
    ...words("minimal low medium high", { lowest: "minimal", wire: "thinkingLevel" }),
    price: price(0.25, 1.5, 0.025),
    cutoff: "2025-01"
  },
  {
    match: "(^|[/.])gemini-(3-flash|flash-latest)",
    context: 1_048_576,
    maxOutput: 65_536,
    sampling: "discouraged",
    ...words("minimal low medium high", { lowest: "minimal", wire: "thinkingLevel" }),
    price: price(0.5, 3, 0.05),
    cutoff: "2025-01"
  },
  {
    match: "(^|[/.])gemini-2\\.5-pro",
    context: 1_048_576,
    maxOutput: 65_536,
    sampling: "always",
    thinking: { control: "budget", wire: "thinkingBudget", default: "on", off: "never", budget: [128, 32_768] },
    price: { in: 1.25, out: 10, read: 0.125, over: { tokens: 200_000, in: 2.5, out: 15, read: 0.25 } },
    cutoff: "2025-01",
    status: "deprecated"
  },
  {
    match: "(^|[/.])gemini-2\\.5-flash-lite",
    context: 1_048_576,
    maxOutput: 65_536,
    sampling: "always",
    thinking: { control: "budget", wire: "thinkingBudget", default: "off", off: "always", budget: [512, 24_576] },
    price: price(0.1, 0.4, 0.01),
    cutoff: "2025-01"
  },
  {
    match: "(^|[/.])gemini-2\\.5-flash",
    context: 1_048_576,
    maxOutput: 65_536,
    sampling: "always",
    thinking: {
      control: "budget",
      wire: "thinkingBudget",
      default: "on",
      off: "always",
      budget: [0, 24_576]
    },
    price: price(0.3, 2.5, 0.03),
    cutoff: "2025-01",
    status: "deprecated"
  },
  { match: "(^|[/.])gemini-(2\\.0|1[.-]|pro(-vision)?$)", status: "retired", retires: "2026-06-01" },
  {
    match: "(^|[/.])gemma-4",
    provider: ["google"],
    context: 262_144,
    maxOutput: 32_768,
    ...words("minimal high", { wire: "thinkingLevel" }),
    price: price(0, 0)
  },
  {
    match: "(^|[/.])gem(ini|ma)-",
    provider: ["google"],
    api: "gemini",
    limitField: "maxOutputTokens",
    temperature: [0, 2],
    topP: [0, 1],
    topK: true,
    stop: 5,
    tools: { forced: "always" },
    parallel: "none",
    json: "schema",
    inputs: ["text", "image", "pdf", "audio", "video"],
    cache: { kind: "both" }
  },
  {
    match: "(^|[/.])gem(ini|ma)-",
    api: "chat",
    limitField: "max_tokens",
    temperature: [0, 2],
    topP: [0, 1],
    topK: false,
    parallel: "none",
    json: "schema",
    inputs: ["text", "image"]
  }
])
