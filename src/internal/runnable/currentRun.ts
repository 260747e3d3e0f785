import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Metadata } from "../../Message.ts"
import type { Filter, RunEvent, RunType } from "../../RunEvent.ts"
import type { Opened } from "./core.ts"

/** Where events go, and which are wanted. */
export interface Watcher {
  /** Waits while the reader is behind. */
  readonly emit: (events: ReadonlyArray<RunEvent>) => Effect.Effect<void>
  readonly filter: Filter
}

/** A run of a step, as the steps inside it see it through the fiber's context. */
export interface Run {
  readonly watcher: Watcher
  /** The run's id, after those of the runs it lies in. Empty for the one that is watched: its steps are roots. */
  readonly path: ReadonlyArray<string>
  /** Tags and metadata of every step inside. */
  readonly tags: ReadonlyArray<string>
  readonly metadata: Metadata
  /** Tags of the next step alone, such as its place in a sequence. */
  readonly stepTags: ReadonlyArray<string>
  /** A name for the next step alone. */
  readonly stepName?: string | undefined
}

/** The run that a fiber works for; undefined when nobody watches. */
export const CurrentRun = Context.Reference<Run | undefined>("rivulet/CurrentRun", { defaultValue: () => undefined })

/** A stream whose steps see the run changed so. Nothing is done when nobody watches. */
export const inRun = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  change: (run: Run) => Run
): Stream.Stream<A, E, R> =>
  Stream.unwrap(
    Effect.map(CurrentRun, (run) => run === undefined ? stream : Stream.provideService(stream, CurrentRun, change(run)))
  )

/** A step's run as part of the one that runs it, under this tag. */
export const tagged = <A, Out, E, R>(tag: string, opened: Opened<A, Out, E, R>): Opened<A, Out, E, R> => ({
  ...opened,
  stream: inRun(opened.stream, (run) => ({ ...run, stepTags: [tag] }))
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

/** A step begins inside a run: what it is, and the run its own steps lie in. */
export const enter = (run: Run, type: RunType, name: string): { readonly info: RunInfo; readonly inner: Run } => {
  const id = globalThis.crypto.randomUUID()
  const tags = [...run.stepTags, ...run.tags]
  const info = { type, name: run.stepName ?? name, run_id: id, parent_ids: run.path, tags, metadata: run.metadata }
  return {
    info: { ...info, wanted: passes(run.watcher.filter, info) },
    inner: {
      ...run,
      path: [...run.path, id],
      stepTags: [],
      stepName: undefined
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
