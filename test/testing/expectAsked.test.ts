// The assertion about what a model was asked.
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Schema } from "effect"
import { AssertionError } from "node:assert"
import { Agent, ChatModel, Tool } from "rivulet"
import { AutoChatModel, expectAsked, ScriptedChatModel } from "rivulet/Testing"
import type { Asked } from "rivulet/Testing"

const weather = Tool.make("weather", {
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.String,
  handler: ({ city }) => Effect.succeed(`21 degrees in ${city}`)
})

const { text, toolCalls } = ScriptedChatModel
const Model = ScriptedChatModel.layer([
  toolCalls([{ name: "weather", args: { city: "Bern" } }], { text: "Let me look" }),
  text("It is warm")
])
const ask = Agent.make({ tools: [weather], system: "You know the weather.", temperature: 0 }).invoke(
  "Is it warm in Bern?"
)

/** The error of an expectation about a conversation of two requests. */
const failure = (expected: Asked | ReadonlyArray<Asked>) =>
  Effect.andThen(ask, expectAsked(expected)).pipe(
    Effect.exit,
    Effect.map((exit) => {
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.instanceOf(error, AssertionError)
      return error as AssertionError
    }),
    Effect.provide(Model)
  )

describe("expectAsked passes", () => {
  it.effect("for the last request", () =>
    Effect.gen(function*() {
      yield* ask
      yield* expectAsked({
        human: /warm/,
        system: "You know the weather.",
        results: [/^\W*21 degrees in Bern/],
        tools: ["weather"],
        options: { temperature: 0 },
        messages: [
          ["system", "You know the weather."],
          ["human", "Is it warm in Bern?"],
          ["ai", "Let me look"],
          ["tool", /degrees/]
        ]
      })
    }).pipe(Effect.provide(Model)))

  it.effect("for all requests in order, and for none", () =>
    Effect.gen(function*() {
      yield* expectAsked([])
      yield* ask
      yield* expectAsked([{ results: [], human: /Bern/g }, { results: [/21/], human: /Bern/g }])
      yield* expectAsked([{}, {}])
    }).pipe(Effect.provide(Model)))

  it.effect("for a model that is given", () =>
    Effect.gen(function*() {
      const scripted = ScriptedChatModel.make([text("Hi")])
      yield* scripted.model.invoke("Hello")
      yield* expectAsked([{ human: "Hello", system: "", tools: [] }], scripted)
    }))

  it.effect("for a model that answers by itself", () =>
    Effect.andThen(ChatModel.invoke("Hello"), expectAsked({ human: "Hello" })).pipe(
      Effect.provide(AutoChatModel.layer())
    ))
})

describe("expectAsked fails", () => {
  it.effect("with what differs, and nothing else", () =>
    Effect.gen(function*() {
      const error = yield* failure({ human: "Is it cold?", system: /weather/, options: { temperature: 1, topK: 3 } })
      assert.match(error.message, /^Request 2 of 2: human, options differ\n/)
      assert.deepStrictEqual(error.actual, {
        human: "Is it warm in Bern?",
        system: "You know the weather.",
        options: { temperature: 0, topK: undefined }
      })
      assert.deepStrictEqual(error.expected, {
        human: "Is it cold?",
        system: "You know the weather.",
        options: { temperature: 1, topK: 3 }
      })
    }))

  it.effect("with a pattern that does not match", () =>
    Effect.gen(function*() {
      const error = yield* failure({ results: [/cold/] })
      assert.deepStrictEqual(error.expected, { results: ["/cold/"] })
    }))

  it.effect("for another order", () =>
    Effect.gen(function*() {
      const error = yield* failure([{ results: [/21/] }, { results: [] }])
      assert.match(error.message, /^request 1: results differs; request 2: results differs\n/)
    }))

  it.effect("for fewer requests, and for more", () =>
    Effect.gen(function*() {
      const fewer = yield* failure([{ human: /warm/ }])
      assert.match(fewer.message, /^The model was asked 2 times instead of once\n/)
      assert.lengthOf(fewer.actual as ReadonlyArray<unknown>, 2)
      assert.lengthOf(fewer.expected as ReadonlyArray<unknown>, 1)
      const more = yield* failure([{}, {}, { human: /cold/ }])
      assert.match(more.message, /^The model was asked 2 times instead of 3 times\n/)
      assert.deepStrictEqual((more.expected as ReadonlyArray<unknown>)[2], { human: "/cold/" })
    }))

  it.effect("before anything is asked", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(expectAsked({ human: "Hi" }, ScriptedChatModel.make([])))
      assert.match(String(Exit.isFailure(exit) && Cause.squash(exit.cause)), /The model was not asked anything/)
    }))
})
