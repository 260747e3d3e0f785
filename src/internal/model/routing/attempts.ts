/**
 * Attempts of one call at several models: which failures let another model try, the error if none answers, the time that
 * is left, and who answered. Used by the wrappers beside it. A delta costs nothing here.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { AIMessageChunk } from "../../../AIMessageChunk.ts"
import type { CallOptions } from "../../../CallOptions.ts"
import { ChatModelError, Reason } from "../../../ChatModelError.ts"
import type { Attempt } from "../../../ChatModelError.ts"
import type { AIMessage, Metadata, PartialAIMessage } from "../../../Message.ts"
import { nameOf } from "../../excerpt.ts"
import { isObject } from "../../json/object.ts"
import { optional } from "../../optional.ts"
import { plain } from "../../returned.ts"
import type { Started } from "../../runnable/untilFirst.ts"
import type { ChunkFold } from "../../step/fold.ts"
import { withPull } from "../../step/run.ts"
import type { Service } from "../service.ts"

// -----------------------------------------------------------------------------
// failures
// -----------------------------------------------------------------------------

/** The failures after which another model may answer: their reasons, or a function that says so. */
export type When = ReadonlyArray<Reason["_tag"]> | ((error: ChatModelError) => boolean)

/**
 * The failures after which another model may answer, unless a wrapper is told otherwise: all but `InvalidRequestError`,
 * which every model would give, and `ContentPolicyError`, because a refusal is an answer that an app may not want to go
 * around.
 *
 * **Example** (One reason more)
 *
 * ```ts
 * import { ModelRouting } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(
 *   ModelRouting.withFallbacks([OpenAi.make({ model: "gpt-6-luna" })], {
 *     when: (error) => ModelRouting.otherModelMayAnswer(error) || error.reason._tag === "ContentPolicyError"
 *   })
 * )
 * ```
 */
export const otherModelMayAnswer = ({ reason }: ChatModelError): boolean =>
  reason._tag !== "InvalidRequestError" && reason._tag !== "ContentPolicyError"

const tags: ReadonlySet<unknown> = new Set(Reason.members.map((member) => member.fields._tag.schema.literal))

/** A function that says whether another model may answer. */
export const judge = (name: string, when: When | undefined): (error: ChatModelError) => boolean => {
  if (when === undefined) return otherModelMayAnswer
  if (typeof when === "function") return plain(`${name}: when`, when)
  if (!Array.isArray(when)) {
    throw new TypeError(`${name}: when must be a list of reasons or a function, not ${nameOf(when)}`)
  }
  for (const tag of when) {
    if (!tags.has(tag)) throw new TypeError(`${name}: when: ${nameOf(tag)} is no reason of a ChatModelError`)
  }
  return ({ reason }) => when.includes(reason._tag)
}

/** The failure of an attempt. Undefined for a defect or an interruption, which no other attempt hides. */
export const failureOf = (cause: Cause.Cause<ChatModelError>): ChatModelError | undefined =>
  Cause.hasDies(cause) || Cause.hasInterrupts(cause) ? undefined : Option.getOrUndefined(Cause.findErrorOption(cause))

/** The error of a call whose attempts have all failed: the last failure, with all of them in order. */
export const errorOf = (failures: ReadonlyArray<ChatModelError>, last: ChatModelError): ChatModelError => {
  if (failures.length === 1) return last
  const { cause, metadata, model, partial, provider, reason } = last
  const attempts = failures.flatMap(attemptsOf)
  // Assigned, as the constructor would check it: what an adapter gave may be no JSON, and the reason must be told.
  return Object.assign(
    new ChatModelError({ provider, model, reason, metadata, attempts }),
    optional("partial", partial),
    optional("cause", cause)
  )
}

const attemptsOf = (error: ChatModelError): ReadonlyArray<Attempt> => {
  if (error.attempts !== undefined) return error.attempts
  const { metadata, model, provider, reason, requestId } = error
  const all = requestId === undefined ? metadata : { ...metadata, requestId }
  return [{ provider, model, reason, ...optional("metadata", all) }]
}

// -----------------------------------------------------------------------------
// time
// -----------------------------------------------------------------------------

/**
 * The options of a later attempt of a call. The limit of the whole call (`timeout.total`) is for all attempts together.
 * Undefined if nothing of it is left.
 */
export const laterOptions = (
  options: CallOptions | undefined,
  clock: Clock.Clock,
  since: number
): { readonly options: CallOptions | undefined } | undefined => {
  const given = options?.timeout?.total
  if (given === undefined || given === false) return { options }
  const total = Duration.fromInput(given)
  // The model itself rejects a value that is no duration.
  if (Option.isNone(total)) return { options }
  const left = Duration.toMillis(total.value) - (clock.currentTimeMillisUnsafe() - since)
  return left > 0 ? { options: { ...options, timeout: { ...options?.timeout, total: left } } } : undefined
}

// -----------------------------------------------------------------------------
// who answered
// -----------------------------------------------------------------------------

/** A model by its names. */
export interface Answerer {
  /** The name of the provider, such as `anthropic`. */
  readonly provider: string
  /** The name of the model, as the app asked for it. */
  readonly model: string
}

/**
 * The model that gave an answer, if the answer came through a wrapper of several models. It also takes a chunk: the first
 * one says it.
 *
 * **Example** (Who was it?)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, ModelRouting } from "rivulet"
 *
 * const name = ChatModel.invoke("Hi").pipe(
 *   Effect.map((message) => ModelRouting.answeredBy(message)?.model ?? "the only model")
 * )
 * ```
 */
export const answeredBy = (
  message: AIMessage | PartialAIMessage | AIMessageChunk
): Answerer | undefined => {
  const said = message.metadata?.["answeredBy"]
  if (!isObject(said)) return undefined
  const { model, provider } = said
  return typeof provider === "string" && typeof model === "string" ? { provider, model } : undefined
}

/** The run of a model whose first chunks have been read. */
export type StartedModel = Started<AIMessageChunk, AIMessage, ChatModelError, never>

/** The same run, which says who answers: in its first chunk, and in the message that a run folds by itself. */
export const naming = ({ model, provider }: Service, { first, run }: StartedModel): StartedModel => {
  const name = { provider, model }
  return {
    first: first && [named(first[0], name), ...first.slice(1)],
    run: {
      ...withPull(run, run.pull),
      fold: (): ChunkFold<AIMessageChunk, AIMessage> => {
        const fold = run.fold()
        return {
          ...fold,
          partial: () => {
            const partial = fold.partial()
            // Absent, or a partial message; the type of a fold does not say so.
            return partial === undefined ? undefined : named(partial as PartialAIMessage, name)
          },
          done: () => named(fold.done(), name)
        }
      }
    }
  }
}

/** A wrapper inside has said it, and knows better. */
const named = <A extends { readonly metadata?: Metadata | undefined }>(value: A, { model, provider }: Answerer): A =>
  value.metadata?.["answeredBy"] === undefined
    ? { ...value, metadata: { ...value.metadata, answeredBy: { provider, model } } }
    : value
