import type * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** How a stream is tried. */
export interface Tries<Chunk, E, R> {
  readonly first: Stream.Stream<Chunk, E, R>
  /** What to run after this failure, or a failure. */
  readonly next: (cause: Cause.Cause<E>) => Effect.Effect<Stream.Stream<Chunk, E, R>, E, R>
}

/** A stream that is tried in other ways until one gives a first chunk. A try that failed is closed before the next. */
export const untilFirst = <Chunk, E, R>(
  tries: Effect.Effect<Tries<Chunk, E, R>>
): Stream.Stream<Chunk, E, R> =>
  Stream.transformPull(Stream.empty, (_, scope) =>
    Effect.gen(function*() {
      const { first, next } = yield* tries
      type Chunks = readonly [Chunk, ...Array<Chunk>]
      let pull: Pull.Pull<Chunks, E, void, R> | undefined
      const start = (stream: Stream.Stream<Chunk, E, R>): Pull.Pull<Chunks, E, void, R> =>
        Effect.gen(function*() {
          const child = yield* Scope.fork(scope)
          const attempt = yield* Channel.toPullScoped(Stream.toChannel(stream), child)
          const exit = yield* Effect.exit(attempt)
          if (Exit.isSuccess(exit) || Pull.isDoneCause(exit.cause)) {
            pull = attempt
            return yield* exit
          }
          yield* Scope.close(child, exit)
          // A cause without a Done has only the stream's own failures.
          return yield* Effect.flatMap(next(exit.cause as Cause.Cause<E>), start)
        })
      return Effect.suspend(() => pull ?? start(first))
    }))
