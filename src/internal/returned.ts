/**
 * Handles the result of a user's function: a value, an effect of it, or a promise of it. Steps that take functions call
 * them through here. It must import nothing of the library but names for messages. A plain value costs a few looks at
 * its type.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { nameOf } from "./excerpt.ts"

/** A value, or an effect or a promise of it. */
export type Returned<A> = A | Effect.Effect<A, unknown, unknown> | PromiseLike<A>

/** The failure of what a function returns. A promise rejects with an `UnknownError`, whose cause is the reason. */
export type FailureOf<Made> = Made extends Effect.Effect<unknown, infer E, unknown> ? E
  : Made extends PromiseLike<unknown> ? Cause.UnknownError
  : never

/** The services of what a function returns. */
export type NeedsOf<Made> = Made extends Effect.Effect<unknown, unknown, infer R> ? R : never

/** A function of one argument, which may also take a signal that is aborted when its promise is left. */
export type Returning<A, Made> = (input: A, signal: AbortSignal) => Made

/**
 * Calls a function. A promise becomes an effect; any other value is returned as is. An exception is thrown to the
 * caller.
 */
export const call = <A, Made>(f: Returning<A, Made>, input: A): unknown => {
  // Most functions take no signal.
  const controller = f.length > 1 ? new AbortController() : undefined
  const made: unknown = (f as (input: A, signal?: AbortSignal) => Made)(input, controller?.signal)
  return typeof made === "object" && made !== null && "then" in made && typeof made.then === "function"
    ? settled(made as PromiseLike<unknown>, controller)
    : made
}

/** The effect of a call whose result is no stream or runnable. An exception is a defect. */
export const run = <A, Made, B>(f: Returning<A, Made>, input: A): Effect.Effect<B, FailureOf<Made>, NeedsOf<Made>> =>
  Effect.suspend(() => {
    const made = call(f, input)
    // It has the types of what the function returned.
    return (Effect.isEffect(made) ? made : Effect.succeed(made)) as Effect.Effect<B, FailureOf<Made>, NeedsOf<Made>>
  })

/** A function whose result is used at once. It throws for an effect or a promise, whose types do not fit either. */
export const plain = <A, B>(name: string, f: (input: A) => B): (input: A) => B => {
  const checked = checkedFunction(name, f)
  return (input) => {
    const made = checked(input)
    if (typeof made !== "object" || made === null || !(Effect.isEffect(made) || "then" in made)) return made
    throw new TypeError(`${name} must return a value, not an effect or a promise`)
  }
}

/** A function. It throws for anything else, which callers without types may give. */
export const checkedFunction = <F>(name: string, f: F): F => {
  if (typeof f === "function") return f
  throw new TypeError(`${name} must be a function, not ${nameOf(f)}`)
}

/** The effect that a function must return. It throws for anything else, which callers without types may give. */
export const effectOf = <A, E, R>(name: string, made: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  if (Effect.isEffect(made)) return made
  throw new TypeError(`${name} must return an effect, not ${nameOf(made)}`)
}

/** Waits for a promise. Its rejection is handled also if nobody waits any more. */
const settled = (promise: PromiseLike<unknown>, controller: AbortController | undefined) => {
  const outcome = Promise.resolve(promise).then(
    (value) => Effect.succeed(value),
    (reason: unknown) =>
      Effect.fail(new Cause.UnknownError(reason, reason instanceof Error ? reason.message : String(reason)))
  )
  return Effect.callback<unknown, Cause.UnknownError>((resume) => {
    void outcome.then(resume)
    return Effect.sync(() => controller?.abort())
  })
}
