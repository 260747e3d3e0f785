/**
 * Spans, metrics and logs of everything that runs, as OpenTelemetry's conventions for generative AI name them.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Layer from "effect/Layer"
import { RunObserver } from "./internal/events/currentRun.ts"
import { Content } from "./telemetry/content.ts"
import type { ContentOptions } from "./telemetry/content.ts"
import type { Conventions } from "./telemetry/conventions.ts"
import { makeObserver } from "./telemetry/observer.ts"
import type { SampledRun } from "./telemetry/observer.ts"

export { Content } from "./telemetry/content.ts"
export type { ContentOptions, ContentPlace } from "./telemetry/content.ts"
export type { Conventions } from "./telemetry/conventions.ts"
export { ConversationId } from "./telemetry/observer.ts"
export type { SampledRun } from "./telemetry/observer.ts"

/** What is recorded, and under which names. */
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
   * {@link ContentOptions}. Nothing is recorded by default. `Telemetry.Content` decides for a part of an app.
   */
  readonly content?: ContentOptions | boolean | undefined
  /**
   * Whether a run gets spans, with everything inside it. Called once for each outermost run. Metrics and logs do not ask
   * it. By default every run does, if the tracer samples the span around it.
   */
  readonly sample?: ((run: SampledRun) => boolean) | undefined
}

/** Records the runs of an app. */
export const layer = (options: Options = {}): Layer.Layer<never> => {
  const { content, conventions = "current", logs = true, metrics = true, sample, spans = true } = options
  const observer = Layer.succeed(RunObserver, makeObserver({ conventions, logs, metrics, sample, spans }))
  return content === undefined
    ? observer
    : Layer.merge(observer, Layer.succeed(Content, content === true ? {} : content === false ? undefined : content))
}
