/**
 * JSON that has not all arrived.
 *
 * {@link parse} gives the value of the start of a JSON text. {@link parser} reads a text that arrives in pieces, once,
 * however it is cut: its cost is linear in the text, and its value can be asked for at any time. {@link values} does
 * the same for a stream of pieces.
 *
 * What is shown of a text that stops anywhere:
 *
 * - objects and arrays hold what came; a key is there as soon as its value has started
 * - a string is what came of it, but for white space at its end, which is shown with what follows it, and never half of
 *   a surrogate pair; an escape that was cut off is shown as it is written (`\` or `u00e`) until it is whole
 * - a number is what its characters so far say, `-` is -0; `t`, `f` and `n` are `true`, `false` and `null`
 *
 * Nothing that was shown is ever changed: each value is one of its own, which shares what was already complete with
 * those after it. Only at the end is it JSON or not; until then it is a start of JSON. A key named `__proto__` is a key
 * like any other. Everything is bounded by `maxDepth` and `maxLength`.
 *
 * It is written here as no library did all of this when they were tried (November 2026, on 155 recorded cases, all of
 * which hold here): partial-json (121 hold) and best-effort-json-parser (72) read all again for each piece, jsonriver
 * (120) goes on changing the values it has given and overflows the stack on deep texts, \@streamparser/json (71) shows no
 * string before it ends, and clarinet gives events instead of values.
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Failure } from "./internal/json/failure.ts"
import { JsonText } from "./internal/json/text.ts"
import type { Options } from "./internal/json/text.ts"
import { readStream } from "./internal/stream/readStream.ts"

export type { DeepPartialJson } from "./internal/json/deepPartial.ts"
export type { Options } from "./internal/json/text.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * A value of which parts may be missing: what is shown of an `A` while it is still being made. The keys of objects are
 * optional, at any depth; arrays may be shorter; strings, numbers and the like are as they are, and so are values that
 * are no plain data, such as dates and bytes.
 *
 * **Example** (A recipe, while it is written)
 *
 * ```ts
 * import type { PartialJson } from "rivulet"
 *
 * interface Recipe {
 *   readonly name: string
 *   readonly steps: ReadonlyArray<{ readonly text: string; readonly minutes: number }>
 * }
 *
 * const soFar: PartialJson.DeepPartial<Recipe> = { name: "Soup", steps: [{ text: "Cut the on" }] }
 * ```
 */
export type DeepPartial<A> = A extends Whole ? A
  : A extends ReadonlyArray<infer Item> ? ReadonlyArray<DeepPartial<Item>>
  : A extends object ? { readonly [K in keyof A]?: DeepPartial<A[K]> }
  : A

/** What is never there in part. */
type Whole =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | RegExp
  | URL
  | ArrayBufferLike
  | ArrayBufferView
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ((...args: ReadonlyArray<never>) => unknown)

/**
 * A text is not JSON, or no start of JSON.
 *
 * - `Empty`: there is no JSON in it, or not yet
 * - `Syntax`: something else should be at `position`
 * - `Incomplete`: it is over before the JSON is
 * - `Depth`, `Length`: it is more than the limits allow
 *
 * **Example** (Where it is wrong)
 *
 * ```ts
 * import { Console, Effect } from "effect"
 * import { PartialJson } from "rivulet"
 *
 * const program = PartialJson.parse(`{"steps": ["Cut", 7up]}`).pipe(
 *   Effect.catchTag("PartialJsonError", (error) => Console.log(error.path, error.expected, error.position))
 * )
 * ```
 */
export class PartialJsonError extends Schema.TaggedError<PartialJsonError>("rivulet/PartialJsonError")(
  "PartialJsonError",
  {
    reason: Schema.Literals(["Empty", "Syntax", "Incomplete", "Depth", "Length"]),
    message: Schema.String,
    /** The offset in the text, in UTF-16 code units. */
    position: Schema.Int,
    /** What should be there, in words. */
    expected: Schema.String,
    /** The keys and indices that lead there. */
    path: Schema.Array(Schema.Union([Schema.String, Schema.Int]))
  }
) {}

/** Reads a text that arrives in pieces; see {@link parser}. */
export interface Parser {
  /**
   * Takes the next piece, and says whether the value changed. After a failure, and after {@link Parser.end}, it takes
   * nothing more. Linear in the piece.
   */
  readonly push: (piece: string) => boolean
  /**
   * The value so far, or `undefined` as long as there is none, and after a failure. It is never changed afterwards. The objects and arrays
   * that are still open are copied (not what is in them), so its cost is their sizes; asked again without a change, it
   * is the same value and costs nothing.
   */
  readonly value: () => Schema.Json | undefined
  /** Why it takes no more, if it does not. */
  readonly failure: () => PartialJsonError | undefined
  /** The text is over: the whole value, if it is one. */
  readonly end: () => Result.Result<Schema.Json, PartialJsonError>
}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * The value of a JSON text, or of the start of one.
 *
 * **Example** (Half a recipe)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { PartialJson } from "rivulet"
 *
 * Effect.runSync(PartialJson.parse(`{"name": "Soup", "steps": ["Cut the on`))
 * // { name: "Soup", steps: ["Cut the on"] }
 * ```
 */
export const parse = (text: string, options?: Options): Effect.Effect<Schema.Json, PartialJsonError> =>
  Effect.suspend(() => Effect.fromResult(parseResult(text, options)))

/**
 * {@link parse} for code that is no effect.
 *
 * **Example** (Right or wrong)
 *
 * ```ts
 * import { Result } from "effect"
 * import { PartialJson } from "rivulet"
 *
 * const isStart = (text: string) => Result.isSuccess(PartialJson.parseResult(text))
 * ```
 */
export const parseResult = (text: string, options?: Options): Result.Result<Schema.Json, PartialJsonError> => {
  const reader = new JsonText(options)
  reader.push(text)
  return resultOf(reader.value(), reader)
}

/**
 * A fresh, mutable {@link Parser}, for one text.
 *
 * **Example** (Piece by piece)
 *
 * ```ts
 * import { PartialJson } from "rivulet"
 *
 * const parser = PartialJson.parser()
 * parser.push(`{"na`) // true
 * parser.value() // {}
 * parser.push(`me": "So`) // true
 * parser.value() // { name: "So" }
 * parser.push(`up"}`) // true
 * parser.end() // the whole: { name: "Soup" }
 * ```
 */
export const parser = (options?: Options): Parser => {
  const reader = new JsonText(options)
  let over = false
  return {
    push: (piece) => {
      const before = reader.version
      if (!over) reader.push(piece)
      return reader.failure === undefined && reader.version !== before
    },
    value: () => reader.value(),
    failure: () => reader.failure === undefined ? undefined : errorOf(reader.failure),
    end: () => {
      over = true
      return resultOf(reader.end() ? reader.whole : undefined, reader)
    }
  }
}

/**
 * The values of a stream of pieces: one after each piece that changed it, the last being the whole. It fails as soon as
 * it cannot be JSON any more, or at the end if it is not.
 *
 * While objects and arrays with some hundreds of entries are open a value does not come after every piece, but so often
 * that all that is copied is bounded by the length of the text; so the cost of the stream is linear too. With n
 * entries open there is a value about every n/8 characters. The whole always comes.
 *
 * **Example** (A file that is not all there)
 *
 * ```ts
 * import { Console, Stream } from "effect"
 * import { PartialJson } from "rivulet"
 *
 * const print = Stream.make(`{"name": "So`, `up"}`).pipe(PartialJson.values(), Stream.runForEach(Console.log))
 * ```
 */
export const values: {
  (options?: Options): <E, R>(
    pieces: Stream.Stream<string, E, R>
  ) => Stream.Stream<Schema.Json, E | PartialJsonError, R>
  <E, R>(
    pieces: Stream.Stream<string, E, R>,
    options?: Options
  ): Stream.Stream<Schema.Json, E | PartialJsonError, R>
} = dual(
  (args) => Stream.isStream(args[0]),
  <E, R>(pieces: Stream.Stream<string, E, R>, options?: Options): Stream.Stream<Schema.Json, E | PartialJsonError, R> =>
    readStream(pieces, () => {
      const text = new JsonText(options)
      const failure = () => text.failure === undefined ? undefined : errorOf(text.failure)
      return {
        push: (pieces) =>
          Effect.sync(() => {
            const values: Array<Schema.Json> = []
            for (const piece of pieces) {
              text.push(piece)
              const value = text.next()
              if (value !== undefined) values.push(value)
            }
            return values
          }),
        failure,
        end: Effect.suspend(() => {
          // Without a failure there is a value.
          if (!text.end()) return Effect.fail(failure()!)
          return Effect.succeed(text.shown ? [] : [text.whole!])
        })
      }
    })
)

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const resultOf = (value: Schema.Json | undefined, text: JsonText): Result.Result<Schema.Json, PartialJsonError> =>
  value === undefined ? Result.fail(errorOf(text.failure ?? text.nothing())) : Result.succeed(value)

const errorOf = (failure: Failure): PartialJsonError => new PartialJsonError(failure)
