/**
 * Runs an observed run: tells its observation of the reads and of the end, and gives its services to what runs inside.
 * Called by `watch` for steps and by the call of a model. A read costs one Effect operation. The services cost
 * one change of the fiber's services, which the runs of a chain share.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import { optional } from "../optional.ts"
import { fedElsewhere } from "../step/fold.ts"
import type { Folded } from "../step/fold.ts"
import { pulledInside, remembered, withPull, withServices } from "../step/run.ts"
import type { ChunkPull, Opener } from "../step/types.ts"
import type { Ending, Observation } from "./observer.ts"

/** A run that is observed. What runs inside is closed before the observation ends. */
export const observe = <Chunk, Out, E, R>(
  observation: Observation,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> => {
  const { services } = observation
  const run = observed(observation, open)
  return services === undefined ? run : observedIn(services, run)
}

/** Opens a run, and pulls it, with the services of an observation. Nobody requires these. */
export const observedIn = <Chunk, Out, E, R>(
  services: Context.Context<never>,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> =>
  withServices<Chunk, Out, E, R, R>(remembered((around) => Context.merge(around, services)), open)

const observed =
  <Chunk, Out, E, R>(observation: Observation, open: Opener<Chunk, Out, E, R>): Opener<Chunk, Out, E, R> => (scope) => {
    const { needsOutput, read } = observation
    let over = false
    let fold: Folded<Out> | undefined
    const end = (ending: () => Ending) =>
      Effect.suspend(() => {
        if (over) return Effect.void
        over = true
        return Effect.uninterruptible(observation.end(ending()))
      })
    const partial = () => needsOutput ? fold?.partial() : undefined
    const inner = Scope.forkUnsafe(scope)
    const failed = (cause: Cause.Cause<E>) =>
      Scope.close(inner, Exit.failCause(cause)).pipe(
        Effect.andThen(end(() =>
          Cause.hasInterruptsOnly(cause)
            ? { _tag: "Left", exit: Exit.failCause(cause), partial: partial() }
            : { _tag: "Failed", cause, partial: partial() }
        )),
        Effect.andThen(Effect.failCause(cause))
      )
    const completed = (output: () => Out) =>
      Effect.andThen(
        Scope.close(inner, Exit.void),
        end(() => ({ _tag: "Completed", output: needsOutput ? output() : undefined }))
      )
    return Effect.andThen(
      // Added after the scope inside was made, so that it runs first.
      Scope.addFinalizerExit(
        scope,
        (exit) => Effect.andThen(Scope.close(inner, exit), end(() => ({ _tag: "Left", exit, partial: partial() })))
      ),
      Effect.matchCauseEffect(open(inner), {
        onFailure: failed,
        onSuccess: (run) => {
          const folding = fold = needsOutput ? run.fold() : undefined
          const told = <R2>(pull: ChunkPull<Chunk, E, R2>): ChunkPull<Chunk, E, R2> =>
            Pull.matchEffect(pull, {
              onSuccess: (chunks) => {
                read?.(chunks)
                folding?.add(chunks)
                return Effect.succeed(chunks)
              },
              // Only asked for an output if there is a fold.
              onDone: () => Effect.andThen(completed(() => folding?.done() as Out), Cause.done()),
              onFailure: failed
            })
          const { inside, whole } = run
          return Effect.succeed({
            ...(inside === undefined
              ? withPull(run, told(run.pull))
              : pulledInside(run, { pull: told(inside.pull), change: inside.change })),
            ...(folding === undefined ? undefined : { fold: () => fedElsewhere(folding) }),
            ...optional(
              "whole",
              whole && Effect.matchCauseEffect(whole, {
                onFailure: failed,
                onSuccess: (output) => Effect.as(completed(() => output), output)
              })
            )
          })
        }
      })
    )
  }
