import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule, Stream } from "effect"
import { ModelRouting, OutputParser, Runnable } from "rivulet"
import { Script } from "rivulet/Testing"
import type { Received } from "../support/otlp.ts"
import { outcomesOf, settled } from "../support/outcomes.ts"
import { traced } from "../support/traced.ts"
import { messages } from "../support/wires.ts"

/** The logs about calls above the debug level, without the fields that every log of Effect has. */
const told = ({ logs }: Received) =>
  logs.filter(({ body, severity }) =>
    /^(info|warn|error|fatal)/i.test(severity) && !JSON.stringify(body).startsWith("[\"Nothing is known of claude-test")
  ).map(({ attributes, body, severity }) => {
    const { "effect.fiberId": _, ...others } = attributes
    return { severity: severity.toUpperCase().slice(0, 4), body, attributes: others }
  })

describe("logs", () => {
  it.live("a call that finally failed is one warning, in its span and without content", () =>
    Effect.gen(function*() {
      const { afterHello } = outcomesOf(messages)
      const { model } = yield* messages.serve(afterHello(settled, Script.reset))
      for (const run of [model.invoke("Hi"), Stream.runDrain(model.stream("Hi"))]) {
        const received = yield* traced(run)
        const [log, ...others] = told(received)
        assert.isEmpty(others)
        const { "rivulet.request.id": requestId, ...attributes } = log!.attributes
        assert.isString(requestId)
        assert.deepStrictEqual({ ...log, attributes }, {
          severity: "WARN",
          body: "The call of anthropic/claude-test failed: NetworkError",
          attributes: {
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "claude-test",
            "error.type": "NetworkError",
            "rivulet.retries": 0,
            "rivulet.partial.length": 5
          }
        })
        const warning = received.logs.find(({ severity }) => /warn/i.test(severity))
        assert.strictEqual(warning?.spanId, received.spans[0]?.spanId)
      }
    }))

  it.live("a success and a reader that leaves are no logs", () =>
    Effect.gen(function*() {
      const { afterHello, hello } = outcomesOf(messages)
      const { model } = yield* messages.serve([hello, afterHello(Script.stall)])
      const received = yield* traced(
        Effect.andThen(model.invoke("Hi"), Stream.runDrain(Stream.take(model.stream("Hi"), 1)))
      )
      assert.isEmpty(told(received))
    }))

  it.live("a retry that waits for more than a second is an info, and a short one is not", () =>
    Effect.gen(function*() {
      const { model } = yield* messages.serve(
        [messages.status(529), messages.status(429, { headers: { "retry-after": "1.2" } }), messages.status(500)],
        { maxRetries: 2, retrySchedule: Schedule.spaced("1 millis") }
      )
      const received = yield* traced(model.invoke("Hi"))
      assert.deepStrictEqual(
        told(received).map((
          { attributes, body, severity }
        ) => [severity, body, attributes["rivulet.retry"] ?? attributes["rivulet.retries"]]),
        [
          ["INFO", "Retrying the call of anthropic/claude-test in 1s 200ms: RateLimitError", 2],
          ["WARN", "The call of anthropic/claude-test failed: InternalProviderError", 2]
        ]
      )
    }))

  it.live("a fallback that helps is no warning, and one that does not is one", () =>
    Effect.gen(function*() {
      const { model: broken } = yield* messages.serve(messages.status(401))
      const { model } = yield* messages.serve(outcomesOf(messages).hello)
      assert.isEmpty(told(yield* traced(broken.pipe(ModelRouting.withFallbacks([model])).invoke("Hi"))))
      const { model: other } = yield* messages.serve(messages.status(403))
      const failed = told(yield* traced(broken.pipe(ModelRouting.withFallbacks([other])).invoke("Hi")))
      assert.deepStrictEqual(failed.map(({ severity }) => severity), ["WARN"])
    }))

  it.live("an attempt at a step that another one replaces is no warning, and the last one that fails is", () =>
    Effect.gen(function*() {
      const { model: broken } = yield* messages.serve(messages.status(401))
      const { model: other } = yield* messages.serve(messages.status(403))
      const { model } = yield* messages.serve(outcomesOf(messages).hello)
      const retried = Runnable.sequence(broken, OutputParser.string).pipe(
        Runnable.withRetry({ times: 2, schedule: Schedule.spaced("1 millis"), while: () => true })
      )
      const types = (run: Effect.Effect<unknown, unknown>) =>
        Effect.map(traced(run), (received) => told(received).map(({ attributes }) => attributes["error.type"]))
      const ways = <A>(chain: Runnable.Chain<string, A, unknown>) => [
        chain.invoke("Hi"),
        Stream.runDrain(chain.stream("Hi"))
      ]
      for (const run of ways(retried.pipe(Runnable.withFallbacks([Runnable.sequence(model, OutputParser.string)])))) {
        assert.deepStrictEqual(yield* types(run), [])
      }
      for (const run of ways(retried)) assert.deepStrictEqual(yield* types(run), ["AuthenticationError"])
      for (const run of ways(retried.pipe(Runnable.withFallbacks([Runnable.sequence(other, OutputParser.string)])))) {
        assert.deepStrictEqual(yield* types(run), ["PermissionError"])
      }
      // After the first chunk nothing follows.
      const { model: cut } = yield* messages.serve(outcomesOf(messages).afterHello(settled, Script.reset))
      for (const run of ways(cut.pipe(Runnable.withFallbacks([model])))) {
        assert.deepStrictEqual(yield* types(run), ["NetworkError"])
      }
    }))

  it.live("there are none if logs are off", () =>
    Effect.gen(function*() {
      const { model } = yield* messages.serve(messages.status(401))
      assert.isEmpty(told(yield* traced(model.invoke("Hi"), { telemetry: { logs: false } })))
    }))
})
