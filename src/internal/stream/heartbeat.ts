import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { runIntoQueue } from "./runIntoQueue.ts"

/** What is read at once is one batch; the next one waits for the reader. */
const batchesAhead = 1

/**
 * Puts an element between those of a stream whenever the time has passed, for as long as it runs. One timer a stream,
 * none an element; a reader that is behind gets no beats on top.
 */
export const withHeartbeat = <A, E, R>(
  self: Stream.Stream<A, E, R>,
  beat: A,
  every: Duration.Input
): Stream.Stream<A, E, R> =>
  Stream.transformPull(Stream.empty, (_, scope) =>
    Effect.gen(function*() {
      const queue = yield* Queue.bounded<readonly [A, ...Array<A>], E | Cause.Done>(batchesAhead)
      const fill = runIntoQueue(queue, Stream.runForEachArray(self, (items) => Queue.offer(queue, items)))
      const beats = Effect.forever(Effect.andThen(
        Effect.sleep(every),
        Effect.suspend(() => Queue.sizeUnsafe(queue) === 0 ? Queue.offer(queue, [beat]) : Effect.void)
      ))
      // Both end with the scope, and the source is closed before that is.
      yield* Effect.forkIn(fill, scope)
      yield* Effect.forkIn(beats, scope)
      return Queue.take(queue)
    }))
