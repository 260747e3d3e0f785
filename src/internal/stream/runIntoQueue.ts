/**
 * The end of a producer, passed on through the queue that it fills. For events, parallel branches and heartbeats.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"

/** Runs the effect that fills a queue, and then ends or fails the queue as the effect ended. */
export const runIntoQueue = <A, E, X, R>(
  queue: Queue.Queue<A, E | Cause.Done>,
  fill: Effect.Effect<X, E, R>
): Effect.Effect<boolean, never, R> =>
  Effect.matchCauseEffect(fill, {
    onSuccess: () => Queue.end(queue),
    onFailure: (cause) => Queue.failCause(queue, cause)
  })
