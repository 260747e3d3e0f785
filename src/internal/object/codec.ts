import * as Effect from "effect/Effect"
import { memoize } from "effect/Function"
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { toJsonSchema } from "../jsonSchema/ofSchema.ts"
import type { SchemaProblem } from "../jsonSchema/ofSchema.ts"
import { restore } from "../jsonSchema/restore.ts"
import type { Answer } from "../parsers/answer.ts"
import type { OutputParserError } from "../parsers/error.ts"
import { decoder } from "../parsers/schema.ts"

/** What a model is asked for when a schema's value is wanted: an object, in any case. */
export interface Form<A, R> {
  readonly jsonSchema: JsonSchema.JsonSchema
  /** What is shown of the value, in what has come of the object. */
  readonly part: (object: unknown) => unknown
  readonly decode: (object: unknown, answer: Answer) => Effect.Effect<A, OutputParserError, R>
}

/** The key under which a value that is no object is asked for. */
const key = "value"

const make = (schema: Schema.Constraint): Result.Result<Form<unknown, unknown>, SchemaProblem> =>
  Result.flatMap(toJsonSchema(schema), (jsonSchema) => {
    if (jsonSchema["type"] === "object") {
      return Result.succeed({ jsonSchema, part: (object) => object, decode: restoring(decoder(schema), jsonSchema) })
    }
    const wrapped = Schema.Struct({ [key]: schema })
    return Result.map(toJsonSchema(wrapped), (jsonSchema) => {
      const decode = restoring(decoder(wrapped), jsonSchema)
      return {
        jsonSchema,
        part: (object) => isObject(object) ? object[key] : undefined,
        decode: (object, answer) => Effect.map(decode(object, answer), (whole) => whole[key])
      }
    })
  })

/** What does not fit as it is may fit without the nulls that stand for keys left out. */
const restoring =
  <A, R>(decode: Form<A, R>["decode"], jsonSchema: JsonSchema.JsonSchema): Form<A, R>["decode"] => (object, answer) =>
    Effect.catch(decode(object, answer), (error) => {
      const restored = restore(object, jsonSchema)
      return restored === object ? Effect.fail(error) : decode(restored, answer)
    })

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const memoized = memoize(make)

/** The form of a schema; made once for each. */
export const formOf = <S extends Schema.Constraint>(
  schema: S
): Result.Result<Form<S["Type"], S["DecodingServices"]>, SchemaProblem> =>
  // It decodes by that very schema.
  memoized(schema) as Result.Result<Form<S["Type"], S["DecodingServices"]>, SchemaProblem>
