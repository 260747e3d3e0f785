/**
 * The service of a model from the way it opens a call. `make` and every wrapper end here, so that all of them have the
 * same events, batches and defects. Knows no retry and no provider.
 */
import type { BatchOptions, CallOptions } from "../../CallOptions.ts"
import { ChatModelError, UnknownError } from "../../ChatModelError.ts"
import { textOf } from "../defects.ts"
import { watch } from "../events/watch.ts"
import { optional } from "../optional.ts"
import { batches } from "../runnable/batch.ts"
import { makeRunnable } from "../runnable/make.ts"
import { collect, toStream } from "../step/run.ts"
import type { StepInfo } from "../step/types.ts"
import { toMessages } from "./messages.ts"
import { register } from "./opening.ts"
import type { OpenModel } from "./opening.ts"
import type { ChatInput } from "./request.ts"
import { ChatModel } from "./service.ts"
import type { Service } from "./service.ts"

/** The fields of a model that say what it is. */
export type Described = Pick<
  Service,
  "provider" | "model" | "options" | "capabilities" | "facts" | "supportsSchema" | "countTokens"
>

/** Makes the service of a model. A wrapped one is opened by calls of other models. */
export const makeService = (described: Described, open: OpenModel, wrapped = false): Service => {
  const { capabilities, countTokens, facts, model, options, provider, supportsSchema } = described
  const info: StepInfo = {
    type: "chat_model",
    name: provider,
    subject: { _tag: "Model", provider, model, wrapped },
    events: { input: (input: ChatInput) => ({ messages: [toMessages(input)] }) }
  }
  const invoke: Service["invoke"] = (input, options) => collect(watch(info, input, open(input, options, true)))
  return register(
    ChatModel.of({
      ...makeRunnable(info, (input: ChatInput) => watch(info, input, open(input, undefined, false))),
      provider,
      model,
      options,
      capabilities,
      facts,
      supportsSchema,
      ...optional("countTokens", countTokens),
      stream: (input, options) => toStream(watch(info, input, open(input, options, false))),
      invoke,
      ...batches(
        (input: ChatInput, options: BatchOptions | undefined) => invoke(input, callOptions(options)),
        (defect) => {
          const reason = new UnknownError({ message: textOf(defect) })
          return Object.assign(new ChatModelError({ provider, model, reason }), { cause: defect })
        }
      )
    }),
    open
  )
}

/** The options of each call of a batch. */
const callOptions = (options: BatchOptions | undefined): CallOptions | undefined => {
  if (options === undefined) return undefined
  const { concurrency: _concurrency, onProgress: _onProgress, ...each } = options
  return each
}
