/**
 * `ModelBudget`: a budget around the calls of models. The accounts are in accounts.ts, a call is in call.ts.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { checkedDuration, checkedNumber } from "../../defects.ts"
import { checkedFunction } from "../../returned.ts"
import type { ModelRequest } from "../transform.ts"
import { wrapper } from "../wrap.ts"
import type { Wrapper } from "../wrap.ts"
import { Accounts, millisOf } from "./accounts.ts"
import type { Budget, BudgetUse } from "./accounts.ts"
import { budgeted } from "./call.ts"

/** The limits of a budget, its keys and its window. At least one of `tokens` and `cost` is needed. */
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

/** A budget and its usage. */
export interface ModelBudget {
  /** Wraps a model, or the model of a layer. All models that it wraps use this budget. */
  readonly withBudget: Wrapper
  /** The usage of a key. Without a key: the usage of the budget that all calls share. */
  readonly used: (key?: string) => Effect.Effect<BudgetUse>
}

/**
 * Makes a budget for models, which reports its usage.
 *
 * **Details**
 *
 * - A call fails with `BudgetExceededError` before anything is sent if the usage so far plus the estimate of its input
 *   exceeds the budget. The estimate is that of `TokenCount.estimate`, corrected by the usage of earlier answers.
 * - The usage of each answer counts, also that of an answer that failed, was retried or was left. Usage that a provider
 *   does not report is estimated. A request that is refused, or fails before anything arrives, costs nothing.
 * - A stream ends with `BudgetExceededError` if the usage that the provider reports before the end exceeds the budget.
 *   The chunks that arrived have been shown, and are in `partial`. An answer that is whole is never taken away: the
 *   next call fails.
 * - The estimates of running calls count, so that concurrent calls do not all spend the same rest of the budget.
 * - The cost of an answer is its `usage.cost`. If that is not known, as for an answer that was left or that had another
 *   tariff, its tokens count at the price in the facts about the model. A warning is logged for an answer that ended.
 * - A budget in US dollars for a model whose price is not known cannot be kept: each call fails with `UnsupportedError`. Give
 *   the price with `ModelFacts.layer`.
 *
 * **Gotchas**
 *
 * - Most providers report usage at the end only, so the last answers may exceed the budget. Give `maxTokens` to bound them.
 * - The budget is kept in memory, and starts anew with the process. Without `window` there is a small object for each key,
 *   for ever.
 * - Put it right around a model, or around each of several: around a cache it counts answers that cost nothing, and around
 *   `withFallbacks` or `withHedge` it does not count the requests that gave no answer.
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
 * Limits the usage of a model, or of the model of a layer. It is the wrapper of a budget of its own; see {@link make}.
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

const checkedBudget = ({ cost, key, tokens, window }: BudgetOptions): Budget => {
  if (tokens === undefined && cost === undefined) throw new TypeError("ModelBudget: give tokens, cost or both")
  return {
    tokens: checkedNumber("ModelBudget: tokens", tokens ?? Infinity, 1),
    cost: cost === undefined ? undefined : checkedNumber("ModelBudget: cost", cost, Number.MIN_VALUE),
    window: window === undefined ? Infinity : Duration.toMillis(checkedDuration("ModelBudget: window", window)),
    key: key && checkedFunction("ModelBudget: key", key)
  }
}
