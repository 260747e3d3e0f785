/**
 * The usage of a budget by key, in the memory of the process. Knows no model. An account costs one object until its
 * window is over.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import type { Effect } from "effect/Effect"
import { optional } from "../../optional.ts"
import { exact } from "../cost.ts"
import type { ModelRequest } from "../transform.ts"

/** A budget, checked. */
export interface Budget {
  readonly tokens: number
  /** Undefined if costs are not counted. */
  readonly cost: number | undefined
  /** In milliseconds. */
  readonly window: number
  readonly key: ((request: ModelRequest) => string | Effect<string>) | undefined
}

/** The usage of a budget. */
export interface BudgetUse {
  /** The tokens used so far, including the estimates of running requests. */
  readonly tokens: number
  /** The same in US dollars. Absent: the budget is in tokens alone. */
  readonly cost?: number | undefined
  /** The time until the budget is whole again. Absent: nothing is used, or it never is whole again. */
  readonly resetAfter?: Duration.Duration | undefined
}

/** The usage of one key since its window began. */
export interface Account {
  readonly key: string
  readonly until: number
  tokens: number
  cost: number
}

/** The accounts of a budget. */
export class Accounts {
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

  /** The usage of a key. */
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

/** The time until an account is empty again. Undefined: it never is. */
export const resetAfter = ({ until }: Account, now: number): Duration.Duration | undefined =>
  until === Infinity ? undefined : Duration.millis(until - now)

/** Milliseconds of the monotonic clock, as the time of day may be set back. */
export const millisOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
