/**
 * Guards of models: a filter over the text of an answer, while it streams.
 *
 * **When to use**
 *
 * Use {@link withGuard} to keep texts out of every answer of a model: secrets, personal data, words, or what a moderation
 * service objects to. To check the conversation before it is sent, use the `request` hook of `ChatModel.transform`.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import type { Range, Verdict } from "./internal/model/guard/check.ts"

export type { Check, Range, Verdict, Window } from "./internal/model/guard/check.ts"
export type { Replacement, Rule } from "./internal/model/guard/rules.ts"
export { withGuard } from "./internal/model/guard/withGuard.ts"
export type { CheckOptions, PatternOptions } from "./internal/model/guard/withGuard.ts"

/**
 * The verdict that all of a window may be shown.
 *
 * **Example** (A guard that does nothing)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ModelGuard } from "rivulet"
 *
 * const open = ModelGuard.withGuard({ check: () => Effect.succeed(ModelGuard.pass) })
 * ```
 */
export const pass: Verdict = { _tag: "Pass" }

/**
 * The verdict that parts of a window are replaced.
 *
 * **Details**
 *
 * A part that begins in the last `window` characters is ignored while more text may follow: the next check sees it again,
 * and perhaps more of it. Of two parts that overlap, the second one begins where the first one ends.
 *
 * **Example** (Replacing what a function finds)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ModelGuard } from "rivulet"
 *
 * declare const namesIn: (text: string) => Effect.Effect<ReadonlyArray<ModelGuard.Range>>
 *
 * const anonymous = ModelGuard.withGuard({
 *   check: ({ text }) => Effect.map(namesIn(text), (names) => ModelGuard.redact(names))
 * })
 * ```
 */
export const redact = (ranges: ReadonlyArray<Range>): Verdict => ({ _tag: "Redact", ranges })

/**
 * The verdict that the answer ends here.
 *
 * **Example** (Nothing in capitals)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ModelGuard } from "rivulet"
 *
 * const quiet = ModelGuard.withGuard({
 *   check: ({ text }) => {
 *     const at = text.search(/[A-Z]{10}/)
 *     return Effect.succeed(at === -1 ? ModelGuard.pass : ModelGuard.stop("the model shouts", { at }))
 *   }
 * })
 * ```
 */
export const stop = (reason: string, options?: {
  /** The position in the window's text from which nothing is shown. Defaults to 0. */
  readonly at?: number | undefined
}): Verdict => ({ _tag: "Stop", reason, at: options?.at })
