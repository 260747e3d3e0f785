import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Filter, RunEvent } from "../../RunEvent.ts"
import { CurrentRun } from "./currentRun.ts"

/** What is read of a network at once is one batch of events; the next batch waits for the reader. */
const batchesAhead = 1

/** The events of everything that runs in a stream, and then the stream's own failure. */
export const eventsOf = <A, E, R>(stream: Stream.Stream<A, E, R>, filter: Filter): Stream.Stream<RunEvent, E, R> =>
  Stream.transformPull(Stream.empty, (_, scope) =>
    Effect.gen(function*() {
      const queue = yield* Queue.bounded<ReadonlyArray<RunEvent>, E | Cause.Done>(batchesAhead)
      // Once the reader has left, nobody may wait for it. This runs first: the fiber below was forked later.
      const emit = (events: ReadonlyArray<RunEvent>) => Effect.asVoid(Queue.offer(queue, events))
      const run = stream.pipe(
        Stream.provideService(CurrentRun, {
          watcher: { emit, filter },
          path: [],
          tags: [],
          metadata: {},
          stepTags: []
        }),
        Stream.runDrain,
        Effect.matchCauseEffect({
          onSuccess: () => Queue.end(queue),
          onFailure: (cause) => Queue.failCause(queue, cause)
        })
      )
      yield* Effect.forkIn(run, scope)
      yield* Scope.addFinalizer(scope, Queue.shutdown(queue))
      return Effect.map(Queue.take(queue), (events) => events as readonly [RunEvent, ...Array<RunEvent>]) // never empty
    }))
