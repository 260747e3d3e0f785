/**
 * Derives from a schema the JSON object that a model is asked for, and the way back. Called by generate.ts, once for
 * each schema: codecs are memoized. It must not import a model.
 */
import * as Effect from "effect/Effect"
import { memoize } from "effect/Function"
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { isObject } from "../json/object.ts"
import { toJsonSchema } from "../jsonSchema/ofSchema.ts"
import type { SchemaProblem } from "../jsonSchema/ofSchema.ts"
import { effectSchemaOf, inObject } from "../jsonSchema/standard.ts"
import type { AnySchema, EffectSchema } from "../jsonSchema/standard.ts"
import type { Answer } from "../parsers/answer.ts"
import type { OutputParserError } from "../parsers/error.ts"
import { decoder } from "../parsers/schema.ts"

/**
 * Translates between the value of a schema and the JSON object that a model is asked for. Providers only accept the
 * schema of an object, so any other value is wrapped in one.
 */
export interface ObjectCodec<A, R> {
  /** The JSON Schema of the object. */
  readonly jsonSchema: JsonSchema.JsonSchema
  /** The part of a partial object that belongs to the value, or `undefined` if there is none yet. */
  readonly part: (object: unknown) => unknown
  /** Decodes the complete object. */
  readonly decode: (object: unknown, answer: Answer) => Effect.Effect<A, OutputParserError, R>
}

/** The key of the value in the object that wraps it. */
const wrapperKey = "value"

const make = (schema: Schema.Constraint): Result.Result<ObjectCodec<unknown, unknown>, SchemaProblem> =>
  Result.flatMap(toJsonSchema(schema), (jsonSchema) => {
    if (jsonSchema["type"] === "object") {
      return Result.succeed({ jsonSchema, part: (object) => object, decode: decoder(schema) })
    }
    const wrapped = inObject(wrapperKey, schema)
    return Result.map(toJsonSchema(wrapped), (jsonSchema) => {
      const decode = decoder(wrapped)
      return {
        jsonSchema,
        part: (object) => isObject(object) ? object[wrapperKey] : undefined,
        decode: (object, answer) => Effect.map(decode(object, answer), (whole) => whole[wrapperKey])
      }
    })
  })

const memoized = memoize((schema: AnySchema) => make(effectSchemaOf(schema)))

/** The codec of a schema. Fails if the schema has no JSON form. */
export const codecOf = <S extends AnySchema>(
  schema: S
): Result.Result<ObjectCodec<EffectSchema<S>["Type"], EffectSchema<S>["DecodingServices"]>, SchemaProblem> =>
  // The codec was made from this very schema.
  memoized(schema) as Result.Result<
    ObjectCodec<EffectSchema<S>["Type"], EffectSchema<S>["DecodingServices"]>,
    SchemaProblem
  >
