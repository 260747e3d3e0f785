/**
 * `ModelGuard.withGuard`: a filter over the text of an answer. It works on the opened run of a model, so events, errors
 * and folds have the filtered text alone. A read costs one step of an effect, the search and the fold of the shown
 * chunks.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import type { AIMessageChunk } from "../../../AIMessageChunk.ts"
import { ChatModelError, ContentPolicyError } from "../../../ChatModelError.ts"
import type { AIMessage } from "../../../Message.ts"
import { Accumulator } from "../../message/accumulator.ts"
import type { ChunkFold } from "../../step/fold.ts"
import type { ChunkPull, Run } from "../../step/types.ts"
import { Recovering } from "../attempts.ts"
import { toMessages } from "../messages.ts"
import type { OpenModel } from "../opening.ts"
import { withPartial } from "../partial.ts"
import type { Service } from "../service.ts"
import type { ModelRequest } from "../transform.ts"
import { wrapModel } from "../wrap.ts"
import { Filter } from "./filter.ts"
import type { Asked, Filtering, FilterOptions } from "./filter.ts"
import type { Decision } from "./rules.ts"
import type { TextWindow } from "./window.ts"

/** Decides what becomes of held text, at once or by an effect. */
export type Decide = (
  asked: Asked,
  window: TextWindow,
  request: () => ModelRequest
) => Decision | Effect.Effect<Decision, ChatModelError>

type AnswerPull = ChunkPull<AIMessageChunk, ChatModelError, never>

/** A model whose answers go through a filter. */
export const guarded = (model: Service, options: FilterOptions, decide: Decide): Service =>
  wrapModel(model, (open): OpenModel => (input, callOptions, whole) => {
    const request = () => ({ messages: toMessages(input), options: callOptions ?? {} })
    return (scope) =>
      Effect.withFiber((fiber) => {
        const recovering = fiber.getRef(Recovering)
        return Effect.flatMap(Scope.fork(scope), (inner) =>
          Effect.map(
            open(input, callOptions, whole)(inner),
            ({ pull }) =>
              new Guarded(
                model,
                pull,
                inner,
                new Filter(options),
                (asked, window) => decide(asked, window, request),
                recovering
              )
          ))
      })
  })

/** The filtered run of one call. */
class Guarded implements Run<AIMessageChunk, AIMessage, ChatModelError, never> {
  readonly #model: Service
  readonly #scope: Scope.Closeable
  readonly #filter: Filter
  readonly #decide: (asked: Asked, window: TextWindow) => ReturnType<Decide>
  readonly #recovering: Recovering | undefined
  /** The fold of the chunks that may be shown. The fold of the model has the unfiltered text. */
  readonly #shown = new Accumulator()
  #next: AnswerPull

  constructor(
    model: Service,
    pull: AnswerPull,
    scope: Scope.Closeable,
    filter: Filter,
    decide: (asked: Asked, window: TextWindow) => ReturnType<Decide>,
    recovering: Recovering | undefined
  ) {
    this.#recovering = recovering
    this.#model = model
    this.#scope = scope
    this.#filter = filter
    this.#decide = decide
    this.#next = Pull.matchEffect(pull, {
      onSuccess: (chunks) => filter.holds(chunks) ? this.#held() : this.#filtered(filter.read(chunks)),
      onDone: () => this.#ended(Cause.done()),
      onFailure: (cause) => this.#failed(cause)
    })
  }

  readonly pull: AnswerPull = Effect.suspend(() => this.#next)

  readonly fold = (): ChunkFold<AIMessageChunk, AIMessage> => ({
    add: () => {},
    partial: () => this.#shown.partial(),
    // No stream of a model ends without its finish, and nobody asks before the end.
    done: () => this.#shown.message() as AIMessage
  })

  /** The chunks that may be shown after a read of nothing but text. */
  #held(): AnswerPull {
    const asked = this.#filter.ask()
    if (asked === undefined) return this.pull
    const decision = this.#decided(asked)
    return Effect.isEffect(decision)
      ? Effect.flatMap(decision, (decision) => this.#show(this.#filter.answer(decision, asked)))
      : this.#show(this.#filter.answer(decision, asked))
  }

  #decided(asked: Asked): ReturnType<Decide> {
    const decision = this.#decide(asked, this.#filter.window)
    return Effect.isEffect(decision)
      ? Effect.mapError(decision, (error) => withPartial(error, this.#partial()))
      : decision
  }

  #filtered(steps: Filtering): AnswerPull {
    return this.#step(steps, steps.next())
  }

  #step(steps: Filtering, first: ReturnType<Filtering["next"]>): AnswerPull {
    let step = first
    while (step.done !== true) {
      const decision = this.#decided(step.value)
      if (Effect.isEffect(decision)) {
        return Effect.flatMap(decision, (decision) => this.#step(steps, steps.next(decision)))
      }
      step = steps.next(decision)
    }
    return this.#show(step.value)
  }

  #show(chunks: Array<AIMessageChunk>): AnswerPull {
    this.#shown.addAll(chunks)
    const shown = Array.isArrayNonEmpty(chunks) ? Effect.succeed(chunks) : this.pull
    const { stopped } = this.#filter
    if (stopped === undefined) return shown
    this.#next = Effect.suspend(() => Effect.fail(this.#stop(stopped)))
    // The connection is closed at once, whenever the reader asks again.
    return Effect.andThen(Scope.close(this.#scope, Exit.void), shown)
  }

  /** The rest of the text, and then the end. */
  #ended(end: AnswerPull): AnswerPull {
    this.#next = end
    return this.#filtered(this.#filter.end())
  }

  #failed(cause: Cause.Cause<ChatModelError>): AnswerPull {
    const error = Option.getOrUndefined(Cause.findErrorOption(cause))
    if (error === undefined) return Effect.failCause(cause)
    const failed = Effect.suspend(() =>
      Effect.failCause(Cause.map(cause, (error) => withPartial(error, this.#partial())))
    )
    const recovering = this.#recovering
    if (recovering === undefined || !recovering.recovers(error)) return this.#ended(failed)
    // The answer may go on from the shown text. Then the held text comes again, with more after it.
    if (!this.#filter.window.isEmpty) recovering.begun()
    return failed
  }

  #partial() {
    const { envelope } = this.#filter
    if (envelope !== undefined) this.#shown.add(envelope)
    return this.#shown.partial()
  }

  #stop(reason: string): ChatModelError {
    const { model, provider } = this.#model
    return withPartial(
      new ChatModelError({
        provider,
        model,
        reason: new ContentPolicyError({ message: `A guard stopped the answer: ${reason}` }),
        metadata: { guard: { reason } }
      }),
      this.#partial()
    )
  }
}
