/**
 * `withListeners`: observers of the runs of a step, in order and awaited. One more stage for each read.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { run as runFunction } from "../returned.ts"
import type { Folded } from "../step/fold.ts"
import { observed } from "../step/run.ts"
import type { Opener, Runnable } from "../step/types.ts"
import { wrapStep } from "./make.ts"

/** A run has started. `input` is absent for a step that reads its input chunk by chunk. */
export interface Started<In> {
  /** The name of the step. */
  readonly name: string
  /** The whole input. */
  readonly input?: In
}

/** A run has ended well. */
export interface Ended<In, Out> extends Started<In> {
  /** The whole output. */
  readonly output: Out
}

/** A run has failed. */
export interface Failed<In, E> extends Started<In> {
  /** The typed error; undefined for a defect. */
  readonly error: E | undefined
  /** All failures and defects. */
  readonly cause: Cause.Cause<E>
}

/** A run was left before its end. */
export interface Interrupted<In> extends Started<In> {
  /** The fold of the chunks so far; absent before the first. */
  readonly partial?: unknown
}

/** The return type of an observer: an effect or a promise, which is awaited, or nothing. */
export type Observed<R> = Effect.Effect<unknown, unknown, R> | PromiseLike<unknown> | void

/** Observers of a run. A run calls `onStart` and then one of the others. */
export interface Listeners<In, Out, E, R = never> {
  /** Runs before the step starts. */
  readonly onStart?: ((run: Started<In>) => Observed<R>) | undefined
  /** Runs before the consumer sees the end. */
  readonly onEnd?: ((run: Ended<In, Out>) => Observed<R>) | undefined
  /** Runs before the consumer sees the failure. */
  readonly onError?: ((run: Failed<In, E>) => Observed<R>) | undefined
  /** Runs when the stream is left or the run is interrupted. */
  readonly onInterrupt?: ((run: Interrupted<In>) => Observed<R>) | undefined
}

/**
 * Observes the runs of a step.
 *
 * **Details**
 *
 * Every run calls `onStart` and then one of `onEnd`, `onError` and `onInterrupt`. The calls are awaited: the step starts
 * after `onStart`, and the consumer sees its end after the other call. Chunks are not delayed. An observer that fails or
 * throws does not affect the run; its failure is logged as a warning.
 *
 * **Example** (Logging failures)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, Runnable } from "rivulet"
 *
 * const observed = ChatModel.runnable.pipe(
 *   Runnable.withListeners({
 *     onEnd: ({ output }) => Effect.log(output.usage),
 *     onError: ({ error, name }) => Effect.logError(name, error?.reason._tag)
 *   })
 * )
 * ```
 */
export const withListeners = <In, Out, E, R2 = never>(
  listeners: Listeners<NoInfer<In>, NoInfer<Out>, NoInfer<E>, R2>
) =>
<R, Chunk, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
): Runnable<In, Out, E, R | R2, Chunk, InChunk> => {
  return wrapStep(self, <E3, R3>(open: Opener<Chunk, Out, E | E3, R | R3>, known: { readonly input?: In }) =>
    // A failure of the input is reported as the step's own.
    listened({ name: self.name, ...known }, listeners as Listeners<In, Out, E | E3, R2>, open))
}

const listened = <In, Out, Chunk, E, R, R2>(
  run: Started<In>,
  listeners: Listeners<In, Out, E, R2>,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R | R2> =>
  Effect.fnUntraced(function*(scope) {
    const services = yield* Effect.context<R2>()
    let fold: Folded<Out> | undefined
    const call = <A>(listener: ((run: A) => Observed<R2>) | undefined, run: () => A) =>
      listener === undefined ?
        Effect.void :
        Effect.suspend((): Effect.Effect<unknown, unknown, R2> => runFunction(listener, run())).pipe(
          Effect.provideContext(services),
          Effect.catchCause((cause) => Effect.logWarning("A listener failed", cause)),
          Effect.asVoid
        )
    let over = false
    const end = (call: Effect.Effect<void>) =>
      Effect.suspend(() => {
        if (over) return Effect.void
        over = true
        return call
      })
    const left = end(call(listeners.onInterrupt, () => {
      const partial = fold?.partial()
      return partial === undefined ? run : { ...run, partial }
    }))
    const failed = (cause: Cause.Cause<E>) =>
      Effect.andThen(
        Cause.hasInterruptsOnly(cause)
          ? left
          : end(call(listeners.onError, () => {
            const error = Cause.findErrorOption(cause)
            return { ...run, cause, error: error._tag === "Some" ? error.value : undefined }
          })),
        Effect.failCause(cause)
      )
    yield* call(listeners.onStart, () => run)
    yield* Scope.addFinalizer(scope, left)
    // Opened in this scope after the finalizer above, so it is closed before an interruption is reported.
    const opened = yield* Effect.catchCause(open(scope), failed)
    const folding = fold = opened.fold()
    return observed(opened, {
      chunks: folding.add,
      end: () => end(call(listeners.onEnd, () => ({ ...run, output: folding.done() }))),
      failed
    })
  })
