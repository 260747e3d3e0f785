// Batches: how many inputs run, how many results wait, and what is told of them meanwhile.
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Fiber, Logger, Result, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ChatModel, ChatModelError, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { fail, stall, text } = ScriptedChatModel

const within = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

/** A step that takes as many seconds as its input says, and counts. */
const counting = () => {
  const seen = { started: 0, done: 0, running: 0, most: 0 }
  const step = Runnable.fn((seconds: number) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        seen.started++
        seen.most = Math.max(seen.most, ++seen.running)
      }),
      () => Effect.andThen(Effect.sleep(`${seconds} seconds`), Effect.sync(() => ++seen.done)),
      () => Effect.sync(() => seen.running--)
    )
  )
  return { seen, step }
}

/** Progress as numbers. */
const shown = ({ done, failed, total }: Runnable.BatchProgress) => [done, total, failed]

describe("batchAsCompleted", () => {
  const cases = Arbitrary.all({
    concurrency: within(1, 5),
    seconds: Arbitrary.array(within(0, 4)),
    reads: Arbitrary.array(within(0, 6), { maxLength: 12 })
  })

  it.effect.prop(
    "runs ahead of its reader by at most `concurrency` inputs, whenever it reads",
    [cases],
    ([{ concurrency, reads, seconds }]) =>
      Effect.gen(function*() {
        const { seen, step } = counting()
        const scope = yield* Scope.make()
        let read = 0
        const pull = yield* Stream.toPull(step.batchAsCompleted(seconds, { concurrency })).pipe(
          Effect.provideService(Scope.Scope, scope)
        )
        for (const pause of reads) {
          const fiber = yield* Effect.forkChild(Effect.exit(pull))
          yield* TestClock.adjust("5 seconds")
          const exit = yield* Fiber.join(fiber)
          if (exit._tag === "Failure") {
            assert.strictEqual(read, seconds.length)
            break
          }
          read += exit.value.length
          // However long it does not read.
          yield* TestClock.adjust(`${pause * 5} seconds`)
          assert.isAtMost(seen.started, read + concurrency)
          assert.isAtMost(seen.done, read + concurrency)
          assert.isAtMost(seen.most, concurrency)
        }
        yield* Scope.close(scope, Effect.runSyncExit(Effect.void))
        assert.strictEqual(seen.running, 0)
      })
  )

  it.effect("a reader that stops lets no further call of a model begin, and one that leaves closes those that run", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make(({ messages }) =>
        messages[0]?.content === "fast" ? text("Hello") : [stall]
      )
      const inputs = ["fast", "fast", "slow", "slow", "slow", "fast"]
      yield* Stream.runForEach(
        Stream.take(model.batchAsCompleted(inputs, { concurrency: 2 }), 1),
        () => TestClock.adjust("1 minute")
      )
      const states = (yield* calls).map(({ state }) => state)
      assert.isAtMost(states.length, 3)
      assert.notInclude(states, "open")
    }))

  it.effect("reads its inputs when it starts them, and closes them when it is left", () =>
    Effect.gen(function*() {
      let read = 0
      let closed = 0
      function* forever() {
        try {
          while (true) yield read++
        } finally {
          closed++
        }
      }
      const step = Runnable.fn((n: number) => n * 2)
      const results = yield* Stream.runCollect(Stream.take(step.batchAsCompleted(forever(), { concurrency: 3 }), 5))
      assert.deepStrictEqual(
        results.map(([index, result]) => [index, Result.getOrThrow(result)]),
        [[0, 0], [1, 2], [2, 4], [3, 6], [4, 8]]
      )
      assert.isAtMost(read, 5 + 3)
      assert.strictEqual(closed, 1)
      assert.deepStrictEqual(yield* Stream.runCollect(step.batchAsCompleted(new Set())), [])
    }))

  it.effect("inputs that throw end it, after the results of those before", () =>
    Effect.gen(function*() {
      const { seen, step } = counting()
      const read: Array<number> = []
      function* broken() {
        yield 1
        throw new Error("no more")
      }
      const run = Stream.runForEach(step.batchAsCompleted(broken()), ([index]) => Effect.sync(() => read.push(index)))
      const fiber = yield* Effect.forkChild(Effect.exit(run))
      yield* TestClock.adjust("2 seconds")
      assert.include(String(yield* Fiber.join(fiber)), "no more")
      assert.deepStrictEqual([read, seen.running], [[0], 0])
    }))
})

describe("batch", () => {
  it.effect("takes any iterable, and gives the results in its order", () =>
    Effect.gen(function*() {
      const { seen, step } = counting()
      const fiber = yield* Effect.forkChild(step.batch(new Set([3, 1, 2]), { concurrency: 2 }))
      yield* TestClock.adjust("10 seconds")
      const results = yield* Fiber.join(fiber)
      assert.deepStrictEqual(results.map(Result.getOrThrow), [3 - 1, 1, 3])
      assert.strictEqual(seen.most, 2)
    }))

  it.effect("what is no list is named, a text included", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => text("Hello"))
      for (const [inputs, name] of [["Hi", "\"Hi\""], [undefined, "undefined"], [{}, "an object"]] as const) {
        const given = inputs as unknown as ReadonlyArray<string>
        for (const run of [model.batch(given), Stream.runDrain(model.batchAsCompleted(given))]) {
          const exit = yield* Effect.exit<unknown, never, never>(run)
          assert.include(String(exit), `The inputs of a batch must be a list, not ${name}`)
        }
      }
    }))
})

describe("onProgress", () => {
  const inputs = ["a", "b", "bad", "c"]
  const model = () =>
    ScriptedChatModel.make(({ messages }) =>
      messages[0]?.content === "bad"
        ? [fail(new ChatModelError.InvalidRequestError({ message: "bad" }))]
        : text("Hello")
    )

  /** Both batches, as effects that end with them. */
  const both = <In>(
    step: Runnable.Runnable<In, unknown, unknown>,
    inputs: Runnable.Inputs<In>,
    options: Runnable.BatchOptions
  ) => [step.batch(inputs, options), Stream.runDrain(step.batchAsCompleted(inputs, options))] as const

  it.effect("tells the number of results and failures after each input", () =>
    Effect.gen(function*() {
      for (const i of [0, 1] as const) {
        const told: Array<unknown> = []
        const options = {
          concurrency: 1,
          maxTokens: 5,
          onProgress: (progress: Runnable.BatchProgress) => Effect.sync(() => told.push(shown(progress)))
        }
        const scripted = model()
        const run = [
          ChatModel.batch(inputs, options),
          Stream.runDrain(ChatModel.batchAsCompleted(inputs, options))
        ][i]!
        yield* Effect.provideService(
          run as Effect.Effect<unknown, never, ChatModel.ChatModel>,
          ChatModel.ChatModel,
          scripted.model
        )
        assert.deepStrictEqual(told, [[1, 4, 0], [2, 4, 0], [3, 4, 1], [4, 4, 1]])
        // The options of the batch are not those of a call.
        for (const call of yield* scripted.calls) assert.deepStrictEqual(call.options, { maxTokens: 5 })
      }
    }))

  it.effect("has no total if the inputs tell no length", () =>
    Effect.gen(function*() {
      const told: Array<Runnable.BatchProgress> = []
      const step = Runnable.fn((n: number) => n)
      const onProgress = (progress: Runnable.BatchProgress) => Effect.sync(() => told.push(progress))
      yield* Stream.runDrain(step.batchAsCompleted([1, 2].values(), { onProgress }))
      assert.deepStrictEqual(told, [{ done: 1, failed: 0 }, { done: 2, failed: 0 }])
      yield* step.batch([1].values(), { onProgress })
      assert.deepStrictEqual(told.at(-1), { done: 1, failed: 0, total: 1 })
    }))

  it.effect("runs once at a time, in order, and an input waits for the report of the one before it", () =>
    Effect.gen(function*() {
      for (const i of [0, 1] as const) {
        const { seen, step } = counting()
        const told: Array<unknown> = []
        let reports = 0
        const onProgress = (progress: Runnable.BatchProgress) =>
          Effect.gen(function*() {
            assert.strictEqual(++reports, 1)
            yield* Effect.sleep("10 seconds")
            reports--
            told.push(shown(progress))
          })
        const fiber = yield* Effect.forkChild(both(step, [1, 1, 1, 1, 1], { concurrency: 2, onProgress })[i])
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(seen.started, 2)
        yield* TestClock.adjust("20 seconds")
        assert.isAtMost(seen.started, 4)
        yield* TestClock.adjust("2 minutes")
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(told, [[1, 5, 0], [2, 5, 0], [3, 5, 0], [4, 5, 0], [5, 5, 0]])
      }
    }))

  it.effect("if it dies, a warning is logged and the batch goes on", () =>
    Effect.gen(function*() {
      const warnings: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        if (logLevel === "Warn") warnings.push(String(message))
      })
      const step = Runnable.fn((n: number) => n)
      for (
        const onProgress of [
          () => Effect.die(new Error("bug")),
          (): Effect.Effect<void> => {
            throw new Error("bug")
          }
        ]
      ) {
        for (const run of both(step, [1, 2, 3], { onProgress })) {
          warnings.length = 0
          yield* Effect.provide(run as Effect.Effect<unknown>, Logger.layer([logger]))
          assert.lengthOf(warnings, 3)
          assert.include(warnings[0], "onProgress failed")
        }
      }
    }))

  it.effect("holds for a provided step, too", () =>
    Effect.gen(function*() {
      const { model: scripted } = model()
      const told: Array<unknown> = []
      const step = ChatModel.runnable.pipe(Runnable.provide(ChatModel.ChatModel.context(scripted)))
      yield* step.batch(inputs, {
        concurrency: 1,
        onProgress: (progress) => Effect.sync(() => told.push(shown(progress)))
      })
      assert.deepStrictEqual(told.at(-1), [4, 4, 1])
    }))
})
