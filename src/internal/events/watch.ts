/**
 * Reports the runs of a step as events, if somebody watches. The events are taken from the run itself as it passes, so
 * they cannot differ from it. Combinators, models and tools open their runs through here; how LangChain would report
 * them is decided in `policy`. When nobody watches, a run costs one look at the fiber; when somebody does, one queue
 * offer a read.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import type { RunEvent } from "../../RunEvent.ts"
import { optional } from "../optional.ts"
import { fedElsewhere } from "../step/fold.ts"
import type { ChunkFold, Folded } from "../step/fold.ts"
import { withPull } from "../step/run.ts"
import type { ChunkPull, Opener, Run, StepInfo } from "../step/types.ts"
import { currentRun, inContext, RunObserver, startRun } from "./currentRun.ts"
import type { RunContext, RunInfo, StartedRun } from "./currentRun.ts"
import { encodeError } from "./encodeError.ts"
import { observe } from "./observe.ts"
import type { Observation, OpenedStep } from "./observer.ts"
import { endShowsInput, hasEvents, hasStreamEvents, shownInput, shownOutput, startsWithWholeInput } from "./policy.ts"

/** The run of a step whose input is complete. */
export const watch = <Chunk, Out, E, R>(
  step: StepInfo,
  input: unknown,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> =>
(scope) =>
  Effect.withFiber((fiber) => {
    const context = currentRun(fiber)
    if (context === undefined || !hasEvents(step, context.demand)) return open(scope)
    const started = startRun(context, step)
    const observation = observationOf(fiber, step, context, started.info, { value: input })
    const run = started.info.wanted
      ? watched(step, context, started, { _tag: "Value", value: input }, open)
      : inContext(started.inside, open)
    return (observation === undefined ? run : observe(observation, run))(scope)
  })

/** The run of a step that reads the chunks of another run. */
export const watchOver = <InChunk, In, E0, R0, Chunk, Out, E, R>(
  step: StepInfo,
  before: Opener<InChunk, In, E0, R0>,
  over: (before: Opener<InChunk, In, E0, R0>) => Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> =>
(scope) =>
  Effect.withFiber((fiber) => {
    const context = currentRun(fiber)
    if (context === undefined || !hasEvents(step, context.demand)) return over(before)(scope)
    const started = startRun(context, step)
    const observation = observationOf(fiber, step, context, started.info, undefined)
    const run = started.info.wanted
      ? watchedOver(step, context, started, before, over)
      : inContext(started.inside, over(before))
    return (observation === undefined ? run : observe(observation, run))(scope)
  })

const observationOf = (
  fiber: Fiber.Fiber<unknown, unknown>,
  { subject }: StepInfo,
  context: RunContext,
  { metadata, name, tags, type }: RunInfo,
  input: OpenedStep["input"]
): Observation | undefined =>
  fiber.getRef(RunObserver)?.step(
    { type, name, tags, metadata, subject, input, root: context.info === undefined },
    fiber
  )

const watchedOver = <InChunk, In, E0, R0, Chunk, Out, E, R>(
  step: StepInfo,
  context: RunContext,
  started: StartedRun,
  before: Opener<InChunk, In, E0, R0>,
  over: (before: Opener<InChunk, In, E0, R0>) => Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> => {
  const recorder = new InputRecorder(context.demand === "whole" ? undefined : step.events?.chunkInput)
  return watched(step, context, started, recorder, over(recorder.record(before)))
}

type Input = { readonly _tag: "Value"; readonly value: unknown } | InputRecorder

/**
 * The input of one run of a step that reads chunks. It records the chunks for the events: the run starts with the first of
 * them or with the last, and its end event shows what they fold to.
 */
class InputRecorder {
  readonly _tag = "Chunks"
  readonly #foldOf: (() => ChunkFold<never, unknown>) | undefined
  #fold: Folded<unknown> | undefined
  #whole: unknown
  /** Runs when the first chunk has come, or the end without one. */
  onFirst: Effect.Effect<void> = Effect.void
  /** Runs when all chunks have come. */
  onEnd: Effect.Effect<void> = Effect.void
  /** All chunks have come. */
  complete = false
  /** The run that is read has failed. */
  failed = false

  /** @param foldOf how events show the chunks; by default as the value they fold to */
  constructor(foldOf: (() => ChunkFold<never, unknown>) | undefined) {
    this.#foldOf = foldOf
  }

  /** The same run, recorded while it is read. */
  record<Chunk, Out, E, R>(open: Opener<Chunk, Out, E, R>): Opener<Chunk, Out, E, R> {
    return (scope) =>
      Effect.matchCauseEffect(open(scope), {
        onFailure: (cause) => this.#fail(cause),
        onSuccess: (run) => {
          // A fold that a step gives for its events takes the chunks that the step reads.
          const fold = (this.#foldOf as (() => ChunkFold<Chunk, unknown>) | undefined ?? run.fold)()
          this.#fold = fold
          return Effect.succeed(withPull(run, this.#recorded(run.pull, fold)))
        }
      })
  }

  #recorded<Chunk, E, R>(pull: ChunkPull<Chunk, E, R>, fold: ChunkFold<Chunk, unknown>): ChunkPull<Chunk, E, R> {
    let first = true
    return Pull.matchEffect(pull, {
      onSuccess: (chunks) => {
        fold.add(chunks)
        if (!first) return Effect.succeed(chunks)
        first = false
        return Effect.as(this.onFirst, chunks)
      },
      onDone: () =>
        Effect.suspend(() => {
          this.#whole = this.#soFar()
          this.complete = true
          return Effect.andThen(Effect.andThen(this.onFirst, this.onEnd), Cause.done())
        }),
      onFailure: (cause) => this.#fail(cause)
    })
  }

  #fail<E>(cause: Cause.Cause<E>): Effect.Effect<never, E> {
    this.failed = true
    return Effect.failCause(cause)
  }

  /** The whole input, or the part of it that has come. */
  value(): unknown {
    return this.complete ? this.#whole : this.#soFar()
  }

  #soFar(): unknown {
    return this.#fold?.done() ?? this.#fold?.partial()
  }
}

/** The report of one run: one start event, then stream events, then one end event. Further calls do nothing. */
class Report {
  readonly #emit: (events: ReadonlyArray<RunEvent>) => Effect.Effect<void>
  #state: "waiting" | "starting" | "started" | "ended" = "waiting"
  readonly start: Effect.Effect<void>

  constructor(emit: (events: ReadonlyArray<RunEvent>) => Effect.Effect<void>, startEvent: () => RunEvent) {
    this.#emit = emit
    this.start = Effect.suspend(() => {
      if (this.#state !== "waiting") return Effect.void
      this.#state = "starting"
      return Effect.onExit(emit([startEvent()]), (exit) =>
        Effect.sync(() => {
          // A step that was interrupted while the queue was full has no start event, and so no end either.
          this.#state = Exit.isSuccess(exit) ? "started" : "ended"
        }))
    })
  }

  /** Emits a stream event for each chunk. */
  stream<Chunk>(events: ReadonlyArray<RunEvent>, chunks: Chunk): Effect.Effect<Chunk> {
    const emitted = this.#emit(events)
    return Effect.as(this.#state === "waiting" ? Effect.andThen(this.start, emitted) : emitted, chunks)
  }

  end(event: () => RunEvent): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#state !== "started") return Effect.void
      this.#state = "ended"
      // The end event is emitted even if the step is interrupted while the queue is full.
      return Effect.uninterruptible(this.#emit([event()]))
    })
  }
}

const watched = <Chunk, Out, E, R>(
  step: StepInfo,
  context: RunContext,
  { info, inside }: StartedRun,
  input: Input,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> => {
  const root = context.path.length === context.base
  const streams = hasStreamEvents(step, context.demand, root)
  const waits = startsWithWholeInput(step.type, streams, root)
  const inputOf = () =>
    input._tag === "Value" ? { input: shownInput(step, input.value, root) } : optional("input", input.value())
  const report = new Report(
    (events) => context.watcher.emit(events, info),
    () => startEvent(info, waits && (input._tag === "Value" || input.complete) ? inputOf() : {})
  )
  return Effect.fnUntraced(function*(scope) {
    let fold: Folded<Out> | undefined
    // Before the start, so that no interruption comes between the two.
    yield* Scope.addFinalizer(scope, report.end(() => interruptedEvent(info, fold?.partial())))
    if (input._tag === "Value") yield* report.start
    else input[waits ? "onEnd" : "onFirst"] = report.start
    // The run has a scope of its own, which closes with everything inside it before the end event.
    const inner = yield* Scope.fork(scope)
    const fail = (cause: Cause.Cause<E>) =>
      Scope.close(inner, Exit.failCause(cause)).pipe(
        // A step whose input failed before it started has no events.
        Effect.andThen(input._tag === "Chunks" && input.failed ? Effect.void : report.start),
        Effect.andThen(report.end(() =>
          Cause.hasInterruptsOnly(cause)
            ? interruptedEvent(info, fold?.partial())
            : errorEvent(info, encodeError(cause), input._tag === "Value" ? inputOf() : {})
        )),
        Effect.andThen(Effect.failCause(cause))
      )
    // Steps inside report only after this one has started.
    const seen = input._tag === "Value" ? inside : startingFirst(inside, report.start)
    const run = yield* Effect.catchCause(inContext(seen, open)(inner), fail)
    const folding = fold = run.fold()
    const toEvent = streams && (run.single !== true || step.events?.stream !== "ifMany")
      ? streamEventOf(info)
      : undefined
    const ended = (output: Out) =>
      Scope.close(inner, Exit.void).pipe(
        Effect.andThen(report.start),
        Effect.andThen(
          report.end(() => endEvent(info, shownOutput(step, output), endShowsInput(root) ? inputOf() : {}))
        )
      )
    const pull: ChunkPull<Chunk, E, R> = Pull.matchEffect(run.pull, {
      onSuccess: (chunks) => {
        folding.add(chunks)
        return toEvent === undefined ? Effect.succeed(chunks) : report.stream(chunks.map(toEvent), chunks)
      },
      onDone: () => Effect.andThen(Effect.suspend(() => ended(folding.done())), Cause.done()),
      onFailure: fail
    })
    // Stream events need the chunks.
    const whole = toEvent === undefined && run.whole !== undefined
      ? Effect.matchCauseEffect(run.whole, {
        onSuccess: (output) => Effect.as(ended(output), output),
        onFailure: fail
      })
      : undefined
    return {
      pull,
      fold: () => fedElsewhere(folding),
      single: run.single,
      whole
    } satisfies Run<Chunk, Out, E, R>
  })
}

const startingFirst = (context: RunContext, start: Effect.Effect<void>): RunContext => ({
  ...context,
  watcher: { ...context.watcher, emit: (events, run) => Effect.andThen(start, context.watcher.emit(events, run)) }
})

// -----------------------------------------------------------------------------
// events
// -----------------------------------------------------------------------------

const fieldsOf = ({ metadata, name, parent_ids, run_id, tags }: RunInfo) => ({
  name,
  run_id,
  parent_ids,
  tags,
  metadata
})

// The name of an event is made of the step's type; each function makes one member of the union.
const startEvent = (info: RunInfo, data: { readonly input?: unknown }): RunEvent => ({
  event: `on_${info.type}_start`,
  ...fieldsOf(info),
  data
})

/** There is one of these for each chunk, so it is one object literal. */
const streamEventOf = ({ metadata, name, parent_ids, run_id, tags, type }: RunInfo) => {
  const event = `on_${type}_stream`
  return (chunk: unknown) => ({ event, name, run_id, parent_ids, tags, metadata, data: { chunk } }) as RunEvent
}

const endEvent = (info: RunInfo, output: unknown, input: { readonly input?: unknown }): RunEvent =>
  ({ event: `on_${info.type}_end`, ...fieldsOf(info), data: { output, ...input } }) as RunEvent

const errorEvent = (info: RunInfo, error: unknown, input: { readonly input?: unknown }): RunEvent => ({
  event: `on_${info.type}_error`,
  ...fieldsOf(info),
  data: { error, ...input }
})

const interruptedEvent = (info: RunInfo, partial: unknown): RunEvent => ({
  event: `on_${info.type}_interrupted`,
  ...fieldsOf(info),
  data: partial === undefined ? {} : { partial }
})
