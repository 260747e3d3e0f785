/**
 * Kimi. Collected on 27 November 2026 from the packages and threads of makers and of other
 * toolkits.
 */
import type { Rule } from "../types.ts"
import { autoCache, price, servedBy, still, words } from "./terms.ts"

export const moonshotai: ReadonlyArray<Rule> = servedBy("moonshotai", [
  { match: "^kimi-k3\\.1-pro-highspeed", price: price(4, 20, 0.2) },
  { match: "^kimi-k3\\.1", price: price(2, 10, 0.2) },
  { match: "^kimi-k2\\.7-code-highspeed", price: price(1.9, 8, 0.38) },
  {
    match: "^kimi-k3",

    context: 1_048_576,
    maxOutput: 1_048_576,
    sampling: "never",
    ...words("low high max", { defaultEffort: "max" }),
    tools: { forced: "always" },
    json: "schema",
    price: price(3, 15, 0.3)
  },
  {
    match: "^kimi-k2\\.7",

    context: 262_144,
    maxOutput: 262_144,
    sampling: "never",
    thinking: { control: "fixed", wire: "thinking", default: "on", off: "never", budget: false },
    tools: { forced: "named-only" },
    json: "schema",
    price: price(0.95, 4, 0.19)
  },
  {
    match: "^kimi-k2\\.[56]",

    context: 262_144,
    maxOutput: 262_144,
    sampling: "never",
    thinking: { control: "toggle", wire: "thinking", default: "on", off: "always", budget: false },
    tools: { forced: "named-only" },
    json: "object",
    price: price(0.95, 4, 0.16)
  },
  {
    match: "^moonshot-v1",

    sampling: "always",
    temperature: [0, 1],
    ...still,
    tools: { forced: "always" },
    json: "object",
    status: "deprecated"
  },
  {
    match: "^(kimi|moonshot)",

    api: "chat",
    limitField: "max_completion_tokens",
    topK: false,
    stop: true,
    parallel: "none",
    inputs: ["text", "image"],
    reasoningBack: true,
    ...autoCache
  }
])
