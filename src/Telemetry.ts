/**
 * Spans of everything that runs, as OpenTelemetry's conventions for generative AI name them.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Layer from "effect/Layer"
import { RunObserver } from "./internal/events/currentRun.ts"
import type { Conventions } from "./telemetry/conventions.ts"
import { makeObserver } from "./telemetry/observer.ts"

export type { Conventions } from "./telemetry/conventions.ts"
export { ConversationId } from "./telemetry/observer.ts"

/** What is recorded. */
export interface Options {
  /** Which names attributes and metrics have. Defaults to `current`. */
  readonly conventions?: Conventions | undefined
}

/** Records the runs of an app. */
export const layer = (options: Options = {}): Layer.Layer<never> =>
  Layer.succeed(RunObserver, makeObserver({ conventions: options.conventions ?? "current" }))
