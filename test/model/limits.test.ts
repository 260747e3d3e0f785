// Limits of requests, tokens and concurrency.
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Clock, Deferred, Duration, Effect, Fiber, Layer, Schedule, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AIMessageChunk, ChatModel, ChatModelError, Message, ModelLimits, TokenCount } from "rivulet"
import type { CallOptions } from "rivulet"
import { Script, ScriptedChatModel } from "rivulet/Testing"
import { messages } from "../support/wires.ts"
import { wrapperLaws } from "../support/wrapperLaws.ts"

const { delay, fail, finish, text } = ScriptedChatModel

/** A scripted model, and the times at which its requests were sent. */
const timed = (replies: ScriptedChatModel.Replies, options?: CallOptions.CallOptions) =>
  Effect.map(Clock.Clock, (clock) => {
    const sent: Array<number> = []
    const inputs: Array<string> = []
    let n = 0
    const { model } = ScriptedChatModel.make((request) => {
      sent.push(clock.currentTimeMillisUnsafe())
      inputs.push(String(request.messages.at(-1)?.content))
      return typeof replies === "function" ? replies(request) : replies[Math.min(n++, replies.length - 1)]!
    }, { options: { maxRetries: 2, retrySchedule: Schedule.spaced("100 millis"), ...options } })
    return { inputs, model, sent }
  })

/** The most events, by weight, in any window that begins with one of them. */
const most = (at: ReadonlyArray<number>, window: number, weight: (i: number) => number = () => 1) =>
  Math.max(
    0,
    ...at.map((from) => at.reduce((sum, time, i) => time >= from && time < from + window ? sum + weight(i) : sum, 0))
  )

const usage = (inputTokens: number, outputTokens: number) => ({
  inputTokens,
  outputTokens,
  totalTokens: inputTokens + outputTokens
})

const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const rateLimited = (retryAfter?: Duration.Input) =>
  fail(
    new ChatModelError.RateLimitError({
      message: "slow down",
      ...(retryAfter === undefined ? undefined : { retryAfter: Duration.fromInputUnsafe(retryAfter) })
    })
  )

describe("withRateLimit is one model", () => {
  wrapperLaws((model) =>
    Effect.succeed(
      ModelLimits.withRateLimit({ requestsPerMinute: 100, tokensPerMinute: 1_000_000, concurrency: 4 })(model)
    )
  )
})

describe("requests", () => {
  it.effect.prop(
    "calls start as early as the limits allow, in the order in which they came, and no window holds more",
    [
      Arbitrary.array(int(0, 40), { minLength: 1, maxLength: 40 }),
      int(1, 5),
      int(1, 3)
    ],
    ([gaps, perWindow, perSecond]) =>
      Effect.gen(function*() {
        const { inputs, model, sent } = yield* timed(() => text("Hello"))
        const limited = ModelLimits.withRateLimit({
          limits: [{ requests: perWindow, window: "3 seconds" }, { requests: perSecond, window: "1 second" }]
        })(model)
        let at = 0
        const arrivals = gaps.map((gap) => at += gap * 50)
        const fibers = yield* Effect.forEach(arrivals, (at, i) =>
          Effect.forkChild(Effect.delay(limited.invoke(String(i)), `${at} millis`)))
        yield* TestClock.adjust("1 hour")
        yield* Effect.forEach(fibers, Fiber.join)
        assert.deepStrictEqual(
          inputs,
          arrivals.map((_, i) =>
            String(i)
          )
        )
        // The best that any limiter could do.
        const earliest: Array<number> = []
        for (const arrival of arrivals) {
          const i = earliest.length
          earliest.push(Math.max(
            arrival,
            earliest[i - 1] ?? 0,
            (earliest[i - perWindow] ?? -Infinity) + 3000,
            (earliest[i - perSecond] ?? -Infinity) + 1000
          ))
        }
        assert.deepStrictEqual(sent, earliest)
        assert.isAtMost(most(sent, 3000), perWindow)
        assert.isAtMost(most(sent, 1000), perSecond)
      })
  )

  it.effect.prop(
    "no window holds more requests than the limit, whatever fails and is retried, and no answer is lost",
    [
      Arbitrary.array(
        Arbitrary.all({ gap: int(0, 40), failures: int(0, 3), kind: int(0, 2) }),
        { minLength: 1, maxLength: 20 }
      ),
      int(1, 6)
    ],
    ([plans, perMinute]) =>
      Effect.gen(function*() {
        const left = plans.map(({ failures }) => failures)
        const { model, sent } = yield* timed(({ messages: [first] }) => {
          const i = Number(first?.content)
          if (left[i]!-- <= 0) return text("Hello")
          return [
            [rateLimited()],
            [rateLimited("7 seconds")],
            [fail(new ChatModelError.InternalProviderError({ message: "no" }))]
          ][plans[i]!.kind]!
        })
        const limited = ModelLimits.withRateLimit({ requestsPerMinute: perMinute })(model)
        let at = 0
        const fibers = yield* Effect.forEach(plans, ({ gap }, i) => {
          at += gap * 500
          return Effect.forkChild(Effect.exit(Effect.delay(limited.invoke(String(i)), `${at} millis`)))
        })
        yield* TestClock.adjust("10 hours")
        const exits = yield* Effect.forEach(fibers, Fiber.join)
        assert.deepStrictEqual(
          exits.map(({ _tag }) => _tag),
          plans.map(({ failures }) => failures > 2 ? "Failure" : "Success")
        )
        assert.strictEqual(sent.length, plans.reduce((sum, { failures }) => sum + Math.min(3, failures + 1), 0))
        assert.isAtMost(most(sent, 60_000), perMinute)
      })
  )

  it.effect("a call that is left while it waits takes nothing, and holds up nobody", () =>
    Effect.gen(function*() {
      const { inputs, model, sent } = yield* timed(() => text("Hello"))
      const limited = ModelLimits.withRateLimit({ requestsPerMinute: 1 })(model)
      yield* limited.invoke("1")
      const [first, second] = [
        yield* Effect.forkChild(limited.invoke("2")),
        yield* Effect.forkChild(limited.invoke("3"))
      ]
      const third = yield* Effect.forkChild(limited.invoke("4"))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.interrupt(first)
      yield* Fiber.interrupt(second)
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(third)
      assert.deepStrictEqual([inputs, sent], [["1", "4"], [0, 60_000]])
    }))

  it.effect("the wait for the start counts in no time limit of the call", () =>
    Effect.gen(function*() {
      const { model } = yield* timed(() => text("Hello", { delay: "1 second" }))
      const limited = ModelLimits.withRateLimit({ requestsPerMinute: 1 })(model)
      const timeout = {
        connect: "10 seconds",
        firstChunk: "10 seconds",
        idle: "10 seconds",
        total: "10 seconds"
      } as const
      const both = yield* Effect.forkChild(limited.batch(["1", "2"], { timeout }))
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual((yield* Fiber.join(both)).map(({ _tag }) => _tag), ["Success", "Success"])
    }))

  it.effect("`maxWait` fails a call that waits too long, and sends nothing", () =>
    Effect.gen(function*() {
      const { model, sent } = yield* timed(() => text("Hello"))
      const limited = ModelLimits.withRateLimit({ requestsPerMinute: 1, maxWait: "5 seconds" })(model)
      yield* limited.invoke("1")
      const waiting = yield* Effect.forkChild(Effect.flip(limited.invoke("2")))
      yield* TestClock.adjust("5 seconds")
      const error = yield* Fiber.join(waiting)
      assert.strictEqual(error.reason._tag, "RateLimitError")
      assert.include(error.message, "5s")
      yield* TestClock.adjust("55 seconds")
      yield* limited.invoke("3")
      assert.deepStrictEqual(sent, [0, 60_000])
    }))

  it.effect("all models of one wrapper share its limits, and a layer can be one of them", () =>
    Effect.gen(function*() {
      const limit = ModelLimits.withRateLimit({ requestsPerMinute: 2 })
      const [one, two] = [yield* timed(() => text("1")), yield* timed(() => text("2"))]
      const [a, b] = [limit(one.model), limit(two.model)]
      const other = ModelLimits.withRateLimit({ requestsPerMinute: 2 })(one.model)
      const calls = yield* Effect.forkChild(Effect.all([
        a.invoke("Hi"),
        b.invoke("Hi"),
        ChatModel.invoke("Hi").pipe(Effect.provide(limit(Layer.succeed(ChatModel.ChatModel, one.model))))
      ]))
      yield* TestClock.adjust("59 seconds")
      yield* other.invoke("Hi")
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(calls)
      assert.deepStrictEqual([one.sent, two.sent], [[0, 59_000, 60_000], [0]])
    }))
})

describe("a 429 with a wait", () => {
  it.effect("slows all calls, also if the model retries it", () =>
    Effect.gen(function*() {
      let refused = false
      const { inputs, model, sent } = yield* timed(() => {
        if (refused) return text("Hello")
        refused = true
        return [rateLimited("20 seconds")]
      })
      const limited = ModelLimits.withRateLimit({ requestsPerMinute: 10 })(model)
      const retries: Array<unknown> = []
      const first = yield* Effect.forkChild(limited.invoke("1", {
        onRetry: ({ delay, retry }) => Effect.sync(() => retries.push([retry, Duration.toSeconds(delay)]))
      }))
      yield* TestClock.adjust("5 seconds")
      const second = yield* Effect.forkChild(limited.invoke("2"))
      yield* TestClock.adjust("1 minute")
      yield* Effect.all([Fiber.join(first), Fiber.join(second)])
      assert.deepStrictEqual(retries, [[1, 20]])
      assert.deepStrictEqual([inputs.toSorted(), sent], [["1", "1", "2"], [0, 20_000, 20_000]])
    }))

  it.effect("slows the calls after one that it ends", () =>
    Effect.gen(function*() {
      const { model, sent } = yield* timed([[rateLimited("2 minutes")], text("Hello")])
      const limited = ModelLimits.withRateLimit({ concurrency: 5 })(model)
      assert.strictEqual((yield* Effect.flip(limited.invoke("1"))).reason._tag, "RateLimitError")
      const second = yield* Effect.forkChild(limited.invoke("2"))
      yield* TestClock.adjust("3 minutes")
      yield* Fiber.join(second)
      assert.deepStrictEqual(sent, [0, 120_000])
    }))

  it.effect("a retry is counted although the app's onRetry dies, and a default onRetry of the model runs", () =>
    Effect.gen(function*() {
      let runs = 0
      const { model, sent } = yield* timed(
        [[fail(new ChatModelError.OverloadedError({ message: "busy" }))], text("Hello")],
        { onRetry: () => Effect.suspend(() => (runs++, Effect.die("onRetry"))) }
      )
      const limited = ModelLimits.withRateLimit({ requestsPerMinute: 2 })(model)
      const calls = yield* Effect.forkChild(Effect.all([limited.invoke("1"), limited.invoke("2")]))
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(calls)
      assert.strictEqual(runs, 1)
      assert.deepStrictEqual(sent, [0, 100, 60_000])
    }))
})

describe("tokens", () => {
  it.effect.prop(
    "no window holds more tokens than the limit, if no answer is longer than was expected",
    [
      Arbitrary.array(
        Arbitrary.all({ gap: int(0, 20), characters: int(1, 400), output: int(0, 100) }),
        { minLength: 1, maxLength: 25 }
      ),
      int(300, 800)
    ],
    ([plans, tokensPerMinute]) =>
      Effect.gen(function*() {
        const used: Array<number> = []
        const { model, sent } = yield* timed(({ messages: [first] }) => {
          const [i = "", content = ""] = String(first?.content).split(":")
          // Four tokens of the message, and one of four characters: so the estimate is exact.
          const tokens = usage(4 + Math.ceil((i.length + 1 + content.length) / 4), plans[Number(i)]!.output)
          used.push(tokens.totalTokens)
          return [delay("300 millis"), ...text("x", { usage: tokens })]
        })
        const limited = ModelLimits.withRateLimit({ tokensPerMinute, expectedOutput: 100 })(model)
        let at = 0
        const fibers = yield* Effect.forEach(plans, ({ characters, gap }, i) => {
          at += gap * 500
          return Effect.forkChild(Effect.delay(limited.invoke(`${i}:${"x".repeat(characters)}`), `${at} millis`))
        })
        yield* TestClock.adjust("10 hours")
        yield* Effect.forEach(fibers, Fiber.join)
        assert.isAtMost(most(sent, 60_000, (i) => used[i]!), tokensPerMinute)
      })
  )

  it.effect("the usage of an answer makes room at once, or takes it", () =>
    Effect.gen(function*() {
      const replies = [
        text("a", { delay: "1 second", usage: usage(10, 90) }),
        text("b", { delay: "1 second", usage: usage(10, 1290) }),
        text("c")
      ]
      const { model, sent } = yield* timed(replies)
      const limited = ModelLimits.withRateLimit({ tokensPerMinute: 1300 })(model)
      const calls = yield* Effect.forkChild(
        limited.batch(["1", "2", "3"], { maxTokens: 1000, concurrency: 3 })
      )
      yield* TestClock.adjust("3 minutes")
      yield* Fiber.join(calls)
      // The first is over after a second, with 100 tokens. The second is much longer than was estimated.
      assert.deepStrictEqual(sent, [0, 1000, 61_000])
    }))

  it.effect("estimates are those of TokenCount, and learn from usage", () =>
    Effect.gen(function*() {
      /** Whether two calls start at once. */
      const fits = (
        room: number,
        input: ChatModel.ChatInput,
        options?: CallOptions.CallOptions,
        reply: ScriptedChatModel.Reply = [delay("1 second"), finish()]
      ) =>
        Effect.gen(function*() {
          const { model, sent } = yield* timed([reply, text("b")])
          const limited = ModelLimits.withRateLimit({ tokensPerMinute: room, expectedOutput: 10 })(model)
          const calls = yield* Effect.forkChild(Effect.exit(limited.invoke(input, options)))
          yield* TestClock.adjust("2 seconds")
          const second = yield* Effect.forkChild(limited.invoke(input, options))
          yield* TestClock.adjust("2 minutes")
          yield* Effect.all([Fiber.join(calls), Fiber.join(second)])
          return sent[1] === sent[0]! + 2000
        })
      const parameters = { type: "object", properties: {} }
      const requests: ReadonlyArray<readonly [ChatModel.ChatInput, CallOptions.CallOptions?]> = [
        ["x".repeat(396)],
        [[["system", "x".repeat(40)], ["human", "x".repeat(40)]], { maxTokens: 10 }],
        ["1234", { tools: [{ name: "look", description: "Looks", parameters }] }],
        ["1234", { responseFormat: { type: "json_schema", schema: parameters } }],
        [Message.human([Message.text("1234"), Message.image({ url: "https://a.b/c.png" })])]
      ]
      for (const [input, options] of requests) {
        // The answer without usage and text has ten tokens less than was expected.
        const tokens = 2 * TokenCount.estimate(input, options) + 10
        assert.isTrue(yield* fits(tokens, input, options), `at most ${tokens}`)
        assert.isFalse(yield* fits(tokens - 1, input, options), `at least ${tokens}`)
      }
      // 100 were estimated, and the answer says that there were twice as many.
      const reply = text("a", { usage: usage(200, 0) })
      assert.isTrue(yield* fits(200 + 210, "x".repeat(384), {}, reply))
      assert.isFalse(yield* fits(200 + 209, "x".repeat(384), {}, reply))
    }))

  it.effect("a call whose estimate exceeds the limit waits until it is the only one", () =>
    Effect.gen(function*() {
      const { model, sent } = yield* timed(() => text("Hello"))
      const limited = ModelLimits.withRateLimit({ tokensPerMinute: 1000 })(model)
      const calls = yield* Effect.forkChild(limited.batch(["1", "2", "3"], { maxTokens: 5000 }))
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(calls)
      // An answer without usage is estimated when it ends, which is less.
      assert.deepStrictEqual(sent, [0, 60_000, 120_000])
    }))

  it.effect("a refused request gives its tokens back, a lost one does not, and one that is left keeps what came", () =>
    Effect.gen(function*() {
      const after = (reply: ScriptedChatModel.Reply, take = Infinity) =>
        Effect.gen(function*() {
          const { model, sent } = yield* timed([reply, text("Hello")], { maxRetries: 0 })
          const limited = ModelLimits.withRateLimit({ tokensPerMinute: 1500 })(model)
          yield* Effect.exit(Stream.runDrain(Stream.take(limited.stream("1"), take)))
          const second = yield* Effect.forkChild(limited.invoke("2"))
          yield* TestClock.adjust("2 minutes")
          yield* Fiber.join(second)
          return sent[1]! - sent[0]!
        })
      const partly = text(["x".repeat(400), "y"]).slice(0, 1)
      assert.strictEqual(yield* after([fail(new ChatModelError.AuthenticationError({ message: "no" }))]), 0)
      assert.strictEqual(yield* after([fail(new ChatModelError.NetworkError({ message: "lost" }))]), 60_000)
      assert.strictEqual(yield* after([...partly, finish()], 1), 0)
      const reported = ScriptedChatModel.chunk({ ...AIMessageChunk.text("x"), usage: usage(10, 700) })
      assert.strictEqual(yield* after([reported, fail(new ChatModelError.NetworkError({ message: "lost" }))]), 60_000)
    }))
})

describe("concurrency", () => {
  it.effect.prop(
    "no more calls run at once, however they end, and all have their turn",
    [
      Arbitrary.array(
        Arbitrary.all({ gap: int(0, 5), takes: int(1, 9), ends: int(0, 2) }),
        { minLength: 1, maxLength: 20 }
      ),
      int(1, 4)
    ],
    ([plans, concurrency]) =>
      Effect.gen(function*() {
        let running = 0
        let peak = 0
        const ran: Array<number> = []
        const model = ChatModel.make({
          provider: "p",
          model: "m",
          options: { maxRetries: 0, timeout: { idle: false } },
          stream: ({ messages: [first] }) => {
            const i = Number(first?.content)
            const { ends, takes } = plans[i]!
            return Stream.unwrap(
              Effect.acquireRelease(
                Effect.sync(() => {
                  ran.push(i)
                  peak = Math.max(peak, ++running)
                }),
                () => Effect.sync(() => running--)
              ).pipe(Effect.as(Stream.concat(
                Stream.fromEffect(Effect.as(Effect.sleep(`${takes} seconds`), AIMessageChunk.text("x"))),
                ends === 0
                  ? Stream.succeed({ ...AIMessageChunk.empty, finish: { reason: "stop" as const, raw: "" } })
                  : ends === 1
                  ? Stream.fail(
                    new ChatModelError.ChatModelError({
                      provider: "p",
                      model: "m",
                      reason: new ChatModelError.NetworkError({ message: "lost" })
                    })
                  )
                  : Stream.never
              )))
            )
          }
        })
        const limited = ModelLimits.withRateLimit({ concurrency })(model)
        let at = 0
        const fibers = yield* Effect.forEach(plans, ({ ends, gap }, i) => {
          at += gap
          const call = Stream.runDrain(
            ends === 2 ? Stream.take(limited.stream(String(i)), 1) : limited.stream(String(i))
          )
          return Effect.forkChild(Effect.exit(Effect.delay(call, `${at} seconds`)))
        })
        yield* TestClock.adjust("1 hour")
        yield* Effect.forEach(fibers, Fiber.join)
        assert.deepStrictEqual(ran, plans.map((_, i) => i))
        assert.isAtMost(peak, concurrency)
        assert.strictEqual(running, 0)
      })
  )

  it.live("leaving a call closes its connection, and lets the next one start", () =>
    Effect.gen(function*() {
      const { model, server } = yield* messages.serve(Script.endless({ delay: "1 millis" }))
      const limited = ModelLimits.withRateLimit({ concurrency: 1 })(model)
      const begun = yield* Deferred.make<void>()
      const first = yield* Effect.forkChild(
        Stream.runForEach(limited.stream("1"), () => Deferred.succeed(begun, undefined))
      )
      yield* Deferred.await(begun)
      const waiting = yield* Effect.forkChild(limited.invoke("2"))
      const second = yield* Effect.forkChild(Stream.runDrain(Stream.take(limited.stream("3"), 2)))
      yield* Effect.sleep("20 millis")
      assert.lengthOf(yield* server.requests, 1)
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(first)
      yield* Fiber.join(second)
      yield* server.awaitIdle
      const requests = yield* server.requests
      assert.lengthOf(requests, 2)
      for (const { closed } of requests) assert.strictEqual((yield* closed).by, "client")
    }))
})

describe("the options of a limit", () => {
  it("must be limits", () => {
    const wrong: ReadonlyArray<readonly [ModelLimits.RateLimitOptions, RegExp]> = [
      [{}, /at least one limit/],
      [{ requestsPerMinute: 0 }, /requestsPerMinute/],
      [{ tokensPerMinute: NaN }, /tokensPerMinute/],
      [{ concurrency: 0 }, /concurrency/],
      [{ limits: [{ requests: 1, window: 0 }] }, /limits\[0\]\.window/],
      [{ limits: [{ requests: -1, window: "1 second" }] }, /limits\[0\]\.requests/],
      [{ concurrency: 1, maxWait: 0 }, /maxWait/],
      [{ concurrency: 1, expectedOutput: -1 }, /expectedOutput/]
    ]
    for (const [options, message] of wrong) assert.throws(() => ModelLimits.withRateLimit(options), message)
  })
})
