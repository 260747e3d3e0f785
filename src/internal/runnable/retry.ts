/**
 * `withRetry`: a step that runs again when it fails before its first chunk. It waits for its whole input, because chunks
 * that were read cannot be read again.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { checkedNumber } from "../defects.ts"
import { alsoTagged } from "../events/currentRun.ts"
import { watch } from "../events/watch.ts"
import { plain } from "../returned.ts"
import type { Runnable } from "../step/types.ts"
import { open, wrapBarrier } from "./make.ts"
import { untilFirst } from "./untilFirst.ts"

/** When and how often a step is retried. */
export interface RetryOptions<E> {
  /** The delays between attempts. 0.5 seconds, doubling, by default. When the schedule ends, so do the retries. */
  readonly schedule?: Schedule.Schedule<unknown, E> | undefined
  /** The maximum number of retries, 0 or more. 2 by default. */
  readonly times?: number | undefined
  /**
   * Whether a failure is worth a retry. By default it is, unless the error has an `isRetryable` field that is not true.
   */
  readonly while?: ((error: E) => boolean) | undefined
}

/**
 * Retries a step that fails before its first chunk.
 *
 * **Details**
 *
 * - After the first chunk there is no retry: chunks that were shown stay, and the failure is the run's.
 * - When all retries have failed, the last failure is the run's.
 * - In events every attempt is a run of its own. From the second on it has the tag `retry:attempt:2` and so on. If a
 *   function invokes the step, the attempts lie inside a run with the step's name.
 *
 * **Gotchas**
 *
 * A chat model retries by itself (`maxRetries`). Retries of this wrapper come on top of those.
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
export const withRetry = <E>(options: RetryOptions<NoInfer<E>> = {}) => {
  const times = checkedNumber("withRetry: times", options.times ?? 2, 0)
  return <In, Out, R, Chunk, InChunk>(
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
          const worth = options.while === undefined ? isRetryable : plain("withRetry: while", options.while)
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
}

/** If only the whole output is requested, the attempts lie in a run of their own. */
const info = { type: "chain", events: { only: "whole" }, shape: { _tag: "Branches", branches: [] } } as const

const isRetryable = (error: unknown): boolean =>
  typeof error !== "object" || error === null || !("isRetryable" in error) || error.isRetryable === true
