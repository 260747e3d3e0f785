/**
 * OpenAI's models. Collected on 27 November 2026 from the packages and threads of makers and of other toolkits.
 */
import type { Facts, Price, Rule } from "../types.ts"
import { price, soldBy, still, words } from "./terms.ts"

const gpt = (name: string): string => `(^|[/.])gpt-${name}(?=$|-20\\d\\d|-latest)`

/** A long input costs twice as much, and its answer half as much again. */
const stepped = (input: number, out: number, read?: number, write?: number): Price => ({
  ...price(input, out, read, write),
  // To the cent, which the product of some is not.
  over: {
    tokens: 272_000,
    in: 2 * input,
    out: Number((1.5 * out).toFixed(2)),
    read: read && 2 * read,
    write: write && 2 * write
  }
})

const medium = { defaultEffort: "medium" } as const
const atRest = { default: "off" } as const

const long = { context: 1_050_000, maxInput: 922_000, maxOutput: 128_000 } as const
const middle = { context: 400_000, maxOutput: 128_000 } as const
const fiveInput = { ...middle, maxInput: 272_000 } as const

/** Reasons in every case: no sampling. */
const always: Facts = { sampling: "never" }
const switched: Facts = { sampling: "effort-none" }

const noFunctions: Facts = { tools: { forced: "always", chat: "never" } }
const functionsAtRest: Facts = { tools: { forced: "always", chat: "effort-none" } }

/** Later models that always reason. */
const frontier: Facts = { ...long, ...always, ...noFunctions, ...words("low medium high xhigh max", medium) }
/** Later models whose reasoning can be switched off. */
const flexible: Facts = { ...long, ...switched, ...functionsAtRest, ...words("none low medium high xhigh max", medium) }

/** Sources differ on the effort without a word: `none` is said aloud where something rests on it. */
const four: Facts = { ...switched, ...functionsAtRest, ...words("none low medium high xhigh", atRest) }

const pro: Facts = { ...always, ...words("medium high xhigh") }

const five: Facts = { ...fiveInput, ...always, ...words("minimal low medium high", medium) }
const ending = { status: "deprecated", retires: "2026-12-10" } as const

const o: Facts = { context: 200_000, maxOutput: 100_000, ...always, stop: false }

const plain: Facts = { status: "active", sampling: "always", ...still }
const gone = { status: "retired", retires: "2026-10-23" } as const

const hosts = ["openai", "azure", "openrouter"]
const shared: Facts = {
  temperature: [0, 2],
  topP: [0, 1],
  topK: false,
  parallel: "parallel_tool_calls",
  json: "schema"
}

export const openai: ReadonlyArray<Rule> = soldBy("openai", [
  { match: gpt("6\\.2-astra(-law)?"), ...frontier, price: stepped(8, 40, 0.4, 10) },
  { match: gpt("6\\.[12]-sol"), ...frontier, price: stepped(2, 10, 0.1, 2.5) },
  { match: gpt("6\\.1-terra"), ...flexible, price: stepped(1, 5, 0.05, 1.25) },
  {
    match: gpt("6-astra"),
    ...frontier,
    price: stepped(10, 50, 1, 12.5),
    chatEfforts: ["low", "medium", "high", "xhigh"],
    stop: false
  },
  { match: gpt("6-sol"), ...flexible, price: stepped(2, 10, 0.2, 2.5) },
  { match: gpt("6-luna"), ...flexible, price: stepped(0.1, 0.5, 0.01, 0.125) },
  { match: gpt("5\\.6(-sol)?"), ...flexible, price: stepped(4, 20, 0.4, 5), cutoff: "2026-02" },
  { match: gpt("5\\.6-terra"), ...flexible, price: stepped(2, 12, 0.2, 2.5), cutoff: "2026-02" },
  { match: gpt("5\\.6-luna"), ...flexible, price: stepped(0.2, 1.2, 0.02, 0.25), cutoff: "2026-02" },
  {
    match: gpt("(5\\.6|6)-cyber"),
    ...middle,
    ...always,
    ...words("low medium high xhigh max"),
    tools: { chat: "never" }
  },
  {
    match: gpt("5\\.5-pro"),
    ...pro,
    apis: ["responses"],
    context: 1_050_000,
    maxOutput: 128_000,
    price: stepped(30, 180),
    cutoff: "2025-12"
  },
  {
    match: gpt("5\\.5"),
    ...long,
    ...switched,
    ...functionsAtRest,
    ...words("none low medium high xhigh", medium),
    price: stepped(5, 30, 0.5),
    cutoff: "2025-12"
  },
  {
    match: gpt("5\\.4-pro"),
    ...pro,
    context: 1_050_000,
    maxOutput: 128_000,
    json: "none",
    price: stepped(30, 180),
    cutoff: "2025-08"
  },
  { match: gpt("5\\.4-mini"), ...middle, ...four, price: price(0.75, 4.5, 0.075), cutoff: "2025-08" },
  { match: gpt("5\\.4-nano"), ...middle, ...four, price: price(0.2, 1.25, 0.02), cutoff: "2025-08" },
  {
    match: gpt("5\\.4"),
    context: 1_050_000,
    maxOutput: 128_000,
    ...four,
    price: stepped(2.5, 15, 0.25),
    cutoff: "2025-08"
  },
  {
    match: gpt("5\\.3-codex-spark"),
    context: 128_000,
    maxOutput: 32_000,
    ...always,
    ...words("low medium high xhigh"),
    apis: ["responses"],
    price: price(1.75, 14, 0.175),
    cutoff: "2025-08"
  },
  {
    match: gpt("5\\.3-codex"),
    ...middle,
    ...switched,
    ...words("none low medium high xhigh", atRest),
    apis: ["responses"],
    price: price(1.75, 14, 0.175),
    cutoff: "2025-08"
  },
  {
    match: "(^|[/.])gpt-5\\.[1-3]-chat",
    context: 128_000,
    maxOutput: 16_384,
    ...always,
    ...words("medium"),
    reasoningBack: false,
    price: price(1.75, 14, 0.175)
  },
  { match: gpt("5\\.2-pro"), ...middle, ...pro, json: "none", price: price(21, 168), cutoff: "2025-08" },
  {
    match: gpt("5\\.2"),
    ...fiveInput,
    ...switched,
    ...words("none low medium high xhigh", atRest),
    price: price(1.75, 14, 0.175),
    cutoff: "2025-08"
  },
  {
    match: gpt("5\\.1"),
    ...fiveInput,
    ...switched,
    ...words("none low medium high", atRest),
    price: price(1.25, 10, 0.125),
    cutoff: "2024-09"
  },
  {
    match: "(^|[/.])gpt-5(\\.[12])?-codex",
    ...middle,
    ...always,
    ...words("low medium high"),
    status: "retired",
    retires: "2026-07-23",
    apis: ["responses"]
  },
  {
    match: "(^|[/.])gpt-5(\\.[12])?-chat",
    ...middle,
    ...always,
    status: "retired",
    retires: "2026-07-23",
    apis: ["responses"]
  },
  {
    match: gpt("5-pro"),
    ...middle,
    ...always,
    ...words("high"),
    ...ending,
    apis: ["responses"],
    price: price(15, 120)
  },
  { match: gpt("5-mini"), ...five, ...ending, price: price(0.25, 2, 0.025), cutoff: "2024-05" },
  { match: gpt("5-nano"), ...five, ...ending, price: price(0.05, 0.4, 0.005), cutoff: "2024-05" },
  { match: gpt("5"), ...five, ...ending, price: price(1.25, 10, 0.125), cutoff: "2024-09" },
  {
    match: "(^|[/.])o3-pro(?=$|-20\\d\\d|-latest)",
    ...o,
    ...words("low medium high", medium),
    ...ending,
    price: price(20, 80),
    cutoff: "2024-05"
  },
  {
    match: "(^|[/.])o3(?=$|-20\\d\\d|-latest)",
    ...o,
    ...words("low medium high", medium),
    ...ending,
    price: price(2, 8, 0.5),
    cutoff: "2024-05"
  },
  { match: "(^|[/.])(o1|o3-mini|o4-mini)", ...o, ...words("low medium high"), ...gone },
  { match: "(^|[/.])gpt-4\\.1-nano", ...gone },
  { match: "(^|[/.])gpt-4\\.1-mini", price: price(0.4, 1.6, 0.1) },
  {
    match: "(^|[/.])gpt-4\\.1",
    ...plain,
    context: 1_047_576,
    maxOutput: 32_768,
    price: price(2, 8, 0.5),
    cutoff: "2024-04"
  },
  { match: "(^|[/.])gpt-4o-2024-05-13", maxOutput: 4096, ...gone, price: price(5, 15) },
  {
    match: "(^|[/.])gpt-4o-mini",
    ...plain,
    context: 128_000,
    maxOutput: 16_384,
    price: price(0.15, 0.6, 0.075),
    cutoff: "2023-09"
  },
  {
    match: "(^|[/.])gpt-4o",
    ...plain,
    context: 128_000,
    maxOutput: 16_384,
    price: price(2.5, 10, 1.25),
    cutoff: "2023-09"
  },
  { match: "(^|[/.])gpt-(4|3\\.5)", ...plain, ...gone },
  {
    match: "(^|[/.])gpt-([6-9]|\\d\\d)",
    guess: true,
    context: 1_050_000,
    maxOutput: 128_000,
    ...always,
    ...noFunctions,
    ...words("low medium high xhigh max")
  },
  // Requests that are not stored ask every model with the name of a reasoning model for encrypted reasoning.
  {
    match: "^(?!.*chat).*(^|[./:])(o[1-9]|gpt-([5-9]|\\d\\d)|codex|computer-use)",
    provider: ["openai"],
    api: "responses",
    reasoningBack: true
  },
  {
    match: "(^|[/.])(gpt-[456]|o[134](-|$))",
    provider: hosts,
    api: "responses",
    limitField: "max_output_tokens",
    minOutput: 16,
    ...shared,
    stop: false,
    inputs: ["text", "image", "pdf"],
    cache: { kind: "auto", min: 1024 }
  },
  {
    match: "(^|[/.])(gpt-[456]|o[134](-|$))",
    provider: hosts,
    api: "chat",
    limitField: "max_completion_tokens",
    ...shared,
    stop: "not-reasoning",
    inputs: ["text", "image", "pdf"],
    cache: { kind: "auto", min: 1024 }
  }
])
