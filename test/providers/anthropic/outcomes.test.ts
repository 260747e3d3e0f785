// Every way a stream can end, over a real socket, for `stream` and for `invoke`.
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { AIMessageChunk, Message } from "rivulet"
import { Script } from "rivulet/Testing"
import { failedBothWays, serve } from "../../support/anthropic.ts"

const hello = Script.tokens(["Hel", "lo"])
const bytes = Script.bytesOf(hello)
const wire = new TextDecoder().decode(bytes)

/** The answer up to the second text delta, then this. */
const afterHello = (...steps: ReadonlyArray<Script.Step>): Script.Script =>
  Script.faultAt(hello, wire.indexOf("event: content_block_stop"), steps)

const beforeMessageStop = wire.indexOf("event: message_stop")

/** Time for what was written to be read, before the connection is reset under it. */
const settled = Script.delay("50 millis")

const fails = (name: string, script: Script.Script, reason: string, more?: {
  readonly partial?: string | undefined
  readonly check?: (error: { readonly reason: object }) => void
  readonly timeout?: {
    readonly connect?: Duration.Input
    readonly firstChunk?: Duration.Input
    readonly idle?: Duration.Input
  }
}) =>
  it.live(name, () =>
    Effect.gen(function*() {
      const { model } = yield* serve(script, { timeout: more?.timeout })
      const { errors, text } = yield* failedBothWays(model)
      const partial = more && "partial" in more ? more.partial : "Hello"
      for (const error of errors) {
        assert.strictEqual(error.reason._tag, reason)
        assert.strictEqual(error.provider, "anthropic")
        assert.strictEqual(error.model, "claude-test")
        assert.strictEqual(error.partial?.content, partial)
        if (partial !== undefined) {
          assert.isAbove(error.partial?.usage?.inputTokens ?? 0, 0)
          assert.isDefined(error.requestId)
        }
        more?.check?.(error)
      }
      assert.strictEqual(text, partial ?? "")
    }))

describe("the end of a stream", () => {
  it.live("a whole message ends with exactly one finish, on the last chunk", () =>
    Effect.gen(function*() {
      const { model } = yield* serve(hello)
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      assert.deepStrictEqual(chunks.map((chunk) => chunk.content), ["Hel", "lo", ""])
      assert.deepStrictEqual(chunks.map((chunk) => chunk.finish?.reason), [undefined, undefined, "stop"])
      assert.deepStrictEqual(AIMessageChunk.toMessage(chunks), {
        ...yield* model.invoke("Hi"),
        metadata: chunks[0]?.metadata
      })
    }))

  fails("no terminal event", afterHello(Script.end), "TruncatedError")
  fails("the connection closes without the body's end", afterHello(settled, Script.truncate), "NetworkError")
  fails("a stop reason but no message_stop", Script.faultAt(hello, beforeMessageStop, Script.end), "TruncatedError")
  fails("a TCP reset in mid-body", afterHello(settled, Script.reset), "NetworkError")
  fails(
    "malformed JSON in a frame",
    afterHello(Script.write("event: ping\ndata: {oops\n\n")),
    "MalformedResponseError",
    {
      check: ({ reason }) => assert.include(JSON.stringify(reason), "{oops")
    }
  )
  fails(
    "a second message on the connection",
    Script.faultAt(hello, bytes.length, [Script.write(wire)]),
    "MalformedResponseError"
  )
  fails("a second message inside the first", afterHello(Script.write(wire)), "MalformedResponseError")
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
  it.live("no headers at first, and then an answer", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve([Script.silent, hello], {
        timeout: { connect: "100 millis" },
        maxRetries: 1
      })
      assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
      assert.strictEqual((yield* (yield* server.awaitRequest(0)).closed).by, "client")
    }))
  fails("a reset before the headers", Script.resetBeforeHeaders, "NetworkError", { partial: undefined })

  it.live("a ping is a sign of life", () =>
    Effect.gen(function*() {
      const ping = [Script.delay("60 millis"), Script.event({ type: "ping" })]
      const at = wire.indexOf("event: content_block_stop")
      const { model } = yield* serve(
        Script.faultAt(hello, at, [Script.repeat(ping, 5), Script.write(wire.slice(at))]),
        { timeout: { idle: "200 millis" } }
      )
      assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
    }))

  it.live("what breaks after message_stop harms nothing", () =>
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
      const { errors } = yield* failedBothWays(model)
      for (const error of errors) {
        assert.strictEqual(error.reason._tag, "NetworkError")
        assert.propertyVal(error.reason, "code", "ECONNREFUSED")
      }
    }))

  it.live("a name that does not resolve, and a server without TLS", () =>
    Effect.gen(function*() {
      const { server } = yield* serve(hello)
      for (const baseUrl of ["http://rivulet.invalid", server.url.replace("http:", "https:")]) {
        const { model } = yield* serve(hello, { baseUrl })
        const { errors } = yield* failedBothWays(model)
        for (const error of errors) assert.strictEqual(error.reason._tag, "NetworkError")
      }
    }))
})

describe("an error event inside a 200", () => {
  for (
    const [type, reason] of [
      ["overloaded_error", "OverloadedError"],
      ["rate_limit_error", "RateLimitError"],
      ["api_error", "InternalProviderError"],
      ["invalid_request_error", "InvalidRequestError"],
      ["authentication_error", "AuthenticationError"],
      ["permission_error", "PermissionError"],
      ["not_found_error", "NotFoundError"],
      ["request_too_large", "ContextLengthError"],
      ["billing_error", "QuotaExhaustedError"],
      ["timeout_error", "TimeoutError"],
      ["an_error_of_tomorrow", "UnknownError"]
    ] as const
  ) {
    fails(type, afterHello(Script.errorEvent(type, "so it is")), reason, {
      check: ({ reason }) => assert.include(String(Reflect.get(reason, "message")), "so it is")
    })
  }
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
    // 503 has no type of its own; a body that is no JSON leaves the status to speak.
    const bodies = status === 503
      ? [Script.status(status, { body: "<html>busy</html>" })]
      : [Script.status(status), Script.status(status, { body: "<html>oops</html>" })]
    for (const [i, script] of bodies.entries()) {
      fails(`${status}${i === 0 ? "" : " without JSON"}`, script, reason, {
        partial: undefined,
        check: (error) => assert.deepInclude(Reflect.get(error, "metadata") as object, { status })
      })
    }
  }

  it.live("says how long to wait, and which request it was", () =>
    Effect.gen(function*() {
      const headers = { "retry-after": "7", "request-id": "req_42" }
      const { model } = yield* serve(Script.status(429, { headers }))
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.deepStrictEqual(error.retryAfter, Duration.seconds(7))
      assert.strictEqual(error.requestId, "req_42")
      assert.isTrue(error.isRetryable)
    }))

  it.live("reads only the start of an endless error body", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve({
        ...Script.make([Script.repeat([Script.write("x".repeat(1024))])]),
        status: 500
      })
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.strictEqual(error.reason._tag, "InternalProviderError")
      assert.isBelow(error.message.length, 1000)
      const closed = yield* (yield* server.awaitRequest(0)).closed
      assert.strictEqual(closed.by, "client")
    }))

  it.live("follows no redirect", () =>
    Effect.gen(function*() {
      const elsewhere = yield* serve(hello)
      const { model } = yield* serve({
        ...Script.make([]),
        status: 307,
        headers: { location: `${elsewhere.server.url}/v1/messages` }
      })
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.include(error.message, "redirects")
      assert.strictEqual(error.reason._tag, "UnknownError")
      assert.deepStrictEqual(yield* elsewhere.server.requests, [])
    }))

  it.live("a page instead of a stream is malformed", () =>
    Effect.gen(function*() {
      const { model } = yield* serve(Script.body("<html></html>", { headers: { "content-type": "text/html" } }))
      assert.strictEqual((yield* Effect.flip(model.invoke("Hi"))).reason._tag, "MalformedResponseError")
    }))
})

describe("what is unknown", () => {
  it.live("events, blocks and deltas of tomorrow pass through, and the stream goes on", () =>
    Effect.gen(function*() {
      const tomorrow = { type: "hologram", voxels: [1, 2] }
      const at = wire.indexOf("event: content_block_stop")
      const { model } = yield* serve(Script.faultAt(hello, at, [
        Script.event({ type: "mood", mood: "good" }),
        Script.event({ type: "content_block_delta", index: 0, delta: { type: "glow_delta", glow: 1 } }),
        Script.write(wire.slice(at, wire.indexOf("event: message_delta"))),
        Script.event({ type: "content_block_start", index: 1, content_block: tomorrow }),
        Script.event({ type: "content_block_delta", index: 1, delta: { type: "voxel_delta", voxels: [3] } }),
        Script.event({ type: "content_block_stop", index: 1 }),
        Script.write(wire.slice(wire.indexOf("event: message_delta")).replace("end_turn", "out_of_ideas"))
      ]))
      const message = yield* model.invoke("Hi")
      assert.strictEqual(message.content, "Hello")
      assert.deepStrictEqual(message.finish, { reason: "other", raw: "out_of_ideas" })
      assert.deepStrictEqual(message.parts, [
        { type: "text", text: "Hello" },
        { type: "unknown", raw: [{ type: "mood", mood: "good" }] },
        {
          type: "unknown",
          raw: [{ type: "content_block_delta", index: 0, delta: { type: "glow_delta", glow: 1 } }]
        },
        { type: "unknown", raw: [tomorrow, { type: "voxel_delta", voxels: [3] }] }
      ])
    }))

  it.live("so do fields of tomorrow, and those of a block go back with it", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve(Script.body(
        wire
          .replace("\"content_block\":{", "\"content_block\":{\"mood\":\"good\",")
          .replace("\"delta\":{\"type\":\"text_delta\",", "\"delta\":{\"type\":\"text_delta\",\"logprob\":-1,")
          .replace("\"message\":{", "\"message\":{\"weather\":\"fine\",")
      ))
      const message = yield* model.invoke("Hi")
      assert.deepStrictEqual(message.parts, [
        { type: "text", text: "Hello", metadata: { mood: "good", delta: { logprob: -1 } } }
      ])
      assert.strictEqual(message.metadata?.["weather"], "fine")
      yield* model.invoke([Message.human("Hi"), message, Message.human("Go on")])
      const body = (yield* server.awaitRequest(1)).body
      assert.deepInclude(Reflect.get(body as object, "messages")[1], {
        content: [{ type: "text", text: "Hello", mood: "good" }]
      })
    }))
})
