/**
 * Collects the problems of a request while it is encoded. Made by `encodeRequest` of each wire and passed to the
 * functions that encode its parts, so that these return plain JSON.
 */
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import { InvalidRequestError, UnsupportedError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import { toDialect } from "../jsonSchema/dialect.ts"
import type { SchemaDialect } from "../jsonSchema/dialect.ts"

/** Warnings for the log and the metadata, and the first problem that makes the request impossible. */
export class EncodingIssues {
  readonly warnings: Array<string> = []
  problem: Reason | undefined

  warn(message: string): void {
    if (!this.warnings.includes(message)) this.warnings.push(message)
  }

  unsupported(field: string, message: string): void {
    this.problem ??= new UnsupportedError({ field, message: `${field}: ${message}` })
  }

  invalid(field: string, message: string): void {
    this.problem ??= new InvalidRequestError({ field, message: `${field}: ${message}` })
  }
}

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
