// A collector of OpenTelemetry: an HTTP server that takes traces, metrics and logs as JSON and as protobuf, and keeps them
// in one form.
import { Context, Effect, Layer } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { gunzipSync } from "node:zlib"
import { readMessage } from "./protobuf.ts"
import type { Fields } from "./protobuf.ts"

export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  /** `internal`, `client` and so on. */
  readonly kind: string
  /** In nanoseconds. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: ReadonlyArray<{ readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }>
  readonly status: "unset" | "ok" | "error"
  readonly statusMessage: string | undefined
}

export interface Point {
  readonly attributes: Readonly<Record<string, unknown>>
  /** Of a counter or a gauge. */
  readonly value: number | undefined
  /** Of a histogram. */
  readonly count: number | undefined
  readonly sum: number | undefined
  readonly bounds: ReadonlyArray<number> | undefined
  readonly buckets: ReadonlyArray<number> | undefined
}

export interface Metric {
  readonly name: string
  readonly unit: string | undefined
  readonly type: "sum" | "gauge" | "histogram"
  readonly monotonic: boolean | undefined
  readonly points: ReadonlyArray<Point>
}

export interface Log {
  readonly severity: string
  readonly body: unknown
  readonly attributes: Readonly<Record<string, unknown>>
  readonly traceId: string | undefined
  readonly spanId: string | undefined
}

export interface Request {
  readonly path: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: Buffer
}

/** What a collector has received. */
export interface Received {
  readonly url: string
  readonly requests: Array<Request>
  readonly resource: Record<string, unknown>
  readonly spans: Array<Span>
  /** The last state of each metric. */
  readonly metrics: Map<string, Metric>
  readonly logs: Array<Log>
  /** Requests that could not be read. */
  readonly problems: Array<unknown>
}

/** A collector on a port of its own. It ends with the scope. */
export class Collector extends Context.Service<Collector, Received>()("test/Collector") {
  static readonly layer: Layer.Layer<Collector> = Layer.effect(
    Collector,
    Effect.acquireRelease(
      Effect.promise(() => start()),
      ({ server }) =>
        Effect.promise(() =>
          new Promise<void>((resolve) => {
            server.closeAllConnections()
            server.close(() => resolve())
          })
        )
    ).pipe(Effect.map(({ received }) => received))
  )
}

const start = async () => {
  const requests: Array<Request> = []
  const received = { url: "", requests, resource: {}, spans: [], metrics: new Map(), logs: [], problems: [] } as
    & Received
    & {
      url: string
    }
  const server = createServer((request, response) => {
    const parts: Array<Buffer> = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => {
      const raw = Buffer.concat(parts)
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw
      requests.push({ path: request.url ?? "", headers: request.headers, body })
      try {
        take(received, request.url ?? "", request.headers["content-type"] ?? "", body)
        response.writeHead(200, { "content-type": request.headers["content-type"] ?? "" }).end()
      } catch (error) {
        received.problems.push(error)
        response.writeHead(400).end(String(error))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()))
  received.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { server, received }
}

type Json = Record<string, unknown>

const take = (received: Received, path: string, type: string, body: Buffer): void => {
  const read = (fields: Fields): Json =>
    type.startsWith("application/json") ? JSON.parse(body.toString("utf8")) : readMessage(body, fields)
  switch (path) {
    case "/v1/traces":
      for (const group of list(read(traces), "resourceSpans")) {
        Object.assign(received.resource, attributesOf(group["resource"]))
        for (const scope of list(group, "scopeSpans")) received.spans.push(...list(scope, "spans").map(spanOf))
      }
      return
    case "/v1/metrics":
      for (const group of list(read(metrics), "resourceMetrics")) {
        for (const scope of list(group, "scopeMetrics")) {
          for (const metric of list(scope, "metrics")) {
            const made = metricOf(metric)
            received.metrics.set(made.name, made)
          }
        }
      }
      return
    case "/v1/logs":
      for (const group of list(read(logs), "resourceLogs")) {
        for (const scope of list(group, "scopeLogs")) received.logs.push(...list(scope, "logRecords").map(logOf))
      }
      return
    default:
      throw new Error(`there is no ${path}`)
  }
}

const list = (value: unknown, key: string): ReadonlyArray<Json> => (value as Json)[key] as ReadonlyArray<Json> ?? []
const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined
const number = (value: unknown): number | undefined => value === undefined || value === null ? undefined : Number(value)

const attributesOf = (holder: unknown): Record<string, unknown> =>
  Object.fromEntries(list(holder ?? {}, "attributes").map(({ key, value }) => [key, valueOf(value)]))

const valueOf = (value: unknown): unknown => {
  const any = value as Json | undefined ?? {}
  if (any["stringValue"] !== undefined) return any["stringValue"]
  if (any["boolValue"] !== undefined) return any["boolValue"]
  if (any["intValue"] !== undefined) return Number(any["intValue"])
  if (any["doubleValue"] !== undefined) return any["doubleValue"]
  if (any["arrayValue"] !== undefined) return list(any["arrayValue"], "values").map(valueOf)
  if (any["kvlistValue"] !== undefined) {
    return Object.fromEntries(list(any["kvlistValue"], "values").map(({ key, value }) => [key, valueOf(value)]))
  }
  return undefined
}

const kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"]
const statuses = ["unset", "ok", "error"] as const

const spanOf = (span: Json): Span => {
  const status = span["status"] as Json | undefined ?? {}
  return {
    traceId: String(span["traceId"]),
    spanId: String(span["spanId"]),
    parentId: text(span["parentSpanId"]),
    name: String(span["name"]),
    kind: kinds[Number(span["kind"] ?? 0)] ?? "",
    start: BigInt(span["startTimeUnixNano"] as string),
    end: BigInt(span["endTimeUnixNano"] as string),
    attributes: attributesOf(span),
    events: list(span, "events").map((event) => ({ name: String(event["name"]), attributes: attributesOf(event) })),
    status: statuses[Number(status["code"] ?? 0)] ?? "unset",
    statusMessage: text(status["message"])
  }
}

const metricOf = (metric: Json): Metric => {
  const type = (["sum", "gauge", "histogram"] as const).find((type) => metric[type] !== undefined) ?? "gauge"
  const data = metric[type] as Json
  return {
    name: String(metric["name"]),
    unit: text(metric["unit"]),
    type,
    monotonic: type === "sum" ? data["isMonotonic"] === true : undefined,
    points: list(data, "dataPoints").map((point): Point => ({
      attributes: attributesOf(point),
      value: number(
        point["asDouble"] ??
          (point["asInt"] === undefined ? undefined : BigInt.asIntN(64, BigInt(point["asInt"] as string)))
      ),
      count: number(point["count"]),
      sum: number(point["sum"]),
      bounds: point["explicitBounds"] as ReadonlyArray<number> | undefined,
      buckets: (point["bucketCounts"] as ReadonlyArray<unknown> | undefined)?.map(Number)
    }))
  }
}

const logOf = (log: Json): Log => ({
  severity: String(log["severityText"]),
  body: valueOf(log["body"]),
  attributes: attributesOf(log),
  traceId: text(log["traceId"]),
  spanId: text(log["spanId"])
})

// The messages of OTLP, as far as they are read here.
const any: Record<number, readonly [string, never]> = {}
const keyValue: Fields = { 1: ["key", "string"], 2: ["value", any as Fields] }
Object.assign(any, {
  1: ["stringValue", "string"],
  2: ["boolValue", "bool"],
  3: ["intValue", "int"],
  4: ["doubleValue", "double"],
  5: ["arrayValue", { 1: ["values", [any]] }],
  6: ["kvlistValue", { 1: ["values", [keyValue]] }]
})
const resource: Fields = { 1: ["attributes", [keyValue]] }
const traces: Fields = {
  1: ["resourceSpans", [{
    1: ["resource", resource],
    2: ["scopeSpans", [{
      2: ["spans", [{
        1: ["traceId", "hex"],
        2: ["spanId", "hex"],
        4: ["parentSpanId", "hex"],
        5: ["name", "string"],
        6: ["kind", "int"],
        7: ["startTimeUnixNano", "fixed64"],
        8: ["endTimeUnixNano", "fixed64"],
        9: ["attributes", [keyValue]],
        11: ["events", [{ 2: ["name", "string"], 3: ["attributes", [keyValue]] }]],
        15: ["status", { 2: ["message", "string"], 3: ["code", "int"] }]
      }]]
    }]]
  }]]
}
const numberPoints: Fields = {
  1: ["dataPoints", [{ 4: ["asDouble", "double"], 6: ["asInt", "fixed64"], 7: ["attributes", [keyValue]] }]],
  3: ["isMonotonic", "bool"]
}
const metrics: Fields = {
  1: ["resourceMetrics", [{
    1: ["resource", resource],
    2: ["scopeMetrics", [{
      2: ["metrics", [{
        1: ["name", "string"],
        3: ["unit", "string"],
        5: ["gauge", numberPoints],
        7: ["sum", numberPoints],
        9: ["histogram", {
          1: ["dataPoints", [{
            4: ["count", "fixed64"],
            5: ["sum", "double"],
            6: ["bucketCounts", "fixed64s"],
            7: ["explicitBounds", "doubles"],
            9: ["attributes", [keyValue]]
          }]]
        }]
      }]]
    }]]
  }]]
}
const logs: Fields = {
  1: ["resourceLogs", [{
    1: ["resource", resource],
    2: ["scopeLogs", [{
      2: ["logRecords", [{
        3: ["severityText", "string"],
        5: ["body", any as Fields],
        6: ["attributes", [keyValue]],
        9: ["traceId", "hex"],
        10: ["spanId", "hex"]
      }]]
    }]]
  }]]
}
