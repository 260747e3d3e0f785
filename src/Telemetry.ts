/**
 * Spans, metrics and logs of everything that runs, as OpenTelemetry's conventions for generative AI name them.
 *
 * **When to use**
 *
 * Provide {@link layer} once, around the whole app. Spans go to the tracer of the app: that of effect's `Otlp` layers, of
 * `@effect/opentelemetry`, or any other. Metrics and logs are Effect's own. An app without an exporter sets
 * `OTEL_EXPORTER_OTLP_ENDPOINT`, and the layer exports by itself.
 *
 * **Details**
 *
 * - Every call of a model is a span `chat {model}` with the provider, the models, the options, the tokens, the cost, the
 *   time to the first chunk and the outcome. Its retries are inside it. An agent is `invoke_agent {name}`, a tool
 *   `execute_tool {name}`; any other step that has events has a span with its name.
 * - Spans are children of the span around the place where the run was opened, also if another fiber pulls the stream. They
 *   end once: with the stream, its failure, or when its reader leaves. The attribute `rivulet.outcome` is `completed`,
 *   `failed`, `left` or `interrupted`.
 * - A wrapped model, such as one with fallbacks or a cache, is a span `model {name}` with the calls that it made inside. So
 *   the tokens and costs of all `chat` spans, and their metrics, add up to what was paid.
 * - A call that finally failed is one warning in the log, and a retry that waits for more than a second an info. A failure
 *   is no warning if another model or another attempt at the step (`Runnable.withRetry`, `Runnable.withFallbacks`) follows.
 * - Nothing that is said is recorded: no prompt, answer, argument, result, nor the message of an error, which may quote
 *   them. {@link Content} changes that.
 *
 * **Gotchas**
 *
 * Effect's own spans, such as those of `Effect.withSpan` in the app, have the messages of errors.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Tracer from "effect/Tracer"
import { RunObserver } from "./internal/events/currentRun.ts"
import { Content } from "./telemetry/content.ts"
import type { ContentOptions } from "./telemetry/content.ts"
import type { Conventions } from "./telemetry/conventions.ts"
import { environment } from "./telemetry/environment.ts"
import { Metrics } from "./telemetry/metrics.ts"
import { makeObserver } from "./telemetry/observer.ts"
import type { SampledRun } from "./telemetry/observer.ts"

export { Content } from "./telemetry/content.ts"
export type { ContentOptions, ContentPlace } from "./telemetry/content.ts"
export type { Conventions } from "./telemetry/conventions.ts"
export { ConversationId } from "./telemetry/observer.ts"
export type { SampledRun } from "./telemetry/observer.ts"

/** The kinds of telemetry, and their names. */
export interface Options {
  /** Which names attributes and metrics have. Defaults to `current`. */
  readonly conventions?: Conventions | undefined
  /** Whether runs have spans. True by default. */
  readonly spans?: boolean | undefined
  /** Whether metrics are counted. True by default. */
  readonly metrics?: boolean | undefined
  /** Whether failures and long waits are logged. True by default. */
  readonly logs?: boolean | undefined
  /**
   * Whether prompts, answers, tool arguments and tool results are recorded in spans. `true` takes the defaults of
   * {@link ContentOptions}. By default the environment says it, and otherwise nothing is recorded. `Telemetry.Content` decides for a part of an app.
   */
  readonly content?: ContentOptions | boolean | undefined
  /**
   * Whether spans, metrics and logs are sent to the endpoint that the environment names, if there is one. True by default,
   * unless the layer is provided with a tracer.
   */
  readonly export?: boolean | undefined
  /**
   * Whether a run gets spans, with everything inside it. Called once for each outermost run. Metrics and logs do not ask
   * it. By default every run does, if the tracer samples the span around it.
   */
  readonly sample?: ((run: SampledRun) => boolean) | undefined
}

/**
 * Records the runs of an app, as the options and the environment say.
 *
 * **Details**
 *
 * Options come before the environment, which is read when the layer is built:
 *
 * - `OTEL_SDK_DISABLED=true` turns everything off.
 * - `OTEL_EXPORTER_OTLP_ENDPOINT`, or that of a signal such as `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, names a collector to
 *   which spans, metrics and logs are sent by effect's exporters, with the `HttpClient` of the app or with `fetch`. They
 *   read the other variables of OTLP: `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_PROTOCOL` (`http/protobuf` or
 *   `http/json`), `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_EXPORTER=none` and so on. `export` turns
 *   this off, and so does a tracer that the layer is provided with.
 * - `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` sample the traces of that exporter.
 * - `OTEL_SEMCONV_STABILITY_OPT_IN`: `gen_ai/dup` writes the older names beside the current ones.
 * - `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true` records content, up to
 *   `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`.
 *
 * A variable that cannot be read is a warning in the log, and no failure of the app.
 *
 * **Example** (With what the environment says)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import * as Telemetry from "rivulet/Telemetry"
 *
 * const program = ChatModel.invoke("Why is the sky blue?").pipe(
 *   Effect.provide([Anthropic.layer({ model: "claude-haiku-4-5" }), Telemetry.layer()])
 * )
 * ```
 *
 * **Example** (With the exporter of the app)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { Otlp } from "effect/observability"
 * import * as Telemetry from "rivulet/Telemetry"
 *
 * const Observed = Telemetry.layer().pipe(
 *   Layer.provideMerge(Otlp.layerJson({ baseUrl: "http://localhost:4318", resource: { serviceName: "chat" } })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 */
export const layer = (options: Options = {}): Layer.Layer<never> =>
  Layer.unwrap(Effect.gen(function*() {
    const found = yield* environment
    if (found.disabled) return Layer.empty
    const { conventions = found.conventions ?? "current", logs = true, metrics = true, sample, spans = true } = options
    const content = options.content === true
      ? {}
      : options.content === false
      ? undefined
      : options.content ?? found.content
    const observer = Layer.merge(
      Layer.succeed(
        RunObserver,
        makeObserver({ conventions, logs, metrics: metrics ? new Metrics(conventions) : undefined, sample, spans })
      ),
      Layer.succeed(Content, content)
    )
    const services = yield* Effect.context<never>()
    const exports = found.exports && options.export !== false && !services.mapUnsafe.has(Tracer.TracerKey)
    if (!exports) return observer
    // Most apps have an exporter of their own, and need not load this one.
    const exporter = yield* Effect.promise(() => import("./telemetry/exporter.ts"))
    return Layer.merge(observer, exporter.layer)
  }))
