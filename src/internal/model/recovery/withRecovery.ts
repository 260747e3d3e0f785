/**
 * `ModelRecovery.withRecovery` with its options. `recovered.ts` carries it out, call by call.
 */
import * as Effect from "effect/Effect"
import type { ChatModelError } from "../../../ChatModelError.ts"
import { checkedNumber } from "../../defects.ts"
import type { Service } from "../service.ts"
import { wrapModel, wrapper } from "../wrap.ts"
import type { Wrapper } from "../wrap.ts"
import { continuesByDefault } from "./continues.ts"
import type { Continues } from "./continues.ts"
import { Recovered } from "./recovered.ts"
import type { Settings } from "./recovered.ts"

/** Options of {@link withRecovery}. */
export interface RecoveryOptions {
  /** The most recoveries of one answer, whether they succeed or not. Defaults to 2. */
  readonly attempts?: number | undefined
  /**
   * Whether an answer may go on after a failure. Defaults to failures that are worth a retry and whose reason is
   * `NetworkError`, `TruncatedError`, `TimeoutError`, `OverloadedError` or `InternalProviderError`.
   */
  readonly when?: ((error: ChatModelError) => boolean) | undefined
  /**
   * Whether the model goes on with an answer that stands at the end of a conversation; `"echoes"` if it repeats that
   * answer first. Defaults to what is documented: Anthropic's models before 4.6, Mistral, Llama models of Groq, Ollama,
   * llama.cpp and vLLM do, and no other.
   */
  readonly continues?: ((model: Service) => Continues) | undefined
  /**
   * When the model is asked from the beginning, if there is no better way:
   *
   * - `unshown`: while nothing but reasoning was shown, and for `invoke` and `batch`, which show nothing before the end
   * - `always`: whatever was shown. The reader must handle `Restarted`
   * - `never`
   *
   * Defaults to `unshown`.
   */
  readonly restart?: "never" | "unshown" | "always" | undefined
}

/**
 * Lets answers of a model, or of the model of a layer, go on after a failure in their middle.
 *
 * **Details**
 *
 * There are three ways, and the first one that is possible is taken:
 *
 * 1. The provider sends the rest of an answer that it kept: a response of OpenAI in the background.
 * 2. The model is asked to go on from the text so far, if it takes an answer at the end of a conversation. The answer must
 *    be text alone, and the request must not ask for JSON, reasoning or a certain tool.
 * 3. The model is asked again from the beginning. Not if the provider has run a tool for the answer.
 *
 * - A chunk with `recovery` says how the answer goes on, before the first chunk of the rest. No text is shown twice, and
 *   the fold of the chunks is the answer.
 * - A chunk with `Restarted` says that nothing before it counts. Folds begin anew, and so do parsers of JSON, XML and
 *   objects. Parsers whose text cannot be taken back (`OutputParser.string`, lists) fail there with `TruncatedError`, once
 *   they have emitted some.
 * - Usage is the sum of all attempts, as far as they told theirs. `metadata.recovery` of the message has the recoveries.
 * - If the answer cannot go on, the call fails with the failure that broke it, and `attempts` has all failures.
 * - The waits are those of `retrySchedule`, and `timeout.total` holds for all attempts. A recovery has no retries of its own.
 * - Tools of an agent run after the end of an answer, so no call is run twice.
 *
 * **Gotchas**
 *
 * A continued answer may be longer than `maxTokens`, which holds for each attempt.
 *
 * **Example** (A long answer of OpenAI)
 *
 * ```ts
 * import { ModelRecovery } from "rivulet"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * const Model = OpenAi.layer({
 *   model: "gpt-6-luna",
 *   // OpenAI stores the response, and goes on with it when the connection is lost.
 *   providerOptions: { openai: { background: true, store: true } }
 * }).pipe(ModelRecovery.withRecovery())
 * ```
 */
export const withRecovery = (options: RecoveryOptions = {}): Wrapper => {
  const settings: Settings = {
    attempts: checkedNumber("withRecovery: attempts", options.attempts ?? 2, 0),
    when: options.when ?? isBroken,
    continues: options.continues ?? continuesByDefault,
    restart: options.restart ?? "unshown"
  }
  return wrapper((model) =>
    wrapModel(model, (open) => (input, options, whole) => (scope) =>
      Effect.withFiber((fiber) => {
        const recovered = new Recovered(settings, { model, open, input, options, whole }, scope, fiber)
        return Effect.as(recovered.start, recovered)
      }))
  )
}

const isBroken = ({ isRetryable, reason }: ChatModelError): boolean => isRetryable && reasons.has(reason._tag)

const reasons: ReadonlySet<string> = new Set([
  "NetworkError",
  "TruncatedError",
  "TimeoutError",
  "OverloadedError",
  "InternalProviderError"
])
