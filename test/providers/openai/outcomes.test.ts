// Endings that the Chat Completions wire alone has; `test/providers/outcomes.test.ts` has those of all wires.
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Message } from "rivulet"
import { OpenAiScript, Script } from "rivulet/Testing"
import { outcomesOf } from "../../support/outcomes.ts"
import { chatCompletions } from "../../support/wires.ts"

const { chat } = OpenAiScript

const { afterHello, fails, hello, rest, text: wire } = outcomesOf(chatCompletions)
const { serve: serveChat } = chatCompletions
const doneAt = wire.indexOf("data: [DONE]")

describe("the end of a stream", () => {
  fails("a finish reason and usage, but no [DONE]", Script.faultAt(hello, doneAt, Script.end), "TruncatedError", {
    usage: true
  })
  fails("[DONE] without a finish reason", afterHello(chat.done), "TruncatedError")
  fails("[DONE] and nothing else", Script.make([chat.done]), "TruncatedError", { partial: undefined })

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

  it.live("says in milliseconds how long to wait", () =>
    Effect.gen(function*() {
      const headers = { "retry-after-ms": "7000", "retry-after": "9", "x-request-id": "req_42" }
      const { model } = yield* serveChat(OpenAiScript.status(429, { headers }))
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.deepStrictEqual(error.retryAfter && Duration.toMillis(error.retryAfter), 7000)
      assert.strictEqual(error.requestId, "req_42")
      assert.isTrue(error.isRetryable)
    }))

  it.live("inside a 200 is not tried again after the first chunk", () =>
    Effect.gen(function*() {
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
      const { model } = yield* serveChat(afterHello(Script.write(`data: {"type":"mood"}\n\n${rest}`)))
      const message = yield* model.invoke([Message.human("Hi")])
      assert.deepStrictEqual(message.parts[1], { type: "unknown", raw: [{ type: "mood" }] })
      assert.strictEqual(message.usage?.inputTokens, 10)
    }))
})
