// No key in any error, log, JSON, inspection or stack.
import { assert, describe, it } from "@effect/vitest"
import { Cause, Config, ConfigProvider, Effect, Exit, Layer, Logger, Redacted, Schema, Stream } from "effect"
import { inspect } from "node:util"
import { ChatModel, ChatModelError } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { AnthropicServer, Script } from "rivulet/Testing"
import { serve, testKey } from "../../support/anthropic.ts"

const header = "h3ader-s3cret"

/** Everything one could print of an error. */
const printed = (error: ChatModelError.ChatModelError): string =>
  [
    String(error),
    error.message,
    error.stack,
    JSON.stringify(error),
    JSON.stringify(Schema.encodeSync(ChatModelError.ChatModelError)(error)),
    inspect(error, { depth: null, showHidden: true, getters: true }),
    inspect(error.reason, { depth: null, showHidden: true }),
    Cause.pretty(Cause.fail(error))
  ].join("\n")

const scripts: ReadonlyArray<readonly [name: string, script: Script.Script]> = [
  [
    "a server that repeats the key in an error",
    Script.status(401, { message: `invalid x-api-key: ${testKey} ${header}` })
  ],
  ["in an error that is no JSON", Script.status(500, { body: `your key ${testKey} ${header}` })],
  ["in an error event", Script.make([Script.errorEvent("api_error", `key ${testKey} ${header}`)])],
  ["in a malformed frame", Script.body(`event: x\ndata: {"key": "${testKey} ${header}\n\n`)],
  ["a truncated stream", Script.make([])],
  ["a reset", Script.resetBeforeHeaders],
  ["a page", Script.body(testKey, { headers: { "content-type": "text/html" } })]
]

describe("a secret", () => {
  for (const [name, script] of scripts) {
    it.live(`is not told by ${name}`, () =>
      Effect.gen(function*() {
        const logged: Array<string> = []
        const logger = Logger.make((entry) => logged.push(inspect(entry.message, { depth: null })))
        const { model } = yield* serve(script, { headers: { "x-tenant-token": Redacted.make(header) }, maxRetries: 1 })
        const error = yield* Effect.flip(model.invoke("Hi", { retrySchedule: undefined })).pipe(
          Effect.tapCause((cause) => Effect.logError(cause)),
          Effect.provide(Logger.layer([logger]))
        )
        const text = [printed(error), inspect(model, { depth: null, showHidden: true }), ...logged].join("\n")
        for (const secret of [testKey, header]) assert.notInclude(text, secret)
      }))
  }

  it.live("is not told when the key cannot be sent", () =>
    Effect.gen(function*() {
      const { model } = yield* serve(Script.text("Hi"), { apiKey: Redacted.make(`${testKey}\n`) })
      assert.notInclude(printed(yield* Effect.flip(model.invoke("Hi"))), testKey)
    }))

  it.live("is not told by the SDK's own log", () =>
    Effect.gen(function*() {
      const lines: Array<unknown> = []
      const write = (...args: ReadonlyArray<unknown>) => lines.push(args)
      const original = { debug: console.debug, info: console.info, warn: console.warn, error: console.error }
      Object.assign(console, { debug: write, info: write, warn: write, error: write })
      process.env["ANTHROPIC_LOG"] = "debug"
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          Object.assign(console, original)
          delete process.env["ANTHROPIC_LOG"]
        })
      )
      const { model } = yield* serve(Script.text("Hi"))
      yield* model.invoke("Hi")
      assert.deepStrictEqual(lines, [])
    }))
})

describe("the settings", () => {
  const ask = ChatModel.invoke("Hi")
  const provide = (env: Record<string, string>) => Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))

  it.live("come from the environment, through the app's ConfigProvider", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ apiKey: testKey, script: Script.text("Hello") })
      const env = { ANTHROPIC_API_KEY: testKey, ANTHROPIC_BASE_URL: server.url }
      const layer = Anthropic.layer({ model: "claude-test", maxRetries: 0 })
      assert.strictEqual((yield* ask.pipe(Effect.provide(layer), provide(env))).content, "Hello")
      const token = { ANTHROPIC_AUTH_TOKEN: testKey, ANTHROPIC_BASE_URL: server.url }
      assert.strictEqual((yield* ask.pipe(Effect.provide(layer), provide(token))).content, "Hello")
      const wrong = yield* Effect.flip(ask.pipe(Effect.provide(layer), provide({ ...env, ANTHROPIC_API_KEY: "other" })))
      assert.strictEqual(wrong._tag === "ChatModelError" && wrong.reason._tag, "AuthenticationError")
    }))

  it.live("without a key fail the first call, typed, before a request", () =>
    Effect.gen(function*() {
      const layer = Anthropic.layer({ model: "claude-test" })
      const stream = Stream.runDrain(ChatModel.stream("Hi"))
      for (const program of [Effect.asVoid(ask), stream]) {
        const error = yield* Effect.flip(program).pipe(Effect.provide(layer), provide({}))
        assert.strictEqual(error.reason._tag, "AuthenticationError")
        assert.include(error.message, "ANTHROPIC_API_KEY")
      }
    }))

  it.live("of layerConfig have the app's own names, and fail the layer when they are missing", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ apiKey: testKey, script: Script.text("Hello") })
      const layer = Anthropic.layerConfig({
        model: Config.String("CHAT_MODEL"),
        apiKey: Config.Redacted("CHAT_KEY"),
        baseUrl: Config.String("CHAT_URL"),
        options: { maxTokens: 9 }
      })
      const env = { CHAT_MODEL: "claude-test", CHAT_KEY: testKey, CHAT_URL: server.url }
      assert.strictEqual((yield* ask.pipe(Effect.provide(layer), provide(env))).content, "Hello")
      assert.deepInclude((yield* server.awaitRequest(0)).body as object, { model: "claude-test", max_tokens: 9 })
      const missing = yield* Effect.exit(Layer.build(layer).pipe(provide({ CHAT_MODEL: "m" })))
      assert.isTrue(Exit.isFailure(missing))
    }))
})

describe("ChatModelError", () => {
  it.prop("comes back from JSON, whatever the reason", [ChatModelError.Reason], ([reason]) => {
    const codec = Schema.toCodecJson(ChatModelError.ChatModelError)
    const error = new ChatModelError.ChatModelError({ provider: "p", model: "m", reason, metadata: { requestId: "r" } })
    const json = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(error))) as unknown
    const back = Schema.decodeUnknownSync(codec)(json)
    assert.strictEqual(back.reason._tag, reason._tag)
    assert.strictEqual(back.message, error.message)
    assert.strictEqual(back.isRetryable, error.isRetryable)
    assert.strictEqual(back.requestId, "r")
    assert.deepStrictEqual(Schema.encodeSync(codec)(back), Schema.encodeSync(codec)(error))
  })
})
