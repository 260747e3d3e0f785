/**
 * Elements that are sent while a stream is silent. For event streams over HTTP, which a proxy would close.
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { runIntoQueue } from "./runIntoQueue.ts"

/** The items of one read are one batch; the next batch waits for the reader. */
const batchesAhead = 1

/**
 * Adds an element to a stream whenever the time has passed. It costs one timer a stream. A reader that is behind gets no
 * additional elements.
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
