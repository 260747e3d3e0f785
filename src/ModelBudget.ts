/**
 * Budgets for models: the most that may be used, for each key and window of time. A call that exceeds its budget fails with
 * `BudgetExceededError` of `ChatModelError`.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
export { make, withBudget } from "./internal/model/budget.ts"
export type { BudgetOptions, BudgetUse, ModelBudget } from "./internal/model/budget.ts"
