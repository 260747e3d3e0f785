import type * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { lazily } from "../step/fold.ts"
import type { Opened } from "./core.ts"

/** How a step is tried. */
export interface Tries<Chunk, Out, E, R> {
  readonly first: Opened<Chunk, Out, E, R>
  /** What to run after this failure, or a failure. */
  readonly next: (cause: Cause.Cause<E>) => Effect.Effect<Opened<Chunk, Out, E, R>, E, R>
}

/** A run that is tried in other ways until one gives a first chunk. A try that failed is closed before the next. */
export const untilFirst = <Chunk, Out, E, R>(
  tries: Effect.Effect<Tries<Chunk, Out, E, R>>
): Opened<Chunk, Out, E, R> => {
  let tried: Opened<Chunk, Out, E, R> | undefined
  const stream = Stream.transformPull(Stream.empty, (_, scope) =>
    Effect.gen(function*() {
      const { first, next } = yield* tries
      type Chunks = readonly [Chunk, ...Array<Chunk>]
      let pull: Pull.Pull<Chunks, E, void, R> | undefined
      const start = (run: Opened<Chunk, Out, E, R>): Pull.Pull<Chunks, E, void, R> =>
        Effect.gen(function*() {
          tried = run
          const child = yield* Scope.fork(scope)
          const attempt = yield* Channel.toPullScoped(Stream.toChannel(run.stream), child)
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
  return { stream, folder: () => lazily(() => tried?.folder()), kept: () => tried?.kept?.() }
}
