// Secrets in every form and place, short secrets, and settings that cannot be sent.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Redacted, Stream } from "effect"
import { inspect } from "node:util"
import { RunEvent, Runnable } from "rivulet"
import type { CallOptions, ChatModel, ChatModelError } from "rivulet"
import { OpenAiScript, Script } from "rivulet/Testing"
import * as anthropic from "../support/anthropic.ts"
import * as openAi from "../support/openai.ts"
import { printed } from "../support/printed.ts"
import * as responses from "../support/responses.ts"

/** The settings that all providers have. */
interface Settings extends CallOptions.CallOptions {
  readonly apiKey?: Redacted.Redacted<string>
  readonly baseUrl?: string
  readonly fetch?: typeof globalThis.fetch
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted<string>>>
}

const { chat, status } = OpenAiScript

const providers = [
  {
    name: "Anthropic",
    serve: (script: Script.Script, settings?: Settings) => anthropic.serve(script, settings),
    hello: Script.text("Hi"),
    requestId: "request-id"
  },
  {
    name: "OpenAi, chat",
    serve: (script: Script.Script, settings?: Settings) => openAi.serveChat(script, settings),
    hello: chat.text("Hi"),
    requestId: "x-request-id"
  },
  {
    name: "OpenAi, responses",
    serve: (script: Script.Script, settings?: Settings) => responses.serve(script, settings),
    hello: OpenAiScript.responses.text("Hi"),
    requestId: "x-request-id"
  },
  {
    name: "OpenAiCompatible",
    serve: (script: Script.Script, settings?: Settings) => openAi.serveCompatible(script, settings),
    hello: chat.text("Hi"),
    requestId: "x-request-id"
  }
]

/** An error in the forms of all providers: inside a stream, and in the body of a response. */
const errorFrame = (error: object) => Script.body(`event: error\ndata: ${JSON.stringify({ type: "error", error })}\n\n`)
const errorResponse = (code: number, error: object) => status(code, { body: JSON.stringify({ type: "error", error }) })

/** Everything that a failing call tells: its error, its events, and what it logs. */
const told = Effect.fnUntraced(function*(model: ChatModel.Service) {
  const lines: Array<string> = []
  const logger = Logger.make((entry) => lines.push(inspect(entry.message, { depth: null })))
  const events = Stream.tap(
    Runnable.streamEvents(model, "Hi"),
    (event) => Effect.sync(() => lines.push(JSON.stringify(event)))
  )
  const encoded = Stream.runForEach(
    RunEvent.encodeSse(events),
    (bytes) => Effect.sync(() => lines.push(new TextDecoder().decode(bytes)))
  )
  yield* Effect.ignore(encoded).pipe(Effect.provide(Logger.layer([logger])))
  const error = yield* Effect.flip(model.invoke("Hi")).pipe(
    Effect.tapCause((cause) => Effect.logError(cause)),
    Effect.provide(Logger.layer([logger]))
  )
  return { error, text: [printed(error), ...lines].join("\n") }
})

const reasonOf = (error: ChatModelError.ChatModelError) => [error.reason._tag, error.isRetryable] as const

const secret = "pA55/w0rd+&\"x"

for (const { hello, name, requestId, serve } of providers) {
  const withKey = { apiKey: Redacted.make(secret) }

  describe(`a secret of ${name}`, () => {
    const html = secret.replaceAll("&", "&amp;").replaceAll("\"", "&#34;").replaceAll("/", "&#x2F;")
    const forms: ReadonlyArray<readonly [name: string, form: string]> = [
      ["as it is", secret],
      ["for a URL", encodeURIComponent(secret)],
      ["for a URL in lower case", encodeURIComponent(secret).replace(/%../g, (form) => form.toLowerCase())],
      ["for HTML", html],
      ["for JSON", JSON.stringify(secret).slice(1, -1)],
      ["for JSON with slashes", JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/")],
      ["for JSON inside JSON", JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
      ["for JSON in code points", secret.replace(/\W/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)],
      ["in base64", btoa(secret)]
    ]
    for (const [formName, form] of forms) {
      it.live(`is scrubbed ${formName}`, () =>
        Effect.gen(function*() {
          const scripts = [
            errorResponse(401, { message: `no ${form} here` }),
            errorResponse(401, { message: "no", type: form, code: form, param: form, [form]: form }),
            status(500, { body: `no ${form} here` }),
            errorFrame({ message: `no ${form} here`, type: form, code: form }),
            Script.body(`data: {"no": ${form}\n\n`)
          ]
          for (const script of scripts) {
            const { model } = yield* serve(script, withKey)
            assert.notInclude((yield* told(model)).text, form)
          }
        }))
    }

    it.live("is scrubbed in headers of a response", () =>
      Effect.gen(function*() {
        const apiKey = Redacted.make("sk-ant-test-key/1")
        const headers = { [requestId]: "id-sk-ant-test-key/1", "content-type": "application/json; k=sk-ant-test-key/1" }
        for (const script of [status(401, { headers }), Script.body("{\"hello\":1}", { headers })]) {
          const { error, text } = yield* told((yield* serve(script, { apiKey })).model)
          assert.notInclude(text, "sk-ant-test-key")
          assert.strictEqual(error.requestId, "id-<redacted>")
        }
        // The metadata of an answer is stored with it.
        const { model } = yield* serve({ ...hello, headers: { [requestId]: "id-sk-ant-test-key/1" } }, { apiKey })
        assert.notInclude(JSON.stringify(yield* model.invoke("Hi")), "sk-ant-test-key")
      }))

    it.live("is scrubbed in the errors of fetch, their codes and their causes", () =>
      Effect.gen(function*() {
        const thrown = [
          new Error(`cannot ask ${secret}`),
          Object.assign(new TypeError("fetch failed", { cause: new Error(encodeURIComponent(secret)) }), {
            code: secret
          }),
          new AggregateError([new Error(secret)], "all failed"),
          Object.defineProperty(new Error("x"), "message", {
            get: () => {
              throw new Error(secret)
            }
          }),
          secret,
          undefined
        ]
        for (const cause of thrown) {
          const { model } = yield* serve(hello, { ...withKey, fetch: () => Promise.reject(cause) })
          const { error, text } = yield* told(model)
          assert.deepStrictEqual(reasonOf(error), ["NetworkError", true])
          for (const form of [secret, encodeURIComponent(secret)]) assert.notInclude(text, form)
        }
      }))

    it.live("is scrubbed if it is in the query of the base URL, and is sent", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve(hello)
        const base = `${server.url}?token=${encodeURIComponent(secret)}&api-version=2026-01-01`
        const fetch: typeof globalThis.fetch = (url) =>
          Promise.reject(new Error(`cannot ask ${String(url)} or ${secret}`))
        const failing = yield* serve(hello, { baseUrl: base, fetch })
        const { text } = yield* told(failing.model)
        for (const form of [secret, encodeURIComponent(secret)]) assert.notInclude(text, form)
        assert.include(text, "2026-01-01")
        yield* Effect.ignore(model.invoke("Hi"))
        const asked = yield* serve(hello, { baseUrl: base })
        yield* Effect.ignore(asked.model.invoke("Hi"))
        const [plain, withQuery] = yield* server.requests
        const query = new URL(`http://localhost${withQuery?.path}`)
        assert.strictEqual(query.pathname, plain?.path)
        assert.strictEqual(query.searchParams.get("token"), secret)
      }))

    const words = [
      "1",
      "4",
      "a",
      "e",
      "in",
      "null",
      "type",
      "code",
      "error",
      "message",
      "overloaded_error",
      "17 in line"
    ]
    for (const word of words.filter((word) => !word.includes(" "))) {
      it.live(`that is ${word} changes no reason and no other word`, () =>
        Effect.gen(function*() {
          const body = { type: "overloaded_error", code: "overloaded_error", status: 1429, message: "17 others before" }
          const scripts = [errorFrame(body), errorResponse(503, body)]
          for (const script of scripts) {
            const { model } = yield* serve(script, { apiKey: Redacted.make(word) })
            const { error } = yield* told(model)
            assert.deepStrictEqual(reasonOf(error), ["OverloadedError", true])
            assert.strictEqual(error.reason.message, "17 others before")
          }
        }))
    }

    it.live("that is short is scrubbed where it is a word of its own", () =>
      Effect.gen(function*() {
        const { model } = yield* serve(errorResponse(401, { message: "no 50, not 150 or 5050: 50" }), {
          headers: { "x-tenant": Redacted.make("50") }
        })
        const { reason } = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(reason.message, "no <redacted>, not 150 or 5050: <redacted>")
      }))

    it.live("that starts with another one is scrubbed whole", () =>
      Effect.gen(function*() {
        const { model } = yield* serve(errorResponse(401, { message: "tok-abc-LONGTAIL tok-abc" }), {
          apiKey: Redacted.make("tok-abc"),
          headers: { "x-b": Redacted.make("tok-abc-LONGTAIL") }
        })
        const { reason } = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(reason.message, "<redacted> <redacted>")
      }))

    it.live("of 20,000 characters is scrubbed", () =>
      Effect.gen(function*() {
        const long = Array.from({ length: 20_000 }, (_, i) => "aB3/x+Zq-_"[(i * i) % 10]).join("")
        const fetch: typeof globalThis.fetch = () => Promise.reject(new Error(`refused ${long}`))
        const { model } = yield* serve(hello, { apiKey: Redacted.make(long), fetch })
        const { reason } = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(reason.message, "refused <redacted>")
      }))
  })

  describe(`headers of ${name}`, () => {
    const echoes: ReadonlyArray<readonly [name: string, value: string | Redacted.Redacted<string>, scrubbed: string]> =
      [
        ["x-secret", "plain-SECRET", "plain-SECRET"],
        ["x-secret", " plain-SECRET ", "plain-SECRET"],
        ["authorization", "Bearer plain-SECRET", "plain-SECRET"],
        ["authorization", `Basic ${btoa("user:plain-SECRET")}`, "plain-SECRET"],
        ["authorization", `Basic ${btoa("user:plain-SECRET")}`, btoa("user:plain-SECRET")],
        ["proxy-authorization", Redacted.make(`Basic ${btoa("user:pw")}`), "pw"],
        ["cookie", "a=b; session=plain-SECRET", "plain-SECRET"],
        ["user-agent", Redacted.make("plain-SECRET"), "plain-SECRET"]
      ]
    for (const [header, value, scrubbed] of echoes) {
      const shown = typeof value === "string" ? value : "a Redacted text"
      it.live(`are secrets: ${header} with ${shown} tells no ${scrubbed}`, () =>
        Effect.gen(function*() {
          const { model } = yield* serve(errorResponse(401, { message: `bad ${scrubbed}!` }), {
            headers: { [header]: value }
          })
          const { error, text } = yield* told(model)
          assert.strictEqual(error.reason.message.replace(/=*!$/, ""), "bad <redacted>")
          assert.notInclude(text, `bad ${scrubbed}`)
        }))
    }

    it.live("that are public or short may be repeated", () =>
      Effect.gen(function*() {
        const headers = {
          "User-Agent": "acme-agent/1.0",
          "anthropic-version": "2023-06-01",
          "x-title": "Acme Chat",
          "x-team": "green"
        }
        const message = Object.values(headers).join(", ")
        const { model } = yield* serve(errorResponse(400, { message }), { headers })
        const { reason } = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(reason.message, message)
      }))

    const refused: ReadonlyArray<readonly [name: string, value: unknown]> = [
      ["x-secret", "plain-SECRET\n x: y"],
      ["x-secret", Redacted.make("plain-SECRET\r\n")],
      ["x-secret", "plain-SECRET\0"],
      ["x-secret", "plain-SECRET\u2028"],
      ["x-secret", 17],
      ["x-secret", null],
      ["plain-SECRET: x", "y"],
      ["plain-SECRET\n", "y"],
      ["", "y"]
    ]
    for (const [header, value] of refused) {
      it.live(`are checked before a request: ${JSON.stringify(header)} with ${inspect(value)}`, () =>
        Effect.gen(function*() {
          // JavaScript may pass anything.
          const headers = { [header]: value as string }
          const { model, server } = yield* serve(hello, { headers, maxRetries: 2 })
          const { error, text } = yield* told(model)
          assert.deepStrictEqual(reasonOf(error), ["InvalidRequestError", false])
          const { field } = error.reason as ChatModelError.InvalidRequestError
          assert.strictEqual(field, header === "x-secret" ? "headers.x-secret" : "headers")
          assert.notInclude(text, "plain-SECRET")
          assert.strictEqual((yield* server.requests).length, 0)
        }))
    }
  })

  describe(`a base URL of ${name}`, () => {
    for (const user of ["user:PASSWORD77", "PASSWORD77", ":PASSWORD77", "user:%50ASSWORD77"]) {
      it.live(`must not hold ${user}`, () =>
        Effect.gen(function*() {
          const { server } = yield* serve(hello)
          const baseUrl = server.url.replace("//", `//${user}@`)
          const { model } = yield* serve(hello, { baseUrl, maxRetries: 2 })
          const { error, text } = yield* told(model)
          assert.deepStrictEqual(reasonOf(error), ["InvalidRequestError", false])
          assert.strictEqual((error.reason as ChatModelError.InvalidRequestError).field, "baseUrl")
          assert.notInclude(text, "ASSWORD77")
          assert.strictEqual((yield* server.requests).length, 0)
        }))
    }
  })
}

describe("settings that become headers", () => {
  it.live("are checked like headers", () =>
    Effect.gen(function*() {
      const models = [
        yield* openAi.serveChat(chat.text("Hi"), { organization: "org\nx" }),
        yield* responses.serve(chat.text("Hi"), { project: "proj\u2028" }),
        yield* anthropic.serve(Script.text("Hi"), { betas: ["fine", "bad\n"] })
      ]
      const fields = []
      for (const { model, server } of models) {
        const { reason } = yield* Effect.flip(model.invoke("Hi"))
        fields.push((reason as ChatModelError.InvalidRequestError).field)
        assert.strictEqual((yield* server.requests).length, 0)
      }
      assert.deepStrictEqual(fields, ["organization", "project", "betas"])
    }))
})
