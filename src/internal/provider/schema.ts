/**
 * JSON Schema for providers that enforce a schema. Called while a request is encoded.
 */
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import { toDialect } from "../jsonSchema/dialect.ts"
import type { SchemaDialect } from "../jsonSchema/dialect.ts"
import type { EncodingIssues } from "./encodingIssues.ts"

/** A schema in the provider's part of JSON Schema. `at` is the field that holds it, for the error. */
export const encodeSchema = (
  schema: JsonSchema.JsonSchema,
  dialect: SchemaDialect,
  at: string,
  issues: EncodingIssues
): JsonSchema.JsonSchema =>
  Result.match(toDialect(schema, dialect), {
    onSuccess: (schema) => schema,
    onFailure: ({ message, path }) => {
      issues.unsupported(path === "" ? at : `${at} (${path})`, message)
      return schema
    }
  })
