// Budgets of tokens and of US dollars.
import { assert, describe, it } from "@effect/vitest"
import {
  Arbitrary,
  Context,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  Redacted,
  Schedule,
  Schema,
  Stream
} from "effect"
import { TestClock } from "effect/testing"
import { AIMessageChunk, ChatModel, ChatModelError, ModelBudget, ModelFacts, TokenCount } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { AnthropicServer, Script, ScriptedChatModel } from "rivulet/Testing"
import { serve } from "../support/anthropic.ts"
import { eventsOf } from "../support/events.ts"
import { messages } from "../support/wires.ts"
import { wrapperLaws } from "../support/wrapperLaws.ts"

const { chunk, delay, fail, finish, stall, text } = ScriptedChatModel

const usage = (inputTokens: number, outputTokens: number) => ({
  inputTokens,
  outputTokens,
  totalTokens: inputTokens + outputTokens
})

const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

/** A budget around a scripted model, and the number of its requests. */
const budgeted = (options: ModelBudget.BudgetOptions, replies: ScriptedChatModel.Replies) => {
  const budget = ModelBudget.make(options)
  const { calls, model } = ScriptedChatModel.make(replies, {
    options: { maxRetries: 2, retrySchedule: Schedule.spaced("1 second") }
  })
  return { ...budget, model: budget.withBudget(model), requests: Effect.map(calls, ({ length }) => length) }
}

/** The reason of a call that exceeds its budget. */
const exceeded = (call: Effect.Effect<unknown, ChatModelError.ChatModelError>) =>
  Effect.map(Effect.flip(call), (error) => {
    if (error.reason._tag !== "BudgetExceededError") throw error
    assert.isFalse(error.isRetryable)
    return error.reason
  })

describe("withBudget is one model", () => {
  wrapperLaws((model) => Effect.succeed(ModelBudget.withBudget({ tokens: 1_000_000 })(model)))
})

describe("a budget", () => {
  it.effect("fails a call before it is sent, when it is used up", () =>
    Effect.gen(function*() {
      const { model, requests, used } = budgeted({ tokens: 100 }, () => text("Hello", { usage: usage(10, 50) }))
      yield* model.invoke("Hi")
      assert.deepStrictEqual(yield* used(), { tokens: 60 })
      // An answer may exceed the budget; it is not taken away.
      assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
      assert.deepStrictEqual(yield* used(), { tokens: 120 })
      const reason = yield* exceeded(model.invoke("Hi"))
      assert.deepInclude(reason, { unit: "tokens", limit: 100, used: 120, needed: 10, key: "" })
      assert.isUndefined(reason.resetAfter)
      assert.include(reason.message, "120 tokens of 100 tokens")
      assert.strictEqual(yield* requests, 2)
      assert.deepStrictEqual(yield* used(), { tokens: 120 })
    }))

  it.effect("counts the estimate of the input of the next call, corrected by usage", () =>
    Effect.gen(function*() {
      const input = "x".repeat(384)
      assert.strictEqual(TokenCount.estimate(input), 100)
      const tight = budgeted({ tokens: 99 }, [text("Hello")])
      const refused = yield* exceeded(tight.model.invoke(input))
      assert.deepInclude(refused, { used: 0, needed: 100 })
      assert.include(refused.message, "0 tokens of 99 tokens, and the request needs about 100 tokens")
      const learned = budgeted({ tokens: 399 }, [text("Hello", { usage: usage(200, 0) }), text("Hello")])
      yield* learned.model.invoke(input)
      assert.deepInclude(yield* exceeded(learned.model.invoke(input)), { used: 200, needed: 200 })
    }))

  it.effect("is one for each key, and whole again after its window", () =>
    Effect.gen(function*() {
      class User extends Context.Reference<string>("test/User", { defaultValue: () => "nobody" }) {}
      const replies = () => text("Hello", { usage: usage(10, 90) })
      const byLabel = budgeted({
        tokens: 100,
        window: "1 day",
        key: ({ options }) => options.metadata?.["user_id"] ?? "nobody"
      }, replies)
      const byContext = budgeted({ tokens: 100, window: "1 day", key: () => User }, replies)
      const callers = [
        { ...byLabel, call: (user: string) => byLabel.model.invoke("Hi", { metadata: { user_id: user } }) },
        { ...byContext, call: (user: string) => Effect.provideService(byContext.model.invoke("Hi"), User, user) }
      ]
      for (const { call } of callers) yield* call("ada")
      yield* TestClock.adjust("18 hours")
      for (const { call, used } of callers) {
        const { key, message, resetAfter } = yield* exceeded(call("ada"))
        assert.deepStrictEqual([key, resetAfter && Duration.toHours(resetAfter)], ["ada", 6])
        assert.include(message, "ada")
        yield* call("bob")
        assert.deepStrictEqual(yield* used("bob"), { tokens: 100, resetAfter: Duration.hours(24) })
        assert.deepStrictEqual(yield* used("eve"), { tokens: 0 })
      }
      yield* TestClock.adjust("6 hours")
      for (const { call, used } of callers) {
        assert.deepStrictEqual(yield* used("ada"), { tokens: 0 })
        yield* call("ada")
        yield* exceeded(call("bob"))
      }
    }))

  it.effect("ends a stream whose reported usage exceeds it, with the part that came", () =>
    Effect.gen(function*() {
      const reply = [
        chunk({ ...AIMessageChunk.text("one "), usage: usage(10, 1) }),
        chunk({ ...AIMessageChunk.text("two "), usage: usage(10, 40) }),
        chunk({ ...AIMessageChunk.text("three "), usage: usage(10, 60) }),
        chunk(AIMessageChunk.text("four ")),
        finish("stop", { usage: usage(10, 80) })
      ]
      const { model, requests, used } = budgeted({ tokens: 60 }, [reply, text("no")])
      const seen: Array<string> = []
      const error = yield* Effect.flip(
        Stream.runForEach(model.stream("Hi"), ({ content }) => Effect.sync(() => seen.push(content)))
      )
      assert.deepStrictEqual(seen, ["one ", "two ", "three "])
      assert.strictEqual(error.partial?.content, "one two three ")
      assert.deepStrictEqual(error.partial?.usage, usage(10, 60))
      assert.deepInclude(error.reason, { _tag: "BudgetExceededError", used: 70, limit: 60 })
      assert.deepStrictEqual(yield* used(), { tokens: 70 })
      yield* exceeded(model.invoke("Hi"))
      assert.strictEqual(yield* requests, 1)
    }))

  it.live("closes the connection of a stream that it ends", () =>
    Effect.gen(function*() {
      const { model, server } = yield* messages.serve(
        Script.endless({ delay: "1 millis", usage: { input_tokens: 5000 } })
      )
      const small = ModelBudget.withBudget({ tokens: 4000 })(model)
      const error = yield* Effect.flip(Stream.runDrain(small.stream("Hi")))
      assert.strictEqual(error.reason._tag, "BudgetExceededError")
      assert.strictEqual(error.partial?.usage?.inputTokens, 5000)
      assert.match(error.partial?.content ?? "", /token/)
      const request = yield* server.awaitRequest(0)
      assert.strictEqual((yield* request.closed).by, "client")
      yield* server.awaitIdle
    }))

  it.effect("counts what failed, was retried or was left", () =>
    Effect.gen(function*() {
      const error = new ChatModelError.NetworkError({ message: "lost" })
      const begun = chunk({ ...AIMessageChunk.empty, id: "m", usage: usage(20, 1) })
      const replies: ReadonlyArray<readonly [ScriptedChatModel.Reply, tokens: number]> = [
        // Failed with usage, and with eight tokens of text since then.
        [[begun, chunk(AIMessageChunk.text("x".repeat(32))), fail(error)], 28],
        // Failed without usage.
        [[chunk(AIMessageChunk.text("x".repeat(32))), fail(error)], 5 + 8],
        // Refused.
        [[fail(new ChatModelError.AuthenticationError({ message: "no" }))], 0],
        // An answer without usage.
        [[chunk(AIMessageChunk.text("x".repeat(32))), finish()], 5 + 8]
      ]
      for (const [reply, tokens] of replies) {
        const { model, used } = budgeted({ tokens: 1000 }, [reply])
        yield* Effect.exit(model.invoke("Hi", { maxRetries: 0 }))
        assert.strictEqual((yield* used()).tokens, tokens)
      }
      // A request that is retried after its usage came, and one before anything came.
      const retried = budgeted({ tokens: 1000 }, [
        [begun, fail(error)],
        [fail(error)],
        text("a", { usage: usage(20, 3) })
      ])
      const call = yield* Effect.forkChild(retried.model.invoke("Hi"))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(call)
      assert.strictEqual((yield* retried.used()).tokens, 21 + 0 + 23)
      // Left in the middle, and before anything came.
      const left = budgeted(
        { tokens: 1000 },
        () => [delay("1 second"), chunk(AIMessageChunk.text("x".repeat(32))), stall]
      )
      yield* Effect.forkChild(Stream.runDrain(Stream.take(left.model.stream("Hi"), 1)))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* left.used()).tokens, 5 + 8)
      const leaving = yield* Effect.forkChild(left.model.invoke("Hi"))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(leaving)
      assert.strictEqual((yield* left.used()).tokens, 5 + 8 + 5)
    }))

  it.effect("calls at the same time do not share the same rest", () =>
    Effect.gen(function*() {
      const { model, requests, used } = budgeted({ tokens: 250 }, () => [
        delay("1 second"),
        ...text("a", { usage: usage(100, 1) })
      ])
      const calls = yield* Effect.forkChild(model.batch(Array.from({ length: 5 }, () => "x".repeat(384))))
      yield* TestClock.adjust("2 seconds")
      const results = yield* Fiber.join(calls)
      assert.strictEqual(yield* requests, 2)
      assert.deepStrictEqual(results.map(({ _tag }) => _tag), ["Success", "Success", "Failure", "Failure", "Failure"])
      assert.strictEqual((yield* used()).tokens, 202)
    }))

  it.effect("onRetry of the app runs, and that of the model's options", () =>
    Effect.gen(function*() {
      const busy = [fail(new ChatModelError.OverloadedError({ message: "busy" }))]
      const told: Array<string> = []
      const tell = (name: string) => () => Effect.sync(() => told.push(name))
      const { model } = ScriptedChatModel.make([busy, text("a"), busy, text("b")], {
        options: { retrySchedule: Schedule.spaced("1 second"), onRetry: tell("model") }
      })
      const budgeted = ModelBudget.withBudget({ tokens: 1000 })(model)
      const calls = yield* Effect.forkChild(
        Effect.andThen(budgeted.invoke("Hi"), budgeted.invoke("Hi", { onRetry: tell("call") }))
      )
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(calls)
      assert.deepStrictEqual(told, ["model", "call"])
    }))

  it.effect("all models of one budget use it, and a layer can be one of them", () =>
    Effect.gen(function*() {
      const { used, withBudget } = ModelBudget.make({ tokens: 100 })
      const { model } = ScriptedChatModel.make(() => text("a", { usage: usage(10, 20) }))
      yield* withBudget(model).invoke("Hi")
      yield* ChatModel.invoke("Hi").pipe(Effect.provide(withBudget(Layer.succeed(ChatModel.ChatModel, model))))
      assert.deepStrictEqual(yield* used(), { tokens: 60 })
    }))

  it.effect.prop(
    "what is used is the usage of all answers, and no call is sent that does not fit",
    [
      Arbitrary.array(Arbitrary.all({ input: int(1, 60), output: int(0, 60), ends: int(0, 2) }), {
        minLength: 1,
        maxLength: 12
      }),
      int(50, 300)
    ],
    ([plans, tokens]) =>
      Effect.gen(function*() {
        let n = 0
        const { model, requests, used } = budgeted({ tokens }, () => {
          const { ends, input, output } = plans[n]!
          const said = chunk({ ...AIMessageChunk.text("x"), usage: usage(input, output) })
          return ends === 0
            ? [said, finish("stop", { usage: usage(input, output) })]
            : ends === 1
            ? [said, fail(new ChatModelError.NetworkError({ message: "lost" }))]
            : [said, stall]
        })
        let sum = 0
        let sent = 0
        for (const { ends, input, output } of plans) {
          const call = ends === 2 ? Stream.runDrain(Stream.take(model.stream("Hi"), 1)) : model.invoke("Hi")
          const before = sum
          const exit = yield* Effect.exit(call)
          if ((yield* requests) > sent) {
            sent++
            // One chunk has been shown, of one token at least.
            sum += input + Math.max(output, 1)
            assert.isAtMost(before, tokens)
          } else {
            assert.isTrue(Exit.isFailure(exit))
            assert.isAbove(before + 4 * TokenCount.estimate("Hi"), tokens)
          }
          n++
          const { tokens: all } = yield* used()
          assert.isAtMost(Math.abs(all - sum), sent)
        }
      })
  )

  it("takes numbers and durations that mean something", () => {
    assert.throws(() => ModelBudget.withBudget({}), /tokens, cost or both/)
    assert.throws(() => ModelBudget.withBudget({ cost: 0 }), /cost/)
    assert.throws(() => ModelBudget.withBudget({ tokens: 0 }), /tokens/)
    assert.throws(() => ModelBudget.withBudget({ tokens: NaN }), /tokens/)
    assert.throws(() => ModelBudget.withBudget({ tokens: 1, window: 0 }), /window/)
  })
})

describe("a budget in US dollars", () => {
  // A dollar for a million tokens of input, and five for those of the answer.
  const model = "claude-haiku-4-5"
  const answer = Script.text("Hello", { usage: { input_tokens: 1000, output_tokens: 200 } })

  it.live("counts the cost of answers, and fails before the call that does not fit", () =>
    Effect.gen(function*() {
      const { model: bare, server } = yield* serve(answer, { model })
      const budget = ModelBudget.make({ cost: 0.0055, window: "1 day" })
      const small = budget.withBudget(bare)
      assert.strictEqual((yield* small.invoke("Hi")).usage?.cost?.total, 0.002)
      yield* small.invoke("Hi")
      const { cost, tokens } = yield* budget.used()
      assert.deepStrictEqual([cost, tokens], [0.004, 2400])
      yield* small.invoke("Hi")
      const { limit, message, needed = 0, resetAfter, unit, used } = yield* exceeded(small.invoke("Hi"))
      assert.deepStrictEqual([unit, limit], ["usd", 0.0055])
      assert.isDefined(resetAfter)
      assert.strictEqual(used, 0.006)
      assert.isAbove(needed, 0)
      assert.isBelow(needed, 0.0002)
      assert.include(message, "$0.006 of $0.0055")
      assert.lengthOf(yield* server.requests, 3)
    }))

  it.live("ends a stream that exceeds it, and counts what was left by its price", () =>
    Effect.gen(function*() {
      const { model: bare } = yield* serve(
        Script.endless({ delay: "1 millis", usage: { input_tokens: 5000 } }),
        { model }
      )
      const budget = ModelBudget.make({ cost: 0.004 })
      const error = yield* Effect.flip(Stream.runDrain(budget.withBudget(bare).stream("Hi")))
      assert.deepInclude(error.reason, { _tag: "BudgetExceededError", unit: "usd", limit: 0.004 })
      assert.strictEqual(error.partial?.usage?.inputTokens, 5000)
      const { cost = 0 } = yield* budget.used()
      assert.isAtLeast(cost, 0.005)
      assert.isBelow(cost, 0.0051)
    }))

  it.live("counts an answer whose cost is not known by the price of its tokens, with a warning", () =>
    Effect.gen(function*() {
      const { model: bare } = yield* serve(answer, { model })
      const budget = ModelBudget.make({ cost: 1 })
      const logged: Array<string> = []
      const logger = Logger.make(({ message }) => {
        logged.push(String(message))
      })
      const { usage } = yield* budget.withBudget(bare).invoke("Hi", {
        providerOptions: { anthropic: { speed: "fast" } }
      })
        .pipe(Effect.provide(Logger.layer([logger])))
      assert.isUndefined(usage?.cost)
      assert.strictEqual((yield* budget.used()).cost, 0.002)
      assert.match(logged.join("; "), /claude-haiku-4-5 costs is not known/)
    }))

  it.effect("fails all calls of a model without a price, and says how to give it one", () =>
    Effect.gen(function*() {
      const { model, requests } = budgeted({ cost: 1 }, () => text("Hello"))
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.deepInclude(error.reason, { _tag: "UnsupportedError", field: "cost" })
      assert.include(error.message, "the price of scripted/scripted is not known")
      assert.include(error.message, "ModelFacts.layer")
      assert.strictEqual(yield* requests, 0)
      const { events } = yield* eventsOf(model, "Hi")
      assert.deepStrictEqual(events.map(({ event }) => event), ["on_chat_model_start", "on_chat_model_error"])
    }))

  it.live("takes a price that the app gives", () =>
    Effect.gen(function*() {
      const script = Script.text("Hello", { model: "acme-1", usage: { input_tokens: 1000, output_tokens: 200 } })
      const server = yield* AnthropicServer.make({ script })
      const made = Anthropic.make({ model: "acme-1", apiKey: Redacted.make("any"), baseUrl: server.url })
      const bare = yield* Effect.provide(made, ModelFacts.layer([{ match: "^acme-", price: { in: 10, out: 20 } }]))
      const budget = ModelBudget.make({ cost: 1, tokens: 1300 })
      const both = budget.withBudget(bare)
      yield* both.invoke("Hi")
      assert.strictEqual((yield* budget.used()).cost, 0.014)
      // Of two limits the one that is exceeded counts.
      assert.strictEqual((yield* exceeded(both.invoke("Hi"))).unit, "tokens")
    }))
})
