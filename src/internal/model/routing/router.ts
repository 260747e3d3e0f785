/**
 * `ModelRouting.withRouter`: one of several models for each call. The state of a router is made when it is applied. A
 * call costs a choice among the models, a read one frame that sees a failure.
 */
import * as Arr from "effect/Array"
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import type { CallOptions } from "../../../CallOptions.ts"
import type { ChatModelError } from "../../../ChatModelError.ts"
import { nameOf } from "../../excerpt.ts"
import { isObject } from "../../json/object.ts"
import { plain } from "../../returned.ts"
import { withPull } from "../../step/run.ts"
import { toMessages } from "../messages.ts"
import type { OpenModel } from "../opening.ts"
import type { ChatInput } from "../request.ts"
import type { ModelRequest } from "../transform.ts"
import { judge } from "./attempts.ts"
import type { StartedModel, When } from "./attempts.ts"
import { best, byKey, byLatency, byWeight, checkedWeights, isNonEmpty } from "./choice.ts"
import type { Choosable, Choose } from "./choice.ts"
import { Circuit, coolDownOf } from "./circuit.ts"
import type { CoolDown, CoolDownOptions } from "./circuit.ts"
import { inTurn } from "./inTurn.ts"
import type { Turns } from "./inTurn.ts"
import { someModels, withModels } from "./models.ts"
import type { Candidate, Candidates, Known, ModelSources, WrapperOf } from "./models.ts"

/** Options of {@link withRouter}. */
export interface RouterOptions {
  /**
   * How a model is chosen: by chance (`random`), by chance with one weight for each model, the wrapped one first, or the
   * one with the lowest `latency`. A model of weight 0 is only asked when the others fail or are left out. Defaults to
   * `random`.
   */
  readonly strategy?: "random" | "latency" | { readonly weights: ReadonlyArray<number> } | undefined
  /**
   * Calls with the same key go to the same model, as long as it is healthy: for prompt caches, or so that a conversation
   * keeps its voice. A call without a key is routed by the strategy. Absent: no call has one.
   */
  readonly key?: ((request: ModelRequest) => string | undefined) | undefined
  /** When a model that fails is left out, and for how long. `false`: never. Each option has its own default. */
  readonly coolDown?: CoolDownOptions | false | undefined
  /**
   * The failures before the first chunk after which another model is asked: their reasons, or a function. Defaults to
   * all but `InvalidRequestError` and `ContentPolicyError`.
   */
  readonly when?: When | undefined
}

/**
 * Sends each call to one of several models: the wrapped one and the others.
 *
 * **Details**
 *
 * - When a call fails before its first chunk, the next healthy model is asked, as with {@link withFallbacks}: the retries,
 *   the options, the error and {@link answeredBy} are as there.
 * - `latency` is the time to the first chunk, with the retries before it, as a moving average in which each measurement
 *   counts 30 %. Models without a measurement go first. One call in twenty goes to the model that was measured longest
 *   ago.
 * - After some failures in a row (`coolDown`) a model is left out, and a warning is logged. When the time is over, one
 *   call tries it: an answer makes it healthy, a failure doubles the time. Failures after the first chunk count too.
 *   Those that the request causes do not: `InvalidRequestError`, `UnsupportedError`, `ContextLengthError`,
 *   `ContentPolicyError`, `BudgetExceededError`, and `TimeoutError` of the whole call.
 * - If all models are left out they are asked all the same, the one whose time ends first before the others.
 * - A key is hashed with the names of the models (rendezvous hashing), so that all processes agree, and a model that goes
 *   moves no key of the others. Two models with the same name are told apart by their order. Weights hold for keys, too.
 * - The choice by chance uses Effect's `Random`, and times its `Clock`. Every layer or model that is wrapped has a state
 *   of its own.
 *
 * **Gotchas**
 *
 * A call that is interrupted before its first chunk says nothing about its model. Use the option `timeout`, not
 * `Effect.timeout`, so that a model that hangs is left out.
 *
 * **Example** (Two models, and users that stay with one)
 *
 * ```ts
 * import { ModelRouting } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5", maxRetries: 0 }).pipe(
 *   ModelRouting.withRouter([OpenAi.make({ model: "gpt-6-luna", maxRetries: 0 })], {
 *     strategy: { weights: [3, 1] },
 *     key: ({ options }) => options.metadata?.["user_id"],
 *     coolDown: { failures: 5, duration: "30 seconds" }
 *   })
 * )
 * ```
 */
export const withRouter = <const Models extends ModelSources>(
  models: Models & Known<Models>,
  options: RouterOptions = {}
): WrapperOf<Models> => {
  const others = someModels<Models>("withRouter", models)
  const { key, strategy = "random" } = options
  if (strategy !== "random" && strategy !== "latency" && !(isObject(strategy) && Array.isArray(strategy.weights))) {
    throw new TypeError(
      `withRouter: strategy must be "random", "latency" or { weights: [...] }, not ${nameOf(strategy)}`
    )
  }
  const settings: Settings = {
    falls: judge("withRouter", options.when),
    coolDown: coolDownOf("withRouter: coolDown", options.coolDown),
    key: key && plain("withRouter: key", key),
    weights: typeof strategy === "object"
      ? checkedWeights("withRouter: weights", strategy.weights, others.length + 1)
      : undefined,
    chooseOf: strategy === "latency" ? byLatency : () => byWeight
  }
  return withModels(
    "withRouter",
    others,
    (candidates) => open(membersOf(candidates, settings), settings, settings.chooseOf())
  )
}

interface Settings {
  readonly falls: (error: ChatModelError) => boolean
  readonly coolDown: CoolDown
  readonly key: ((request: ModelRequest) => string | undefined) | undefined
  readonly weights: ReadonlyArray<number> | undefined
  readonly chooseOf: () => Choose
}

const open = (members: Members, { falls, key }: Settings, choose: Choose): OpenModel => {
  const keyOf = (input: ChatInput, options: CallOptions | undefined): string | undefined => {
    // A function without types may give null for no key.
    const own = key?.({ messages: toMessages(input), options: options ?? {} }) ?? undefined
    if (own === undefined || typeof own === "string") return own
    throw new TypeError(`withRouter: key must return a text, not ${nameOf(own)}`)
  }
  return (input, options, whole) => (scope) =>
    Effect.withFiber((fiber) => {
      const own = keyOf(input, options)
      const call = new RoutedCall(members, own === undefined ? choose : byKey(own), fiber)
      return Effect.andThen(
        Scope.addFinalizer(scope, Effect.sync(() => call.left())),
        inTurn(falls, () => call)(input, options, whole)(scope)
      )
    })
}

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/** One model of a router, with its measurements and its circuit. */
class Member implements Choosable {
  readonly id: string
  readonly weight: number
  readonly candidate: Candidate
  readonly circuit: Circuit
  latency: number | undefined
  measured = 0
  waiting = 0

  constructor(id: string, weight: number, candidate: Candidate, coolDown: CoolDown) {
    this.id = id
    this.weight = weight
    this.candidate = candidate
    this.circuit = new Circuit(coolDown)
  }

  measure(time: number, now: number): void {
    this.latency = this.latency === undefined ? time : this.latency + (time - this.latency) * 0.3
    this.measured = now
  }
}

type Members = NonEmptyReadonlyArray<Member>

const membersOf = (candidates: Candidates, { coolDown, weights }: Settings): Members => {
  const counts = new Map<string, number>()
  return Arr.map(candidates, (candidate, i) => {
    const { model, provider } = candidate.model
    const name = `${provider}/${model}`
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return new Member(count === 1 ? name : `${name}#${count}`, weights?.[i] ?? 1, candidate, coolDown)
  })
}

/** Whether a failure says something about the model. Others are due to the request, or to the caller's time limit. */
const isUnhealthy = ({ reason }: ChatModelError): boolean => {
  switch (reason._tag) {
    case "InvalidRequestError":
    case "UnsupportedError":
    case "ContextLengthError":
    case "ContentPolicyError":
    case "BudgetExceededError":
      return false
    case "TimeoutError":
      return reason.phase !== "total"
    default:
      return true
  }
}

// -----------------------------------------------------------------------------
// calls
// -----------------------------------------------------------------------------

/** One call of a router. It reports the outcomes of its turns to the models. */
class RoutedCall implements Turns {
  readonly #members: Members
  readonly #choose: Choose
  readonly #clock: Clock.Clock
  readonly #random: Random.Random
  readonly #asked = new Set<Member>()
  /** No model was healthy when the call began, so all are asked. */
  #desperate = false
  #visit: Visit
  readonly first: Candidate

  constructor(members: Members, choose: Choose, fiber: Fiber.Fiber<unknown, unknown>) {
    this.#members = members
    this.#choose = choose
    this.#clock = fiber.getRef(Clock.Clock)
    this.#random = fiber.getRef(Random.Random)
    this.#visit = this.#ask(this.#choice() ?? members[0])
    this.first = this.#visit.member.candidate
  }

  readonly next = (): Candidate | undefined => {
    const member = this.#choice()
    if (member === undefined) return undefined
    this.#visit = this.#ask(member)
    return member.candidate
  }

  readonly failed = (error: ChatModelError): Effect.Effect<void> =>
    Effect.suspend(() => {
      const time = this.#visit.failed(error, this.#now())
      return time === undefined ? Effect.void : Effect.logWarning(
        `${this.#visit.member.id} is left out for ${Duration.format(Duration.millis(time))}: ${error.message}`
      )
    })

  readonly chosen = ({ first, run }: StartedModel): StartedModel => {
    this.#visit.answered(this.#now())
    const pull = Effect.catchCause(run.pull, (cause) => Effect.andThen(this.#ended(cause), Effect.failCause(cause)))
    return { first, run: withPull(run, pull) }
  }

  /** The caller has left, or the call is over. */
  left(): void {
    this.#visit.left()
  }

  #now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  #choice(): Member | undefined {
    const now = this.#now()
    const others = this.#members.filter((member) => !this.#asked.has(member))
    const healthy = others.filter(({ circuit }) => circuit.isHealthy(now))
    if (isNonEmpty(healthy)) return this.#choose(healthy, this.#random)
    this.#desperate ||= this.#asked.size === 0
    return this.#desperate && isNonEmpty(others) ? best(others, ({ circuit }) => -circuit.until) : undefined
  }

  #ask(member: Member): Visit {
    this.#asked.add(member)
    return new Visit(member, this.#now())
  }

  #ended(cause: Cause.Cause<ChatModelError | Cause.Done>): Effect.Effect<void> {
    const error = Option.getOrUndefined(Cause.findErrorOption(cause))
    if (error === undefined) return Effect.void
    return Cause.isDone(error) ? Effect.sync(() => this.#visit.succeeded()) : this.failed(error)
  }
}

/** One model that a call asks. Its outcome counts once. */
class Visit {
  readonly member: Member
  readonly #probe: boolean
  readonly #since: number
  #state: "waiting" | "answering" | "over" = "waiting"

  constructor(member: Member, now: number) {
    this.member = member
    this.#probe = member.circuit.enter()
    this.#since = now
    member.waiting++
  }

  /** The first chunk has come. */
  answered(now: number): void {
    this.#enter("answering")
    this.member.measure(now - this.#since, now)
  }

  succeeded(): void {
    if (this.#enter("over")) this.member.circuit.succeeded(this.#probe)
  }

  /** Returns the milliseconds for which the model is left out from now on, if this failure is the reason. */
  failed(error: ChatModelError, now: number): number | undefined {
    if (!this.#enter("over")) return undefined
    const { circuit } = this.member
    if (!isUnhealthy(error)) {
      circuit.left(this.#probe)
      return undefined
    }
    const time = circuit.failed(this.#probe, error, now)
    if (time !== undefined) this.member.latency = undefined
    return time
  }

  /** The consumer left. If the answer had begun, the model counts as healthy. */
  left(): void {
    const answered = this.#state === "answering"
    if (!this.#enter("over")) return
    if (answered) this.member.circuit.succeeded(this.#probe)
    else this.member.circuit.left(this.#probe)
  }

  /** Returns whether the state was another one, and not the last. */
  #enter(state: "answering" | "over"): boolean {
    if (this.#state === "over") return false
    if (this.#state === "waiting") this.member.waiting--
    this.#state = state
    return true
  }
}
