import { Context, Effect, Layer, Stream } from "effect"
import type { Config, Result } from "effect"
import { ChatModel, ModelCache } from "rivulet"
import type { AIMessageChunk, ChatModelError, Message, RunnableCache } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { ScriptedChatModel } from "rivulet/Testing"
import { expect, test } from "tstyche"

type Chunk = AIMessageChunk.AIMessageChunk
type Failure = ChatModelError.ChatModelError
type Answer = Result.Result<Message.AIMessage, Failure>

test("a stream needs a model and says how it can fail", () => {
  expect(ChatModel.stream("Hi")).type.toBe<Stream.Stream<Chunk, Failure, ChatModel.ChatModel>>()
  expect(ChatModel.stream("Hi").pipe(Stream.map((chunk) => chunk.content)))
    .type.toBe<Stream.Stream<string, Failure, ChatModel.ChatModel>>()
})

test("a layer takes the need away and adds the failures of its settings", () => {
  const model = Anthropic.layer({ model: "claude-haiku-4-5" })
  expect(model).type.toBe<Layer.Layer<ChatModel.ChatModel, Config.ConfigError>>()
  expect(Stream.provide(ChatModel.stream("Hi"), model))
    .type.toBe<Stream.Stream<Chunk, Failure | Config.ConfigError>>()
  expect(Effect.provide(ChatModel.invoke("Hi"), model))
    .type.toBe<Effect.Effect<Message.AIMessage, Failure | Config.ConfigError>>()
})

test("an effect that still needs a model cannot be run", () => {
  expect(Effect.runPromise).type.not.toBeCallableWith(ChatModel.invoke("Hi"))
  expect(Stream.toAsyncIterable).type.not.toBeCallableWith(ChatModel.stream("Hi"))
  // @ts-expect-error Type 'ChatModel' is not assignable to type 'never'
  void Effect.runPromise(ChatModel.invoke("Hi"))
})

test("invoke gives the whole message", () => {
  expect(ChatModel.invoke("Hi")).type.toBe<Effect.Effect<Message.AIMessage, Failure, ChatModel.ChatModel>>()
})

test("a batch cannot fail: each answer has its own result", () => {
  expect(ChatModel.batch(["one", "two"])).type.toBe<Effect.Effect<Array<Answer>, never, ChatModel.ChatModel>>()
  expect(ChatModel.batchAsCompleted(["one", "two"], { concurrency: 2 }))
    .type.toBe<Stream.Stream<readonly [index: number, result: Answer], never, ChatModel.ChatModel>>()
})

test("a batch takes any iterable of inputs but a text, and tells its progress", () => {
  expect(ChatModel.batch).type.toBeCallableWith([[["system", "Be kind"], ["human", "Hi"]], "Hi"])
  expect(ChatModel.batchAsCompleted).type.toBeCallableWith(new Set(["one"]))
  expect(ChatModel.batch).type.not.toBeCallableWith("Hi")
  expect(ChatModel.batchAsCompleted).type.not.toBeCallableWith("Hi")
  ChatModel.batch(["one"], {
    onProgress: (progress) => {
      expect(progress.total).type.toBe<number | undefined>()
      return Effect.log(progress.done - progress.failed)
    }
  })
  expect(ChatModel.batch).type.not.toBeCallableWith(["one"], { onProgress: () => Effect.fail("no") })
  expect(ChatModel.invoke).type.not.toBeCallableWith("Hi", { onProgress: () => Effect.void })
})

test("what can be asked", () => {
  expect(ChatModel.stream).type.toBeCallableWith("Hi")
  expect(ChatModel.stream).type.toBeCallableWith([["system", "Be kind"], ["human", "Hi"], ["ai", "Hello"]])
  expect<ChatModel.ChatInput>().type.toBeAssignableFrom<Message.HumanMessage>()
  expect<ChatModel.ChatInput>().type.toBeAssignableFrom<ReadonlyArray<Message.Message>>()
  expect(ChatModel.stream).type.not.toBeCallableWith([["tool", "42"]])
  expect(ChatModel.stream).type.not.toBeCallableWith(42)
})

test("only a whole answer can be put into the next request", () => {
  expect<ChatModel.ChatInput>().type.toBeAssignableFrom<Message.AIMessage>()
  expect<ChatModel.ChatInput>().type.not.toBeAssignableFrom<Message.PartialAIMessage>()
})

test("an app's own tags are told apart", () => {
  class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
  class Smart extends Context.Service<Smart, ChatModel.Service>()("app/Smart") {}
  const ask = Effect.gen(function*() {
    const fast = yield* Fast
    const smart = yield* Smart
    return [yield* fast.invoke("Hi"), yield* smart.invoke("Hi")] as const
  })
  expect(ask).type.toBe<Effect.Effect<readonly [Message.AIMessage, Message.AIMessage], Failure, Fast | Smart>>()
  const FastLive = Layer.effect(Fast, Anthropic.make({ model: "claude-haiku-4-5" }))
  expect(Effect.provide(ask, FastLive)).type.toBe<
    Effect.Effect<readonly [Message.AIMessage, Message.AIMessage], Failure | Config.ConfigError, Smart>
  >()
})

test("a model is made of a way to stream, a way to answer whole, or both", () => {
  const name = { provider: "local", model: "echo" }
  const stream = () => Stream.empty
  const generate = () => Effect.succeed({ content: "Hello" })
  expect(ChatModel.make).type.toBeCallableWith({ ...name, stream })
  expect(ChatModel.make).type.toBeCallableWith({ ...name, generate })
  expect(ChatModel.make).type.toBeCallableWith({ ...name, stream, generate })
  expect(ChatModel.make).type.not.toBeCallableWith(name)
  expect(ChatModel.layer).type.not.toBeCallableWith(name)
  expect(ChatModel.make).type.not.toBeCallableWith({ ...name, generate: () => Effect.fail("no") })
  expect(ChatModel.make).type.not.toBeCallableWith({ ...name, stream: () => Stream.make("a", "b") })
  expect(ChatModel.layer({ ...name, generate })).type.toBe<Layer.Layer<ChatModel.ChatModel>>()
})

test("a wrapper makes a model of a model, and a layer of a layer", () => {
  const brief = ChatModel.withDefaults({ maxTokens: 5 })
  const layer = Anthropic.layer({ model: "claude-haiku-4-5" })
  expect(layer.pipe(brief, ChatModel.withSystem("Be brief"))).type.toBe<
    Layer.Layer<ChatModel.ChatModel, Config.ConfigError>
  >()
  expect((model: ChatModel.Service) => model.pipe(brief, ChatModel.withSystem("Be brief"))).type.toBe<
    (model: ChatModel.Service) => ChatModel.Service
  >()
  expect(brief).type.not.toBeCallableWith(Layer.empty)
  expect(ChatModel.withDefaults).type.not.toBeCallableWith({ maxToken: 5 })
})

test("a wrapper that needs a service says so, and its layer keeps what it provides", () => {
  const cached = ModelCache.withCache()
  const layer = Anthropic.layer({ model: "claude-haiku-4-5" })
  expect(layer.pipe(cached)).type.toBe<
    Layer.Layer<ChatModel.ChatModel, Config.ConfigError, RunnableCache.RunnableCache>
  >()
  expect((model: ChatModel.Service) => model.pipe(cached)).type.toBe<
    (model: ChatModel.Service) => Effect.Effect<ChatModel.Service, never, RunnableCache.RunnableCache>
  >()
  expect(ScriptedChatModel.layer([]).pipe(cached)).type.toBe<
    Layer.Layer<ChatModel.ChatModel | ScriptedChatModel.ScriptedChatModel, never, RunnableCache.RunnableCache>
  >()
  expect(cached).type.not.toBeCallableWith(Layer.empty)
})
