/**
 * `ModelLimits.withRateLimit`: a limiter around the calls of a model. Every request counts, retries included. A read costs
 * one Effect operation.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import { merge } from "../../CallOptions.ts"
import type { CallOptions, Retry } from "../../CallOptions.ts"
import { ChatModelError, NetworkError, RateLimitError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { AIMessage, PartialAIMessage } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { checkedDuration, checkedNumber, textOf } from "../defects.ts"
import { nameOf } from "../excerpt.ts"
import type { ChunkFold } from "../step/fold.ts"
import { observed } from "../step/run.ts"
import type { Run } from "../step/types.ts"
import { Calibration, estimateInput, estimateOutput } from "./estimate.ts"
import { makeLimiter, makeMemoryStore } from "./limiter.ts"
import type { Admitted, Limiter } from "./limiter.ts"
import { toMessages } from "./messages.ts"
import type { OpenModel } from "./opening.ts"
import type { Service } from "./service.ts"
import { Spending } from "./spending.ts"
import type { WindowLimit } from "./windows.ts"
import { wrapModel, wrapper } from "./wrap.ts"
import type { Wrapper } from "./wrap.ts"

/** A limit within any window of a length. */
export interface RateLimit {
  /** The most requests within a window. At least 1. Defaults to no limit. */
  readonly requests?: number | undefined
  /** The most tokens within a window. At least 1. Defaults to no limit. */
  readonly tokens?: number | undefined
  /** The length of the window. Above zero. */
  readonly window: Duration.Input
}

/** The limits of a model, of which at least one is needed. */
export interface RateLimitOptions {
  /** The most requests within any minute, retries included. At least 1. Defaults to no limit. */
  readonly requestsPerMinute?: number | undefined
  /** The most tokens within any minute, of requests and answers. At least 1. Defaults to no limit. */
  readonly tokensPerMinute?: number | undefined
  /** The most calls that run at the same time. At least 1. Defaults to no limit. */
  readonly concurrency?: number | undefined
  /** Limits for other windows, such as a second or a day. All limits hold at once. Defaults to none. */
  readonly limits?: ReadonlyArray<RateLimit> | undefined
  /**
   * The tokens that an answer is expected to have, for the estimate before a call. Defaults to `maxTokens` of the call, or
   * to 1,000.
   */
  readonly expectedOutput?: number | undefined
  /** The longest time that a call waits for its start. Then it fails with `RateLimitError`. Defaults to no limit. */
  readonly maxWait?: Duration.Input | undefined
}

/**
 * Limits how many requests and tokens go to a model, or the model of a layer, within any window of time, and how many calls
 * run at once. Calls wait for their start in the order in which they came.
 *
 * **Details**
 *
 * - No window ever holds more than its limit, wherever it begins: a burst after a pause is a part of the limit.
 * - Every request counts. A retry of the model waits for room, too, but not behind the calls that wait.
 * - Tokens are estimated before a call: the input as by `TokenCount.estimate`, the answer by `expectedOutput`, or else by
 *   `maxTokens`. The estimate of the input is corrected by the usage of earlier answers. When an answer ends, its usage
 *   replaces its estimate. A call whose estimate exceeds the limit waits until no other is within the window.
 * - A `RateLimitError` with a `retryAfter`, also one that the model retries itself, lets nothing start for that time.
 * - The wait for the start counts in no time limit of the call. The wait of a retry counts in `timeout.total`.
 * - A call that is left while it waits takes nothing.
 * - All models that one wrapper wraps share its limits, as the models of one account do. The limits are kept in the memory
 *   of the process; `rivulet/ModelLimitsRedis` shares them among processes.
 *
 * **Gotchas**
 *
 * Put it right around the model that has the limit. Around `withFallbacks` it sees one call where there may be several
 * requests, and around a cache it counts answers for which none is made.
 *
 * **Example** (The limits of an account)
 *
 * ```ts
 * import { ModelLimits } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const limited = ModelLimits.withRateLimit({ requestsPerMinute: 50, tokensPerMinute: 30_000, concurrency: 8 })
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(limited)
 * ```
 */
export const withRateLimit = (options: RateLimitOptions): Wrapper => {
  const checked = checkedLimits("ModelLimits.withRateLimit", options)
  const limiter = makeLimiter(makeMemoryStore(checked.windows), checked.concurrency)
  return wrapper(limitedBy(limiter, checked))
}

// -----------------------------------------------------------------------------
// options
// -----------------------------------------------------------------------------

/** Options of a limiter, checked. */
export interface CheckedLimits {
  readonly windows: ReadonlyArray<WindowLimit>
  readonly concurrency: number | undefined
  readonly expectedOutput: number | undefined
  readonly maxWait: Duration.Duration | undefined
}

/** Checks the options of a limiter. It throws for a number or a duration without a meaning. */
export const checkedLimits = (caller: string, options: RateLimitOptions): CheckedLimits => {
  const { concurrency, expectedOutput, limits = [], maxWait, requestsPerMinute, tokensPerMinute } = options
  if (!Array.isArray(limits)) throw new TypeError(`${caller}: limits must be a list, not ${nameOf(limits)}`)
  const number = (name: string, value: number | undefined, min: number) =>
    value === undefined ? undefined : checkedNumber(`${caller}: ${name}`, value, min)
  const windows = [
    {
      requests: number("requestsPerMinute", requestsPerMinute, 1),
      tokens: number("tokensPerMinute", tokensPerMinute, 1),
      window: 60_000_000
    },
    ...limits.map(({ requests, tokens, window }, i) => ({
      requests: number(`limits[${i}].requests`, requests, 1),
      tokens: number(`limits[${i}].tokens`, tokens, 1),
      window: Math.ceil(Duration.toMillis(checkedDuration(`${caller}: limits[${i}].window`, window)) * 1000)
    }))
  ].flatMap(({ requests = Infinity, tokens = Infinity, window }) =>
    requests === Infinity && tokens === Infinity ? [] : [{ requests: Math.floor(requests), tokens, window }]
  )
  const checked = {
    windows,
    concurrency: number("concurrency", concurrency, 1),
    expectedOutput: number("expectedOutput", expectedOutput, 0),
    maxWait: maxWait === undefined ? undefined : checkedDuration(`${caller}: maxWait`, maxWait)
  }
  if (windows.length > 0 || checked.concurrency !== undefined) return checked
  throw new TypeError(`${caller}: give at least one limit`)
}

// -----------------------------------------------------------------------------
// calls
// -----------------------------------------------------------------------------

/** Puts a limiter around the calls of models. */
export const limitedBy = (
  limiter: Limiter<unknown>,
  { expectedOutput, maxWait, windows }: CheckedLimits
) => {
  const countsTokens = windows.some(({ tokens }) => tokens !== Infinity)
  return (model: Service): Service => {
    const { model: name, options: defaults = {}, provider } = model
    const calibration = new Calibration()
    const fail = (reason: Reason) => Effect.fail(new ChatModelError({ provider, model: name, reason }))
    const start = (tokens: number, scope: Scope.Scope): Effect.Effect<Admitted, ChatModelError> => {
      const admitted = Effect.catch(
        limiter.start(tokens, scope),
        (error) => fail(new NetworkError({ message: `The store of the rate limit failed: ${textOf(error)}` }))
      )
      return maxWait === undefined ? admitted : Effect.timeoutOrElse(admitted, {
        duration: maxWait,
        orElse: () =>
          fail(new RateLimitError({ message: `The call could not start within ${Duration.format(maxWait)}` }))
      })
    }
    return wrapModel(model, (open): OpenModel => (input, options, whole) => (scope) =>
      Effect.suspend(() => {
        const messages = toMessages(input)
        const merged = merge(defaults, options)
        const estimate = countsTokens ? estimateInput(messages, merged) : 0
        const inputTokens = calibration.corrected(estimate)
        const tokens = countsTokens ? inputTokens + estimateOutput(merged, expectedOutput) : 0
        return Effect.flatMap(start(tokens, scope), (admitted) => {
          const call = new LimitedCall(limiter, calibration, { estimate, inputTokens, tokens }, admitted)
          const onRetry = (retry: Retry) => call.retry(retry, merged.onRetry)
          const run = Effect.suspend(() => open(messages, { ...options, onRetry }, whole)(scope))
          return Effect.catchCause(
            Effect.map(
              countsTokens ? Effect.andThen(Scope.addFinalizer(scope, call.left), run) : run,
              call.follow
            ),
            call.failed
          )
        })
      }))
  }
}

interface Estimates {
  /** The estimate of the input, as it was made. */
  readonly estimate: number
  /** The estimate of the input, corrected. */
  readonly inputTokens: number
  /** The estimate of the call. */
  readonly tokens: number
}

type AnswerRun = Run<AIMessageChunk, AIMessage, ChatModelError, never>

/** One call. It settles the tokens of its requests. */
class LimitedCall {
  readonly #limiter: Limiter<unknown>
  readonly #calibration: Calibration
  readonly #estimates: Estimates
  /** The last request; undefined when its tokens are settled. */
  #admitted: Admitted | undefined
  #spending: Spending
  /** The fold of the answer, once it has begun. */
  #fold: ChunkFold<AIMessageChunk, AIMessage> | undefined

  constructor(limiter: Limiter<unknown>, calibration: Calibration, estimates: Estimates, admitted: Admitted) {
    this.#limiter = limiter
    this.#calibration = calibration
    this.#estimates = estimates
    this.#admitted = admitted
    this.#spending = new Spending(estimates.inputTokens)
  }

  /**
   * The run of the answer. The tokens are read from its fold at the end: a model folds its answer in any case, so a delta
   * costs nothing here.
   */
  readonly follow = (run: AnswerRun): AnswerRun => {
    const fold = run.fold()
    const counts = this.#estimates.tokens > 0
    this.#fold = counts ? fold : undefined
    let last: AIMessageChunk | undefined
    return observed(run, {
      chunks: counts
        ? (chunks) => {
          fold.add(chunks)
          last = chunks[chunks.length - 1]
        }
        : () => {},
      end: () =>
        Effect.suspend(() => {
          if (counts) this.#spending.take(last?.usage === undefined ? fold.done() : { parts: [], usage: last.usage })
          return this.#settle(this.#spending.ended())
        }),
      failed: this.failed
    })
  }

  /** The consumer left. */
  readonly left: Effect.Effect<void> = Effect.suspend(() => {
    this.#takePart()
    return this.#settle(this.#spending.left())
  })

  readonly failed = (cause: Cause.Cause<ChatModelError>): Effect.Effect<never, ChatModelError> => {
    const error = Option.getOrUndefined(Cause.findErrorOption(cause))
    return error === undefined
      ? Effect.failCause(cause)
      : Effect.andThen(this.#failedWith(error), Effect.failCause(cause))
  }

  /** A retry is a request of its own. */
  retry(retry: Retry, onRetry: CallOptions["onRetry"]): Effect.Effect<unknown> {
    const restarted = Effect.suspend(() => this.#limiter.restart(this.#estimates.tokens, retry.delay)).pipe(
      Effect.map((admitted) => {
        this.#admitted = admitted
        this.#spending = new Spending(this.#estimates.inputTokens)
      }),
      // The call waits for its retry in any case, and does not fail for a store.
      Effect.catch((error) => Effect.logWarning("A retry was not counted by the rate limit", error))
    )
    return Effect.gen({ self: this }, function*() {
      yield* this.#failedWith(retry.error)
      const told = yield* Effect.exit(onRetry === undefined ? Effect.void : Effect.suspend(() => onRetry(retry)))
      yield* restarted
      return yield* told
    })
  }

  #failedWith(error: ChatModelError): Effect.Effect<void> {
    const { reason } = error
    this.#takePart()
    const settled = this.#settle(this.#spending.failed(error))
    return reason._tag === "RateLimitError" && reason.retryAfter !== undefined
      ? Effect.andThen(this.#limiter.pause(reason.retryAfter), settled)
      : settled
  }

  /** Takes the part of the answer that came. */
  #takePart(): void {
    if (this.#admitted === undefined) return
    // Absent, or a partial message; the type of a fold does not say so.
    const partial = this.#fold?.partial() as PartialAIMessage | undefined
    if (partial !== undefined) this.#spending.take(partial)
  }

  /** If the usage is unknown, the estimate stays. */
  #settle(spent: Usage | undefined): Effect.Effect<void> {
    const admitted = this.#admitted
    if (admitted === undefined || this.#estimates.tokens === 0) return Effect.void
    this.#admitted = undefined
    if (this.#spending.usage !== undefined) this.#calibration.learn(this.#estimates.estimate, this.#spending.usage)
    return spent === undefined ? Effect.void : admitted.settle(spent.totalTokens)
  }
}
