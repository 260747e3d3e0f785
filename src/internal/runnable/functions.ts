/**
 * Steps made of functions: `map`, `transform`, `passthrough`, `fn`, `retriever`.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { asSoleStep } from "../events/currentRun.ts"
import { nameOf } from "../excerpt.ts"
import { call, run } from "../returned.ts"
import type { FailureOf, NeedsOf } from "../returned.ts"
import { behind, byShape, last } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import { fromStream, once, single, toStream, withPull } from "../step/run.ts"
import type { AnyOpener, Opener, OutputOf, Run, Runnable } from "../step/types.ts"
import { isRunnable, makeStep, open, passing, singleValue } from "./make.ts"
import { mapRun, results } from "./mapRun.ts"

/**
 * Applies a function to each chunk.
 *
 * **Details**
 *
 * The output does not depend on how the input was cut into chunks:
 *
 * - Behind a step whose chunks are the value so far, such as a JSON parser, it is the last result.
 * - Behind a step whose chunks are items, such as a parser of lists, it is the list of the results. Results that are
 *   lists are joined where the chunks are lists.
 * - Behind any other step texts are concatenated, leaving out `undefined` and `null`. If the results are not text, or the
 *   chunks are those of parallel steps, it is the function of the whole input: the function is called once more, when
 *   the input is complete, unless the chain is only streamed.
 *
 * The function returns a value, an effect or a promise. The chunks are taken one after the other. A promise that rejects
 * fails the step with an `UnknownError`, and the signal that the function may take as its second argument is aborted when
 * the run is left. An exception is a defect. For streams use {@link transform} or {@link fn}.
 *
 * **Example** (Louder)
 *
 * ```ts
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const loud = Runnable.sequence(
 *   ChatModel.runnable,
 *   OutputParser.string,
 *   Runnable.map((text: string) => text.toUpperCase())
 * )
 * ```
 */
export const map: {
  <A, B, E, R>(f: (chunk: A, signal: AbortSignal) => Effect.Effect<B, E, R>): Runnable<A, B, E, R, B, A>
  <A, B>(f: (chunk: A, signal: AbortSignal) => Promise<B>): Runnable<A, B, Cause.UnknownError, never, B, A>
  <A, B>(f: (chunk: A, signal: AbortSignal) => B & Plain<B>): Runnable<A, B, never, never, B, A>
} = <A, Made>(f: (chunk: A, signal: AbortSignal) => Made): Runnable<A, never, never, never, never, A> =>
  // The overloads give the result the types of what the function returned.
  passing<A, unknown, FailureOf<Made>, NeedsOf<Made>, unknown, A>(
    { type: "chain", name: "RunnableLambda" },
    (input) => mapRun(input, f),
    (input) => single(Effect.map(Effect.suspend(() => asEffect(results(f, [input]))), ([value]) => value))
  ) as Runnable<A, unknown, unknown, unknown, unknown, A> as Runnable<A, never, never, never, never, A>

/** A value that is not a stream or a runnable. For one of them the type of the result is a sentence. */
type Plain<B> = B extends
  Stream.Stream<unknown, unknown, unknown> | Runnable<never, unknown, unknown, unknown, unknown, never>
  ? "The function returns a stream or a runnable: use Runnable.transform or Runnable.fn"
  : unknown

/**
 * Applies a function to the stream of chunks. It is the counterpart of LangChain's generator step.
 *
 * **Details**
 *
 * The output is the last value behind a step whose chunks are the value so far, and the list of the values behind a step
 * whose chunks are items. Behind any other step texts are concatenated, objects are merged key by key, and of anything
 * else the last value counts.
 *
 * **Example** (Line by line)
 *
 * ```ts
 * import { Stream } from "effect"
 * import { Runnable } from "rivulet"
 *
 * const lines = Runnable.transform("Lines", (text: Stream.Stream<string>) => Stream.splitLines(text))
 * ```
 */
export const transform = <A, B, E = never, R = never>(
  name: string,
  f: (chunks: Stream.Stream<A>) => Stream.Stream<B, E, R>
): Runnable<A, B, E, R, B, A> =>
  makeStep<A, B, E, R, B, A>(
    { type: "chain", name },
    // A fold by shape, for chunks whose own type folds to `B`.
    (input) =>
      fromStream(Stream.suspend(() => streamOf(name, f(Stream.succeed(input)))), () => byShape() as ChunkFold<B, B>),
    <E2, R2>(before: Opener<A, unknown, E2, R2>): Opener<B, B, E | E2, R | R2> => (scope) => {
      let source: ChunkFold<A, unknown> | undefined
      const chunks = toStream<A, unknown, E2, R2>((scope) =>
        Effect.map(before(scope), (run) => {
          const fold = source = run.fold()
          return fold.kind !== undefined && fold.kind() === undefined ? withFold(run, fold) : run
        })
      )
      return fromStream(
        // For the function the stream cannot fail and needs no services. The errors and services of the real stream pass
        // through it, and are in the type of the result.
        Stream.suspend(() => streamOf(name, f(chunks as Stream.Stream<never> as Stream.Stream<A>))) as Stream.Stream<
          B,
          E | E2,
          R | R2
        >,
        () => behind(() => source) as ChunkFold<B, B>
      )(scope)
    }
  )

/** The stream that the function of a `transform` returned. A caller without types may return something else. */
const streamOf = <A, E, R>(name: string, made: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> => {
  if (Stream.isStream(made)) return made
  throw new TypeError(`The function of the transform ${name} returned ${nameOf(made)}: it must return a Stream`)
}

/** The value that a function gave. A stream that is hidden in a promise would go on as a value, and nobody would run it. */
const valueOf = <A>(value: A): A => {
  if (typeof value !== "object" || value === null) return value
  if (Stream.isStream(value) || isRunnable(value)) {
    throw new TypeError("The function gave a stream or a runnable within an effect or a promise: return it itself")
  }
  if (Symbol.asyncIterator in value && "next" in value) {
    throw new TypeError("The function returned an async generator: return Stream.fromAsyncIterable of it")
  }
  return value
}

const asEffect = <A, E, R>(made: ReadonlyArray<A> | Effect.Effect<ReadonlyArray<A>, E, R>) =>
  Effect.isEffect(made) ? made : Effect.succeed(made)

/** A run that feeds a fold until its kind is known. */
const withFold = <Chunk, Out, E, R>(run: Run<Chunk, Out, E, R>, fold: ChunkFold<Chunk, unknown>) =>
  withPull(
    run,
    Effect.map(run.pull, (chunks) => {
      if (fold.kind?.() === undefined) fold.add(chunks)
      return chunks
    })
  )

/**
 * Passes its input on, chunk by chunk. It is the identity of {@link sequence}: behind a step it changes neither the
 * chunks nor the output.
 *
 * **Example** (The question beside its answer)
 *
 * ```ts
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const asked = Runnable.parallel({
 *   question: Runnable.passthrough<string>(),
 *   answer: Runnable.sequence(ChatModel.runnable, OutputParser.string)
 * })
 * ```
 */
export const passthrough = <A, Chunk = A>(): Runnable<A, A, never, never, Chunk, Chunk> & OutputOf<"input"> => ({
  "~rivulet/OutputOf": "input",
  ...passing<A, A, never, never, Chunk, Chunk>(
    { type: "chain", name: "RunnablePassthrough", events: { stream: "asPart" } },
    // The chunks fold to the input, whatever it is.
    ({ fold, pull }) => ({ pull, fold: fold as () => ChunkFold<Chunk, A> }),
    // A whole value is the only chunk of itself.
    (input) => ({
      pull: once(Effect.succeed([input as Chunk & A])),
      fold: () => last<Chunk & A>() as ChunkFold<Chunk, A>
    })
  )
})

/**
 * Applies a function to the whole input. The function returns a value, an effect, a promise, a stream or a runnable.
 *
 * **Details**
 *
 * - A runnable gets the same input, and streams. Its chunks fold to its own output.
 * - A stream is passed on. Its texts are concatenated, objects are merged key by key, and of anything else the last value
 *   counts.
 * - A model that an effect invokes has its events, tokens included.
 * - Failures of the effect, the stream or the runnable are failures of the step. An exception of the function is a defect.
 * - A promise that rejects fails the step with an `UnknownError`. The function may take a signal as its second argument,
 *   which is aborted when the run is left.
 *
 * **Example** (A value, and an effect)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const count = Runnable.fn((text: string) => text.split(" ").length)
 * const check = Runnable.fn((text: string) => text === "" ? Effect.fail("No answer") : Effect.succeed(text))
 * const words = Runnable.sequence(ChatModel.runnable, OutputParser.string, check, count)
 * ```
 */
export const fn: {
  <In, Out, E, R, Chunk>(
    f: (input: In, signal: AbortSignal) => Runnable<In, Out, E, R, Chunk, never>
  ): Runnable<In, Out, E, R, Chunk>
  <In, Out, E, R>(f: (input: In, signal: AbortSignal) => Stream.Stream<Out, E, R>): Runnable<In, Out, E, R>
  <In, Out, E, R>(f: (input: In, signal: AbortSignal) => Effect.Effect<Out, E, R>): Runnable<In, Out, E, R>
  <In, Out>(f: (input: In, signal: AbortSignal) => Promise<Out>): Runnable<In, Out, Cause.UnknownError>
  <In, Out>(f: (input: In, signal: AbortSignal) => Out): Runnable<In, Out>
} = <In>(f: (input: In, signal: AbortSignal) => unknown): Runnable<In, never, never, never, never> =>
  makeStep<In, never, never, never, never>(
    { type: "chain", name: "RunnableLambda" },
    (input) => (scope) =>
      Effect.suspend(() => {
        const made = call(f, input)
        const opener: AnyOpener = isRunnable(made)
          ? asSoleStep(open(made, input as never))
          : Stream.isStream(made)
          ? fromStream(made, byShape)
          : () =>
            Effect.succeed(single(Effect.isEffect(made) ? Effect.map(made, valueOf) : Effect.succeed(valueOf(made))))
        // The overloads give the result the types of what the function returned.
        return (opener as Opener<never, never, never, never>)(scope)
      })
  )

/**
 * A function that finds documents for a query: a list, or an effect or a promise of it. It is a {@link fn} with retriever events (`on_retriever_start`,
 * `on_retriever_end`), which show the query and the documents.
 *
 * **Example** (Looking something up)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Runnable } from "rivulet"
 *
 * const library = Runnable.retriever("Library", (query: string) => Effect.succeed([{ pageContent: `About ${query}` }]))
 * ```
 */
export const retriever: {
  <Document, E = never, R = never>(
    name: string,
    find: (query: string, signal: AbortSignal) => Effect.Effect<ReadonlyArray<Document>, E, R>
  ): Runnable<string, ReadonlyArray<Document>, E, R>
  <Document>(
    name: string,
    find: (query: string, signal: AbortSignal) => Promise<ReadonlyArray<Document>>
  ): Runnable<string, ReadonlyArray<Document>, Cause.UnknownError>
  <Document>(
    name: string,
    find: (query: string, signal: AbortSignal) => ReadonlyArray<Document>
  ): Runnable<string, ReadonlyArray<Document>>
} = <Made>(
  name: string,
  find: (query: string, signal: AbortSignal) => Made
): Runnable<string, never, never, never> =>
  // The overloads give the result the types of what the function returned.
  singleValue(
    { type: "retriever", name, events: { input: (query) => ({ query }) } },
    (query: string) => Effect.map(run<string, Made, never>(find, query), valueOf)
  ) as Runnable<string, never, unknown, unknown> as Runnable<string, never, never, never>
