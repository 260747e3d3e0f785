import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { alsoTagged } from "../events/currentRun.ts"
import { watch } from "../events/watch.ts"
import type { Runnable } from "../step/types.ts"
import { open, wrapBarrier } from "./make.ts"
import { untilFirst } from "./untilFirst.ts"

/** When and how often a step is run again. */
export interface RetryOptions<E> {
  /** The delays. 0.5 s, doubling, by default. When it is done, so are the retries. */
  readonly schedule?: Schedule.Schedule<unknown, E> | undefined
  /** The most retries; 2 by default. */
  readonly times?: number | undefined
  /** Which failures are worth it. By default those that say so (`isRetryable`), and those that say nothing. */
  readonly while?: ((error: E) => boolean) | undefined
}

/**
 * Runs a step again when it fails before its first chunk. After that what was shown stands, and so does the failure.
 * When the retries are used up, the last failure is the step's. A chat model retries by itself (`maxRetries`); these
 * come on top. In the events each try is a run, with the tag `retry:attempt:2` and so on from the second on; where a
 * function invokes the step they lie in a run with the step's name.
 *
 * **Example** (A search that may be busy)
 *
 * ```ts
 * import { Effect, Schedule } from "effect"
 * import { Runnable } from "rivulet"
 *
 * declare const search: (query: string) => Effect.Effect<string, "busy" | "forbidden">
 * const patient = Runnable.fn(search).pipe(
 *   Runnable.withRetry({ schedule: Schedule.spaced("1 second"), times: 3, while: (error) => error === "busy" })
 * )
 * ```
 */
export const withRetry = <E>(options: RetryOptions<NoInfer<E>> = {}) =>
<In, Out, R, Chunk, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
): Runnable<In, Out, E, R, Chunk> =>
  wrapBarrier(self, (input) =>
    watch(
      { ...info, name: self.name },
      input,
      untilFirst(Effect.gen(function*() {
        const step = yield* Schedule.toStep<unknown, E, never, never>(
          options.schedule ?? Schedule.exponential("500 millis")
        )
        const clock = yield* Clock.Clock
        const worth = options.while ?? isRetryable
        const times = options.times ?? 2
        let retries = 0
        return {
          first: open(self, input),
          next: (cause) => {
            const error = Cause.findErrorOption(cause)
            if (error._tag === "None" || retries >= times || !worth(error.value)) return Effect.failCause(cause)
            return Pull.matchEffect(step(clock.currentTimeMillisUnsafe(), error.value), {
              onSuccess: ([, wait]) =>
                Effect.map(
                  Effect.sleep(wait),
                  () => alsoTagged(`retry:attempt:${++retries + 1}`, open(self, input))
                ),
              onDone: () => Effect.failCause(cause),
              onFailure: Effect.failCause
            })
          }
        }
      }))
    ))

/** Where only the whole is asked for, the attempts lie in a run of their own. */
const info = { type: "chain", events: { only: "whole" }, shape: { _tag: "Branches", branches: [] } } as const

const isRetryable = (error: unknown): boolean =>
  typeof error !== "object" || error === null || !("isRetryable" in error) || error.isRetryable === true
