/**
 * Steps made of functions: `map`, `transform`, `passthrough`, `fn`, `retriever`.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { asSoleStep } from "../events/currentRun.ts"
import { byShape, last } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import { once, single } from "../step/run.ts"
import type { AnyOpener, Opener, OutputOf, Runnable } from "../step/types.ts"
import { isRunnable, makeStep, open, passing, singleValue, streaming } from "./make.ts"

/** A fold by shape, for chunks whose own type folds to `Out`. */
const shaped = <Chunk, Out>() => byShape() as ChunkFold<Chunk, Out>

/**
 * Applies a function to each chunk. The output is the fold of the results: strings are concatenated, objects are merged,
 * of anything else the last counts. An exception is a defect.
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
export const map = <A, B>(f: (chunk: A) => B): Runnable<A, B, never, never, B, A> =>
  streaming<A, B, never, never, B, A>({
    type: "chain",
    name: "RunnableLambda",
    fold: () => shaped<B, B>(),
    run: (input) => Stream.sync(() => f(input)),
    over: (input) => Stream.map(input, f)
  })

/**
 * Applies a function to the stream of chunks. It is the counterpart of LangChain's generator step.
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
  streaming<A, B, E, R, B, A>({
    type: "chain",
    name,
    fold: () => shaped<B, B>(),
    run: (input) => f(Stream.succeed(input)),
    // For the function the stream cannot fail and needs no services. The errors and services of the real stream pass
    // through it, and are in the type of the result.
    over: <E2, R2>(input: Stream.Stream<A, E2, R2>) =>
      f(input as Stream.Stream<never> as Stream.Stream<A>) as Stream.Stream<B, E | E2, R | R2>
  })

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
  ...passing<A, A, Chunk, Chunk>(
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
 * Applies a function to the whole input. The function returns a value, an effect, or a runnable.
 *
 * **Details**
 *
 * - A runnable gets the same input, and streams. Its chunks fold to its own output.
 * - A model that an effect invokes has its events, tokens included.
 * - Failures of the effect or the runnable are failures of the step. An exception of the function is a defect.
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
  <In, Out, E, R, Chunk>(f: (input: In) => Runnable<In, Out, E, R, Chunk, never>): Runnable<In, Out, E, R, Chunk>
  <In, Out, E, R>(f: (input: In) => Effect.Effect<Out, E, R>): Runnable<In, Out, E, R>
  <In, Out>(f: (input: In) => Out): Runnable<In, Out>
} = <In>(f: (input: In) => unknown): Runnable<In, never, never, never, never> =>
  makeStep<In, never, never, never, never>(
    { type: "chain", name: "RunnableLambda" },
    (input) => (scope) =>
      Effect.suspend(() => {
        const made = f(input)
        const opener: AnyOpener = isRunnable(made)
          ? asSoleStep(open(made, input as never))
          : () => Effect.succeed(single(Effect.isEffect(made) ? made : Effect.succeed(made)))
        // The overloads give the result the types of what the function returned.
        return (opener as Opener<never, never, never, never>)(scope)
      })
  )

/**
 * A function that finds documents for a query. It is a {@link fn} with retriever events (`on_retriever_start`,
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
export const retriever = <Document, E = never, R = never>(
  name: string,
  find: (query: string) => Effect.Effect<ReadonlyArray<Document>, E, R>
): Runnable<string, ReadonlyArray<Document>, E, R> =>
  singleValue({ type: "retriever", name, events: { input: (query) => ({ query }) } }, find)
