/**
 * Google's list: `GET /v1beta/models` (https://ai.google.dev/api/models). It tells limits, the greatest temperature, and
 * whether a model reasons and takes topK.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Rule } from "../types.ts"
import { checked, exactly, maybe, Name, pages, tokensOf } from "./list.ts"
import type { ModelList } from "./list.ts"

const Model = Schema.Struct({
  name: Name,
  inputTokenLimit: maybe(Schema.Number),
  outputTokenLimit: maybe(Schema.Number),
  supportedGenerationMethods: maybe(Schema.Array(Schema.String)),
  maxTemperature: maybe(Schema.Number),
  topK: maybe(Schema.Number),
  thinking: maybe(Schema.Boolean)
})

const Page = Schema.Struct({
  models: Schema.optional(Schema.Array(Model)),
  nextPageToken: maybe(Schema.String)
})

type Model = typeof Model.Type

const page = checked(Page)

export const googleList: ModelList = {
  baseUrl: "https://generativelanguage.googleapis.com",
  baseUrlVariable: "GOOGLE_GEMINI_BASE_URL",
  keyVariables: ["GOOGLE_API_KEY", "GEMINI_API_KEY"],
  open: false,
  headers: (key = "") => ({ "x-goog-api-key": key }),
  read: (ask) =>
    Effect.map(
      pages<Model>((cursor) =>
        ask("/v1beta/models", {
          query: { pageSize: "1000", ...(cursor === undefined ? undefined : { pageToken: cursor }) }
        }).pipe(
          Effect.flatMap(page),
          // A page without models has no field for them.
          Effect.map(({ models = [], nextPageToken }) => [models, nextPageToken ?? undefined])
        )
      ),
      (models) => models.filter(chats).map((model) => factsOf(model))
    )
}

const chats = ({ supportedGenerationMethods: methods }: Model): boolean => methods?.includes("generateContent") ?? true

const factsOf = ({ inputTokenLimit, maxTemperature, name, outputTokenLimit, thinking, topK }: Model): Rule => ({
  match: exactly(name.replace(/^models\//, "")),
  provider: ["google"],
  context: tokensOf(inputTokenLimit),
  maxOutput: tokensOf(outputTokenLimit),
  temperature: maxTemperature == null || !(maxTemperature >= 0) ? undefined : [0, maxTemperature],
  // Without a default topK is not allowed. A list in which no limit stands either tells nothing.
  topK: topK == null ? inputTokenLimit == null ? undefined : false : true,
  thinking: thinking === false ? { control: "none" } : undefined
})
