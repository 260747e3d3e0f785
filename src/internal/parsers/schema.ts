/**
 * Decoding JSON by a schema for parsers and object generation: the decoder, its issues, and the text that describes a
 * schema to a model. It must not import a parser.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { excerpt } from "../excerpt.ts"
import { integerTooLong as tooLong } from "../json/limits.ts"
import { toJsonSchema } from "../jsonSchema/ofSchema.ts"
import { restore } from "../jsonSchema/restore.ts"
import { lazy } from "../lazy.ts"
import type { Answer } from "./answer.ts"
import type { OutputParserError } from "./error.ts"

/** An error holds no more issues than this. */
const maxIssues = 50

const standard = SchemaIssue.makeFormatterStandardSchemaV1()

/** The issues of a schema error about this value, with `path` in front of each path. */
export const issuesOf = (
  { issue }: Schema.SchemaError,
  value: unknown,
  path: ReadonlyArray<string | number> = []
): OutputParserError["issues"] =>
  standard(issue).issues.slice(0, maxIssues).map((each) => {
    const keys = (each.path ?? []).map(keyOf)
    const at = keys.reduce<unknown>((inner, key) => Object(inner)[key], value)
    const message = each.message.replace(nonFiniteNumbers, "number")
    return {
      path: [...path, ...keys],
      message: excerpt(typeof at === "bigint" ? `${message}. ${tooLong(at)}` : message)
    }
  })

/** The part of Effect's messages that offers strings for non-finite numbers. No model is asked for those. */
const nonFiniteNumbers = /(?:number \| )?"Infinity" \| "-Infinity" \| "NaN"/g

// JSON has no symbol keys, so the conversion is never lossy in practice.
const keyOf = (segment: PropertyKey | { readonly key: PropertyKey }): string | number => {
  const key = typeof segment === "object" ? segment.key : segment
  return typeof key === "symbol" ? String(key) : key
}

/**
 * Makes a decoder of JSON for a schema. JSON that does not fit as it is is mended and decoded again. It fails with all
 * issues, not only the first. Bigints in the JSON are integers that a number cannot hold.
 */
export const decoder = <S extends Schema.Constraint>(schema: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(schema), { errors: "all" })
  const jsonSchema = lazy(() => toJsonSchema(schema))
  const mended = (json: unknown): unknown =>
    Result.match(jsonSchema(), {
      onSuccess: (jsonSchema) => restore(json, jsonSchema),
      // A schema without a JSON Schema can still be decoded.
      onFailure: () => json
    })
  return (
    json: unknown,
    answer: Answer,
    path?: ReadonlyArray<string | number>
  ): Effect.Effect<S["Type"], OutputParserError, S["DecodingServices"]> => {
    const failed = (json: unknown) => (error: Schema.SchemaError) =>
      answer.failed("Mismatch", issuesOf(error, json, path))
    // Effect takes these for numbers.
    if (notFinite.test(answer.raw)) {
      const whole = mended(json)
      return Effect.mapError(decode(whole), failed(whole))
    }
    return Effect.catch(decode(json), (error) => {
      const whole = mended(json)
      return whole === json ? Effect.fail(failed(json)(error)) : Effect.mapError(decode(whole), failed(whole))
    })
  }
}

const notFinite = /"(?:NaN|-?Infinity)"/

/** The JSON Schema of a schema as text, for an error or a prompt. */
export const schemaText = (schema: Schema.Constraint): string =>
  Result.match(toJsonSchema(schema), {
    onSuccess: (jsonSchema) => JSON.stringify(jsonSchema),
    // A schema without a JSON Schema can still be decoded.
    onFailure: () => "JSON"
  })
