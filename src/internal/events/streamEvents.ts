import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Filter, RunEvent, RunEventV1 } from "../../RunEvent.ts"
import type { Config } from "../runnable/config.ts"
import type { Runnable } from "../step/types.ts"
import { runIntoQueue } from "../stream/runIntoQueue.ts"
import { CurrentRun } from "./currentRun.ts"

/** Which events, in which form, and how the run is told in them: its name, and tags and metadata of all its steps. */
export interface EventOptions extends Filter, Config {
  /** `v2` by default. `v1` has neither parents nor custom events. */
  readonly version?: "v1" | "v2" | undefined
}

/**
 * Runs a chain and gives the events of all its steps, with the chain's own failure at the end. A reader that is slow
 * slows the chain; one that leaves stops it.
 *
 * **Example** (The model's tokens and the parser's)
 *
 * ```ts
 * import { Console, Stream } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const chain = Runnable.sequence(ChatModel.runnable, OutputParser.string)
 * const events = Runnable.streamEvents(chain, "Hi", { includeTypes: ["chat_model", "parser"] }).pipe(
 *   Stream.runForEach((event) => Console.log(event.event, event.name))
 * )
 * ```
 */
export const streamEvents: {
  <In, Out, E, R, Chunk>(
    self: Runnable<In, Out, E, R, Chunk, never>,
    input: In,
    options: EventOptions & { readonly version: "v1" }
  ): Stream.Stream<RunEventV1, E, R>
  <In, Out, E, R, Chunk>(
    self: Runnable<In, Out, E, R, Chunk, never>,
    input: In,
    options?: EventOptions
  ): Stream.Stream<RunEvent, E, R>
} = <In, Out, E, R, Chunk>(
  self: Runnable<In, Out, E, R, Chunk, never>,
  input: In,
  options?: EventOptions
): Stream.Stream<never, E, R> => {
  const events = eventsOf(self.stream(input), options ?? {})
  // The overloads say which form it is.
  return (options?.version === "v1" ? Stream.flattenIterable(Stream.map(events, toV1)) : events) as Stream.Stream<
    never,
    E,
    R
  >
}

const toV1 = (event: RunEvent): ReadonlyArray<RunEventV1> => {
  if (event.event === "on_custom_event") return []
  const { parent_ids: _, data, event: name, metadata, name: step, run_id, tags } = event
  // The keys in the order in which LangChain prints them.
  return [{ event: name, run_id, name: step, tags, metadata, data } as RunEventV1]
}

/**
 * Reports something from inside a step, as `on_custom_event`. Does nothing when nobody watches. It passes a filter if
 * the step's own events do. `data` is any value; in version 1 of the events it is not shown.
 *
 * **Example** (Progress)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Runnable } from "rivulet"
 *
 * const search = Runnable.fn((query: string) =>
 *   Effect.as(Runnable.emit("searched", { query, hits: 1 }), [`About ${query}`])
 * )
 * const events = Runnable.streamEvents(search, "goldfish")
 * ```
 */
export const emit = (name: string, data: unknown): Effect.Effect<void> =>
  Effect.flatMap(CurrentRun, (run) => {
    if (run === undefined || run.info?.wanted === false) return Effect.void
    const { metadata, parent_ids, run_id, tags } = run.info ?? { ...run, run_id: "", parent_ids: [] }
    return run.watcher.emit([{ event: "on_custom_event", name, run_id, parent_ids, tags, metadata, data }])
  })

/** What is read of a network at once is one batch of events; the next batch waits for the reader. */
const batchesAhead = 1

/** The events of everything that runs in a stream, and then the stream's own failure. */
const eventsOf = <A, E, R>(stream: Stream.Stream<A, E, R>, options: EventOptions): Stream.Stream<RunEvent, E, R> =>
  Stream.transformPull(Stream.empty, (_, scope) =>
    Effect.gen(function*() {
      const queue = yield* Queue.bounded<ReadonlyArray<RunEvent>, E | Cause.Done>(batchesAhead)
      let left = false
      const emit = (events: ReadonlyArray<RunEvent>) =>
        Effect.suspend(() => left ? Effect.void : Effect.asVoid(Queue.offer(queue, events)))
      const run = stream.pipe(
        Stream.provideService(CurrentRun, {
          watcher: { emit, filter: options },
          path: [],
          tags: [...new Set(options.tags)],
          metadata: options.metadata ?? {},
          stepTags: [],
          stepName: options.name,
          byFunction: false,
          demand: "chunks",
          wholeOnly: false
        }),
        Stream.runDrain,
        (drained) => runIntoQueue(queue, drained)
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
