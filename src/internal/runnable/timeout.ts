import type * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Pull from "effect/Pull"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { derived } from "./core.ts"
import type { Runnable } from "./core.ts"

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
    return derived(self, ({ stream }) => timed(stream, limit, expired))
  }
}

const timed = <A, E, R, X>(
  stream: Stream.Stream<A, E, R>,
  limit: Duration.Duration,
  expire: () => X
): Stream.Stream<A, E | X, R> =>
  Stream.transformPull(Stream.empty, (_, scope) =>
    Effect.gen(function*() {
      type ChunkPull = Pull.Pull<readonly [A, ...Array<A>], E, void, R>
      const services = yield* Effect.context<R>()
      const child = yield* Scope.fork(scope)
      const close = Scope.close(child, Exit.void)
      let expired: X | undefined
      let abort: ((error: X) => void) | undefined
      // Opening may take its time as well, so it is done by the first pull.
      let pull: ChunkPull = Effect.suspend(() =>
        Effect.flatMap(Channel.toPullScoped(Stream.toChannel(stream), child), (opened) => {
          pull = opened
          return opened
        })
      )
      const timer = yield* Effect.forkIn(
        Effect.andThen(
          Effect.sleep(limit),
          Effect.suspend(() => {
            expired = expire()
            if (abort === undefined) return close
            abort(expired)
            return Effect.void
          })
        ),
        scope
      )
      return Effect.callback<readonly [A, ...Array<A>], E | X | Cause.Done>((resume) => {
        if (expired !== undefined) return resume(Effect.andThen(Fiber.await(timer), Effect.fail(expired)))
        const fiber = Effect.runForkWith(services)(pull)
        abort = (error) => resume(Effect.andThen(Effect.andThen(Fiber.interrupt(fiber), close), Effect.fail(error)))
        fiber.addObserver((exit) => {
          abort = undefined
          resume(exit)
        })
        return Effect.suspend(() => {
          abort = undefined
          return Fiber.interrupt(fiber)
        })
      })
    }))
