import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { asSoleStep } from "../events/currentRun.ts"
import type { Runnable } from "../step/types.ts"
import { makeStep, open } from "./make.ts"
import { untilFirst } from "./untilFirst.ts"

/**
 * Runs the next of these, with the same input, when a step fails before its first chunk. After that the failure stands.
 * If all fail, the failure is that of all of them: the cause has every one, in their order. In the events it is a step
 * of its own, `RunnableWithFallbacks`, around those that were tried.
 *
 * **Example** (An answer in any case)
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
            return fallback === undefined || Cause.hasInterrupts(cause)
              ? Effect.failCause(failures)
              : Effect.succeed(asSoleStep(open(fallback, input)))
          }
        }
      }))
  )
