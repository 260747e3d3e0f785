/**
 * Failures from one thread to the other. Those of Rivulet's own classes arrive as the same class; of any other error its
 * tag, its message and its plain fields arrive.
 */
import * as Cause from "effect/Cause"
import * as Formatter from "effect/Formatter"
import * as Schema from "effect/Schema"
import { ChatHistoryError } from "../ChatHistory.ts"
import { ChatModelError } from "../ChatModelError.ts"
import { optional } from "../internal/optional.ts"
import { OutputParserError } from "../internal/parsers/error.ts"
import { RouteError } from "../internal/runnable/route.ts"
import { RunnableTimeoutError } from "../internal/runnable/timeout.ts"
import { ModelRegistryError } from "../ModelRegistry.ts"
import type { Failure } from "./protocol.ts"

/**
 * A failure of the other thread that has no class in this one: an error of the caller's own chain, or a defect.
 *
 * **Example** (An error of your own chain)
 *
 * ```ts
 * import * as Sync from "rivulet/Sync"
 *
 * try {
 *   Sync.invoke("Hi", { module: "./chain.mjs" })
 * } catch (error) {
 *   if (error instanceof Sync.SyncError && error.tag === "NoSuchCity") console.error("No such city", error.failure)
 *   else throw error
 * }
 * ```
 */
export class SyncError extends Schema.TaggedError<SyncError>("rivulet/SyncError")("SyncError", {
  /** The message of the failure. */
  message: Schema.String,
  /** The `_tag` of the failure, if it has one. */
  tag: Schema.UndefinedOr(Schema.String),
  /** The fields of the failure, as far as they can be copied to another thread. */
  failure: Schema.Unknown,
  /** The failure with its stack in the worker thread, if it is an `Error`. */
  cause: Schema.optional(Schema.Unknown)
}) {}

const Known = Schema.Union([
  ChatModelError,
  OutputParserError,
  RouteError,
  RunnableTimeoutError,
  ModelRegistryError,
  ChatHistoryError
])
const isKnown = Schema.is(Known)

/** The failure of a run, in the worker. */
export const encodeFailure = (cause: Cause.Cause<unknown>): Failure => {
  const error = Cause.squash(cause)
  const message = error instanceof Error ? error.message : typeof error === "string" ? error : Formatter.format(error)
  const tag = hasTag(error) ? error._tag : undefined
  return isKnown(error)
    ? { known: true, tag, message, fields: Schema.encodeSync(Schema.toCodecJson(Known))(error) }
    : { known: false, tag, message, fields: plain(error), error: error instanceof Error ? copyOf(error) : undefined }
}

/** The error that the waiting thread throws. Its stack leads to the caller, and not through its decoder. */
export const decodeFailure = ({ error: cause, fields, known, message, tag }: Failure): Error => {
  const error = known
    ? Schema.decodeUnknownSync(Schema.toCodecJson(Known))(fields)
    : new SyncError({
      message: message || (tag ?? "The run failed"),
      tag,
      failure: fields,
      ...optional("cause", cause)
    })
  Error.captureStackTrace(error, decodeFailure)
  return error
}

/** The failure of all runs when the worker is gone, as a chain ended it. The next run starts another. */
export const workerEnded = (): SyncError =>
  new SyncError({ message: "The worker thread of rivulet/Sync has ended", tag: undefined, failure: undefined })

const hasTag = (error: unknown): error is { readonly _tag: string } =>
  typeof error === "object" && error !== null && "_tag" in error && typeof error._tag === "string"

/** A copy, without the fields that cannot be copied. The message of an error is beside it. */
const plain = (value: unknown): unknown => {
  const whole = value instanceof Error ? undefined : copyOf(value)
  return whole === undefined && typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copyOf(field)]))
    : whole
}

/** A copy, or undefined if there is none. */
const copyOf = (value: unknown): unknown => {
  try {
    return structuredClone(value)
  } catch {
    return undefined
  }
}
