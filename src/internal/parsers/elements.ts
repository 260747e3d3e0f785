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
    const read = Effect.gen(function*() {
      const items: Array<Item> = []
      for (let list = text.unjudged; list !== undefined && failure === undefined; list = text.unjudged) {
        const at = decoded.length
        const whole = list.reader.elements ?? []
        if (at >= whole.length) break
        const result = yield* Effect.result(decodeItem(list.reader.exactElement(at), answer, [at]))
        if (Result.isSuccess(result)) {
          decoded.push(result.success)
          items.push(result.success)
          if (at === 0) text.judge(list, true)
          // Once an item was emitted, no other array can take the place of this one.
        } else if (at > 0 || !text.judge(list, false)) failure = result.failure
      }
      return items
    })
    return {
      read,
      failure: () => failure,
      end: (whole) =>
        Effect.flatMap(read, (items) =>
          failure !== undefined
            ? Effect.fail(failure)
            : Array.isArray(whole) && (decoded.length > 0 || whole.length === 0)
            ? check(decoded).pipe(
              Effect.mapError((error) => answer.failed("Mismatch", issuesOf(error, decoded))),
              Effect.as(items)
            )
            // Anything else fails here, with the schema's own issues.
            : Effect.as(decodeAll(whole, answer), []))
    }
  }
}
