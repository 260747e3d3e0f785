import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { ChatModel, ChatModelError, ChatPrompt, OutputParser, Runnable } from "rivulet"
import type { RunEvent } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"
import { available, langChainRun, neutral, skipped } from "../support/langChainEvents.ts"
import { letterModel } from "../support/letterModel.ts"

const { chunk, fail, stall } = ScriptedChatModel

const prompt = ChatPrompt.make([["system", "be brief"], ["human", "{q}"]])

const key = (
  event: { readonly event: string; readonly name: string; readonly tags: ReadonlyArray<string>; readonly data: unknown }
) => JSON.stringify([event.event, event.name, event.tags, neutral(event.data)])

describe.skipIf(!available)(`the peer's runs${available ? "" : ` (${skipped})`}`, () => {
  const model = letterModel("abc", "FakeListChatModel")
  const shapes: ReadonlyArray<
    readonly [file: string, run: Effect.Effect<{ readonly events: ReadonlyArray<RunEvent.RunEvent> }>]
  > = [
    ["a-bare-chat-model.v2.jsonl", eventsOf(model, "hi")],
    [
      "b-prompt-model-string-parser.v2.jsonl",
      eventsOf(Runnable.sequence(prompt, model, OutputParser.string), { q: "hi" })
    ],
    [
      "c-parallel-two-models.v2.jsonl",
      eventsOf(
        Runnable.parallel({
          left: letterModel("ab", "FakeListChatModel"),
          right: letterModel("xy", "FakeListChatModel")
        }),
        "hi"
      )
    ],
    [
      "j-custom-event.v2.jsonl",
      eventsOf(
        Runnable.fn((input: string) => Effect.as(Runnable.emit("progress", { step: 1 }), input)),
        "hi"
      )
    ],
    [
      "k-non-streaming-model.v2.jsonl",
      eventsOf(
        Runnable.sequence(
          prompt,
          ChatModel.make({
            provider: "FakeChatModel",
            model: "m",
            generate: () => Effect.succeed({ content: "be brief\nhi" })
          }),
          OutputParser.string
        ),
        { q: "hi" }
      )
    ]
  ]
  for (const [file, run] of shapes) {
    it.effect(`${file}: the same events with the same data`, () =>
      Effect.gen(function*() {
        const { events } = yield* run
        assert.deepStrictEqual(events.map(key).toSorted(), langChainRun(file).events.map(key).toSorted())
        balanced(events)
      }))
  }

  it.effect("g-error-mid-stream.v2.jsonl: the same, and an error for each open run", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => [
        chunk({ _tag: "AIMessageChunk", id: "m", content: "a", parts: [{ type: "text", index: 0, text: "a" }] }),
        fail(new ChatModelError.InternalProviderError({ message: "provider exploded" }))
      ], { provider: "ScriptedChat" })
      const { events, exit } = yield* eventsOf(Runnable.sequence(prompt, model, OutputParser.string), { q: "hi" })
      const errors = events.filter((event) => event.event.endsWith("_error"))
      assert.deepStrictEqual(
        events.filter((event) => !event.event.endsWith("_error")).map(key).toSorted(),
        langChainRun("g-error-mid-stream.v2.jsonl").events.map(key).toSorted()
      )
      assert.deepStrictEqual(errors.map((event) => event.event), [
        "on_chat_model_error",
        "on_parser_error",
        "on_chain_error"
      ])
      for (const error of errors) {
        assert.include(JSON.stringify(error.data), "provider exploded")
        assert.notInclude(JSON.stringify(error.data), "stack")
      }
      assert.strictEqual(exit._tag, "Failure")
      balanced(events)
    }))
})

describe("events", () => {
  it.effect("tell the cause before the effect", () =>
    Effect.gen(function*() {
      const { events } = yield* eventsOf(
        Runnable.sequence(prompt, letterModel("abc", "m"), OutputParser.string),
        { q: "hi" }
      )
      const places = (name: string) => events.flatMap((event, i) => event.event === name ? [i] : [])
      const models = places("on_chat_model_stream")
      const parsers = places("on_parser_stream")
      const chains = places("on_chain_stream")
      assert.strictEqual(models.length, 3)
      for (const [i, place] of models.entries()) {
        assert.isBelow(place, parsers[i] ?? -1)
        assert.isBelow(parsers[i] ?? Infinity, chains[i] ?? -1)
      }
      balanced(events)
    }))

  it.effect("show a model that is asked inside a function, with its tokens and its parent", () =>
    Effect.gen(function*() {
      const model = letterModel("abc", "inner")
      const { events } = yield* eventsOf(
        Runnable.fn((input: string) => Effect.map(model.invoke(input), (message) => message.content.length)),
        "hi"
      )
      const inner = events.filter((event) => event.name === "inner")
      assert.deepStrictEqual(inner.map((event) => event.event), [
        "on_chat_model_start",
        "on_chat_model_stream",
        "on_chat_model_stream",
        "on_chat_model_stream",
        "on_chat_model_end"
      ])
      for (const event of inner) assert.deepStrictEqual(event.parent_ids, [events[0]?.run_id ?? ""])
      balanced(events)
    }))

  it.effect("carry names, tags and metadata down, and the place in the chain", () =>
    Effect.gen(function*() {
      const inner = Runnable.sequence(letterModel("a", "m"), OutputParser.string).pipe(
        Runnable.withConfig({ name: "inner", tags: ["t2"], metadata: { b: 2 } })
      )
      const outer = Runnable.parallel({ x: inner }).pipe(
        Runnable.withConfig({ name: "outer", tags: ["t1"], metadata: { a: 1 } })
      )
      const { events } = yield* eventsOf(outer, "hi")
      const starts = events.filter((event) => event.event.endsWith("_start"))
      assert.deepStrictEqual(starts.map((event) => [event.name, event.tags.toSorted(), event.metadata]), [
        ["outer", ["t1"], { a: 1 }],
        ["inner", ["map:key:x", "t1", "t2"], { a: 1, b: 2 }],
        ["m", ["seq:step:1", "t1", "t2"], { a: 1, b: 2 }],
        ["StrOutputParser", ["seq:step:2", "t1", "t2"], { a: 1, b: 2 }]
      ])
      balanced(events)
    }))

  it.effect("can be filtered, by name, type and tag", () =>
    Effect.gen(function*() {
      const chain = Runnable.sequence(prompt, letterModel("ab", "m"), OutputParser.string)
      const names = (options: Runnable.EventOptions) =>
        Effect.map(
          Stream.runCollect(Runnable.streamEvents(chain, { q: "hi" }, options)),
          (events) => [...new Set(events.map((event) => event.name))].toSorted()
        )
      assert.deepStrictEqual(yield* names({ includeTypes: ["chat_model"] }), ["m"])
      assert.deepStrictEqual(yield* names({ includeNames: ["StrOutputParser"], includeTypes: ["prompt"] }), [
        "ChatPromptTemplate",
        "StrOutputParser"
      ])
      assert.deepStrictEqual(yield* names({ includeTags: ["seq:step:2"] }), ["m"])
      assert.deepStrictEqual(yield* names({ excludeTypes: ["chain", "parser"], excludeTags: ["seq:step:1"] }), ["m"])
      assert.deepStrictEqual(yield* names({ includeTypes: ["chat_model"], excludeNames: ["m"] }), [])
    }))

  it.live("tell an interruption, with what there was, children first", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make(() => [...ScriptedChatModel.text(["a", "b"]).slice(0, 2), stall])
      const failing = Runnable.fn(() => Effect.andThen(Effect.sleep("20 millis"), Effect.fail("boom" as const)))
      const chain = Runnable.parallel({ slow: Runnable.sequence(model, OutputParser.string), failing })
      const fiber = yield* Effect.forkChild(eventsOf(chain, "hi"))
      const { events, exit } = yield* Fiber.join(fiber)
      assert.strictEqual(exit._tag, "Failure")
      const ends = events.filter((event) => /_(interrupted|error)$/.test(event.event))
      assert.deepStrictEqual(ends.map((event) => [event.event, event.name]), [
        ["on_chain_error", "RunnableLambda"],
        ["on_chat_model_interrupted", "scripted"],
        ["on_parser_interrupted", "StrOutputParser"],
        ["on_chain_interrupted", "RunnableSequence"],
        ["on_chain_error", "RunnableMap"]
      ])
      assert.propertyVal(ends[2]?.data as object, "partial", "ab")
      assert.deepStrictEqual((yield* calls).map((call) => call.state), ["interrupted"])
      balanced(events)
    }))

  it.live("slow the model down with their reader, and stop it when the reader leaves", () =>
    Effect.gen(function*() {
      let said = 0
      const model = ChatModel.make({
        provider: "p",
        model: "endless",
        stream: () =>
          Stream.fromEffectRepeat(Effect.sync(() => {
            said++
            return { _tag: "AIMessageChunk" as const, id: "m", content: "x", parts: [] }
          }))
      })
      const chain = Runnable.sequence(prompt, model, OutputParser.string)
      const events = Runnable.streamEvents(chain, { q: "hi" }, { includeTypes: ["chat_model"] })
      yield* Effect.promise(async () => {
        const reader = Stream.toAsyncIterable(events)[Symbol.asyncIterator]()
        for (let i = 0; i < 4; i++) await reader.next()
        // Time for the model to run ahead, if nothing held it.
        for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve))
        const ahead = said
        await reader.return?.()
        for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve))
        assert.strictEqual(said, ahead)
      })
      assert.isAtMost(said, 8)
    }))

  it.effect("of version 1 have six keys and no parents", () =>
    Effect.gen(function*() {
      const events = yield* Stream.runCollect(ChatModel.streamEvents("hi", { version: "v1" }))
      assert.deepStrictEqual(Object.keys(events[0] ?? {}), ["event", "run_id", "name", "tags", "metadata", "data"])
      assert.deepStrictEqual(events[0]?.data, { input: "hi" })
      assert.deepStrictEqual(events.map((event) => event.event), [
        "on_chat_model_start",
        "on_chat_model_stream",
        "on_chat_model_stream",
        "on_chat_model_end"
      ])
    }).pipe(Effect.provide(ScriptedChatModel.layer([ScriptedChatModel.text("Hello")]))))

  it.effect("of a retrieval chain tell the query and what was found", () =>
    Effect.gen(function*() {
      const library = Runnable.retriever("Library", (query) => Effect.succeed([{ pageContent: `About ${query}` }]))
      const chain = Runnable.parallel({
        context: library.pipe(Runnable.andThen(Runnable.fn((found) => found.map((doc) => doc.pageContent).join()))),
        question: Runnable.passthrough<string>()
      }).pipe(
        Runnable.andThen(ChatPrompt.make("{context}: {question}")),
        Runnable.andThen(letterModel("ab", "m")),
        Runnable.andThen(OutputParser.string)
      )
      const { events } = yield* eventsOf(chain, "fish")
      assert.deepStrictEqual(
        events.filter((event) => event.name === "Library").map((event) => [event.event, event.data]),
        [
          ["on_retriever_start", { input: { query: "fish" } }],
          ["on_retriever_end", { output: [{ pageContent: "About fish" }], input: { query: "fish" } }]
        ]
      )
      const model = events.find((event) => event.event === "on_chat_model_start")
      assert.deepStrictEqual(neutral(model?.data), {
        input: { messages: [[{ role: "HumanMessage", content: "About fish: fish" }]] }
      })
      balanced(events)
    }))

  it.effect("cost nothing when nobody watches: emit does nothing", () => Runnable.emit("progress", 1))
})
