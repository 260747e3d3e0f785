/**
 * `pick`: some keys of an object, chunk by chunk.
 */
import * as Effect from "effect/Effect"
import { byKey, byShape, items, withFirst } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import { filterMap, once } from "../step/run.ts"
import type { OutputOf, Runnable } from "../step/types.ts"
import { passing } from "./make.ts"

type Having<K extends string> = { readonly [P in K]?: unknown }

type ValueOf<Chunk, K extends string> = Chunk extends unknown ? K extends keyof Chunk ? Exclude<Chunk[K], undefined>
  : never
  : never

type PartOf<Chunk, K extends string> = Chunk extends unknown
  ? [Extract<keyof Chunk, K>] extends [never] ? never : Pick<Chunk, Extract<keyof Chunk, K>>
  : never

/** The common part of the return types of `pick`. */
type Picked = Runnable<object, never, never, never, never, unknown> & OutputOf<{ readonly key: never }>

/**
 * The value of one key of an object, or an object with some of its keys.
 *
 * **Details**
 *
 * It works chunk by chunk: a chunk without the key, or with `undefined` as its value, gives nothing. So behind
 * {@link parallel} it streams one branch. The output is `undefined` if no chunk has the key. The types come from the step
 * before; alone, the values are `unknown`.
 *
 * **Example** (One of two branches)
 *
 * ```ts
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const answer = Runnable.sequence(ChatModel.runnable, OutputParser.string)
 * const first = Runnable.sequence(Runnable.parallel({ left: answer, right: answer }), Runnable.pick("left"))
 * ```
 */
export const pick: {
  <const K extends string, In extends Having<K> = Having<K>, Chunk = In>(
    key: K
  ): Runnable<In, In[K], never, never, ValueOf<Chunk, K>, Chunk> & OutputOf<{ readonly key: K }>
  <const K extends string, In extends Having<K> = Having<K>, Chunk = In>(
    keys: ReadonlyArray<K>
  ): Runnable<In, Pick<In, K>, never, never, PartOf<Chunk, K>, Chunk>
} = (key: string | ReadonlyArray<string>): Picked => {
  const step = typeof key === "string"
    ? picking((chunk) => valueAt(chunk, key), (before) => before.at?.(key) ?? byShape())
    : picking(
      (chunk) => {
        const found = key.filter((each) => valueAt(chunk, each) !== undefined)
        return found.length === 0 ? undefined : Object.fromEntries(found.map((each) => [each, valueAt(chunk, each)]))
      },
      (before) => byKey((each) => before.at?.(each) ?? byShape()) as ChunkFold<unknown, unknown> // it picks objects
    )
  // The overloads have the types of the values.
  return { "~rivulet/OutputOf": { key }, ...step } as Picked
}

const valueAt = (chunk: unknown, key: string): unknown =>
  typeof chunk === "object" && chunk !== null && Object.hasOwn(chunk, key)
    ? (chunk as Readonly<Record<string, unknown>>)[key] // it has the key
    : undefined

const picking = (
  of: (chunk: unknown) => unknown,
  foldOver: (input: ChunkFold<never, unknown>) => ChunkFold<unknown, unknown>
): Runnable<unknown, unknown, never, never, unknown, unknown> =>
  passing<unknown, unknown, never, never, unknown, unknown>(
    { type: "chain", name: "RunnablePick" },
    (input) => ({
      pull: filterMap(input.pull, of),
      fold: () => {
        const before = input.fold()
        return withFirst(() => before.kind?.() === "items" ? items() : foldOver(before))
      }
    }),
    (input) => ({ pull: filterMap(once(Effect.succeed([input])), of), fold: byShape })
  )
