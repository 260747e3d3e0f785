/**
 * A provider's own list of models, and helpers to make rules of it. Each list is in a file beside this one;
 * `fromProvider` of `src/internal/provider` asks for them. A list has fewer facts than our rules, which fill in the
 * rest.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { MalformedResponseError } from "../../../ChatModelError.ts"
import type { Reason } from "../../../ChatModelError.ts"
import { excerpt } from "../../excerpt.ts"
import type { Facts, Rule } from "../types.ts"

/** Asks the provider for a JSON document, with POST if there is a body. */
export type Ask = (
  path: string,
  options?: { readonly query?: { readonly [name: string]: string }; readonly body?: object }
) => Effect.Effect<unknown, Reason>

/** A provider's list of models. */
export interface ModelList {
  /** The address of the API. */
  readonly baseUrl: string
  /** The environment variable that overrides `baseUrl`. None by default. */
  readonly baseUrlVariable?: string | undefined
  /** The environment variables that may hold the key. The first that is set counts. Empty if the list needs none. */
  readonly keyVariables: ReadonlyArray<string>
  /** Whether the list can be read without a key. */
  readonly open: boolean
  /** The headers of requests. */
  readonly headers: (key: string | undefined) => { readonly [name: string]: string }
  /** Reads the list as rules. `known` has what our own rules say of a model. */
  readonly read: (ask: Ask, known: (model: string) => Facts) => Effect.Effect<ReadonlyArray<Rule>, Reason>
}

/** The most pages of a list that are read. */
const maxPages = 50

/** Reads a list page by page. */
export const pages = Effect.fnUntraced(function*<A>(
  page: (
    cursor: string | undefined
  ) => Effect.Effect<readonly [items: ReadonlyArray<A>, next: string | undefined], Reason>
): Effect.fn.Return<ReadonlyArray<A>, Reason> {
  const all: Array<A> = []
  let cursor: string | undefined
  for (let i = 0; i < maxPages; i++) {
    const [items, next]: readonly [ReadonlyArray<A>, string | undefined] = yield* page(cursor)
    for (const item of items) all.push(item)
    if (next === undefined || next === "") return all
    cursor = next
  }
  return yield* new MalformedResponseError({ message: `The list has more than ${maxPages} pages` })
})

/** Checks a document. Fields that the schema does not name are ignored. */
export const checked = <A>(schema: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (document: unknown): Effect.Effect<A, Reason> =>
    Result.match(decode(document), {
      onSuccess: Effect.succeed,
      onFailure: (issue) =>
        Effect.fail(
          new MalformedResponseError({ message: `The list has another form: ${excerpt(String(issue), 500)}` })
        )
    })
}

/** A field that may be absent or null. */
export const maybe = <S extends Schema.Constraint>(schema: S) => Schema.optional(Schema.NullOr(schema))

/** The longest name of a model that is taken. */
const longestName = 200

/** The name of a model. */
export const Name = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(longestName))

/** A pattern for exactly this name. */
export const exactly = (name: string, rest = ""): string => `^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}${rest}$`

/** A number of tokens, if it is one. */
export const tokensOf = (value: number | null | undefined): number | undefined =>
  Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : undefined

/** The day of a date, such as `2026-12-10`. */
export const dayOf = (date: string | null | undefined): string | undefined => /^\d{4}-\d\d-\d\d/.exec(date ?? "")?.[0]
