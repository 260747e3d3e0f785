import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { withPull } from "../step/run.ts"
import type { Opener, Runnable } from "../step/types.ts"
import { forkedWait } from "../stream/forkedWait.ts"
import { wrapStep } from "./make.ts"

/**
 * A step took longer than `withTimeout` allows. `step` is its name, `limit` what was allowed, in milliseconds.
 *
 * **Example** (Saying so)
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
    message: Schema.String,
    step: Schema.String,
    limit: Schema.Finite
  })
{}

/**
 * Fails a step with {@link RunnableTimeoutError} when it is not done in time. What it does is stopped, and its
 * connections closed, before the failure is seen; what was streamed stays as it is.
 *
 * The time is that of the whole run, from when its stream is started: a slow consumer is part of it, and so is a slow
 * input for a step that works on chunks. It costs one timer for a run. When time is up while the consumer is busy, the
 * step is closed at once and the consumer told when it asks for more. A model's own limits for each phase are in
 * `CallOptions`. Inside {@link withRetry} each try has its time; outside, all tries share one.
 *
 * **Example** (An answer in ten seconds, or another one)
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
  const limit = Duration.fromInputUnsafe(duration)
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
    // Two may stop it at the same time, such as this limit and one around it: both wait until it is closed.
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
          // It stays known after the wait: whoever stops the step waits for its fiber, too.
          working = wait?.fiber ?? working
          abort = wait && ((error) => wait.end(Effect.andThen(stop, Effect.fail(error))))
        })
      })
    const run = yield* limited(open(child))
    return withPull(run, limited(run.pull))
  })
