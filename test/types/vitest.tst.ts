// The services that tests with a model of their own may require.
import { Context, Effect, Layer } from "effect"
import { ChatModel } from "rivulet"
import { AutoChatModel, expectAsked as expectAskedOf, ScriptedChatModel } from "rivulet/Testing"
import { expectAsked, layer } from "rivulet/Vitest"
import { describe, expect, test } from "tstyche"

class Own extends Context.Service<Own, { readonly n: number }>()("test/Own") {}

describe("layer", () => {
  test("tests may require the model, and what the app provides", () => {
    layer({ answers: ["Hi"] })((it) => {
      it.effect("model", () => ChatModel.invoke("Hi"))
      it.effect("requests", () => expectAsked({ human: "Hi" }))
      expect(it.effect).type.not.toBeCallableWith("own", () => Effect.asVoid(Own))
    })
    layer({ answers: ["Hi"], app: Layer.succeed(Own, { n: 1 }) })("name", (it) => {
      it.effect("own", () => Effect.andThen(Own, ChatModel.invoke("Hi")))
      expect(it.layer).type.not.toBeCallableWith(Layer.effect(Own, Effect.as(ChatModel.ChatModel, { n: 1 })))
    })
  })

  test("a seed is for a model without answers", () => {
    expect(layer).type.toBeCallableWith({ seed: 1 })
    expect(layer).type.toBeCallableWith({ answers: [ScriptedChatModel.text("Hi"), "Hi"] })
    expect(layer).type.not.toBeCallableWith({ answers: ["Hi"], seed: 1 })
    expect(layer).type.not.toBeCallableWith({ answers: [1] })
  })
})

describe("expectAsked", () => {
  test("takes the model from the context unless it is given", () => {
    expect(expectAskedOf({ human: /Hi/ })).type.toBe<Effect.Effect<void, never, ScriptedChatModel.ScriptedChatModel>>()
    expect(expectAskedOf([{ tools: [] }], AutoChatModel.make())).type.toBe<Effect.Effect<void>>()
    expect(expectAskedOf).type.not.toBeCallableWith({ text: "Hi" })
  })
})

describe("AutoChatModel", () => {
  test("a drawn model provides the model and its requests", () => {
    expect<AutoChatModel.Drawn["layer"]>().type.toBe<
      Layer.Layer<ChatModel.ChatModel | ScriptedChatModel.ScriptedChatModel>
    >()
    expect(AutoChatModel.arbitrary).type.not.toBeCallableWith({ seed: 1 })
  })
})
