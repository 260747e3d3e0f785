import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"

/** Ends a queue as the effect that fills it ends, or fails it likewise. */
export const filling = <A, E, X, R>(
  queue: Queue.Queue<A, E | Cause.Done>,
  fill: Effect.Effect<X, E, R>
): Effect.Effect<boolean, never, R> =>
  Effect.matchCauseEffect(fill, {
    onSuccess: () => Queue.end(queue),
    onFailure: (cause) => Queue.failCause(queue, cause)
  })
