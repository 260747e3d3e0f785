import * as Stream from "effect/Stream"
import { tagged } from "../events/currentRun.ts"
import { byKey, byShape } from "../step/fold.ts"
import type { Folder } from "../step/fold.ts"
import { merge } from "../stream/merge.ts"
import { open, opening } from "./core.ts"
import type { AnyRunnable, ChunkOf, ErrorOf, OutOf, Runnable, ServicesOf } from "./core.ts"

export type Branches<In> = Readonly<Record<string, Runnable<In, unknown, unknown, unknown, unknown, never>>>

export type Parts<B> = { readonly [K in keyof B]: OutOf<B[K]> }
export type Slices<B> = {
  readonly [K in keyof B]: {
    readonly [P in K]: ChunkOf<B[K]>
  }
}[keyof B]

/**
 * The same input to several steps at once. It streams objects with one key, as they come, and makes one object of all.
 * If a step fails, or the consumer leaves, the others are stopped before it returns. The failure is that of the step.
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
): Runnable<In, Parts<B>, ErrorOf<B[keyof B]>, ServicesOf<B[keyof B]>, Slices<B>> =>
  // What `parallelOf` gives has the types of its branches, which it does not look at.
  parallelOf(branches) as Runnable<never, unknown, unknown, unknown, unknown> as Runnable<
    In,
    Parts<B>,
    ErrorOf<B[keyof B]>,
    ServicesOf<B[keyof B]>,
    Slices<B>
  >

/** The most chunks that wait for a reader, over all branches. A branch that is further ahead waits. */
const ahead = 4

/** The same input to all branches at once. */
export const parallelOf = (branches: Readonly<Record<string, AnyRunnable>>): AnyRunnable =>
  opening<never, unknown, unknown, unknown, unknown>(
    { type: "chain", name: "RunnableMap", shape: { _tag: "Branches", branches: Object.entries(branches) } },
    (input, watched) => {
      const runs = new Map(
        // Its input is that of all branches.
        Object.entries(branches).map(([key, branch]) => [key, tagged(`map:key:${key}`, open(branch, input, watched))])
      )
      return {
        stream: merge(
          [...runs].map(([key, { stream }]) => Stream.map(stream, (chunk) => ({ [key]: chunk }))),
          ahead
        ),
        folder: () =>
          byKey(
            (key) => (runs.get(key)?.folder() as Folder<unknown, unknown> | undefined) ?? byShape(),
            [...runs.keys()]
          ) as Folder<unknown, unknown>
      }
    }
  )
