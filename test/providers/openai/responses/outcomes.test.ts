// Every way a Responses stream can end, over a real socket, for `stream` and for `invoke`.
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { AIMessageChunk } from "rivulet"
import { OpenAiScript, Script } from "rivulet/Testing"
import { failedBothWays } from "../../../support/anthropic.ts"
import { serve } from "../../../support/responses.ts"

const { responses } = OpenAiScript
const hello = responses.tokens(["Hel", "lo"])
const bytes = Script.bytesOf(hello)
const wire = new TextDecoder().decode(bytes)
const afterText = wire.indexOf("event: response.output_text.done")
const beforeTerminal = wire.indexOf("event: response.completed")

/** The answer up to the second text delta, then this. */
const afterHello = (...steps: ReadonlyArray<Script.Step>): Script.Script => Script.faultAt(hello, afterText, steps)

/** Time for what was written to be read, before the connection is reset under it. */
const settled = Script.delay("50 millis")

interface More {
  readonly partial?: string | undefined
  readonly timeout?: {
    readonly connect?: Duration.Input
    readonly firstChunk?: Duration.Input
    readonly idle?: Duration.Input
  }
  readonly check?: (error: { readonly reason: object; readonly partial?: unknown }) => void
}

const fails = (name: string, script: Script.Script, reason: string, more: More = {}) =>
  it.live(name, () =>
    Effect.gen(function*() {
      const { model } = yield* serve(script, { timeout: more.timeout })
      const { errors, text } = yield* failedBothWays(model)
      const partial = "partial" in more ? more.partial : "Hello"
      for (const error of errors) {
        assert.strictEqual(error.reason._tag, reason)
        assert.strictEqual(error.provider, "openai")
        assert.strictEqual(error.model, "gpt-test")
        assert.strictEqual(error.partial?.content, partial)
        if (partial !== undefined) assert.isDefined(error.requestId)
        more.check?.(error)
      }
      assert.strictEqual(text, partial ?? "")
    }))

describe("the end of a stream", () => {
  it.live("a whole message ends with exactly one finish, on the last chunk", () =>
    Effect.gen(function*() {
      const { model } = yield* serve(hello)
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      assert.deepStrictEqual(chunks.map((chunk) => chunk.finish?.reason), [undefined, undefined, undefined, "stop"])
      const message = yield* model.invoke("Hi")
      assert.strictEqual(message.content, "Hello")
      assert.deepStrictEqual(message.parts, AIMessageChunk.toMessage(chunks).parts)
    }))

  fails("no terminal event", afterHello(Script.end), "TruncatedError")
  fails("everything but the terminal event", Script.faultAt(hello, beforeTerminal, Script.end), "TruncatedError")
  fails("[DONE] but no terminal event", afterHello(Script.write("data: [DONE]\n\n"), Script.end), "TruncatedError")
  fails("the connection closes without the body's end", afterHello(settled, Script.truncate), "NetworkError")
  fails("a TCP reset in mid-body", afterHello(settled, Script.reset), "NetworkError")
  fails("malformed JSON in a frame", afterHello(Script.write("data: {oops\n\n")), "MalformedResponseError", {
    check: ({ reason }) => assert.include(JSON.stringify(reason), "{oops")
  })
  fails(
    "a second response on the connection",
    Script.faultAt(hello, bytes.length, [Script.write(wire)]),
    "MalformedResponseError"
  )
  fails("a second response inside the first", afterHello(Script.write(wire)), "MalformedResponseError")
  fails(
    "an event after the terminal one",
    Script.faultAt(hello, bytes.length, [
      Script.write("data: {\"type\":\"response.output_text.delta\",\"delta\":\"!\"}\n\n")
    ]),
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

  it.live("a sign of life is no silence", () =>
    Effect.gen(function*() {
      for (const sign of [": alive\n\n", "data: {\"type\":\"keepalive\",\"sequence_number\":7}\n\n"]) {
        const alive = Script.repeat([Script.delay("60 millis"), Script.write(sign)], 5)
        const { model } = yield* serve(Script.faultAt(hello, afterText, [alive, Script.write(wire.slice(afterText))]), {
          timeout: { idle: "200 millis" }
        })
        assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
      }
    }))

  it.live("what breaks after the terminal event harms nothing", () =>
    Effect.gen(function*() {
      for (const step of [Script.truncate, Script.reset, Script.stall]) {
        const { model } = yield* serve(Script.faultAt(hello, bytes.length, [settled, step]))
        assert.strictEqual((yield* model.invoke("Hi")).finish.reason, "stop")
      }
    }))

  it.live("a refused connection", () =>
    Effect.gen(function*() {
      // A port that was open a moment ago, so that nobody else listens there.
      const { server } = yield* Effect.scoped(serve(hello))
      const { model } = yield* serve(hello, { baseUrl: server.url })
      for (const error of (yield* failedBothWays(model)).errors) {
        assert.strictEqual(error.reason._tag, "NetworkError")
        assert.propertyVal(error.reason, "code", "ECONNREFUSED")
      }
    }))
})

describe("an error inside a 200", () => {
  for (
    const [code, reason] of [
      ["server_error", "InternalProviderError"],
      ["model_error", "InternalProviderError"],
      ["too_many_requests", "RateLimitError"],
      ["not_found", "NotFoundError"],
      ["invalid_request", "InvalidRequestError"],
      ["rate_limit_exceeded", "RateLimitError"],
      ["insufficient_quota", "QuotaExhaustedError"],
      ["context_length_exceeded", "ContextLengthError"],
      ["bio_policy", "ContentPolicyError"],
      ["image_content_policy_violation", "ContentPolicyError"],
      ["misalignment_policy_violation", "ContentPolicyError"],
      ["invalid_prompt", "InvalidRequestError"],
      ["invalid_image_url", "InvalidRequestError"],
      ["image_too_large", "InvalidRequestError"],
      ["a_code_of_tomorrow", "UnknownError"]
    ] as const
  ) {
    const check: More["check"] = ({ reason }) => assert.include(JSON.stringify(reason), "so it is")
    const error = { code, message: "so it is", param: null }
    const flat = Script.write(`event: error\ndata: ${JSON.stringify({ type: "error", ...error })}\n\n`)
    const nested = Script.write(`event: error\ndata: ${JSON.stringify({ type: "error", error })}\n\n`)
    fails(`${code}, as an event`, afterHello(flat), reason, { check })
    fails(`${code}, as an event with an envelope`, afterHello(nested), reason, { check })
    const failed = {
      type: "response.failed",
      response: {
        id: "resp_1",
        status: "failed",
        error,
        output: [],
        usage: { input_tokens: 5, output_tokens: 2, total_tokens: 7 }
      }
    }
    fails(`${code}, as a failed response, with its usage`, afterHello(Script.write(responseFrame(failed))), reason, {
      check: (error) => {
        check(error)
        assert.deepInclude(Reflect.get(error.partial as object, "usage") as object, { inputTokens: 5, outputTokens: 2 })
      }
    })
  }

  fails(
    "a failed response that does not say why",
    afterHello(Script.write(responseFrame({ type: "response.failed", response: { status: "failed", error: null } }))),
    "UnknownError"
  )
})

function responseFrame(event: { readonly type: string; readonly response: object }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

describe("an error inside a 200 that has no type of the API's", () => {
  for (
    const event of [
      { error: { message: "so it is", code: 503 } },
      { object: "error", message: "so it is", type: "BadRequestError", code: 503 },
      { type: "response.error", error: { message: "so it is", code: 503 } }
    ]
  ) fails(JSON.stringify(event), afterHello(Script.write(`data: ${JSON.stringify(event)}\n\n`)), "OverloadedError")
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
    fails(`${status}`, OpenAiScript.status(status, { body: "<html>oops</html>" }), reason, {
      partial: undefined,
      check: (error) => assert.deepInclude(Reflect.get(error, "metadata") as object, { status })
    })
  }

  it.live("says how long to wait, and which request it was", () =>
    Effect.gen(function*() {
      const headers = { "retry-after": "7", "x-request-id": "req_42" }
      const { model } = yield* serve(OpenAiScript.status(429, { headers }))
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.deepStrictEqual(error.retryAfter, Duration.seconds(7))
      assert.strictEqual(error.requestId, "req_42")
      assert.isTrue(error.isRetryable)
    }))

  it.live("is tried again before the first chunk, and never after it", () =>
    Effect.gen(function*() {
      const early = yield* serve([OpenAiScript.status(503), hello], { maxRetries: 1 })
      assert.strictEqual((yield* early.model.invoke("Hi")).content, "Hello")
      const late = yield* serve([afterHello(settled, Script.reset), hello], { maxRetries: 1 })
      yield* Effect.flip(late.model.invoke("Hi"))
      assert.strictEqual((yield* late.server.requests).length, 1)
    }))
})
