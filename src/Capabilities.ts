/**
 * What a model can do, as its provider's module declares it. Every chat model has them as `capabilities`, so an app can
 * ask before it relies on something, and a table of all providers can be printed.
 *
 * They describe what works through Rivulet. Where it depends on the model a provider serves, they say what the
 * provider's API can do; a model that cannot then fails with the provider's own word.
 */
import * as Schema from "effect/Schema"

/**
 * What a model can do; each is `true` where it works.
 *
 * **Example** (Asking first)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const seesImages = Effect.map(ChatModel.ChatModel, (model) => model.capabilities.imageInput)
 * ```
 */
export const Capabilities = Schema.Struct({
  /** The answer arrives token by token, not as one chunk. */
  tokenStreaming: Schema.Boolean,
  /** It calls the caller's tools. */
  tools: Schema.Boolean,
  /** One answer may call several tools, and can be told not to. */
  parallelToolCalls: Schema.Boolean,
  /** The arguments of a call arrive in slices. */
  streamedToolArguments: Schema.Boolean,
  /** The provider holds an answer to a JSON Schema. */
  structuredOutput: Schema.Boolean,
  imageInput: Schema.Boolean,
  /** Answers may contain images. */
  imageOutput: Schema.Boolean,
  /** Documents such as PDF files go in. */
  fileInput: Schema.Boolean,
  /** Reasoning is shown in parts of its own. */
  reasoning: Schema.Boolean,
  citations: Schema.Boolean,
  /** A stream tells its usage. */
  streamedUsage: Schema.Boolean,
  /** Parts of the prompt can be kept by the provider, and `usage` tells what was. */
  promptCaching: Schema.Boolean,
  /** The provider runs tools of its own. */
  serverTools: Schema.Boolean
})

/** What a model can do; each is `true` where it works. */
export interface Capabilities extends Schema.Schema.Type<typeof Capabilities> {}

/** Nothing but answering in text. */
const none: Capabilities = {
  tokenStreaming: false,
  tools: false,
  parallelToolCalls: false,
  streamedToolArguments: false,
  structuredOutput: false,
  imageInput: false,
  imageOutput: false,
  fileInput: false,
  reasoning: false,
  citations: false,
  streamedUsage: false,
  promptCaching: false,
  serverTools: false
}

/**
 * Capabilities from those that are there.
 *
 * **Example** (A model that streams and calls tools)
 *
 * ```ts
 * import { Capabilities } from "rivulet"
 *
 * const capabilities = Capabilities.make({ tokenStreaming: true, tools: true, streamedUsage: true })
 * ```
 */
export const make = (given: Partial<Capabilities>): Capabilities => ({ ...none, ...given })
