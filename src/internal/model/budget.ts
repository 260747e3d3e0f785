/**
 * `ModelBudget`: a budget around the calls of models. What is used is kept by key in the memory of the process. A delta
 * costs two Effect operations.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import { merge } from "../../CallOptions.ts"
import type { Retry } from "../../CallOptions.ts"
import { BudgetExceededError, ChatModelError, UnsupportedError } from "../../ChatModelError.ts"
import type { AIMessage, PartialAIMessage } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { checkedDuration, checkedNumber } from "../defects.ts"
import type { Facts } from "../facts/types.ts"
import { optional } from "../optional.ts"
import { run } from "../returned.ts"
import { observed, withPull } from "../step/run.ts"
import type { ChunkPull, Run } from "../step/types.ts"
import { cost, exact } from "./cost.ts"
import { Calibration, estimateInput } from "./estimate.ts"
import { toMessages } from "./messages.ts"
import type { OpenModel } from "./opening.ts"
import { withPartial } from "./partial.ts"
import type { Service } from "./service.ts"
import { nothing, Spending, usageOf } from "./spending.ts"
import type { ModelRequest } from "./transform.ts"
import { wrapModel, wrapper } from "./wrap.ts"
import type { Wrapper } from "./wrap.ts"

/** What may be used, by whom, and in which time. At least one of `tokens` and `cost` is needed. */
export interface BudgetOptions {
  /** The most tokens of requests and answers for each key. At least 1. Defaults to no limit. */
  readonly tokens?: number | undefined
  /** The most US dollars for each key. Above zero. The price of the model must be known. Defaults to no limit. */
  readonly cost?: number | undefined
  /**
   * The time after which a budget is whole again, counted from the first call of its key. Above zero. Defaults to never.
   */
  readonly window?: Duration.Input | undefined
  /** Whose budget a call uses, such as a user's or a team's. Defaults to one budget for all calls. */
  readonly key?: ((request: ModelRequest) => string | Effect.Effect<string>) | undefined
}

/** What is used of a budget. */
export interface BudgetUse {
  /** The tokens that were used, with the estimates of requests that run. */
  readonly tokens: number
  /** The same in US dollars. Absent: the budget is in tokens alone. */
  readonly cost?: number | undefined
  /** The time until the budget is whole again. Absent: nothing is used, or it never is whole again. */
  readonly resetAfter?: Duration.Duration | undefined
}

/** A budget, and what is used of it. */
export interface ModelBudget {
  /** Wraps a model, or the model of a layer. All models that it wraps use this budget. */
  readonly withBudget: Wrapper
  /** What is used by a key. Without a key it is the budget of all calls. */
  readonly used: (key?: string) => Effect.Effect<BudgetUse>
}

/**
 * Makes a budget for models, which tells what is used of it.
 *
 * **Details**
 *
 * - A call fails with `BudgetExceededError` before anything is sent if what is used and the estimate of its input exceed the
 *   budget. The estimate is that of `TokenCount.estimate`, corrected by the usage of earlier answers.
 * - The usage of each answer counts, also that of an answer that failed, was retried or was left. What a provider does not
 *   report is estimated. A request that is refused, or fails before anything arrives, costs nothing.
 * - A stream ends with `BudgetExceededError` if the usage that the provider reports before the end exceeds the budget. What
 *   arrived was shown, and is in `partial`. An answer that is whole is never taken away: the next call fails.
 * - The estimates of calls that run count, so that many calls at once do not share the same rest.
 * - The cost of an answer is its `usage.cost`. Where that is not known, as for an answer that was left or that had another
 *   tariff, its tokens count by the price in the facts about the model; an answer that ended has a warning in the log then.
 * - A budget in US dollars for a model whose price is not known cannot be kept: each call fails with `UnsupportedError`. Give
 *   the price with `ModelFacts.layer`.
 *
 * **Gotchas**
 *
 * - Most providers report usage at the end only, so the last answers may exceed the budget. Give `maxTokens` to bound them.
 * - The budget is kept in memory, and starts anew with the process. Without `window` there is a small object for each key,
 *   for ever.
 * - Put it inside a cache, whose answers cost nothing.
 *
 * **Example** (A budget for each user and day)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, ModelBudget } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const budget = ModelBudget.make({
 *   tokens: 100_000,
 *   window: "1 day",
 *   key: ({ options }) => options.metadata?.["user_id"] ?? "anonymous"
 * })
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(budget.withBudget)
 *
 * const program = Effect.gen(function*() {
 *   yield* ChatModel.invoke("Hi", { metadata: { user_id: "ada" } })
 *   return (yield* budget.used("ada")).tokens
 * }).pipe(Effect.provide(Model))
 * ```
 */
export const make = (options: BudgetOptions): ModelBudget => {
  const accounts = new Accounts(checkedBudget(options))
  return {
    withBudget: wrapper((model) => budgeted(model, accounts)),
    used: (key = "") => Effect.clockWith((clock) => Effect.sync(() => accounts.used(key, millisOf(clock))))
  }
}

/**
 * Limits what the calls of a model, or of the model of a layer, may use. It is the wrapper of a budget of its own; see
 * {@link make}.
 *
 * **Example** (A script that must stay small)
 *
 * ```ts
 * import { ModelBudget } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(ModelBudget.withBudget({ tokens: 50_000 }))
 * ```
 */
export const withBudget = (options: BudgetOptions): Wrapper => make(options).withBudget

// -----------------------------------------------------------------------------
// accounts
// -----------------------------------------------------------------------------

interface Budget {
  readonly tokens: number
  /** Undefined if costs are not counted. */
  readonly cost: number | undefined
  /** In milliseconds. */
  readonly window: number
  readonly key: BudgetOptions["key"]
}

const checkedBudget = ({ cost, key, tokens, window }: BudgetOptions): Budget => {
  if (tokens === undefined && cost === undefined) throw new TypeError("ModelBudget: give tokens, cost or both")
  return {
    tokens: checkedNumber("ModelBudget: tokens", tokens ?? Infinity, 1),
    cost: cost === undefined ? undefined : checkedNumber("ModelBudget: cost", cost, Number.MIN_VALUE),
    window: window === undefined ? Infinity : Duration.toMillis(checkedDuration("ModelBudget: window", window)),
    key
  }
}

/** What one key has used since its window began. */
interface Account {
  readonly key: string
  readonly until: number
  tokens: number
  cost: number
}

class Accounts {
  readonly budget: Budget
  /** In the order in which their windows began, and therefore end. */
  readonly #accounts = new Map<string, Account>()

  constructor(budget: Budget) {
    this.budget = budget
  }

  /** The account of a key. It is made if there is none, or if its window is over. */
  of(key: string, now: number): Account {
    const found = this.#accounts.get(key)
    if (found !== undefined && now < found.until) return found
    for (const [key, { until }] of this.#accounts) {
      if (now < until) break
      this.#accounts.delete(key)
    }
    const account: Account = { key, until: now + this.budget.window, tokens: 0, cost: 0 }
    this.#accounts.set(key, account)
    return account
  }

  used(key: string, now: number): BudgetUse {
    const found = this.#accounts.get(key)
    const current = found !== undefined && now < found.until ? found : undefined
    return {
      tokens: current?.tokens ?? 0,
      ...optional("cost", this.budget.cost === undefined ? undefined : exact(current?.cost ?? 0)),
      ...optional("resetAfter", current && resetAfter(current, now))
    }
  }
}

const resetAfter = ({ until }: Account, now: number): Duration.Duration | undefined =>
  until === Infinity ? undefined : Duration.millis(until - now)

/** Milliseconds of the monotonic clock, as the time of day may be set back. */
const millisOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

// -----------------------------------------------------------------------------
// calls
// -----------------------------------------------------------------------------

const budgeted = (model: Service, accounts: Accounts): Service => {
  const { facts: { price }, options: defaults = {} } = model
  const { cost: limit, key: keyOf } = accounts.budget
  const calibration = new Calibration()
  if (limit !== undefined && (price === undefined || price.by !== undefined)) {
    return wrapModel(model, () => () => () => Effect.fail(unknownPrice(model)))
  }
  return wrapModel(model, (open): OpenModel => (input, options, whole) => (scope) =>
    Effect.withFiber((fiber) => {
      const request: ModelRequest = { messages: toMessages(input), options: options ?? {} }
      const clock = fiber.getRef(Clock.Clock)
      const start = (key: string): Effect.Effect<AnswerRun, ChatModelError> => {
        const merged = merge(defaults, options)
        const estimate = estimateInput(request.messages, merged)
        const account = accounts.of(key, millisOf(clock))
        const call = new BudgetedCall(model, accounts.budget, account, clock, calibration, estimate)
        const exceeded = call.begin()
        if (exceeded !== undefined) return Effect.fail(exceeded)
        const onRetry = (retry: Retry) => {
          call.retried(retry.error)
          return merged.onRetry?.(retry) ?? Effect.void
        }
        const answer = Effect.suspend(() => open(request.messages, { ...options, onRetry }, whole)(scope))
        return Effect.andThen(
          Scope.addFinalizer(scope, call.left),
          Effect.catchCause(Effect.map(answer, call.follow), call.failed)
        )
      }
      return keyOf === undefined
        ? start("")
        : Effect.flatMap(run<ModelRequest, ReturnType<typeof keyOf>, string>(keyOf, request), start)
    }))
}

/** The promise of a budget in US dollars cannot be kept. */
const unknownPrice = ({ model, provider }: Service): ChatModelError =>
  new ChatModelError({
    provider,
    model,
    reason: new UnsupportedError({
      field: "cost",
      message:
        `cost: the price of ${provider}/${model} is not known, so a budget in US dollars cannot be kept: give the ` +
        "price with ModelFacts.layer, or a budget in tokens"
    })
  })

type AnswerRun = Run<AIMessageChunk, AIMessage, ChatModelError, never>

/** One call. It keeps its part of the account at what is known of its usage. */
class BudgetedCall {
  readonly #model: Service
  readonly #budget: Budget
  readonly #account: Account
  readonly #clock: Clock.Clock
  readonly #calibration: Calibration
  readonly #estimate: number
  readonly #inputTokens: number
  #spending: Spending
  /** What the last request adds to the account. */
  #charged: Amounts = { tokens: 0, cost: 0 }
  #settled = false
  /** In what the budget is exceeded by an answer that has not ended. */
  #exceeded: Unit | undefined

  constructor(
    model: Service,
    budget: Budget,
    account: Account,
    clock: Clock.Clock,
    calibration: Calibration,
    estimate: number
  ) {
    this.#model = model
    this.#budget = budget
    this.#account = account
    this.#clock = clock
    this.#calibration = calibration
    this.#estimate = estimate
    this.#inputTokens = calibration.corrected(estimate)
    this.#spending = new Spending(this.#inputTokens)
  }

  /** Charges the estimate, or returns the error if it exceeds the budget. */
  begin(): ChatModelError | undefined {
    this.#charge(usageOf(this.#inputTokens, 0))
    const exceeded = this.#exceededUnit()
    if (exceeded === undefined) return undefined
    const error = this.#error(exceeded)
    this.#settle(nothing)
    return error
  }

  /** The run of the answer, which fails if its usage exceeds the budget before its end. */
  readonly follow = (run: AnswerRun): AnswerRun => {
    const fold = run.fold()
    const followed = observed(run, {
      chunks: (chunks) => {
        fold.add(chunks)
        const reported = this.#spending.add(chunks)
        if (reported === undefined) return
        this.#charge(reported)
        this.#exceeded = chunks.some(({ finish }) => finish !== undefined) ? undefined : this.#exceededUnit()
      },
      end: this.#ended,
      failed: this.failed
    })
    const pull: AnswerRun["pull"] = Effect.suspend((): ChunkPull<AIMessageChunk, ChatModelError, never> => {
      if (this.#exceeded === undefined) return followed.pull
      // A fold of the chunks of a message.
      return Effect.fail(withPartial(this.#error(this.#exceeded), fold.partial() as PartialAIMessage))
    })
    return withPull(run, pull)
  }

  readonly #ended = (): Effect.Effect<void> =>
    Effect.suspend(() => {
      const usage = this.#spending.ended()
      this.#settle(usage)
      if (this.#budget.cost === undefined || usage.cost !== undefined) return Effect.void
      const { model, provider } = this.#model
      return Effect.logWarning(
        `What an answer of ${provider}/${model} costs is not known: its tokens count by their price`
      )
    })

  readonly failed = (cause: Cause.Cause<ChatModelError>): Effect.Effect<never, ChatModelError> => {
    const error = Option.getOrUndefined(Cause.findErrorOption(cause))
    if (error !== undefined) this.#settle(this.#spending.failed(error) ?? nothing)
    return Effect.failCause(cause)
  }

  /** The consumer left. If nobody knows what was used, the estimate stays. */
  readonly left: Effect.Effect<void> = Effect.sync(() => {
    const spent = this.#spending.left()
    if (spent !== undefined) this.#settle(spent)
  })

  /** A request failed, and the next one begins. */
  retried(error: ChatModelError): void {
    this.#charge(this.#spending.failed(error) ?? nothing)
    this.#charged = { tokens: 0, cost: 0 }
    this.#spending = new Spending(this.#inputTokens)
    this.#charge(usageOf(this.#inputTokens, 0))
  }

  #settle(spent: Usage): void {
    if (this.#settled) return
    this.#charge(spent)
    this.#settled = true
    const { usage } = this.#spending
    if (usage !== undefined) this.#calibration.learn(this.#estimate, usage)
  }

  #charge(usage: Usage): void {
    const charged = {
      tokens: usage.totalTokens,
      cost: this.#budget.cost === undefined ? 0 : costOf(this.#model.facts, usage)
    }
    this.#account.tokens += charged.tokens - this.#charged.tokens
    this.#account.cost += charged.cost - this.#charged.cost
    this.#charged = charged
  }

  #exceededUnit(): Unit | undefined {
    const { cost, tokens } = this.#account
    return tokens > this.#budget.tokens ? "tokens" : exact(cost) > (this.#budget.cost ?? Infinity) ? "usd" : undefined
  }

  #error(unit: Unit): ChatModelError {
    const { model, provider } = this.#model
    const { key } = this.#account
    const [used, limit, words] = unit === "tokens"
      ? [this.#account.tokens, this.#budget.tokens, `${this.#account.tokens} of ${this.#budget.tokens} tokens`]
      : [exact(this.#account.cost), this.#budget.cost ?? 0, `$${exact(this.#account.cost)} of $${this.#budget.cost}`]
    const reason = new BudgetExceededError({
      message: `The budget${key === "" ? "" : ` of ${key}`} is used up: ${words}`,
      unit,
      limit,
      used,
      key,
      ...optional("resetAfter", resetAfter(this.#account, millisOf(this.#clock)))
    })
    return new ChatModelError({ provider, model, reason })
  }
}

type Unit = BudgetExceededError["unit"]

interface Amounts {
  readonly tokens: number
  readonly cost: number
}

/** The cost of usage. Where it is not known, the tokens count by their price. */
const costOf = (facts: Facts, usage: Usage): number => {
  const { in: input = 0, out = 0 } = facts.price ?? {}
  return usage.cost?.total ?? cost(facts, usage)?.total ?? (usage.inputTokens * input + usage.outputTokens * out) / 1e6
}
