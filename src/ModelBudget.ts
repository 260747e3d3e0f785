/**
 * Budgets for models: the most that may be used, for each key and window of time. A call that exceeds its budget fails with
 * `BudgetExceededError` of `ChatModelError`.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
export type { BudgetUse } from "./internal/model/budget/accounts.ts"
export { make, withBudget } from "./internal/model/budget/budget.ts"
export type { BudgetOptions, ModelBudget } from "./internal/model/budget/budget.ts"
