/**
 * Several sources at once, as one pull. For parallel branches and the tools of an agent.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { runIntoQueue } from "./runIntoQueue.ts"

type Items<A> = readonly [A, ...Array<A>]

/** A source that runs to its end and offers each array as it comes. An offer waits while the reader is behind. */
export type Producer<A, E, R> = (offer: (items: Items<A>) => Effect.Effect<unknown>) => Effect.Effect<unknown, E, R>

/**
 * Runs all producers at once. Each has a fiber of its own and closes its resources itself: so a branch that is stopped
 * has ended, with its events, before anything around it does. `Stream.mergeAll` closes the branches' scopes while their
 * fibers still run.
 *
 * @param ahead the maximum number of arrays that wait for the reader, over all producers
 */
export const merge = <A, E, R>(
  producers: ReadonlyArray<Producer<A, E, R>>,
  ahead: number,
  scope: Scope.Scope
): Effect.Effect<Pull.Pull<Items<A>, E>, never, R> =>
  Effect.gen(function*() {
    const queue = yield* Queue.bounded<Items<A>, E | Cause.Done>(ahead)
    const all = Effect.forEach(producers, (run) => run((items) => Queue.offer(queue, items)), {
      concurrency: "unbounded",
      discard: true
    })
    yield* Effect.forkIn(runIntoQueue(queue, all), scope)
    return Queue.take(queue)
  })
