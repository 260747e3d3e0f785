// Tests that must not reach a provider: the reference, and the setup for Vitest in a project of its own.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { spawnSync } from "node:child_process"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { ChatModel, ChatModelError, HttpTransport, ModelFacts, TokenCount } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { AnthropicServer, forbidLiveCalls, Script } from "rivulet/Testing"
import { layer } from "rivulet/Vitest"
import { build, makeFolder } from "../support/build.ts"
import { cassettes } from "../support/cassettes.ts"

const forbidden = Effect.provideService(forbidLiveCalls, true)

/** A `fetch` that must not be called. */
const never: typeof fetch = () => Promise.reject(new Error("A request was sent"))

const abroad = Anthropic.make({ model: "claude-test", apiKey: Redacted.make("any"), fetch: never })

describe("forbidLiveCalls", () => {
  it.effect("makes a call fail before it is sent, without a retry, with the ways out", () =>
    Effect.gen(function*() {
      const model = yield* abroad
      const error = yield* Effect.flip(model.invoke("Hi", { maxRetries: 3 })).pipe(forbidden)
      assert.strictEqual(error.reason._tag, "UnsupportedError")
      assert.include(error.message, "A live call to api.anthropic.com is forbidden in tests")
      assert.include(error.message, "Cassette.layer")
      assert.include(error.message, "forbidLiveCalls, false")
    }))

  it.effect("covers counts of tokens, lists of models, and transports of the app", () =>
    Effect.gen(function*() {
      const model = yield* abroad
      const count = yield* Effect.flip(TokenCount.count("Hi")).pipe(
        Effect.provideService(ChatModel.ChatModel, model),
        forbidden
      )
      assert.instanceOf(count.reason, ChatModelError.UnsupportedError)
      const list = yield* Effect.flip(ModelFacts.fromProvider("openrouter", { fetch: never })).pipe(forbidden)
      assert.include(String(list), "is forbidden in tests")
      const plain = yield* Anthropic.make({ model: "claude-test", apiKey: Redacted.make("any") })
      const { reason } = yield* Effect.flip(plain.invoke("Hi")).pipe(
        Effect.provide(HttpTransport.layer(never)),
        forbidden
      )
      assert.strictEqual(reason._tag, "UnsupportedError")
    }))

  it.live("leaves calls to this machine alone", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ script: Script.text("Hello") })
      const { port } = new URL(server.url)
      for (const host of ["127.0.0.1", "localhost"]) {
        const model = yield* Anthropic.make({
          model: "claude-test",
          baseUrl: `http://${host}:${port}`,
          apiKey: Redacted.make("any")
        })
        assert.strictEqual((yield* model.invoke("Hi").pipe(forbidden)).content, "Hello")
      }
    }))

  it.effect("does not take an address that only looks like this machine for it", () =>
    Effect.gen(function*() {
      for (const host of ["localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "0.0.0.0"]) {
        const model = yield* Anthropic.make({
          model: "claude-test",
          baseUrl: `https://${host}`,
          apiKey: Redacted.make("any"),
          fetch: never
        })
        const { reason } = yield* Effect.flip(model.invoke("Hi")).pipe(forbidden)
        assert.strictEqual(reason._tag, "UnsupportedError", host)
      }
    }))

  it.live("lets a cassette record, and answer what it has", () =>
    Effect.gen(function*() {
      const { record, replay } = yield* cassettes
      const server = yield* AnthropicServer.make({ script: Script.text("Hello") })
      // The address of a provider, answered by a server of the test.
      const model = yield* Anthropic.make({
        model: "claude-test",
        apiKey: Redacted.make("any"),
        fetch: (input, init) => fetch(String(input).replace("https://api.anthropic.com", server.url), init)
      })
      assert.strictEqual((yield* model.invoke("Hi").pipe(record, forbidden)).content, "Hello")
      assert.strictEqual((yield* model.invoke("Hi").pipe(replay, forbidden)).content, "Hello")
      const { message } = yield* Effect.flip(model.invoke("Ho")).pipe(replay, forbidden)
      assert.include(message, "The cassette")
      assert.lengthOf(yield* server.requests, 1)
    }))
})

layer()("layer of rivulet/Vitest", (it) => {
  it.effect("forbids live calls, and a test may allow them", () =>
    Effect.gen(function*() {
      const model = yield* abroad
      const forbidden = yield* Effect.flip(model.invoke("Hi"))
      assert.strictEqual(forbidden.reason._tag, "UnsupportedError")
      const allowed = yield* Effect.flip(model.invoke("Hi", { maxRetries: 0 })).pipe(
        Effect.provideService(forbidLiveCalls, false)
      )
      assert.strictEqual(allowed.reason._tag, "NetworkError")
    }))
})

describe("rivulet/VitestSetup", () => {
  it("forbids live calls in a project that names it in setupFiles", { timeout: 60_000 }, () => {
    const project = makeFolder()
    mkdirSync(join(project, "node_modules"))
    symlinkSync(build(), join(project, "node_modules/rivulet"))
    writeFileSync(
      join(project, "vitest.config.mjs"),
      `export default { test: { include: ["*.case.mjs"], setupFiles: ["rivulet/VitestSetup"] } }`
    )
    writeFileSync(
      join(project, "live.case.mjs"),
      `
      import { Effect, Redacted } from "effect"
      import * as OpenAi from "rivulet/OpenAi"
      import { forbidLiveCalls } from "rivulet/Testing"
      import { expect, test } from "vitest"

      const sent = () => Promise.reject(new Error("sent"))
      const reason = (effect) => Effect.runPromise(Effect.map(Effect.flip(effect), (error) => error.reason._tag))
      const ask = Effect.gen(function*() {
        const model = yield* OpenAi.make({ model: "gpt-test", apiKey: Redacted.make("any"), fetch: sent, maxRetries: 0 })
        return yield* model.invoke("Hi")
      })

      test("forbidden", async () => expect(await reason(ask)).toBe("UnsupportedError"))
      test("allowed", async () =>
        expect(await reason(Effect.provideService(ask, forbidLiveCalls, false))).toBe("NetworkError"))
      `
    )
    const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs")
    const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, "run", "--root", project], {
      encoding: "utf8",
      env: { ...process.env, VITEST: undefined, NODE_OPTIONS: undefined, NO_COLOR: "1" }
    })
    assert.match(stdout, /2 passed/, `${stdout}${stderr}`)
    assert.strictEqual(status, 0)
  })
})
