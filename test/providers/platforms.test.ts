// Platforms that differ from Node.js: a web page, and a worker whose fetch refuses the redirect mode "error".
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { OpenAiScript, OpenAiServer, Script } from "rivulet/Testing"
import * as anthropic from "../support/anthropic.ts"
import * as openAi from "../support/openai.ts"
import * as responses from "../support/responses.ts"

/** The settings that all providers have. */
interface Settings {
  readonly dangerouslyAllowBrowser?: boolean
  readonly maxRetries?: number
}

const { chat } = OpenAiScript

const providers = [
  {
    name: "Anthropic",
    serve: (script: Script.Script, s?: Settings) => anthropic.serve(script, s),
    hello: Script.text("Hello")
  },
  {
    name: "OpenAi, chat",
    serve: (script: Script.Script, s?: Settings) => openAi.serveChat(script, s),
    hello: chat.text("Hello")
  },
  {
    name: "OpenAi, responses",
    serve: (script: Script.Script, s?: Settings) => responses.serve(script, s),
    hello: OpenAiScript.responses.text("Hello")
  },
  {
    name: "OpenAiCompatible",
    serve: (script: Script.Script, s?: Settings) => openAi.serveCompatible(script, s),
    hello: chat.text("Hello")
  }
]

/** Sets global values until the scope closes. */
const withGlobals = (values: { readonly [name: string]: unknown }) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = Object.keys(values).map((name) =>
        [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const
      )
      for (const [name, value] of Object.entries(values)) {
        Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
      }
      return before
    }),
    (before) =>
      Effect.sync(() => {
        for (const [name, descriptor] of before) {
          if (descriptor === undefined) Reflect.deleteProperty(globalThis, name)
          else Object.defineProperty(globalThis, name, descriptor)
        }
      })
  )

describe("a web page", () => {
  const inPage = withGlobals({ window: { document: {} }, document: {} })

  for (const { hello, name, serve } of providers) {
    it.live(`sends no key of ${name}, unless it is allowed to`, () =>
      Effect.gen(function*() {
        yield* inPage
        const { model, server } = yield* serve(hello, { maxRetries: 2 })
        const { isRetryable, reason } = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(reason._tag, "UnsupportedError")
        assert.include(reason.message, "dangerouslyAllowBrowser")
        assert.isFalse(isRetryable)
        assert.strictEqual((yield* server.requests).length, 0)
        const allowed = yield* serve(hello, { dangerouslyAllowBrowser: true })
        assert.strictEqual((yield* allowed.model.invoke("Hi")).content, "Hello")
      }))
  }

  it.live("may ask a server without a key", () =>
    Effect.gen(function*() {
      yield* inPage
      const { url } = yield* OpenAiServer.make({ script: chat.text("Hello"), validate: false })
      const model = yield* OpenAiCompatible.make({ model: "test", baseUrl: url })
      assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
    }))
})

describe("a redirect in a web page", () => {
  it.live("is told as one, though the page's fetch would only say that it failed", () =>
    Effect.gen(function*() {
      yield* withGlobals({ window: { document: {} }, document: {} })
      let requests = 0
      const hidden = Object.defineProperty(Response.error(), "type", { value: "opaqueredirect" })
      const model = yield* OpenAiCompatible.make({
        model: "test",
        baseUrl: "http://localhost/v1",
        fetch: (_url, init) => {
          requests++
          return init?.redirect === "manual"
            ? Promise.resolve(hidden)
            : Promise.reject(new TypeError("Failed to fetch"))
        }
      })
      const { isRetryable, reason } = yield* Effect.flip(model.invoke("Hi"))
      assert.strictEqual(reason._tag, "UnknownError")
      assert.include(reason.message, "redirects")
      assert.isFalse(isRetryable)
      assert.strictEqual(requests, 1)
    }))
})

describe("a worker", () => {
  const refuse = (init: RequestInit | undefined) => {
    if (init?.redirect === "error") {
      throw new TypeError(
        "Invalid redirect value, must be one of \"follow\" or \"manual\" (\"error\" won't be implemented)"
      )
    }
  }
  const { fetch, Request } = globalThis
  const inWorker = withGlobals({
    fetch: async (url: string, init?: RequestInit) => {
      refuse(init)
      return await fetch(url, init)
    },
    Request: class extends Request {
      constructor(url: string, init?: RequestInit) {
        refuse(init)
        super(url, init)
      }
    }
  })

  for (const { hello, name, serve } of providers) {
    it.live(`gets the answer of ${name}`, () =>
      Effect.gen(function*() {
        yield* inWorker
        const { model } = yield* serve(hello)
        assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
      }))

    for (const status of [301, 302, 303, 307, 308]) {
      it.live(`follows no ${status} of ${name}, and asks no second time`, () =>
        Effect.gen(function*() {
          yield* inWorker
          const elsewhere = yield* serve(hello)
          const moved = Script.body("", { status, headers: { location: elsewhere.server.url } })
          const { model, server } = yield* serve(moved, { maxRetries: 2 })
          const { isRetryable, reason } = yield* Effect.flip(model.invoke("Hi"))
          assert.strictEqual(reason._tag, "UnknownError")
          assert.include(reason.message, "redirects")
          assert.isFalse(isRetryable)
          assert.strictEqual((yield* server.requests).length, 1)
          assert.strictEqual((yield* elsewhere.server.requests).length, 0)
        }))
    }
  }

  it.live("that hides a redirect, as browsers do, is told the same", () =>
    Effect.gen(function*() {
      const hidden = Object.defineProperty(Response.error(), "type", { value: "opaqueredirect" })
      const model = yield* OpenAiCompatible.make({
        model: "test",
        baseUrl: "http://localhost/v1",
        fetch: () => Promise.resolve(hidden)
      })
      const { reason } = yield* Effect.flip(model.invoke("Hi"))
      assert.strictEqual(reason._tag, "UnknownError")
      assert.include(reason.message, "redirects")
    }))
})
