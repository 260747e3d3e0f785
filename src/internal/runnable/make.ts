/**
 * Constructors of steps. Every runnable of the package is made here, from a description and one or two openers: `open`
 * for an input that is complete, `over` for one that is still arriving. Combinators, parsers, models, tools and agents
 * call it. Imports no combinator.
 */
import * as Effect from "effect/Effect"
import { pipeArguments } from "effect/Pipeable"
import * as Stream from "effect/Stream"
import { demandingWhole } from "../events/currentRun.ts"
import { watch, watchOver } from "../events/watch.ts"
import { nameOf } from "../excerpt.ts"
import { byShape } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import { collect, fromStream, single, toStream, TypeId } from "../step/run.ts"
import type { AnyRunnable, Opener, Over, Run, Runnable, Step, StepInfo } from "../step/types.ts"
import { batches, defectOf } from "./batch.ts"

// -----------------------------------------------------------------------------
// steps with events
// -----------------------------------------------------------------------------

/** A step whose runs have events. Without `over` it waits for its whole input. */
export const makeStep = <In, Out, E, R, Chunk, InChunk = unknown>(
  info: StepInfo,
  open: (input: In) => Opener<Chunk, Out, E, R>,
  over?: Over<InChunk, Chunk, Out, E, R>
): Runnable<In, Out, E, R, Chunk, InChunk> =>
  makeRunnable<In, Out, E, R, Chunk, InChunk>(
    info,
    (input) => watch(info, input, open(input)),
    over && (<E2, R2>(before: Opener<InChunk, unknown, E2, R2>) =>
      watchOver<InChunk, unknown, E2, R2, Chunk, Out, E | E2, R | R2>(info, before, over))
  )

/** A step that waits for its whole input and gives one value. */
export const singleValue = <In, Out, E, R>(
  info: StepInfo,
  run: (input: In) => Effect.Effect<Out, E, R>
): Runnable<In, Out, E, R> =>
  makeStep(
    { ...info, events: { stream: "never", ...info.events } },
    (input: In) => () => Effect.succeed(single(Effect.suspend(() => run(input))))
  )

/** A step that waits for its whole input and streams. */
export const barrier = <In, Out, E, R, Chunk>(
  spec: StepInfo & {
    readonly fold: () => ChunkFold<Chunk, Out>
    readonly run: (input: In) => Stream.Stream<Chunk, E, R>
  }
): Runnable<In, Out, E, R, Chunk> => {
  const { fold, run, ...info } = spec
  return makeStep(info, (input: In) => fromStream(Stream.suspend(() => run(input)), fold))
}

/** A step that works on chunks as they come. */
export const streaming = <In, Out, E, R, Chunk, InChunk>(
  spec: StepInfo & {
    readonly fold: () => ChunkFold<Chunk, Out>
    /** For a complete input. */
    readonly run: (input: In) => Stream.Stream<Chunk, E, R>
    /** For chunks of the input. */
    readonly over: <E2, R2>(input: Stream.Stream<InChunk, E2, R2>) => Stream.Stream<Chunk, E | E2, R | R2>
  }
): Runnable<In, Out, E, R, Chunk, InChunk> => {
  const { fold, over, run, ...info } = spec
  return makeStep<In, Out, E, R, Chunk, InChunk>(
    info,
    (input) => fromStream(Stream.suspend(() => run(input)), fold),
    (before) => fromStream(over(toStream(before)), fold)
  )
}

/**
 * A step that passes on the chunks of its input, or values of them. Its chunks fold in a way that depends on how the
 * input folds, so `over` makes a run of a run.
 */
export const passing = <In, Out, E, R, Chunk, InChunk>(
  info: StepInfo,
  over: <E2, R2>(before: Run<InChunk, unknown, E2, R2>) => Run<Chunk, Out, E | E2, R | R2>,
  open: (input: In) => Run<Chunk, Out, E, R>
): Runnable<In, Out, E, R, Chunk, InChunk> =>
  makeStep<In, Out, E, R, Chunk, InChunk>(
    info,
    (input) => () => Effect.sync(() => open(input)),
    (before) => (scope) => Effect.map(before(scope), over)
  )

// -----------------------------------------------------------------------------
// steps without events of their own
// -----------------------------------------------------------------------------

/** A step without events of its own: the steps that it runs have theirs. */
export const makeRunnable = <In, Out, E, R, Chunk, InChunk = unknown>(
  info: StepInfo,
  open: (input: In) => Opener<Chunk, Out, E, R>,
  over?: Over<InChunk, Chunk, Out, E, R>
): Runnable<In, Out, E, R, Chunk, InChunk> => {
  const depth = depthOf(info)
  if (depth > deepest) throw new TypeError(`${info.name}: steps lie in each other more than ${deepest} levels deep`)
  const invoke = (input: In) => demandingWhole(collect(open(input)))
  const stream = (input: In) => toStream(open(input))
  return {
    [TypeId]: {
      ...info,
      depth,
      open,
      over: over as Step["over"] // it is given runs whose chunks fit
    },
    name: info.name,
    invoke,
    stream,
    // Chunks that come from elsewhere fold by their shape.
    transform: <E2, R2>(input: Stream.Stream<InChunk, E2, R2>) => {
      const before = fromStream(input, byShape)
      return toStream<Chunk, Out, E | E2, R | R2>(
        over === undefined
          ? (scope) => Effect.flatMap(collect(before), (whole) => open(whole as In)(scope)) // its chunks fold to the input
          : over(before)
      )
    },
    ...batches(invoke, defectOf(info.name)),
    pipe() {
      return pipeArguments(this, arguments)
    }
  }
}

/** Values of deeper steps are nested objects, on which JavaScript's stack would overflow without a name. */
const deepest = 500

const depthOf = ({ depth, shape, steps }: StepInfo): number => {
  if (depth !== undefined) return depth
  let most = 0
  for (const step of steps ?? []) most = Math.max(most, step[TypeId].depth ?? 0)
  if (steps !== undefined || shape?._tag !== "Branches") return most
  for (const [label, step] of shape.branches) {
    if (!isRunnable(step)) {
      throw new TypeError(
        `The step ${JSON.stringify(label)} is ${nameOf(step)}, not a runnable: put a function into Runnable.fn`
      )
    }
    most = Math.max(most, (step[TypeId].depth ?? 0) + 1)
  }
  return most
}

/** The same step with its runs wrapped. It is not taken apart by a sequence. */
export const wrapStep = <In, Out, E, R, Chunk, InChunk, E2, R2>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>,
  wrap: <E3, R3>(
    open: Opener<Chunk, Out, E | E3, R | R3>,
    known: { readonly input?: In }
  ) => Opener<Chunk, Out, E2 | E3, R2 | R3>
): Runnable<In, Out, E2, R2, Chunk, InChunk> => {
  const { over } = self[TypeId]
  return makeRunnable<In, Out, E2, R2, Chunk, InChunk>(
    infoOf(self),
    // Suspended, so that thousands of wrappers around each other take no stack.
    (input) => (scope) => Effect.suspend(() => wrap<never, never>(open(self, input), { input })(scope)),
    over &&
      (<E3, R3>(before: Opener<InChunk, unknown, E3, R3>): Opener<Chunk, Out, E2 | E3, R2 | R3> => (scope) =>
        Effect.suspend(() => wrap(over(before) as Opener<Chunk, Out, E | E3, R | R3>, {})(scope))) // as `makeRunnable` got it
  )
}

/** The same step, run in another way once its whole input is there. */
export const wrapBarrier = <In, Out, E, R, Chunk, InChunk, E2, R2>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>,
  open: (input: In) => Opener<Chunk, Out, E2, R2>
): Runnable<In, Out, E2, R2, Chunk> => makeRunnable(infoOf(self), open)

/** The description of a step that a wrapper keeps. */
export const infoOf = (self: { readonly [TypeId]: Step }): StepInfo => {
  const { depth, events, name, shape, subject, type } = self[TypeId]
  return { depth, events, name, shape, subject, type }
}

// -----------------------------------------------------------------------------
// running
// -----------------------------------------------------------------------------

/** Opens a run of a runnable. */
export const open = <In, Out, E, R, Chunk>(
  self: Runnable<In, Out, E, R, Chunk, never>,
  input: In
): Opener<Chunk, Out, E, R> =>
  // As `makeRunnable` got it, for inputs of this type.
  self[TypeId].open(input as never) as Opener<Chunk, Out, E, R>

/** Whether a value is a runnable. */
export const isRunnable = (value: unknown): value is AnyRunnable =>
  typeof value === "object" && value !== null && TypeId in value
