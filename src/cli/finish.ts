/**
 * The end of a complete answer: a model that declined, and an answer cut by a token limit. show.ts, events.ts and
 * compare.ts call it when a stream has ended.
 */
import * as Effect from "effect/Effect"
import type { CallOptions } from "../CallOptions.ts"
import type { Finish } from "../Finish.ts"
import { isObject } from "../internal/json/object.ts"
import type { Metadata } from "../Message.ts"
import { Declined, Reported } from "./errors.ts"
import { lengthCode } from "./exitCodes.ts"
import { note } from "./output.ts"

/** The options that tell what to do with an answer that was cut. */
export interface FinishOptions {
  /** The options of the call. Defaults to none. */
  readonly call?: CallOptions | undefined
  /** Whether an answer cut by a token limit is a failure. Defaults to `false`. */
  readonly failOnLength?: boolean | undefined
}

/** An answer that has ended. */
export interface Ended {
  /** Absent: it was interrupted. */
  readonly finish: Finish | undefined
  /** The metadata of its last chunk. */
  readonly metadata: Metadata | undefined
  readonly hasText: boolean
}

/** A sentence about an answer that was cut, or undefined if it was not. */
export const cutLine = ({ finish, hasText, metadata }: Ended, { call }: FinishOptions): string | undefined => {
  if (finish?.reason !== "length") return undefined
  const why = hasText ? undefined : limitWarning(metadata)
  if (why !== undefined) return `The answer has no text. ${why} (--max-tokens, --reasoning)`
  return call?.maxTokens === undefined
    ? `The answer is cut off at a token limit (${finish.raw || finish.reason}). Set the limit with --max-tokens`
    : `The answer is cut off at the limit of --max-tokens ${call.maxTokens}`
}

/** The last warning of a message about its limit. */
const limitWarning = (metadata: Metadata | undefined): string | undefined => {
  const warnings = metadata?.["warnings"]
  const all: ReadonlyArray<unknown> = Array.isArray(warnings) ? warnings : []
  const last = all.filter(isObject).findLast(({ field }) => field === "maxTokens")?.["reason"]
  return typeof last === "string" ? last : undefined
}

/** Fails if the model declined, and tells of a cut answer. An answer that was interrupted has no finish. */
export const checkFinish = (ended: Ended, options: FinishOptions): Effect.Effect<void, Declined | Reported> => {
  const { finish } = ended
  if (finish?.reason === "refusal" || finish?.reason === "content_filter") {
    return Effect.fail(new Declined({ reason: finish.raw || finish.reason }))
  }
  const line = cutLine(ended, options)
  if (line === undefined) return Effect.void
  return Effect.andThen(
    note(line),
    options.failOnLength === true ? Effect.fail(new Reported({ code: lengthCode })) : Effect.void
  )
}
