// Wrappers of several models over real servers: the requests that each server gets, and when its connection closes.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schedule, Schema, Stream } from "effect"
import { Agent, ChatModel, ModelRouting, Tool } from "rivulet"
import { OpenAiScript, Script } from "rivulet/Testing"
import type { TestServer } from "rivulet/Testing"
import { serve } from "../../support/anthropic.ts"
import { serveChat } from "../../support/openai.ts"

const { answeredBy, withFallbacks, withHedge, withRouter } = ModelRouting
const { chat, status } = OpenAiScript

const retrying = { maxRetries: 2, retrySchedule: Schedule.spaced("1 millis") }

const counts = (...servers: ReadonlyArray<{ readonly server: TestServer.TestServer }>) =>
  Effect.forEach(servers, ({ server }) => Effect.map(server.requests, (requests) => requests.length))

/** All responses of these servers end, each because the client closed its connection. */
const allLeft = (...servers: ReadonlyArray<{ readonly server: TestServer.TestServer }>) =>
  Effect.forEach(servers, ({ server }) =>
    Effect.gen(function*() {
      yield* server.awaitIdle
      for (const request of yield* server.requests) assert.strictEqual((yield* request.closed).by, "client")
    }))

describe("withFallbacks", () => {
  it.live("retries each model by itself, and nothing twice", () =>
    Effect.gen(function*() {
      const claude = yield* serve(Script.status(529), retrying)
      const gpt = yield* serveChat(chat.text("Hello"), retrying)
      const message = yield* claude.model.pipe(withFallbacks([gpt.model])).invoke("Hi")
      assert.deepStrictEqual([message.content, answeredBy(message)], ["Hello", {
        provider: "openai",
        model: "gpt-test"
      }])
      assert.deepStrictEqual(yield* counts(claude, gpt), [3, 1])
    }))

  it.live("names all models if all fail, with the ids of their requests", () =>
    Effect.gen(function*() {
      const claude = yield* serve(Script.status(529, { requestId: "req_claude" }), retrying)
      const gpt = yield* serveChat(status(429, { requestId: "req_gpt" }), retrying)
      const error = yield* Effect.flip(claude.model.pipe(withFallbacks([gpt.model])).invoke("Hi"))
      assert.deepStrictEqual(yield* counts(claude, gpt), [3, 3])
      assert.deepStrictEqual(
        error.attempts?.map(({ metadata, provider, reason }) => [provider, reason._tag, metadata?.["requestId"]]),
        [["anthropic", "OverloadedError", "req_claude"], ["openai", "RateLimitError", "req_gpt"]]
      )
      assert.deepStrictEqual([error.provider, error.reason._tag], ["openai", "RateLimitError"])
    }))

  for (
    const [name, script] of [
      ["a key that is refused", Script.status(401)],
      ["a connection that is reset before the headers", Script.resetBeforeHeaders],
      ["an answer that is cut off before its first token", Script.faultAt(Script.text("Hello"), 60, Script.truncate)]
    ] as const
  ) {
    it.live(`goes on after ${name}`, () =>
      Effect.gen(function*() {
        const claude = yield* serve(script)
        const gpt = yield* serveChat(chat.text("Hello"))
        assert.strictEqual((yield* claude.model.pipe(withFallbacks([gpt.model])).invoke("Hi")).content, "Hello")
        assert.deepStrictEqual(yield* counts(claude, gpt), [1, 1])
      }))
  }

  it.live("does not go on after the first token", () =>
    Effect.gen(function*() {
      const script = Script.tokens(["a", "b", "c"])
      const wire = new TextDecoder().decode(Script.bytesOf(script))
      const claude = yield* serve(Script.faultAt(script, wire.indexOf("event: content_block_stop"), Script.truncate))
      const gpt = yield* serveChat(chat.text("Hello"))
      const error = yield* Effect.flip(claude.model.pipe(withFallbacks([gpt.model])).invoke("Hi"))
      assert.match(error.partial?.content ?? "", /^ab/)
      assert.deepStrictEqual(yield* counts(claude, gpt), [1, 0])
    }))

  it.live("carries an agent over to another provider in the middle of a run", () =>
    Effect.gen(function*() {
      const call = Script.message({
        blocks: [{ type: "tool_use", id: "toolu_1", name: "weather", args: { city: "Bern" } }]
      })
      const claude = yield* serve([call, Script.status(529)])
      const gpt = yield* serveChat(chat.text("It is sunny"))
      const weather = Tool.make("weather", {
        parameters: Schema.Struct({ city: Schema.String }),
        success: Schema.String,
        handler: ({ city }) => Effect.succeed(`Sun in ${city}`)
      })
      const result = yield* Agent.make({ tools: [weather] }).invoke("How is the weather in Bern?").pipe(
        Effect.provideService(ChatModel.ChatModel, claude.model.pipe(withFallbacks([gpt.model])))
      )
      assert.strictEqual(result.content, "It is sunny")
      assert.deepStrictEqual(yield* counts(claude, gpt), [2, 1])
      assert.include(JSON.stringify((yield* gpt.server.requests)[0]?.body), "Sun in Bern")
    }))
})

describe("withHedge", () => {
  it.live("closes the slow request while the answer is still arriving", () =>
    Effect.gen(function*() {
      const slow = yield* serve(Script.silent)
      const fast = yield* serveChat(chat.endless())
      const model = slow.model.pipe(withHedge("20 millis", { models: [fast.model] }))
      const first = yield* Deferred.make<void>()
      const call = yield* Effect.forkChild(
        Stream.runForEach(model.stream("Hi"), () => Deferred.succeed(first, undefined))
      )
      yield* Deferred.await(first)
      const { by } = yield* (yield* slow.server.awaitRequest(0)).closed
      assert.strictEqual(by, "client")
      assert.strictEqual(yield* fast.server.openConnections, 1)
      yield* Fiber.interrupt(call)
      yield* allLeft(slow, fast)
    }))

  it.live("sends a second request to the same server, whose first one is closed", () =>
    Effect.gen(function*() {
      const server = yield* serve([Script.silent, Script.text("Hello")])
      const message = yield* server.model.pipe(withHedge("20 millis")).invoke("Hi")
      assert.strictEqual(message.content, "Hello")
      const [first, second] = yield* server.server.requests
      assert.strictEqual((yield* first!.closed).by, "client")
      assert.strictEqual((yield* second!.closed).by, "server")
    }))

  it.live("does not multiply retries", () =>
    Effect.gen(function*() {
      const server = yield* serve(Script.status(529), retrying)
      const error = yield* Effect.flip(server.model.pipe(withHedge("10 seconds")).invoke("Hi"))
      assert.strictEqual(error.reason._tag, "OverloadedError")
      assert.deepStrictEqual(yield* counts(server), [3])
    }))
})

describe("leaving closes every connection", () => {
  const ways: { readonly [name: string]: (model: ChatModel.Service) => Effect.Effect<unknown, unknown> } = {
    "an interrupt": (model) =>
      Effect.gen(function*() {
        const call = yield* Effect.forkChild(Stream.runDrain(model.stream("Hi")))
        yield* Effect.sleep("60 millis")
        yield* Fiber.interrupt(call)
      }),
    "a timeout of the app's": (model) => Effect.timeoutOption(model.invoke("Hi"), "60 millis"),
    "the total timeout": (model) => Effect.flip(model.invoke("Hi", { timeout: { total: "60 millis" } }))
  }
  for (const [name, leave] of Object.entries(ways)) {
    it.live(`by ${name}, while requests are hedged`, () =>
      Effect.gen(function*() {
        const [a, b] = [yield* serve(Script.silent), yield* serveChat(Script.silent)]
        // The first call loads the modules of a provider.
        for (const { model } of [a, b]) yield* Effect.timeoutOption(model.invoke("Hi"), "200 millis")
        const models = [
          a.model.pipe(withHedge("5 millis", { models: [b.model], max: 3 })),
          a.model.pipe(withHedge("5 millis"), withFallbacks([b.model])),
          a.model.pipe(
            withHedge("5 millis"),
            withRouter([b.model.pipe(withHedge("5 millis"))], { strategy: "latency" })
          )
        ]
        for (const model of models) yield* Effect.replicateEffect(leave(model), 3)
        yield* allLeft(a, b)
        assert.isAtLeast((yield* counts(a))[0] ?? 0, 3)
      }))
  }

  it.live("by Stream.take of an answer", () =>
    Effect.gen(function*() {
      const a = yield* serve(Script.status(529))
      const b = yield* serveChat(chat.endless())
      const wrappers = [
        withFallbacks([b.model]),
        withHedge("1 second", { models: [b.model] }),
        withRouter([b.model], { strategy: { weights: [1, 0] }, coolDown: false })
      ]
      for (const wrap of wrappers) yield* Stream.runDrain(Stream.take(wrap(a.model).stream("Hi"), 3))
      yield* allLeft(b)
      assert.deepStrictEqual(yield* counts(a, b), [3, 3])
    }))
})
