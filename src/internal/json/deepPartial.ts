import type * as Schema from "effect/Schema"

/**
 * What is shown of an `A` in JSON while it is still being made: keys are optional at any depth and arrays may be
 * shorter, and what JSON has no form for is in that which a schema gives it. Dates, bytes, bigints and URLs are texts;
 * of what has a form of its own, such as a map or an `Option`, it is only known that it is JSON.
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
export type DeepPartialJson<A> = A extends string | number | boolean | null ? A
  : A extends undefined ? null
  : A extends bigint | symbol | Date | URL | Uint8Array ? string
  : A extends ReadonlyArray<infer Item> ? ReadonlyArray<DeepPartialJson<Item>>
  : A extends object ? IsPlain<A> extends true ? { readonly [K in keyof A]?: DeepPartialJson<A[K]> } : Schema.Json
  // It is not known what it is.
  : Schema.Json

/** Effect's own values have keys that start with `~`, or symbols. */
type IsPlain<A> = A extends
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | RegExp
  | ((...args: ReadonlyArray<never>) => unknown) ? false
  : Extract<keyof A, symbol | `~${string}`> extends never ? true
  : false
