import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Metadata } from "../../Message.ts"
import type { Filter, RunEvent, RunType } from "../../RunEvent.ts"
import type { Opened, Shape } from "../runnable/core.ts"
import { forFiber } from "../stream/unwrap.ts"

/** Where events go, and which are wanted. */
export interface Watcher {
  /** Waits while the reader is behind. */
  readonly emit: (events: ReadonlyArray<RunEvent>) => Effect.Effect<void>
  readonly filter: Filter
}

/**
 * How a step is asked: for its chunks as a part of a chain (`part`), for its chunks by itself, or for the whole alone.
 * It gives the same each time; but LangChain does not tell the same of it.
 */
export type Asked = "part" | "chunks" | "whole"

/** A run of a step, as the steps inside it see it through the fiber's context. */
export interface Run {
  readonly watcher: Watcher
  /** The run itself. Undefined for what is watched: its steps are roots. */
  readonly info?: RunInfo | undefined
  /** The run's id, after those of the runs it lies in. */
  readonly path: ReadonlyArray<string>
  /** Tags and metadata of every step inside. */
  readonly tags: ReadonlyArray<string>
  readonly metadata: Metadata
  /** Tags of the next step alone, such as its place in a sequence. */
  readonly stepTags: ReadonlyArray<string>
  /** A name for the next step alone. */
  readonly stepName?: string | undefined
  /** The next step is asked by a function, not by the step it is part of. */
  readonly called: boolean
  /** How the next step is asked. */
  readonly asked: Asked
  /** Only the whole is asked for of the run that the steps lie in. */
  readonly whole: boolean
}

/** The run that a fiber works for; undefined when nobody watches. */
export const CurrentRun = Context.Reference<Run | undefined>("rivulet/CurrentRun", { defaultValue: () => undefined })

/** Whether somebody watches what a fiber runs. */
export const isWatched = (fiber: Fiber.Fiber<unknown, unknown>): boolean => fiber.getRef(CurrentRun) !== undefined

/** A stream whose steps see the run changed so. Nothing is done when nobody watches. */
export const inRun = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  change: (run: Run) => Run
): Stream.Stream<A, E, R> =>
  forFiber((fiber) => {
    const run = fiber.getRef(CurrentRun)
    return run === undefined ? stream : Stream.provideService(stream, CurrentRun, change(run))
  })

/** A step's run as part of the one that runs it, under this tag. */
export const tagged = <A, Out, E, R>(tag: string, opened: Opened<A, Out, E, R>): Opened<A, Out, E, R> => ({
  ...opened,
  stream: inRun(opened.stream, (run) => ({ ...run, stepTags: [tag] }))
})

/** A step's run with one tag more. */
export const alsoTagged = <A, Out, E, R>(
  tag: string,
  opened: Opened<A, Out, E, R>
): Opened<A, Out, E, R> => ({
  ...opened,
  stream: inRun(opened.stream, (run) => ({ ...run, stepTags: [...run.stepTags, tag] }))
})

/** A step's run in the place of the one that chose it. */
export const alone = <A, Out, E, R>(opened: Opened<A, Out, E, R>): Opened<A, Out, E, R> => ({
  ...opened,
  stream: inRun(opened.stream, (run) => ({ ...run, called: false, asked: run.whole ? "whole" : "chunks" }))
})

/** An effect that asks for the whole of a step. */
export const askingWhole = <A, E, R>(ask: (watched: boolean) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const run = fiber.getRef(CurrentRun)
    return run === undefined ? ask(false) : Effect.provideService(ask(true), CurrentRun, { ...run, asked: "whole" })
  })

/** What is the same in every event of one run. */
export interface RunInfo {
  readonly type: RunType
  readonly name: string
  readonly run_id: string
  readonly parent_ids: ReadonlyArray<string>
  readonly tags: ReadonlyArray<string>
  readonly metadata: Metadata
  readonly wanted: boolean
}

/**
 * A step begins inside a run: what it is, and the run its own steps lie in. Those of a step without a shape are what its
 * function asks.
 */
export const enter = (
  run: Run,
  { name, shape, type }: { readonly type: RunType; readonly name: string; readonly shape?: Shape | undefined }
): { readonly info: RunInfo; readonly inner: Run } => {
  const id = globalThis.crypto.randomUUID()
  const tags = [...run.stepTags, ...run.tags]
  const told = { type, name: run.stepName ?? name, run_id: id, parent_ids: run.path, tags, metadata: run.metadata }
  const info = { ...told, wanted: passes(run.watcher.filter, told) }
  const whole = run.asked === "whole"
  return {
    info,
    inner: {
      ...run,
      info,
      path: [...run.path, id],
      stepTags: [],
      stepName: undefined,
      called: shape === undefined,
      asked: shape === undefined ? "chunks" : whole ? "whole" : "part",
      whole
    }
  }
}

const passes = (
  filter: Filter,
  run: { readonly type: RunType; readonly name: string; readonly tags: ReadonlyArray<string> }
): boolean => {
  const { excludeNames, excludeTags, excludeTypes, includeNames, includeTags, includeTypes } = filter
  const includes = includeNames === undefined && includeTags === undefined && includeTypes === undefined
  const has = (tags: ReadonlyArray<string> | undefined) => tags?.some((tag) => run.tags.includes(tag)) ?? false
  return (includes || (includeNames?.includes(run.name) ?? false) || (includeTypes?.includes(run.type) ?? false) ||
    has(includeTags)) &&
    !(excludeNames?.includes(run.name) ?? false) && !(excludeTypes?.includes(run.type) ?? false) && !has(excludeTags)
}
