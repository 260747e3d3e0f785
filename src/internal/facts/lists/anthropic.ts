/**
 * Anthropic's list: `GET /v1/models` (https://docs.anthropic.com/en/api/models-list). It tells limits, inputs, reasoning
 * and the end of a model; not its sampling, its tools and its price.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Facts, Rule, ThinkingFacts } from "../types.ts"
import { checked, dayOf, exactly, maybe, Name, pages, tokensOf } from "./list.ts"
import type { ModelList } from "./list.ts"

const Support = Schema.Struct({ supported: Schema.Boolean })

const Capabilities = Schema.Struct({
  effort: maybe(Schema.Struct({
    supported: Schema.Boolean,
    low: maybe(Support),
    medium: maybe(Support),
    high: maybe(Support),
    xhigh: maybe(Support),
    max: maybe(Support)
  })),
  image_input: maybe(Support),
  pdf_input: maybe(Support),
  structured_outputs: maybe(Support),
  thinking: maybe(Schema.Struct({
    supported: Schema.Boolean,
    types: maybe(Schema.Struct({
      adaptive: maybe(Support),
      between_tools: maybe(Support),
      disabled: maybe(Support),
      enabled: maybe(Support)
    }))
  }))
})

const Model = Schema.Struct({
  id: Name,
  capabilities: maybe(Capabilities),
  lifecycle: maybe(Schema.String),
  max_input_tokens: maybe(Schema.Number),
  max_tokens: maybe(Schema.Number),
  retires_at: maybe(Schema.String)
})

const Page = Schema.Struct({
  data: Schema.Array(Model),
  has_more: maybe(Schema.Boolean),
  last_id: maybe(Schema.String)
})

type Model = typeof Model.Type

const page = checked(Page)

export const anthropicList: ModelList = {
  baseUrl: "https://api.anthropic.com",
  baseUrlVariable: "ANTHROPIC_BASE_URL",
  keyVariables: ["ANTHROPIC_API_KEY"],
  open: false,
  headers: (key = "") => ({ "x-api-key": key, "anthropic-version": "2023-06-01" }),
  read: (ask, known) =>
    Effect.map(
      pages<Model>((cursor) =>
        ask("/v1/models", { query: { limit: "1000", ...(cursor === undefined ? undefined : { after_id: cursor }) } })
          .pipe(
            Effect.flatMap(page),
            Effect.map(({ data, has_more, last_id }) => [data, has_more === true ? last_id ?? undefined : undefined])
          )
      ),
      (models) => models.map((model) => factsOf(model, known(model.id)))
    )
}

const factsOf = (model: Model, known: Facts): Rule => {
  const { capabilities, id } = model
  const maxOutput = tokensOf(model.max_tokens)
  return {
    match: matchOf(id),
    provider: ["anthropic"],
    context: tokensOf(model.max_input_tokens),
    maxOutput,
    thinking: thinkingOf(capabilities, known, maxOutput),
    json: jsonOf(capabilities?.structured_outputs),
    inputs: capabilities == null ? undefined : inputsOf(capabilities),
    status: statusOf(model.lifecycle),
    retires: dayOf(model.retires_at)
  }
}

/** The name without its date is that of the newest one, which comes first. */
const matchOf = (id: string): string => {
  const [date] = /-\d{8}$/.exec(id) ?? []
  return date === undefined ? exactly(id) : exactly(id.slice(0, -date.length), `(${date})?`)
}

const jsonOf = (support: typeof Support.Type | null | undefined): Facts["json"] =>
  support == null ? undefined : support.supported ? "schema" : "none"

const statusOf = (lifecycle: string | null | undefined): Facts["status"] =>
  lifecycle === "active" || lifecycle === "deprecated" || lifecycle === "retired" ? lifecycle : undefined

const inputsOf = ({ image_input, pdf_input }: typeof Capabilities.Type): ReadonlyArray<string> | undefined =>
  image_input == null && pdf_input == null
    ? undefined
    : ["text", ...(image_input?.supported === true ? ["image"] : []), ...(pdf_input?.supported === true ? ["pdf"] : [])]

/** How the model reasons. Only our rules tell whether it reasons unasked, and what it shows. */
const thinkingOf = (
  capabilities: Model["capabilities"],
  { thinking: known }: Facts,
  maxOutput: number | undefined
): ThinkingFacts | undefined => {
  const { effort, thinking } = capabilities ?? {}
  if (thinking == null) return undefined
  if (!thinking.supported) return { control: "none" }
  const { adaptive, between_tools, disabled, enabled } = thinking.types ?? {}
  if (adaptive == null || enabled == null) return undefined
  const efforts = effort?.supported === true
    ? (["low", "medium", "high", "xhigh", "max"] as const).filter((word) => effort[word]?.supported === true)
    : []
  return {
    ...(known?.control === "none" ? undefined : known),
    control: efforts.length > 0 ? "effort" : "budget",
    wire: adaptive.supported ? "adaptive" : efforts.length > 0 ? "budget+effort" : "budget",
    efforts,
    off: disabled?.supported === true ? known?.off === "high" ? "high" : "always" : "never",
    lowest: between_tools?.supported === true ? "between_tools" : undefined,
    budget: enabled.supported ? [1024, maxOutput === undefined ? null : maxOutput - 1] : false
  }
}
