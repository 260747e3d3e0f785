// A model of another tag, or a given one, as a step of a chain.
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Stream } from "effect"
import { ChatHistory, ChatModel, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { eventsOf } from "../support/events.ts"

const { text } = ScriptedChatModel

class Fast extends Context.Service<Fast, ChatModel.Service>()("app/models/Fast") {}

const fast = () => ScriptedChatModel.make(() => text("fast answer"), { provider: "fast", options: { topK: 3 } })
const usual = () => ScriptedChatModel.make(() => text("usual answer"), { provider: "usual" })

describe("runnableOf", () => {
  it.effect("runs the model of the tag, and no other step's options reach it", () =>
    Effect.gen(function*() {
      const [one, other] = [usual(), fast()]
      const chain = Runnable.sequence(
        ChatModel.runnableWith({ temperature: 1 }),
        OutputParser.string,
        ChatModel.runnableOf(Fast, { maxTokens: 9 }),
        OutputParser.string
      )
      const answer = yield* chain.invoke("Hi").pipe(
        Effect.provideService(ChatModel.ChatModel, one.model),
        Effect.provideService(Fast, other.model)
      )
      assert.strictEqual(answer, "fast answer")
      assert.deepStrictEqual((yield* one.calls).map(({ options }) => options), [{ temperature: 1 }])
      const [call, ...more] = yield* other.calls
      assert.deepStrictEqual(more, [])
      assert.deepStrictEqual(call?.options, { topK: 3, maxTokens: 9 })
      assert.deepStrictEqual(call?.messages.map(({ content }) => content), ["usual answer"])
    }))

  for (const options of [undefined, { temperature: 0 }]) {
    it.effect(`has the chunks and the events of the model ${options === undefined ? "alone" : "with its options"}`, () =>
      Effect.gen(function*() {
        const { model } = fast()
        const shown = (events: Effect.Success<ReturnType<typeof eventsOf>>["events"]) =>
          events.map(({ data, event, name, parent_ids }) => [event, name, parent_ids.length, data])
        const expected = yield* eventsOf(model, "Hi")
        const step = ChatModel.runnableOf(Fast, options)
        for (const each of [step, ChatModel.runnableOf(model, options)]) {
          const { events } = yield* Effect.provideService(eventsOf(each, "Hi"), Fast, model)
          assert.deepStrictEqual(shown(events), shown(expected.events))
        }
        assert.deepStrictEqual(
          yield* Effect.provideService(Stream.runCollect(step.stream("Hi")), Fast, model),
          yield* Stream.runCollect(model.stream("Hi"))
        )
      }))
  }

  it("has the name of the tag in graphs", () => {
    const { nodes } = Runnable.graph(Runnable.sequence(ChatModel.runnableOf(Fast), OutputParser.string))
    assert.deepStrictEqual(nodes.map(({ name }) => name), ["__start__", "Fast", "StrOutputParser", "__end__"])
    assert.strictEqual(ChatModel.runnable.name, "ChatModel")
  })

  it.effect("a history takes it", () =>
    Effect.gen(function*() {
      const { calls, model } = fast()
      type Chat = Runnable.Chain<ChatModel.ChatInput, unknown, unknown, Fast | ChatHistory.ChatHistory>
      const remember = (options: ChatHistory.HistoryOptions): ReadonlyArray<Chat> => [
        ChatHistory.withHistory(ChatModel.runnableOf(Fast, { maxTokens: 9 }), options),
        ChatHistory.withHistory(Runnable.sequence(ChatModel.runnableOf(Fast), OutputParser.string), options),
        ChatHistory.withHistory(model.pipe(ChatModel.withSystem("house")), options)
      ]
      for (let i = 0; i < 3; i++) {
        const chat = remember({ sessionId: String(i) })[i]!
        yield* Effect.andThen(chat.invoke("one"), chat.invoke("two")).pipe(Effect.provideService(Fast, model))
        const { messages } = (yield* calls).at(-1)!
        const said = messages.filter(({ _tag }) => _tag !== "SystemMessage").map(({ content }) => content)
        assert.deepStrictEqual(said, ["one", "fast answer", "two"])
      }
    }).pipe(Effect.provide(ChatHistory.layerMemory)))

  it.effect("a reference is a tag, too", () =>
    Effect.gen(function*() {
      const Usual = Context.Reference<ChatModel.Service>("app/Usual", { defaultValue: () => usual().model })
      assert.strictEqual((yield* ChatModel.runnableOf(Usual).invoke("Hi")).content, "usual answer")
    }))

  it("names what is no model", () => {
    const runnableOf = ChatModel.runnableOf as (model: unknown) => unknown
    assert.throws(() => runnableOf(undefined), "must be a model or the tag of one, not undefined")
    assert.throws(() => runnableOf(OutputParser.string), "must be a model or the tag of one, not an object")
    assert.throws(() => runnableOf(Layer.empty), "must be a model or the tag of one, not an object")
  })
})
