/**
 * Where `Runnable.withCache` keeps what steps have put out.
 *
 * {@link layerMemory} keeps it in the process. Another place is a service with `get` and `set`: what it stores are whole
 * runs, each under a text. A store that can fail answers a failed `get` with undefined, so that the step
 * runs; no failure of a cache is a failure of a chain.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** A run that came to its end: what it put out, and what that made. Neither must be changed. */
export interface CachedRun {
  readonly chunks: ReadonlyArray<unknown>
  /** What the chunks fold to. */
  readonly output: unknown
}

/**
 * Keeps runs.
 *
 * **Example** (A store of one's own)
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
  /** A run that was kept, or undefined when there is none (any more). */
  readonly get: (key: string) => Effect.Effect<CachedRun | undefined>
  readonly set: (key: string, run: CachedRun) => Effect.Effect<void>
}>()("rivulet/RunnableCache") {}

/** How much is kept, and how long. */
export interface MemoryOptions {
  /** The most runs. The one that was used longest ago goes first. */
  readonly capacity: number
  /** How long a run is kept after it was stored; always, by default. */
  readonly timeToLive?: Duration.Input | undefined
}

/**
 * A cache in the process's memory.
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
export const layerMemory = (options: MemoryOptions): Layer.Layer<RunnableCache> =>
  Layer.effect(
    RunnableCache,
    Effect.map(Clock.Clock, (clock) => {
      const timeToLive = options.timeToLive === undefined
        ? Infinity
        : Duration.toMillis(Duration.fromInputUnsafe(options.timeToLive))
      // A Map has its keys in the order in which they were put in: the first is the one used longest ago.
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
              if (runs.size <= options.capacity) break
              runs.delete(oldest)
            }
          })
      })
    })
  )
