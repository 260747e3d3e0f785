/**
 * `each`: a step for every element of a list. A fiber for each element that runs.
 */
import * as Effect from "effect/Effect"
import type { Runnable } from "../step/types.ts"
import { concurrencyOf } from "./batch.ts"
import { singleValue } from "./make.ts"

/** Options of `each`. */
export interface EachOptions {
  /** The maximum number of elements that run at the same time, at least 1. 8 by default. */
  readonly concurrency?: number | undefined
}

/**
 * Runs a step for every element of a list.
 *
 * **Details**
 *
 * It waits for the whole list, and gives one chunk: the list of outputs, in the order of the elements. The first failure
 * fails the run: it stops the elements that are running, and no other element starts. To continue after a failure use
 * `batch`.
 *
 * **Example** (Translating line by line)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
 *
 * const translate = Runnable.sequence(ChatPrompt.make("In French: {line}"), ChatModel.runnable, OutputParser.string)
 * const all = Runnable.each(translate, { concurrency: 4 }).invoke([{ line: "Hello" }, { line: "Good night" }])
 * ```
 */
export const each = <In, Out, E, R, Chunk>(
  self: Runnable<In, Out, E, R, Chunk, never>,
  options?: EachOptions
): Runnable<ReadonlyArray<In>, ReadonlyArray<Out>, E, R> => {
  const concurrency = concurrencyOf(options)
  return singleValue(
    { type: "chain", name: "RunnableEach", shape: { _tag: "Branches", branches: [["each", self]] } },
    (inputs: ReadonlyArray<In>) => Effect.forEach(inputs, self.invoke, { concurrency })
  )
}
