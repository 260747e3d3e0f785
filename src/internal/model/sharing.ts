/**
 * `ModelCache.withSharing`: equal requests at the same time share one. A fiber reads the shared answer as far as its
 * fastest consumer asks, and keeps its chunks until it ends. A read costs two switches of fibers.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { AIMessage } from "../../Message.ts"
import { AnswerListener, CurrentRun } from "../events/currentRun.ts"
import { message } from "../step/fold.ts"
import { untilDone } from "../step/run.ts"
import type { ChunkPull, Chunks, Opener, Run } from "../step/types.ts"
import { toMessages } from "./messages.ts"
import type { OpenModel } from "./opening.ts"
import { requestKey } from "./requestKey.ts"
import type { RequestKeyOptions } from "./requestKey.ts"
import type { ModelRequest } from "./transform.ts"
import { wrapModel, wrapper } from "./wrap.ts"
import type { Wrapper } from "./wrap.ts"

type AnswerRun = Run<AIMessageChunk, AIMessage, ChatModelError, never>
type AnswerOpener = Opener<AIMessageChunk, AIMessage, ChatModelError, never>

/**
 * Lets equal requests that are in flight at the same time share one request to the provider.
 *
 * **Details**
 *
 * - Requests are equal as for {@link withCache}. The first one makes the request, with its own time limits and retries.
 * - Every consumer gets all chunks from the first on. A consumer that joins late gets at once what came so far.
 * - The answer is read as fast as its fastest consumer reads. A slow consumer slows no other, and the chunks that it has
 *   not read wait in memory: at most one answer for all consumers together. If all consumers are slow, the connection is.
 * - When the last consumer leaves, the request is closed. The others are not affected by one that leaves, also if it was
 *   the first.
 * - A failure goes to all consumers. The next equal request is a new one, and so is a request after the end.
 * - Each consumer has the events of a model of its own.
 *
 * **Gotchas**
 *
 * All consumers get the same sampled answer. Samples of one prompt that must differ, as in an evaluation, must not share.
 *
 * **Example** (Many users, one question)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { ModelCache, RunnableCache } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(
 *   ModelCache.withSharing(),
 *   ModelCache.withCache(),
 *   Layer.provide(RunnableCache.layerMemory({ capacity: 1000 }))
 * )
 * ```
 */
export const withSharing = (options: RequestKeyOptions = {}): Wrapper =>
  wrapper((model) => {
    const keyOf = requestKey("ModelCache.withSharing", model, options)
    const answers = new Map<string, SharedAnswer>()
    return wrapModel(model, (open): OpenModel => (input, callOptions, whole) => (scope) =>
      Effect.withFiber((fiber) => {
        const request: ModelRequest = { messages: toMessages(input), options: callOptions ?? {} }
        const openAnswer: AnswerOpener = (scope) => open(request.messages, callOptions, whole)(scope)
        const key = keyOf(request)
        if (key === undefined) {
          const { model: name, provider } = model
          return Effect.andThen(
            Effect.logWarning(`${provider}/${name} does not share a request: it is not plain data`),
            openAnswer(scope)
          )
        }
        const found = answers.get(key)
        const answer = found ?? new SharedAnswer(() => answers.delete(key))
        if (found === undefined) {
          answers.set(key, answer)
          answer.start(openAnswer, fiber.context)
        }
        return answer.join(scope, fiber.getRef(AnswerListener))
      }))
  })

/** One answer with several consumers. */
class SharedAnswer {
  /** The reads so far. */
  readonly #reads: Array<Chunks<AIMessageChunk>> = []
  readonly #forget: () => void
  #consumers = 0
  #end: Exit.Exit<AIMessage, ChatModelError> | undefined
  #fiber: Fiber.Fiber<void> | undefined
  /** Resumes the consumers that have read everything. */
  readonly #waiting = new Set<() => void>()
  /** Resumes the fiber that reads, which waits for a consumer. */
  #wanted: (() => void) | undefined

  /** @param forget makes the next equal request a new one */
  constructor(forget: () => void) {
    this.#forget = forget
  }

  /** Starts the request, in a fiber that outlives the first consumer. */
  start(open: AnswerOpener, services: Context.Context<never>): void {
    const answer = Effect.scopedWith((scope) =>
      Effect.flatMap(open(scope), (run) => {
        const fold = run.fold()
        const read = Effect.map(run.pull, (chunks) => {
          fold.add(chunks)
          this.#reads.push(chunks)
          this.#resumeAll()
        })
        return Effect.map(untilDone(Effect.andThen(this.#demand, read)), fold.done)
      })
    )
    // Does not go on when the last consumer has left, and a later answer may have taken the key.
    const reading = Effect.map(Effect.exit(answer), (exit) => {
      this.#end = exit
      this.#forget()
      this.#resumeAll()
    })
    this.#fiber = Effect.runForkWith(services)(
      // It works for all consumers, so it reports to no single one.
      reading.pipe(Effect.provideService(CurrentRun, undefined), Effect.provideService(AnswerListener, undefined))
    )
  }

  /** A run of a consumer. */
  join(scope: Scope.Scope, listener: ((answer: AIMessage) => void) | undefined): Effect.Effect<AnswerRun> {
    this.#consumers++
    return Effect.as(Scope.addFinalizer(scope, this.#leave), { pull: this.#pullFor(listener), fold: message })
  }

  readonly #leave: Effect.Effect<void> = Effect.suspend(() => {
    this.#consumers--
    if (this.#consumers > 0 || this.#end !== undefined || this.#fiber === undefined) return Effect.void
    this.#forget()
    return Fiber.interrupt(this.#fiber)
  })

  #pullFor(listener: ((answer: AIMessage) => void) | undefined): ChunkPull<AIMessageChunk, ChatModelError, never> {
    let next = 0
    const pull: ChunkPull<AIMessageChunk, ChatModelError, never> = Effect.suspend(() => {
      if (next < this.#reads.length) return Effect.succeed(this.#reads[next++]!)
      if (this.#end === undefined) return Effect.flatMap(this.#more, () => pull)
      if (Exit.isFailure(this.#end)) return Effect.failCause(this.#end.cause)
      listener?.(this.#end.value)
      return Cause.done()
    })
    return pull
  }

  /** Waits for the next read, or for the end. */
  readonly #more: Effect.Effect<void> = Effect.callback<void>((resume) => {
    const done = () => resume(Effect.void)
    this.#waiting.add(done)
    this.#wanted?.()
    return Effect.sync(() => this.#waiting.delete(done))
  })

  /** Waits until a consumer waits. */
  readonly #demand: Effect.Effect<void> = Effect.suspend(() =>
    this.#waiting.size > 0 ? Effect.void : Effect.callback<void>((resume) => {
      this.#wanted = () => {
        this.#wanted = undefined
        resume(Effect.void)
      }
    })
  )

  #resumeAll(): void {
    // A consumer may wait again before this function returns.
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resume of waiting) resume()
  }
}
