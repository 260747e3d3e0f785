/**
 * Decoding JSON by a schema for parsers and object generation: the decoder, its issues, and the text that describes a
 * schema to a model. It must not import a parser.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { excerpt } from "../excerpt.ts"
import { toJsonSchema } from "../jsonSchema/ofSchema.ts"
import type { Answer } from "./answer.ts"
import type { OutputParserError } from "./error.ts"

/** An error holds no more issues than this. */
const maxIssues = 50

const standard = SchemaIssue.makeFormatterStandardSchemaV1()

/** The issues of a schema error, with `path` in front of each path. */
export const issuesOf = (
  { issue }: Schema.SchemaError,
  path: ReadonlyArray<string | number> = []
): OutputParserError["issues"] =>
  standard(issue).issues.slice(0, maxIssues).map((each) => ({
    path: [...path, ...(each.path ?? []).map(keyOf)],
    message: excerpt(each.message.replace(nonFiniteNumbers, "number"))
  }))

/** The part of Effect's messages that offers strings for non-finite numbers. No model is asked for those. */
const nonFiniteNumbers = /(?:number \| )?"Infinity" \| "-Infinity" \| "NaN"/g

// JSON has no symbol keys, so the conversion is never lossy in practice.
const keyOf = (segment: PropertyKey | { readonly key: PropertyKey }): string | number => {
  const key = typeof segment === "object" ? segment.key : segment
  return typeof key === "symbol" ? String(key) : key
}

/** Makes a decoder of JSON for a schema. It fails with all issues, not only the first. */
export const decoder = <S extends Schema.Constraint>(schema: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(schema), { errors: "all" })
  return (
    json: unknown,
    answer: Answer,
    path?: ReadonlyArray<string | number>
  ): Effect.Effect<S["Type"], OutputParserError, S["DecodingServices"]> =>
    Effect.mapError(decode(json), (error) => answer.failed("Mismatch", issuesOf(error, path)))
}

/** The JSON Schema of a schema as text, for an error or a prompt. */
export const schemaText = (schema: Schema.Constraint): string =>
  Result.match(toJsonSchema(schema), {
    onSuccess: (jsonSchema) => JSON.stringify(jsonSchema),
    // A schema without a JSON Schema can still be decoded.
    onFailure: () => "JSON"
  })
