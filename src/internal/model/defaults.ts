/**
 * `ChatModel.withDefaults` and `ChatModel.withSystem`: what every call of a model says, said once. Nothing is sent and
 * nothing is kept; a call costs one merge of options, or one more message.
 */
import { merge, mergeDefaults } from "../../CallOptions.ts"
import type { CallOptions } from "../../CallOptions.ts"
import { system } from "../../Message.ts"
import type { SystemMessage } from "../../Message.ts"
import { toMessages } from "./messages.ts"
import type { ChatInput } from "./request.ts"
import type { Service } from "./service.ts"
import { adaptModel, wrapper } from "./wrap.ts"
import type { Wrapper } from "./wrap.ts"

/**
 * Gives a model, or the model of a layer, other default options.
 *
 * **Details**
 *
 * - The options of a call win over these, and these win over the model's own. `timeout` and `providerOptions` are merged
 *   by key, any other option is replaced. An option that is `undefined` counts as absent.
 * - Where a model cannot do two things at once, they give way to those of a call, like the options with which a model is
 *   made.
 * - The `options` of the new model show the result.
 *
 * **Example** (A careful model beside the usual one)
 *
 * ```ts
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(ChatModel.withDefaults({ maxTokens: 500 }))
 * const careful = (model: ChatModel.Service) =>
 *   model.pipe(ChatModel.withDefaults({ reasoning: { effort: "high" }, timeout: { total: "2 minutes" } }))
 * ```
 */
export const withDefaults = (options: CallOptions): Wrapper =>
  wrapper((model) =>
    adaptModel(
      model,
      (open) => (input, callOptions, whole) => open(input, mergeDefaults(options, callOptions), whole),
      {
        options: merge(model.options ?? {}, options),
        countTokens: countOf(model, (input, callOptions) => [input, mergeDefaults(options, callOptions)])
      }
    )
  )

/**
 * Puts a system message before every conversation of a model, or of the model of a layer.
 *
 * **Details**
 *
 * - The order is: this message, then the conversation with its own system messages. Of two wrappers the inner one's
 *   message, which is the first in a `pipe`, comes first.
 * - Events, histories and the messages of an agent show the conversation without it.
 *
 * **Example** (A house rule for all agents and chains of an app)
 *
 * ```ts
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(
 *   ChatModel.withSystem("Answer in the language of the question.")
 * )
 * ```
 */
export const withSystem = (content: SystemMessage["content"]): Wrapper => {
  const instructions = system(content)
  return wrapper((model) =>
    adaptModel(
      model,
      (open) => (input, options, whole) => open([instructions, ...toMessages(input)], options, whole),
      { countTokens: countOf(model, (input, options) => [[instructions, ...toMessages(input)], options]) }
    )
  )
}

/** Counts the tokens of a call that is changed so. */
const countOf = (
  { countTokens }: Service,
  change: (input: ChatInput, options: CallOptions | undefined) => readonly [ChatInput, CallOptions | undefined]
): Service["countTokens"] => countTokens && ((input, options) => countTokens(...change(input, options)))
