/**
 * The models of an Ollama server: `GET /api/tags`, and `POST /api/show` for each of them
 * (https://docs.ollama.com/api-reference/show-model-details). It tells the context, images, tools and reasoning.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Facts, Rule, ThinkingFacts } from "../types.ts"
import { checked, exactly, maybe, Name, tokensOf } from "./list.ts"
import type { ModelList } from "./list.ts"

const tags = checked(Schema.Struct({ models: maybe(Schema.Array(Schema.Struct({ name: Name }))) }))

const Model = Schema.Struct({
  capabilities: maybe(Schema.Array(Schema.String)),
  model_info: maybe(Schema.Record(Schema.String, Schema.Unknown)),
  parameters: maybe(Schema.String),
  thinking: maybe(Schema.Struct({
    values: Schema.Array(Schema.Union([Schema.Boolean, Schema.String])),
    default: maybe(Schema.Union([Schema.Boolean, Schema.String]))
  }))
})

type Model = typeof Model.Type

const shown = checked(Model)

/** Servers are asked for so many models at a time. */
const concurrency = 4

export const ollamaList: ModelList = {
  // The address of Chat Completions, which the preset has, too.
  baseUrl: "http://localhost:11434/v1",
  baseUrlVariable: "OLLAMA_BASE_URL",
  keyVariables: [],
  open: true,
  headers: (key) => key === undefined ? {} : { authorization: `Bearer ${key}` },
  read: (ask, known) =>
    Effect.gen(function*() {
      const { models } = yield* Effect.flatMap(ask("/../api/tags"), tags)
      const rules = yield* Effect.forEach(
        models ?? [],
        ({ name }) =>
          Effect.map(
            Effect.flatMap(ask("/../api/show", { body: { model: name } }), shown),
            (model) => factsOf(name, model, known(name))
          ),
        { concurrency }
      )
      return rules
    })
}

const factsOf = (name: string, model: Model, known: Facts): Rule => {
  const { capabilities } = model
  return {
    match: exactly(name.replace(/:latest$/, ""), name.endsWith(":latest") ? "(:latest)?" : ""),
    provider: ["ollama"],
    context: contextOf(model),
    thinking: thinkingOf(model, known),
    tools: capabilities == null || capabilities.includes("tools") ? undefined : { calls: false },
    inputs: capabilities == null ? undefined : ["text", ...(capabilities.includes("vision") ? ["image"] : [])]
  }
}

/** The context of the model, or that with which the server runs it. */
const contextOf = ({ model_info, parameters }: Model): number | undefined => {
  const trained = Object.entries(model_info ?? {}).find(([name]) => name.endsWith(".context_length"))?.[1]
  const most = tokensOf(typeof trained === "number" ? trained : undefined)
  const set = tokensOf(Number(/^num_ctx\s+(\d+)\s*$/m.exec(parameters ?? "")?.[1] ?? NaN))
  return set === undefined ? most : Math.min(set, most ?? set)
}

const thinkingOf = ({ capabilities, thinking }: Model, { thinking: known }: Facts): ThinkingFacts | undefined => {
  if (capabilities != null && !capabilities.includes("thinking")) return { control: "none" }
  const words = (thinking?.values ?? []).filter((value) => typeof value === "string")
  if (thinking != null && words.length > 0) {
    const off = thinking.values.includes(false) || words.includes("none")
    return {
      control: "effort",
      wire: "reasoning_effort",
      efforts: off && !words.includes("none") ? ["none", ...words] : words,
      default: thinking.default === false || thinking.default === "none" ? "off" : "on",
      defaultEffort: typeof thinking.default === "string" ? thinking.default : undefined,
      off: off ? "always" : "never",
      budget: false
    }
  }
  if (capabilities == null || (known !== undefined && known.control !== "none")) return undefined
  // As the models that are known to be switched.
  return {
    control: "toggle",
    wire: "reasoning_effort",
    efforts: ["none", "low", "medium", "high"],
    default: thinking?.default === false ? "off" : "on",
    off: thinking == null || thinking.values.includes(false) ? "always" : "never",
    budget: false
  }
}
