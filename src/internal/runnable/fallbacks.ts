/**
 * `withFallbacks`: other steps for the same input when one fails before its first chunk.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { asSoleStep } from "../events/currentRun.ts"
import type { Runnable } from "../step/types.ts"
import { makeStep, open } from "./make.ts"
import { untilFirst } from "./untilFirst.ts"

/**
 * Runs other steps with the same input when a step fails before its first chunk.
 *
 * **Details**
 *
 * - After the first chunk there is no fallback: the failure is the run's.
 * - A defect, such as an exception of a function, is no failure: it ends the run, and no fallback hides it.
 * - If all steps fail, the cause of the failure contains the failures of all of them, in order.
 * - In events it is a step of its own, `RunnableWithFallbacks`, around the steps that were tried.
 *
 * **Example** (A fixed answer when the model fails)
 *
 * ```ts
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const answer = Runnable.sequence(ChatModel.runnable, OutputParser.string).pipe(
 *   Runnable.withFallbacks([Runnable.fn(() => "I do not know.")])
 * )
 * ```
 */
export const withFallbacks = <In, Out, E2, R2, Chunk>(
  fallbacks: ReadonlyArray<Runnable<In, Out, E2, R2, Chunk, never>>
) =>
<E, R, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
): Runnable<In, Out, E | E2, R | R2, Chunk> =>
  makeStep(
    {
      type: "chain",
      name: "RunnableWithFallbacks",
      events: { stream: "asRoot" },
      shape: {
        _tag: "Branches",
        branches: [
          ["first", self],
          ...fallbacks.map((step, i) => [`fallback:${i + 1}`, step] as const)
        ]
      }
    },
    (input: In) =>
      untilFirst<Chunk, Out, E | E2, R | R2>(Effect.sync(() => {
        let failures: Cause.Cause<E | E2> | undefined
        let tried = 0
        return {
          first: asSoleStep(open(self, input)),
          next: (cause) => {
            failures = failures === undefined ? cause : Cause.combine(failures, cause)
            const fallback = fallbacks[tried++]
            return fallback === undefined || Cause.hasInterrupts(cause) || Cause.hasDies(cause)
              ? Effect.failCause(failures)
              : Effect.succeed(asSoleStep(open(fallback, input)))
          }
        }
      }))
  )
