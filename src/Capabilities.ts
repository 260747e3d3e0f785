/**
 * The capabilities of a chat model, as its provider module declares them.
 *
 * **When to use**
 *
 * Read `capabilities` of a model before an app relies on a feature that not every provider has.
 *
 * **Details**
 *
 * Capabilities describe what works through Rivulet. If a feature depends on the model that a provider serves, they
 * describe the provider's API; a call to a model without the feature fails with the provider's own error.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import * as Schema from "effect/Schema"

/**
 * The capabilities of a chat model. Each is `true` if it works.
 *
 * **Example** (Checking for image input)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const seesImages = Effect.map(ChatModel.ChatModel, (model) => model.capabilities.imageInput)
 * ```
 */
export const Capabilities = Schema.Struct({
  /** The answer arrives token by token, and not as one chunk. */
  tokenStreaming: Schema.Boolean,
  /** The model calls the caller's tools. */
  tools: Schema.Boolean,
  /** One answer may call several tools, and `parallelToolCalls: false` prevents it. */
  parallelToolCalls: Schema.Boolean,
  /** The arguments of a tool call arrive in slices. */
  streamedToolArguments: Schema.Boolean,
  /** The provider enforces a JSON Schema. */
  structuredOutput: Schema.Boolean,
  /** Messages may contain images. */
  imageInput: Schema.Boolean,
  /** Answers may contain images. */
  imageOutput: Schema.Boolean,
  /** Messages may contain documents, such as PDF files. */
  fileInput: Schema.Boolean,
  /** Reasoning arrives in parts of its own. */
  reasoning: Schema.Boolean,
  /** Answers may cite their sources. */
  citations: Schema.Boolean,
  /** Streams report usage. */
  streamedUsage: Schema.Boolean,
  /** The provider can cache parts of the prompt, and usage reports the cached tokens. */
  promptCaching: Schema.Boolean,
  /** The provider runs tools of its own. */
  serverTools: Schema.Boolean
})

/** The capabilities of a chat model. Each is `true` if it works. */
export interface Capabilities extends Schema.Schema.Type<typeof Capabilities> {}

/** The capabilities of a model that only answers in text. */
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
 * Makes capabilities. Those that are omitted are `false`.
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
