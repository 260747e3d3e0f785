/**
 * The cost of an answer by the price of its model. Pure. Called once an answer, at its end, and by `ModelFacts.cost`. It
 * gives nothing rather than a wrong number.
 */
import type { CallOptions } from "../../CallOptions.ts"
import type { Cost, Usage } from "../../Usage.ts"
import type { Known } from "../facts/known.ts"
import type { FactsAnswer, FactsSettings } from "../facts/settings.ts"
import type { Facts } from "../facts/types.ts"
import { isObject } from "../json/object.ts"
import { optional } from "../optional.ts"

/**
 * The cost of tokens in US dollars, by the price in the facts about the model.
 *
 * **Details**
 *
 * - Input tokens cost `in`, those that were read from a cache `read`, and those that were written to one `write`, or
 *   `write1h` if they are kept for an hour. If the input is longer than `over.tokens`, the prices of `over` hold for all of
 *   the request.
 * - It is undefined if the price is not known, is that of another provider (`price.by`), or is not known for some of the
 *   tokens: those written to a cache without a price, audio, images of an answer, an input beyond the context of the
 *   model, or a `usage` that counts nothing.
 * - It is undefined, too, if `usage.raw` tells of another tariff than the standard one: a service tier such as `batch`,
 *   `flex` or `priority`, a `speed`, a region (`inference_geo`), or tools of the provider, which are billed apart.
 * - Answers of a model have it as `usage.cost`. There the request and the message are looked at, too: a tariff in
 *   `providerOptions`, the model that answered (`metadata.model`), and calls of the provider's tools.
 *
 * **Example** (A thousand tokens)
 *
 * ```ts
 * import { ModelFacts } from "rivulet"
 *
 * const facts = ModelFacts.of({ provider: "anthropic", api: "messages", model: "claude-haiku-4-5" })
 * ModelFacts.cost(facts, { inputTokens: 1000, outputTokens: 200, totalTokens: 1200 })?.total // 0.002
 * ```
 */
export const cost = ({ context, price }: Facts, usage: Usage): Cost | undefined => {
  const { cacheReadTokens: read = 0, cacheWriteTokens: written = 0, inputTokens, outputTokens, raw } = usage
  if (price === undefined || price.by !== undefined || !isStandard(raw) || hasOtherMedia(raw)) return undefined
  const own = inputTokens - read - written
  if (inputTokens + outputTokens <= 0 || own < 0 || outputTokens < 0) return undefined
  if (context !== undefined && inputTokens > context) return undefined
  const rates = price.over !== undefined && inputTokens > price.over.tokens ? price.over : price
  const anHour = hourTokens(raw)
  const short = costOf(written - anHour, rates.write)
  const long = costOf(anHour, rates.write1h)
  if (anHour > written || short === undefined || long === undefined) return undefined
  const parts = {
    input: dollars(own * rates.in),
    output: dollars(outputTokens * rates.out),
    cacheRead: dollars(read * (rates.read ?? rates.in)),
    cacheWrite: dollars(short + long)
  }
  return {
    total: exact(parts.input + parts.output + parts.cacheRead + parts.cacheWrite),
    ...parts,
    currency: "USD",
    ...optional("asOf", price.asOf),
    source: "facts"
  }
}

/** Tokens at a rate, in millionths. Undefined if there are some and the rate is not known. */
const costOf = (tokens: number, rate: number | undefined): number | undefined =>
  tokens === 0 ? 0 : rate === undefined ? undefined : tokens * rate

const dollars = (millionths: number): number => exact(millionths / 1e6)

/** An amount without the noise of binary fractions. The cheapest token is a thousand of the smallest unit. */
export const exact = (amount: number): number => Math.round(amount * 1e12) / 1e12

/**
 * Whether the fields of an answer or of a request mean the standard tariff and nothing that is billed separately.
 */
const isStandard = (fields: unknown): boolean => {
  if (!isObject(fields)) return true
  const { inference_geo, num_server_side_tools_used, num_sources_used, server_tool_use, service_tier, speed } = fields
  const { web_fetch_requests: _, ...tools } = isObject(server_tool_use) ? server_tool_use : {}
  return isOneOf(service_tier, "default standard standard_only on_demand auto") && isOneOf(speed, "standard") &&
    isOneOf(inference_geo, "global not_available") &&
    [...Object.values(tools), num_server_side_tools_used, num_sources_used].every(isNone)
}

const isOneOf = (value: unknown, words: string): boolean =>
  value === undefined || value === null || (typeof value === "string" && words.split(" ").includes(value))

const isNone = (count: unknown): boolean => typeof count !== "number" || count === 0

/** Whether there are tokens of audio, or of images in the answer. */
const hasOtherMedia = (raw: unknown): boolean => {
  if (!isObject(raw)) return false
  const input = [raw["prompt_tokens_details"], raw["input_tokens_details"]].filter(isObject)
  const output = [raw["completion_tokens_details"], raw["output_tokens_details"]].filter(isObject)
  return ![...input, ...output].every((details) => isNone(details["audio_tokens"])) ||
    !output.every((details) => isNone(details["image_tokens"]))
}

/** The tokens that Anthropic wrote to its cache for an hour. */
const hourTokens = (raw: unknown): number => {
  const creation = isObject(raw) ? raw["cache_creation"] : undefined
  const tokens = isObject(creation) ? creation["ephemeral_1h_input_tokens"] : undefined
  return typeof tokens === "number" ? tokens : 0
}

/** A model whose answers have a cost. */
interface Priced {
  readonly provider: string
  readonly known: Known
}

/**
 * The usage of an answer with its cost, or undefined if that is not known or the usage has it already. The price is that
 * of the model that answered, which may be another one than was asked.
 */
export const pricedUsage = (
  { known, provider }: Priced,
  settings: FactsSettings,
  options: CallOptions,
  answer: FactsAnswer
): Usage | undefined => {
  const { usage } = answer
  if (usage === undefined || usage.cost !== undefined) return undefined
  const { model, service_tier } = answer.metadata ?? {}
  const facts = known.answered(settings, typeof model === "string" ? model : undefined)
  if (facts.price === undefined || answer.hasServerParts) return undefined
  const asked = options.providerOptions?.[provider]
  // A provider tells the tier that it served, whatever was asked for.
  const tier = service_tier ?? (isObject(usage.raw) ? usage.raw["service_tier"] : undefined) ?? asked?.["service_tier"]
  if (!isStandard({ ...asked, service_tier: tier })) return undefined
  const total = cost(facts, usage)
  return total && { ...usage, cost: total }
}
