import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule, Stream } from "effect"
import { Agent, ModelRouting } from "rivulet"
import { Script, ScriptedChatModel } from "rivulet/Testing"
import type { Received } from "../support/otlp.ts"
import { outcomesOf } from "../support/outcomes.ts"
import { scriptedAgent } from "../support/scriptedAgent.ts"
import { traced } from "../support/traced.ts"
import { messages } from "../support/wires.ts"

/** The points of a metric: its attributes without the unit, and its value, count or sum. */
const pointsOf = ({ metrics }: Received, name: string) =>
  (metrics.get(name)?.points ?? []).map(({ attributes, count, sum, value }) => {
    const { unit: _, ...others } = attributes
    return { attributes: others, value: value ?? count, sum }
  })

const asked = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "anthropic",
  "gen_ai.request.model": "claude-test"
}
const answered = { ...asked, "gen_ai.response.model": "claude-haiku-4-5" }

describe("metrics", () => {
  for (const format of ["json", "protobuf"] as const) {
    it.live(`of a call have the names, units and buckets of the conventions, as ${format}`, () =>
      Effect.gen(function*() {
        const { model } = yield* messages.serve(messages.tokens(["Hel", "lo"]))
        const received = yield* traced(model.invoke("Hi"), { format })
        const duration = received.metrics.get("gen_ai.client.inference.duration")!
        assert.strictEqual(duration.unit, "s")
        assert.strictEqual(duration.type, "histogram")
        assert.deepStrictEqual(duration.points[0]?.bounds?.slice(0, 3), [0.01, 0.02, 0.04])
        assert.strictEqual(duration.points[0]?.buckets?.length, 15)
        for (const name of ["duration", "time_to_first_chunk"]) {
          const [point, ...others] = pointsOf(received, `gen_ai.client.inference.${name}`)
          assert.isEmpty(others)
          assert.deepStrictEqual([point?.attributes, point?.value], [answered, 1])
        }
        const tokens = (name: string) => pointsOf(received, `gen_ai.client.inference.usage.${name}`)
        assert.deepStrictEqual(tokens("input_tokens"), [{ attributes: answered, value: 10, sum: undefined }])
        assert.deepStrictEqual(tokens("output_tokens"), [{ attributes: answered, value: 2, sum: undefined }])
        assert.strictEqual(received.metrics.get("gen_ai.client.inference.usage.input_tokens")?.unit, "{token}")
        assert.isTrue(received.metrics.get("gen_ai.client.inference.usage.input_tokens")?.monotonic)
        assert.closeTo(pointsOf(received, "rivulet.client.cost")[0]?.value ?? 0, 0.00002, 1e-9)
        assert.deepStrictEqual(pointsOf(received, "rivulet.client.streams.open"), [
          { attributes: asked, value: 0, sum: undefined }
        ])
        assert.isFalse(received.metrics.get("rivulet.client.streams.open")?.monotonic)
        assert.isUndefined(received.metrics.get("rivulet.client.failures"))
      }))
  }

  it.live("the older names are there if they are wanted", () =>
    Effect.gen(function*() {
      const { model } = yield* messages.serve(messages.tokens(["Hel", "lo"]))
      const { "gen_ai.provider.name": _, ...others } = answered
      const attributes = { ...others, "gen_ai.system": "anthropic" }
      const older = yield* traced(model.invoke("Hi"), { telemetry: { conventions: "older" } })
      assert.deepStrictEqual(
        pointsOf(older, "gen_ai.client.token.usage").map((
          { attributes, sum }
        ) => [attributes["gen_ai.token.type"], sum]),
        [["input", 10], ["output", 2]]
      )
      assert.deepStrictEqual(pointsOf(older, "gen_ai.client.operation.duration")[0]?.attributes, attributes)
      assert.isUndefined(older.metrics.get("gen_ai.client.inference.duration"))
      assert.strictEqual(older.spans[0]?.attributes["gen_ai.system"], "anthropic")
      assert.isUndefined(older.spans[0]?.attributes["gen_ai.provider.name"])
      const both = yield* traced(model.invoke("Hi"), { telemetry: { conventions: "both" } })
      assert.isDefined(both.metrics.get("gen_ai.client.operation.duration"))
      assert.isDefined(both.metrics.get("gen_ai.client.inference.duration"))
      assert.strictEqual(both.spans[0]?.attributes["gen_ai.system"], "anthropic")
      assert.strictEqual(both.spans[0]?.attributes["gen_ai.provider.name"], "anthropic")
    }))

  it.live("the time between chunks has one value fewer than there were reads", () =>
    Effect.gen(function*() {
      const { afterHello, rest } = outcomesOf(messages)
      const { model } = yield* messages.serve(afterHello(Script.delay("30 millis"), Script.write(rest)))
      let reads = 0
      const received = yield* traced(Stream.runForEachArray(model.stream("Hi"), () => Effect.sync(() => reads++)))
      assert.strictEqual(pointsOf(received, "gen_ai.client.inference.time_per_output_chunk")[0]?.value, reads - 1)
      assert.isAbove(pointsOf(received, "gen_ai.client.inference.time_per_output_chunk")[0]?.sum ?? 0, 0.02)
    }))

  it.live("failures and retries are counted by reason", () =>
    Effect.gen(function*() {
      const busy = messages.status(529)
      const { model } = yield* messages.serve([busy, busy, messages.tokens(["a"]), messages.status(401)], {
        maxRetries: 2,
        retrySchedule: Schedule.spaced("1 millis")
      })
      const received = yield* traced(Effect.andThen(model.invoke("Hi"), model.invoke("Hi")))
      assert.deepStrictEqual(pointsOf(received, "rivulet.client.retries"), [
        { attributes: { ...asked, "error.type": "OverloadedError" }, value: 2, sum: undefined }
      ])
      assert.deepStrictEqual(pointsOf(received, "rivulet.client.failures"), [
        { attributes: { ...asked, "error.type": "AuthenticationError" }, value: 1, sum: undefined }
      ])
      assert.deepStrictEqual(
        pointsOf(received, "gen_ai.client.inference.duration").map((
          { attributes, value }
        ) => [attributes["error.type"], value]),
        [[undefined, 1], ["AuthenticationError", 1]]
      )
    }))

  it.live("streams that are left are counted, and the tokens that are known of them", () =>
    Effect.gen(function*() {
      const { model } = yield* messages.serve(outcomesOf(messages).afterHello(Script.stall))
      const received = yield* traced(Stream.runDrain(Stream.take(model.stream("Hi"), 1)))
      assert.deepStrictEqual(pointsOf(received, "rivulet.client.streams.left"), [
        { attributes: { ...asked, "rivulet.outcome": "left" }, value: 1, sum: undefined }
      ])
      assert.strictEqual(pointsOf(received, "gen_ai.client.inference.usage.input_tokens")[0]?.value, 10)
      assert.strictEqual(pointsOf(received, "rivulet.client.streams.open")[0]?.value, 0)
    }))

  it.live("tools and agents have durations", () =>
    Effect.gen(function*() {
      const { model, tool } = scriptedAgent()
      const received = yield* traced(Agent.make({ model, tools: [tool], name: "Weather" }).invoke("Paris?"))
      assert.deepStrictEqual(
        pointsOf(received, "gen_ai.execute_tool.duration").map(({ attributes, value }) => [attributes, value]),
        [
          [{ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "get_weather" }, 1]
        ]
      )
      assert.deepStrictEqual(
        pointsOf(received, "gen_ai.invoke_agent.duration").map(({ attributes, value }) => [attributes, value]),
        [
          [{ "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Weather" }, 1]
        ]
      )
    }))

  it.live("the models of a wrapped one are counted one by one, and each token once", () =>
    Effect.gen(function*() {
      const { model: broken } = yield* messages.serve(messages.status(401))
      const { model } = yield* messages.serve(messages.tokens(["Hel", "lo"]))
      const received = yield* traced(broken.pipe(ModelRouting.withFallbacks([model])).invoke("Hi"))
      assert.strictEqual(pointsOf(received, "gen_ai.client.inference.usage.input_tokens")[0]?.value, 10)
      assert.strictEqual(pointsOf(received, "rivulet.client.failures")[0]?.value, 1)
      assert.lengthOf(received.spans.filter(({ name }) => name.startsWith("chat ")), 2)
    }))

  it.live("none are counted if metrics are off", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => ScriptedChatModel.text("a"))
      const { metrics } = yield* traced(model.invoke("Hi"), { telemetry: { metrics: false } })
      assert.isEmpty([...metrics.keys()].filter((name) => /gen_ai|rivulet/.test(name)))
    }))
})
