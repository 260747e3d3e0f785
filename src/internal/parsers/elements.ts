/**
 * Parsing an array element by element: `OutputParser.schema` with `elements`. It works on a `JsonText` and must not
 * import the readers below it. Each element is decoded once.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { JsonText } from "../json/text.ts"
import type { Answer } from "./answer.ts"
import type { OutputParserError } from "./error.ts"
import type { JsonHandler } from "./json.ts"
import { decoder, issuesOf } from "./schema.ts"

/** A schema of arrays that exposes the schema of its elements. */
export type ArraySchema = Schema.Constraint & {
  /** The type of the decoded array. */
  readonly Type: ReadonlyArray<unknown>
  /** The schema of one element. */
  readonly value: Schema.Constraint
}

/** Decodes each element as soon as it is complete, and at the end checks the array as a whole. */
export const elements = <S extends ArraySchema>(schema: S) => {
  type Item = S["value"]["Type"]
  type Services = S["DecodingServices"] | S["value"]["DecodingServices"]
  const decodeItem = decoder<S["value"]>(schema.value)
  const decodeAll = decoder(schema)
  // The elements are decoded by then, so only the type side is checked.
  const check = Schema.decodeUnknownEffect(Schema.toType(schema), { errors: "all" })
  return (answer: Answer, text: JsonText): JsonHandler<Item, Services> => {
    const decoded: Array<Item> = []
    let failure: OutputParserError | undefined
    return {
      read: Effect.gen(function*() {
        const items: Array<Item> = []
        const whole = text.elements ?? []
        while (decoded.length < whole.length && failure === undefined) {
          const at = decoded.length
          const result = yield* Effect.result(decodeItem(whole[at], answer, [at]))
          if (Result.isFailure(result)) failure = result.failure
          else {
            decoded.push(result.success)
            items.push(result.success)
          }
        }
        return items
      }),
      failure: () => failure,
      end: (whole) =>
        Array.isArray(whole)
          ? check(decoded).pipe(
            Effect.mapError((error) => answer.failed("Mismatch", issuesOf(error))),
            Effect.as([])
          )
          // A value that is not an array fails here, with the schema's own issues.
          : Effect.as(decodeAll(whole, answer), [])
    }
  }
}
