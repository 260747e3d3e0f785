import * as Effect from "effect/Effect"
import type { BatchOptions, Runnable } from "../step/types.ts"
import { concurrencyOf, singleValue } from "./make.ts"

/** How many elements are worked on at once: 8 by default. */
export type EachOptions = BatchOptions

/**
 * A step for every element of a list. It waits for the list, and streams one chunk, the list of what came out, in the
 * order of the elements. The first failure is that of the whole: it stops the elements that still run, and no other one
 * begins. To go on after a failure use `batch`.
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
): Runnable<ReadonlyArray<In>, ReadonlyArray<Out>, E, R> =>
  singleValue(
    { type: "chain", name: "RunnableEach", shape: { _tag: "Branches", branches: [["each", self]] } },
    (inputs: ReadonlyArray<In>) => Effect.forEach(inputs, self.invoke, { concurrency: concurrencyOf(options) })
  )
