/**
 * The types of a step and of one run of it. Types only: combinators, models, tools and the event layer all build on
 * them, so this file imports none of these.
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Pipeable } from "effect/Pipeable"
import type * as Pull from "effect/Pull"
import type * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { RunType } from "../../RunEvent.ts"
import type { RunnableDefectError } from "../defects.ts"
import type { StepSubject } from "../events/observer.ts"
import type { EventPolicy } from "../events/policy.ts"
import type { BatchOptions, Inputs } from "./batch.ts"
import type { ChunkFold } from "./fold.ts"

/**
 * A step, or a chain of steps: it makes an `Out` from an `In`, and can stream it chunk by chunk.
 *
 * **Details**
 *
 * - `Chunk` is the type of the streamed chunks; they fold to `Out`.
 * - `InChunk` is the type of the input chunks the step can start on before its input is complete. `unknown` means that
 *   the step waits for its whole input, whatever its chunks are.
 * - `E` and `R` are the errors and the services of all steps inside.
 */
export interface Runnable<in In, out Out, out E = never, out R = never, out Chunk = Out, in InChunk = unknown>
  extends Pipeable
{
  readonly "~rivulet/Runnable": Step
  /** The name of the step in events and graphs. */
  readonly name: string
  /** The whole output: the fold of {@link Runnable.stream}. */
  readonly invoke: (input: In) => Effect.Effect<Out, E, R>
  /** The output as it is made. Nothing runs before the stream does; leaving the stream stops the run. */
  readonly stream: (input: In) => Stream.Stream<Chunk, E, R>
  /** The output for an input that is still arriving. */
  readonly transform: <E2, R2>(input: Stream.Stream<InChunk, E2, R2>) => Stream.Stream<Chunk, E | E2, R | R2>
  /**
   * One result for each input, in the order of the inputs. A failure is the `Result` of its input and stops no other. So
   * is a defect, as a `RunnableDefectError`.
   */
  readonly batch: (
    inputs: Inputs<In>,
    options?: BatchOptions
  ) => Effect.Effect<Array<Result.Result<Out, E | RunnableDefectError>>, never, R>
  /**
   * One result for each input, with the index of the input, in the order in which they complete. An input is read and
   * started when there is room for its result: at most `concurrency` inputs run or wait to be read.
   */
  readonly batchAsCompleted: (
    inputs: Inputs<In>,
    options?: BatchOptions
  ) => Stream.Stream<readonly [index: number, result: Result.Result<Out, E | RunnableDefectError>], never, R>
}

/**
 * Any chain from an `In` to an `Out`, whatever its chunks are: the type of a parameter or a field that takes a chain.
 *
 * **Gotchas**
 *
 * The chunks are no longer known, so such a chain can be the first step of another, but not a later one. A function that
 * puts a chain behind a step names all type parameters of {@link Runnable}.
 *
 * **Example** (A function that takes a chain)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Runnable } from "rivulet"
 *
 * const twice = <E, R>(chain: Runnable.Chain<string, string, E, R>) =>
 *   Effect.all([chain.invoke("once"), chain.invoke("again")])
 * ```
 */
export type Chain<In, Out = unknown, E = never, R = never> = Runnable<In, Out, E, R, unknown, never>

/**
 * A step whose output has the type of its input, or of a key of its input. A combinator that learns the input's type
 * after the step was made fills it in.
 */
export interface OutputOf<out Source extends "input" | { readonly key: string }> {
  readonly "~rivulet/OutputOf": Source
}

/** The part of a runnable that combinators use. */
export interface Step extends StepInfo {
  /** Opens a run for a complete input. */
  readonly open: (input: never) => AnyOpener
  /** Opens a run over the chunks of another run. Absent for a step that waits for its whole input. */
  readonly over?: ((before: AnyOpener) => AnyOpener) | undefined
}

/** The description of a step in events and graphs. */
export interface StepInfo {
  readonly type: RunType
  readonly name: string
  /** Deviations from the usual events of a step. */
  readonly events?: EventPolicy | undefined
  /** Details of the step for telemetry, besides its type and its name. */
  readonly subject?: StepSubject | undefined
  /** The elements of a sequence: steps, and sequences, which it flattens when it first runs. */
  readonly steps?: ReadonlyArray<AnyRunnable> | undefined
  /** The steps inside, for `graph`. Unlike `steps` it stays when a wrapper runs the step in another way. */
  readonly shape?: Shape | undefined
  /** How many steps with branches lie in each other here. */
  readonly depth?: number | undefined
}

/**
 * One run of a step, already started. It belongs to the scope it was opened in: closing the scope stops it.
 */
export interface Run<in out Chunk, out Out, out E, out R> {
  /** The next chunks: one non-empty array, usually one network read. */
  readonly pull: ChunkPull<Chunk, E, R>
  /**
   * Makes a fold of the run's chunks. Add every array that `pull` gives, in order. A run that folds its own chunks
   * returns a fold that already contains them and ignores what is added. Make it before the run ends: a run may do more
   * at its end if its whole output is wanted.
   */
  readonly fold: () => ChunkFold<Chunk, Out>
  /** The run gives one value, when it is done. */
  readonly single?: true | undefined
  /** The output, for a reader that needs no chunks. It takes the place of `pull`: use one of them. */
  readonly whole?: Effect.Effect<Out, E, R> | undefined
  /** What `pull` is, if it is a pull with other services: so that services are changed once a read, not once a step. */
  readonly inside?: PullInside<Chunk, E> | undefined
}

/** A pull, and how the services of a fiber are changed to pull it. Which services these are is in the type of the run. */
export interface PullInside<Chunk, out E> {
  readonly pull: ChunkPull<Chunk, E, never>
  readonly change: (services: Context.Context<never>) => Context.Context<never>
}

/** The next chunks of a run. */
export type ChunkPull<Chunk, E, R> = Pull.Pull<Chunks<Chunk>, E, void, R>

/** One array of chunks. */
export type Chunks<Chunk> = readonly [Chunk, ...Array<Chunk>]

/** Starts a run in a scope. Opening may take as long as the steps before the first chunk do. */
export type Opener<Chunk, Out, E, R> = (scope: Scope.Scope) => Effect.Effect<Run<Chunk, Out, E, R>, E, R>

/** A run whose types no longer matter. */
export interface AnyRun {
  readonly pull: ChunkPull<unknown, unknown, unknown>
  readonly fold: () => ChunkFold<never, unknown>
  readonly single?: true | undefined
  readonly whole?: Effect.Effect<unknown, unknown, unknown> | undefined
}

/** An opener whose types no longer matter. */
export type AnyOpener = (scope: Scope.Scope) => Effect.Effect<AnyRun, unknown, unknown>

/** Opens a run over the chunks of another, with that run's failures and services. */
export type Over<InChunk, Chunk, Out, E, R> = <E2, R2>(
  before: Opener<InChunk, unknown, E2, R2>
) => Opener<Chunk, Out, E | E2, R | R2>

/** The steps inside a step: one after the other, or side by side under labels. */
export type Shape =
  | { readonly _tag: "Sequence"; readonly steps: ReadonlyArray<AnyRunnable> }
  | { readonly _tag: "Branches"; readonly branches: ReadonlyArray<readonly [label: string, step: AnyRunnable]> }

/** A runnable whose types no longer matter. */
export type AnyRunnable = Runnable<never, unknown, unknown, unknown, unknown, never>

// The outputs, errors, services and chunks of a union of steps.
export type OutOf<S> = S extends Runnable<never, infer A, unknown, unknown, unknown, never> ? A : never
export type ErrorOf<S> = S extends Runnable<never, unknown, infer E, unknown, unknown, never> ? E : never
export type ServicesOf<S> = S extends Runnable<never, unknown, unknown, infer R, unknown, never> ? R : never
export type ChunkOf<S> = S extends Runnable<never, unknown, unknown, unknown, infer C, never> ? C : never
