/**
 * OpenRouter's list: `GET /api/v1/models` (https://openrouter.ai/docs/models). It tells limits, inputs, prices, and the
 * parameters that some provider of a model takes. A parameter that none takes is left out of requests; of one that is
 * taken our rules may know more.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Facts, Price, Rule } from "../types.ts"
import { checked, exactly, maybe, Name, tokensOf } from "./list.ts"
import type { ModelList } from "./list.ts"

/** A price for a token in US dollars, as a decimal. */
const Amount = maybe(Schema.Union([Schema.String, Schema.Number]))

const Model = Schema.Struct({
  id: Name,
  context_length: maybe(Schema.Number),
  architecture: maybe(Schema.Struct({ input_modalities: maybe(Schema.Array(Schema.String)) })),
  pricing: maybe(Schema.Struct({
    prompt: Amount,
    completion: Amount,
    request: Amount,
    input_cache_read: Amount,
    input_cache_write: Amount
  })),
  top_provider: maybe(Schema.Struct({ max_completion_tokens: maybe(Schema.Number) })),
  supported_parameters: maybe(Schema.Array(Schema.String))
})

type Model = typeof Model.Type

const list = checked(Schema.Struct({ data: Schema.Array(Model) }))

export const openRouterList: ModelList = {
  baseUrl: "https://openrouter.ai/api/v1",
  keyVariables: ["OPENROUTER_API_KEY"],
  open: true,
  headers: (key) => key === undefined ? {} : { authorization: `Bearer ${key}` },
  read: (ask) => Effect.map(Effect.flatMap(ask("/models"), list), ({ data }) => data.map((model) => factsOf(model)))
}

const factsOf = ({ architecture, context_length, id, pricing, supported_parameters, top_provider }: Model): Rule => ({
  match: exactly(id),
  provider: ["openrouter"],
  context: tokensOf(context_length),
  maxOutput: tokensOf(top_provider?.max_completion_tokens),
  inputs: architecture?.input_modalities?.map((input) => input === "file" ? "pdf" : input),
  price: pricing == null ? undefined : priceOf(pricing),
  ...(supported_parameters == null ? undefined : refused(new Set(supported_parameters)))
})

/** The facts that follow from the absence of parameters. */
const refused = (taken: ReadonlySet<string>): Omit<Facts, "price"> => ({
  ...(taken.has("temperature") || taken.has("top_p") ? undefined : { sampling: "never" }),
  ...(taken.has("top_k") ? undefined : { topK: false }),
  ...(taken.has("stop") ? undefined : { stop: false }),
  ...(taken.has("tools")
    ? taken.has("tool_choice") ? undefined : { tools: { forced: "never" } }
    : { tools: { calls: false } }),
  ...(taken.has("parallel_tool_calls") ? undefined : { parallel: "none" }),
  ...(taken.has("reasoning") ? undefined : { thinking: { control: "none" } }),
  json: taken.has("structured_outputs") ? "schema" : taken.has("response_format") ? "object" : "none"
})

/** The price of a million tokens. Of a router, and of a model with a price for each request, there is none. */
const priceOf = (pricing: NonNullable<Model["pricing"]>): Price | undefined => {
  const [input, out, request = 0, read, write] = [
    pricing.prompt,
    pricing.completion,
    pricing.request,
    pricing.input_cache_read,
    pricing.input_cache_write
  ].map(millionOf)
  return input === undefined || out === undefined || request !== 0 ? undefined : { in: input, out, read, write }
}

const millionOf = (amount: string | number | null | undefined): number | undefined => {
  const dollars = amount == null || amount === "" ? NaN : Number(amount)
  return Number.isFinite(dollars) && dollars >= 0 ? Number((dollars * 1e6).toPrecision(12)) : undefined
}
