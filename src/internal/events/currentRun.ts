/**
 * The run that a fiber works for: who watches it, and what the next step inherits (parents, tags, metadata, demand).
 * Steps read it when they are opened. When nobody watches it is undefined, and a step costs one look at the fiber.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { AIMessage, Metadata } from "../../Message.ts"
import type { Filter, RunEvent, RunType } from "../../RunEvent.ts"
import { remembered, withServices } from "../step/run.ts"
import type { Opener, StepInfo } from "../step/types.ts"
import type { Observer } from "./observer.ts"
import { demandInPlace, demandInside } from "./policy.ts"
import type { Demand } from "./policy.ts"
/** Where events go, and which of them are wanted. */
export interface Watcher {
  /** Emits events of one run. Waits while the reader is behind. */
  readonly emit: (events: ReadonlyArray<RunEvent>, run: Described) => Effect.Effect<void>
  /** Whether the events of a run are wanted. */
  readonly wants: (run: Described) => boolean
}

/** The fields of a run that filters look at. */
export type Described = Pick<RunInfo, "type" | "name" | "tags">

/** A watcher inside a run that is watched too. Both see the events; the inner one sees no run around its own. */
export const within = (outer: RunContext, inner: Watcher): Watcher => {
  const base = outer.path.length
  return {
    wants: (run) => inner.wants(run) || outer.watcher.wants(run),
    emit: (events, run) =>
      Effect.andThen(
        outer.watcher.wants(run) ? outer.watcher.emit(events, run) : Effect.void,
        inner.wants(run)
          ? inner.emit(events.map((event) => ({ ...event, parent_ids: event.parent_ids.slice(base) })), run)
          : Effect.void
      )
  }
}

/** A run as the steps inside it see it. */
export interface RunContext {
  readonly watcher: Watcher
  /** The run itself. Undefined at the top: the next steps are roots. */
  readonly info?: RunInfo | undefined
  /** The ids of the runs around the next step, the outermost first. */
  readonly path: ReadonlyArray<string>
  /** How many of these runs are around what the innermost reader watches. */
  readonly base: number
  /** Tags of every step inside. */
  readonly tags: ReadonlyArray<string>
  /** Metadata of every step inside. */
  readonly metadata: Metadata
  /** Tags of the next step alone, such as its place in a sequence. */
  readonly stepTags: ReadonlyArray<string>
  /** A name for the next step alone. */
  readonly stepName?: string | undefined
  /** The next step is run by a function, not by the step it is part of. */
  readonly byFunction: boolean
  /** How the next step is asked for its output. */
  readonly demand: Demand
  /** Only the whole output of the run is asked for. */
  readonly wholeOnly: boolean
}

/** The fields that all events of one run share. */
export interface RunInfo {
  readonly type: RunType
  readonly name: string
  readonly run_id: string
  readonly parent_ids: ReadonlyArray<string>
  readonly tags: ReadonlyArray<string>
  readonly metadata: Metadata
  /** Whether the events pass the reader's filter. */
  readonly wanted: boolean
}

/** The watcher of runs that are observed and not watched. It sees no event. */
const nobody: Watcher = { emit: () => Effect.void, wants: () => false }

/** Where the runs of a fiber are that are observed and not watched. */
const unwatched: RunContext = {
  watcher: nobody,
  path: [],
  base: 0,
  tags: [],
  metadata: {},
  stepTags: [],
  byFunction: false,
  demand: "chunks",
  wholeOnly: false
}

/** The run that a fiber works for, if somebody watches or observes it. */
export const currentRun = (fiber: Fiber.Fiber<unknown, unknown>): RunContext | undefined =>
  fiber.getRef(CurrentRun) ?? (fiber.getRef(RunObserver) === undefined ? undefined : unwatched)

/** The run that a fiber works for, if somebody watches it. */
export const watchedRun = (run: RunContext | undefined): RunContext | undefined =>
  run?.watcher === nobody ? undefined : run

/** The run that a fiber works for; undefined when nobody watches, and at the top of runs that are only observed. */
export const CurrentRun = Context.Reference<RunContext | undefined>("rivulet/CurrentRun", {
  defaultValue: () => undefined
})

/** The observer of a fiber's runs, for telemetry; undefined when nobody observes. */
export const RunObserver = Context.Reference<Observer | undefined>("rivulet/RunObserver", {
  defaultValue: () => undefined
})

/** Is told of the whole answer of each model that a fiber runs; undefined when nobody asks. */
export const AnswerListener = Context.Reference<((answer: AIMessage) => void) | undefined>("rivulet/AnswerListener", {
  defaultValue: () => undefined
})

/** Opens a run in this context, and pulls in it. */
export const inContext = <Chunk, Out, E, R>(
  context: RunContext,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> => provided(CurrentRun, context, open)

/**
 * Opens a run in this context, and where this fiber is in the trace, although another run will pull it. For steps that
 * read other steps, which are not inside them.
 */
export const placedIn = <Chunk, Out, E, R>(
  context: RunContext,
  fiber: Fiber.Fiber<unknown, unknown>,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> => withServices<Chunk, Out, E, R, R>(placeOf(context, fiber), open)

/** Changes services to those of a context, where this fiber is in the trace. */
export const placeOf = (context: RunContext, fiber: Fiber.Fiber<unknown, unknown>) => {
  const place = fiber.getRef(RunObserver)?.placeOf(fiber.context)
  return remembered(<R>(services: Context.Context<R>): Context.Context<R> => {
    const inside = Context.add(services, CurrentRun, context)
    // A place changes no services that a step requires.
    return place === undefined ? inside : place(inside as Context.Context<never>) as Context.Context<R>
  }) as <R>(services: Context.Context<R>) => Context.Context<R> // it gives the services of its argument
}

/** Opens a run with this value of a reference, and pulls with it. */
export const provided = <A, Chunk, Out, E, R>(
  reference: Context.Reference<A>,
  value: A,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> => withServices<Chunk, Out, E, R, R>(remembered(Context.add(reference, value)), open)

/** Opens a run in the current context changed so. Does nothing when nobody watches. */
export const withRun = <Chunk, Out, E, R>(
  change: (context: RunContext) => RunContext,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> =>
(scope) =>
  Effect.withFiber((fiber) => {
    const context = currentRun(fiber)
    return context === undefined ? open(scope) : inContext(change(context), open)(scope)
  })

/** A run that is part of the current one, under this tag. */
export const tagged = <Chunk, Out, E, R>(tag: string, open: Opener<Chunk, Out, E, R>): Opener<Chunk, Out, E, R> =>
  withRun((context) => ({ ...context, stepTags: [tag] }), open)

/** A run with one tag more. */
export const alsoTagged = <Chunk, Out, E, R>(tag: string, open: Opener<Chunk, Out, E, R>): Opener<Chunk, Out, E, R> =>
  withRun((context) => ({ ...context, stepTags: [...context.stepTags, tag] }), open)

/** A run in the place of the step that chose it. */
export const asSoleStep = <Chunk, Out, E, R>(open: Opener<Chunk, Out, E, R>): Opener<Chunk, Out, E, R> =>
  withRun(
    (context) => ({ ...context, byFunction: false, demand: demandInPlace(context.wholeOnly) }),
    open
  )

/** An effect that asks for the whole output of a step. */
export const demandingWhole = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const context = currentRun(fiber)
    return context === undefined
      ? effect
      : Effect.provideService(effect, CurrentRun, { ...context, demand: "whole" })
  })

/** A run of a step: its own fields, and the context of the steps inside it. */
export interface StartedRun {
  readonly info: RunInfo
  readonly inside: RunContext
}

/** Starts a run of a step inside the current run: its own fields, and the context of the steps inside it. */
export const startRun = (context: RunContext, step: StepInfo): StartedRun => {
  // Nobody sees the ids of runs that are only observed.
  const unseen = context.watcher === nobody
  const id = unseen ? "" : globalThis.crypto.randomUUID()
  const fields = {
    type: step.type,
    name: context.stepName ?? step.name,
    run_id: id,
    parent_ids: context.path,
    tags: [...context.stepTags, ...context.tags],
    metadata: context.metadata
  }
  const info = { ...fields, wanted: context.watcher.wants(fields) }
  return {
    info,
    inside: {
      ...context,
      info,
      path: unseen ? context.path : [...context.path, id],
      stepTags: [],
      stepName: undefined,
      byFunction: step.shape === undefined,
      demand: demandInside(step, context.demand),
      wholeOnly: context.demand === "whole"
    }
  }
}

/** Whether the events of a run pass a filter. */
export const passes = (filter: Filter, run: Described): boolean => {
  const { excludeNames, excludeTags, excludeTypes, includeNames, includeTags, includeTypes } = filter
  const includesAll = includeNames === undefined && includeTags === undefined && includeTypes === undefined
  const has = (tags: ReadonlyArray<string> | undefined) => tags?.some((tag) => run.tags.includes(tag)) ?? false
  return (includesAll || (includeNames?.includes(run.name) ?? false) || (includeTypes?.includes(run.type) ?? false) ||
    has(includeTags)) &&
    !(excludeNames?.includes(run.name) ?? false) && !(excludeTypes?.includes(run.type) ?? false) && !has(excludeTags)
}
