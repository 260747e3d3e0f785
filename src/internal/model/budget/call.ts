/**
 * The calls of a model with a budget. Each updates its part of an account as its usage becomes known. A delta costs two
 * Effect operations.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { AIMessageChunk } from "../../../AIMessageChunk.ts"
import { merge } from "../../../CallOptions.ts"
import type { Retry } from "../../../CallOptions.ts"
import { BudgetExceededError, ChatModelError, UnsupportedError } from "../../../ChatModelError.ts"
import type { AIMessage, PartialAIMessage } from "../../../Message.ts"
import type { Usage } from "../../../Usage.ts"
import { nameOf } from "../../excerpt.ts"
import type { Facts } from "../../facts/types.ts"
import { optional } from "../../optional.ts"
import { run } from "../../returned.ts"
import { observed, withPull } from "../../step/run.ts"
import type { ChunkPull, Run } from "../../step/types.ts"
import { cost, exact } from "../cost.ts"
import { Calibration, estimateInput } from "../estimate.ts"
import { toMessages } from "../messages.ts"
import type { OpenModel } from "../opening.ts"
import { withPartial } from "../partial.ts"
import type { Service } from "../service.ts"
import { nothing, Spending, usageOf } from "../spending.ts"
import type { ModelRequest } from "../transform.ts"
import { wrapModel } from "../wrap.ts"
import { millisOf, resetAfter } from "./accounts.ts"
import type { Account, Accounts, Budget } from "./accounts.ts"

/** A model whose calls are within a budget. */
export const budgeted = (model: Service, accounts: Accounts): Service => {
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
        if (typeof key !== "string") {
          return Effect.die(new TypeError(`ModelBudget: key must return a text, not ${nameOf(key)}`))
        }
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

/** One call. It updates its part of the account as its usage becomes known. */
class BudgetedCall {
  readonly #model: Service
  readonly #budget: Budget
  readonly #account: Account
  readonly #clock: Clock.Clock
  readonly #calibration: Calibration
  readonly #estimate: number
  readonly #inputTokens: number
  #spending: Spending
  /** The amounts that the last request adds to the account. */
  #charged: Amounts = { tokens: 0, cost: 0 }
  #settled = false
  /** The unit in which an answer that has not ended exceeds the budget. */
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
    const { cost, tokens } = this.#charged
    this.#settle(nothing)
    return this.#error(exceeded, exceeded === "tokens" ? tokens : exact(cost))
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

  /** The consumer left. If the usage is unknown, the estimate stays. */
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

  /** @param needed the estimate of a request that is not sent, in the unit */
  #error(unit: Unit, needed?: number): ChatModelError {
    const { model, provider } = this.#model
    const { key } = this.#account
    const [used, limit] = unit === "tokens"
      ? [this.#account.tokens, this.#budget.tokens]
      : [exact(this.#account.cost), this.#budget.cost ?? 0]
    const amount = (value: number) => unit === "tokens" ? `${value} tokens` : `$${exact(value)}`
    const more = needed === undefined || used > limit ? "" : `, and the request needs about ${amount(needed)}`
    const reason = new BudgetExceededError({
      message: `The budget${key === "" ? "" : ` of ${key}`} is used up: ${amount(used)} of ${amount(limit)}${more}`,
      unit,
      limit,
      used,
      ...optional("needed", needed),
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

/** The cost of usage. If it is not known, the tokens count at their price. */
const costOf = (facts: Facts, usage: Usage): number => {
  const { in: input = 0, out = 0 } = facts.price ?? {}
  return usage.cost?.total ?? cost(facts, usage)?.total ?? (usage.inputTokens * input + usage.outputTokens * out) / 1e6
}
