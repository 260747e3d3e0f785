import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, References, Stream } from "effect"
import { ChatHistory, ChatModelError, Message, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { fail, stall, text, toolCalls } = ScriptedChatModel

const session = { sessionId: "s" }

const history = Effect.flatMap(ChatHistory.ChatHistory, ({ get }) => get("s"))

/** A conversation in short. */
const short = (messages: ReadonlyArray<Message.Message>) =>
  messages.map((message) =>
    `${message._tag === "AIMessage" ? `ai(${message.finish.reason} ${message.finish.raw})` : message._tag}: ${
      typeof message.content === "string" ? message.content : JSON.stringify(message.content)
    }`
  )

const kept = Effect.map(history, short)

const scripted = (...replies: ReadonlyArray<ScriptedChatModel.Reply>) =>
  ScriptedChatModel.make(replies, { options: { maxRetries: 0 } })

const broken = [...text(["gold", "fish"]).slice(0, 2), fail(new ChatModelError.OverloadedError({ message: "busy" }))]
const silent = [...text(["gold", "fish"]).slice(0, 2), stall]

const inMemory = (name: string, test: () => Effect.Effect<void, unknown, ChatHistory.ChatHistory>) =>
  it.effect(name, () => Effect.provide(test(), Layer.fresh(ChatHistory.layerMemory)))

describe("withHistory", () => {
  inMemory("shows the model what was said, and keeps what is said", () =>
    Effect.gen(function*() {
      const { calls, model } = scripted(text("Hello Ada"), text("Ada"), text("?"))
      const chat = ChatHistory.withHistory(model, session)
      assert.strictEqual((yield* chat.invoke("I am Ada")).content, "Hello Ada")
      const chunks = yield* Stream.runCollect(chat.stream([["system", "Be brief"], ["human", "Who am I?"]]))
      assert.strictEqual(chunks.at(-1)?.finish?.reason, "stop")
      assert.deepStrictEqual(short((yield* calls)[1]!.messages), [
        "SystemMessage: Be brief",
        "HumanMessage: I am Ada",
        "ai(stop stop): Hello Ada",
        "HumanMessage: Who am I?"
      ])
      assert.deepStrictEqual(yield* kept, [
        "HumanMessage: I am Ada",
        "ai(stop stop): Hello Ada",
        "HumanMessage: Who am I?",
        "ai(stop stop): Ada"
      ])
      yield* ChatHistory.withHistory(model, { sessionId: "other" }).invoke("Hi")
      assert.deepStrictEqual(short((yield* calls)[2]!.messages), ["HumanMessage: Hi"])
    }))

  inMemory("keeps tool calls and their results", () =>
    Effect.gen(function*() {
      const { calls, model } = scripted(toolCalls([{ name: "weather", args: { at: "sea" } }]), text("Sunny"))
      const chat = ChatHistory.withHistory(model, session)
      const [call] = (yield* chat.invoke("Weather?")).toolCalls
      yield* chat.invoke(Message.tool({ toolCallId: call!.id, content: "17 degrees" }))
      assert.deepStrictEqual((yield* calls)[1]!.messages.map((message) => message._tag), [
        "HumanMessage",
        "AIMessage",
        "ToolMessage"
      ])
      assert.lengthOf(yield* history, 4)
    }))

  for (const onPartial of ["keep", "drop", undefined] as const) {
    const partial = onPartial === "drop" ? [] : ["ai(other partial): goldfish"]

    inMemory(
      `keeps what was asked when the answer fails, and of the answer as told: ${onPartial}`,
      () =>
        Effect.gen(function*() {
          const { calls, model } = scripted(broken, text("whole"))
          const chat = ChatHistory.withHistory(model, { ...session, onPartial })
          const exit = yield* Effect.exit(chat.invoke("fish?"))
          assert.isTrue(Exit.isFailure(exit) && exit.cause.reasons[0]?._tag === "Fail")
          assert.deepStrictEqual(yield* kept, ["HumanMessage: fish?", ...partial])
          const [, answer] = yield* history
          assert.deepStrictEqual(
            answer?._tag === "AIMessage" ? answer.metadata?.["partial"] : undefined,
            partial.length === 0 ? undefined : true
          )
          yield* chat.invoke("go on")
          assert.lengthOf((yield* calls)[1]!.messages, 2 + partial.length)
        })
    )

    inMemory(`and when it is left, or interrupted: ${onPartial}`, () =>
      Effect.gen(function*() {
        const { calls, model } = scripted(silent, silent)
        const chain = Runnable.sequence(model, OutputParser.string)
        const chat = ChatHistory.withHistory(chain, { ...session, onPartial })
        assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(chat.stream("one"), 2)), ["gold", "fish"])
        let arrived = 0
        const fiber: Fiber.Fiber<void, unknown> = yield* chat.stream("two").pipe(
          Stream.runForEach(() => Effect.suspend(() => ++arrived === 2 ? Fiber.interrupt(fiber) : Effect.void)),
          Effect.forkChild
        )
        yield* Fiber.await(fiber)
        assert.deepStrictEqual((yield* calls).map((call) => call.state), ["interrupted", "interrupted"])
        assert.deepStrictEqual(yield* kept, ["HumanMessage: one", ...partial, "HumanMessage: two", ...partial])
      }))
  }

  inMemory("takes an answer for whole whose reader left at its last chunk", () =>
    Effect.gen(function*() {
      const { model } = scripted(text(["gold", "fish"]))
      const chat = ChatHistory.withHistory(model, { ...session, onPartial: "drop" })
      yield* Stream.runDrain(Stream.take(chat.stream("fish?"), 3))
      assert.deepStrictEqual(yield* kept, ["HumanMessage: fish?", "ai(stop stop): goldfish"])
    }))

  inMemory(
    "keeps no half of a tool call, nothing blank, and no answer that said nothing",
    () =>
      Effect.gen(function*() {
        const call = toolCalls([{ name: "weather", args: {} }], { text: "Let me see" })
        const half = [...call.slice(0, -2), fail(new ChatModelError.NetworkError({ message: "lost" }))]
        const mute = [fail(new ChatModelError.NetworkError({ message: "lost" }))]
        const { calls, model } = scripted(half, mute)
        const chat = ChatHistory.withHistory(model, session)
        for (const input of ["weather?", "again?", "  "]) yield* Effect.exit(chat.invoke(input))
        assert.lengthOf(yield* calls, 2)
        assert.deepStrictEqual(yield* kept, [
          "HumanMessage: weather?",
          "ai(other partial): Let me see",
          "HumanMessage: again?"
        ])
        const [, partial] = yield* history
        assert.deepStrictEqual(partial?._tag === "AIMessage" && [partial.toolCalls, partial.invalidToolCalls], [[], []])
      })
  )

  inMemory("asks nobody before it runs, and can be run again", () =>
    Effect.gen(function*() {
      const { calls, model } = scripted(text("a"), text("b"))
      const stream = ChatHistory.withHistory(model, session).stream("hi")
      assert.lengthOf(yield* history, 0)
      yield* Stream.runDrain(stream)
      yield* Stream.runDrain(stream)
      assert.lengthOf((yield* calls)[1]!.messages, 3)
    }))

  it.effect("fails when the store does, before the model is asked or at the end", () =>
    Effect.gen(function*() {
      const no = new ChatHistory.ChatHistoryError({ message: "disk full" })
      const { calls, model } = scripted(text("a"), broken)
      const chat = ChatHistory.withHistory(model, session)
      const store = (service: Partial<ChatHistory.Service>) =>
        Effect.provideService(ChatHistory.ChatHistory, {
          get: () => Effect.succeed([]),
          append: () => Effect.void,
          ...service
        })
      assert.strictEqual(yield* Effect.flip(chat.invoke("hi")).pipe(store({ get: () => Effect.fail(no) })), no)
      assert.lengthOf(yield* calls, 0)
      const noAnswers = store({
        append: (_, [message]) => message?._tag === "AIMessage" ? Effect.fail(no) : Effect.void
      })
      const said: Array<string> = []
      const print = Stream.runForEach(chat.stream("hi"), (chunk) => Effect.sync(() => said.push(chunk.content)))
      assert.strictEqual(yield* noAnswers(Effect.flip(print)), no)
      assert.strictEqual(said.join(""), "a")
      // The model's own failure is not hidden by the store's.
      const error = yield* noAnswers(Effect.flip(chat.invoke("hi"))).pipe(
        Effect.provideService(References.MinimumLogLevel, "None")
      )
      assert.strictEqual(error._tag, "ChatModelError")
    }))

  inMemory("is told in events as what it wraps, with all it was shown", () =>
    Effect.gen(function*() {
      const { model } = scripted(text("a"), text("b"))
      const chat = ChatHistory.withHistory(model, session)
      yield* chat.invoke("one")
      const events = yield* Stream.runCollect(Runnable.streamEvents(chat, "two"))
      const [first] = events
      assert.isTrue(first?.event === "on_chat_model_start")
      assert.strictEqual(events.at(-1)?.event, "on_chat_model_end")
      if (first?.event === "on_chat_model_start") assert.lengthOf(first.data.input as ReadonlyArray<unknown>, 3)
    }))
})
