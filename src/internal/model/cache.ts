/**
 * `ModelCache.withCache`: answers a known request from `RunnableCache`, as a model. A miss costs the key and an array of
 * the chunks.
 */
import type * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import { RunnableCache } from "../../RunnableCache.ts"
import type { CachedRun } from "../../RunnableCache.ts"
import { AnswerListener } from "../events/currentRun.ts"
import { isObject } from "../json/object.ts"
import { plain } from "../returned.ts"
import { isComplete, recorded, storeOf } from "../runnable/cached.ts"
import { message } from "../step/fold.ts"
import { once } from "../step/run.ts"
import { toMessages } from "./messages.ts"
import type { OpenModel } from "./opening.ts"
import { requestKey } from "./requestKey.ts"
import type { RequestKeyOptions } from "./requestKey.ts"
import type { Service } from "./service.ts"
import type { ModelRequest } from "./transform.ts"
import { effectWrapper, wrapModel } from "./wrap.ts"
import type { EffectWrapper } from "./wrap.ts"

/** Which requests count as equal, and which answers are kept. */
export interface ModelCacheOptions extends RequestKeyOptions {
  /**
   * Whether an answer may be kept. By default it may if it ended with `stop` or `tool_calls` and has content besides
   * reasoning.
   */
  readonly keep?: ((answer: AIMessage) => boolean) | undefined
}

/**
 * Answers a request that was seen before from `RunnableCache`, with the chunks of the earlier answer.
 *
 * **Details**
 *
 * - The key is the provider, the model, the messages and every option that can change the answer: not `timeout`,
 *   `maxRetries`, `retrySchedule`, `onRetry` or `metadata`. Options that the model was made with count like those of the
 *   call.
 * - Only whole answers are kept: no failures, no answers that were left early, and none that a limit or a filter ended.
 *   `keep` decides otherwise.
 * - An answer from the cache has the events of a model's answer, and the usage of the answer that was paid for, with its
 *   cost.
 * - A store that fails is logged as a warning, and the model runs without it.
 * - Equal requests at the same time all run. {@link withSharing} inside the cache makes one of them.
 *
 * **Gotchas**
 *
 * - Put limits and budgets inside the cache: an answer from the cache then takes nothing from them.
 * - Changes to requests by a wrapper inside the cache, such as the message of `ChatModel.withSystem`, are not in the
 *   key. Put that wrapper around the cache, or give `name`.
 * - Every sampled answer is the same until its entry expires. For evaluations that need fresh samples leave the cache out.
 *
 * **Example** (Answers of one hour)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { ModelCache, RunnableCache } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(
 *   ModelCache.withCache(),
 *   Layer.provide(RunnableCache.layerMemory({ capacity: 1000, timeToLive: "1 hour" }))
 * )
 * ```
 */
export const withCache = (options: ModelCacheOptions = {}): EffectWrapper<never, RunnableCache> => {
  const keep = options.keep === undefined ? isComplete : plain("ModelCache.withCache: keep", options.keep)
  return effectWrapper((model) => Effect.map(RunnableCache, (cache) => cached(model, cache, keep, options)))
}

const cached = (
  model: Service,
  cache: RunnableCache["Service"],
  keep: (answer: AIMessage) => boolean,
  options: ModelCacheOptions
): Service => {
  const name = `${model.provider}/${model.model}`
  const keyOf = requestKey("ModelCache.withCache", model, options)
  const store = storeOf(cache, name, check)
  return wrapModel(model, (open): OpenModel => (input, callOptions, whole) => (scope) =>
    Effect.suspend(() => {
      const request: ModelRequest = { messages: toMessages(input), options: callOptions ?? {} }
      const answer = Effect.suspend(() => open(request.messages, callOptions, whole)(scope))
      const key = keyOf(request)
      if (key === undefined) {
        return Effect.andThen(
          Effect.logWarning(`${name} runs without its cache: the request is not plain data`),
          answer
        )
      }
      return Effect.flatMap(store.get(key), (found) =>
        found === undefined
          ? Effect.map(answer, (run) => recorded(run, (done) => keep(done.output) ? store.set(key, done) : Effect.void))
          : replay(found.chunks as ReadonlyArray<AIMessageChunk>)) // as checked
    }))
}

/** Throws unless the chunks are an answer: a store may give anything. */
const check = ({ chunks }: CachedRun): void => {
  const areChunks = chunks.every((chunk) => isObject(chunk) && chunk["_tag"] === "AIMessageChunk")
  const last = chunks.at(-1)
  if (areChunks && isObject(last) && last["finish"] !== undefined) return
  throw new TypeError("The store gave a run that is no whole answer of a model")
}

const replay = (chunks: ReadonlyArray<AIMessageChunk>) =>
  Effect.withFiber((fiber) => {
    const listener = fiber.getRef(AnswerListener)
    if (listener !== undefined) {
      const fold = message()
      fold.add(chunks)
      listener(fold.done())
    }
    // The chunks of an answer are not empty.
    const all = chunks as Array.NonEmptyReadonlyArray<AIMessageChunk>
    return Effect.succeed({ pull: once<AIMessageChunk, never, never>(Effect.succeed(all)), fold: message })
  })
