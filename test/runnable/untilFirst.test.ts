import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Runnable, RunnableCache } from "rivulet"

describe("a run without chunks", () => {
  const none = Runnable.transform("none", (_input: Stream.Stream<string>): Stream.Stream<string> => Stream.empty)
  const cached = none.pipe(Runnable.withCache({ name: "none" }))
  const wrapped = {
    withRetry: cached.pipe(Runnable.withRetry()),
    withFallbacks: cached.pipe(Runnable.withFallbacks([none]))
  }

  for (const [name, chain] of Object.entries(wrapped)) {
    it.effect(`ends once in ${name}`, () =>
      Effect.gen(function*() {
        let stored = 0
        const cache = RunnableCache.RunnableCache.of({
          get: () => Effect.undefined,
          set: () => Effect.sync(() => void stored++)
        })
        yield* Stream.runDrain(chain.stream("hi")).pipe(Effect.provideService(RunnableCache.RunnableCache, cache))
        assert.strictEqual(stored, 1)
      }))
  }
})
