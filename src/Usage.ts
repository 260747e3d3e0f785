/**
 * The number of tokens that a message used, and their cost.
 *
 * **Details**
 *
 * The numbers are running totals of one message: a later `Usage` replaces an earlier one and is never added to it.
 * Adapters convert what their provider sends, increments or snapshots, to totals. {@link sum} adds up those of several
 * messages.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import * as Schema from "effect/Schema"
import { optional } from "./internal/optional.ts"

/**
 * The schema of a cost.
 *
 * **Example** (A cost in words)
 *
 * ```ts
 * import { Usage } from "rivulet"
 *
 * const inWords = ({ asOf, source, total }: Usage.Cost) =>
 *   `$${total.toFixed(4)}${source === "facts" ? ` by the prices of ${asOf ?? "the app"}` : ""}`
 * ```
 */
export const Cost = Schema.Struct({
  /** The whole cost. */
  total: Schema.Finite,
  /** The part for input tokens that were neither read from a cache nor written to one. Absent: not told apart. */
  input: Schema.optional(Schema.Finite),
  /** The part for output tokens. Absent: not told apart. */
  output: Schema.optional(Schema.Finite),
  /** The part for tokens that were read from a cache. Absent: not told apart. */
  cacheRead: Schema.optional(Schema.Finite),
  /** The part for tokens that were written to a cache. Absent: not told apart. */
  cacheWrite: Schema.optional(Schema.Finite),
  /** The currency. */
  currency: Schema.Literal("USD"),
  /** The day on which the prices were collected, such as `2026-11-27`. Absent: not known, or told by the provider. */
  asOf: Schema.optional(Schema.String),
  /** Whether the cost was computed from the prices in the facts about the model, or told by the provider. */
  source: Schema.Literals(["facts", "provider"])
})

/** The cost of a message, or of several, in US dollars. */
export interface Cost extends Schema.Schema.Type<typeof Cost> {}

/**
 * The schema of the usage of a message.
 *
 * **Example** (Reading usage from JSON)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { Usage } from "rivulet"
 *
 * Schema.decodeUnknownSync(Usage.Usage)({ inputTokens: 12, outputTokens: 30, totalTokens: 42 })
 * ```
 */
export const Usage = Schema.Struct({
  /** All tokens of the request, including cached ones. */
  inputTokens: Schema.Finite,
  /** All tokens of the answer, including reasoning. */
  outputTokens: Schema.Finite,
  /** `inputTokens + outputTokens`. */
  totalTokens: Schema.Finite,
  /** The tokens among `inputTokens` that were read from the provider's prompt cache. Absent: not reported. */
  cacheReadTokens: Schema.optional(Schema.Finite),
  /** The tokens among `inputTokens` that were written to the provider's prompt cache. Absent: not reported. */
  cacheWriteTokens: Schema.optional(Schema.Finite),
  /** The tokens among `outputTokens` that were used for reasoning. Absent: not reported. */
  reasoningTokens: Schema.optional(Schema.Finite),
  /**
   * The cost of these tokens, in the last usage of a message only. Absent: not known. `ModelFacts.cost` says when it is
   * known.
   */
  cost: Schema.optional(Cost),
  /** The provider's own usage object, in its last state. */
  raw: Schema.optionalKey(Schema.Json)
})

/** The running token totals of one message. */
export interface Usage extends Schema.Schema.Type<typeof Usage> {}

/**
 * The sum of the usage of several requests. Unlike the totals within one message, those of different requests add up.
 *
 * **Details**
 *
 * - `undefined` stands for a request whose usage was not reported. If there is one, or one whose cost is not known, the sum
 *   has no cost: it would be too low.
 * - The cost has `source: "provider"` if all of it was told by providers, and the oldest `asOf`.
 * - The sum has no `raw`. Without any usage it is `undefined`.
 *
 * **Example** (The cost of a batch)
 *
 * ```ts
 * import { Effect, Result } from "effect"
 * import { ChatModel, Usage } from "rivulet"
 *
 * const cost = ChatModel.batch(["One", "Two"]).pipe(
 *   Effect.map((results) => Usage.sum(results.map((result) => Result.isSuccess(result) ? result.success.usage : undefined))),
 *   Effect.map((usage) => usage?.cost?.total)
 * )
 * ```
 */
export const sum = (usages: Iterable<Usage | undefined>): Usage | undefined => {
  const all = [...usages]
  const told = all.filter((usage) => usage !== undefined)
  if (told.length === 0) return undefined
  const costs = told.flatMap(({ cost }) => cost ?? [])
  return {
    inputTokens: total(told, ({ inputTokens }) => inputTokens),
    outputTokens: total(told, ({ outputTokens }) => outputTokens),
    totalTokens: total(told, ({ totalTokens }) => totalTokens),
    ...optional("cacheReadTokens", totalOf(told, ({ cacheReadTokens }) => cacheReadTokens)),
    ...optional("cacheWriteTokens", totalOf(told, ({ cacheWriteTokens }) => cacheWriteTokens)),
    ...optional("reasoningTokens", totalOf(told, ({ reasoningTokens }) => reasoningTokens)),
    ...optional("cost", costs.length < all.length ? undefined : sumOfCosts(costs))
  }
}

const sumOfCosts = (costs: ReadonlyArray<Cost>): Cost => {
  // A part is known if it is known of all of them.
  const part = (of: (cost: Cost) => number | undefined) =>
    costs.every((cost) => of(cost) !== undefined) ? exactTotal(costs, of) : undefined
  const [asOf] = costs.flatMap(({ asOf }) => asOf ?? []).toSorted()
  return {
    total: exactTotal(costs, ({ total }) => total),
    ...optional("input", part(({ input }) => input)),
    ...optional("output", part(({ output }) => output)),
    ...optional("cacheRead", part(({ cacheRead }) => cacheRead)),
    ...optional("cacheWrite", part(({ cacheWrite }) => cacheWrite)),
    currency: "USD",
    ...optional("asOf", asOf),
    source: costs.every(({ source }) => source === "provider") ? "provider" : "facts"
  }
}

const total = <A>(all: ReadonlyArray<A>, of: (each: A) => number | undefined): number =>
  all.reduce((sum, each) => sum + (of(each) ?? 0), 0)

/** A total of the counts that were reported, or undefined if none was. */
const totalOf = <A>(all: ReadonlyArray<A>, of: (each: A) => number | undefined): number | undefined =>
  all.some((each) => of(each) !== undefined) ? total(all, of) : undefined

/** A total without the noise of binary fractions. */
const exactTotal = <A>(all: ReadonlyArray<A>, of: (each: A) => number | undefined): number =>
  Math.round(total(all, of) * 1e12) / 1e12
