// Playing a recorded answer gives what the provider gave, on every wire.
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Layer, Redacted, Schedule, Schema, Stream } from "effect"
import { constVoid } from "effect/Function"
import { TestClock } from "effect/testing"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Agent, AIMessageChunk, ChatModel, HttpTransport, ModelRouting, TokenCount, Tool } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { AnthropicServer, Cassette, Script, TestServer } from "rivulet/Testing"
import { tapped } from "../../src/internal/wire/tap.ts"
import { serve } from "../support/anthropic.ts"
import { cassettes, collect, slowly } from "../support/cassettes.ts"
import type { Given } from "../support/cassettes.ts"
import { messages, responsesApi, wires } from "../support/wires.ts"

/** The folders of the recordings. */
const fixtures: { readonly [wire: string]: string } = {
  Messages: "messages",
  "Chat Completions": "chat",
  Responses: "responses"
}

const words = ["Hello", " world", " é𝄞", "!"]

/** The outcome of a call without what differs when it is played. */
const outcome = ({ chunks, error }: Given) => ({
  chunks,
  error: error && { message: error.message, reason: error.reason._tag, partial: error.partial }
})

for (const wire of wires) {
  describe(wire.name, () => {
    it.live("a recorded answer is played as the same chunks, without a request", () =>
      Effect.gen(function*() {
        const { record, replay } = yield* cassettes
        const { model, server } = yield* wire.serve(wire.tokens(words))
        const live = yield* collect(model).pipe(record)
        const played = yield* collect(model).pipe(replay)
        assert.isUndefined(live.error)
        assert.isAbove(live.chunks.length, 4)
        assert.deepStrictEqual(played.chunks, live.chunks)
        assert.lengthOf(yield* server.requests, 1)
      }))

    it.live("reads that end inside a character are played byte for byte", () =>
      Effect.gen(function*() {
        const { exchanges, record, replay } = yield* cassettes
        const { model } = yield* wire.serve({ ...wire.tokens(words), cut: 3 })
        const live = yield* collect(model).pipe(record)
        const played = yield* collect(model).pipe(replay)
        assert.deepStrictEqual(played.chunks, live.chunks)
        assert.isTrue(exchanges()[0]?.response?.body.some((read) => "base64" in read))
      }))

    // A timer of a busy machine is late, so each of eight attempts may be the one that keeps to the times.
    it.live("at speed 1 each read comes within 10 milliseconds of its time", () =>
      Effect.gen(function*() {
        const { exchanges, record, use } = yield* cassettes
        const { model } = yield* wire.serve(slowly(wire.tokens(words), (i) => Script.delay(5 + 10 * (i % 4))))
        const live = yield* collect(model).pipe(record)
        const recorded = exchanges()[0]?.response?.body.map(({ at }) => at) ?? []
        assert.isAbove(recorded.at(-1) ?? 0, 50)
        const attempt = Effect.gen(function*() {
          const times: Array<number> = []
          const timed = HttpTransport.layerWrap((next) =>
            tapped(next, () => ({ response: constVoid, bytes: (_, at) => times.push(at), end: constVoid }))
          )
          const played = yield* collect(model).pipe(Effect.provide(timed), use("replay", { speed: 1 }))
          assert.deepStrictEqual(played.chunks, live.chunks)
          assert.strictEqual(times.length, recorded.length)
          return Math.max(...recorded.map((at, i) => Math.abs(at - (times[i] ?? Infinity))))
        })
        const offsets = [yield* attempt]
        while (offsets.length < 8 && Math.min(...offsets) > 10) offsets.push(yield* attempt)
        assert.isAtMost(Math.min(...offsets), 10)
      }))

    it.effect("times follow the clock, and the speed divides them", () =>
      Effect.gen(function*() {
        const { exchanges, record, use } = yield* cassettes
        const { model } = yield* wire.serve(slowly(wire.tokens(["a", "b"]), () => Script.delay(20)))
        yield* collect(model).pipe(record)
        const last = exchanges()[0]?.response?.body.at(-1)?.at ?? 0
        assert.isAbove(last, 40)
        const fiber = yield* Effect.forkChild(collect(model).pipe(use("replay", { speed: 0.5 })))
        yield* model.stream("warm up").pipe(Stream.runDrain, Effect.ignore)
        yield* TestClock.adjust(last * 2 - 2)
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 50)))
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 minute")
        const { error } = yield* Fiber.join(fiber)
        assert.isUndefined(error)
      }))

    it.live("error responses and retries are recorded", () =>
      Effect.gen(function*() {
        const { exchanges, record, replay } = yield* cassettes
        const { model, server } = yield* wire.serve(
          [wire.status(503), wire.status(500), wire.tokens(words)],
          { maxRetries: 2, retrySchedule: Schedule.spaced(1) }
        )
        const live = yield* collect(model).pipe(record)
        const played = yield* collect(model).pipe(replay)
        assert.isUndefined(live.error)
        assert.deepStrictEqual(played.chunks, live.chunks)
        assert.deepStrictEqual(exchanges().map(({ response }) => response?.status), [503, 500, 200])
        assert.lengthOf(yield* server.requests, 3)
      }))

    for (const status of [400, 401, 404, 500]) {
      it.live(`an error with status ${status} is played as the same error`, () =>
        Effect.gen(function*() {
          const { record, replay } = yield* cassettes
          const { model } = yield* wire.serve(wire.status(status, { message: "No" }))
          const live = outcome(yield* collect(model).pipe(record))
          assert.isDefined(live.error)
          assert.deepStrictEqual(outcome(yield* collect(model).pipe(replay)), live)
        }))
    }

    for (
      const [name, fault] of [
        ["resets", [Script.delay(20), Script.reset]],
        ["breaks off", [Script.delay(20), Script.truncate]],
        ["ends too early", Script.end]
      ] as const
    ) {
      it.live(`a connection that ${name} is played with the same error and the same partial`, () =>
        Effect.gen(function*() {
          const { record, replay } = yield* cassettes
          const script = wire.tokens(words)
          const at = wire.tokensEnd(new TextDecoder().decode(Script.bytesOf(script)))
          const { model } = yield* wire.serve(Script.faultAt(script, at, fault))
          const live = outcome(yield* collect(model).pipe(record))
          assert.strictEqual(live.error?.partial?.content, words.join("").slice(0, live.error?.partial?.content.length))
          assert.isAbove(live.error?.partial?.content.length ?? 0, 0)
          assert.deepStrictEqual(outcome(yield* collect(model).pipe(replay)), live)
        }))

      it.live(`a played answer can be edited so that it ${name}, as that of a server`, () =>
        Effect.gen(function*() {
          const { record, use } = yield* cassettes
          const script = wire.tokens(words)
          const { model, server } = yield* wire.serve(script)
          yield* collect(model).pipe(record)
          const bytes = Script.bytesOf(script).length
          for (const at of [0, 1, Math.floor(bytes / 3), Math.floor(bytes * 2 / 3)]) {
            yield* server.always(Script.faultAt(script, at, fault))
            const live = outcome(yield* collect(model))
            const played = outcome(
              yield* collect(model).pipe(use("replay", { edit: Script.faultAt(at, fault) }))
            )
            assert.strictEqual(played.error?.reason, live.error?.reason, `at ${at}`)
            assert.strictEqual(played.error?.partial?.content, live.error?.partial?.content, `at ${at}`)
          }
        }))
    }

    it.live("a connection that is reset before the headers is played as such", () =>
      Effect.gen(function*() {
        const { record, replay } = yield* cassettes
        const { model } = yield* wire.serve(Script.resetBeforeHeaders)
        const live = outcome(yield* collect(model).pipe(record))
        assert.strictEqual(live.error?.reason, "NetworkError")
        assert.deepStrictEqual(outcome(yield* collect(model).pipe(replay)), live)
      }))

    it.live("what came before its reader left is recorded, and reading on says so", () =>
      Effect.gen(function*() {
        const { exchanges, record, replay, use } = yield* cassettes
        const { model } = yield* wire.serve({ ...wire.tokens(words), coalesce: false })
        const two = Effect.map(Stream.runCollect(Stream.take(model.stream("Hi"), 2)), AIMessageChunk.toMessage)
        const live = yield* record(two)
        const end = exchanges()[0]?.end
        assert.strictEqual(end?.how, "left")
        assert.isFalse(end?.waiting)
        assert.deepStrictEqual(yield* replay(two), live)
        const { error } = yield* collect(model).pipe(replay)
        assert.strictEqual(error?.reason._tag, "UnsupportedError")
        assert.include(error?.message ?? "", "has no more of this answer")
        assert.strictEqual((yield* Effect.exit(two).pipe(use("refuse")))._tag, "Failure")
      }))

    it.live("an answer that stalled until a time limit stalls again", () =>
      Effect.gen(function*() {
        const { exchanges, record, replay } = yield* cassettes
        const script = wire.tokens(words)
        const at = wire.tokensEnd(new TextDecoder().decode(Script.bytesOf(script)))
        const { model } = yield* wire.serve(Script.faultAt(script, at, Script.stall), { timeout: { idle: 200 } })
        const live = outcome(yield* collect(model).pipe(record))
        assert.strictEqual(live.error?.reason, "TimeoutError")
        assert.isTrue(exchanges()[0]?.end.waiting)
        assert.deepStrictEqual(outcome(yield* collect(model).pipe(replay)), live)
      }))

    it.live("a server that never answers is played as such", () =>
      Effect.gen(function*() {
        const { exchanges, record, replay } = yield* cassettes
        const { model } = yield* wire.serve(Script.silent, { timeout: { connect: 100 } })
        const live = outcome(yield* collect(model).pipe(record))
        assert.strictEqual(live.error?.reason, "TimeoutError")
        assert.notProperty(exchanges()[0], "response")
        assert.deepStrictEqual(outcome(yield* collect(model).pipe(replay)), live)
      }))
  })
}

describe("every recording of our own", () => {
  for (const wire of wires) {
    const folder = fileURLToPath(new URL(`../fixtures/${fixtures[wire.name]}/`, import.meta.url))
    for (const file of readdirSync(folder).filter((file) => file.endsWith(".sse"))) {
      it.live(`${wire.name}: ${file} is played as it was recorded`, () =>
        Effect.gen(function*() {
          const { record, replay } = yield* cassettes
          const { model } = yield* wire.serve(Script.body(readFileSync(join(folder, file)), { cut: 97 }))
          const live = outcome(yield* collect(model).pipe(record))
          assert.isAbove(live.chunks.length + (live.error === undefined ? 0 : 1), 0)
          assert.deepStrictEqual(outcome(yield* collect(model).pipe(replay)), live)
        }))
    }
  }
})

describe("a cassette", () => {
  const noKeys = Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({}))

  it.live("needs no key to play, for a call and for a count, and the next call without it does", () =>
    Effect.gen(function*() {
      const { record, replay } = yield* cassettes
      // This server takes any path.
      const server = yield* TestServer.make({}, { script: Script.text("Hello") })
      const options = { model: "claude-test", baseUrl: server.url }
      const model = yield* Anthropic.make({ ...options, apiKey: Redacted.make("sk-test") })
      yield* server.enqueue(Script.text("Hello"), Script.body(`{"input_tokens":7}`))
      const both = (model: ChatModel.Service) =>
        Effect.gen(function*() {
          const { content } = yield* model.invoke("Hi")
          return [content, (yield* TokenCount.count("Hi")).inputTokens]
        }).pipe(Effect.provideService(ChatModel.ChatModel, model))
      const live = yield* both(model).pipe(record)
      assert.deepStrictEqual(live, ["Hello", 7])
      const keyless = yield* noKeys(Anthropic.make(options))
      assert.deepStrictEqual(yield* both(keyless).pipe(replay), live)
      const { reason } = yield* Effect.flip(keyless.invoke("Hi"))
      assert.strictEqual(reason._tag, "AuthenticationError")
    }))

  it.live("needs no key to play with the hosts of the other wires either", () =>
    Effect.gen(function*() {
      for (
        const make of [
          (options: { readonly baseUrl: string }) => OpenAi.make({ model: "gpt-test", ...options }),
          (options: { readonly baseUrl: string }) => OpenAi.make({ model: "gpt-test", api: "chat", ...options }),
          (options: { readonly baseUrl: string }) =>
            OpenAiCompatible.make({ model: "test", preset: "groq", ...options })
        ]
      ) {
        const { use } = yield* cassettes
        const model = yield* noKeys(make({ baseUrl: "http://localhost:1/v1" }))
        const { reason } = yield* Effect.flip(model.invoke("Hi")).pipe(use("refuse"))
        assert.strictEqual(reason._tag, "UnsupportedError")
        assert.strictEqual((yield* Effect.flip(model.invoke("Hi"))).reason._tag, "AuthenticationError")
      }
    }))

  it.live("plays the calls of an agent with tools, in the order of its steps", () =>
    Effect.gen(function*() {
      const { exchanges, record, replay } = yield* cassettes
      const weather = Tool.make("weather", {
        description: "The weather",
        parameters: Schema.Struct({ city: Schema.String }),
        success: Schema.String,
        handler: ({ city }) => Effect.succeed(`Rain in ${city}`)
      })
      const agent = Agent.make({ tools: [weather] })
      const { model, server } = yield* serve([
        Script.toolCall({ name: "weather", args: { city: "Bern" } }),
        Script.toolCall({ name: "weather", args: { city: "Basel" } }),
        Script.text("Rain everywhere")
      ])
      const run = agent.invoke("The weather?").pipe(Effect.provideService(ChatModel.ChatModel, model))
      const live = yield* run.pipe(record)
      assert.lengthOf(exchanges(), 3)
      assert.deepStrictEqual(yield* run.pipe(replay), live)
      assert.lengthOf(yield* server.requests, 3)
    }))

  it.live("plays requests that ran at the same time, each with its own answer", () =>
    Effect.gen(function*() {
      const { exchanges, record, replay } = yield* cassettes
      const server = yield* AnthropicServer.make({
        script: ({ body }) => {
          const question = /"content":"(.*?)"/.exec(JSON.stringify(body))?.[1] ?? ""
          return Script.text(`You said ${question}`, { delay: question.length * 5 })
        }
      })
      const { model } = yield* serve(Script.text("Hello"), { baseUrl: server.url })
      const questions = ["six six", "one", "three", "one", "four"]
      const ask = Effect.map(
        Effect.forEach(questions, (question) => model.invoke(question), { concurrency: "unbounded" }),
        (answers) => answers.map(({ content }) => content)
      )
      const live = yield* record(ask)
      assert.deepStrictEqual(live, questions.map((question) => `You said ${question}`))
      assert.lengthOf(exchanges(), 5)
      assert.deepStrictEqual(yield* replay(ask), live)
    }))

  it.live("holds the requests of several providers, and plays a fallback", () =>
    Effect.gen(function*() {
      const { exchanges, record, replay } = yield* cassettes
      const { model: claude } = yield* serve(Script.status(529))
      const { model: gpt } = yield* responsesApi.serve(responsesApi.tokens(words))
      const model = ModelRouting.withFallbacks([gpt])(claude)
      const live = yield* collect(model).pipe(record)
      assert.deepStrictEqual(exchanges().map(({ response }) => response?.status), [529, 200])
      assert.deepStrictEqual(outcome(yield* collect(model).pipe(replay)), outcome(live))
    }))

  it.live("serves a model that was made under it and is called elsewhere, and one with its own fetch", () =>
    Effect.gen(function*() {
      const { folder, record } = yield* cassettes
      const server = yield* AnthropicServer.make({ script: Script.text("Hello") })
      const own: typeof fetch = (input, init) => fetch(input, init)
      const options = { model: "claude-test", baseUrl: server.url, fetch: own }
      const { model } = yield* serve(Script.text("Hello"), options)
      yield* model.invoke("Hi").pipe(record)
      const Model = Anthropic.layer(options).pipe(Layer.provide(Cassette.layer("cassette", { folder, mode: "replay" })))
      const { content } = yield* ChatModel.invoke("Hi").pipe(Effect.provide(Model), noKeys)
      assert.strictEqual(content, "Hello")
      assert.lengthOf(yield* server.requests, 1)
    }))

  it.live("records an answer that is still open when its layer ends as left", () =>
    Effect.gen(function*() {
      const { exchanges, files, record } = yield* cassettes
      const script = Script.text("Hello")
      const at = messages.tokensEnd(new TextDecoder().decode(Script.bytesOf(script)))
      const { model } = yield* serve(Script.faultAt(script, at, Script.stall))
      // The scope of the stream is that of the test, so it outlives the layer.
      yield* Effect.gen(function*() {
        const pull = yield* Stream.toPull(model.stream("Hi"))
        yield* pull
        yield* Effect.forkChild(pull, { startImmediately: true })
      }).pipe(record)
      const [exchange] = exchanges()
      assert.deepStrictEqual([exchange?.end.how, exchange?.end.waiting], ["left", true])
      assert.strictEqual(exchange?.response?.status, 200)
      assert.deepStrictEqual(files(), ["cassette.json"])
    }))
})
