import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
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
      let left = false
      const emit = (events: ReadonlyArray<RunEvent>) =>
        Effect.suspend(() => left ? Effect.void : Effect.asVoid(Queue.offer(queue, events)))
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
      const fiber = yield* Effect.forkIn(run, scope)
      // The reader has left: the chain is told to stop before it is let go on, and nobody waits for the reader any more.
      yield* Scope.addFinalizer(
        scope,
        Effect.suspend(() => {
          left = true
          fiber.interruptUnsafe()
          return Effect.andThen(Queue.shutdown(queue), Fiber.await(fiber))
        })
      )
      return Effect.map(Queue.take(queue), (events) => events as readonly [RunEvent, ...Array<RunEvent>]) // never empty
    }))
