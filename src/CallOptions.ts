/**
 * The options of one call to a chat model, for every provider.
 *
 * **Details**
 *
 * Models differ in the options they take. `fit` decides what happens to an option that the model does not take
 * according to its facts (`ModelFacts`). By default:
 *
 * - Another form that says the same is used: an effort becomes tokens, and tokens become an effort.
 * - A hint (sampling parameters, an effort, a limit above the longest answer) is left out or changed. A warning is logged
 *   once for a model and an option, and `metadata.warnings` of the message lists it. The same holds for parts that do not
 *   change the answer, such as `metadata` keys without a field at the provider.
 * - A promise (a forced tool, tools, a schema, an image, a stop sequence) fails the call with `UnsupportedError` before a
 *   request is made. So does an option for which the provider's API has no field.
 *
 * For a model without facts nothing is changed.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as JsonSchema from "effect/JsonSchema"
import type * as Schedule from "effect/Schedule"
import type { ChatModelError } from "./ChatModelError.ts"
import type { Fit } from "./internal/facts/types.ts"
import { optional } from "./internal/optional.ts"
import type { BatchOptions as StepBatchOptions } from "./internal/step/batch.ts"
import type { ProviderOptions } from "./Message.ts"

export type { BatchProgress } from "./internal/step/batch.ts"

/** A tool that the model may call and the caller runs. `Tool.make` makes one that `Agent` can run. */
export interface ToolDefinition {
  /** Distinguishes the tool from a {@link ProviderTool}. Optional. */
  readonly type?: "function" | undefined
  /** The name by which the model calls the tool: letters, digits, `_` and `-`. */
  readonly name: string
  /** The purpose of the tool and when to use it, for the model. */
  readonly description?: string | undefined
  /** The JSON Schema of the arguments, which must be an object. */
  readonly parameters: JsonSchema.JsonSchema
  /** Whether the provider enforces the schema, if it can. Absent: the provider's default. */
  readonly strict?: boolean | undefined
  /** Settings for single providers, such as a cache breakpoint. */
  readonly providerOptions?: ProviderOptions | undefined
}

/** A tool that a provider defines or runs itself, such as web search. */
export interface ProviderTool {
  /** Distinguishes the tool from a {@link ToolDefinition}. */
  readonly type: "provider"
  /** The name of the provider, such as `anthropic`. */
  readonly provider: string
  /** The tool as the provider's API expects it. */
  readonly definition: { readonly [key: string]: unknown }
}

/**
 * Whether the model calls tools: it decides (`auto`), it must call one (`required`), it must not (`none`), or it must
 * call the tool of this name.
 */
export type ToolChoice = "auto" | "required" | "none" | {
  /** The name of the tool. */
  readonly name: string
}

/**
 * The form of the answer: any text, any JSON object, or JSON that fits a schema.
 *
 * **Details**
 *
 * The provider enforces the form if it can (`capabilities.structuredOutput`); otherwise the call fails with
 * `UnsupportedError`. The answer is still text: `ChatModel.generateObject` and `OutputParser.schema` decode it.
 */
export type ResponseFormat =
  | { readonly type: "text" }
  | { readonly type: "json" }
  | {
    readonly type: "json_schema"
    /** The name of the schema: letters, digits, `_` and `-`. Defaults to `answer`. */
    readonly name?: string | undefined
    /** A description of the schema, for the model. */
    readonly description?: string | undefined
    /** The JSON Schema of the answer. */
    readonly schema: JsonSchema.JsonSchema
    /** Whether the answer must fit exactly, if the provider distinguishes that. Defaults to `true`. */
    readonly strict?: boolean | undefined
  }

/** How much the model reasons before it answers. Set one of the two. */
export interface ReasoningOptions {
  /** The effort. It becomes a share of the longest answer for models that take tokens. Absent: the provider's default. */
  readonly effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | undefined
  /** The most reasoning tokens. They become a level for models that take one. Absent: the provider's default. */
  readonly budgetTokens?: number | undefined
}

/**
 * The time limits of a call. `false` removes a limit.
 *
 * **Details**
 *
 * Time only counts while the consumer waits for the model, so a slow consumer never times out.
 */
export interface TimeoutOptions {
  /** From the request to the response headers. Defaults to 60 seconds. */
  readonly connect?: Duration.Input | false | undefined
  /** From the response headers to the first event of the message. Defaults to 2 minutes. */
  readonly firstChunk?: Duration.Input | false | undefined
  /** Between two events after that. A ping from the provider counts as an event. Defaults to 1 minute. */
  readonly idle?: Duration.Input | false | undefined
  /** For the whole call, retries included. Defaults to `false`. */
  readonly total?: Duration.Input | false | undefined
}

/** A failure that is about to be retried. */
export interface Retry {
  /** The failure of the last attempt. */
  readonly error: ChatModelError
  /** The number of the retry, from 1 to `maxRetries`. */
  readonly retry: number
  /** The time until the next attempt. */
  readonly delay: Duration.Duration
}

/** The options of one call. They override those that the model was made with. */
export interface CallOptions {
  /**
   * The most tokens of the answer. A `budgetTokens` of reasoning comes on top where the provider's limit contains it.
   * Absent: as many as the model writes.
   */
  readonly maxTokens?: number | undefined
  /** The sampling temperature. The range depends on the model. Absent: the provider's default. */
  readonly temperature?: number | undefined
  /** The probability mass of nucleus sampling, from 0 to 1. Absent: the provider's default. */
  readonly topP?: number | undefined
  /** The number of most likely tokens to sample from. Absent: the provider's default. */
  readonly topK?: number | undefined
  /** Texts that end the answer before the model writes them. Defaults to none. */
  readonly stopSequences?: ReadonlyArray<string> | undefined
  /** The tools that the model may call. Its calls are in the answer; only `Agent` runs them. Defaults to none. */
  readonly tools?: ReadonlyArray<ToolDefinition | ProviderTool> | undefined
  /** Whether, and which, tools the model calls. Absent: the provider's default, which is `auto`. */
  readonly toolChoice?: ToolChoice | undefined
  /** Whether one answer may call several tools. Absent: the provider's default. */
  readonly parallelToolCalls?: boolean | undefined
  /** How much the model reasons before it answers. Absent: the provider's default. */
  readonly reasoning?: ReasoningOptions | undefined
  /** The form of the answer. Defaults to text. */
  readonly responseFormat?: ResponseFormat | undefined
  /** Labels for the provider's records, such as `{ user_id: "..." }`. Defaults to none. */
  readonly metadata?: { readonly [key: string]: string } | undefined
  /**
   * Whether options that the model does not take are adapted, fail the call, or are sent as they are. Defaults to that of
   * `ModelFacts.policy`, and then to `adapt`.
   */
  readonly fit?: Fit | undefined
  /** The time limits of the call. Each has its own default. */
  readonly timeout?: TimeoutOptions | undefined
  /** The most retries after retryable failures, before the first chunk. Defaults to 2. */
  readonly maxRetries?: number | undefined
  /**
   * The delays between retries. Defaults to 0.5 seconds, doubling up to 8 seconds, with jitter. A longer `retryAfter`
   * of the provider takes precedence. No retry follows the end of the schedule.
   */
  readonly retrySchedule?: Schedule.Schedule<unknown, ChatModelError> | undefined
  /**
   * Runs before the wait for each retry, for example to tell a user why nothing happens. The wait begins when it has
   * ended. If it dies, a warning is logged and the call goes on. Defaults to nothing.
   */
  readonly onRetry?: ((retry: Retry) => Effect.Effect<unknown>) | undefined
  /**
   * Fields of the request for single providers, keyed by the provider's name and spelled as in its API. They override
   * the other options. `false`, `0` and `null` are sent; `undefined` is not.
   */
  readonly providerOptions?: { readonly [provider: string]: { readonly [key: string]: unknown } } | undefined
}

/** The options of a batch of calls: those of each call, and those of the batch. */
export interface BatchOptions extends CallOptions, StepBatchOptions {}

/**
 * Merges the options of a call over those of its model. `timeout` and `providerOptions` are merged by key. An option or a
 * time limit that is undefined counts as absent; a field of `providerOptions` that is undefined takes a default away.
 *
 * @internal
 */
export const merge = (defaults: CallOptions, options: CallOptions | undefined): CallOptions => {
  if (options === undefined) return defaults
  const timeout = { ...defined(defaults.timeout), ...defined(options.timeout) }
  const providerOptions = { ...defaults.providerOptions }
  for (const [name, fields] of Object.entries(options.providerOptions ?? {})) {
    providerOptions[name] = { ...providerOptions[name], ...fields }
  }
  return {
    ...defaults,
    ...defined(options),
    ...optional("timeout", options.timeout && timeout),
    ...optional("providerOptions", options.providerOptions && providerOptions)
  }
}

/** The key of the defaults among the options of a call. A wrapper that copies options copies it, too. */
const defaultsKey = Symbol.for("rivulet/CallOptions/defaults")

type WithDefaults = CallOptions & { readonly [defaultsKey]?: CallOptions }

/**
 * Merges the options of a call over the defaults that a wrapper of its model has. {@link ownOptions} tells them apart.
 *
 * @internal
 */
export const mergeDefaults = (defaults: CallOptions, options: WithDefaults = {}): CallOptions => {
  const own = defined(options)
  const added = Object.fromEntries(Object.entries(defaults).filter(([name]) => !(name in own)))
  const merged: WithDefaults = { ...merge(defaults, options), [defaultsKey]: { ...added, ...options[defaultsKey] } }
  return merged
}

/**
 * The options that a call has itself: without the defaults of wrappers, unless they were changed since.
 *
 * @internal
 */
export const ownOptions = (options: WithDefaults = {}): CallOptions => {
  if (options[defaultsKey] === undefined) return options
  const defaults: { readonly [name: string]: unknown } = { ...options[defaultsKey] }
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => defaults[name] !== value))
}

const defined = <A extends object>(fields: A | undefined): Partial<A> =>
  // Object.fromEntries does not keep the types of the fields.
  Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value !== undefined)) as Partial<A>
