/**
 * `withRateLimit`: a token bucket for the runs of a step. Costs one semaphore a run.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { checkedDuration, checkedNumber } from "../defects.ts"
import type { Runnable } from "../step/types.ts"
import { wrapStep } from "./make.ts"

/** The rate at which runs may start. */
export interface RateLimitOptions {
  /** The number of runs that may start within a window. At least 1. */
  readonly limit: number
  /** The time until `limit` further runs may start. Above zero. */
  readonly window: Duration.Input
}

/**
 * Limits how many runs of a step start within a time. Further runs wait, and start in the order in which they came.
 *
 * **Details**
 *
 * - It is a token bucket. It is full at first, so `limit` runs can start at once. Every run takes a token, and a token
 *   comes back every `window / limit`.
 * - All runs of the resulting runnable share one bucket. The same step limited twice has two buckets.
 * - A run that is left while it waits takes no token.
 * - Around {@link withRetry} a run counts once with all its attempts; inside it every attempt counts.
 *
 * **Gotchas**
 *
 * It limits starts, not concurrency. For concurrency use the `concurrency` of `batch`.
 *
 * **Example** (Fifty a minute)
 *
 * ```ts
 * import { ChatModel, Runnable } from "rivulet"
 *
 * const model = ChatModel.runnable.pipe(Runnable.withRateLimit({ limit: 50, window: "1 minute" }))
 * ```
 */
export const withRateLimit = (options: RateLimitOptions) => {
  const window = Duration.toMillis(checkedDuration("withRateLimit: window", options.window))
  const limit = checkedNumber("withRateLimit: limit", options.limit, 1)
  return <In, Out, E, R, Chunk, InChunk>(
    self: Runnable<In, Out, E, R, Chunk, InChunk>
  ): Runnable<In, Out, E, R, Chunk, InChunk> => {
    const token = bucket(limit, window)
    return wrapStep(self, (open) => (scope) => Effect.andThen(token, open(scope)))
  }
}

/** Takes a token, as soon as there is one. */
const bucket = (limit: number, window: number): Effect.Effect<void> => {
  // The first in line waits for the clock, the others for their turn.
  const turn = Semaphore.makeUnsafe(1)
  let tokens = limit
  let since: number | undefined
  return turn.withPermit(Effect.gen(function*() {
    const clock = yield* Clock.Clock
    while (true) {
      const now = clock.currentTimeMillisUnsafe()
      // A clock that was set back adds no tokens and removes none.
      const passed = Math.max(0, now - (since ?? now))
      // Infinite limits are limits too.
      if (passed > 0) tokens = Math.min(limit, tokens + passed / window * limit)
      since = now
      // A smaller difference is a rounding error.
      if (tokens > 1 - 1e-9) break
      yield* Effect.sleep(Math.ceil((1 - tokens) * window / limit))
    }
    tokens--
  }))
}
