import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Stream } from "effect"
import { Runnable } from "rivulet"
import { balanced, eventsOf } from "../support/events.ts"

describe("each", () => {
  for (const concurrency of [0, -1, Number.NaN]) {
    it(`has no concurrency of ${concurrency}`, () => {
      assert.throws(
        () => Runnable.each(Runnable.fn((n: number) => n), { concurrency }),
        /concurrency must be .* 1, not/
      )
    })
  }

  it.effect("gives one list, in the order of the elements, however long each took", () =>
    Effect.gen(function*() {
      const second = yield* Deferred.make<void>()
      const step = Runnable.fn((n: number) =>
        n === 1
          ? Effect.as(Deferred.await(second), "one")
          : Effect.as(Deferred.succeed(second, undefined), `not one: ${n}`)
      )
      const all = Runnable.each(step)
      assert.deepStrictEqual(yield* Stream.runCollect(all.stream([1, 2])), [["one", "not one: 2"]])
      assert.deepStrictEqual(yield* all.invoke([]), [])
      // What comes in slices is waited for.
      assert.deepStrictEqual(yield* Stream.runCollect(all.transform(Stream.make([2], [3]))), [["not one: 3"]])
    }))

  it.effect("works on eight at once, or on as many as it is told", () =>
    Effect.gen(function*() {
      for (const [options, most] of [[undefined, 8], [{ concurrency: 3 }, 3]] as const) {
        let running = 0
        const full = yield* Deferred.make<void>()
        const step = Runnable.fn((_input: number) =>
          Effect.suspend(() => ++running === most ? Deferred.succeed(full, undefined) : Effect.void).pipe(
            Effect.andThen(Effect.never)
          )
        )
        const fiber = yield* Effect.forkChild(Runnable.each(step, options).invoke([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
        yield* Deferred.await(full)
        yield* Effect.yieldNow
        assert.strictEqual(running, most)
        yield* Fiber.interrupt(fiber)
      }
    }))

  it.effect("fails with the first failure, after the others have stopped, and begins no other", () =>
    Effect.gen(function*() {
      const begun: Array<number> = []
      const stopped: Array<number> = []
      const step = Runnable.fn((n: number) =>
        Effect.suspend(() => {
          begun.push(n)
          return n === 2 ? Effect.fail("two" as const) : Effect.never
        }).pipe(Effect.onInterrupt(() => Effect.sync(() => stopped.push(n))))
      )
      const { events, exit } = yield* eventsOf(Runnable.each(step, { concurrency: 2 }), [1, 2, 3])
      assert.deepStrictEqual(exit, Exit.fail("two"))
      assert.deepStrictEqual(begun, [1, 2])
      assert.deepStrictEqual(stopped, [1])
      balanced(events)
      assert.deepStrictEqual(events.slice(-1).map(({ event, name }) => [event, name]), [[
        "on_chain_error",
        "RunnableEach"
      ]])
    }))
})
