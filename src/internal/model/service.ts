/**
 * The chat model as a service: its type and its tag. Apart from the constructor and the public face, so that providers
 * and agents need neither.
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
import type { Runnable } from "../step/types.ts"
import type { ChatInput } from "./request.ts"

/** A chat model: a {@link Runnable} that also takes call options. */
export interface Service extends Runnable<ChatInput, AIMessage, ChatModelError, never, AIMessageChunk> {
  /** The provider's name, such as `anthropic`. */
  readonly provider: string
  /** The model's name, as the provider spells it. */
  readonly model: string
  readonly capabilities: Capabilities
  /**
   * Whether the provider can hold an answer to this JSON Schema. Providers know a part of JSON Schema only; where one
   * does not know enough, {@link generateObject} takes another way.
   */
  readonly supportsSchema: (schema: JsonSchema.JsonSchema) => boolean
  /** The whole answer: the fold of {@link Service.stream}. */
  readonly invoke: (input: ChatInput, options?: CallOptions) => Effect.Effect<AIMessage, ChatModelError>
  /** The answer as it arrives. Nothing is sent before the stream is run; leaving it closes the connection. */
  readonly stream: (input: ChatInput, options?: CallOptions) => Stream.Stream<AIMessageChunk, ChatModelError>
  /** One answer for each input, in their order. A failure is the `Result` of its input and ends no other. */
  readonly batch: (
    inputs: ReadonlyArray<ChatInput>,
    options?: BatchOptions
  ) => Effect.Effect<Array<Result.Result<AIMessage, ChatModelError>>>
  /** One answer for each input, with the input's index, as they are ready. */
  readonly batchAsCompleted: (
    inputs: ReadonlyArray<ChatInput>,
    options?: BatchOptions
  ) => Stream.Stream<readonly [index: number, result: Result.Result<AIMessage, ChatModelError>]>
}

/**
 * The tag of the app's chat model.
 *
 * **Example** (The model itself)
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
