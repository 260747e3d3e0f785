/**
 * The chat model as a service: its type and its tag. They are separate from the constructor and from the public module, so
 * that providers and agents load neither.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as JsonSchema from "effect/JsonSchema"
import type * as Result from "effect/Result"
import type * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { BatchOptions, CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { AIMessage } from "../../Message.ts"
import type { Facts } from "../facts/types.ts"
import type { Inputs } from "../step/batch.ts"
import type { Runnable } from "../step/types.ts"
import type { ChatInput } from "./request.ts"

/** A chat model: a {@link Runnable} that also takes call options. */
export interface Service extends Runnable<ChatInput, AIMessage, ChatModelError, never, AIMessageChunk> {
  /** The name of the provider, such as `anthropic`. */
  readonly provider: string
  /** The name of the model, as the provider spells it. */
  readonly model: string
  /** The default options of every call, with which the model was made. Absent: none. */
  readonly options?: CallOptions | undefined
  /** The features that the model supports. */
  readonly capabilities: Capabilities
  /** The facts that are known of the model, such as `context`, `maxOutput` and `price`. Empty for an unknown model. */
  readonly facts: Facts
  /**
   * Whether the provider can enforce this JSON Schema. Providers support a part of JSON Schema; if this part is not
   * enough, `generateObject` uses another method.
   */
  readonly supportsSchema: (schema: JsonSchema.JsonSchema) => boolean
  /**
   * The tokens that the input of a call would have, counted by the provider. Absent: the provider does not count.
   * `TokenCount.count` estimates then.
   */
  readonly countTokens?:
    | ((input: ChatInput, options?: CallOptions) => Effect.Effect<number, ChatModelError>)
    | undefined
  /** The whole answer: the fold of {@link Service.stream}. */
  readonly invoke: (input: ChatInput, options?: CallOptions) => Effect.Effect<AIMessage, ChatModelError>
  /** The answer as it arrives. Nothing is sent before the stream is run; leaving it closes the connection. */
  readonly stream: (input: ChatInput, options?: CallOptions) => Stream.Stream<AIMessageChunk, ChatModelError>
  /** One answer for each input, in the order of the inputs. A failure is the `Result` of its input and stops no other. */
  readonly batch: (
    inputs: Inputs<ChatInput>,
    options?: BatchOptions
  ) => Effect.Effect<Array<Result.Result<AIMessage, ChatModelError>>>
  /**
   * One answer for each input, with the index of the input, in the order in which they complete. At most `concurrency`
   * calls run or have an answer that waits to be read.
   */
  readonly batchAsCompleted: (
    inputs: Inputs<ChatInput>,
    options?: BatchOptions
  ) => Stream.Stream<readonly [index: number, result: Result.Result<AIMessage, ChatModelError>]>
}

/**
 * The tag of the app's chat model. A layer of a provider, such as `Anthropic.layer`, fills it.
 *
 * **Example** (Using the service)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const program = Effect.gen(function*() {
 *   const model = yield* ChatModel.ChatModel
 *   const answer = yield* model.invoke("Hi", { maxTokens: 100 })
 *   return `${model.provider}/${model.model}: ${answer.content}`
 * })
 * ```
 */
export class ChatModel extends Context.Service<ChatModel, Service>()("rivulet/ChatModel") {}
