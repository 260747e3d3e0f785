// The spans of calls that end in every way a wire server can produce.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { Script } from "rivulet/Testing"
import { outcomesOf, settled } from "../support/outcomes.ts"
import { traced } from "../support/traced.ts"
import { wires } from "../support/wires.ts"
import type { ModelOptions, Wire } from "../support/wires.ts"

type Row = readonly [name: string, script: Script.Script, reason: string, options?: ModelOptions, status?: number]

const rows = (wire: Wire): ReadonlyArray<Row> => {
  const { afterEnd, afterHello, text } = outcomesOf(wire)
  const status = (code: number, reason: string): Row => [`status ${code}`, wire.status(code), reason, {}, code]
  return [
    ["no terminal event", afterHello(Script.end), "TruncatedError"],
    ["a TCP reset in mid-body", afterHello(settled, Script.reset), "NetworkError"],
    ["malformed JSON in a frame", afterHello(Script.write("data: {oops\n\n")), "MalformedResponseError"],
    ["a second message on the connection", afterEnd(Script.write(text)), "MalformedResponseError"],
    ["headers, then silence", Script.make([Script.stall]), "TimeoutError", { timeout: { firstChunk: "100 millis" } }],
    ["silence in the middle", afterHello(Script.stall), "TimeoutError", { timeout: { idle: "100 millis" } }],
    ["no headers", Script.silent, "TimeoutError", { timeout: { connect: "100 millis" } }],
    ["a reset before the headers", Script.resetBeforeHeaders, "NetworkError"],
    status(400, "InvalidRequestError"),
    status(401, "AuthenticationError"),
    status(402, "QuotaExhaustedError"),
    status(403, "PermissionError"),
    status(404, "NotFoundError"),
    status(408, "TimeoutError"),
    status(409, "InvalidRequestError"),
    status(413, "ContextLengthError"),
    status(422, "InvalidRequestError"),
    status(429, "RateLimitError"),
    status(500, "InternalProviderError"),
    status(502, "InternalProviderError"),
    status(503, "OverloadedError"),
    status(504, "TimeoutError"),
    status(529, "OverloadedError"),
    ["connection refused", afterHello(), "NetworkError", { baseUrl: "http://127.0.0.1:1" }],
    ...(wire.name === "Messages"
      ? [
        [
          "an error event inside a 200",
          afterHello(Script.errorEvent("overloaded_error", "busy")),
          "OverloadedError"
        ] as const
      ]
      : [])
  ]
}

for (const wire of wires) {
  describe(wire.name, () => {
    for (const [name, script, reason, options, status] of rows(wire)) {
      it.live(name, () =>
        Effect.gen(function*() {
          const { model } = yield* wire.serve(script, options)
          for (const run of [Stream.runDrain(model.stream("Hi")), model.invoke("Hi")]) {
            const { spans } = yield* traced(run)
            assert.lengthOf(spans, 1)
            const span = spans[0]!
            assert.strictEqual(span.status, "error")
            assert.strictEqual(span.attributes["error.type"], reason)
            assert.strictEqual(span.attributes["rivulet.outcome"], "failed")
            assert.deepStrictEqual(span.attributes["gen_ai.response.finish_reasons"], ["error"])
            if (status !== undefined) assert.strictEqual(span.attributes["http.response.status_code"], status)
            const { attributes: exception } = span.events.find(({ name }) => name === "exception")!
            assert.strictEqual(exception["exception.type"], reason)
          }
        }))
    }

    it.live("a reader that takes what it wants has left", () =>
      Effect.gen(function*() {
        const { afterHello } = outcomesOf(wire)
        const { model } = yield* wire.serve(afterHello(Script.stall))
        const { spans } = yield* traced(Stream.runDrain(Stream.take(model.stream("Hi"), 1)))
        assert.deepStrictEqual(spans.map(({ attributes, status }) => [attributes["rivulet.outcome"], status]), [[
          "left",
          "ok"
        ]])
        assert.isUndefined(spans[0]?.attributes["error.type"])
      }))

    it.live("a reader that fails has left, too", () =>
      Effect.gen(function*() {
        const { model } = yield* wire.serve(outcomesOf(wire).afterHello(Script.stall))
        const { spans } = yield* traced(Stream.runForEach(model.stream("Hi"), () => Effect.fail("mine")))
        assert.deepStrictEqual(spans.map(({ attributes, status }) => [attributes["rivulet.outcome"], status]), [[
          "left",
          "ok"
        ]])
      }))

    it.live("a reader that is interrupted is told apart", () =>
      Effect.gen(function*() {
        const { model } = yield* wire.serve(outcomesOf(wire).afterHello(Script.stall))
        const { spans } = yield* traced(Effect.gen(function*() {
          const first = yield* Deferred.make<void>()
          const reading = yield* Effect.forkChild(
            Stream.runForEach(model.stream("Hi"), () => Deferred.succeed(first, undefined))
          )
          yield* Deferred.await(first)
          yield* Fiber.interrupt(reading)
        }))
        assert.deepStrictEqual(spans.map(({ attributes, status }) => [attributes["rivulet.outcome"], status]), [
          ["interrupted", "unset"]
        ])
      }))

    it.live("a request that is refused before it is sent has a span that failed", () =>
      Effect.gen(function*() {
        const { model } = yield* wire.serve(outcomesOf(wire).hello)
        const { spans } = yield* traced(model.invoke([]))
        assert.deepStrictEqual(
          spans.map(({ attributes }) => [attributes["rivulet.outcome"], attributes["error.type"]]),
          [["failed", "InvalidRequestError"]]
        )
      }))
  })
}
