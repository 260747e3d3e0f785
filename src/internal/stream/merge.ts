import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { filling } from "./runIntoQueue.ts"

/**
 * Streams at once, each run by a fiber of its own that also closes it: so a branch that is stopped has ended, with its
 * events, before anything around it does. `Stream.mergeAll` closes the branches' scopes while their fibers still run.
 *
 * `ahead` is how many arrays of chunks wait for the reader, over all streams.
 */
export const merge = <A, E, R>(
  streams: ReadonlyArray<Stream.Stream<A, E, R>>,
  ahead: number
): Stream.Stream<A, E, R> =>
  Stream.transformPull(Stream.empty, (_, scope) =>
    Effect.gen(function*() {
      const queue = yield* Queue.bounded<readonly [A, ...Array<A>], E | Cause.Done>(ahead)
      const all = Effect.forEach(
        streams,
        (stream) => Stream.runForEachArray(stream, (chunks) => Queue.offer(queue, chunks)),
        { concurrency: "unbounded", discard: true }
      )
      yield* Effect.forkIn(filling(queue, all), scope)
      return Queue.take(queue)
    }))
