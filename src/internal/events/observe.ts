/**
 * Runs an observed run: tells its observation of the reads and of the end, and gives its services to what runs inside.
 * Called by `watch` for steps and by the call of a model. A read costs one Effect operation and, if the run has services
 * of its own, one change of the fiber's services.
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
import { withServices } from "../step/run.ts"
import type { ChunkPull, Opener, Run } from "../step/types.ts"
import type { Ending, Observation } from "./observer.ts"

/** A run that is observed. What runs inside is closed before the observation ends. */
export const observe = <Chunk, Out, E, R>(
  observation: Observation,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> =>
(scope) => {
  let over = false
  let fold: Folded<Out> | undefined
  const end = (ending: () => Ending) =>
    Effect.suspend(() => {
      if (over) return Effect.void
      over = true
      return Effect.uninterruptible(observation.end(ending()))
    })
  const partial = () => observation.needsOutput ? fold?.partial() : undefined
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
      end(() => ({ _tag: "Completed", output: observation.needsOutput ? output() : undefined }))
    )
  const inside = withServices<Chunk, Out, E, R, R>(servicesOf(observation), open)
  return Effect.andThen(
    // Added before the scope inside was used, so that it closes after everything in there.
    Scope.addFinalizerExit(
      scope,
      (exit) => Effect.andThen(Scope.close(inner, exit), end(() => ({ _tag: "Left", exit, partial: partial() })))
    ),
    Effect.matchCauseEffect(inside(inner), {
      onFailure: failed,
      onSuccess: (run) => {
        const { needsOutput, read } = observation
        const folding = needsOutput ? run.fold() : undefined
        fold = folding
        const pull: ChunkPull<Chunk, E, R> = Pull.matchEffect(run.pull, {
          onSuccess: (chunks) => {
            read?.(chunks)
            folding?.add(chunks)
            return Effect.succeed(chunks)
          },
          // Only asked for an output if there is a fold.
          onDone: () => Effect.andThen(completed(() => folding?.done() as Out), Cause.done()),
          onFailure: failed
        })
        const { whole } = run
        return Effect.succeed(
          {
            pull,
            fold: folding === undefined ? run.fold : () => fedElsewhere(folding),
            single: run.single,
            ...optional(
              "whole",
              whole && Effect.matchCauseEffect(whole, {
                onFailure: failed,
                onSuccess: (output) => Effect.as(completed(() => output), output)
              })
            )
          } satisfies Run<Chunk, Out, E, R>
        )
      }
    })
  )
}

/** A run whose chunks begin an observation: with the first of them, or with the end without one. */
export const beginning = <Chunk, Out, E, R>(
  observation: Observation,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> =>
(scope) =>
  Effect.map(open(scope), (run) => {
    let begun = false
    const begin = () => {
      begun = true
      observation.begin()
    }
    const first: ChunkPull<Chunk, E, R> = Pull.matchEffect(run.pull, {
      onSuccess: (chunks) => {
        begin()
        return Effect.succeed(chunks)
      },
      onDone: () => {
        begin()
        return Cause.done()
      },
      onFailure: Effect.failCause
    })
    return { pull: Effect.suspend(() => begun ? run.pull : first), fold: run.fold, single: run.single }
  })

/** Adds the services of an observation, which may come later, and remembers the last result: most reads have the same. */
const servicesOf = (observation: Observation) => {
  let last: Context.Context<never> | undefined
  let lastAdded: Context.Context<never> | undefined
  let result: Context.Context<never> | undefined
  return <R>(services: Context.Context<R>): Context.Context<R> => {
    const added = observation.services
    if (added === undefined) return services
    if (result === undefined || services !== last || added !== lastAdded) {
      last = services as Context.Context<never> // only compared
      lastAdded = added
      result = Context.merge(services, added) as Context.Context<never>
    }
    return result as Context.Context<R> // what is added is not required by anybody
  }
}
