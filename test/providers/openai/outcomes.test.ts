// Every way a stream of Chat Completions can end, over a real socket, for `stream` and for `invoke`.
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { AIMessageChunk, Message } from "rivulet"
import { OpenAiScript, Script } from "rivulet/Testing"
import { failedBothWays } from "../../support/anthropic.ts"
import { serveChat } from "../../support/openai.ts"

const { chat } = OpenAiScript

const hello = chat.tokens(["Hel", "lo"])
const bytes = Script.bytesOf(hello)
const wire = new TextDecoder().decode(bytes)
const finishAt = wire.lastIndexOf("data: ", wire.indexOf("\"finish_reason\":\"stop\""))
const doneAt = wire.indexOf("data: [DONE]")

/** The answer up to the second text delta, then this. */
const afterHello = (...steps: ReadonlyArray<Script.Step>): Script.Script => Script.faultAt(hello, finishAt, steps)

/** Time for what was written to be read, before the connection is reset under it. */
const settled = Script.delay("50 millis")

const fails = (name: string, script: Script.Script, reason: string, more?: {
  readonly partial?: string | undefined
  readonly usage?: boolean
  readonly check?: (error: { readonly reason: object }) => void
  readonly timeout?: {
    readonly connect?: Duration.Input
    readonly firstChunk?: Duration.Input
    readonly idle?: Duration.Input
  }
}) =>
  it.live(name, () =>
    Effect.gen(function*() {
      const { model } = yield* serveChat(script, { timeout: more?.timeout })
      const { errors, text } = yield* failedBothWays(model)
      const partial = more && "partial" in more ? more.partial : "Hello"
      for (const error of errors) {
        assert.strictEqual(error.reason._tag, reason)
        assert.strictEqual(error.provider, "openai")
        assert.strictEqual(error.model, "gpt-test")
        assert.strictEqual(error.partial?.content, partial)
        assert.strictEqual(error.partial?.usage !== undefined, more?.usage === true)
        if (partial !== undefined) assert.isDefined(error.requestId)
        more?.check?.(error)
      }
      assert.strictEqual(text, partial ?? "")
    }))

describe("the end of a stream", () => {
  it.live("a whole message ends with exactly one finish, on the last chunk", () =>
    Effect.gen(function*() {
      const { model } = yield* serveChat(hello)
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      assert.deepStrictEqual(chunks.filter(({ parts }) => parts.length > 0).map((chunk) => chunk.content), [
        "Hel",
        "lo"
      ])
      assert.deepStrictEqual(chunks.flatMap((chunk) => chunk.finish?.reason ?? []), ["stop"])
      assert.isDefined(chunks.at(-1)?.finish)
      const { requestId: _, ...metadata } = AIMessageChunk.toMessage(chunks).metadata ?? {}
      const invoked = yield* model.invoke("Hi")
      const { requestId: __, ...other } = invoked.metadata ?? {}
      assert.deepStrictEqual({ ...AIMessageChunk.toMessage(chunks), metadata }, { ...invoked, metadata: other })
    }))

  fails("no terminal event", afterHello(Script.end), "TruncatedError")
  fails("the connection closes without the body's end", afterHello(settled, Script.truncate), "NetworkError")
  fails("a finish reason and usage, but no [DONE]", Script.faultAt(hello, doneAt, Script.end), "TruncatedError", {
    usage: true
  })
  fails("[DONE] without a finish reason", afterHello(chat.done), "TruncatedError")
  fails("[DONE] and nothing else", Script.make([chat.done]), "TruncatedError", { partial: undefined })
  fails("a TCP reset in mid-body", afterHello(settled, Script.reset), "NetworkError")
  fails("malformed JSON in a frame", afterHello(Script.write("data: {oops\n\n")), "MalformedResponseError", {
    check: ({ reason }) => assert.include(JSON.stringify(reason), "{oops")
  })
  fails(
    "a second message on the connection",
    Script.faultAt(hello, bytes.length, [Script.write(wire)]),
    "MalformedResponseError",
    { usage: true }
  )
  fails(
    "a second message inside the first",
    afterHello(Script.write(wire.replaceAll("chatcmpl-", "chatcmpl-2"))),
    "MalformedResponseError"
  )
  fails("headers, then silence", Script.make([Script.stall]), "TimeoutError", {
    partial: undefined,
    timeout: { firstChunk: "100 millis" },
    check: ({ reason }) => assert.propertyVal(reason, "phase", "first_chunk")
  })
  fails("silence in the middle", afterHello(Script.stall), "TimeoutError", {
    timeout: { idle: "100 millis" },
    check: ({ reason }) => assert.propertyVal(reason, "phase", "idle")
  })
  fails("no headers", Script.silent, "TimeoutError", {
    partial: undefined,
    timeout: { connect: "100 millis" },
    check: ({ reason }) => assert.propertyVal(reason, "phase", "connect")
  })
  fails("a reset before the headers", Script.resetBeforeHeaders, "NetworkError", { partial: undefined })
  fails(
    "JSON, or a page, instead of a stream",
    Script.body("<html>Hello</html>", { headers: { "content-type": "text/html" } }),
    "MalformedResponseError",
    { partial: undefined }
  )

  it.live("a comment is a sign of life", () =>
    Effect.gen(function*() {
      const ping = [Script.delay("60 millis"), Script.write(": PROCESSING\n\n")]
      const { model } = yield* serveChat(
        Script.faultAt(hello, finishAt, [Script.repeat(ping, 5), Script.write(wire.slice(finishAt))]),
        { timeout: { idle: "200 millis" } }
      )
      assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
    }))

  it.live("what breaks after [DONE] harms nothing", () =>
    Effect.gen(function*() {
      for (const step of [Script.truncate, Script.reset, Script.stall]) {
        const { model } = yield* serveChat(Script.faultAt(hello, bytes.length, [settled, step]))
        assert.strictEqual((yield* model.invoke("Hi")).finish.reason, "stop")
      }
    }))

  it.live("a refused connection", () =>
    Effect.gen(function*() {
      // A port that was open a moment ago, so that nobody else listens there.
      const { server } = yield* Effect.scoped(serveChat(hello))
      const { model } = yield* serveChat(hello, { baseUrl: server.url })
      const { errors } = yield* failedBothWays(model)
      for (const error of errors) {
        assert.strictEqual(error.reason._tag, "NetworkError")
        assert.propertyVal(error.reason, "code", "ECONNREFUSED")
      }
    }))

  for (
    const [raw, reason] of [
      ["stop", "stop"],
      ["length", "length"],
      ["content_filter", "content_filter"],
      ["a_reason_of_tomorrow", "other"]
    ] as const
  ) {
    it.live(`the finish reason ${raw}`, () =>
      Effect.gen(function*() {
        const { model } = yield* serveChat(chat.text("Hello", { finishReason: raw }))
        assert.deepStrictEqual((yield* model.invoke("Hi")).finish, { reason, raw })
      }))
  }

  it.live("a refusal is parts of its own, and the reason of the finish", () =>
    Effect.gen(function*() {
      const { model } = yield* serveChat(chat.refusal("I cannot help with that"))
      const message = yield* model.invoke("Hi")
      assert.strictEqual(message.content, "")
      assert.deepStrictEqual(message.parts, [{ type: "refusal", text: "I cannot help with that" }])
      assert.deepStrictEqual(message.finish, { reason: "refusal", raw: "stop" })
    }))
})

describe("an error inside a 200", () => {
  for (
    const [error, reason] of [
      [{ type: "server_error" }, "InternalProviderError"],
      [{ type: "requests", code: "rate_limit_exceeded" }, "RateLimitError"],
      [{ type: "insufficient_quota", code: "insufficient_quota" }, "QuotaExhaustedError"],
      [{ type: "invalid_request_error", code: "context_length_exceeded" }, "ContextLengthError"],
      [{ type: "invalid_request_error", code: "content_policy_violation" }, "ContentPolicyError"],
      [{ type: "invalid_request_error" }, "InvalidRequestError"],
      [{ type: "engine_overloaded_error" }, "OverloadedError"],
      [{ type: "an_error_of_tomorrow" }, "UnknownError"]
    ] as const
  ) {
    fails(JSON.stringify(error), afterHello(chat.errorEvent({ message: "so it is", ...error })), reason, {
      check: ({ reason }) => assert.include(String(Reflect.get(reason, "message")), "so it is")
    })
  }
  fails(
    "a code that is a status",
    afterHello(Script.write(`data: {"error":{"code":502,"message":"m"}}\n\n`)),
    "InternalProviderError"
  )
  fails("a text", afterHello(Script.write(`data: {"error":"model crashed"}\n\n`)), "UnknownError")
  fails(
    "an event named error",
    afterHello(Script.write(`event: error\ndata: {"message":"busy","code":503}\n\n`)),
    "OverloadedError"
  )
  fails(
    "without an envelope",
    afterHello(Script.write(`data: {"object":"error","message":"m","type":"BadRequestError","code":400}\n\n`)),
    "InvalidRequestError"
  )
  fails(
    "as the whole body, in JSON",
    Script.body(`{"error":{"message":"m","code":"model_not_found"}}`, {
      headers: { "content-type": "application/json" }
    }),
    "NotFoundError",
    { partial: undefined }
  )
  fails(
    "as the whole body, in JSON, with the status it should have had",
    Script.body(`{"error":{"message":"m","code":429}}`, { headers: { "content-type": "application/json" } }),
    "RateLimitError",
    { partial: undefined }
  )
})

describe("an error status", () => {
  for (
    const [status, reason] of [
      [400, "InvalidRequestError"],
      [401, "AuthenticationError"],
      [402, "QuotaExhaustedError"],
      [403, "PermissionError"],
      [404, "NotFoundError"],
      [408, "TimeoutError"],
      [409, "InvalidRequestError"],
      [413, "ContextLengthError"],
      [422, "InvalidRequestError"],
      [429, "RateLimitError"],
      [500, "InternalProviderError"],
      [502, "InternalProviderError"],
      [503, "OverloadedError"],
      [504, "TimeoutError"],
      [529, "OverloadedError"]
    ] as const
  ) {
    for (const script of [OpenAiScript.status(status), OpenAiScript.status(status, { body: "<html>oops</html>" })]) {
      const json = !new TextDecoder().decode(Script.bytesOf(script)).startsWith("<")
      fails(`${status}${json ? "" : " without JSON"}`, script, reason, {
        partial: undefined,
        check: (error) => assert.deepInclude(Reflect.get(error, "metadata") as object, { status })
      })
    }
  }

  for (
    const [status, fields, reason] of [
      [429, { type: "insufficient_quota", code: "insufficient_quota" }, "QuotaExhaustedError"],
      [400, { code: "context_length_exceeded" }, "ContextLengthError"],
      [400, { message: "This model's maximum context length is 8192 tokens" }, "ContextLengthError"],
      [400, { code: "content_filter" }, "ContentPolicyError"],
      [404, { type: "invalid_request_error", code: "model_not_found" }, "NotFoundError"],
      [403, { type: "invalid_request_error" }, "PermissionError"]
    ] as const
  ) {
    fails(`${status} ${JSON.stringify(fields)}`, OpenAiScript.status(status, fields), reason, { partial: undefined })
  }

  fails("400 with the field that is wrong", OpenAiScript.status(400, { param: "temperature" }), "InvalidRequestError", {
    partial: undefined,
    check: ({ reason }) => assert.propertyVal(reason, "field", "temperature")
  })

  it.live("says how long to wait, and which request it was", () =>
    Effect.gen(function*() {
      for (const headers of [{ "retry-after": "7" }, { "retry-after-ms": "7000", "retry-after": "9" }]) {
        const { model } = yield* serveChat(
          OpenAiScript.status(429, { headers: { ...headers, "x-request-id": "req_42" } })
        )
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.deepStrictEqual(error.retryAfter && Duration.toMillis(error.retryAfter), 7000)
        assert.strictEqual(error.requestId, "req_42")
        assert.isTrue(error.isRetryable)
      }
    }))

  it.live("worth another try is tried again, before the first chunk and never after it", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serveChat([OpenAiScript.status(503), hello], { maxRetries: 1 })
      assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
      assert.strictEqual((yield* server.requests).length, 2)
      const later = yield* serveChat([afterHello(chat.errorEvent({ message: "m", type: "server_error" })), hello], {
        maxRetries: 1
      })
      assert.strictEqual((yield* Effect.flip(later.model.invoke("Hi"))).partial?.content, "Hello")
      assert.strictEqual((yield* later.server.requests).length, 1)
    }))
})

describe("what has no name here", () => {
  it.live("passes through, and the stream goes on", () =>
    Effect.gen(function*() {
      const { model } = yield* serveChat(chat.message({
        blocks: [
          { type: "text", tokens: ["Hel"] },
          { type: "raw", deltas: [{ mood: { is: "good" } }, { content: "lo", tone: "kind" }] }
        ]
      }))
      const message = yield* model.invoke("Hi")
      assert.strictEqual(message.content, "Hello")
      assert.deepStrictEqual(message.parts.filter(({ type }) => type === "unknown"), [
        { type: "unknown", raw: [{ mood: { is: "good" } }] }
      ])
      assert.include(JSON.stringify(message.parts), "kind")
    }))

  it.live("and an event that is none of the protocol's", () =>
    Effect.gen(function*() {
      const { model } = yield* serveChat(afterHello(Script.write(`data: {"type":"mood"}\n\n${wire.slice(finishAt)}`)))
      const message = yield* model.invoke([Message.human("Hi")])
      assert.deepStrictEqual(message.parts[1], { type: "unknown", raw: [{ type: "mood" }] })
      assert.strictEqual(message.usage?.inputTokens, 10)
    }))
})
