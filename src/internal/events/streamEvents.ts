/**
 * Starts a watched run, and gives its events as a stream. One bounded queue between the run and the reader. Everything a
 * user calls to watch goes through here; it imports no combinator.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Filter, RunEvent, RunEventV1 } from "../../RunEvent.ts"
import type { Runnable } from "../step/types.ts"
import { runIntoQueue } from "../stream/runIntoQueue.ts"
import { CurrentRun, passes, watchedRun, within } from "./currentRun.ts"
import type { Watcher } from "./currentRun.ts"
import { configured } from "./policy.ts"
import type { Config } from "./policy.ts"

/** A filter for events, their form, and the configuration of the run: its name, and tags and metadata of all its steps. */
export interface EventOptions extends Filter, Config {
  /** The version of the event format. `v2` by default; `v1` has neither parent ids nor custom events. */
  readonly version?: "v1" | "v2" | undefined
}

/**
 * Runs a chain and streams the events of all its steps. The stream fails as the chain does.
 *
 * **Details**
 *
 * - The events and their data are those of LangChain's `streamEvents` version 2, with two differences: a cause comes
 *   before its effect, and every start has exactly one end (`_end`, `_error` or `_interrupted`).
 * - A slow reader slows the chain. A reader that leaves stops it.
 * - Inside a step of a chain that is watched too, both readers see the events, each with its own filter. The inner one
 *   does not see the runs around its own.
 *
 * **Example** (The events of models and parsers)
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
    options: EventOptions & {
      /** The older form of the events. */
      readonly version: "v1"
    }
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
  // The overloads have the types of the two forms.
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
 * Emits an `on_custom_event` from inside a step. It does nothing when nobody watches.
 *
 * **Details**
 *
 * `data` is any value. The event passes a filter if the events of the step do. Version 1 of the event format does not
 * show it.
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
    const step = run.info ?? { ...run, type: "chain", name: "", run_id: "", parent_ids: [] }
    const { metadata, parent_ids, run_id, tags } = step
    return run.watcher.emit([{ event: "on_custom_event", name, run_id, parent_ids, tags, metadata, data }], step)
  })

/** The events of one network read are one batch; the next batch waits for the reader. */
const batchesAhead = 1

/** The events of all runs inside a stream, and then the failure of the stream. */
const eventsOf = <A, E, R>(stream: Stream.Stream<A, E, R>, options: EventOptions): Stream.Stream<RunEvent, E, R> =>
  Stream.transformPull(Stream.empty, (_, scope) =>
    Effect.gen(function*() {
      const queue = yield* Queue.bounded<ReadonlyArray<RunEvent>, E | Cause.Done>(batchesAhead)
      let left = false
      const emit = (events: ReadonlyArray<RunEvent>) =>
        Effect.suspend(() => left ? Effect.void : Effect.asVoid(Queue.offer(queue, events)))
      const watcher: Watcher = { emit, wants: (run) => passes(options, run) }
      const outer = watchedRun(yield* CurrentRun)
      const around = outer === undefined
        ? { watcher, path: [], tags: [], metadata: {}, byFunction: false }
        : { ...outer, watcher: within(outer, watcher) }
      const run = stream.pipe(
        Stream.provideService(CurrentRun, {
          ...configured(around, options),
          base: around.path.length,
          stepTags: [],
          demand: "chunks",
          wholeOnly: false
        }),
        Stream.runDrain,
        (drained) => runIntoQueue(queue, drained)
      )
      const fiber = yield* Effect.forkIn(run, scope)
      // When the reader leaves, the chain is interrupted before the queue lets it go on, and waits for the reader no more.
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
