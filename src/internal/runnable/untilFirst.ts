/**
 * Attempts at a run, for `withRetry`, `withFallbacks` and parsers that have an answer corrected. Failures count only before
 * the first chunk; after it the attempt is the run.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import { withPull } from "../step/run.ts"
import type { ChunkPull, Opener } from "../step/types.ts"

/** The attempts at a run. */
export interface Attempts<Chunk, Out, E, R> {
  readonly first: Opener<Chunk, Out, E, R>
  /** The next attempt after this failure, or a failure. */
  readonly next: (cause: Cause.Cause<E>) => Effect.Effect<Opener<Chunk, Out, E, R>, E, R>
}

/** Opens one attempt after the other until one gives a chunk or ends. A failed attempt is closed before the next opens. */
export const untilFirst = <Chunk, Out, E, R>(
  attempts: Effect.Effect<Attempts<Chunk, Out, E, R>, never, R>
): Opener<Chunk, Out, E, R> =>
(scope) =>
  Effect.flatMap(attempts, ({ first, next }) => {
    const attempt: (open: Opener<Chunk, Out, E, R>) => ReturnType<Opener<Chunk, Out, E, R>> = Effect.fnUntraced(
      function*(open) {
        const child = yield* Scope.fork(scope)
        const started = yield* Effect.exit(
          Effect.flatMap(open(child), (run) => Effect.map(firstPull(run.pull), (pull) => withPull(run, pull)))
        )
        if (Exit.isSuccess(started)) return started.value
        yield* Scope.close(child, started)
        return yield* Effect.flatMap(next(started.cause), attempt)
      }
    )
    return attempt(first)
  })

/** Pulls once, and gives a pull that begins with what came. It fails only if the first pull does. */
const firstPull = <Chunk, E, R>(pull: ChunkPull<Chunk, E, R>): Effect.Effect<ChunkPull<Chunk, E, R>, E, R> =>
  Pull.matchEffect(pull, {
    onSuccess: (chunks) => {
      let given = false
      return Effect.succeed(Effect.suspend(() => {
        if (given) return pull
        given = true
        return Effect.succeed(chunks)
      }))
    },
    // The pull is over, and is not pulled again.
    onDone: () => Effect.succeed(Cause.done()),
    onFailure: Effect.failCause
  })
