import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import type { Notes } from "../internal/provider/notes.ts"
import { toDialect } from "../internal/schemaDialect.ts"
import { strictDialect } from "../internal/strictDialect.ts"

/** A schema that the model is held to, in OpenAI's dialect; `name` is whose it is, as it is called in messages. */
export const inStrictDialect = (
  name: string,
  schema: JsonSchema.JsonSchema,
  at: string,
  notes: Notes
): JsonSchema.JsonSchema =>
  Result.match(toDialect(schema, strictDialect(name)), {
    onSuccess: (schema) => schema,
    onFailure: (problem) => {
      notes.unsupported(problem.path === "" ? at : `${at} (${problem.path})`, problem.message)
      return schema
    }
  })
