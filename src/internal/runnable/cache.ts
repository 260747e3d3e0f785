/**
 * `withCache`: answers a known input from `RunnableCache`. The chunks of a run are kept in memory until it ends.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { AIMessage } from "../../Message.ts"
import { RunnableCache } from "../../RunnableCache.ts"
import type { CachedRun } from "../../RunnableCache.ts"
import { AnswerListener, provided } from "../events/currentRun.ts"
import { watch } from "../events/watch.ts"
import { nameOf } from "../excerpt.ts"
import { isObject } from "../json/object.ts"
import { optional } from "../optional.ts"
import { plain, run } from "../returned.ts"
import { known } from "../step/fold.ts"
import { observed, once, TypeId } from "../step/run.ts"
import type { Opener, Run, Runnable } from "../step/types.ts"
import { open, wrapBarrier } from "./make.ts"

/** The key under which runs are cached, and which runs are. */
export interface CacheOptions<in In> {
  /** The name of the step in the cache, unique among the steps that use the cache. Change it when the step changes. */
  readonly name: string
  /** The part of the key that comes from the input. By default its JSON, without regard to the order of object keys. */
  readonly key?: ((input: In) => string) | undefined
  /**
   * Whether a run with this answer of a model may be stored. A run is stored if all answers in it may be. By default an
   * answer may be stored that ended with `stop` or `tool_calls` and has content besides reasoning.
   */
  readonly keep?: ((answer: AIMessage) => boolean) | undefined
}

/**
 * Answers an input that was seen before from {@link RunnableCache}, with the chunks of the earlier run.
 *
 * **Details**
 *
 * - Only complete runs are cached: no failures, no runs that were left early, and no runs with an answer of a model that
 *   a limit cut off, that was filtered or refused, or that is empty. `keep` decides otherwise.
 * - The key is `name` and the input, nothing else: give two models two names.
 * - A store that fails is logged as a warning, and the step runs without it.
 * - Runs of the same input that start before the first one is done all run.
 * - In events a cached run looks like a run of the step with nothing inside.
 *
 * **Gotchas**
 *
 * An input that is not plain data (a function, a class instance, a circular object) has no JSON, and therefore no key. It
 * runs without the cache, with a warning in the log. Give `key` for such inputs.
 *
 * **Example** (One request for each country)
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
  const { name } = options
  const keep = options.keep === undefined ? isComplete : plain("withCache: keep", options.keep)
  const partOf = options.key === undefined ? (input: In) => keyOf(input, 0) : plain("withCache: key", options.key)
  const answer = Effect.fnUntraced(function*(input: In) {
    const part = partOf(input)
    if (part === undefined) {
      yield* Effect.logWarning(`${name} runs without its cache: the input is not plain data`)
      return open(self, input)
    }
    const key = JSON.stringify([name, part])
    const cache = yield* RunnableCache
    const found = yield* orLogged(name, Effect.map(run((key: string) => cache.get(key), key), readable))
    return found === undefined
      ? recorded(
        open(self, input),
        keep,
        (done) => orLogged(name, run((done: CachedRun) => cache.set(key, done), done))
      )
      // The entries under the name of a step are its own.
      : watch({ ...self[TypeId], name: self.name }, input, replayed(found) as Opener<Chunk, Out, never, never>)
  })

  return wrapBarrier<In, Out, E, R, Chunk, InChunk, E, R | RunnableCache>(
    self,
    (input) => (scope) => Effect.flatMap(answer(input), (open) => open(scope))
  )
}

const replayed = ({ chunkKind, chunks, output }: CachedRun): Opener<unknown, unknown, never, never> => () =>
  Effect.succeed({
    pull: Array.isReadonlyArrayNonEmpty(chunks) ? once(Effect.succeed(chunks)) : Cause.done(),
    fold: () => known(output, chunkKind)
  })

/** A run as a store gives it. A store written without types may give anything. */
const readable = (found: unknown): CachedRun | undefined => {
  if (found === undefined || found === null) return undefined
  if (!isObject(found) || !globalThis.Array.isArray(found["chunks"])) {
    throw new TypeError(`The store gave ${nameOf(found)}, which is no stored run`)
  }
  return found as object as CachedRun // its output may be anything
}

/** The store is not the step: what it dies of is logged. */
const orLogged = <A>(name: string, use: Effect.Effect<A>): Effect.Effect<A | undefined> =>
  Effect.catchCause(use, (cause) =>
    Cause.hasInterrupts(cause)
      ? Effect.failCause(cause)
      : Effect.as(Effect.logWarning(`The cache of ${name} failed`, cause), undefined))

const isComplete = ({ content, finish, parts }: AIMessage): boolean =>
  (finish.reason === "stop" || finish.reason === "tool_calls") &&
  (content.trim() !== "" || parts.some(({ type }) => type !== "text" && type !== "reasoning"))

/** A run that hands over its chunks, and the value they fold to, when it has come to its end with good answers. */
const recorded = <Chunk, Out, E, R>(
  open: Opener<Chunk, Out, E, R>,
  keep: (answer: AIMessage) => boolean,
  store: (run: CachedRun) => Effect.Effect<unknown>
): Opener<Chunk, Out, E, R> =>
(scope) =>
  Effect.withFiber((fiber) => {
    const outer = fiber.getRef(AnswerListener)
    let storable = true
    const listener = (answer: AIMessage) => {
      storable &&= keep(answer)
      outer?.(answer)
    }
    return Effect.map(provided(AnswerListener, listener, open)(scope), (run): Run<Chunk, Out, E, R> => {
      const all: globalThis.Array<Chunk> = []
      const fold = run.fold()
      return observed(run, {
        chunks: (chunks) => {
          for (const chunk of chunks) all.push(chunk)
          fold.add(chunks)
        },
        end: () =>
          storable
            ? store({ chunks: all, output: fold.done(), ...optional("chunkKind", fold.kind?.()) })
            : Effect.void
      })
    })
  })

/** Deeper values are taken for circular ones. */
const deepest = 64

/** A string that is the same only for equal data, or undefined for a value that is not plain data. */
const keyOf = (value: unknown, depth: number): string | undefined => {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "bigint") return `${value}n`
  if (typeof value !== "object" || value === null) {
    return typeof value === "function" || typeof value === "symbol" ? undefined : String(value)
  }
  if (depth > deepest) return undefined
  if (value instanceof Uint8Array) return `bytes(${value.join()})`
  if (globalThis.Array.isArray(value)) {
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
