import * as Effect from "effect/Effect"
import { pipeArguments } from "effect/Pipeable"
import type { Pipeable } from "effect/Pipeable"
import type * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { RunType } from "../../RunEvent.ts"
import { byShape } from "./fold.ts"
import type { Folder } from "./fold.ts"
import { watch } from "./watch.ts"
import type { Input } from "./watch.ts"

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
  readonly folder: () => Folder<never, unknown>
  /** It works on chunks; otherwise it waits for its whole input. */
  readonly streaming: boolean
  /** The steps of a sequence, so that a sequence of sequences is one sequence. */
  readonly steps?: ReadonlyArray<AnyRunnable> | undefined
  /** For a step that gives on chunks, or parts of them: how they fold is told by the step before it. */
  readonly foldOver?: FoldOver | undefined
  /** What lies inside, as `graph` shows it. Unlike `steps` it stays when the step is run in another way. */
  readonly shape?: Shape | undefined
}

/** How chunks fold after a step, given how they folded before it. */
export type FoldOver = (before: () => Folder<never, unknown>) => () => Folder<never, unknown>

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

/** What a runnable is made of. */
export interface Spec<In, Out, E, R, Chunk> {
  readonly type: RunType
  readonly name: string
  readonly folder: () => Folder<Chunk, Out>
  readonly run: (input: In) => Stream.Stream<Chunk, E, R>
  /** How the input is told in events, where that differs from what it is. */
  readonly tellInput?: ((input: In) => unknown) | undefined
  readonly tellOutput?: ((output: unknown) => unknown) | undefined
  /** It has no stream events, because it gives one value at once. */
  readonly quiet?: boolean | undefined
  /** For a step that works on chunks. */
  readonly over?: (<E2, R2>(input: Stream.Stream<never, E2, R2>) => Stream.Stream<Chunk, E | E2, R | R2>) | undefined
  readonly steps?: ReadonlyArray<AnyRunnable> | undefined
  readonly foldOver?: FoldOver | undefined
  readonly shape?: Shape | undefined
}

/** A step that waits for its whole input. */
export const barrier = <In, Out, E, R, Chunk>(spec: Spec<In, Out, E, R, Chunk>): Runnable<In, Out, E, R, Chunk> => {
  const stream = (input: In) =>
    watch(
      spec,
      (): Input => ({ _tag: "Known", value: input, ...(spec.tellInput && { nested: spec.tellInput(input) }) }),
      spec.run(input)
    )
  return complete(spec, stream, whenWhole(stream))
}

/** A step that works on chunks as they come. `whole` is what it does with an input that is there already. */
export const streaming = <In, Out, E, R, Chunk, InChunk>(
  spec: Omit<Spec<In, Out, E, R, Chunk>, "over"> & {
    readonly over: <E2, R2>(input: Stream.Stream<InChunk, E2, R2>) => Stream.Stream<Chunk, E | E2, R | R2>
  }
): Runnable<In, Out, E, R, Chunk, InChunk> => {
  const stream = (input: In) => watch(spec, (): Input => ({ _tag: "Known", value: input }), spec.run(input))
  return complete(spec, stream, <E2, R2>(input: Stream.Stream<InChunk, E2, R2>) =>
    Stream.suspend(() => {
      let folder = byShape()
      const note = (chunks: readonly [InChunk, ...Array<InChunk>]) => {
        for (const chunk of chunks) folder.add(chunk)
        return chunks
      }
      return watch(
        spec,
        ({ stepInput }) => {
          // A folder of the step before is one for the chunks that come.
          if (stepInput !== undefined) folder = stepInput() as Folder<unknown, unknown>
          return { _tag: "Streamed", folder }
        },
        spec.over(input),
        // What comes in is only noted for the end event.
        () => spec.over(Stream.mapArray(input, note))
      )
    }))
}

/** The same step, run in another way. It has no events of its own, and is not taken apart. */
export const derived = <In, Out, E, R, Chunk, InChunk, E2, R2>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>,
  stream: (input: In) => Stream.Stream<Chunk, E2, R2>,
  transform: Runnable<In, Out, E2, R2, Chunk, InChunk>["transform"]
): Runnable<In, Out, E2, R2, Chunk, InChunk> => {
  const { steps: _, ...step } = self[TypeId]
  // The step's folder is one for its own chunks, which the new stream still has.
  return build(step, step.folder as () => Folder<Chunk, Out>, stream, transform)
}

/** The same step, run in another way, once its whole input is there. */
export const derivedBarrier = <In, Out, E, R, Chunk, InChunk, E2, R2>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>,
  stream: (input: In) => Stream.Stream<Chunk, E2, R2>
): Runnable<In, Out, E2, R2, Chunk> => {
  const { steps: _, ...step } = self[TypeId]
  return build(
    { ...step, streaming: false, foldOver: undefined },
    step.folder as () => Folder<Chunk, Out>,
    stream,
    whenWhole(stream)
  )
}

/** A step that cannot work on chunks folds what comes, by its shape, and then runs. */
const whenWhole =
  <In, E, R, Chunk>(stream: (input: In) => Stream.Stream<Chunk, E, R>) =>
  <E2, R2>(input: Stream.Stream<unknown, E2, R2>): Stream.Stream<Chunk, E | E2, R | R2> =>
    Stream.unwrap(Effect.map(Effect.suspend(() => collect(input, byShape())), (whole) => stream(whole as In)))

/** Runs a stream and folds it. */
export const collect = <Chunk, Out, E, R>(
  stream: Stream.Stream<Chunk, E, R>,
  folder: Folder<Chunk, Out>
): Effect.Effect<Out, E, R> =>
  Effect.map(
    Stream.runForEachArray(stream, (chunks) =>
      Effect.sync(() => {
        for (const chunk of chunks) folder.add(chunk)
      })),
    () => folder.done()
  )

const complete = <In, Out, E, R, Chunk, InChunk>(
  spec: Spec<In, Out, E, R, Chunk>,
  stream: (input: In) => Stream.Stream<Chunk, E, R>,
  transform: Runnable<In, Out, E, R, Chunk, InChunk>["transform"]
): Runnable<In, Out, E, R, Chunk, InChunk> =>
  build(
    {
      type: spec.type,
      name: spec.name,
      folder: spec.folder,
      streaming: spec.over !== undefined,
      steps: spec.steps,
      foldOver: spec.foldOver,
      shape: spec.shape
    },
    spec.folder,
    stream,
    transform
  )

const build = <In, Out, E, R, Chunk, InChunk>(
  step: Step,
  folder: () => Folder<Chunk, Out>,
  stream: (input: In) => Stream.Stream<Chunk, E, R>,
  transform: Runnable<In, Out, E, R, Chunk, InChunk>["transform"]
): Runnable<In, Out, E, R, Chunk, InChunk> => {
  const invoke = (input: In) => Effect.suspend(() => collect(stream(input), folder()))
  return {
    [TypeId]: step,
    name: step.name,
    invoke,
    stream,
    transform,
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

export const concurrencyOf = (options: BatchOptions | undefined): number => Math.max(1, options?.concurrency ?? 8)
