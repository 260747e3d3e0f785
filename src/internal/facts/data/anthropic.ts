/**
 * Claude. Collected on 27 November 2026 from the packages and threads of makers and of other toolkits.
 */
import type { Price, Rule, ThinkingFacts } from "../types.ts"
import { soldBy } from "./terms.ts"

/** The name of a Claude with its version, with a dot or a dash, and no longer version behind it. */
const claude = (family: string, version: string): string =>
  `(^|[/.])claude-${family}[-.]${version.replaceAll(".", "[-.]")}(?![0-9])(?![-.][0-9](?![0-9]))`

const price = (input: number, out: number, read?: number, write?: number, write1h?: number): { price: Price } => ({
  price: { in: input, out, read, write, write1h }
})

const adaptive: ThinkingFacts = {
  control: "effort",
  wire: "adaptive",
  efforts: ["low", "medium", "high", "xhigh", "max"],
  default: "on",
  budget: false,
  display: "omitted"
}

/** From Opus 4.7 on: no sampling, no number of tokens. */
const today = { context: 1_000_000, maxOutput: 128_000, sampling: "never" } as const

/** Opus 4.6 and Sonnet 4.6: words or a number of tokens. */
const both: Omit<Rule, "match"> = {
  context: 1_000_000,
  maxOutput: 128_000,
  sampling: "thinking-off",
  thinking: {
    control: "effort",
    wire: "adaptive",
    efforts: ["low", "medium", "high", "max"],
    default: "off",
    defaultEffort: "high",
    off: "always",
    budget: [1024, 127_999],
    display: "summarized"
  },
  tools: { forced: "thinking-off" }
}

/** The models of 4.5: a number of tokens, and words for Opus alone. */
const budgeted: Omit<Rule, "match"> = {
  context: 200_000,
  maxOutput: 64_000,
  sampling: "thinking-off",
  thinking: {
    control: "budget",
    wire: "budget",
    default: "off",
    off: "always",
    budget: [1024, 63_999],
    display: "summarized"
  },
  tools: { forced: "thinking-off" }
}

const cached = (min: number) => ({ cache: { kind: "explicit", min } }) as const

export const anthropic: ReadonlyArray<Rule> = soldBy("anthropic", [
  {
    match: claude("opus", "5.5"),
    ...today,
    thinking: { ...adaptive, defaultEffort: "medium", off: "never" },
    tools: { forced: "never" },
    ...price(4, 20, 0.2, 5, 8)
  },
  {
    match: claude("sonnet", "5.5"),
    ...today,
    thinking: { ...adaptive, defaultEffort: "high", off: "never", lowest: "between_tools" },
    tools: { forced: "never" },
    ...price(2, 10, 0.1, 2.5, 4)
  },
  {
    match: claude("haiku", "5.5"),
    ...today,
    thinking: { ...adaptive, off: "high" },
    tools: { forced: "always" },
    price: {
      in: 0.1,
      out: 0.5,
      read: 0.01,
      write: 0.125,
      over: { tokens: 100_000, in: 0.5, out: 2.5, read: 0.05, write: 0.625 }
    }
  },
  {
    match: claude("fable", "5.2"),
    ...today,
    thinking: { ...adaptive, defaultEffort: "high", off: "never" },
    tools: { forced: "never" },
    ...price(8, 40, 0.2, 10)
  },
  {
    match: claude("fable", "5.1"),
    ...today,
    thinking: { ...adaptive, off: "never" },
    tools: { forced: "never" },
    ...price(10, 50, 0.25, 12.5, 20)
  },
  {
    match: "(^|[/.])claude-fable[-.]5",
    ...today,
    thinking: { ...adaptive, defaultEffort: "high", off: "never" },
    // Sources differ on whether a call can be forced.
    tools: { forced: "always" },
    ...cached(512),
    ...price(10, 50, 1, 12.5, 20)
  },
  {
    match: "(^|[/.])claude-mythos",
    ...today,
    thinking: { ...adaptive, off: "never" },
    tools: { forced: "never" }
  },
  {
    match: claude("opus", "5"),
    ...today,
    // A number of tokens is taken by some servers, and the reasoning is then empty.
    thinking: { ...adaptive, defaultEffort: "high", off: "high" },
    tools: { forced: "always" },
    ...cached(512),
    ...price(5, 25, 0.5, 6.25, 10)
  },
  {
    match: claude("sonnet", "5"),
    ...today,
    thinking: { ...adaptive, defaultEffort: "high", off: "always" },
    tools: { forced: "always" },
    ...cached(1024),
    ...price(2, 10, 0.2, 2.5, 4),
    cutoff: "2026-01"
  },
  {
    match: claude("opus", "4.8"),
    ...today,
    thinking: { ...adaptive, default: "off", defaultEffort: "high", off: "always" },
    tools: { forced: "always" },
    ...cached(1024),
    ...price(5, 25, 0.5, 6.25, 10)
  },
  {
    match: claude("opus", "4.7"),
    ...today,
    thinking: { ...adaptive, default: "off", defaultEffort: "high", off: "always" },
    // Sources differ on whether a call can be forced while it reasons.
    tools: { forced: "thinking-off" },
    ...cached(2048),
    ...price(5, 25, 0.5, 6.25, 10),
    cutoff: "2026-01"
  },
  { match: claude("opus", "4.6"), ...both, ...cached(4096), ...price(5, 25, 0.5, 6.25, 10), cutoff: "2025-05" },
  // The shortest prefix that is cached is 1,024 in the documentation, and 2,048 as measured.
  { match: claude("sonnet", "4.6"), ...both, ...cached(2048), ...price(3, 15, 0.3, 3.75, 6), cutoff: "2025-08" },
  {
    match: claude("opus", "4.5"),
    ...budgeted,
    thinking: {
      control: "effort",
      wire: "budget+effort",
      efforts: ["low", "medium", "high"],
      default: "off",
      defaultEffort: "high",
      off: "always",
      budget: [1024, 63_999],
      display: "summarized"
    },
    ...cached(4096),
    ...price(5, 25, 0.5, 6.25, 10),
    cutoff: "2025-03",
    status: "deprecated",
    retires: "2027-01-22"
  },
  {
    match: claude("sonnet", "4.5"),
    ...budgeted,
    ...cached(1024),
    ...price(3, 15, 0.3, 3.75, 6),
    cutoff: "2025-07",
    status: "deprecated",
    retires: "2026-11-30"
  },
  { match: claude("haiku", "4.5"), ...budgeted, ...cached(4096), ...price(1, 5, 0.1, 1.25, 2), cutoff: "2025-02" },
  {
    // Some of these are still served by other hosts. 3.x had 4,096 to 8,192 tokens out, and no reasoning before 3.7.
    match: "(^|[/.])claude-(opus-4-1|opus-4(-0)?($|[-@]2025)|sonnet-4(-0)?($|[-@]2025)|3|2|instant)",
    context: 200_000,
    maxOutput: 32_000,
    sampling: "thinking-off",
    thinking: { control: "budget", wire: "budget", default: "off", off: "always", budget: [1024, 31_999] },
    tools: { forced: "thinking-off" },
    status: "retired"
  },
  {
    match: "(^|[/.])claude-",
    guess: true,
    ...today,
    thinking: { ...adaptive, off: "high" },
    tools: { forced: "thinking-off" }
  },
  {
    match: "(^|[/.])claude-",
    api: "messages",
    limitField: "max_tokens",
    temperature: [0, 1],
    topP: [0, 1],
    topK: true,
    oneOfTemperatureTopP: true,
    stop: true,
    parallel: "disable_parallel_tool_use",
    json: "schema",
    inputs: ["text", "image", "pdf"],
    ...cached(1024)
  }
])
