/**
 * Short forms that the data of several makers share.
 */
import type { Price, Rule, ThinkingFacts } from "../types.ts"

/** The day on which the facts were collected. */
export const collected = "2026-11-27"

/** Rules whose prices are those of a provider. */
export const soldBy = (by: string, rules: ReadonlyArray<Rule>): ReadonlyArray<Rule> =>
  rules.map((rule) => rule.price === undefined ? rule : { ...rule, price: { ...rule.price, by, asOf: collected } })

/** Rules of a provider alone, with its prices. A rule that names providers holds for those. */
export const servedBy = (by: string, rules: ReadonlyArray<Rule>): ReadonlyArray<Rule> =>
  soldBy(by, rules.map((rule) => ({ provider: [by], ...rule })))

/** The rules as they hold at an address: in other regions, makers have other prices. */
export const pricedAt = (baseUrl: string, rules: ReadonlyArray<Rule>): ReadonlyArray<Rule> =>
  URL.canParse(baseUrl) && otherRegion.test(new URL(baseUrl).hostname)
    ? rules.map((rule) => ({ ...rule, price: undefined }))
    : rules

/** Hosts of makers besides those that the prices are of: OpenAI's data residency, Alibaba's regions, Moonshot AI in China. */
const otherRegion =
  /^(?!api\.)[\w-]+\.api\.openai\.com$|^(?!dashscope-intl\.)[\w.-]+\.aliyuncs\.com$|(^|\.)moonshot\.cn$/

/** A price in US dollars for a million tokens. */
export const price = (input: number, out: number, read?: number, write?: number): Price => ({
  in: input,
  out,
  read,
  write
})

/** A price that doubles for the whole request if its input is longer. */
export const doubled = (tokens: number, input: number, out: number, read: number): Price => ({
  ...price(input, out, read),
  over: { tokens, in: 2 * input, out: 2 * out, read: 2 * read }
})

/** Reasons by words for the effort, as a rule unasked. It can be switched off if `none` is among them. */
export const words = (efforts: string, more?: Partial<ThinkingFacts>): { readonly thinking: ThinkingFacts } => ({
  thinking: {
    control: "effort",
    wire: "reasoning_effort",
    efforts: efforts.split(" "),
    default: "on",
    off: efforts.startsWith("none") ? "always" : "never",
    budget: false,
    ...more
  }
})

/** Never reasons. */
export const still = { thinking: { control: "none" } } as const

/** Prompts are cached without being asked. */
export const autoCache = { cache: { kind: "auto" } } as const

/** Servers on the user's machine. */
export const local = ["ollama", "lmstudio", "llamacpp", "vllm"]
