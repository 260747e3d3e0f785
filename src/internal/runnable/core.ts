import * as Effect from "effect/Effect"
import { pipeArguments } from "effect/Pipeable"
import type { Pipeable } from "effect/Pipeable"
import type * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { RunType } from "../../RunEvent.ts"
import { askingWhole, isWatched } from "../events/currentRun.ts"
import type { Asked } from "../events/currentRun.ts"
import { noting, Reading } from "../events/inputRecorder.ts"
import { watch } from "../events/watch.ts"
import type { Tells } from "../events/watch.ts"
import { byShape, following, last, lazily } from "../step/fold.ts"
import type { Folder, Kept } from "../step/fold.ts"
import { forFiber, unwrap } from "../stream/unwrap.ts"

export const TypeId = "~rivulet/Runnable"

/** How many inputs of a batch run at once. */
export interface BatchOptions {
  /** 8 by default. */
  readonly concurrency?: number | undefined
}

/**
 * A step, or a chain of them: something that makes an `Out` of an `In`, and can show it chunk by chunk while it does.
 *
 * `Chunk` is what it streams, `Out` what its chunks fold to. `InChunk` is what it can start on before its input is
 * whole; `unknown` means that it waits, and folds whatever comes.
 */
export interface Runnable<in In, out Out, out E = never, out R = never, out Chunk = Out, in InChunk = unknown>
  extends Pipeable
{
  readonly [TypeId]: Step
  readonly name: string
  /** The whole output: the fold of {@link Runnable.stream}. */
  readonly invoke: (input: In) => Effect.Effect<Out, E, R>
  /** The output as it is made. Nothing runs before the stream does; leaving it stops what runs. */
  readonly stream: (input: In) => Stream.Stream<Chunk, E, R>
  /** The output for an input that is still being made. */
  readonly transform: <E2, R2>(input: Stream.Stream<InChunk, E2, R2>) => Stream.Stream<Chunk, E | E2, R | R2>
  /** One output for each input, in their order. A failure is the `Result` of its input and ends no other. */
  readonly batch: (
    inputs: ReadonlyArray<In>,
    options?: BatchOptions
  ) => Effect.Effect<Array<Result.Result<Out, E>>, never, R>
  /** One output for each input, with the input's index, as they are ready. */
  readonly batchAsCompleted: (
    inputs: ReadonlyArray<In>,
    options?: BatchOptions
  ) => Stream.Stream<readonly [index: number, result: Result.Result<Out, E>], never, R>
}

/** What combinators know of a runnable. */
export interface Step {
  readonly type: RunType
  readonly name: string
  readonly quiet?: boolean | undefined
  readonly tells?: Tells | undefined
  /** One run, for an input that is there. It has events if it is `watched`. */
  readonly open: (input: never, watched: boolean) => AnyOpened
  /** One run over the chunks of another; absent for a step that waits for its whole input. */
  readonly over?: ((input: AnyOpened, watched: boolean) => AnyOpened) | undefined
  /** The steps of a sequence, so that a sequence of sequences is one sequence. */
  readonly steps?: ReadonlyArray<AnyRunnable> | undefined
  /** What lies inside, as `graph` shows it. Unlike `steps` it stays when the step is run in another way. */
  readonly shape?: Shape | undefined
}

/**
 * One run of a step: what it puts out, and how that folds. They belong together, because a step may choose only when it
 * runs what it gives on.
 */
export interface Opened<Chunk, Out, E, R> {
  readonly stream: Stream.Stream<Chunk, E, R>
  /** A new folder for the chunks of the stream. */
  readonly folder: () => Folder<Chunk, Out>
  /** What the run folds itself as its chunks pass, so that nobody need do it again; known once a chunk has come. */
  readonly kept?: (() => Kept<Out> | undefined) | undefined
  /** The whole output without the stream, where there is a way and nobody watches. */
  readonly whole?: Effect.Effect<Out, E, R> | undefined
}

/** A run of which the types do not matter any more. */
export interface AnyOpened {
  readonly stream: Stream.Stream<unknown, unknown, unknown>
  readonly folder: () => Folder<never, unknown>
  readonly kept?: (() => Kept<unknown> | undefined) | undefined
  readonly whole?: Effect.Effect<unknown, unknown, unknown> | undefined
}

/** The steps inside a step: one after the other, or beside each other under their labels. */
export type Shape =
  | { readonly _tag: "Sequence"; readonly steps: ReadonlyArray<AnyRunnable> }
  | { readonly _tag: "Branches"; readonly branches: ReadonlyArray<readonly [label: string, step: AnyRunnable]> }

/** A runnable of which the types do not matter any more. */
export type AnyRunnable = Runnable<never, unknown, unknown, unknown, unknown, never>

// What the steps of a combinator, as a union, give, fail with, need and stream.
export type OutOf<S> = S extends Runnable<never, infer A, unknown, unknown, unknown, never> ? A : never
export type ErrorOf<S> = S extends Runnable<never, unknown, infer E, unknown, unknown, never> ? E : never
export type ServicesOf<S> = S extends Runnable<never, unknown, unknown, infer R, unknown, never> ? R : never
export type ChunkOf<S> = S extends Runnable<never, unknown, unknown, unknown, infer C, never> ? C : never

/** One run over the chunks of another, with its failures and needs. */
export type Over<InChunk, Chunk, Out, E, R> = <E2, R2>(
  before: Opened<InChunk, unknown, E2, R2>,
  watched: boolean
) => Opened<Chunk, Out, E | E2, R | R2>

/** What a step tells of itself. */
export interface About<In> {
  readonly type: RunType
  readonly name: string
  /** How the input is told in events, where that differs from what it is. */
  readonly tellInput?: ((input: In) => unknown) | undefined
  readonly tellOutput?: ((output: unknown) => unknown) | undefined
  /** How the chunks that it reads are told at its end, where not as they fold, if not only the whole is asked for. */
  readonly noteInput?: (() => Folder<never, unknown>) | undefined
  /** It has no stream events, because it gives one value at once. */
  readonly quiet?: boolean | undefined
  /** When it has events, if not always, and stream events whenever its chunks are asked for. */
  readonly tells?: Tells | undefined
  readonly steps?: ReadonlyArray<AnyRunnable> | undefined
  readonly shape?: Shape | undefined
}

/** What a step is made of whose chunks always fold alike. */
export interface Spec<In, Out, E, R, Chunk> extends About<In> {
  readonly folder: () => Folder<Chunk, Out>
  readonly run: (input: In) => Stream.Stream<Chunk, E, R>
}

/** A step that waits for its whole input. */
export const barrier = <In, Out, E, R, Chunk>(spec: Spec<In, Out, E, R, Chunk>): Runnable<In, Out, E, R, Chunk> =>
  opening(spec, (input) => ({ stream: spec.run(input), folder: spec.folder }))

/** A step that waits for its whole input, and gives one value at once. */
export const giving = <In, Out, E, R>(
  spec: About<In> & { readonly give: (input: In) => Effect.Effect<Out, E, R> }
): Runnable<In, Out, E, R> =>
  opening({ quiet: true, ...spec }, (input) => single(Effect.suspend(() => spec.give(input))))

/** A run that gives one value. */
export const single = <Out, E, R>(whole: Effect.Effect<Out, E, R>): Opened<Out, Out, E, R> => ({
  stream: Stream.fromEffect(whole),
  folder: () => last<Out>(),
  whole
})

/** A step that works on chunks as they come. `run` is what it does with an input that is there already. */
export const streaming = <In, Out, E, R, Chunk, InChunk>(
  spec: Spec<In, Out, E, R, Chunk> & {
    readonly over: <E2, R2>(input: Stream.Stream<InChunk, E2, R2>) => Stream.Stream<Chunk, E | E2, R | R2>
    /** For a step that gives on chunks, or parts of them: how they fold, given how they folded before. */
    readonly foldOver?: ((before: Folder<never, unknown>) => Folder<never, unknown>) | undefined
  }
): Runnable<In, Out, E, R, Chunk, InChunk> => {
  const { foldOver } = spec
  return opening<In, Out, E, R, Chunk, InChunk>(
    spec,
    (input) => ({ stream: spec.run(input), folder: spec.folder }),
    (before) => ({
      stream: spec.over(before.stream),
      folder: foldOver === undefined
        ? spec.folder
        : () => lazily(() => foldOver(before.folder()) as Folder<Chunk, Out>) // it folds the chunks given on
    })
  )
}

/**
 * A step that says for each run how its chunks fold. Without `over` it waits for its whole input. It has its events from
 * here; `watched` is for the steps inside it.
 */
export const opening = <In, Out, E, R, Chunk, InChunk = unknown>(
  about: About<In>,
  open: (input: In, watched: boolean) => Opened<Chunk, Out, E, R>,
  over?: Over<InChunk, Chunk, Out, E, R>
): Runnable<In, Out, E, R, Chunk, InChunk> =>
  build<In, Out, E, R, Chunk, InChunk>(
    about,
    (input, watched) =>
      watch(
        about,
        watched,
        () => ({ _tag: "Known", value: input, ...(about.tellInput && { nested: about.tellInput(input) }) }),
        open(input, watched)
      ),
    over && (<E2, R2>(before: Opened<InChunk, unknown, E2, R2>, watched: boolean) => {
      if (!watched) return over(before, watched)
      // What comes in is only noted for the events.
      let reading: Reading<InChunk> | undefined
      const stream = Stream.suspend(() => reading === undefined ? before.stream : noting(before.stream, reading))
      const input = (asked: Asked) => {
        // It folds what the step reads.
        const folder = about.noteInput as (() => Folder<InChunk, unknown>) | undefined
        return reading = new Reading(following(folder === undefined || asked === "whole" ? before : { folder }))
      }
      return watch(about, watched, input, over(restreamed(before, stream), watched))
    })
  )

/** What a step tells of itself that does not depend on its types. */
type Told = Omit<Step, "open" | "over">

/** A step without events of its own: what it runs has them. It waits for its whole input. */
export const unwatched = <In, Out, E, R, Chunk>(
  about: Told,
  open: (input: In, watched: boolean) => Opened<Chunk, Out, E, R>
): Runnable<In, Out, E, R, Chunk> => build<In, Out, E, R, Chunk, unknown>(about, open, undefined)

/** The same step, its runs changed. It has no events of its own, and is not taken apart. */
export const derived = <In, Out, E, R, Chunk, InChunk, E2, R2>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>,
  change: <E3, R3>(
    run: Opened<Chunk, Out, E | E3, R | R3>,
    input: { readonly input?: In }
  ) => Stream.Stream<Chunk, E2 | E3, R2 | R3>
): Runnable<In, Out, E2, R2, Chunk, InChunk> => {
  const { over } = self[TypeId]
  return build(
    aboutOf(self),
    (input, watched) => {
      const run = open(self, input, watched)
      return restreamed(run, change<never, never>(run, { input }))
    },
    over && (<E3, R3>(before: Opened<InChunk, unknown, E3, R3>, watched: boolean) => {
      const run = over(before, watched) as Opened<Chunk, Out, E | E3, R | R3> // as `build` made it
      return restreamed(run, change(run, {}))
    })
  )
}

/** A run with another stream, whose chunks fold as its own do. */
export const restreamed = <Chunk, Out, E, R, E2, R2>(
  run: Opened<Chunk, Out, E, R>,
  stream: Stream.Stream<Chunk, E2, R2>
): Opened<Chunk, Out, E2, R2> => ({ ...run, stream, whole: undefined })

/** The same step, run in another way once its whole input is there. */
export const derivedBarrier = <In, Out, E, R, Chunk, InChunk, E2, R2>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>,
  open: (input: In, watched: boolean) => Opened<Chunk, Out, E2, R2>
): Runnable<In, Out, E2, R2, Chunk> => unwatched(aboutOf(self), open)

const aboutOf = (self: { readonly [TypeId]: Step }): Told => {
  const { name, quiet, shape, tells, type } = self[TypeId]
  return { name, quiet, shape, tells, type }
}

/** One run of a runnable. */
export const open = <In, Out, E, R, Chunk>(
  self: Runnable<In, Out, E, R, Chunk, never>,
  input: In,
  watched: boolean
): Opened<Chunk, Out, E, R> =>
  // As `build` made it, for inputs of this type.
  self[TypeId].open(input as never, watched) as unknown as Opened<Chunk, Out, E, R>

/** A run of which it is known only when it has begun what it is. */
export const deferred = <Chunk, Out, E, R, E2, R2>(
  begin: Effect.Effect<Opened<Chunk, Out, E, R>, E2, R2>,
  watched: boolean
): Opened<Chunk, Out, E | E2, R | R2> => {
  let begun: Opened<Chunk, Out, E, R> | undefined
  return {
    stream: unwrap(Effect.map(begin, (run) => {
      begun = run
      return run.stream
    })),
    folder: () => lazily(() => begun?.folder()),
    kept: () => begun?.kept?.(),
    whole: watched ? undefined : Effect.flatMap(begin, collect)
  }
}

/** The whole output of a run. */
export const collect = <Chunk, Out, E, R>(run: Opened<Chunk, Out, E, R>): Effect.Effect<Out, E, R> =>
  run.whole ?? folded(run)

const folded = <Chunk, Out, E, R>(run: Opened<Chunk, Out, E, R>): Effect.Effect<Out, E, R> =>
  Effect.suspend(() => {
    const { done, follow } = following(run)
    return Effect.map(
      Stream.runForEachArray(run.stream, (chunks) => {
        follow(chunks)
        return Effect.void
      }),
      done
    )
  })

const build = <In, Out, E, R, Chunk, InChunk>(
  about: Told,
  open: (input: In, watched: boolean) => Opened<Chunk, Out, E, R>,
  over: Over<InChunk, Chunk, Out, E, R> | undefined
): Runnable<In, Out, E, R, Chunk, InChunk> => {
  const invoke = (input: In) => askingWhole((watched) => collect(open(input, watched)))
  const stream = (input: In) => forFiber((fiber) => open(input, isWatched(fiber)).stream)
  return {
    [TypeId]: {
      type: about.type,
      name: about.name,
      quiet: about.quiet,
      tells: about.tells,
      steps: about.steps,
      shape: about.shape,
      open,
      over: over as Step["over"] // what it is given are runs whose chunks fit
    },
    name: about.name,
    invoke,
    stream,
    // How chunks fold that come from elsewhere goes by their shape.
    transform: <E2, R2>(input: Stream.Stream<InChunk, E2, R2>) =>
      forFiber((fiber) => {
        const before = { stream: input, folder: byShape }
        return over === undefined
          ? unwrap(Effect.map(collect(before), (whole) => stream(whole as In))) // its chunks fold to the input
          : over(before, isWatched(fiber)).stream
      }),
    ...batches((input: In) => Effect.result(invoke(input))),
    pipe() {
      return pipeArguments(this, arguments)
    }
  }
}

/** `batch` and `batchAsCompleted` of something that answers one input at a time. */
export const batches = <In, A, R, Options extends BatchOptions>(
  one: (input: In, options: Options | undefined) => Effect.Effect<A, never, R>
) => ({
  batch: (inputs: ReadonlyArray<In>, options?: Options) =>
    Effect.forEach(inputs, (input) => one(input, options), { concurrency: concurrencyOf(options) }),
  batchAsCompleted: (inputs: ReadonlyArray<In>, options?: Options) =>
    Stream.fromIterable(inputs.entries()).pipe(
      Stream.mapEffect(
        ([index, input]) => Effect.map(one(input, options), (result) => [index, result] as const),
        { concurrency: concurrencyOf(options), unordered: true }
      )
    )
})

/** At least one at a time, also for what is no number. */
export const concurrencyOf = ({ concurrency = 8 }: BatchOptions = {}): number => concurrency >= 1 ? concurrency : 1
