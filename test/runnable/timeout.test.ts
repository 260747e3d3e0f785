import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { OutputParser, Runnable } from "rivulet"
import { Script, ScriptedChatModel } from "rivulet/Testing"
import { serve } from "../support/anthropic.ts"
import { balanced, eventsOf } from "../support/events.ts"

const { stall, text } = ScriptedChatModel

/** The first slices of an answer that never ends. */
const silent = (slices: ReadonlyArray<string>) => [...text(slices).slice(0, slices.length), stall]

describe("withTimeout", () => {
  it.effect("fails when the whole run takes too long, after what it showed, with all closed", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make(() => silent(["a", "b"]))
      const chain = Runnable.sequence(model, OutputParser.string).pipe(Runnable.withTimeout("3 seconds"))
      const shown: Array<string> = []
      const two = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(Effect.flip(
        Stream.runForEach(
          chain.stream("hi"),
          (slice) => Effect.suspend(() => shown.push(slice) === 2 ? Deferred.succeed(two, undefined) : Effect.void)
        )
      ))
      yield* Deferred.await(two)
      yield* TestClock.adjust("2999 millis")
      assert.deepStrictEqual((yield* calls).map((call) => call.state), ["open"])
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assert.instanceOf(error, Runnable.RunnableTimeoutError)
      assert.deepStrictEqual([error.step, error.message], ["RunnableSequence", "RunnableSequence took longer than 3s"])
      assert.deepStrictEqual(shown, ["a", "b"])
      assert.deepStrictEqual((yield* calls).map((call) => call.state), ["interrupted"])
    }))

  it.effect("counts the consumer's time, and closes what runs while the consumer is busy", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make(() => silent(["a", "b"]))
      const chain = Runnable.sequence(model, OutputParser.string).pipe(Runnable.withTimeout("3 seconds"))
      const busy = yield* Deferred.make<void>()
      const free = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        Effect.flip(
          Stream.runForEach(
            chain.stream("hi"),
            () => Effect.andThen(Deferred.succeed(busy, undefined), Deferred.await(free))
          )
        )
      )
      yield* Deferred.await(busy)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual((yield* calls).map((call) => call.state), ["interrupted"])
      yield* Deferred.succeed(free, undefined)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "RunnableTimeoutError")
    }))

  it.effect("leaves alone what is done in time, and what fails by itself", () =>
    Effect.gen(function*() {
      const quick = Runnable.fn((n: number) => n > 0 ? Effect.succeed(n) : Effect.fail("low" as const)).pipe(
        Runnable.withTimeout("1 second")
      )
      assert.strictEqual(yield* quick.invoke(1), 1)
      assert.strictEqual(yield* Effect.flip(quick.invoke(0)), "low")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* quick.invoke(1), 1)
    }))

  it.effect("lets a step that works on chunks do so", () =>
    Effect.gen(function*() {
      const { asked, chain, closed } = yield* Effect.gen(function*() {
        const asked = yield* Deferred.make<void>()
        const { calls, model } = ScriptedChatModel.make(() => silent(["a"]))
        const parser = OutputParser.string.pipe(Runnable.withTimeout("1 second"))
        return { asked, chain: Runnable.sequence(model, parser), closed: calls }
      })
      const fiber = yield* Effect.forkChild(Effect.flip(
        Stream.runForEach(chain.stream("hi"), () => Deferred.succeed(asked, undefined))
      ))
      yield* Deferred.await(asked)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "RunnableTimeoutError")
      assert.deepStrictEqual((yield* closed).map((call) => call.state), ["interrupted"])
    }))

  it.effect("is worth a fallback, and another try", () =>
    Effect.gen(function*() {
      let tries = 0
      const slow = Runnable.fn((_input: string) => ++tries < 3 ? Effect.never : Effect.succeed("done"))
      const timed = slow.pipe(Runnable.withTimeout("1 second"))
      const rescued = yield* Effect.forkChild(
        timed.pipe(Runnable.withFallbacks([Runnable.fn((_input: string) => "plain")])).invoke("hi")
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(rescued), "plain")
      const retried = yield* Effect.forkChild(timed.pipe(Runnable.withRetry()).invoke("hi"))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(retried), "done")
      assert.strictEqual(tries, 3)
    }))

  it.live("tells an interruption inside, and an error around it", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => silent(["a"]))
      const chain = Runnable.sequence(
        Runnable.passthrough<string>(),
        Runnable.sequence(model, OutputParser.string).pipe(Runnable.withTimeout("20 millis"))
      )
      const { events, exit } = yield* eventsOf(chain, "hi")
      assert.isTrue(Exit.isFailure(exit))
      balanced(events)
      assert.deepStrictEqual(
        events.filter((event) => /_(interrupted|error)$/.test(event.event)).map(({ event, name }) => [event, name]),
        [
          ["on_chat_model_interrupted", "scripted"],
          ["on_parser_interrupted", "StrOutputParser"],
          ["on_chain_interrupted", "RunnableSequence"],
          ["on_chain_error", "RunnableSequence"]
        ]
      )
    }))

  it.live("waits until all inside has ended, also when a limit around it is up at the same moment", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => silent([]))
      const limit = Runnable.withTimeout("10 millis")
      const chain = Runnable.each(Runnable.sequence(model, OutputParser.string)).pipe(limit, limit)
      // Which one stops what is up to the timers.
      for (let i = 0; i < 20; i++) {
        const { events, exit } = yield* eventsOf(chain, ["a", "b"])
        assert.isTrue(Exit.isFailure(exit))
        balanced(events)
      }
    }))

  it.effect("closes the connection", () =>
    Effect.gen(function*() {
      const endless = Script.tokens(["a", "b", "c"])
      const bytes = new TextDecoder().decode(Script.bytesOf(endless))
      const { model, server } = yield* serve(
        Script.faultAt(endless, bytes.indexOf("event: content_block_stop"), Script.stall)
      )
      const chain = Runnable.sequence(model, OutputParser.string).pipe(Runnable.withTimeout("10 seconds"))
      const shown = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        Effect.flip(Stream.runForEach(chain.stream("Hi"), () => Deferred.succeed(shown, undefined)))
      )
      yield* Deferred.await(shown)
      assert.strictEqual(yield* server.openConnections, 1)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "RunnableTimeoutError")
      yield* server.awaitIdle
      assert.deepStrictEqual(
        yield* Effect.forEach(yield* server.requests, (request) => Effect.map(request.closed, ({ by }) => by)),
        ["client"]
      )
    }))
})
