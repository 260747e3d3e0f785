// Counts by the provider: the request, its failures, and what wrappers make of it.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Redacted, Schedule, Schema } from "effect"
import { Agent, ChatModel, Message, ModelCache, Runnable, RunnableCache, TokenCount, Tool } from "rivulet"
import type { CallOptions, RunEvent } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { AnthropicServer, OpenAiServer, Script, ScriptedChatModel, TestServer } from "rivulet/Testing"
import { eventsOf } from "../support/events.ts"
import { printed } from "../support/printed.ts"

const key = "sk-test-5e3cr3t-k3y"

const json = (value: unknown, options?: Script.Options) =>
  Script.body(JSON.stringify(value), { headers: { "content-type": "application/json" }, ...options })

const counts = json({ input_tokens: 42 })

const makers = [
  {
    name: "Anthropic",
    path: "/v1/messages/count_tokens",
    make: (baseUrl: string, options?: CallOptions.CallOptions) =>
      Anthropic.make({ model: "claude-haiku-4-5", apiKey: Redacted.make(key), baseUrl, maxRetries: 0, ...options }),
    calls: AnthropicServer.make()
  },
  {
    name: "OpenAI",
    path: "/responses/input_tokens",
    make: (baseUrl: string, options?: CallOptions.CallOptions) =>
      OpenAi.make({ model: "gpt-6-sol", apiKey: Redacted.make(key), baseUrl, maxRetries: 0, ...options }),
    calls: OpenAiServer.make()
  }
]

/** A rich call. */
const input: ChatModel.ChatInput = [
  Message.system("Be brief"),
  Message.human([
    { type: "text", text: "What is this?" },
    { type: "image", mediaType: "image/png", source: { type: "base64", data: "iVBORw0KGgo=" } }
  ]),
  Message.ai([{ type: "tool_call", id: "call_1", name: "look", args: { at: "it" } }]),
  Message.tool({ toolCallId: "call_1", content: "A goldfish" })
]
const options: CallOptions.CallOptions = {
  maxTokens: 5000,
  stopSequences: [],
  tools: [{
    name: "look",
    description: "Looks",
    parameters: { type: "object", properties: { at: { type: "string" } } }
  }],
  toolChoice: "auto",
  reasoning: { effort: "high" },
  responseFormat: {
    type: "json_schema",
    schema: { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false }
  }
}

for (const { calls, make, name, path } of makers) {
  const serve = Effect.fnUntraced(function*(
    script: Script.Script | ReadonlyArray<Script.Script> = counts,
    own?: CallOptions.CallOptions
  ) {
    const list = Array.isArray(script) ? script as ReadonlyArray<Script.Script> : [script as Script.Script]
    const server = yield* TestServer.make({}, { scripts: list.slice(0, -1), script: list.at(-1) })
    return { server, model: yield* make(server.url, own) }
  })
  const failure = (script: Script.Script | ReadonlyArray<Script.Script>, own?: CallOptions.CallOptions) =>
    Effect.gen(function*() {
      const { model, server } = yield* serve(script, own)
      const error = yield* Effect.flip(TokenCount.countWith(model, "Hi"))
      return { error, requests: (yield* server.requests).length, server }
    })

  describe(`${name} counts`, () => {
    it.live("the input of the request that a call would send", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve()
        assert.deepStrictEqual(yield* TokenCount.countWith(model, input, options), {
          inputTokens: 42,
          source: "provider"
        })
        const { body, headers, method, path: asked } = yield* server.awaitRequest(0)
        assert.deepStrictEqual([method, asked], ["POST", path])
        assert.include(Object.values(headers), "<redacted>")
        const called = yield* calls
        const caller = yield* make(called.url)
        yield* Effect.ignore(caller.invoke(input, options))
        const { body: full } = yield* called.awaitRequest(0)
        assert.isObject(full)
        const counted = body as Record<string, unknown>
        for (const [field, value] of Object.entries(counted)) {
          assert.deepStrictEqual(value, (full as Record<string, unknown>)[field], field)
        }
        for (const field of ["stream", "max_tokens", "max_output_tokens", "include", "store"]) {
          assert.notProperty(counted, field)
        }
        const text = JSON.stringify(counted)
        for (
          const part of ["Be brief", "What is this?", "iVBORw0KGgo=", "A goldfish", "Looks", "json_schema"]
        ) {
          assert.include(text, part)
        }
        assert.match(text, /"effort":"high"|"budget_tokens":32000/)
      }))

    it.live("with the fields of the provider that the endpoint takes, and with the model's own options", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve(counts, {
          tools: options.tools,
          providerOptions: {
            anthropic: { cache_control: { type: "ephemeral" }, container: "c" },
            openai: { previous_response_id: "resp_1", safety_identifier: "x" }
          }
        })
        yield* TokenCount.count("Hi").pipe(Effect.provideService(ChatModel.ChatModel, model))
        const text = JSON.stringify((yield* server.awaitRequest(0)).body)
        assert.match(text, /cache_control|previous_response_id/)
        assert.include(text, "Looks")
        assert.notMatch(text, /container|safety_identifier/)
      }))

    it.live("and fails by a reason of its own", () =>
      Effect.gen(function*() {
        const error = { error: { type: "x", message: `no: ${key}` } }
        const cases: ReadonlyArray<readonly [Script.Script, string]> = [
          [json(error, { status: 401 }), "AuthenticationError"],
          [json(error, { status: 404 }), "NotFoundError"],
          [json(error, { status: 413 }), "ContextLengthError"],
          [json(error, { status: 400 }), "InvalidRequestError"],
          [json(error, { status: 500 }), "InternalProviderError"],
          [json({ tokens: 42 }), "MalformedResponseError"],
          [json({ input_tokens: -1 }), "MalformedResponseError"],
          [json({ input_tokens: "many" }), "MalformedResponseError"],
          [Script.body(`<html>${key}</html>`), "MalformedResponseError"],
          [Script.make([Script.reset]), "NetworkError"],
          [Script.faultAt(counts, 10, Script.truncate), "NetworkError"]
        ]
        for (const [script, reason] of cases) {
          const { error } = yield* failure(script)
          assert.strictEqual(error.reason._tag, reason)
          assert.deepStrictEqual([error.provider, error.partial], [name.toLowerCase(), undefined])
          assert.notInclude(printed(error), key)
        }
      }))

    it.live("with the retries of a call, which obey the server", () =>
      Effect.gen(function*() {
        const noDelay = { maxRetries: 2, retrySchedule: Schedule.spaced("1 millis") }
        const busy = json({ error: { message: "busy" } }, { status: 529 })
        const { model, server } = yield* serve([busy, busy, counts], noDelay)
        assert.strictEqual((yield* TokenCount.countWith(model, "Hi")).inputTokens, 42)
        assert.lengthOf(yield* server.requests, 3)
        const { error, requests } = yield* failure(busy, noDelay)
        assert.deepStrictEqual([error.reason._tag, requests], ["OverloadedError", 3])
        const invalid = yield* failure(json({ error: { message: "no" } }, { status: 400 }), noDelay)
        assert.strictEqual(invalid.requests, 1)
      }))

    it.live("within the time limits of a call", () =>
      Effect.gen(function*() {
        const limits: ReadonlyArray<
          readonly [Script.Script, CallOptions.TimeoutOptions, "connect" | "first_chunk" | "total"]
        > = [
          [Script.silent, { connect: "50 millis" }, "connect"],
          [Script.make([Script.write("{"), Script.delay("1 hour")]), { firstChunk: "50 millis" }, "first_chunk"],
          [Script.make([Script.write("{"), Script.delay("1 hour")]), { total: "50 millis" }, "total"]
        ]
        for (const [script, timeout, phase] of limits) {
          const { error, server } = yield* failure(script, { timeout })
          assert.strictEqual(error.reason._tag === "TimeoutError" && error.reason.phase, phase)
          yield* server.awaitIdle
        }
      }))

    it.live("until it is interrupted, which closes the connection", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve(Script.silent)
        const fiber = yield* Effect.forkChild(TokenCount.countWith(model, "Hi"))
        yield* server.awaitRequest(0)
        yield* Fiber.interrupt(fiber)
        yield* server.awaitIdle
      }))

    it.live("nothing that a call turns down", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve()
        const reason = (options: CallOptions.CallOptions) =>
          Effect.map(Effect.flip(TokenCount.countWith(model, "Hi", options)), ({ reason }) => reason._tag)
        assert.strictEqual(yield* reason({ maxTokens: 0 }), "InvalidRequestError")
        assert.strictEqual(yield* reason({ toolChoice: "required" }), "InvalidRequestError")
        const foreign = { type: "provider", provider: "other", definition: { type: "search" } } as const
        assert.strictEqual(yield* reason({ tools: [foreign] }), "UnsupportedError")
        assert.lengthOf(yield* server.requests, 0)
      }))

    it.live("in silence: no events, no answer for a cache or an agent, no warning of its own", () =>
      Effect.gen(function*() {
        const { model } = yield* serve()
        const logs: Array<unknown> = []
        const logger = Layer.succeed(Logger.CurrentLoggers, new Set([Logger.make(({ message }) => logs.push(message))]))
        const step = Runnable.fn((text: string) =>
          Effect.map(TokenCount.countWith(model, text), ({ inputTokens }) => inputTokens)
        )
        const { events } = yield* eventsOf(step, "Hi").pipe(Effect.provide(logger))
        assert.deepStrictEqual(
          events.map(({ event }: RunEvent.RunEvent) => event).filter((event) => event.includes("chat_model")),
          []
        )
        assert.deepStrictEqual(logs, [])
        const size = Tool.make("size", {
          parameters: Schema.Struct({}),
          success: Schema.Number,
          handler: () => Effect.map(Effect.orDie(TokenCount.countWith(model, "Hi")), ({ inputTokens }) => inputTokens)
        })
        const usage = { inputTokens: 1, outputTokens: 2, totalTokens: 3 }
        const scripted = ScriptedChatModel.make([
          ScriptedChatModel.toolCalls([{ name: "size", args: {} }], { usage }),
          ScriptedChatModel.text("Done", { usage })
        ])
        const result = yield* Agent.make({ tools: [size], model: scripted.model }).invoke("Hi")
        assert.strictEqual(result.steps[0]?.results[0]?.content, "42")
        assert.strictEqual(result.usage?.totalTokens, 6)
      }))

    it.live("what wrappers make of a request", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve()
        const bodies = (wrapped: ChatModel.Service) =>
          Effect.gen(function*() {
            const before = (yield* server.requests).length
            assert.strictEqual((yield* TokenCount.countWith(wrapped, "Hi")).source, "provider")
            return JSON.stringify((yield* server.awaitRequest(before)).body)
          })
        const plain = yield* bodies(model)
        assert.include(yield* bodies(ChatModel.withSystem("Be brief")(model)), "Be brief")
        assert.include(yield* bodies(ChatModel.withDefaults({ tools: options.tools })(model)), "Looks")
        const dated = ChatModel.transform(model, {
          request: ({ messages, options }) =>
            Effect.succeed({ messages: [Message.system("It is Monday"), ...messages], options })
        })
        assert.include(yield* bodies(dated), "It is Monday")
        assert.strictEqual(yield* bodies(ChatModel.transform(model, {})), plain)
        assert.strictEqual(yield* bodies(TokenCount.withCalibration(model)), plain)
        const cached = yield* ModelCache.withCache()(model).pipe(
          Effect.provide(RunnableCache.layerMemory({ capacity: 10 }))
        )
        assert.strictEqual(yield* bodies(cached), plain)
      }))
  })
}

describe("a model whose provider does not count", () => {
  it.effect("is estimated", () =>
    Effect.gen(function*() {
      const settings = { apiKey: Redacted.make(key), maxRetries: 0 }
      const models = [
        yield* OpenAi.make({ model: "gpt-6-sol", api: "chat", ...settings }),
        yield* OpenAiCompatible.make({ preset: "groq", model: "openai/gpt-oss-120b", ...settings }),
        ScriptedChatModel.make(() => ScriptedChatModel.text("Hi")).model
      ]
      for (const model of models) {
        assert.isUndefined(model.countTokens)
        const estimated = { inputTokens: TokenCount.estimate(input, options), source: "estimate" } as const
        assert.deepStrictEqual(yield* TokenCount.countWith(model, input, options), estimated)
      }
    }))

  it.effect("of one's own may count", () =>
    Effect.gen(function*() {
      const model = ChatModel.make({
        provider: "local",
        model: "echo",
        generate: () => Effect.succeed({ content: "Hi" }),
        countTokens: ({ messages }) => Effect.succeed(messages.length)
      })
      assert.deepStrictEqual(yield* TokenCount.countWith(model, input), { inputTokens: 4, source: "provider" })
    }))
})
