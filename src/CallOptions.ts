/**
 * What one call may ask of a chat model, whatever the provider.
 *
 * An option that a provider cannot honour is never dropped in silence. If the answer would be another one without it
 * (a limit, a tool, a sampling parameter, reasoning, a part of the input), the call fails with `UnsupportedError`
 * before a request is made. If the answer would be the same (`metadata` keys the provider has no field for, reasoning
 * of another provider that cannot be sent back), the call goes on, the log gets a warning, and the message's
 * `metadata.warnings` lists it.
 */
import type * as Duration from "effect/Duration"
import type * as JsonSchema from "effect/JsonSchema"
import type * as Schedule from "effect/Schedule"
import type { ChatModelError } from "./ChatModelError.ts"
import type { ProviderOptions } from "./Message.ts"

/**
 * A tool the model may call and the caller runs. `parameters` is the JSON Schema of an object. What `Tool.make` gives is
 * one as well.
 */
export interface ToolDefinition {
  readonly type?: "function" | undefined
  readonly name: string
  readonly description?: string | undefined
  readonly parameters: JsonSchema.JsonSchema
  /** Have the provider enforce the schema, where it can. */
  readonly strict?: boolean | undefined
  readonly providerOptions?: ProviderOptions | undefined
}

/** A tool that the provider defines or runs itself; `definition` is what its API takes. */
export interface ProviderTool {
  readonly type: "provider"
  readonly provider: string
  readonly definition: { readonly [key: string]: unknown }
}

/** Whether the model may (`auto`), must (`required`) or must not (`none`) call a tool, or must call this one. */
export type ToolChoice = "auto" | "required" | "none" | { readonly name: string }

/**
 * The form of the answer: JSON of a schema, or any JSON object. The provider holds the model to it where it can
 * (`capabilities.structuredOutput`); where it cannot, the call fails with `UnsupportedError`. What comes is still text:
 * `ChatModel.generateObject` and `OutputParser.schema` decode it.
 */
export type ResponseFormat =
  | { readonly type: "text" }
  | { readonly type: "json" }
  | {
    readonly type: "json_schema"
    /** A name for the schema: letters, digits, `_` and `-`. `answer` by default. */
    readonly name?: string | undefined
    readonly description?: string | undefined
    readonly schema: JsonSchema.JsonSchema
    /** Whether the answer must fit exactly; `true` by default, where the provider makes a difference. */
    readonly strict?: boolean | undefined
  }

/** How hard the model thinks before it answers. Give one of the two. */
export interface ReasoningOptions {
  /** In words, for models that take words. */
  readonly effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | undefined
  /** In tokens, for models that take a number. */
  readonly budgetTokens?: number | undefined
}

/**
 * How long each phase of a call may take. `false` switches a limit off. A phase only counts while the consumer is
 * waiting: one that reads slowly does not time out.
 */
export interface TimeoutOptions {
  /** From the request to the response's headers. 60 seconds by default. */
  readonly connect?: Duration.Input | false | undefined
  /** From the headers to the first sign of the message. 2 minutes by default. */
  readonly firstChunk?: Duration.Input | false | undefined
  /** The longest silence after that; a provider's ping is no silence. 1 minute by default. */
  readonly idle?: Duration.Input | false | undefined
  /** The whole call, retries included. Off by default. */
  readonly total?: Duration.Input | false | undefined
}

/** The options of one call. Those given here win over those a model was made with. */
export interface CallOptions {
  /** The most tokens the answer may have. */
  readonly maxTokens?: number | undefined
  readonly temperature?: number | undefined
  readonly topP?: number | undefined
  readonly topK?: number | undefined
  /** Texts that end the answer when the model is about to say them. */
  readonly stopSequences?: ReadonlyArray<string> | undefined
  /** What the model may call. The calls are in its answer; `Agent` also runs those of the tools that `Tool.make` made. */
  readonly tools?: ReadonlyArray<ToolDefinition | ProviderTool> | undefined
  readonly toolChoice?: ToolChoice | undefined
  /** `false`: at most one tool call an answer. */
  readonly parallelToolCalls?: boolean | undefined
  readonly reasoning?: ReasoningOptions | undefined
  /** The form of the answer; plain text by default. */
  readonly responseFormat?: ResponseFormat | undefined
  /** Labels for the provider's own records, such as `{ user_id: "..." }`. */
  readonly metadata?: { readonly [key: string]: string } | undefined
  readonly timeout?: TimeoutOptions | undefined
  /** How often a request is sent again after a failure worth it, before the first chunk. 2 by default. */
  readonly maxRetries?: number | undefined
  /**
   * The delays between the tries, instead of 0.5 s doubling up to 8 s with jitter. A longer `retryAfter` of the provider
   * is waited for. When the schedule is done, so are the retries.
   */
  readonly retrySchedule?: Schedule.Schedule<unknown, ChatModelError> | undefined
  /**
   * Fields for the request of one provider, keyed by its name, as its API spells them. They win over the options
   * above; `false`, `0` and `null` are sent, `undefined` is not.
   */
  readonly providerOptions?: { readonly [provider: string]: { readonly [key: string]: unknown } } | undefined
}

/** Options for many calls. */
export interface BatchOptions extends CallOptions {
  /** How many calls may be under way at once. 8 by default. */
  readonly concurrency?: number | undefined
}

/**
 * Lays the options of a call over those of its model. `timeout` and `providerOptions` are merged by key.
 *
 * @internal
 */
export const merge = (defaults: CallOptions, options: CallOptions | undefined): CallOptions => {
  if (options === undefined) return defaults
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const providers = new Set([
    ...Object.keys(defaults.providerOptions ?? {}),
    ...Object.keys(options.providerOptions ?? {})
  ])
  return {
    ...defaults,
    ...given,
    timeout: { ...defaults.timeout, ...options.timeout },
    providerOptions: Object.fromEntries(
      [...providers].map((name) => [name, { ...defaults.providerOptions?.[name], ...options.providerOptions?.[name] }])
    )
  }
}
