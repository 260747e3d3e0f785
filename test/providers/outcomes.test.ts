// Every way a stream can end that all wires share, over a real socket, for `stream` and for `invoke`.
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { AIMessageChunk } from "rivulet"
import { Script } from "rivulet/Testing"
import { failedBothWays, outcomesOf, settled } from "../support/outcomes.ts"
import { wires } from "../support/wires.ts"

for (const wire of wires) {
  const { afterEnd, afterHello, fails, hello, rest, text } = outcomesOf(wire)
  const { serve, status } = wire

  describe(`${wire.name}: the end of a stream`, () => {
    it.live("a whole message ends with exactly one finish, on the last chunk", () =>
      Effect.gen(function*() {
        const { model } = yield* serve(hello)
        const chunks = yield* Stream.runCollect(model.stream("Hi"))
        const empty = wire.chunksOfTwoTokens - 2
        assert.deepStrictEqual(chunks.map((chunk) => chunk.content), ["Hel", "lo", ...Array(empty).fill("")])
        assert.deepStrictEqual(
          chunks.map((chunk) => chunk.finish?.reason),
          [...Array(empty + 1).fill(undefined), "stop"]
        )
        // Each request has an id of its own.
        const { requestId: _, ...metadata } = AIMessageChunk.toMessage(chunks).metadata ?? {}
        const invoked = yield* model.invoke("Hi")
        const { requestId: __, ...other } = invoked.metadata ?? {}
        assert.strictEqual(invoked.content, "Hello")
        assert.deepStrictEqual({ ...AIMessageChunk.toMessage(chunks), metadata }, { ...invoked, metadata: other })
      }))

    fails("no terminal event", afterHello(Script.end), "TruncatedError")
    fails("the connection closes without the body's end", afterHello(settled, Script.truncate), "NetworkError")
    fails("a TCP reset in mid-body", afterHello(settled, Script.reset), "NetworkError")
    fails("malformed JSON in a frame", afterHello(Script.write("data: {oops\n\n")), "MalformedResponseError", {
      check: ({ reason }) => assert.include(JSON.stringify(reason), "{oops")
    })
    fails("a second message on the connection", afterEnd(Script.write(text)), "MalformedResponseError", { usage: true })
    fails("a second message inside the first", afterHello(Script.write(wire.renamed(text))), "MalformedResponseError")
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
      "a page instead of a stream is malformed",
      Script.body("<html></html>", { headers: { "content-type": "text/html" } }),
      "MalformedResponseError",
      { partial: undefined }
    )

    it.live("no headers at first, and then an answer", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve([Script.silent, hello], {
          timeout: { connect: "100 millis" },
          maxRetries: 1
        })
        assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
        assert.strictEqual((yield* (yield* server.awaitRequest(0)).closed).by, "client")
      }))

    it.live("a sign of life is no silence", () =>
      Effect.gen(function*() {
        for (const sign of wire.signsOfLife) {
          const alive = Script.repeat([Script.delay("60 millis"), Script.write(sign)], 5)
          const { model } = yield* serve(afterHello(alive, Script.write(rest)), { timeout: { idle: "200 millis" } })
          assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
        }
      }))

    it.live("what breaks after the terminal event harms nothing", () =>
      Effect.gen(function*() {
        for (const step of [Script.truncate, Script.reset, Script.stall]) {
          const { model } = yield* serve(afterEnd(settled, step))
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
  })

  describe(`${wire.name}: an error status`, () => {
    for (
      const [code, reason] of [
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
      const details = {
        partial: undefined,
        check: (error: object) => assert.deepInclude(Reflect.get(error, "metadata") as object, { status: code })
      }
      // Anthropic has no error type for 503, so only a body that is not JSON leaves the reason to the status.
      if (code !== 503 || wire.name !== "Messages") fails(`${code}`, status(code), reason, details)
      fails(`${code} without JSON`, status(code, { body: "<html>oops</html>" }), reason, details)
    }

    it.live("says how long to wait, and which request it was", () =>
      Effect.gen(function*() {
        const headers = { "retry-after": "7", [wire.requestIdHeader]: "req_42" }
        const { model } = yield* serve(status(429, { headers }))
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.deepStrictEqual(error.retryAfter, Duration.seconds(7))
        assert.strictEqual(error.requestId, "req_42")
        assert.isTrue(error.isRetryable)
      }))

    it.live("worth another try is tried again, before the first chunk and never after it", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve([status(503, { body: "busy" }), hello], { maxRetries: 1 })
        assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
        assert.strictEqual((yield* server.requests).length, 2)
        const later = yield* serve([afterHello(settled, Script.reset), hello], { maxRetries: 1 })
        assert.strictEqual((yield* Effect.flip(later.model.invoke("Hi"))).partial?.content, "Hello")
        assert.strictEqual((yield* later.server.requests).length, 1)
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
        const { model, server } = yield* serve({
          ...Script.make([]),
          status: 307,
          headers: { location: `${elsewhere.server.url}${wire.path}` }
        })
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.include(error.message, "redirects")
        assert.strictEqual(error.reason._tag, "UnknownError")
        assert.strictEqual((yield* server.requests).length, 1)
        assert.deepStrictEqual(yield* elsewhere.server.requests, [])
      }))
  })
}
