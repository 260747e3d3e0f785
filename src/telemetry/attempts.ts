/**
 * The failures of attempts at a step, for `Runnable.withRetry` and `Runnable.withFallbacks`: a call that failed before its
 * first chunk has not finally failed if another attempt follows, so its warning waits until that is known.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { AttemptObservation } from "../internal/events/observer.ts"

/** The attempt that a fiber works for; undefined if no other one can follow. */
const CurrentAttempt = Context.Reference<Attempt | undefined>("rivulet/Telemetry/CurrentAttempt", {
  defaultValue: () => undefined
})

/** Emits the warning of a failure, or keeps it until the attempt around it is decided. */
export const whenDecided = (
  services: Context.Context<never>,
  warning: Effect.Effect<void>
): Effect.Effect<void> => told(Context.get(services, CurrentAttempt), warning)

const told = (attempt: Attempt | undefined, warning: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.suspend(() => attempt === undefined ? warning : attempt.take(warning))

/** One attempt at a step. */
export class Attempt implements AttemptObservation {
  readonly #outer: Attempt | undefined
  readonly #waiting: Array<Effect.Effect<void>> = []
  #decided = false
  readonly services: Context.Context<never>

  constructor(fiber: Fiber.Fiber<unknown, unknown>) {
    this.#outer = fiber.getRef(CurrentAttempt)
    this.services = Context.make(CurrentAttempt, this)
  }

  /** Keeps a warning; once the attempt is decided, it is that of the attempt around it, if there is one. */
  take(warning: Effect.Effect<void>): Effect.Effect<void> {
    if (this.#decided) return told(this.#outer, warning)
    this.#waiting.push(warning)
    return Effect.void
  }

  /** The attempt is the run, or nothing follows it: its warnings count. */
  readonly kept: Effect.Effect<void> = Effect.suspend(() => {
    this.#decided = true
    return Effect.forEach(this.#waiting.splice(0), (warning) => told(this.#outer, warning), { discard: true })
  })

  /** Another attempt follows. */
  readonly replaced: Effect.Effect<void> = Effect.sync(() => {
    this.#decided = true
    this.#waiting.length = 0
  })
}
