/**
 * The exporter that the environment names: effect's own for OTLP over HTTP, with the defaults of OpenTelemetry where
 * effect has none, and its samplers. `Telemetry.layer` loads it if there is an endpoint. It is the only module that needs
 * Effect's unstable modules for HTTP and observability.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as OtlpLogger from "effect/observability/OtlpLogger"
import * as OtlpMetrics from "effect/observability/OtlpMetrics"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { variable } from "./environment.ts"
import { sampler } from "./sampler.ts"

/** Sends spans, metrics and logs to the endpoint of the environment. */
export const layer: Layer.Layer<never> = Layer.unwrap(Effect.gen(function*() {
  const provider = yield* ConfigProvider.ConfigProvider
  const client = yield* Effect.serviceOption(HttpClient.HttpClient)
  const names = yield* Effect.forEach(signals, headerNames)
  const sample = sampler(yield* variable("OTEL_TRACES_SAMPLER"), yield* variable("OTEL_TRACES_SAMPLER_ARG"))
  const tracer = sample === undefined
    ? OtlpTracer.layerFromConfig()
    : Layer.effect(Tracer.Tracer, Effect.map(Tracer.Tracer, sample)).pipe(
      Layer.provideMerge(OtlpTracer.layerFromConfig())
    )
  return Layer.mergeAll(
    tracer.pipe(Layer.provide(yield* serialization("TRACES"))),
    OtlpMetrics.layerFromConfig().pipe(Layer.provide(yield* serialization("METRICS"))),
    OtlpLogger.layerFromConfig().pipe(Layer.provide(yield* serialization("LOGS")))
  ).pipe(
    Layer.provide(Option.isSome(client) ? Layer.succeed(HttpClient.HttpClient, client.value) : FetchHttpClient.layer),
    Layer.provide(Layer.succeed(ConfigProvider.ConfigProvider, ConfigProvider.orElse(provider, defaults))),
    // The keys of a back end are in these headers.
    Layer.provide(
      Layer.effect(
        Headers.CurrentRedactedNames,
        Effect.map(Headers.CurrentRedactedNames, (known) => [...known, ...names.flat()])
      )
    )
  )
})).pipe(
  Layer.catchCause((cause) =>
    Layer.effectDiscard(Effect.logWarning("Telemetry is not exported: the environment cannot be read", cause))
  )
)

const signals = ["", "TRACES_", "METRICS_", "LOGS_"]

/** What OpenTelemetry takes if a variable is not set. Effect exports nothing unless it is told to. */
const defaults = ConfigProvider.fromUnknown({
  OTEL_TRACES_EXPORTER: "otlp",
  OTEL_METRICS_EXPORTER: "otlp",
  OTEL_LOGS_EXPORTER: "otlp",
  OTEL_SERVICE_NAME: "unknown_service"
})

const headerNames = (signal: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(
    variable(`OTEL_EXPORTER_OTLP_${signal}HEADERS`),
    (headers) => headers?.split(",").map((header) => header.split("=")[0]?.trim().toLowerCase() ?? "") ?? []
  )

/** How a signal is encoded. OpenTelemetry's default is protobuf. */
const serialization = Effect.fnUntraced(function*(signal: string) {
  const protocol = (yield* variable(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`)) ??
    (yield* variable("OTEL_EXPORTER_OTLP_PROTOCOL"))
  if (protocol === "http/json") return OtlpSerialization.layerJson
  if (protocol !== undefined && protocol !== "http/protobuf") {
    yield* Effect.logWarning(`Telemetry does not know the OTLP protocol ${protocol}, and takes http/protobuf`)
  }
  return OtlpSerialization.layerProtobuf
})
