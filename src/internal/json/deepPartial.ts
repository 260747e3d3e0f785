/**
 * The type of a JSON value that is still arriving. Re-exported by `PartialJson` and used in the types of parsers,
 * object generation and partial tool calls. Types only: it must import no value.
 */
import type * as Schema from "effect/Schema"

/**
 * The JSON form of an `A` of which parts may not have arrived.
 *
 * **Details**
 *
 * - The keys of objects are optional at any depth, and arrays may be shorter.
 * - A literal is a `string` or a `number`, because its end may not have arrived: `"open"` may be `"op"`.
 * - Values that JSON cannot hold have the form that `Schema.toCodecJson` gives them: dates, bytes, bigints, symbols and
 *   URLs are strings.
 * - Maps, sets, functions and Effect's own data types, such as `Option`, are any JSON, because their form depends on
 *   the schema.
 *
 * **Example** (An event, while it is written)
 *
 * ```ts
 * import type { PartialJson } from "rivulet"
 *
 * interface Event {
 *   readonly name: string
 *   readonly day: Date
 * }
 *
 * const soFar: PartialJson.DeepPartialJson<Event> = { name: "Fair", day: "2026-11-" }
 * ```
 */
export type DeepPartialJson<A> = A extends string ? string
  : A extends number ? number
  : A extends boolean | null ? A
  : A extends undefined ? null
  : A extends bigint | symbol | Date | URL | Uint8Array ? string
  : A extends ReadonlyArray<infer Item> ? ReadonlyArray<DeepPartialJson<Item>>
  : A extends object ? IsPlain<A> extends true ? { readonly [K in keyof A]?: DeepPartialJson<A[K]> } : Schema.Json
  // `unknown` may be any JSON.
  : Schema.Json

/** Whether an object type is plain data. Effect's own data types have keys that are symbols or start with `~`. */
type IsPlain<A> = A extends
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | RegExp
  | ((...args: ReadonlyArray<never>) => unknown) ? false
  : Extract<keyof A, symbol | `~${string}`> extends never ? true
  : false
