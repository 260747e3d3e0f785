import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AIMessageChunk, ChatModel, ModelRouting } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../../support/events.ts"
import { busy, contentOf, counts, fails, limited, says, scripted, wrong } from "../../support/routing.ts"

const { chunk, delay, fail, finish, stall, text } = ScriptedChatModel
const { answeredBy, withHedge } = ModelRouting

const after = (time: `${number} seconds`, name: string) => [delay(time), ...text([name])]

/** A call in a fiber of its own, which has got as far as it can at this time. */
const running = <A, E>(effect: Effect.Effect<A, E>) => Effect.tap(Effect.forkChild(effect), () => TestClock.adjust(0))

describe("a request that shows nothing", () => {
  it.effect("gets a second one after the delay, and the first chunk wins", () =>
    Effect.gen(function*() {
      const a = scripted("a", [after("10 seconds", "slow"), after("1 seconds", "fast")])
      const call = yield* running(a.model.pipe(withHedge("2 seconds")).invoke("Hi"))
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(yield* counts(a), [1])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* counts(a), [2])
      yield* TestClock.adjust("1 seconds")
      const message = yield* Fiber.join(call)
      assert.strictEqual(message.content, "fast")
      assert.deepStrictEqual(answeredBy(message), { provider: "test", model: "a" })
      assert.deepStrictEqual((yield* a.calls).map(({ state }) => state), ["interrupted", "done"])
    }))

  it.effect("may win all the same", () =>
    Effect.gen(function*() {
      const a = scripted("a", [after("3 seconds", "first"), after("10 seconds", "second")])
      const call = yield* running(a.model.pipe(withHedge("2 seconds")).invoke("Hi"))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(call)).content, "first")
      assert.deepStrictEqual((yield* a.calls).map(({ state }) => state), ["done", "interrupted"])
    }))

  it.effect("is alone if its first chunk comes before the delay, however long the rest takes", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[chunk(AIMessageChunk.text("a")), delay("30 seconds"), finish()]])
      const call = yield* running(a.model.pipe(withHedge("2 seconds")).invoke("Hi"))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(call)).content, "a")
      assert.deepStrictEqual(yield* counts(a), [1])
    }))

  it.effect("gets as many as `max`, each after the delay", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[stall]])
      const call = yield* running(a.model.pipe(withHedge("2 seconds", { max: 3 })).invoke("Hi"))
      for (const expected of [1, 2, 3, 3]) {
        assert.deepStrictEqual(yield* counts(a), [expected])
        yield* TestClock.adjust("2 seconds")
      }
      yield* Fiber.interrupt(call)
      assert.deepStrictEqual((yield* a.calls).map(({ state }) => state), ["interrupted", "interrupted", "interrupted"])
    }))

  it.effect("is closed as soon as another one wins, and not when the answer ends", () =>
    Effect.gen(function*() {
      const slow = [chunk(AIMessageChunk.text("b")), delay("30 seconds"), finish()]
      const a = scripted("a", [[stall], slow])
      const call = yield* running(Stream.runDrain(a.model.pipe(withHedge("2 seconds")).stream("Hi")))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual((yield* a.calls).map(({ state }) => state), ["interrupted", "open"])
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(call)
    }))

  it.effect("is closed also if both have a chunk at the same time", () =>
    Effect.gen(function*() {
      const go = yield* Deferred.make<void>()
      const closed: Array<number> = []
      let asked = 0
      const model = ChatModel.make({
        provider: "test",
        model: "a",
        stream: () => {
          const index = asked++
          return Stream.fromEffect(Effect.as(Deferred.await(go), AIMessageChunk.text(String(index)))).pipe(
            Stream.concat(Stream.never),
            Stream.ensuring(Effect.sync(() => closed.push(index)))
          )
        }
      })
      const shown: Array<string> = []
      const call = yield* running(
        Stream.runForEach(
          model.pipe(withHedge("2 seconds")).stream("Hi"),
          ({ content }) => Effect.sync(() => shown.push(content))
        )
      )
      yield* TestClock.adjust("2 seconds")
      yield* Deferred.succeed(go, undefined)
      yield* TestClock.adjust(0)
      assert.lengthOf(shown, 1)
      assert.deepStrictEqual(closed, [1 - Number(shown[0])])
      yield* Fiber.interrupt(call)
      assert.sameMembers(closed, [0, 1])
    }))

  it.effect("holds up nobody while it closes", () =>
    Effect.gen(function*() {
      let closed = false
      let asked = 0
      const model = ChatModel.make({
        provider: "test",
        model: "a",
        stream: () =>
          asked++ === 0
            ? Stream.ensuring(
              Stream.never,
              Effect.andThen(Effect.sleep("10 seconds"), Effect.sync(() => closed = true))
            )
            : Stream.make(AIMessageChunk.text("b"), { ...AIMessageChunk.empty, finish: { reason: "stop", raw: "" } })
      })
      const first: Array<string> = []
      const call = yield* running(
        Stream.runForEach(
          model.pipe(withHedge("2 seconds")).stream("Hi"),
          ({ content }) => Effect.sync(() => first.push(content))
        )
      )
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(first, ["b", ""])
      assert.isFalse(closed)
      // The stream ends when everything is closed.
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(call)
      assert.isTrue(closed)
    }))
})

describe("other models", () => {
  it.effect("get the further requests in turn, with their own retries", () =>
    Effect.gen(function*() {
      const [a, b, c] = [scripted("a", [[stall]]), scripted("b", [[stall]]), says("c")]
      const model = a.model.pipe(withHedge("2 seconds", { models: [b.model, c.model] }))
      const call = yield* running(model.invoke("Hi", { maxRetries: 1 }))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* counts(a, b, c), [1, 1, 0])
      yield* TestClock.adjust("2 seconds")
      const message = yield* Fiber.join(call)
      assert.deepStrictEqual(answeredBy(message), { provider: "test", model: "c" })
      assert.deepStrictEqual(yield* counts(a, b, c), [1, 1, 1])
      assert.strictEqual((yield* b.calls)[0]?.options.maxRetries, 1)
    }))

  it.effect("are asked at once when a request fails, each once", () =>
    Effect.gen(function*() {
      const [a, b] = [fails("a"), scripted("b", [after("5 seconds", "b")])]
      const call = yield* running(a.model.pipe(withHedge("2 seconds", { models: [b.model], max: 4 })).invoke("Hi"))
      assert.deepStrictEqual(yield* counts(a, b), [1, 1])
      // The delay begins anew, and then it is the turn of `a`.
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(yield* counts(a, b), [1, 1])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* counts(a, b), [2, 1])
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(call)).content, "b")
    }))

  it.effect("get one request, and not two, when a request fails as the delay ends", () =>
    Effect.gen(function*() {
      const [a, b, c] = [scripted("a", [[delay("2 seconds"), fail(busy)]]), scripted("b", [[stall]]), says("c")]
      const call = yield* running(a.model.pipe(withHedge("2 seconds", { models: [b.model, c.model] })).invoke("Hi"))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* counts(a, b, c), [1, 1, 0])
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(call)).content, "c!")
    }))

  it.effect("may be effects, and the wrapped model one of a layer", () =>
    Effect.gen(function*() {
      const model = yield* fails("a").model.pipe(withHedge("2 seconds", { models: [Effect.succeed(says("b").model)] }))
      assert.strictEqual((yield* model.invoke("Hi")).content, "b!")
      const layer = Layer.succeed(ChatModel.ChatModel, fails("a").model).pipe(
        withHedge("2 seconds", { models: [Effect.succeed(says("b").model)] })
      )
      assert.strictEqual((yield* Effect.provide(ChatModel.invoke("Hi"), layer)).content, "b!")
    }))
})

describe("a failure", () => {
  it.effect("of the only request is the call's, as the model has retried by itself", () =>
    Effect.gen(function*() {
      const a = fails("a", busy, { options: { maxRetries: 2 } })
      const call = yield* running(Effect.flip(a.model.pipe(withHedge("1 minute")).invoke("Hi")))
      yield* TestClock.adjust("30 seconds")
      const error = yield* Fiber.join(call)
      assert.deepStrictEqual([error.reason, error.attempts], [busy, undefined])
      assert.deepStrictEqual(yield* counts(a), [3])
    }))

  it.effect("leaves the call to the requests that run", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[delay("3 seconds"), fail(busy)], after("5 seconds", "second")])
      const call = yield* running(a.model.pipe(withHedge("2 seconds")).invoke("Hi"))
      yield* TestClock.adjust("7 seconds")
      assert.strictEqual((yield* Fiber.join(call)).content, "second")
    }))

  it.effect("that is not in `when` is the call's, and closes the other requests", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[stall], [delay("1 seconds"), fail(wrong)]])
      const call = yield* running(Effect.flip(a.model.pipe(withHedge("2 seconds")).invoke("Hi")))
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual((yield* Fiber.join(call)).reason, wrong)
      assert.strictEqual((yield* a.calls)[0]?.state, "interrupted")
      const [b, c] = [fails("b"), says("c")]
      const own = b.model.pipe(withHedge("2 seconds", { models: [c.model], when: ["RateLimitError"] }))
      assert.deepStrictEqual((yield* Effect.flip(own.invoke("Hi"))).reason, busy)
      assert.deepStrictEqual(yield* counts(c), [0])
    }))

  it.effect("of all requests names all of them, in the order of the failures", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[delay("4 seconds"), fail(busy)]])
      const b = scripted("b", [[delay("1 seconds"), fail(limited)]])
      const call = yield* running(
        Effect.flip(a.model.pipe(withHedge("2 seconds", { models: [b.model] })).invoke("Hi"))
      )
      yield* TestClock.adjust("4 seconds")
      const error = yield* Fiber.join(call)
      assert.deepStrictEqual(error.attempts?.map(({ model, reason }) => [model, reason]), [["b", limited], ["a", busy]])
      assert.deepStrictEqual([error.model, error.reason], ["a", busy])
    }))

  it.effect("after the first chunk is the call's", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[chunk(AIMessageChunk.text("once")), delay("5 seconds"), fail(busy)]])
      const call = yield* running(Effect.flip(a.model.pipe(withHedge("2 seconds")).invoke("Hi")))
      yield* TestClock.adjust("5 seconds")
      const error = yield* Fiber.join(call)
      assert.deepStrictEqual([error.partial?.content, error.attempts], ["once", undefined])
      assert.deepStrictEqual(yield* counts(a), [1])
    }))

  it.effect("is no defect, and a defect no failure", () =>
    Effect.gen(function*() {
      const a = ChatModel.make({ provider: "test", model: "a", stream: () => Stream.die("bug") })
      const b = says("b")
      const exit = yield* Effect.exit(a.pipe(withHedge("2 seconds", { models: [b.model] })).invoke("Hi"))
      assert.deepStrictEqual(Exit.isFailure(exit) && Cause.squash(exit.cause), "bug")
      assert.deepStrictEqual(yield* counts(b), [0])
    }))

  it.effect("for which `when` throws is a defect, and closes the other requests", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[stall], [fail(busy)]])
      const when = () => {
        throw new Error("bug")
      }
      const call = yield* running(Effect.exit(a.model.pipe(withHedge("2 seconds", { when })).invoke("Hi")))
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Exit.hasDies(yield* Fiber.join(call)))
      assert.strictEqual((yield* a.calls)[0]?.state, "interrupted")
    }))
})

describe("retries", () => {
  it.effect("are those of the first request, and are not multiplied", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[delay("10 seconds"), fail(busy)]])
      const model = a.model.pipe(withHedge("2 seconds", { max: 3 }))
      const call = yield* running(Effect.flip(model.invoke("Hi", { maxRetries: 2 })))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(call)
      // Three attempts of the first request, and one of each other.
      assert.deepStrictEqual(yield* counts(a), [5])
    }))

  it.effect("and requests share the time limit of the call", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[stall]])
      const model = a.model.pipe(withHedge("2 seconds", { max: 9 }))
      const call = yield* running(Effect.flip(model.invoke("Hi", { timeout: { total: "5 seconds" } })))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(call)
      assert.deepStrictEqual(error.attempts?.map(({ reason }) => reason._tag), [
        "TimeoutError",
        "TimeoutError",
        "TimeoutError"
      ])
      assert.deepStrictEqual((yield* a.calls).map(({ options }) => options.timeout?.total), ["5 seconds", 3000, 1000])
    }))
})

describe("leaving", () => {
  const three = () => {
    const a = scripted("a", [[stall]])
    return { a, model: a.model.pipe(withHedge("2 seconds", { max: 3 })) }
  }

  it.effect("closes all requests, before and after the delay", () =>
    Effect.gen(function*() {
      for (const seconds of [0, 2, 4, 10]) {
        const { a, model } = three()
        const call = yield* running(Stream.runDrain(model.stream("Hi")))
        yield* TestClock.adjust(seconds * 1000)
        yield* Fiber.interrupt(call)
        const states = (yield* a.calls).map(({ state }) => state)
        assert.deepStrictEqual(new Set(states), new Set(["interrupted"]))
        yield* TestClock.adjust("1 minute")
        assert.lengthOf(yield* a.calls, states.length)
      }
    }))

  it.effect("the answer closes it", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[stall], [chunk(AIMessageChunk.text("b")), stall]])
      const call = yield* running(Stream.runCollect(Stream.take(a.model.pipe(withHedge("2 seconds")).stream("Hi"), 1)))
      yield* TestClock.adjust("2 seconds")
      assert.lengthOf(yield* Fiber.join(call), 1)
      assert.deepStrictEqual((yield* a.calls).map(({ state }) => state), ["interrupted", "interrupted"])
    }))
})

it.effect("the events are those of one model", () =>
  Effect.gen(function*() {
    const a = scripted("a", [[stall], text(["a", "b"])])
    const call = yield* running(eventsOf(a.model.pipe(withHedge("2 seconds")), "Hi"))
    yield* TestClock.adjust("2 seconds")
    const { events } = yield* Fiber.join(call)
    balanced(events)
    assert.deepStrictEqual(events.map(({ event }) => event), [
      "on_chat_model_start",
      "on_chat_model_stream",
      "on_chat_model_stream",
      "on_chat_model_stream",
      "on_chat_model_end"
    ])
  }))

it.effect("a stream can be run again", () =>
  Effect.gen(function*() {
    const a = says("a")
    const stream = a.model.pipe(withHedge("2 seconds")).stream("Hi")
    for (let i = 0; i < 2; i++) assert.strictEqual(contentOf(yield* Stream.runCollect(stream)), "a!")
    assert.deepStrictEqual(yield* counts(a), [2])
  }))

it("wrong options are told when the wrapper is made", () => {
  assert.throws(() => withHedge(0), /withHedge: delay must be a duration above zero/)
  assert.throws(() => withHedge("2 seconds", { max: 1 }), /withHedge: max must be a number of at least 2/)
  // For callers without types.
  assert.throws(() => withHedge("2 seconds", { models: [] as never }), /withHedge: models: give a list/)
})
