/**
 * Defects with a name: options without a meaning, and inputs of a batch that had a defect. Constructors of steps and of
 * layers check their numbers here, so that NaN does not make a step that hangs. It must not import anything of the
 * library.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** A defect in words. */
export const textOf = (defect: unknown): string => defect instanceof Error ? defect.message : String(defect)

/** A number of at least `min`, which may be infinite. */
export const checkedNumber = (name: string, value: number, min: number): number => {
  if (typeof value === "number" && value >= min) return value
  throw new TypeError(`${name} must be a number of at least ${min}, not ${String(value)}`)
}

/** A duration above zero, which may be infinite. A duration of NaN counts as zero. */
export const checkedDuration = (name: string, value: Duration.Input): Duration.Duration => {
  const duration = Option.filter(Duration.fromInput(value), Duration.isGreaterThan(Duration.zero))
  if (Option.isSome(duration)) return duration.value
  throw new TypeError(`${name} must be a duration above zero, such as "30 seconds", not ${String(value)}`)
}

/**
 * A defect of one input of a batch: an exception of a function, or a bug. It is the result of that input, so that the
 * others keep theirs.
 *
 * **Example** (The rows that failed)
 *
 * ```ts
 * import { Effect, Result } from "effect"
 * import { Runnable } from "rivulet"
 *
 * const parse = Runnable.fn((text: string): unknown => JSON.parse(text))
 * const rows = parse.batch(["1", "{"]).pipe(
 *   Effect.map((results) => results.filter(Result.isFailure).map(({ failure }) => failure.message))
 * )
 * ```
 */
export class RunnableDefectError
  extends Schema.TaggedError<RunnableDefectError>("rivulet/RunnableDefectError")("RunnableDefectError", {
    /** The name of the step and the message of the defect. */
    message: Schema.String,
    /** The name of the step. */
    step: Schema.String,
    /** The defect. */
    cause: Schema.Defect()
  })
{
  /** The same input has the same defect again. */
  readonly isRetryable: boolean = false
}
