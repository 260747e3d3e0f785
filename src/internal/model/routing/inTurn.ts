/**
 * A call that asks one model after the other until one gives a chunk. Used by the fallbacks and by the router, which say
 * whose turn it is.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { ChatModelError } from "../../../ChatModelError.ts"
import { untilFirst } from "../../runnable/untilFirst.ts"
import type { OpenModel } from "../opening.ts"
import { errorOf, failureOf, laterOptions, naming } from "./attempts.ts"
import type { StartedModel } from "./attempts.ts"
import type { Candidate } from "./models.ts"

/** The turns of one call. */
export interface Turns {
  readonly first: Candidate
  /** The model to ask after the one that failed, if there is one. */
  readonly next: () => Candidate | undefined
  /** Runs after each failure before the first chunk. */
  readonly failed?: ((error: ChatModelError) => Effect.Effect<void>) | undefined
  /** Changes the run of the model that answers. */
  readonly chosen?: ((started: StartedModel) => StartedModel) | undefined
}

/** Asks models in turn while `falls` says that another one may answer. */
export const inTurn = (
  falls: (error: ChatModelError) => boolean,
  turnsOf: (fiber: Fiber.Fiber<unknown, unknown>) => Turns
): OpenModel =>
(input, options, whole) =>
  untilFirst(Effect.withFiber((fiber) => {
    const clock = fiber.getRef(Clock.Clock)
    const since = clock.currentTimeMillisUnsafe()
    const { chosen, failed, first, next } = turnsOf(fiber)
    const failures: Array<ChatModelError> = []
    let candidate = first
    const after = (cause: Cause.Cause<ChatModelError>, error: ChatModelError) => {
      failures.push(error)
      const later = falls(error) ? laterOptions(options, clock, since) : undefined
      const other = later && next()
      if (other === undefined) return Effect.failCause(Cause.map(cause, () => errorOf(failures, error)))
      candidate = other
      return Effect.as(
        Effect.logDebug(`Asking ${other.model.provider}/${other.model.model}: ${error.message}`),
        other.open(input, later?.options, whole)
      )
    }
    return Effect.succeed({
      first: first.open(input, options, whole),
      chosen: (started: StartedModel) => {
        const named = naming(candidate.model, started)
        return chosen === undefined ? named : chosen(named)
      },
      next: (cause: Cause.Cause<ChatModelError>) => {
        const error = failureOf(cause)
        if (error === undefined) return Effect.failCause(cause)
        return failed === undefined ? after(cause, error) : Effect.flatMap(failed(error), () => after(cause, error))
      }
    })
  }))
