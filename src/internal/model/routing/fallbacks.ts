/**
 * `ModelRouting.withFallbacks`: other models for a call that fails before its first chunk.
 */
import { judge } from "./attempts.ts"
import type { When } from "./attempts.ts"
import { inTurn } from "./inTurn.ts"
import { someModels, withModels } from "./models.ts"
import type { Known, ModelSources, WrapperOf } from "./models.ts"

/** Options of {@link withFallbacks}. */
export interface FallbackOptions {
  /**
   * The failures after which the next model is asked: their reasons, or a function. Defaults to all but
   * `InvalidRequestError` and `ContentPolicyError`.
   */
  readonly when?: When | undefined
}

/**
 * Asks other models, in order, when a call fails before its first chunk.
 *
 * **Details**
 *
 * - After the first chunk there is no fallback: the failure is the call's. A defect or an interruption is no failure.
 * - Every model does its own retries before the next one is asked, as its `maxRetries` says.
 * - The options of a call go to whichever model runs, merged over its own. A `timeout.total` of the call is for all
 *   models together.
 * - {@link answeredBy} reads from the message, or from the first chunk, which model answered.
 * - If all fail, the error is that of the last one, and its message and `attempts` have all of them.
 * - The capabilities are those that all models have. A call that needs more is still made: a model that cannot serve it
 *   fails with `UnsupportedError` before it sends anything, and the next one is asked.
 *
 * **Example** (Another provider when one is down)
 *
 * ```ts
 * import { ModelRouting } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5", maxRetries: 1 }).pipe(
 *   ModelRouting.withFallbacks([OpenAi.make({ model: "gpt-6-luna" })], {
 *     when: ["RateLimitError", "OverloadedError", "InternalProviderError", "NetworkError", "TimeoutError"]
 *   })
 * )
 * ```
 */
export const withFallbacks = <const Models extends ModelSources>(
  models: Models & Known<Models>,
  options: FallbackOptions = {}
): WrapperOf<Models> => {
  const falls = judge("withFallbacks", options.when)
  return withModels<Models>("withFallbacks", someModels("withFallbacks", models), (candidates) =>
    inTurn(falls, () => {
      let asked = 0
      return { first: candidates[0], next: () => candidates[++asked] }
    }))
}
