/**
 * `ModelRouting.withHedge`: further requests for a call that shows nothing for a while. A call costs a fiber for each
 * request and one for the delay, a read one suspension.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { CallOptions } from "../../../CallOptions.ts"
import type { ChatModelError } from "../../../ChatModelError.ts"
import { checkedDuration, checkedNumber } from "../../defects.ts"
import { resumed, start } from "../../runnable/untilFirst.ts"
import type { OpenModel } from "../opening.ts"
import type { ChatInput } from "../request.ts"
import { errorOf, failureOf, judge, laterOptions, naming } from "./attempts.ts"
import type { StartedModel, When } from "./attempts.ts"
import { someModels, withModels } from "./models.ts"
import type { Candidate, Candidates, Known, ModelSource, ModelSources, WrapperOf } from "./models.ts"

/** Options of {@link withHedge}. */
export interface HedgeOptions<out Models extends ReadonlyArray<ModelSource> = ModelSources> {
  /** Other models, which get the further requests in turn. Absent: all requests go to the wrapped model. */
  readonly models?: Models | undefined
  /** The most requests of a call, at least 2. Defaults to one for each model, or 2 without other models. */
  readonly max?: number | undefined
  /**
   * The failures of one request that leave the call to the other requests: their reasons, or a function. Any other
   * failure is the call's. Defaults to all but `InvalidRequestError` and `ContentPolicyError`.
   */
  readonly when?: When | undefined
}

/**
 * Sends a second request when the first has shown nothing for a time. The request that gives the first chunk answers the
 * call, and the others are closed at once.
 *
 * **Details**
 *
 * - A further request starts each time `delay` has passed without a chunk, up to `max` requests.
 * - When a request fails before its first chunk, a model that was not asked yet is asked at once. A model that was asked
 *   is not, because it has retried by itself: the call waits for the requests that still run, and fails if there is none.
 * - A second request to the same model does no retries (`maxRetries: 0`), so that they are not multiplied. Other models
 *   retry as their options say.
 * - If all requests fail, the error is that of the last one, and its message and `attempts` have all of them.
 *   {@link answeredBy} reads from the message, or from the first chunk, which model answered.
 * - A `timeout.total` of the call is for all requests together.
 *
 * **Gotchas**
 *
 * A request that is closed is usually billed for its input. A delay that nine of ten calls stay below keeps that rare.
 *
 * **Example** (A second request after two seconds)
 *
 * ```ts
 * import { ModelRouting } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * const Same = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(ModelRouting.withHedge("2 seconds"))
 * const Other = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(
 *   ModelRouting.withHedge("2 seconds", { models: [OpenAi.make({ model: "gpt-6-luna" })] })
 * )
 * ```
 */
export const withHedge = <const Models extends ModelSources | readonly [] = readonly []>(
  delay: Duration.Input,
  options: HedgeOptions<Models & Known<Models>> = {}
): WrapperOf<Models> => {
  const others = options.models === undefined ? [] : someModels("withHedge: models", options.models)
  const settings: Settings = {
    delay: checkedDuration("withHedge: delay", delay),
    max: checkedNumber("withHedge: max", options.max ?? Math.max(2, others.length + 1), 2),
    falls: judge("withHedge", options.when)
  }
  return withModels(
    "withHedge",
    // Without other models the type of `Models` is that of an empty list.
    others as unknown as Models,
    (candidates): OpenModel => (input, options, whole) => (scope) =>
      Effect.withFiber((fiber) => {
        const hedge = new Hedge(settings, candidates, { input, options, whole }, fiber)
        return Effect.andThen(
          Scope.addFinalizerExit(scope, (exit) => hedge.close(exit)),
          Effect.map(hedge.first, resumed)
        )
      })
  )
}

interface Settings {
  readonly delay: Duration.Duration
  readonly max: number
  readonly falls: (error: ChatModelError) => boolean
}

interface Call {
  readonly input: ChatInput
  readonly options: CallOptions | undefined
  readonly whole: boolean
}

/** One request of a call, in a scope of its own. */
interface Request {
  readonly candidate: Candidate
  readonly scope: Scope.Closeable
}

/** An event that a call waits for: the first chunk or the failure of a request, or the end of the delay. */
type Signal =
  | { readonly _tag: "Ended"; readonly request: Request; readonly exit: Exit.Exit<StartedModel, ChatModelError> }
  /** `sent` is the number of requests when the delay began. */
  | { readonly _tag: "Delayed"; readonly sent: number }

/** The requests of one call. Fibers only signal; what follows is decided in the fiber of the call. */
class Hedge {
  readonly #settings: Settings
  readonly #candidates: Candidates
  readonly #call: Call
  readonly #services: Context.Context<never>
  readonly #clock: Clock.Clock
  readonly #since: number
  readonly #fibers: Array<Fiber.Fiber<unknown, unknown>> = []
  readonly #failures: Array<ChatModelError> = []
  /** Signals that came while nobody waited. */
  readonly #signals: Array<Signal> = []
  /** Gives a signal to the fiber that waits for one. */
  #resume: ((signal: Effect.Effect<Signal>) => void) | undefined
  #sent = 0
  #running = 0
  #winner: Request | undefined

  constructor(settings: Settings, candidates: Candidates, call: Call, fiber: Fiber.Fiber<unknown, unknown>) {
    this.#settings = settings
    this.#candidates = candidates
    this.#call = call
    this.#services = fiber.context
    this.#clock = fiber.getRef(Clock.Clock)
    this.#since = this.#clock.currentTimeMillisUnsafe()
  }

  /** The first chunks of the call. */
  readonly first: Effect.Effect<StartedModel, ChatModelError> = Effect.suspend(() => {
    this.#send()
    return this.#wait
  })

  /** One finalizer for everything. The answer is closed first, and the other requests are closing already. */
  close(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#stop()
      const others = Fiber.awaitAll(this.#fibers)
      return this.#winner === undefined ? others : Effect.andThen(Scope.close(this.#winner.scope, exit), others)
    })
  }

  /** Sends the next request, if there may be one. */
  #send(): void {
    const { delay, max } = this.#settings
    const { input, options, whole } = this.#call
    const later = this.#sent === 0 ? { options } : laterOptions(options, this.#clock, this.#since)
    if (this.#sent >= max || later === undefined) return
    const again = this.#sent >= this.#candidates.length
    // The index is less than the length, which is not 0.
    const candidate = this.#candidates[this.#sent++ % this.#candidates.length] as Candidate
    const request = { candidate, scope: Scope.makeUnsafe() }
    const open = candidate.open(input, again ? { ...later.options, maxRetries: 0 } : later.options, whole)
    this.#running++
    this.#fork(
      start(open, request.scope).pipe(
        Effect.tap(() => this.#win(request)),
        Effect.onExit((exit) => this.#winner === request ? Effect.void : Scope.close(request.scope, exit))
      ),
      (exit) => this.#signal({ _tag: "Ended", request, exit })
    )
    const sent = this.#sent
    if (sent === max) return
    // After the request, so that this is sent first.
    this.#fork(Effect.sleep(delay), (exit) => {
      if (Exit.isSuccess(exit)) this.#signal({ _tag: "Delayed", sent })
    })
  }

  /** The first request that has a chunk wins. Another one that has one at the same time is closed like the rest. */
  #win(request: Request): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#winner !== undefined) return Effect.interrupt
      this.#winner = request
      return Effect.void
    })
  }

  #fork<A, E>(effect: Effect.Effect<A, E>, ended: (exit: Exit.Exit<A, E>) => void): void {
    const fiber = Effect.runForkWith(this.#services)(effect)
    this.#fibers.push(fiber)
    fiber.addObserver(ended)
  }

  #signal(signal: Signal): void {
    const resume = this.#resume
    this.#resume = undefined
    if (resume === undefined) this.#signals.push(signal)
    else resume(Effect.succeed(signal))
  }

  readonly #wait: Effect.Effect<StartedModel, ChatModelError> = Effect.flatMap(
    Effect.callback<Signal>((resume) => {
      this.#resume = resume
      const signal = this.#signals.shift()
      if (signal !== undefined) this.#signal(signal)
    }),
    (signal) => signal._tag === "Delayed" ? this.#delayed(signal.sent) : this.#ended(signal)
  )

  #delayed(sent: number): Effect.Effect<StartedModel, ChatModelError> {
    // A failure may have sent the next request meanwhile, which has a delay of its own.
    if (sent === this.#sent) this.#send()
    return this.#wait
  }

  #ended({ exit, request }: Extract<Signal, { readonly _tag: "Ended" }>): Effect.Effect<StartedModel, ChatModelError> {
    this.#running--
    if (Exit.isSuccess(exit)) {
      this.#stop()
      return Effect.succeed(naming(request.candidate.model, exit.value))
    }
    const error = failureOf(exit.cause)
    if (error === undefined) return Effect.failCause(exit.cause)
    this.#failures.push(error)
    const falls = this.#settings.falls(error)
    if (falls && this.#sent < this.#candidates.length) this.#send()
    return falls && this.#running > 0
      ? this.#wait
      : Effect.failCause(Cause.map(exit.cause, () => errorOf(this.#failures, error)))
  }

  /** Closes all requests but the one that answers. Nobody waits for that here, so that no chunk is held up. */
  #stop(): void {
    for (const fiber of this.#fibers) fiber.interruptUnsafe()
  }
}
