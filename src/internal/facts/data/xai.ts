/**
 * Grok. Collected on 27 November 2026 from the packages and threads of makers and of other
 * toolkits.
 */
import type { Rule } from "../types.ts"
import { autoCache, doubled, price, soldBy, still, words } from "./terms.ts"

export const xai: ReadonlyArray<Rule> = soldBy("xai", [
  {
    match: "(^|[/.])grok-4\\.7",
    context: 500_000,
    maxOutput: 500_000,
    ...words("low medium high xhigh", { defaultEffort: "high" }),
    price: doubled(200_000, 2, 6, 0.5)
  },
  {
    match: "(^|[/.])grok-4\\.6",
    context: 500_000,
    maxOutput: 500_000,
    ...words("low medium high xhigh", { defaultEffort: "high" }),
    price: doubled(200_000, 2, 6, 0.5)
  },
  {
    match: "(^|[/.])grok-(4\\.5|build-latest)",
    context: 500_000,
    maxOutput: 500_000,
    ...words("low medium high", { defaultEffort: "high" }),
    price: doubled(200_000, 2, 6, 0.3)
  },
  {
    match: "(^|[/.])grok-4\\.20(-\\d{4})?-non-reasoning",
    context: 1_000_000,
    maxOutput: 30_000,
    stop: true,
    ...still,
    price: price(1.25, 2.5, 0.2)
  },
  {
    match: "(^|[/.])grok-4\\.20(-\\d{4})?-reasoning",
    context: 1_000_000,
    maxOutput: 30_000,
    thinking: { control: "fixed", default: "on", off: "never", budget: false },
    price: price(1.25, 2.5, 0.2)
  },
  {
    match: "(^|[/.])grok-4\\.20-multi-agent",
    context: 1_000_000,
    maxOutput: 30_000,
    ...words("low medium high xhigh", { defaultEffort: "medium" }),
    price: doubled(200_000, 1.25, 2.5, 0.2),
    apis: ["responses"]
  },
  {
    match: "(^|[/.])grok-(4\\.3|latest|4-0709|4-(1-)?fast|3$)",
    context: 1_000_000,
    maxOutput: 30_000,
    ...words("none low medium high", { defaultEffort: "low" }),
    price: doubled(200_000, 1.25, 2.5, 0.2)
  },
  {
    match: "(^|[/.])grok-(build|code)",
    context: 256_000,
    maxOutput: 256_000,
    thinking: { control: "fixed", default: "on", off: "never" },
    price: price(1, 2, 0.2)
  },
  {
    match: "(^|[/.])grok-",
    provider: ["xai", "openrouter"],
    limitField: "max_completion_tokens",
    sampling: "always",
    temperature: [0, 2],
    topP: [0, 1],
    topK: false,
    stop: false,
    tools: { forced: "always" },
    parallel: "parallel_tool_calls",
    json: "schema",
    inputs: ["text", "image", "pdf"],
    ...autoCache
  }
])
