/**
 * How many tokens a message cost.
 *
 * The numbers are running totals for one message: a later `Usage` of the same message replaces the earlier one and is
 * never added to it. Adapters turn what their provider sends (increments or snapshots) into totals.
 */
import * as Schema from "effect/Schema"

/**
 * The schema of {@link Usage}.
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
  /** All tokens of the request, cached ones included. */
  inputTokens: Schema.Finite,
  /** All tokens of the answer, reasoning included. */
  outputTokens: Schema.Finite,
  /** `inputTokens + outputTokens`. */
  totalTokens: Schema.Finite,
  /** The part of `inputTokens` that was read from the provider's prompt cache. Absent: not reported. */
  cacheReadTokens: Schema.optional(Schema.Finite),
  /** The part of `inputTokens` that was written to the provider's prompt cache. Absent: not reported. */
  cacheWriteTokens: Schema.optional(Schema.Finite),
  /** The part of `outputTokens` that was spent on reasoning. Absent: not reported. */
  reasoningTokens: Schema.optional(Schema.Finite),
  /** The provider's own usage object, as its stream left it. */
  raw: Schema.optionalKey(Schema.Json)
})

/** Running token totals of one message; see {@link Usage} (the schema) for each field's meaning. */
export interface Usage extends Schema.Schema.Type<typeof Usage> {}
