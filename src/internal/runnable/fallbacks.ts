import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { derivedBarrier } from "./core.ts"
import type { Runnable } from "./core.ts"
import { untilFirst } from "./untilFirst.ts"

/**
 * Runs the next of these when a step fails before its first chunk. If all fail, the failure is that of all of them: the
 * cause has every one, in their order.
 */
export const withFallbacks = <In, Out, E2, R2, Chunk>(
  fallbacks: ReadonlyArray<Runnable<In, Out, E2, R2, Chunk, never>>
) =>
<E, R, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
): Runnable<In, Out, E | E2, R | R2, Chunk> =>
  derivedBarrier(self, (input: In) =>
    untilFirst<Chunk, E | E2, R | R2>(function*() {
      yield* Effect.void
      let failures: Cause.Cause<E | E2> | undefined
      let tried = 0
      return {
        first: self.stream(input),
        next: (cause) => {
          failures = failures === undefined ? cause : Cause.combine(failures, cause)
          const fallback = fallbacks[tried++]
          return fallback === undefined || Cause.hasInterrupts(cause)
            ? Effect.failCause(failures)
            : Effect.succeed(fallback.stream(input))
        }
      }
    }))
