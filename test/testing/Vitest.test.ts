// Tests of an app with a model of their own.
import { assert, describe } from "@effect/vitest"
import { Clock, Context, Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Agent, ChatModel, Tool } from "rivulet"
import { AutoChatModel, ScriptedChatModel } from "rivulet/Testing"
import { expectAsked, layer } from "rivulet/Vitest"

const content = Effect.map(ChatModel.invoke("Hi"), ({ content }) => content)

layer({ answers: ["one", ScriptedChatModel.text("two")] })("each test has a new script", (it) => {
  for (const name of ["first", "second"]) {
    it.effect(name, () =>
      Effect.gen(function*() {
        yield* expectAsked([])
        assert.deepStrictEqual([yield* content, yield* content], ["one", "two"])
        yield* expectAsked([{ human: "Hi" }, { human: "Hi" }])
      }))
  }

  it.effect("a request without an answer fails", () =>
    Effect.gen(function*() {
      yield* content
      yield* content
      const error = yield* Effect.flip(content)
      assert.strictEqual(error.reason._tag, "UnknownError")
    }))

  it.effect.each([1, 2])(
    "each case: %i",
    (n) => Effect.map(content, (content) => assert.strictEqual(content, "one", `${n}`))
  )

  it.effect.prop("each run of a property", [Schema.Int], () => Effect.map(content, (content) => content === "one"))

  it.effect.fails("a test that must fail", () => Effect.map(content, (content) => assert.strictEqual(content, "two")))

  it.effect.skip("a test that is skipped", () => Effect.die("it ran"))

  it.effect.skipIf(true)("a test that is skipped on a condition", () => Effect.die("it ran"))

  it.effect.runIf(true)("a test that runs on a condition", () => Effect.asVoid(content))

  it.skip("a test of Vitest's own that is skipped", () => assert.fail("it ran"))

  it("a test of Vitest's own", ({ task }) => {
    assert.strictEqual(task.name, "a test of Vitest's own")
    assert.strictEqual(task.suite?.name, "each test has a new script")
  })
})

describe("a block without a name", () => {
  layer({ answers: ({ messages }) => `${messages.length} messages` })((it) => {
    it.effect("a function gives the answers", ({ task }) =>
      Effect.gen(function*() {
        assert.strictEqual(task.suite?.name, "a block without a name")
        assert.strictEqual(yield* content, "1 messages")
      }))
  })
})

layer({ answers: [ScriptedChatModel.text("late", { delay: "1 minute" })], options: { temperature: 0 } })(
  "the test clock",
  (it) => {
    it.effect("moves the model", () =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(content)
        const { awaitCall } = yield* ScriptedChatModel.ScriptedChatModel
        yield* awaitCall(1)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Fiber.join(fiber), "late")
        assert.strictEqual(yield* Clock.currentTimeMillis, 60_000)
        yield* expectAsked({ options: { temperature: 0 } })
      }))
  }
)

class Translator
  extends Context.Service<Translator, { readonly translate: (text: string) => Effect.Effect<string, unknown> }>()(
    "test/Translator"
  )
{
  static readonly layer = Layer.effect(
    Translator,
    Effect.map(ChatModel.ChatModel, (model) => ({
      translate: (text) => Effect.map(model.invoke(`Translate: ${text}`), ({ content }) => content)
    }))
  )
}

layer({ answers: ["goldfish"], app: Translator.layer })("layers of the app", (it) => {
  for (const name of ["use the model of the test", "are built for each test"]) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const { translate } = yield* Translator
        assert.strictEqual(yield* translate("poisson rouge"), "goldfish")
        yield* expectAsked([{ human: "Translate: poisson rouge" }])
      }))
  }
})

class Counter extends Context.Service<Counter, { count: number }>()("test/Counter") {
  static readonly layer = Layer.sync(Counter, () => ({ count: 0 }))
}

layer({ answers: ["one"] })("a shared layer", (it) => {
  it.layer(Counter.layer)("within", (it) => {
    for (const expected of [1, 2]) {
      it.effect(`is built once, and the model for each test: ${expected}`, () =>
        Effect.gen(function*() {
          const counter = yield* Counter
          counter.count++
          assert.strictEqual(counter.count, expected)
          assert.strictEqual(yield* content, "one")
        }))
    }
  })
})

const tool = Tool.make("count", {
  parameters: Schema.Struct({ from: Schema.Int }),
  success: Schema.Int,
  handler: ({ from }) => Effect.succeed(from + 1)
})

layer({ seed: 3 })("without answers", (it) => {
  it.effect("the model answers by itself", () =>
    Effect.gen(function*() {
      const { finish, messages } = yield* Agent.make({ tools: [tool] }).invoke("Go")
      assert.strictEqual(finish, "stop")
      const other = yield* Agent.make({ tools: [tool], model: AutoChatModel.make({ seed: 3 }).model }).invoke("Go")
      assert.deepStrictEqual(messages, other.messages)
    }))
})

layer()("without options", (it) => {
  it.effect("the model answers by itself, too", () =>
    Effect.map(content, (content) => assert.notStrictEqual(content, "")))
})
