// No key in any error, log, JSON, inspection or stack; and the sources of the settings.
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer, Logger, Redacted, Schedule, Stream } from "effect"
import type { Scope } from "effect"
import { inspect } from "node:util"
import { ChatModel } from "rivulet"
import type { CallOptions } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
import { AnthropicServer, OpenAiScript, OpenAiServer, Script } from "rivulet/Testing"
import type { TestServer } from "rivulet/Testing"
import * as anthropic from "../support/anthropic.ts"
import * as openAi from "../support/openai.ts"
import { printed } from "../support/printed.ts"

const header = "h3ader-s3cret"

/** A key as JavaScript may give it. */
const untyped = (key: unknown) => key as Redacted.Redacted<string>
const { chat } = OpenAiScript

/** Options that the models of all providers have. */
interface Settings extends CallOptions.CallOptions {
  readonly apiKey?: Redacted.Redacted<string>
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted<string>>>
}

interface Provider {
  readonly name: string
  readonly key: string
  readonly serve: (
    script: Script.Script,
    settings?: Settings
  ) => Effect.Effect<
    { readonly server: TestServer.TestServer; readonly model: ChatModel.Service },
    Config.ConfigError,
    Scope.Scope
  >
  readonly hello: Script.Script
  readonly errorEvent: (message: string) => Script.Step
  readonly status: (status: number, options: { readonly message?: string; readonly body?: string }) => Script.Script
  /** The environment variable that has the SDK log its requests. */
  readonly logVariable: string
}

const providers: ReadonlyArray<Provider> = [
  {
    name: "Anthropic",
    key: anthropic.testKey,
    serve: anthropic.serve,
    hello: Script.text("Hi"),
    errorEvent: (message) => Script.errorEvent("api_error", message),
    status: Script.status,
    logVariable: "ANTHROPIC_LOG"
  },
  ...[{ name: "OpenAi", serve: openAi.serveChat }, { name: "OpenAiCompatible", serve: openAi.serveCompatible }].map(
    (each) => ({
      ...each,
      key: openAi.testKey,
      hello: chat.text("Hi"),
      errorEvent: (message: string) => chat.errorEvent({ message }),
      status: OpenAiScript.status,
      logVariable: "OPENAI_LOG"
    })
  )
]

for (const { errorEvent, hello, key, logVariable, name, serve, status } of providers) {
  const escaped = [...key].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")
  const scripts: ReadonlyArray<readonly [name: string, script: Script.Script]> = [
    ["a server that repeats the key in an error", status(401, { message: `Incorrect API key: ${key} ${header}` })],
    ["in an error that is no JSON", status(500, { body: `your key ${key} ${header}` })],
    ["in an error that escapes it", status(400, { body: `{"error":{"message":"${escaped}"}}` })],
    ["in an error event", Script.make([errorEvent(`key ${key} ${header}`)])],
    [
      "in an error event that escapes it",
      Script.body(`data: {"type":"error","error":{"message":"${escaped}"}}\n\n`)
    ],
    ["in a malformed frame", Script.body(`event: x\ndata: {"key": "${key} ${header}\n\n`)],
    ["a truncated stream", Script.make([])],
    ["a reset", Script.resetBeforeHeaders],
    ["a page", Script.body(`${key} ${header}`, { headers: { "content-type": "text/html" } })]
  ]

  describe(`a secret of ${name}`, () => {
    for (const [name, script] of scripts) {
      it.live(`is not told by ${name}`, () =>
        Effect.gen(function*() {
          const logged: Array<string> = []
          const logger = Logger.make((entry) => logged.push(inspect(entry.message, { depth: null })))
          const { model } = yield* serve(script, {
            headers: { "x-tenant-token": Redacted.make(header) },
            maxRetries: 1,
            retrySchedule: Schedule.spaced("1 millis")
          })
          const error = yield* Effect.flip(model.invoke("Hi")).pipe(
            Effect.tapCause((cause) => Effect.logError(cause)),
            Effect.provide(Logger.layer([logger]))
          )
          const text = [printed(error), inspect(model, { depth: null, showHidden: true }), ...logged].join("\n")
          for (const secret of [key, header]) assert.notInclude(text, secret)
        }))
    }

    it.live("is not told when the key cannot be sent", () =>
      Effect.gen(function*() {
        const { model } = yield* serve(hello, { apiKey: Redacted.make(`${key}\n`) })
        assert.notInclude(printed(yield* Effect.flip(model.invoke("Hi"))), key)
      }))

    it.live("may be a plain string, which is scrubbed like a redacted one", () =>
      Effect.gen(function*() {
        const answered = yield* serve(hello, { apiKey: untyped(key) })
        assert.strictEqual((yield* answered.model.invoke("Hi")).content, "Hi")
        const refused = yield* serve(status(401, { message: `Incorrect API key: ${key}` }), { apiKey: untyped(key) })
        const error = yield* Effect.flip(refused.model.invoke("Hi"))
        assert.strictEqual(error.reason._tag, "AuthenticationError")
        assert.notInclude(printed(error), key)
      }))

    it.live("that cannot be read is a typed failure", () =>
      Effect.gen(function*() {
        const wiped = Redacted.make(key)
        Redacted.wipeUnsafe(wiped)
        for (const apiKey of [wiped, untyped(17), untyped(() => key)]) {
          const { model } = yield* serve(hello, { apiKey })
          const error = yield* Effect.flip(model.invoke("Hi"))
          assert.strictEqual(error.reason._tag, "AuthenticationError")
          assert.include(error.message, "cannot be read")
        }
      }))

    it.live("is not told by the SDK's own log", () =>
      Effect.gen(function*() {
        const lines: Array<unknown> = []
        const write = (...args: ReadonlyArray<unknown>) => lines.push(args)
        const original = { debug: console.debug, info: console.info, warn: console.warn, error: console.error }
        Object.assign(console, { debug: write, info: write, warn: write, error: write })
        process.env[logVariable] = "debug"
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => {
            Object.assign(console, original)
            delete process.env[logVariable]
          })
        )
        const { model } = yield* serve(hello)
        yield* model.invoke("Hi")
        assert.deepStrictEqual(lines, [])
      }))
  })
}

// -----------------------------------------------------------------------------
// settings
// -----------------------------------------------------------------------------

const ask = ChatModel.invoke("Hi")
const provide = (env: Record<string, string>) => Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))

/** A model with settings from Config as a layer, and as a value. */
const fromConfig = <Options extends { readonly model: Config.Config<string> }>(
  provider: {
    readonly layerConfig: (config: Options) => Layer.Layer<ChatModel.ChatModel, Config.ConfigError>
    readonly makeConfig: (config: Options) => Effect.Effect<ChatModel.Service, Config.ConfigError>
  },
  rest: Omit<Options, "model" | "apiKey" | "baseUrl">
) => {
  const config = {
    ...rest,
    model: Config.String("CHAT_MODEL"),
    apiKey: Config.Redacted("CHAT_KEY"),
    baseUrl: Config.String("CHAT_URL")
  } as unknown as Options // every provider's settings have these
  return { layerConfig: provider.layerConfig(config), makeConfig: provider.makeConfig(config) }
}

/** A provider's layers, and the environment variables that they read. */
const configured = [
  {
    name: "Anthropic",
    key: anthropic.testKey,
    server: AnthropicServer.make({ apiKey: anthropic.testKey, script: Script.text("Hello") }),
    layers: [Anthropic.layer({ model: "claude-test", maxRetries: 0 })],
    ...fromConfig(Anthropic, { options: { maxTokens: 9 } }),
    keyNames: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"],
    urlName: "ANTHROPIC_BASE_URL",
    limitField: "max_tokens"
  },
  {
    name: "OpenAi",
    key: openAi.testKey,
    server: OpenAiServer.make({ apiKey: openAi.testKey, script: chat.text("Hello") }),
    layers: (["chat", "responses"] as const).map((api) => OpenAi.layer({ model: "gpt-test", api, maxRetries: 0 })),
    ...fromConfig(OpenAi, { options: { maxTokens: 9, api: "chat" } }),
    keyNames: ["OPENAI_API_KEY"],
    urlName: "OPENAI_BASE_URL",
    limitField: "max_completion_tokens"
  }
] as const

for (const { key, keyNames, layerConfig, layers, limitField, makeConfig, name, server, urlName } of configured) {
  describe(`the settings of ${name}`, () => {
    const [layer] = layers
    const [keyName] = keyNames

    it.live("come from the environment, through the app's ConfigProvider", () =>
      Effect.gen(function*() {
        const { url } = yield* server
        for (const name of keyNames) {
          const env = { [name]: key, [urlName]: url }
          assert.strictEqual((yield* ask.pipe(Effect.provide(layer), provide(env))).content, "Hello")
        }
        const env = { [keyName]: "other", [urlName]: url }
        const wrong = yield* Effect.flip(ask.pipe(Effect.provide(layer), provide(env)))
        assert.strictEqual(wrong._tag === "ChatModelError" && wrong.reason._tag, "AuthenticationError")
      }))

    it.live("without a key fail the first call, typed, before a request", () =>
      Effect.gen(function*() {
        const stream = Stream.runDrain(ChatModel.stream("Hi"))
        for (const layer of layers) {
          for (const program of [Effect.asVoid(ask), stream]) {
            const error = yield* Effect.flip(program).pipe(Effect.provide(layer), provide({}))
            assert.strictEqual(error.reason._tag, "AuthenticationError")
            assert.include(error.message, keyName)
          }
        }
      }))

    it.live("of layerConfig and makeConfig have the app's own names, and fail the layer or the effect when they are missing", () =>
      Effect.gen(function*() {
        const { awaitRequest, url } = yield* server
        const env = { CHAT_MODEL: "model-test", CHAT_KEY: key, CHAT_URL: url }
        assert.strictEqual((yield* ask.pipe(Effect.provide(layerConfig), provide(env))).content, "Hello")
        const model = yield* makeConfig.pipe(provide(env))
        assert.strictEqual(model.model, "model-test")
        assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
        for (const i of [0, 1]) {
          assert.deepInclude((yield* awaitRequest(i)).body as object, { model: "model-test", [limitField]: 9 })
        }
        for (const made of [Effect.asVoid(Layer.build(layerConfig)), Effect.asVoid(makeConfig)]) {
          const missing = yield* Effect.flip(made.pipe(provide({ CHAT_MODEL: "m" })))
          assert.strictEqual(missing._tag, "ConfigError")
        }
      }))
  })
}

describe("layerConfig", () => {
  it.live("takes a setting itself in the place of its Config", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiServer.make({ apiKey: openAi.testKey, script: chat.text("Hello") })
      const settings: unknown = { model: "gpt-test", apiKey: openAi.testKey, baseUrl: server.url }
      const layer = OpenAi.layerConfig({ ...(settings as OpenAi.ConfigOptions), options: { api: "chat" } })
      assert.strictEqual((yield* ask.pipe(Effect.provide(layer), provide({}))).content, "Hello")
    }))
})

describe("the settings of OpenAi alone", () => {
  it.live("name the organisation and the project", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiServer.make({ apiKey: openAi.testKey, script: chat.text("Hello") })
      const env = {
        OPENAI_API_KEY: openAi.testKey,
        OPENAI_BASE_URL: server.url,
        OPENAI_ORG_ID: "org-env",
        OPENAI_PROJECT_ID: " "
      }
      const layer = OpenAi.layer({ model: "gpt-test", api: "chat", maxRetries: 0 })
      assert.strictEqual((yield* ask.pipe(Effect.provide(layer), provide(env))).content, "Hello")
      const { headers } = yield* server.awaitRequest(0)
      assert.strictEqual(headers["openai-organization"], "org-env")
      assert.notProperty(headers, "openai-project")
    }))

  it.live("may be secrets", () =>
    Effect.gen(function*() {
      const organization: unknown = Redacted.make("org-secret")
      const { model, server } = yield* openAi.serveChat(
        OpenAiScript.status(400, { message: "not a member of org-secret" }),
        { organization: organization as string }
      )
      assert.notInclude(printed(yield* Effect.flip(model.invoke("Hi"))), "org-secret")
      assert.strictEqual((yield* server.awaitRequest(0)).headers["openai-organization"], "org-secret")
    }))
})
