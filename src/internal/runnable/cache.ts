import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { RunnableCache } from "../../RunnableCache.ts"
import type { CachedRun } from "../../RunnableCache.ts"
import { watch } from "../events/watch.ts"
import { following, last } from "../step/fold.ts"
import { deferred, derivedBarrier, open, restreamed, TypeId } from "./core.ts"
import type { Opened, Runnable } from "./core.ts"

/** Under which key runs are kept. */
export interface CacheOptions<in In> {
  /** What sets this step apart from all others that use the same cache. Change it when the step changes. */
  readonly name: string
  /** What sets inputs apart. Their JSON by default, in which the order of keys does not matter. */
  readonly key?: ((input: In) => string) | undefined
}

/**
 * Answers an input that was there before with what the step put out then, chunk by chunk, from {@link RunnableCache}.
 *
 * Only whole runs are kept: no failures, and none that were left early. Runs of the same input that begin before the
 * first is done all run. It is kept under `name` and the input alone, so give two models two names. In the events a
 * run from the cache looks like the step itself with nothing inside.
 *
 * An input that is not made of plain data (a function, a class, something that contains itself) has no JSON to go by: it
 * runs, and that is logged as a warning; `key` helps.
 *
 * **Example** (Asking once)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, Runnable, RunnableCache } from "rivulet"
 *
 * const chain = Runnable.sequence(ChatPrompt.make("The capital of {country}?"), ChatModel.runnable).pipe(
 *   Runnable.withCache({ name: "capitals", key: ({ country }) => String(country).toLowerCase() })
 * )
 * const Cache = RunnableCache.layerMemory({ capacity: 200 })
 * ```
 */
export const withCache = <In>(options: CacheOptions<NoInfer<In>>) =>
<Out, E, R, Chunk, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
): Runnable<In, Out, E, R | RunnableCache, Chunk> => {
  const { quiet, shape, tells, type } = self[TypeId]
  const step = { type, name: self.name, quiet, tells, shape }

  const answer = Effect.fnUntraced(function*(input: In, watched: boolean) {
    const part = options.key === undefined ? keyOf(input, 0) : options.key(input)
    if (part === undefined) {
      yield* Effect.logWarning(`${options.name} runs without its cache: the input is not plain data`)
      return open(self, input, watched)
    }
    const key = `${options.name}:${part}`
    const cache = yield* RunnableCache
    const found = yield* cache.get(key)
    return found === undefined
      ? recorded(open(self, input, watched), (run) => cache.set(key, run))
      // What was kept under the step's name is its own.
      : watch(
        step,
        watched,
        () => ({ _tag: "Known", value: input }),
        replayed(found) as Opened<Chunk, Out, never, never>
      )
  })

  return derivedBarrier<In, Out, E, R, Chunk, InChunk, E, R | RunnableCache>(
    self,
    (input, watched) => deferred<Chunk, Out, E, R, never, RunnableCache>(answer(input, watched), watched)
  )
}

const replayed = ({ chunks, output }: CachedRun): Opened<unknown, unknown, never, never> => ({
  stream: Stream.fromArray(chunks),
  folder: last,
  kept: () => ({ partial: () => output, done: () => output })
})

/** A run that hands over its chunks, and what they fold to, when it has come to its end. */
const recorded = <Chunk, Out, E, R>(
  run: Opened<Chunk, Out, E, R>,
  keep: (run: CachedRun) => Effect.Effect<void>
): Opened<Chunk, Out, E, R> =>
  restreamed(
    run,
    Stream.suspend(() => {
      const chunks: Array<Chunk> = []
      const { done, follow } = following(run)
      return run.stream.pipe(
        Stream.mapArray((more) => {
          for (const chunk of more) chunks.push(chunk)
          return follow(more)
        }),
        Stream.onEnd(Effect.suspend(() => keep({ chunks, output: done() })))
      )
    })
  )

/** Nothing that people write is deeper; what contains itself is. */
const deepest = 64

/** A text that is the same for equal data only, or undefined for what is not plain data. */
const keyOf = (value: unknown, depth: number): string | undefined => {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "bigint") return `${value}n`
  if (typeof value !== "object" || value === null) {
    return typeof value === "function" || typeof value === "symbol" ? undefined : String(value)
  }
  if (depth > deepest) return undefined
  if (value instanceof Uint8Array) return `bytes(${value.join()})`
  if (Array.isArray(value)) {
    const items = value.map((item) => keyOf(item, depth + 1))
    return items.includes(undefined) ? undefined : `[${items.join()}]`
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return undefined
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([a], [b]) => a < b ? -1 : 1)
    .map(([key, item]) => [JSON.stringify(key), keyOf(item, depth + 1)] as const)
  return entries.some(([, item]) => item === undefined)
    ? undefined
    : `{${entries.map((entry) => entry.join(":")).join()}}`
}
