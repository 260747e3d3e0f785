import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Runnable } from "../step/types.ts"
import { wrapStep } from "./make.ts"

/** How many runs may begin in how long. */
export interface RateLimitOptions {
  /** The most runs that may begin at once. At least 1. */
  readonly limit: number
  /** The time in which as many may begin again. */
  readonly window: Duration.Input
}

/**
 * Lets only so many runs of a step begin in a time; the others wait, and begin in the order in which they came.
 *
 * It is a token bucket: full at first, so `limit` runs can begin at once; each takes a token, and a token comes back
 * every `window / limit`. All runs of the resulting runnable share it, wherever they run; the same step limited twice
 * has two buckets. A run that is left while it waits takes no token. Only beginnings count: for how many run at once
 * there is `concurrency` of `batch`. Around {@link withRetry} a run counts once, with all its tries; inside it each try
 * counts.
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
  const window = Duration.toMillis(Duration.fromInputUnsafe(options.window))
  const limit = Math.max(1, options.limit)
  return <In, Out, E, R, Chunk, InChunk>(
    self: Runnable<In, Out, E, R, Chunk, InChunk>
  ): Runnable<In, Out, E, R, Chunk, InChunk> => {
    const token = bucket(limit, window)
    return wrapStep(self, (open) => (scope) => Effect.andThen(token, open(scope)))
  }
}

/** Takes a token, when there is one. */
const bucket = (limit: number, window: number): Effect.Effect<void> => {
  // Only the first in the line waits for the clock, the others for their turn.
  const turn = Semaphore.makeUnsafe(1)
  let tokens = limit
  let since: number | undefined
  return turn.withPermit(Effect.gen(function*() {
    const clock = yield* Clock.Clock
    while (true) {
      const now = clock.currentTimeMillisUnsafe()
      // A clock that was set back gives nothing and takes nothing.
      const passed = Math.max(0, now - (since ?? now))
      tokens = window > 0 ? Math.min(limit, tokens + passed / window * limit) : limit
      since = now
      // What is missing by less than this is an error of calculation.
      if (tokens > 1 - 1e-9) break
      yield* Effect.sleep(Math.ceil((1 - tokens) * window / limit))
    }
    tokens--
  }))
}
