/**
 * The environment variables of OpenTelemetry that decide what is recorded. They are read through the app's
 * `ConfigProvider`. One that cannot be read is a warning, as telemetry must not stop an app. The exporter reads those of
 * its own in exporter.ts.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type { ContentOptions } from "./content.ts"
import type { Conventions } from "./conventions.ts"

/** The settings of the environment. A field whose variable is not set is undefined. */
export interface Environment {
  /** All telemetry is off. */
  readonly disabled: boolean
  readonly conventions: Conventions | undefined
  readonly content: ContentOptions | undefined
  /** Whether it names an endpoint to export to. */
  readonly exports: boolean
}

/** Reads the environment. */
export const environment: Effect.Effect<Environment> = Effect.gen(function*() {
  const optIn = (yield* variable("OTEL_SEMCONV_STABILITY_OPT_IN"))?.split(",").map((each) => each.trim()) ?? []
  const capture = (yield* variable("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"))?.toLowerCase()
  const endpoints = yield* Effect.forEach(
    ["", "TRACES_", "METRICS_", "LOGS_"],
    (signal) => variable(`OTEL_EXPORTER_OTLP_${signal}ENDPOINT`)
  )
  return {
    disabled: (yield* variable("OTEL_SDK_DISABLED"))?.toLowerCase() === "true",
    conventions: optIn.includes("gen_ai/dup")
      ? "both"
      : optIn.includes("gen_ai_latest_experimental")
      ? "current"
      : undefined,
    content: capture === "true" || capture === "span_only" || capture === "span_and_event"
      ? { maxLength: yield* limit }
      : undefined,
    exports: endpoints.some((endpoint) => endpoint !== undefined)
  }
})

const limit: Effect.Effect<number | undefined> = Effect.gen(function*() {
  const limit = (yield* variable("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT")) ??
    (yield* variable("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"))
  return limit !== undefined && /^\d+$/.test(limit) ? Number(limit) : undefined
})

/** A variable; undefined if it is not set, or empty, which means the same to OpenTelemetry. */
export const variable = (name: string): Effect.Effect<string | undefined> =>
  Config.String(name).pipe(
    Config.withDefault(""),
    Effect.map((value) => value.trim() === "" ? undefined : value.trim()),
    Effect.catch(() => Effect.as(Effect.logWarning(`Telemetry cannot read ${name}`), undefined))
  )
