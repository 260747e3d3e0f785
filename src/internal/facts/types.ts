/**
 * The types of the catalogue of models: facts about a model, and the rules they come from. Types only, so that data and
 * wires can name them at no cost.
 */

/** The facts about a chat model that decide which request it takes. A field that is absent is not known. */
export interface Facts {
  /** The tokens of input and answer together. */
  readonly context?: number | undefined
  /** The most tokens of the input. */
  readonly maxInput?: number | undefined
  /** The most tokens of an answer, reasoning included. */
  readonly maxOutput?: number | undefined
  /** The least that the limit of tokens may be. */
  readonly minOutput?: number | undefined
  /** The name of the limit in the request. */
  readonly limitField?: string | undefined
  /**
   * Whether temperature, topP and topK are taken: always, never, only with the effort `none`, only while the model does
   * not reason; or without an effect, always (`ignored`) or while it reasons (`ignored-thinking`). `discouraged` ones are
   * taken.
   */
  readonly sampling?:
    | "always"
    | "never"
    | "effort-none"
    | "thinking-off"
    | "ignored"
    | "ignored-thinking"
    | "discouraged"
    | undefined
  /** The least and the greatest temperature. */
  readonly temperature?: Range | undefined
  /** The least and the greatest topP. */
  readonly topP?: Range | undefined
  /** Whether topK is taken. */
  readonly topK?: boolean | undefined
  /** Temperature and topP together are refused. */
  readonly oneOfTemperatureTopP?: boolean | undefined
  /** Whether stop sequences are taken, or how many, or only while the model does not reason. */
  readonly stop?: boolean | number | "not-reasoning" | undefined
  /** How the model reasons. */
  readonly thinking?: ThinkingFacts | undefined
  /** The efforts on Chat Completions, where they differ. */
  readonly chatEfforts?: ReadonlyArray<string> | undefined
  /** How the model calls tools. */
  readonly tools?: ToolFacts | undefined
  /** The field that limits an answer to one call; `none` if there is none. */
  readonly parallel?: string | undefined
  /** Whether an answer can be held to a schema, to JSON of any kind (`object`), or to neither. */
  readonly json?: "schema" | "object" | "none" | undefined
  /** JSON of any kind is taken only while the model does not reason. */
  readonly jsonWhen?: "thinking-off" | undefined
  /** The kinds of content that messages may have, such as `text`, `image` and `pdf`. */
  readonly inputs?: ReadonlyArray<string> | undefined
  /** Reasoning must go back in later turns (`true`), or cannot (`false`). */
  readonly reasoningBack?: boolean | undefined
  /** How prompts are cached, and the shortest prefix that is, in tokens. */
  readonly cache?:
    | { readonly kind: "auto" | "explicit" | "both" | "none"; readonly min?: number | undefined }
    | undefined
  /** The price, on the maker's own API unless the provider has a price of its own. */
  readonly price?: Price | undefined
  /** The month that the knowledge of the model ends with, such as `2026-01`. */
  readonly cutoff?: string | undefined
  /** Whether the model is still served. */
  readonly status?: "active" | "deprecated" | "retired" | undefined
  /** The day on which it is no longer served, such as `2026-12-10`. */
  readonly retires?: string | undefined
  /** The APIs that serve it; any if absent. */
  readonly apis?: ReadonlyArray<string> | undefined
}

/** The least and the greatest value; `null` is no bound. */
export type Range = readonly [least: number, greatest: number | null]

/** How a model reasons. */
export interface ThinkingFacts {
  /**
   * How reasoning is set: not at all, because the model never reasons (`none`) or always does (`fixed`); on or off
   * (`toggle`); by a word (`effort`); or by a number of tokens (`budget`).
   */
  readonly control: "none" | "fixed" | "toggle" | "effort" | "budget"
  /** The form in the request. */
  readonly wire?:
    | "adaptive"
    | "budget"
    | "budget+effort"
    | "reasoning_effort"
    | "thinking"
    | "thinking+reasoning_effort"
    | "enable_thinking"
    | "thinkingLevel"
    | "thinkingBudget"
    | "reasoningConfig"
    | "thinking.token_budget"
    | undefined
  /** The words for the effort, from the least. */
  readonly efforts?: ReadonlyArray<string> | undefined
  /** Whether it reasons if a request does not say. */
  readonly default?: "on" | "off" | undefined
  /** The effort if a request does not say. */
  readonly defaultEffort?: string | undefined
  /** Whether it can be switched off; `high`: only with an effort up to `high`. */
  readonly off?: "always" | "never" | "high" | undefined
  /** The setting next to off, where it cannot be switched off. */
  readonly lowest?: string | undefined
  /** The least and the most tokens of reasoning, or `false` if it takes no number. */
  readonly budget?: Range | false | undefined
  /** Whether reasoning is shown if a request does not say. */
  readonly display?: "omitted" | "summarized" | undefined
}

/** How a model calls tools. */
export interface ToolFacts {
  /** `false`: it calls none. */
  readonly calls?: boolean | undefined
  /**
   * Whether a call can be forced: always, never, while it does not reason, by the name of a tool only, without a name
   * only. `unenforced`: the request is taken, and the model may call none.
   */
  readonly forced?: "always" | "never" | "thinking-off" | "named-only" | "required-only" | "unenforced" | undefined
  /** Whether OpenAI's Chat Completions takes functions: never, or only with the effort `none`. */
  readonly chat?: "never" | "effort-none" | undefined
  /** `false`: no tools together with a schema for the answer. */
  readonly withSchema?: boolean | undefined
}

/** A price in US dollars for a million tokens. */
export interface Price {
  /** Tokens of the input. */
  readonly in: number
  /** Tokens of the answer. */
  readonly out: number
  /** Tokens of the input that came from the cache. Absent: as `in`. */
  readonly read?: number | undefined
  /** Tokens that were written to the cache for five minutes. Absent: not known. */
  readonly write?: number | undefined
  /** Tokens that were written to the cache for an hour. Absent: not known. */
  readonly write1h?: number | undefined
  /** The prices of the whole request if its input is longer than `tokens`. */
  readonly over?: {
    readonly tokens: number
    readonly in: number
    readonly out: number
    readonly read?: number | undefined
    readonly write?: number | undefined
    readonly write1h?: number | undefined
  } | undefined
  /**
   * The provider whose price it is, if that is not the one that serves the model: then it is only an estimate. In a rule it
   * may be absent for the price of every provider that the rule is for.
   */
  readonly by?: string | undefined
  /** The day on which it was collected, such as `2026-11-27`. Absent: not known. */
  readonly asOf?: string | undefined
}

/** Facts for the models that fit. For each field the first rule that fits and has it counts. */
export interface Rule extends Facts {
  /** Found in the name of the model, in any case: a regular expression as text. */
  readonly match: string
  /** The names of the providers. Absent: any. */
  readonly provider?: ReadonlyArray<string> | undefined
  /** The API: `messages`, `responses` or `chat`. Absent: any. */
  readonly api?: string | undefined
  /** The rule is for new models of a known family, which are taken for the newest kind. */
  readonly guess?: true | undefined
}

/** The model that facts are looked up for. */
export interface Subject {
  /** The name of the provider. */
  readonly provider: string
  /** The API: `messages`, `responses` or `chat`. */
  readonly api?: string | undefined
  /** The name of the model, or of the known model that it is like. */
  readonly model: string
}

/**
 * Whether options that a model does not take are adapted, fail the call, or are sent as they are.
 *
 * - `adapt`: another form is used where it says the same; a hint, such as a temperature, is left out or changed with a
 *   warning; a promise, such as a forced tool or a schema, fails the call.
 * - `fail`: another form is used where it says the same; anything else fails the call.
 * - `send`: everything is sent as it was given.
 */
export type Fit = "adapt" | "fail" | "send"
