/**
 * The cache in which `Runnable.withCache` stores completed runs.
 *
 * **When to use**
 *
 * {@link layerMemory} stores runs in the memory of the process. For another store provide {@link RunnableCache}
 * yourself.
 *
 * **Gotchas**
 *
 * The operations of the service have no typed failure. A store that can fail dies (`Effect.orDie`): the step then runs
 * without the cache, and the cause is logged as a warning.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { checkedDuration, checkedNumber } from "./internal/defects.ts"

/** A run that succeeded. It must not be mutated. */
export interface CachedRun {
  /** The chunks that the run emitted. */
  readonly chunks: ReadonlyArray<unknown>
  /** The fold of the chunks. */
  readonly output: unknown
  /**
   * How the chunks make the output: each is the value so far (`snapshots`), an item of a list (`items`) or some items of
   * it (`lists`), or they are `parts` of a value. Absent for text and the chunks of a model. Steps behind the cache need it.
   */
  readonly chunkKind?: "snapshots" | "items" | "lists" | "parts" | undefined
}

/**
 * The service that stores runs.
 *
 * **Example** (A custom store)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { RunnableCache } from "rivulet"
 *
 * declare const store: Map<string, RunnableCache.CachedRun>
 * const layer = Layer.succeed(RunnableCache.RunnableCache, {
 *   get: (key) => Effect.sync(() => store.get(key)),
 *   set: (key, run) => Effect.sync(() => void store.set(key, run))
 * })
 * ```
 */
export class RunnableCache extends Context.Service<RunnableCache, {
  /** The run stored under a key, or `undefined` if there is none. */
  readonly get: (key: string) => Effect.Effect<CachedRun | undefined>
  /** Stores a run under a key. */
  readonly set: (key: string, run: CachedRun) => Effect.Effect<void>
}>()("rivulet/RunnableCache") {}

/** Options of {@link layerMemory}. */
export interface MemoryOptions {
  /** The most runs that are stored, 0 or more. The least recently used one is removed first. */
  readonly capacity: number
  /** The time for which a run is stored. Defaults to no limit. */
  readonly timeToLive?: Duration.Input | undefined
}

/**
 * A cache in the memory of the process.
 *
 * **Example** (The same question once an hour)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, Runnable, RunnableCache } from "rivulet"
 *
 * const model = ChatModel.runnable.pipe(Runnable.withCache({ name: "model" }))
 * const answer = model.invoke("Hi").pipe(
 *   Effect.provide(RunnableCache.layerMemory({ capacity: 1000, timeToLive: "1 hour" }))
 * )
 * ```
 */
export const layerMemory = (options: MemoryOptions): Layer.Layer<RunnableCache> => {
  const capacity = checkedNumber("RunnableCache.layerMemory: capacity", options.capacity, 0)
  const timeToLive = options.timeToLive === undefined
    ? Infinity
    : Duration.toMillis(checkedDuration("RunnableCache.layerMemory: timeToLive", options.timeToLive))
  return Layer.effect(
    RunnableCache,
    Effect.map(Clock.Clock, (clock) => {
      // A Map keeps its keys in insertion order, so the first one is the least recently used.
      const runs = new Map<string, { readonly run: CachedRun; readonly until: number }>()
      return RunnableCache.of({
        get: (key) =>
          Effect.sync(() => {
            const found = runs.get(key)
            if (found === undefined) return undefined
            runs.delete(key)
            if (found.until <= clock.currentTimeMillisUnsafe()) return undefined
            runs.set(key, found)
            return found.run
          }),
        set: (key, run) =>
          Effect.sync(() => {
            runs.delete(key)
            runs.set(key, { run, until: clock.currentTimeMillisUnsafe() + timeToLive })
            for (const oldest of runs.keys()) {
              if (runs.size <= capacity) break
              runs.delete(oldest)
            }
          })
      })
    })
  )
}
