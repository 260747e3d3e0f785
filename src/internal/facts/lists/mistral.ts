/**
 * Mistral's list: `GET /v1/models` (https://docs.mistral.ai/api/endpoint/models). It tells the context, images, tools and
 * whether a model is deprecated. Aliases are items of their own.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Rule } from "../types.ts"
import { checked, exactly, maybe, Name, tokensOf } from "./list.ts"
import type { ModelList } from "./list.ts"

const Model = Schema.Struct({
  id: Name,
  capabilities: maybe(Schema.Struct({
    completion_chat: maybe(Schema.Boolean),
    function_calling: maybe(Schema.Boolean),
    vision: maybe(Schema.Boolean)
  })),
  max_context_length: maybe(Schema.Number),
  deprecation: maybe(Schema.String)
})

type Model = typeof Model.Type

const list = checked(Schema.Struct({ data: Schema.Array(Model) }))

export const mistralList: ModelList = {
  baseUrl: "https://api.mistral.ai/v1",
  keyVariables: ["MISTRAL_API_KEY"],
  open: false,
  headers: (key = "") => ({ authorization: `Bearer ${key}` }),
  read: (ask) =>
    Effect.map(
      Effect.flatMap(ask("/models"), list),
      ({ data }) => data.filter(chats).map((model) => factsOf(model))
    )
}

const chats = ({ capabilities }: Model): boolean => capabilities?.completion_chat !== false

const factsOf = ({ capabilities, deprecation, id, max_context_length }: Model): Rule => ({
  match: exactly(id),
  provider: ["mistral"],
  context: tokensOf(max_context_length),
  tools: capabilities?.function_calling === false ? { calls: false } : undefined,
  inputs: capabilities?.vision == null ? undefined : capabilities.vision ? ["text", "image"] : ["text"],
  status: deprecation == null ? undefined : "deprecated"
})
