/**
 * `ModelGuard.withGuard` with its options. It makes the decision of the guard; `guard.ts` carries it out.
 */
import * as Effect from "effect/Effect"
import { checkedNumber } from "../../defects.ts"
import { checkedFunction, effectOf } from "../../returned.ts"
import { effectWrapper, wrapper } from "../wrap.ts"
import type { EffectWrapper, Wrapper } from "../wrap.ts"
import { deciding, redacted } from "./check.ts"
import type { Check } from "./check.ts"
import { guarded } from "./guard.ts"
import { makeRules } from "./rules.ts"
import type { Replacement, Rule } from "./rules.ts"

interface GuardBase {
  /**
   * Whether reasoning is judged, too. Reasoning in which something was replaced loses its signature, so it is not sent
   * back to a provider that asks for one. Defaults to `false`.
   */
  readonly reasoning?: boolean | undefined
}

/** Options of a guard that looks for words and regular expressions. */
export interface PatternOptions extends GuardBase {
  /** The words and regular expressions. Of matches at one place the longest counts. The flags `g` and `y` do nothing. */
  readonly patterns: ReadonlyArray<string | RegExp | Rule>
  /** The text in place of a match, for rules without one of their own. Defaults to `[redacted]`. */
  readonly replacement?: Replacement | undefined
  /**
   * The most characters that are held back. Defaults to the length of the longest match, which is also the least. A
   * pattern whose matches have no bound, such as `/\d+/`, needs it; longer matches are then found in pieces, or missed.
   */
  readonly window?: number | undefined
}

/** Options of a guard that asks an effect. */
export interface CheckOptions<R> extends GuardBase {
  /**
   * Judges text before it is shown. It may use services, such as another model. Its failure is that of the call, and
   * nothing more is shown then.
   */
  readonly check: Check<R>
  /** The characters that stay held until the text goes on or ends. Defaults to 64. */
  readonly window?: number | undefined
  /** The fewest new characters between two checks, which are held as well. Defaults to 1: a check for each read. */
  readonly every?: number | undefined
}

/**
 * Filters the text of the answers of a model, or of the model of a layer: replaces parts of it, or ends the answer.
 *
 * **Details**
 *
 * - Text is held back until the guard has seen `window` characters more, or the end of the text. The shown text does
 *   not depend on how the network cut the answer: with `patterns` it is the whole text with its matches replaced.
 * - At most `window` characters are held, or one more so as not to split a surrogate pair; with `every` above 1, at most
 *   `window + every`. All of it is shown when the text ends: before a tool call, reasoning, a file, the finish. Text blocks
 *   that follow one another are one text.
 * - A stop closes the connection at once. The call fails with the reason `ContentPolicyError` and `metadata.guard`, and
 *   `partial` is what was shown.
 * - Events, `partial`, histories, caches and agents have the filtered text alone. Log probabilities and copies of the
 *   output in metadata are left out.
 * - With `check` the result needs the services of the check: `yield*` it, or give a layer.
 *
 * **Gotchas**
 *
 * Arguments of tool calls, citations, files and parts that this version does not know pass unchecked. Check arguments
 * in the tool. A replacement in an answer that is JSON must leave it JSON.
 *
 * **Example** (No card numbers and no names of customers)
 *
 * ```ts
 * import { ModelGuard } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(
 *   ModelGuard.withGuard({ patterns: [/\b\d(?:[ -]?\d){12,18}\b/, "Jane Doe"] })
 * )
 * ```
 *
 * **Example** (A judge of one's own)
 *
 * ```ts
 * import { Context, Effect } from "effect"
 * import { ModelGuard } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * class Moderation extends Context.Service<Moderation, {
 *   readonly isHarmful: (text: string) => Effect.Effect<boolean>
 * }>()("app/Moderation") {}
 *
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(
 *   ModelGuard.withGuard({
 *     window: 100,
 *     every: 400,
 *     check: ({ before, text }) =>
 *       Effect.gen(function*() {
 *         const moderation = yield* Moderation
 *         return (yield* moderation.isHarmful(before + text)) ? ModelGuard.stop("harmful") : ModelGuard.pass
 *       })
 *   })
 * )
 * ```
 */
export function withGuard(options: PatternOptions): Wrapper
export function withGuard<R = never>(options: CheckOptions<R>): EffectWrapper<never, R>
export function withGuard<R>(options: PatternOptions | CheckOptions<R>): Wrapper | EffectWrapper<never, R> {
  const { reasoning = false } = options
  if ("patterns" in options === "check" in options) throw new TypeError("withGuard: give either patterns or a check")
  if ("patterns" in options) {
    const { decide, window } = makeRules(options.patterns, options.replacement ?? redacted, options.window)
    return wrapper((model) =>
      guarded(model, { window, every: 1, reasoning }, ({ before }, { from, text }) => decide(text, from, before))
    )
  }
  const check = checkedFunction("withGuard: check", options.check)
  const window = checkedNumber("withGuard: window", options.window ?? 64, 0)
  const every = checkedNumber("withGuard: every", options.every ?? 1, 1)
  return effectWrapper((model) =>
    Effect.map(Effect.context<R>(), (services) =>
      guarded(
        model,
        { window, every, reasoning },
        deciding((text, request) => Effect.provideContext(effectOf("withGuard: check", check(text, request)), services))
      ))
  )
}
