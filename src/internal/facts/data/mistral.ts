/**
 * The models of Mistral's API. Collected on 27 November 2026 from the packages and threads of makers and of other
 * toolkits.
 */
import type { Rule } from "../types.ts"
import { autoCache, price, servedBy, still, words } from "./terms.ts"

export const mistral: ReadonlyArray<Rule> = servedBy("mistral", [
  { match: "^codestral", maxOutput: 8192, price: price(0.3, 0.9, 0.03) },
  { match: "^devstral", maxOutput: 262_144, price: price(0.4, 2, 0.04) },
  { match: "^ministral-3b", maxOutput: 131_072, price: price(0.1, 0.1, 0.01) },
  { match: "^ministral-8b", maxOutput: 262_144, price: price(0.15, 0.15, 0.015) },
  { match: "^ministral-14b", maxOutput: 262_144, price: price(0.2, 0.2, 0.02) },
  { match: "^mistral-large-2512", maxOutput: 262_144, price: price(0.5, 1.5, 0.05) },
  { match: "^mistral-medium-25", maxOutput: 131_072, price: price(0.4, 2, 0.04) },
  { match: "^mistral-small-25", maxOutput: 16_384, price: price(0.1, 0.3, 0.01) },
  { match: "^mistral-small-(latest|26)", maxOutput: 256_000, price: price(0.15, 0.6, 0.015) },
  { match: "^magistral", maxOutput: 16_384, price: price(2, 5, 0.2) },
  { match: "^voxtral", maxOutput: 32_000, price: price(0.1, 0.4, 0.01) },
  { match: "^(zai-)?glm-5-3-flash", maxOutput: 131_072, price: price(0.15, 0.5, 0.03) },
  { match: "^labs-", maxOutput: 128_000, price: price(0, 0) },
  {
    match: "^(open-mistral-nemo|pixtral-12b)",

    maxOutput: 128_000,
    price: price(0.15, 0.15, 0.015)
  },
  {
    match: "^mistral-large-4",

    context: 1_048_576,
    maxOutput: 262_144,
    ...words("low medium high"),
    price: price(0.7, 2.1, 0.07)
  },
  {
    match: "^mistral-large-latest",

    context: 1_048_576,
    maxOutput: 262_144,
    price: price(0.7, 2.1, 0.07)
  },
  {
    match:
      "^(mistral-(medium-(latest|2604|3\\.5|3-5|3)|medium$|small-(latest|2603)|vibe-cli.*)|magistral-|labs-leanstral)",

    context: 262_144,
    maxOutput: 262_144,
    temperature: [0.01, 1.5],
    ...words("none high", { default: "off" }),
    price: price(1.5, 7.5, 0.15)
  },
  {
    match: "^(zai-)?glm-(5[-.]3|5$|latest)",

    context: 1_048_576,
    maxOutput: 131_072,
    ...words("low high max", { defaultEffort: "max" }),
    price: price(1.4, 4.4, 0.14)
  },
  {
    match: "^(zai-)?glm-5[-.]2",

    context: 1_048_576,
    maxOutput: 131_072,
    ...words("none high", { default: "off" }),
    price: price(1.4, 4.4, 0.14)
  },
  {
    match: "^(codestral|devstral|ministral|open-|pixtral|voxtral|mistral-(large-2|medium-25|small-25|code|nemo))",

    context: 262_144,
    maxOutput: 131_072,
    ...still
  },
  {
    match: ".",

    api: "chat",
    limitField: "max_tokens",
    sampling: "always",
    temperature: [0, 1.5],
    topP: [0.01, 1],
    topK: false,
    stop: true,
    tools: { forced: "always" },
    parallel: "parallel_tool_calls",
    json: "schema",
    inputs: ["text", "image"],
    ...autoCache
  }
])
