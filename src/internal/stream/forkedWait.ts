/**
 * Waiting for an effect in such a way that something outside can end the wait. For time limits: of a model's phases, of
 * a step. Costs a fiber.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** A wait that is going on. */
export interface Wait<A, E> {
  readonly fiber: Fiber.Fiber<A, E>
  /** Ends the wait: the waiting effect goes on as this one. */
  readonly end: (instead: Effect.Effect<never, E>) => void
}

/**
 * Runs an effect in a fiber of its own and waits for it. An interruption of the wait interrupts that fiber.
 *
 * @param services the context of the fiber
 * @param waiting called with the wait when it begins, and with undefined when it is over
 */
export const forkedWait = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  services: Context.Context<R>,
  waiting: (wait: Wait<A, E> | undefined) => void
): Effect.Effect<A, E> =>
  Effect.callback<A, E>((resume) => {
    const fiber = Effect.runForkWith(services)(effect)
    waiting({ fiber, end: resume })
    fiber.addObserver((exit) => {
      waiting(undefined)
      resume(exit)
    })
    return Effect.suspend(() => {
      waiting(undefined)
      return Fiber.interrupt(fiber)
    })
  })
