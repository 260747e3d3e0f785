// The errors of a model with hooks: `partial` is what was shown, by whomever the call failed.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Agent, AIMessageChunk, ChatModel, ChatModelError, ModelRouting } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { busy, fails, limited, says, scripted } from "../support/routing.ts"

const { chunk, fail, text } = ScriptedChatModel

const failure = new ChatModelError.ChatModelError({ provider: "app", model: "hook", reason: busy })

const loud = (model: ChatModel.Service) =>
  ChatModel.transform(model, {
    stream: Stream.map(({ content, ...rest }) => ({ ...rest, ...AIMessageChunk.text(content.toUpperCase()) }))
  })

describe("transform", () => {
  it.effect("an error has the part of the answer that the stream hook has shown", () =>
    Effect.gen(function*() {
      const { model } = scripted("a", [[...text("hello you").slice(0, -1), fail(busy)]])
      assert.strictEqual((yield* Effect.flip(loud(model).invoke("Hi"))).partial?.content, "HELLO YOU")
    }))

  it.effect("a stream hook that fails leaves what it has shown", () =>
    Effect.gen(function*() {
      const model = ChatModel.transform(says("a").model, {
        stream: (answer) => Stream.concat(Stream.take(answer, 1), Stream.fail(failure))
      })
      const { partial, provider } = yield* Effect.flip(model.invoke("Hi"))
      assert.deepStrictEqual([provider, partial?.content], ["app", "a"])
    }))

  it.effect("a stream hook that ends early leaves what it has shown", () =>
    Effect.gen(function*() {
      const { model } = says("a")
      const error = yield* Effect.flip(ChatModel.transform(model, { stream: Stream.take(1) }).invoke("Hi"))
      assert.deepStrictEqual([error.reason._tag, error.partial?.content], ["TruncatedError", "a"])
    }))

  it.effect("an answer that is rejected in the end is the part that had arrived", () =>
    Effect.gen(function*() {
      const model = ChatModel.transform(says("a").model, { answered: () => Effect.fail(failure) })
      assert.strictEqual((yield* Effect.flip(model.invoke("Hi"))).partial?.content, "a!")
    }))

  it.effect("what a stream hook keeps back is not in the error, but its usage is", () =>
    Effect.gen(function*() {
      const usage = { inputTokens: 3, outputTokens: 2, totalTokens: 5 }
      const { model } = scripted("a", [[chunk({ ...AIMessageChunk.text("secret"), usage }), fail(busy)]])
      const error = yield* Effect.flip(ChatModel.transform(model, { stream: Stream.drop(1) }).invoke("Hi"))
      assert.deepStrictEqual([error.partial?.content, error.partial?.usage], ["", usage])
    }))
})

describe("the error of an agent", () => {
  it.effect("names all models that were tried", () =>
    Effect.gen(function*() {
      const model = fails("a").model.pipe(ModelRouting.withFallbacks([fails("b", limited).model]))
      const error = yield* Effect.flip(Agent.make({ tools: [], model }).invoke("Hi"))
      const bare = yield* Effect.flip(model.invoke("Hi"))
      assert.lengthOf(error.attempts ?? [], 2)
      assert.strictEqual(error.message, bare.message)
      assert.lengthOf(error.conversation.messages, 1)
    }))
})
