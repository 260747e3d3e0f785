/**
 * `withCache`: answers a known input from `RunnableCache`.
 */
import * as Effect from "effect/Effect"
import type { AIMessage } from "../../Message.ts"
import { RunnableCache } from "../../RunnableCache.ts"
import { AnswerListener, provided } from "../events/currentRun.ts"
import { watch } from "../events/watch.ts"
import { plain } from "../returned.ts"
import { TypeId } from "../step/run.ts"
import type { Opener, Runnable } from "../step/types.ts"
import { isComplete, keyOf, recorded, replayed, storeOf } from "./cached.ts"
import type { Store } from "./cached.ts"
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
  const partOf = options.key === undefined ? (input: In) => keyOf(input) : plain("withCache: key", options.key)
  const answer = Effect.fnUntraced(function*(input: In) {
    const part = partOf(input)
    if (part === undefined) {
      yield* Effect.logWarning(`${name} runs without its cache: the input is not plain data`)
      return open(self, input)
    }
    const key = JSON.stringify([name, part])
    const store = storeOf(yield* RunnableCache, name)
    const found = yield* store.get(key)
    return found === undefined
      ? kept(open(self, input), keep, store, key)
      // The entries under the name of a step are its own.
      : watch({ ...self[TypeId], name: self.name }, input, replayed(found) as Opener<Chunk, Out, never, never>)
  })

  return wrapBarrier<In, Out, E, R, Chunk, InChunk, E, R | RunnableCache>(
    self,
    (input) => (scope) => Effect.flatMap(answer(input), (open) => open(scope))
  )
}

/** A run that is stored when it has come to its end with good answers. */
const kept = <Chunk, Out, E, R>(
  open: Opener<Chunk, Out, E, R>,
  keep: (answer: AIMessage) => boolean,
  store: Store,
  key: string
): Opener<Chunk, Out, E, R> =>
(scope) =>
  Effect.withFiber((fiber) => {
    const outer = fiber.getRef(AnswerListener)
    let storable = true
    const listener = (answer: AIMessage) => {
      storable &&= keep(answer)
      outer?.(answer)
    }
    return Effect.map(
      provided(AnswerListener, listener, open)(scope),
      (run) => recorded(run, (done) => storable ? store.set(key, done) : Effect.void)
    )
  })
