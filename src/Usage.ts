/**
 * The number of tokens that a message used.
 *
 * **Details**
 *
 * The numbers are running totals of one message: a later `Usage` replaces an earlier one and is never added to it.
 * Adapters convert what their provider sends, increments or snapshots, to totals.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import * as Schema from "effect/Schema"

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
  /** The provider's own usage object, in its last state. */
  raw: Schema.optionalKey(Schema.Json)
})

/** The running token totals of one message. */
export interface Usage extends Schema.Schema.Type<typeof Usage> {}
