/**
 * `withTimeout`: a time limit for the whole run of a step. One timer a run, and a fiber for each read.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { checkedDuration } from "../defects.ts"
import { withPull } from "../step/run.ts"
import type { Opener, Runnable } from "../step/types.ts"
import { forkedWait } from "../stream/forkedWait.ts"
import { wrapStep } from "./make.ts"

/**
 * A step took longer than `withTimeout` allows. `step` is the name of the step, `limit` the limit in milliseconds.
 *
 * **Example** (A message for the user)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const chain = Runnable.sequence(ChatModel.runnable, OutputParser.string).pipe(Runnable.withTimeout("10 seconds"))
 * const answer = chain.invoke("Hi").pipe(
 *   Effect.catchTag("RunnableTimeoutError", (error) => Effect.succeed(`No answer within ${error.limit} ms`))
 * )
 * ```
 */
export class RunnableTimeoutError
  extends Schema.TaggedError<RunnableTimeoutError>("rivulet/RunnableTimeoutError")("RunnableTimeoutError", {
    /** The problem, with the name of the step and the limit. */
    message: Schema.String,
    /** The name of the step. */
    step: Schema.String,
    /** The limit in milliseconds. */
    limit: Schema.Finite
  })
{}

/**
 * Fails a step with {@link RunnableTimeoutError} when it takes too long.
 *
 * **Details**
 *
 * - The limit covers the whole run, from the start of its stream. The time of a slow consumer counts, and so does the
 *   time of a slow input of a step that works on chunks.
 * - The step is stopped, and its connections are closed, before the failure is seen. Chunks that were streamed stay.
 * - If the time is up while the consumer is busy, the step is closed at once, and the consumer sees the failure when it
 *   asks for more.
 * - Inside {@link withRetry} every attempt has its own limit; around it all attempts share one.
 *
 * For the limits of a model's phases (connection, first chunk, idle time) use `timeout` of `CallOptions`.
 *
 * **Example** (An answer in ten seconds, or a fixed one)
 *
 * ```ts
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const answer = Runnable.sequence(ChatModel.runnable, OutputParser.string).pipe(
 *   Runnable.withTimeout("10 seconds"),
 *   Runnable.withFallbacks([Runnable.fn(() => "I do not know.")])
 * )
 * ```
 */
export const withTimeout = (duration: Duration.Input) => {
  const limit = checkedDuration("withTimeout: duration", duration)
  return <In, Out, E, R, Chunk, InChunk>(
    self: Runnable<In, Out, E, R, Chunk, InChunk>
  ): Runnable<In, Out, E | RunnableTimeoutError, R, Chunk, InChunk> => {
    const expired = () =>
      new RunnableTimeoutError({
        message: `${self.name} took longer than ${Duration.format(limit)}`,
        step: self.name,
        limit: Duration.toMillis(limit)
      })
    return wrapStep(self, (open) => timed(open, limit, expired))
  }
}

const timed = <Chunk, Out, E, R, X>(
  open: Opener<Chunk, Out, E, R>,
  limit: Duration.Duration,
  expire: () => X
): Opener<Chunk, Out, E | X, R> =>
  Effect.fnUntraced(function*(scope) {
    const services = yield* Effect.context<R>()
    const child = yield* Scope.fork(scope)
    let working: Fiber.Fiber<unknown, unknown> | undefined
    // This limit and one around it may stop the step at the same time: both wait until it is closed.
    const stop = Effect.uninterruptible(Effect.andThen(
      Effect.suspend(() => working === undefined ? Effect.void : Fiber.interrupt(working)),
      Scope.close(child, Exit.void)
    ))
    yield* Scope.addFinalizer(scope, stop)
    let expired: X | undefined
    let abort: ((error: X) => void) | undefined
    const timer = yield* Effect.forkIn(
      Effect.andThen(
        Effect.sleep(limit),
        Effect.suspend(() => {
          expired = expire()
          if (abort === undefined) return stop
          abort(expired)
          return Effect.void
        })
      ),
      scope
    )
    const limited = <A, E2>(effect: Effect.Effect<A, E2, R>): Effect.Effect<A, E2 | X> =>
      Effect.suspend((): Effect.Effect<A, E2 | X> => {
        if (expired !== undefined) return Effect.andThen(Fiber.await(timer), Effect.fail(expired))
        return forkedWait<A, E2 | X, R>(effect, services, (wait) => {
          // It stays set after the wait, because stopping the step also waits for its fiber.
          working = wait?.fiber ?? working
          abort = wait && ((error) => wait.end(Effect.andThen(stop, Effect.fail(error))))
        })
      })
    const run = yield* limited(open(child))
    return withPull(run, limited(run.pull))
  })
