/**
 * A model of any tag as a step of a chain. `ChatModel.runnable` is the step of the context's model. A run costs one
 * look-up of the service, and with options one small object.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions } from "../../CallOptions.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { AIMessage } from "../../Message.ts"
import { nameOf } from "../excerpt.ts"
import { makeRunnable, open } from "../runnable/make.ts"
import type { Runnable } from "../step/types.ts"
import { withDefaults } from "./defaults.ts"
import type { ChatInput } from "./request.ts"
import type { Service } from "./service.ts"
import { isModel } from "./wrap.ts"

/** A model, or the tag of one. */
export type ModelSource<I = never> = Service | Context.Key<I, Service>

/** The model of a source. */
export const modelOf = <I>(source: ModelSource<I>): Effect.Effect<Service, never, I> =>
  Context.isKey(source) ? source : Effect.succeed(source)

/** Throws for a value that is neither a model nor a tag, which callers without types may give. */
export const checkedSource = <I>(name: string, source: ModelSource<I>): ModelSource<I> => {
  if (Context.isKey(source) || isModel(source)) return source
  throw new TypeError(`${name} must be a model or the tag of one, not ${nameOf(source)}`)
}

/**
 * A model as a step of a chain: the one of a tag, or a given one. `options` are those of its calls in this step.
 *
 * **Details**
 *
 * A tag is in the requirements of the chain, like `ChatModel` with `ChatModel.runnable`. In graphs the step has the last
 * part of the tag's key as its name (`Fast` for `app/Fast`); events have the name of the model's provider.
 *
 * **Example** (A draft by one model, the last word by another)
 *
 * ```ts
 * import { Context } from "effect"
 * import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
 *
 * class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
 * class Smart extends Context.Service<Smart, ChatModel.Service>()("app/Smart") {}
 *
 * const name = Runnable.sequence(
 *   ChatPrompt.make("Ten names for {pet}"),
 *   ChatModel.runnableOf(Fast, { temperature: 1 }),
 *   OutputParser.string,
 *   Runnable.fn((names) => `The best of these:\n${names}`),
 *   ChatModel.runnableOf(Smart, { maxTokens: 10 })
 * )
 * ```
 */
export const runnableOf = <I = never>(
  model: ModelSource<I>,
  options?: CallOptions
): Runnable<ChatInput, AIMessage, ChatModelError, I, AIMessageChunk> => {
  const source = checkedSource("ChatModel.runnableOf: the model", model)
  const configured = options === undefined ? (model: Service) => model : withDefaults(options)
  return Context.isKey(source)
    ? makeRunnable(
      { type: "chat_model", name: source.key.slice(source.key.lastIndexOf("/") + 1) },
      (input: ChatInput) => (scope) => Effect.flatMap(source, (model) => open(configured(model), input)(scope))
    )
    : configured(source)
}
