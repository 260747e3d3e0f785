import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Runnable } from "rivulet"

const limited = (options: Runnable.RateLimitOptions) => {
  const begun: Array<readonly [n: number, at: number]> = []
  const step = Runnable.fn((n: number) => Effect.map(Clock.currentTimeMillis, (at) => begun.push([n, at])))
  return { begun, step: step.pipe(Runnable.withRateLimit(options)) }
}

describe("withRateLimit", () => {
  it.effect("lets a bucketful begin at once, and the others one by one in their order", () =>
    Effect.gen(function*() {
      const { begun, step } = limited({ limit: 2, window: "1 second" })
      const fiber = yield* Effect.forkChild(step.batch([1, 2, 3, 4, 5]))
      yield* TestClock.adjust("499 millis")
      assert.deepStrictEqual(begun, [[1, 0], [2, 0]])
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(begun, [[1, 0], [2, 0], [3, 500], [4, 1000], [5, 1500]])
    }))

  it.effect("fills up again, and no further", () =>
    Effect.gen(function*() {
      const { begun, step } = limited({ limit: 2, window: "1 second" })
      yield* step.batch([1, 2])
      yield* TestClock.adjust("1 hour")
      const fiber = yield* Effect.forkChild(step.batch([3, 4, 5]))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(begun.slice(2), [[3, 3_600_000], [4, 3_600_000], [5, 3_600_500]])
    }))

  it.effect("takes no token from a run that leaves while it waits", () =>
    Effect.gen(function*() {
      const { begun, step } = limited({ limit: 1, window: "1 second" })
      yield* step.invoke(1)
      const leaves = yield* Effect.forkChild(step.invoke(2))
      const stays = yield* Effect.forkChild(step.invoke(3))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(leaves)
      yield* TestClock.adjust("500 millis")
      yield* Fiber.join(stays)
      assert.deepStrictEqual(begun, [[1, 0], [3, 1000]])
    }))

  it.effect("is shared by the runs of one value, not of two", () =>
    Effect.gen(function*() {
      const step = Runnable.fn((n: number) => n)
      const limit = Runnable.withRateLimit({ limit: 1, window: "1 hour" })
      const [one, two] = [step.pipe(limit), step.pipe(limit)]
      assert.deepStrictEqual([yield* one.invoke(1), yield* two.invoke(2)], [1, 2])
      const fiber = yield* Effect.forkChild(Runnable.sequence(one, Runnable.passthrough()).invoke(3))
      yield* TestClock.adjust("59 minutes")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), 3)
    }))

  it.effect("counts every try when it is inside withRetry", () =>
    Effect.gen(function*() {
      let tries = 0
      const step = Runnable.fn((n: number) => ++tries < 3 ? Effect.fail("no" as const) : Effect.succeed(n)).pipe(
        Runnable.withRateLimit({ limit: 1, window: "1 minute" }),
        Runnable.withRetry({ times: 5 })
      )
      const fiber = yield* Effect.forkChild(step.invoke(7))
      yield* TestClock.adjust("61 seconds")
      assert.strictEqual(tries, 2)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), 7)
    }))
})
