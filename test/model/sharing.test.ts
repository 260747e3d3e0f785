// Equal requests in flight share one request.
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Deferred, Effect, Fiber, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AIMessageChunk, ChatModel, ChatModelError, ModelCache, Runnable, RunnableCache } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { Script } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"
import { messages, wires } from "../support/wires.ts"
import { wrapperLaws } from "../support/wrapperLaws.ts"

const { fail, finish, text } = ScriptedChatModel

const sharing = (replies: ScriptedChatModel.Replies, options?: ScriptedChatModel.Options) => {
  const { awaitCall, calls, model } = ScriptedChatModel.make(replies, options)
  return {
    awaitCall,
    calls: Effect.map(calls, ({ length }) => length),
    all: calls,
    model: ModelCache.withSharing()(model)
  }
}

/** The texts of the chunks that a consumer has seen, and its fiber. */
const consumer = (model: ChatModel.Service, input = "Hi") =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const fiber = yield* Effect.forkChild(
      Stream.runForEach(model.stream(input), ({ content }) => Effect.sync(() => seen.push(content)))
    )
    yield* Effect.yieldNow
    return { fiber, seen }
  })

describe("withSharing is one model", () => {
  wrapperLaws((model) => Effect.succeed(ModelCache.withSharing()(model)))
})

describe("withSharing", () => {
  for (const wire of wires) {
    it.live(`${wire.name}: ten equal requests at once are one, and each has the whole answer and its events`, () =>
      Effect.gen(function*() {
        const { model, server } = yield* wire.serve(wire.tokens(["a", "b", "c"]))
        const shared = ModelCache.withSharing()(model)
        const runs = yield* Effect.all(Array.from({ length: 10 }, () => eventsOf(shared, "Hi")), {
          concurrency: "unbounded"
        })
        assert.lengthOf(yield* server.requests, 1)
        for (const { events } of runs) {
          balanced(events)
          assert.lengthOf(new Set(events.map(({ run_id }) => run_id)), 1)
          assert.strictEqual(
            events.map((event) => event.event === "on_chat_model_stream" ? event.data.chunk.content : "").join(""),
            "abc"
          )
        }
        yield* shared.invoke("Hi")
        assert.lengthOf(yield* server.requests, 2, "an answer that has ended is not kept")
      }))
  }

  it.effect("one that joins late gets at once what came so far", () =>
    Effect.gen(function*() {
      const { calls, model } = sharing([text(["a", "b", "c", "d"], { delay: "1 second" })])
      const first = yield* consumer(model)
      yield* TestClock.adjust("2500 millis")
      const second = yield* consumer(model)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual([first.seen, second.seen], [["a", "b"], ["a", "b"]])
      yield* TestClock.adjust("3 seconds")
      yield* Effect.all([Fiber.join(first.fiber), Fiber.join(second.fiber)])
      assert.deepStrictEqual([first.seen, second.seen], [["a", "b", "c", "d", ""], ["a", "b", "c", "d", ""]])
      assert.strictEqual(yield* calls, 1)
    }))

  it.effect("other requests do not share", () =>
    Effect.gen(function*() {
      const { calls, model } = sharing(() => text("Hello", { delay: "1 second" }))
      const all = yield* Effect.forkChild(Effect.all([
        model.invoke("Hi"),
        model.invoke("Ho"),
        model.invoke("Hi", { maxTokens: 5 }),
        model.invoke("Hi", { timeout: { total: "1 minute" } })
      ], { concurrency: "unbounded" }))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(all)
      assert.strictEqual(yield* calls, 3)
    }))

  it.effect("a failure goes to all, and the next request is a new one", () =>
    Effect.gen(function*() {
      const { awaitCall, calls, model } = sharing([
        [
          ...text(["a"]).slice(0, -1),
          ScriptedChatModel.delay("1 second"),
          fail(
            new ChatModelError.OverloadedError({ message: "busy" })
          )
        ],
        text("Hello")
      ])
      const all = yield* Effect.forkChild(
        Effect.all([1, 2, 3].map(() => Effect.flip(model.invoke("Hi"))), { concurrency: "unbounded" })
      )
      yield* awaitCall(1)
      yield* TestClock.adjust("1 second")
      for (const { partial, reason } of yield* Fiber.join(all)) {
        assert.strictEqual(reason._tag, "OverloadedError")
        assert.strictEqual(partial?.content, "a")
      }
      assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
      assert.strictEqual(yield* calls, 2)
    }))

  it.live("the first consumer may leave; when the last one does, the connection is closed", () =>
    Effect.gen(function*() {
      const { model, server } = yield* messages.serve(Script.endless({ delay: "1 millis" }))
      const shared = ModelCache.withSharing()(model)
      const started = yield* Deferred.make<void>()
      const first = yield* Effect.forkChild(
        Stream.runForEach(shared.stream("Hi"), () => Deferred.succeed(started, undefined))
      )
      yield* Deferred.await(started)
      let seen = 0
      const more = yield* Deferred.make<void>()
      const second = yield* Effect.forkChild(
        Stream.runForEach(shared.stream("Hi"), () => ++seen === 1000 ? Deferred.succeed(more, undefined) : Effect.void)
      )
      yield* Effect.yieldNow
      yield* Fiber.interrupt(first)
      yield* Deferred.await(more)
      assert.lengthOf(yield* server.requests, 1)
      assert.strictEqual(yield* server.openConnections, 1)
      yield* Fiber.interrupt(second)
      yield* server.awaitIdle
      const request = yield* server.awaitRequest(0)
      assert.strictEqual((yield* request.closed).by, "client")
      // The answer that was closed is no answer for the next one.
      yield* Stream.runDrain(Stream.take(shared.stream("Hi"), 1))
      assert.lengthOf(yield* server.requests, 2)
      yield* server.awaitIdle
    }))

  it.effect("a request that starts while the last consumer leaves is a new one", () =>
    Effect.gen(function*() {
      const { all, awaitCall, calls, model } = sharing(() => text(["a", "b"], { delay: "1 second" }))
      const leaving = yield* consumer(model)
      yield* awaitCall(1)
      yield* Effect.forkChild(Fiber.interrupt(leaving.fiber), { startImmediately: true })
      const next = yield* consumer(model)
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(next.fiber)
      assert.deepStrictEqual(next.seen, ["a", "b", ""])
      assert.strictEqual(yield* calls, 2)
      assert.deepStrictEqual((yield* all).map(({ state }) => state), ["interrupted", "done"])
    }))

  it.effect("an answer that is closed late is not mistaken for the next one", () =>
    Effect.gen(function*() {
      let requests = 0
      const closing = ChatModel.make({
        provider: "p",
        model: "m",
        stream: () =>
          Stream.ensuring(
            Stream.make(AIMessageChunk.text(String(++requests)), {
              ...AIMessageChunk.empty,
              finish: { reason: "stop", raw: "" }
            }),
            Effect.sleep("2 seconds")
          )
      })
      const model = ModelCache.withSharing()(closing)
      const first = yield* consumer(model)
      yield* TestClock.adjust("1 second")
      // It has read everything, and waits for the end.
      yield* Effect.forkChild(Fiber.interrupt(first.fiber), { startImmediately: true })
      const second = yield* consumer(model)
      yield* TestClock.adjust("1500 millis")
      const third = yield* consumer(model)
      yield* TestClock.adjust("10 seconds")
      yield* Effect.all([Fiber.join(second.fiber), Fiber.join(third.fiber)])
      assert.deepStrictEqual([first.seen, second.seen, third.seen], [["1", ""], ["2", ""], ["2", ""]])
    }))

  it.effect("a slow consumer slows no other, and nothing is read ahead of the fastest", () =>
    Effect.gen(function*() {
      let read = 0
      const counting = ChatModel.make({
        provider: "p",
        model: "m",
        stream: () =>
          Stream.concat(
            Stream.mapEffect(Stream.range(1, 1000), (n) => Effect.sync(() => AIMessageChunk.text(String(read = n)))),
            Stream.succeed({ ...AIMessageChunk.empty, finish: { reason: "stop" as const, raw: "" } })
          )
      })
      const model = ModelCache.withSharing()(counting)
      const paced = (duration: "1 second" | "1 minute") =>
        Effect.gen(function*() {
          let seen = 0
          const fiber = yield* Effect.forkChild(
            Stream.runForEach(
              model.stream("Hi"),
              () => Effect.andThen(Effect.sync(() => seen++), Effect.sleep(duration))
            )
          )
          return { fiber, seen: () => seen }
        })
      const [slow, fast] = [yield* paced("1 minute"), yield* paced("1 second")]
      yield* TestClock.adjust("100 seconds")
      assert.deepStrictEqual([slow.seen(), fast.seen()], [2, 101])
      assert.isAtMost(read, 102)
      yield* Fiber.interrupt(fast.fiber)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(slow.seen(), 3)
      assert.isAtMost(read, 102)
      yield* Fiber.interrupt(slow.fiber)
    }))

  it.effect.prop(
    "whenever consumers join and leave, each sees the answer from its first chunk on, and the request ends with the last",
    [Arbitrary.array(
      Arbitrary.all({
        joins: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 }))),
        stays: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 })))
      }),
      { minLength: 1, maxLength: 8 }
    )],
    ([plans]) =>
      Effect.gen(function*() {
        const tokens = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
        const { all, model } = sharing(() => text(tokens, { delay: "970 millis" }))
        const consumers = yield* Effect.forEach(plans, ({ joins, stays }) => {
          const seen: Array<string> = []
          const run = Stream.runForEach(model.stream("Hi"), ({ content }) => Effect.sync(() => seen.push(content)))
            .pipe(
              Effect.timeoutOption(`${stays * 1000 + 500} millis`),
              Effect.delay(`${joins * 1000 + 250} millis`)
            )
          return Effect.map(Effect.forkChild(run), (fiber) => ({ fiber, seen }))
        })
        yield* TestClock.adjust("1 minute")
        for (const { fiber, seen } of consumers) {
          yield* Fiber.join(fiber)
          assert.deepStrictEqual(seen, [...tokens, ""].slice(0, seen.length))
        }
        for (const { state } of yield* all) assert.include(["done", "interrupted"], state)
        // Two consumers at the same time never have two requests: there are as many as there are gaps.
        const spans = plans.map(({ joins, stays }) => [joins, joins + stays + 0.5] as const).toSorted(([a], [b]) =>
          a - b
        )
        let until = -1
        let requests = 0
        let begun = 0
        for (const [from, to] of spans) {
          // An answer takes 9.7 seconds.
          if (from >= until || from >= begun + 9.7) {
            requests++
            begun = from
            until = to
          } else until = Math.max(until, to)
        }
        assert.strictEqual((yield* all).length, requests)
      })
  )

  it.effect("inside a cache, requests at once are one, and later ones none", () =>
    Effect.gen(function*() {
      const { calls, model } = sharing(() => text("Hello"))
      const cached = yield* model.pipe(ModelCache.withCache())
      yield* cached.batch(["Hi", "Hi", "Hi"])
      yield* cached.invoke("Hi")
      assert.strictEqual(yield* calls, 1)
    }).pipe(Effect.provide(RunnableCache.layerMemory({ capacity: 10 }))))

  it.effect("a cache around a chain judges the shared answer for each of its runs", () =>
    Effect.gen(function*() {
      const { calls, model } = sharing(() => [...text("cut", { delay: "1 second" }).slice(0, -1), finish("length")])
      const chains = ["one", "two"].map((name) => model.pipe(Runnable.withCache({ name })))
      for (let i = 0; i < 2; i++) {
        const both = yield* Effect.forkChild(
          Effect.all(chains.map((chain) => chain.invoke("Hi")), { concurrency: "unbounded" })
        )
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(both)
      }
      assert.strictEqual(yield* calls, 2)
    }).pipe(Effect.provide(RunnableCache.layerMemory({ capacity: 10 }))))
})
