// Runs a program with `rivulet/Telemetry` and effect's own exporter, against a collector, and gives what arrived there.
import { Cause, Effect, Exit, Layer, Metric, References } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp, OtlpExporter } from "effect/observability"
import * as Telemetry from "rivulet/Telemetry"
import { Collector } from "./otlp.ts"
import type { Received, Span } from "./otlp.ts"

export interface TracedOptions {
  readonly format?: "json" | "protobuf"
  readonly telemetry?: Telemetry.Options
}

/** What the collector has got when a program and its exporters have ended. The program may fail. */
export const traced = <A, E>(
  program: Effect.Effect<A, E>,
  { format = "json", telemetry = {} }: TracedOptions = {}
): Effect.Effect<Received> =>
  Effect.gen(function*() {
    const collector = yield* Collector
    const exporter = (format === "json" ? Otlp.layerJson : Otlp.layerProtobuf)({
      baseUrl: collector.url,
      resource: { serviceName: "test" },
      loggerMergeWithExisting: false,
      loggerExportInterval: "1 hour",
      metricsExportInterval: "1 hour",
      tracerExportInterval: "1 hour"
    })
    const exit = yield* Effect.exit(program).pipe(
      Effect.tap(Effect.flatMap(OtlpExporter.Flusher, ({ flush }) => flush)),
      Effect.provide(Telemetry.layer(telemetry).pipe(Layer.provideMerge(exporter)), { local: true }),
      Effect.provideService(References.MinimumLogLevel, "All"),
      Effect.provideService(Metric.MetricRegistry, new Map())
    )
    // The program of a test may fail, but has no bugs.
    if (Exit.isFailure(exit) && Exit.hasDies(exit)) return yield* Effect.die(Cause.squash(exit.cause))
    if (collector.problems.length > 0) return yield* Effect.die(collector.problems[0])
    return collector
  }).pipe(Effect.provide([Collector.layer, FetchHttpClient.layer], { local: true }))

/** The tree of the spans of a trace, in the order in which they ended: a step that reads another one is open before it. */
export const treeOf = (spans: ReadonlyArray<Span>, of: (span: Span) => string = ({ name }) => name): string => {
  const sorted = spans.toSorted((a, b) => a.end < b.end ? -1 : a.end > b.end ? 1 : 0)
  return printed(sorted.map((span) => ({ id: span.spanId, parent: span.parentId, name: of(span) })))
}

/** A run or a span, and the one around it. */
export interface Node {
  readonly id: string
  readonly parent: string | undefined
  readonly name: string
}

/** Nodes as an indented list. One whose parent is not there is a root. */
export const printed = (nodes: ReadonlyArray<Node>): string => {
  const ids = new Set(nodes.map(({ id }) => id))
  const lines: Array<string> = []
  const add = (inside: ReadonlyArray<Node>, depth: number) => {
    for (const { id, name } of inside) {
      lines.push("  ".repeat(depth) + name)
      add(nodes.filter(({ parent }) => parent === id), depth + 1)
    }
  }
  add(nodes.filter(({ parent }) => parent === undefined || !ids.has(parent)), 0)
  return lines.join("\n")
}
