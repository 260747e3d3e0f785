/**
 * `parallel`: the same input to several steps at once. A fiber for each branch, one bounded queue for all of them.
 */
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import { tagged } from "../events/currentRun.ts"
import { byKey, byShape } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import { untilDone } from "../step/run.ts"
import type {
  AnyRun,
  AnyRunnable,
  ChunkOf,
  ChunkPull,
  ErrorOf,
  OutOf,
  OutputOf,
  Runnable,
  ServicesOf
} from "../step/types.ts"
import { merge } from "../stream/merge.ts"
import type { Producer } from "../stream/merge.ts"
import { makeStep, open } from "./make.ts"

export type Branches<In> = Readonly<Record<string, Runnable<In, unknown, unknown, unknown, unknown, never>>>

/** The output of a branch for this input. A `passthrough` or a `pick` without a type of its own has the input's. */
type PartOf<S, In> = unknown extends OutOf<S>
  ? S extends OutputOf<infer Source> ? Source extends { readonly key: infer Key extends keyof In } ? In[Key] : In
  : unknown
  : OutOf<S>
export type Parts<B, In = unknown> = { readonly [K in keyof B]: PartOf<B[K], In> }
export type Slices<B> = {
  readonly [K in keyof B]: {
    readonly [P in K]: ChunkOf<B[K]>
  }
}[keyof B]

/**
 * Gives the same input to several steps at once. It streams objects with one key as the steps produce them, and returns
 * one object with the outputs of all steps.
 *
 * **Details**
 *
 * If a step fails, or the consumer leaves, the other steps are stopped before the run ends. The failure is that of the
 * step. A slow reader slows all branches: at most four arrays of chunks wait for it.
 *
 * **Example** (A joke and a poem)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, Runnable } from "rivulet"
 *
 * const both = Runnable.parallel({
 *   joke: Runnable.sequence(ChatPrompt.make("Tell me a joke about {topic}"), ChatModel.runnable),
 *   poem: Runnable.sequence(ChatPrompt.make("Write two lines about {topic}"), ChatModel.runnable)
 * })
 * const answers = both.invoke({ topic: "goldfish" }) // { joke, poem }
 * ```
 */
export const parallel = <In, const B extends Branches<In>>(
  branches: B & Branches<In>
): Runnable<In, Parts<B, In>, ErrorOf<B[keyof B]>, ServicesOf<B[keyof B]>, Slices<B>> =>
  // The result of `parallelOf` has the types of its branches, but `parallelOf` does not track them.
  parallelOf(branches) as Runnable<never, unknown, unknown, unknown, unknown> as Runnable<
    In,
    Parts<B, In>,
    ErrorOf<B[keyof B]>,
    ServicesOf<B[keyof B]>,
    Slices<B>
  >

/** The maximum number of arrays of chunks that wait for the reader, over all branches. */
const ahead = 4

/** The same input to all branches at once. */
export const parallelOf = (branches: Readonly<Record<string, AnyRunnable>>): AnyRunnable => {
  const entries = Object.entries(branches)
  return makeStep<never, unknown, unknown, unknown, unknown>(
    { type: "chain", name: "RunnableMap", shape: { _tag: "Branches", branches: entries } },
    (input) => (scope) => {
      // A branch may take long to open while others already stream. It is here before its first chunk is.
      const runs = new Map<string, AnyRun>()
      const producers = entries.map(([key, branch]): Producer<unknown, unknown, unknown> => {
        const start = tagged(`map:key:${key}`, open(branch, input)) // it is the input of all branches
        return (offer) =>
          Effect.scopedWith((scope) =>
            Effect.flatMap(start(scope), (run) => {
              runs.set(key, run)
              run.fold() // so that the branch knows before its end that its whole output is wanted
              return untilDone(
                Effect.flatMap(run.pull, (chunks) => offer(Array.map(chunks, (chunk) => ({ [key]: chunk }))))
              )
            })
          )
      })
      const foldOf = (key: string) =>
        // A branch folds its own chunks.
        (runs.get(key)?.fold() as ChunkFold<unknown, unknown> | undefined) ?? byShape()
      const fold = () => byKey(foldOf, Object.keys(branches)) as ChunkFold<unknown, unknown> // its chunks are such objects
      let merged: ChunkPull<unknown, unknown, unknown> | undefined
      return Effect.succeed({
        pull: Effect.suspend(() => merged ?? Effect.flatMap(merge(producers, ahead, scope), (pull) => merged = pull)),
        fold,
        // Without a queue, so that nothing lies between a branch and the reader.
        whole: Effect.suspend(() => {
          const all = fold()
          const add = (chunks: ReadonlyArray<unknown>) => Effect.sync(() => all.add(chunks))
          const running = Effect.forEach(producers, (run) => run(add), { concurrency: "unbounded", discard: true })
          return Effect.map(running, all.done)
        })
      })
    }
  )
}
