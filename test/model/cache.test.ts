// Models that answer equal requests once: from a cache, or by sharing a request.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ChatModel, ChatModelError, Message, ModelCache, Runnable, RunnableCache, Tool } from "rivulet"
import type { CallOptions } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { eventsOf } from "../support/events.ts"
import { wires } from "../support/wires.ts"
import { wrapperLaws } from "../support/wrapperLaws.ts"

const { fail, finish, text, toolCalls } = ScriptedChatModel

const memory = (options: Partial<RunnableCache.MemoryOptions> = {}) =>
  Effect.provide(RunnableCache.layerMemory({ capacity: 100, ...options }))

/** A model behind a cache, and the requests that pass it. */
const cached = (
  replies: ScriptedChatModel.Replies,
  options?: ModelCache.ModelCacheOptions,
  own?: CallOptions.CallOptions
) =>
  Effect.gen(function*() {
    const { calls, model } = ScriptedChatModel.make(replies, { options: own })
    return { calls: Effect.map(calls, ({ length }) => length), model: yield* model.pipe(ModelCache.withCache(options)) }
  })

/** The text of each warning that an effect logs. */
const warnings = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const logged: Array<string> = []
  const logger = Logger.make(({ message }) => {
    logged.push(String(message))
  })
  return Effect.as(Effect.provide(effect, Logger.layer([logger])), logged)
}

describe("withCache is one model", () => {
  wrapperLaws((model) => memory()(model.pipe(ModelCache.withCache())))
})

describe("withCache", () => {
  for (const wire of wires) {
    it.live(`${wire.name}: a hit replays the chunks and the events, and sends nothing`, () =>
      Effect.gen(function*() {
        const { model, server } = yield* wire.serve(wire.tokens(["a", "b", "c"]))
        const known = yield* model.pipe(ModelCache.withCache())
        const chunks = yield* Stream.runCollect(known.stream("Hi", { timeout: { total: "1 minute" } }))
        assert.deepStrictEqual(yield* Stream.runCollect(known.stream("Hi", { maxRetries: 1 })), chunks)
        const answer = yield* known.invoke("Hi")
        assert.strictEqual(answer.content, "abc")
        const { events } = yield* eventsOf(known, "Hi")
        assert.deepStrictEqual(events.map(({ event }) => event), [
          "on_chat_model_start",
          ...chunks.map(() => "on_chat_model_stream"),
          "on_chat_model_end"
        ])
        assert.deepStrictEqual(events.at(-1)?.data, { output: answer })
        assert.lengthOf(yield* server.requests, 1)
      }).pipe(memory()))
  }

  it.effect("tells requests apart by all that can change the answer", () =>
    Effect.gen(function*() {
      const { calls, model } = yield* cached(() => text("Hello"))
      const tool = { name: "look", parameters: { type: "object", properties: {} } }
      const different: ReadonlyArray<readonly [ChatModel.ChatInput, CallOptions.CallOptions]> = [
        ["Hi", {}],
        ["Ho", {}],
        [["Hi", "Hi"].map((each) => Message.human(each)), {}],
        [[["system", "Hi"], ["human", "Hi"]], {}],
        ["Hi", { maxTokens: 10 }],
        ["Hi", { temperature: 0 }],
        ["Hi", { topP: 0 }],
        ["Hi", { topK: 10 }],
        ["Hi", { stopSequences: ["."] }],
        ["Hi", { tools: [tool] }],
        ["Hi", { tools: [{ ...tool, description: "Looks" }] }],
        ["Hi", { tools: [tool], toolChoice: "required" }],
        ["Hi", { tools: [tool], parallelToolCalls: false }],
        ["Hi", { reasoning: { effort: "low" } }],
        ["Hi", { responseFormat: { type: "json" } }],
        ["Hi", { providerOptions: { scripted: { seed: 1 } } }]
      ]
      for (const [input, options] of different) yield* model.invoke(input, options)
      assert.strictEqual(yield* calls, different.length)
      for (const [input, options] of different) yield* Stream.runDrain(model.stream(input, options))
      assert.strictEqual(yield* calls, different.length)
    }).pipe(memory()))

  it.effect("minds no option that cannot change the answer, and no form of the same request", () =>
    Effect.gen(function*() {
      const { calls, model } = yield* cached(() => text("Hello"), {}, { temperature: 0, maxTokens: 9 })
      const equal: ReadonlyArray<readonly [ChatModel.ChatInput, CallOptions.CallOptions | undefined]> = [
        ["Hi", undefined],
        [Message.human("Hi"), {}],
        [[{ role: "user", content: "Hi" }], { maxTokens: 9 }],
        ["Hi", { temperature: 0, timeout: { total: "1 minute" } }],
        ["Hi", { maxRetries: 5, onRetry: () => Effect.void, metadata: { user_id: "a" } }]
      ]
      for (const [input, options] of equal) yield* model.invoke(input, options)
      assert.strictEqual(yield* calls, 1)
    }).pipe(memory()))

  it.effect("tools are what the model sees of them", () =>
    Effect.gen(function*() {
      const { calls, model } = yield* cached(() => toolCalls([{ name: "look", args: {} }]))
      const tool = (parameters: Schema.Struct<{ readonly at: typeof Schema.String | typeof Schema.Number }>) =>
        Tool.make("look", { parameters, handler: () => Effect.succeed("seen") })
      const look = () => tool(Schema.Struct({ at: Schema.String }))
      yield* model.invoke("Hi", { tools: [look()] })
      yield* model.invoke("Hi", { tools: [look()] })
      assert.strictEqual(yield* calls, 1)
      yield* model.invoke("Hi", { tools: [tool(Schema.Struct({ at: Schema.Number }))] })
      assert.strictEqual(yield* calls, 2)
    }).pipe(memory()))

  it.effect("keeps the answers of two models apart, and those of one that has a name", () =>
    Effect.gen(function*() {
      const models = yield* Effect.forEach(
        [{ provider: "a" }, { provider: "b" }, { provider: "a", model: "b" }],
        ({ provider, model = "m" }) =>
          ScriptedChatModel.make(() => text(`${provider}/${model}`), { provider, model }).model.pipe(
            ModelCache.withCache()
          )
      )
      const strict = yield* ScriptedChatModel.make(() => text("strict"), { provider: "a", model: "m" }).model.pipe(
        ModelCache.withCache({ name: "strict" })
      )
      for (let i = 0; i < 2; i++) {
        const answers = yield* Effect.forEach([...models, strict], (model) => model.invoke("Hi"))
        assert.deepStrictEqual(answers.map(({ content }) => content), ["a/m", "b/m", "a/b", "strict"])
      }
    }).pipe(memory()))

  it.effect("keeps only whole answers", () =>
    Effect.gen(function*() {
      const partly = text(["a", "b"]).slice(0, -1)
      const { calls, model } = yield* cached([
        [fail(new ChatModelError.InvalidRequestError({ message: "no" }))],
        [...partly, fail(new ChatModelError.NetworkError({ message: "gone" }))],
        [...partly, finish("length")],
        [finish("stop")],
        text(["a", "b"]),
        text(["c"])
      ])
      for (let i = 0; i < 4; i++) yield* Effect.exit(model.invoke("Hi"))
      yield* Stream.runDrain(Stream.take(model.stream("Hi"), 1))
      assert.strictEqual((yield* model.invoke("Hi")).content, "c")
      assert.strictEqual((yield* model.invoke("Hi")).content, "c")
      assert.strictEqual(yield* calls, 6)
    }).pipe(memory()))

  it.effect("`keep` and `key` decide otherwise", () =>
    Effect.gen(function*() {
      const { calls, model } = yield* cached(() => [...text("cut").slice(0, -1), finish("length")], {
        keep: ({ finish }) => finish.reason === "length",
        key: ({ messages }) => String(messages.at(-1)?.content).toLowerCase()
      })
      yield* model.invoke("Hi")
      yield* model.invoke("HI", { maxTokens: 3 })
      assert.strictEqual(yield* calls, 1)
    }).pipe(memory()))

  it.effect("a store that fails, or gives no answer, is logged, and the model runs", () =>
    Effect.gen(function*() {
      const stores: ReadonlyArray<Partial<RunnableCache.RunnableCache["Service"]>> = [
        { get: () => Effect.die("no store") },
        { set: () => Effect.die("no store") },
        // A store without types.
        { get: () => Effect.succeed({ chunks: ["a"], output: "a" }) },
        { get: () => Effect.succeed({ chunks: [], output: undefined }) }
      ]
      for (const store of stores) {
        const model = yield* ScriptedChatModel.make(() => text("Hello")).model.pipe(
          ModelCache.withCache(),
          Effect.provideService(RunnableCache.RunnableCache, {
            get: () => Effect.succeed(undefined),
            set: () => Effect.void,
            ...store
          })
        )
        const logged = yield* warnings(
          Effect.map(model.invoke("Hi"), ({ content }) => assert.strictEqual(content, "Hello"))
        )
        assert.match(logged.join("; "), /The cache of scripted\/scripted failed/)
      }
    }))

  it.effect("a request that is not plain data has no key, and a warning", () =>
    Effect.gen(function*() {
      const { calls, model } = yield* cached(() => text("Hello"))
      const options = { providerOptions: { scripted: { f: () => 1 } } }
      const logged = yield* warnings(Effect.andThen(model.invoke("Hi", options), model.invoke("Hi", options)))
      assert.strictEqual(yield* calls, 2)
      assert.match(logged[0] ?? "", /not plain data/)
    }).pipe(memory()))

  it.effect("entries expire as the store says", () =>
    Effect.gen(function*() {
      const { calls, model } = yield* cached(() => text("Hello"))
      yield* model.invoke("Hi")
      yield* TestClock.adjust("59 minutes")
      yield* model.invoke("Hi")
      assert.strictEqual(yield* calls, 1)
      yield* TestClock.adjust("1 minute")
      yield* model.invoke("Hi")
      assert.strictEqual(yield* calls, 2)
    }).pipe(memory({ timeToLive: "1 hour" })))

  it.effect("a cache around a chain judges an answer from the cache of its model, too", () =>
    Effect.gen(function*() {
      const { calls, model } = yield* cached(() => [...text("cut").slice(0, -1), finish("length")], {
        keep: () => true
      })
      yield* model.invoke("Hi")
      let runs = 0
      const chain = Runnable.sequence(Runnable.map((input: string) => (runs++, input)), model).pipe(
        Runnable.withCache({ name: "chain" })
      )
      yield* chain.invoke("Hi")
      yield* chain.invoke("Hi")
      assert.deepStrictEqual([runs, yield* calls], [2, 1])
    }).pipe(memory()))

  it.effect("wraps a layer, which keeps its other services", () =>
    Effect.gen(function*() {
      yield* ChatModel.invoke("Hi")
      yield* ChatModel.invoke("Hi")
      const { calls } = yield* ScriptedChatModel.ScriptedChatModel
      assert.lengthOf(yield* calls, 1)
    }).pipe(
      Effect.provide(
        ScriptedChatModel.layer([text("Hello")]).pipe(
          ModelCache.withCache(),
          Layer.provide(RunnableCache.layerMemory({ capacity: 1 }))
        )
      )
    ))
})
