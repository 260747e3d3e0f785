// What `Telemetry.layer` makes of the variables of OpenTelemetry, without any other layer.
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Logger, Metric, References, Tracer } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"
import { inspect } from "node:util"
import { ChatPrompt, OutputParser, Runnable } from "rivulet"
import * as Telemetry from "rivulet/Telemetry"
import { ScriptedChatModel } from "rivulet/Testing"
import { Collector } from "../support/otlp.ts"
import type { Received } from "../support/otlp.ts"

const { model } = ScriptedChatModel.make(() => ScriptedChatModel.text("answ3r"))
const chain = Runnable.sequence(ChatPrompt.make("{q}"), model, OutputParser.string)
const ask = chain.invoke({ q: "pr0mpt" })

/** Everything that is logged, with whatever a logger may print of it. */
const logs = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ cause, logLevel, message }) => {
    lines.push(
      `${logLevel} ${inspect(message, { depth: 10 })} ${inspect(cause, { depth: 10 })} ${JSON.stringify(cause)}`
    )
  })
  return { lines, layer: Layer.merge(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, "All")) }
}

/** Runs a program with telemetry and these variables. */
const withVariables = (
  variables: Record<string, string> | ((collector: string) => Record<string, string>),
  program: Effect.Effect<unknown, unknown> = ask,
  options: Telemetry.Options = {},
  around: Layer.Layer<never> = Layer.empty
): Effect.Effect<Received & { readonly lines: ReadonlyArray<string> }> =>
  Effect.gen(function*() {
    const collector = yield* Collector
    const found = typeof variables === "function" ? variables(collector.url) : variables
    const { layer, lines } = logs()
    yield* Effect.orDie(program).pipe(
      Effect.provide(Telemetry.layer(options).pipe(Layer.provideMerge(around)), { local: true }),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(found)),
      Effect.provideService(Metric.MetricRegistry, new Map()),
      Effect.provide(layer)
    )
    return { ...collector, lines }
  }).pipe(Effect.provide(Collector.layer, { local: true }))

const endpoint = (url: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url })

describe("the environment", () => {
  it.live("an endpoint is all that is needed to send spans, metrics and logs, as protobuf", () =>
    Effect.gen(function*() {
      const received = yield* withVariables(endpoint)
      assert.deepStrictEqual(received.spans.map(({ name }) => name).toSorted(), [
        "ChatPromptTemplate",
        "RunnableSequence",
        "StrOutputParser",
        "chat scripted"
      ])
      assert.isDefined(received.metrics.get("gen_ai.client.inference.duration"))
      assert.strictEqual(received.resource["service.name"], "unknown_service")
      for (const { headers } of received.requests) assert.strictEqual(headers["content-type"], "application/x-protobuf")
    }))

  it.live("the names of the service and the resource, the protocol and the headers are those of the variables", () =>
    Effect.gen(function*() {
      const received = yield* withVariables((url) => ({
        ...endpoint(url),
        OTEL_SERVICE_NAME: "shop",
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,team=a",
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_EXPORTER_OTLP_HEADERS: "x-team-key=s3cret"
      }))
      assert.strictEqual(received.resource["service.name"], "shop")
      assert.strictEqual(received.resource["deployment.environment.name"], "test")
      assert.isNotEmpty(received.requests)
      for (const { headers } of received.requests) {
        assert.include(headers["content-type"], "application/json")
        assert.strictEqual(headers["x-team-key"], "s3cret")
      }
    }))

  it.live("a signal can have an endpoint of its own, or none", () =>
    Effect.gen(function*() {
      const received = yield* withVariables((url) => ({
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`
      }))
      assert.deepStrictEqual(new Set(received.requests.map(({ path }) => path)), new Set(["/v1/traces"]))
      const without = yield* withVariables((url) => ({ ...endpoint(url), OTEL_TRACES_EXPORTER: "none" }))
      assert.isEmpty(without.spans)
      assert.isNotEmpty([...without.metrics])
    }))

  it.live("without an endpoint, or if everything is off, nothing is sent", () =>
    Effect.gen(function*() {
      assert.isEmpty((yield* withVariables({})).requests)
      assert.isEmpty((yield* withVariables({ OTEL_EXPORTER_OTLP_ENDPOINT: "" })).requests)
      assert.isEmpty((yield* withVariables((url) => ({ ...endpoint(url), OTEL_SDK_DISABLED: "true" }))).requests)
      assert.isEmpty((yield* withVariables(endpoint, ask, { export: false })).requests)
    }))

  it.live("an app with a tracer of its own is not sent twice", () =>
    Effect.gen(function*() {
      const own = yield* Effect.provide(
        Effect.gen(function*() {
          const { url } = yield* Collector
          const exporter = Otlp.layerJson({ baseUrl: url, resource: { serviceName: "own" } }).pipe(
            Layer.provide(FetchHttpClient.layer)
          )
          const received = yield* withVariables(endpoint, ask, {}, exporter)
          return { received, collector: yield* Collector }
        }),
        Collector.layer,
        { local: true }
      )
      assert.isEmpty(own.received.requests)
      assert.lengthOf(own.collector.spans, 4)
    }))

  it.live("the older names are written beside the current ones", () =>
    Effect.gen(function*() {
      const { spans } = yield* withVariables((url) => ({
        ...endpoint(url),
        OTEL_SEMCONV_STABILITY_OPT_IN: "http, gen_ai/dup"
      }))
      const chat = spans.find(({ name }) => name.startsWith("chat"))?.attributes
      assert.strictEqual(chat?.["gen_ai.system"], "scripted")
      assert.strictEqual(chat?.["gen_ai.provider.name"], "scripted")
    }))

  it.live("content is recorded if a variable says so, unless the app says otherwise", () =>
    Effect.gen(function*() {
      const variables = (url: string) => ({
        ...endpoint(url),
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: "true",
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: "3"
      })
      const chatOf = ({ spans }: Received) => spans.find(({ name }) => name.startsWith("chat"))?.attributes
      assert.include(String(chatOf(yield* withVariables(variables))?.["gen_ai.input.messages"]), "pr0…")
      const not = chatOf(yield* withVariables(variables, ask, { content: false }))
      assert.isUndefined(not?.["gen_ai.input.messages"])
    }))

  it.live("samplers decide for whole traces", () =>
    Effect.gen(function*() {
      const spans = (name: string, argument: string, program: Effect.Effect<unknown, unknown> = ask) =>
        Effect.map(
          withVariables(
            (url) => ({ ...endpoint(url), OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument }),
            program
          ),
          ({ spans }) => spans
        )
      assert.isEmpty(yield* spans("always_off", ""))
      assert.lengthOf(yield* spans("always_on", ""), 4)
      assert.isEmpty(yield* spans("parentbased_traceidratio", "0"))
      const some = yield* spans("parentbased_traceidratio", "0.5", Effect.replicateEffect(ask, 60, { discard: true }))
      const traces = new Set(some.map(({ traceId }) => traceId))
      // Whole ones.
      assert.lengthOf(some, traces.size * 4)
      assert.isAbove(traces.size, 10)
      assert.isBelow(traces.size, 50)
      // A trace that began elsewhere is decided by its id, if the parent does not decide.
      const elsewhere = (start: string) =>
        ask.pipe(
          Effect.withParentSpan(Tracer.externalSpan({ traceId: "0".repeat(20) + start, spanId: "1".repeat(16) }))
        )
      const inApp = yield* spans(
        "traceidratio",
        "0.5",
        Effect.andThen(elsewhere("7".repeat(12)), elsewhere("9".repeat(12)))
      )
      assert.deepStrictEqual(new Set(inApp.map(({ traceId }) => traceId.at(-1))), new Set(["7"]))
      assert.lengthOf(yield* spans("parentbased_traceidratio", "0", elsewhere("9".repeat(12))), 4)
    }))

  for (
    const [name, value] of [
      ["OTEL_EXPORTER_OTLP_ENDPOINT", "not a url"],
      ["OTEL_BSP_SCHEDULE_DELAY", "soon"],
      ["OTEL_EXPORTER_OTLP_COMPRESSION", "zip"],
      ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"]
    ] as const
  ) {
    it.live(`${name}=${value} is a warning, and the app runs`, () =>
      Effect.gen(function*() {
        const { lines } = yield* withVariables((url) => ({ ...endpoint(url), [name]: value }))
        assert.isNotEmpty(lines.filter((line) => line.startsWith("Warn")))
      }))
  }

  it.live("the keys in the headers are in no log, also if the collector cannot be reached", () =>
    Effect.gen(function*() {
      const { lines } = yield* withVariables({
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
        OTEL_EXPORTER_OTLP_HEADERS: "x-team-key=s3cret,authorization=Bearer%20s3cret",
        OTEL_EXPORTER_OTLP_TIMEOUT: "10000"
      })
      assert.isNotEmpty(lines.filter((line) => line.includes("Disabling exporter")))
      for (const line of lines) assert.notInclude(line, "s3cret")
    }))
})
