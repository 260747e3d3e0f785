import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { toJsonSchema } from "../jsonSchema/ofSchema.ts"
import type { Answer } from "./answer.ts"
import { bounded } from "./error.ts"
import type { OutputParserError } from "./error.ts"

/** More issues are counted, not told. */
const mostIssues = 50

const standard = SchemaIssue.makeFormatterStandardSchemaV1()

/** What does not fit a schema, and where. */
export const issuesOf = (
  { issue }: Schema.SchemaError,
  path: ReadonlyArray<string | number> = []
): OutputParserError["issues"] =>
  standard(issue).issues.slice(0, mostIssues).map((each) => ({
    path: [...path, ...(each.path ?? []).map(keyOf)],
    message: bounded(each.message.replace(numbers, "number"))
  }))

/** Effect takes texts for the numbers that JSON has no word for. No model is asked for those. */
const numbers = /(?:number \| )?"Infinity" \| "-Infinity" \| "NaN"/g

// A key of JSON is no symbol.
const keyOf = (segment: PropertyKey | { readonly key: PropertyKey }): string | number => {
  const key = typeof segment === "object" ? segment.key : segment
  return typeof key === "symbol" ? String(key) : key
}

/** Decodes JSON by a schema, with all that is wrong in the failure. */
export const decoder = <S extends Schema.Constraint>(schema: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(schema), { errors: "all" })
  return (
    json: unknown,
    answer: Answer,
    path?: ReadonlyArray<string | number>
  ): Effect.Effect<S["Type"], OutputParserError, S["DecodingServices"]> =>
    Effect.mapError(decode(json), (error) => answer.failed("Mismatch", issuesOf(error, path)))
}

/** A schema as a model is told it. */
export const asked = (schema: Schema.Constraint): string =>
  Result.match(toJsonSchema(schema), {
    onSuccess: (jsonSchema) => JSON.stringify(jsonSchema),
    // The decoder knows what it takes; only it cannot be said.
    onFailure: () => "JSON"
  })
