// Traces of an agent and of a chain, printed by a viewer in the same process. Any app can send to it: run this file with
// `view`, and the app with `OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 OTEL_EXPORTER_OTLP_PROTOCOL=http/json`.
import { Array, Console, Effect, Layer, Order, Schema } from "effect"
import { createServer } from "node:http"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Agent, ChatModel, ChatPrompt, OutputParser, Runnable, Tool } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as Telemetry from "rivulet/Telemetry"

/** A span as OTLP has it in JSON. */
interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: ReadonlyArray<{
    readonly key: string
    readonly value: {
      readonly stringValue?: string
      readonly intValue?: string | number
      readonly doubleValue?: number
    }
  }>
}

/** A collector of OpenTelemetry that prints the tree of each trace it gets, and its URL. It leaves out metrics and logs. */
const viewer = (port: number) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer((request, response) => {
        let body = ""
        request.setEncoding("utf8").on("data", (part: string) => body += part).on("end", () => {
          if (request.url === "/v1/traces") print(JSON.parse(body))
          response.writeHead(200, { "content-type": "application/json" }).end("{}")
        })
      })
      server.listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  ).pipe(Effect.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`))

interface Traces {
  readonly resourceSpans: ReadonlyArray<{ readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Span> }> }>
}

const print = ({ resourceSpans }: Traces) => {
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
  const ids = new Set(spans.map(({ spanId }) => spanId))
  // A step that reads another one is open before it, so the order of the ends is that of the steps.
  const sorted = Array.sort(spans, Order.mapInput(Order.BigInt, (span: Span) => BigInt(span.endTimeUnixNano)))
  const printAll = (inside: ReadonlyArray<Span>, root: Span | undefined, depth: number) => {
    for (const span of inside) {
      console.log(line(span, root ?? span, depth))
      printAll(sorted.filter(({ parentSpanId }) => parentSpanId === span.spanId), root ?? span, depth + 1)
    }
  }
  printAll(sorted.filter(({ parentSpanId }) => parentSpanId === undefined || !ids.has(parentSpanId)), undefined, 0)
}

const width = 24

const millis = (from: string, to: string) => Number(BigInt(to) - BigInt(from)) / 1e6

const line = (span: Span, root: Span, depth: number): string => {
  const whole = Math.max(millis(root.startTimeUnixNano, root.endTimeUnixNano), 0.001)
  const begin = Math.floor((millis(root.startTimeUnixNano, span.startTimeUnixNano) / whole) * width)
  const time = millis(span.startTimeUnixNano, span.endTimeUnixNano)
  const length = Math.max(1, Math.min(width - begin, Math.round((time / whole) * width)))
  const bar = " ".repeat(Math.min(begin, width - 1)) + "█".repeat(length)
  const value = (name: string) => {
    const found = span.attributes.find(({ key }) => key === name)?.value
    return found?.stringValue ?? found?.intValue ?? found?.doubleValue
  }
  const input = value("gen_ai.usage.input_tokens")
  const first = value("gen_ai.response.time_to_first_chunk")
  return [
    `${"  ".repeat(depth)}${span.name}`.padEnd(34),
    bar.padEnd(width),
    `${time.toFixed(0)} ms`.padStart(8),
    value("error.type") ?? value("rivulet.outcome") ?? "",
    ...(input === undefined ? [] : [`${input} -> ${value("gen_ai.usage.output_tokens")} tokens`]),
    ...(first === undefined ? [] : [`first chunk after ${(Number(first) * 1000).toFixed(0)} ms`])
  ].join(" ").trimEnd()
}

const weather = Tool.make("get_weather", {
  description: "The temperature in a city, in degrees Celsius",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Number,
  handler: ({ city }) => Effect.succeed(city.length).pipe(Effect.delay("20 millis"), Effect.withSpan("look up"))
})
const agent = Agent.make({ name: "Weather", tools: [weather], system: "Answer in one sentence." })
const chain = Runnable.sequence(
  ChatPrompt.make("Tell me a joke about {topic}"),
  ChatModel.runnable,
  OutputParser.string
)

const program = Effect.gen(function*() {
  yield* Effect.flatMap(agent.invoke("How warm is it in Paris?"), ({ content }) => Console.log(content))
  yield* Effect.flatMap(chain.invoke({ topic: "goldfish" }), Console.log)
})

const view = process.argv[2] === "view"

await Effect.runPromise(
  Effect.scoped(Effect.gen(function*() {
    const url = yield* viewer(view ? 4318 : 0)
    if (view) return yield* Effect.never
    process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = url
    process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/json"
    yield* program.pipe(
      Effect.withSpan("app"),
      Effect.provide(Layer.merge(Anthropic.layer({ model: "claude-haiku-4-5" }), Telemetry.layer()))
    )
  }))
)
