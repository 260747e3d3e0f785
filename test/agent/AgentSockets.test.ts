// Agents over a real connection: what is sent, and that leaving closes the connection and stops the tools.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schema, Stream } from "effect"
import { Agent, ChatModel, Tool } from "rivulet"
import { Script } from "rivulet/Testing"
import type { AnthropicServer } from "rivulet/Testing"
import { serve } from "../support/anthropic.ts"

const weather = Tool.make("get_weather", {
  description: "The temperature in a city",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Struct({ celsius: Schema.Number }),
  handler: ({ city }) => Effect.succeed({ celsius: city.length })
})

const asksFor = (...cities: ReadonlyArray<string>) =>
  Script.message({
    blocks: [
      { type: "text", tokens: ["Let me look."] },
      ...cities.map((city) => ({ type: "tool_use", id: `toolu_${city}`, name: "get_weather", args: { city } }) as const)
    ],
    usage: { input_tokens: 10, output_tokens: 5 }
  })

interface Body {
  readonly system?: string
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content: unknown }>
  readonly tools: ReadonlyArray<unknown>
}

// The server knows what it was sent.
const bodies = (server: AnthropicServer.AnthropicServer["Service"]) =>
  Effect.map(server.requests, (requests) => requests.map(({ body }) => body as Body))

const use = (city: string) => ({ type: "tool_use", id: `toolu_${city}`, name: "get_weather", input: { city } })

describe("over the wire", () => {
  it.live("the conversation grows as the provider wants it", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve([
        asksFor("Bern", "Rome"),
        Script.text("Warm", { usage: { input_tokens: 30, output_tokens: 2 } })
      ])
      const result = yield* Agent.make({ tools: [weather], system: "Be brief." }).invoke("How warm?").pipe(
        Effect.provideService(ChatModel.ChatModel, model)
      )
      assert.deepInclude(result, { content: "Warm", finish: "stop" })
      assert.deepStrictEqual([result.usage?.inputTokens, result.usage?.outputTokens], [40, 7])
      const [first, second] = yield* bodies(server)
      assert.strictEqual(first?.system, "Be brief.")
      assert.deepStrictEqual(first?.tools, [{
        name: "get_weather",
        description: "The temperature in a city",
        input_schema: {
          type: "object",
          properties: { city: { type: "string" } },
          required: ["city"],
          additionalProperties: false
        }
      }])
      assert.strictEqual(second?.system, "Be brief.")
      assert.deepStrictEqual(second?.messages, [
        { role: "user", content: "How warm?" },
        { role: "assistant", content: [{ type: "text", text: "Let me look." }, use("Bern"), use("Rome")] },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "toolu_Bern", content: `{"celsius":4}` },
            { type: "tool_result", tool_use_id: "toolu_Rome", content: `{"celsius":4}` }
          ]
        }
      ])
    }))

  it.live("what went wrong is marked as an error", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve([
        Script.toolCall({ id: "toolu_1", name: "get_weather", args: { town: "Bern" } }),
        Script.text("Sorry")
      ])
      yield* Agent.make({ tools: [weather] }).invoke("How warm?").pipe(
        Effect.provideService(ChatModel.ChatModel, model)
      )
      const [, second] = yield* bodies(server)
      const results = JSON.stringify(second?.messages[2]?.content)
      assert.include(results, `"is_error":true`)
      assert.include(results, String.raw`at [\"city\"]`)
    }))

  it.live("a paused turn is sent back as it came", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve([
        Script.text("Searching", { stopReason: "pause_turn" }),
        Script.text("Found")
      ])
      const result = yield* Agent.make({ tools: [] }).invoke("Hi").pipe(
        Effect.provideService(ChatModel.ChatModel, model)
      )
      assert.strictEqual(result.content, "Found")
      const [, second] = yield* bodies(server)
      assert.deepStrictEqual(second?.messages[1], { role: "assistant", content: [{ type: "text", text: "Searching" }] })
    }))
})

/** Runs an agent's stream and leaves it when `here` says so; `at` is when it is to be left from outside. */
type Leave = (
  stream: Stream.Stream<{ readonly _tag: string; readonly content: string }, unknown>,
  here: (chunk: { readonly _tag: string; readonly content: string }) => boolean,
  at: Effect.Effect<void>
) => Effect.Effect<unknown, unknown>

const ways: ReadonlyArray<readonly [name: string, leave: Leave]> = [
  ["Stream.takeUntil", (stream, here) => Stream.runDrain(Stream.takeUntil(stream, here))],
  ["a break in for await", (stream, here) =>
    Effect.promise(async () => {
      for await (const chunk of Stream.toAsyncIterable(stream)) if (here(chunk)) break
    })],
  [
    "a failure downstream",
    (stream, here) =>
      Effect.flip(Stream.runForEach(stream, (chunk) => here(chunk) ? Effect.fail("enough") : Effect.void))
  ],
  ["an interrupt", (stream, _, at) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Stream.runDrain(stream))
      yield* at
      yield* Fiber.interrupt(fiber)
    })]
]

describe("leaving", () => {
  for (const [name, leave] of ways) {
    it.live(`by ${name} while the model answers closes its connection`, () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve([asksFor("Bern"), Script.endless({ delay: "1 millis" })])
        const stream = Agent.make({ tools: [weather] }).stream("Hi").pipe(
          Stream.provideService(ChatModel.ChatModel, model)
        )
        const began = yield* Deferred.make<void>()
        yield* leave(
          Stream.tap(stream, ({ content }) => content === " token" ? Deferred.succeed(began, undefined) : Effect.void),
          ({ content }) => content === " token",
          Deferred.await(began)
        )
        const [first, second] = yield* server.requests
        assert.strictEqual((yield* first!.closed).by, "server")
        assert.strictEqual((yield* second!.closed).by, "client")
        yield* server.awaitIdle
      }))

    it.live(`by ${name} while tools run stops them, and their finalizers have run`, () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve([asksFor("Bern", "Rome")])
        const log: Array<string> = []
        const bothRun = yield* Deferred.make<void>()
        const slow = Tool.make("get_weather", {
          parameters: Schema.Struct({ city: Schema.String }),
          success: Schema.String,
          handler: ({ city }) =>
            Stream.unwrap(Effect.gen(function*() {
              yield* Effect.acquireRelease(
                Effect.sync(() => log.push(`open ${city}`)),
                () => Effect.andThen(Effect.sleep("5 millis"), Effect.sync(() => log.push(`close ${city}`)))
              )
              if (log.length === 2) yield* Deferred.succeed(bothRun, undefined)
              yield* Deferred.await(bothRun)
              return Stream.concat(Stream.succeed("on it"), Stream.never)
            }))
        })
        const stream = Agent.make({ tools: [slow] }).stream("Hi").pipe(
          Stream.provideService(ChatModel.ChatModel, model)
        )
        yield* leave(stream, ({ _tag }) => _tag === "ToolProgressChunk", Deferred.await(bothRun))
        assert.deepStrictEqual(log.slice(0, 2).toSorted(), ["open Bern", "open Rome"])
        assert.deepStrictEqual(log.slice(2).toSorted(), ["close Bern", "close Rome"])
        yield* server.awaitIdle
        assert.lengthOf(yield* server.requests, 1)
      }))
  }

  it.live("a handler that is no stream is interrupted before control returns", () =>
    Effect.gen(function*() {
      const { model } = yield* serve([asksFor("Bern")])
      const log: Array<string> = []
      const running = yield* Deferred.make<void>()
      const slow = Tool.make("get_weather", {
        handler: () =>
          Deferred.succeed(running, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Effect.andThen(Effect.sleep("5 millis"), Effect.sync(() => log.push("stopped"))))
          )
      })
      const fiber = yield* Effect.forkChild(
        Effect.provideService(Agent.make({ tools: [slow] }).invoke("Hi"), ChatModel.ChatModel, model)
      )
      yield* Deferred.await(running)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log, ["stopped"])
    }))
})

describe("a slow consumer", () => {
  it.live("slows the model's socket, in the step after the tools too", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve([asksFor("Bern"), Script.endless({ token: " token".repeat(50) })])
      const fiber = yield* Effect.forkChild(
        Agent.make({ tools: [weather] }).stream("Hi").pipe(
          Stream.provideService(ChatModel.ChatModel, model),
          Stream.runForEach(({ content }) => content.startsWith(" token") ? Effect.never : Effect.void)
        )
      )
      const request = yield* server.awaitRequest(1)
      yield* request.awaitBlocked()
      // What the socket's buffers hold, and no more.
      const sent = request.bytesSent
      yield* request.awaitBlocked()
      assert.strictEqual(request.bytesSent, sent)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* request.closed).by, "client")
    }))
})
