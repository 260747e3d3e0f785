// No key in any error, log, JSON, inspection or stack; and where the settings come from.
import { assert, describe, it } from "@effect/vitest"
import { Cause, Config, ConfigProvider, Effect, Exit, Layer, Logger, Redacted, Schema, Stream } from "effect"
import { inspect } from "node:util"
import { ChatModel, ChatModelError } from "rivulet"
import * as OpenAi from "rivulet/OpenAi"
import { OpenAiScript, OpenAiServer, Script } from "rivulet/Testing"
import { serveChat, serveCompatible, testKey } from "../../support/openai.ts"

const header = "h3ader-s3cret"
const { chat } = OpenAiScript

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

const escaped = [...testKey].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")

const scripts: ReadonlyArray<readonly [name: string, script: Script.Script]> = [
  [
    "a server that repeats the key in an error",
    OpenAiScript.status(401, { message: `Incorrect API key provided: ${testKey} ${header}` })
  ],
  ["in an error that is no JSON", OpenAiScript.status(500, { body: `your key ${testKey} ${header}` })],
  ["in an error that escapes it", OpenAiScript.status(400, { body: `{"error":{"message":"${escaped}"}}` })],
  ["in an error event", Script.make([chat.errorEvent({ message: `key ${testKey} ${header}` })])],
  ["in an error event that escapes it", Script.body(`data: {"error":{"message":"${escaped}"}}\n\n`)],
  ["in a malformed frame", Script.body(`data: {"key": "${testKey} ${header}\n\n`)],
  ["a truncated stream", Script.make([])],
  ["a reset", Script.resetBeforeHeaders],
  ["a page", Script.body(`${testKey} ${header}`, { headers: { "content-type": "text/html" } })]
]

describe("a secret", () => {
  for (const [name, script] of scripts) {
    for (const serve of [serveChat, serveCompatible]) {
      it.live(`is not told by ${name} (${serve === serveChat ? "OpenAi" : "OpenAiCompatible"})`, () =>
        Effect.gen(function*() {
          const logged: Array<string> = []
          const logger = Logger.make((entry) => logged.push(inspect(entry.message, { depth: null })))
          const { model } = yield* serve(script, { headers: { "x-tenant-token": Redacted.make(header) } })
          const error = yield* Effect.flip(model.invoke("Hi")).pipe(
            Effect.tapCause((cause) => Effect.logError(cause)),
            Effect.provide(Logger.layer([logger]))
          )
          const text = [printed(error), inspect(model, { depth: null, showHidden: true }), ...logged].join("\n")
          for (const secret of [testKey, header]) assert.notInclude(text, secret)
        }))
    }
  }

  it.live("is not told when the key cannot be sent", () =>
    Effect.gen(function*() {
      const { model } = yield* serveChat(chat.text("Hi"), { apiKey: Redacted.make(`${testKey}\n`) })
      assert.notInclude(printed(yield* Effect.flip(model.invoke("Hi"))), testKey)
    }))

  it.live("does not follow a redirect", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serveChat(
        OpenAiScript.status(307, { body: "", headers: { location: "http://127.0.0.1:9/elsewhere" } })
      )
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.include(error.message, "redirects")
      assert.strictEqual((yield* server.requests).length, 1)
    }))

  it.live("is not told by the SDK's own log", () =>
    Effect.gen(function*() {
      const lines: Array<unknown> = []
      const write = (...args: ReadonlyArray<unknown>) => lines.push(args)
      const original = { debug: console.debug, info: console.info, warn: console.warn, error: console.error }
      Object.assign(console, { debug: write, info: write, warn: write, error: write })
      process.env["OPENAI_LOG"] = "debug"
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          Object.assign(console, original)
          delete process.env["OPENAI_LOG"]
        })
      )
      const { model } = yield* serveChat(chat.text("Hi"))
      yield* model.invoke("Hi")
      assert.deepStrictEqual(lines, [])
    }))
})

describe("the settings", () => {
  const ask = ChatModel.invoke("Hi")
  const provide = (env: Record<string, string>) => Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))

  it.live("come from the environment, through the app's ConfigProvider", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiServer.make({ apiKey: testKey, script: chat.text("Hello") })
      const env = {
        OPENAI_API_KEY: testKey,
        OPENAI_BASE_URL: server.url,
        OPENAI_ORG_ID: "org-env",
        OPENAI_PROJECT_ID: " "
      }
      const layer = OpenAi.layer({ model: "gpt-test", api: "chat", maxRetries: 0 })
      assert.strictEqual((yield* ask.pipe(Effect.provide(layer), provide(env))).content, "Hello")
      const { headers } = yield* server.awaitRequest(0)
      assert.strictEqual(headers["openai-organization"], "org-env")
      assert.notProperty(headers, "openai-project")
      const wrong = yield* Effect.flip(ask.pipe(Effect.provide(layer), provide({ ...env, OPENAI_API_KEY: "other" })))
      assert.strictEqual(wrong._tag === "ChatModelError" && wrong.reason._tag, "AuthenticationError")
    }))

  it.live("without a key fail the first call, typed, before a request", () =>
    Effect.gen(function*() {
      const stream = Stream.runDrain(ChatModel.stream("Hi"))
      for (const api of ["chat", "responses"] as const) {
        const layer = OpenAi.layer({ model: "gpt-test", api })
        for (const program of [Effect.asVoid(ask), stream]) {
          const error = yield* Effect.flip(program).pipe(Effect.provide(layer), provide({}))
          assert.strictEqual(error.reason._tag, "AuthenticationError")
          assert.include(error.message, "OPENAI_API_KEY")
        }
      }
    }))

  it.live("of layerConfig have the app's own names, and fail the layer when they are missing", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiServer.make({ apiKey: testKey, script: chat.text("Hello") })
      const layer = OpenAi.layerConfig({
        model: Config.String("CHAT_MODEL"),
        apiKey: Config.Redacted("CHAT_KEY"),
        baseUrl: Config.String("CHAT_URL"),
        options: { maxTokens: 9, api: "chat" }
      })
      const env = { CHAT_MODEL: "gpt-test", CHAT_KEY: testKey, CHAT_URL: server.url }
      assert.strictEqual((yield* ask.pipe(Effect.provide(layer), provide(env))).content, "Hello")
      const { body } = yield* server.awaitRequest(0)
      assert.deepInclude(body as object, { model: "gpt-test", max_completion_tokens: 9 })
      const missing = yield* Effect.exit(Layer.build(layer).pipe(provide({ CHAT_MODEL: "m" })))
      assert.isTrue(Exit.isFailure(missing))
    }))
})
