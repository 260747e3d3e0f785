/**
 * Attempts at a run, for `withRetry`, `withFallbacks`, the wrappers of several models, and parsers that have an answer
 * corrected. Failures count only before the first chunk; after it the attempt is the run. A read costs one suspension.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import { RunObserver } from "../events/currentRun.ts"
import { observedIn } from "../events/observe.ts"
import { withPull } from "../step/run.ts"
import type { ChunkPull, Chunks, Opener, Run } from "../step/types.ts"

/** The attempts at a run. */
export interface Attempts<in out Chunk, in out Out, in out E, in out R> {
  readonly first: Opener<Chunk, Out, E, R>
  /** The next attempt after this failure, or a failure. */
  readonly next: (cause: Cause.Cause<E>) => Effect.Effect<Opener<Chunk, Out, E, R>, E, R>
  /** Changes the attempt that becomes the run. Absent: it stays as it is. */
  readonly chosen?: ((started: Started<Chunk, Out, E, R>) => Started<Chunk, Out, E, R>) | undefined
}

/** A run whose first chunks have been read. */
export interface Started<in out Chunk, out Out, out E, out R> {
  readonly run: Run<Chunk, Out, E, R>
  /** The first chunks. Undefined if the run ended without any. */
  readonly first: Chunks<Chunk> | undefined
}

/** Opens one attempt after the other until one gives a chunk or ends. A failed attempt is closed before the next opens. */
export const untilFirst = <Chunk, Out, E, R>(
  attempts: Effect.Effect<Attempts<Chunk, Out, E, R>, never, R>
): Opener<Chunk, Out, E, R> =>
(scope) =>
  Effect.flatMap(attempts, ({ chosen, first, next }) =>
    Effect.withFiber((fiber) => {
      const observer = fiber.getRef(RunObserver)
      const attempt = (open: Opener<Chunk, Out, E, R>): ReturnType<Opener<Chunk, Out, E, R>> => {
        const child = Scope.forkUnsafe(scope)
        const observation = observer?.attempt(fiber)
        return Effect.matchCauseEffect(
          start(observation === undefined ? open : observedIn(observation.services, open), child),
          {
            onSuccess: (started) => {
              const run = resumed(chosen === undefined ? started : chosen(started))
              return observation === undefined ? Effect.succeed(run) : Effect.as(observation.kept, run)
            },
            onFailure: (cause) =>
              Effect.flatMap(Scope.close(child, Exit.failCause(cause)), () => {
                if (observation === undefined) return Effect.flatMap(next(cause), attempt)
                return Effect.flatMap(
                  Effect.tapCause(next(cause), () => observation.kept),
                  (open) => Effect.andThen(observation.replaced, Effect.suspend(() => attempt(open)))
                )
              })
          }
        )
      }
      return attempt(first)
    }))

/** Opens a run and reads its first chunks. */
export const start = <Chunk, Out, E, R>(
  open: Opener<Chunk, Out, E, R>,
  scope: Scope.Scope
): Effect.Effect<Started<Chunk, Out, E, R>, E, R> =>
  Effect.flatMap(open(scope), (run) =>
    Pull.matchEffect(run.pull, {
      onSuccess: (first) => Effect.succeed({ run, first }),
      onDone: () => Effect.succeed({ run, first: undefined }),
      onFailure: Effect.failCause
    }))

/** The whole of a run whose first chunks have been read. */
export const resumed = <Chunk, Out, E, R>({ first, run }: Started<Chunk, Out, E, R>): Run<Chunk, Out, E, R> => {
  let given = false
  const pull: ChunkPull<Chunk, E, R> = first === undefined
    ? Cause.done() // the run is over, and is not pulled again
    : Effect.suspend(() => {
      if (given) return run.pull
      given = true
      return Effect.succeed(first)
    })
  return withPull(run, pull)
}
