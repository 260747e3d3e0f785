/**
 * The waits before further attempts at an answer, and the recoveries that a wrapper allows after the answer has begun.
 * Used by a model's call and by the wrappers that change what is shown.
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import type { CallOptions } from "../../CallOptions.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { Marker } from "../message/chunk.ts"

type Step = Effect.Success<ReturnType<typeof Schedule.toStep<unknown, ChatModelError, never, never>>>

/** If the provider asks for a longer wait, there is no other attempt. */
const longestRetryAfter = Duration.seconds(60)

const defaultSchedule = Schedule.exponential("500 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(8)))),
  Schedule.jittered
)

/** The waits of one call. */
export class RetryDelays {
  readonly #schedule: Schedule.Schedule<unknown, ChatModelError>
  readonly #clock: Clock.Clock
  #step: Step | undefined

  constructor(schedule: CallOptions["retrySchedule"], clock: Clock.Clock) {
    this.#schedule = schedule ?? defaultSchedule
    this.#clock = clock
  }

  /** The wait after a failure, or undefined if the schedule ends here or the provider asks for a longer one. */
  next(error: ChatModelError): Effect.Effect<Duration.Duration | undefined> {
    const retryAfter = error.retryAfter ?? Duration.zero
    if (Duration.isGreaterThan(retryAfter, longestRetryAfter)) return Effect.undefined
    const step = this.#step === undefined
      ? Effect.tap(Schedule.toStep(this.#schedule), (step) =>
        Effect.sync(() => {
          this.#step = step
        }))
      : Effect.succeed(this.#step)
    return Effect.flatMap(step, (step) =>
      Pull.matchEffect(step(this.#clock.currentTimeMillisUnsafe(), error), {
        onSuccess: ([, scheduled]) => Effect.succeed(Duration.max(scheduled, retryAfter)),
        onDone: () => Effect.undefined,
        onFailure: Effect.failCause
      }))
  }
}

/** One recovery of an answer. */
export interface Recovery {
  readonly marker: Marker
  /** The time until it begins. */
  readonly delay: Duration.Duration
}

/** Allows the recoveries of one answer. */
export interface Recovering {
  /** Says that the answer has begun, though nothing of it has been shown. */
  readonly begun: () => void
  /** Notes the failure of a recovery, for the error of a call that could not go on. */
  readonly noted: (error: ChatModelError) => void
  /** Whether there may be a recovery after a failure. */
  readonly recovers: (error: ChatModelError) => boolean
  /** The recovery after such a failure; undefined if it would come too late. Counts it. */
  readonly next: (error: ChatModelError, way: Marker["_tag"]) => Effect.Effect<Recovery | undefined>
}

/** Allows the recoveries of the answers that a fiber requests; undefined where nothing is recovered. */
export const Recovering = Context.Reference<Recovering | undefined>("rivulet/Recovering", {
  defaultValue: () => undefined
})
