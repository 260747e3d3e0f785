/**
 * Qwen on Alibaba's API. Collected on 27 November 2026 from the packages and threads of makers and of other
 * toolkits.
 */
import type { Rule } from "../types.ts"
import { price, servedBy, still, words } from "./terms.ts"

export const alibaba: ReadonlyArray<Rule> = servedBy("alibaba", [
  { match: "^qwen3\\.8-flash", price: price(0.15, 0.47, 0.016) },
  { match: "^qwen3\\.7-(plus|flash)", price: price(0.5, 3, 0.05) },
  { match: "^qwen3\\.5-plus", price: price(0.4, 2.4) },
  { match: "^qwen3-max", price: price(1.2, 6) },
  { match: "^qwen-flash", price: price(0.05, 0.4) },
  { match: "^qwen-max", price: price(1.6, 6.4) },
  { match: "^qwen3-coder-flash", price: price(0.3, 1.5) },
  {
    match: "^qwen(3\\.8|4)",

    context: 1_000_000,
    maxOutput: 131_072,
    limitField: "max_completion_tokens",
    ...words("low medium xhigh", { off: "always", budget: [1, null] }),
    json: "schema",
    price: price(2, 6, 0.25)
  },
  {
    match: "^qwen3\\.7-(plus|flash|max)",

    context: 1_000_000,
    maxOutput: 65_536,
    limitField: "max_completion_tokens",
    thinking: { control: "budget", wire: "enable_thinking", off: "always", budget: [1, null], default: "on" },
    json: "schema",
    price: price(2.5, 7.5, 0.5, 3.125)
  },
  {
    match: "^qwen3\\.[56]",

    context: 1_000_000,
    maxOutput: 65_536,
    thinking: { control: "budget", wire: "enable_thinking", off: "always", budget: [1, null], default: "on" },
    json: "object",
    price: price(0.5, 3, 0.05, 0.625)
  },
  {
    match: "^(qwen3.*thinking|qwq|qvq)",

    context: 131_072,
    maxOutput: 32_768,
    thinking: { control: "budget", wire: "enable_thinking", default: "on", off: "never", budget: [1, null] },
    json: "none"
  },
  {
    match: "^qwen3?-(max|plus|flash|turbo)",

    context: 262_144,
    maxOutput: 32_768,
    thinking: { control: "budget", wire: "enable_thinking", off: "always", budget: [1, null], default: "off" },
    json: "object",
    price: price(0.4, 1.2)
  },
  {
    match: "^qwen.*coder",

    context: 1_000_000,
    maxOutput: 65_536,
    ...still,
    json: "object",
    price: price(1, 5)
  },
  {
    match: "^qwen",

    api: "chat",
    limitField: "max_tokens",
    sampling: "always",
    temperature: [0, 1.9],
    topP: [0, 1],
    topK: true,
    stop: true,
    tools: { forced: "thinking-off" },
    parallel: "parallel_tool_calls",
    jsonWhen: "thinking-off",
    inputs: ["text", "image"],
    cache: { kind: "both" }
  }
])
