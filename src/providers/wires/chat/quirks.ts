/**
 * Deviations of servers from OpenAI's Chat Completions that need a name: the same bytes mean different things, or
 * requests differ. The decoder reads all other deviations from every server alike. Part of the public types; imports
 * nothing.
 */
export interface Quirks {
  /** The server sends no `[DONE]`: after a finish reason, the end of the body ends the message. */
  readonly noDone?: boolean | undefined
  /** The server sends no finish reason: `[DONE]` alone ends the message. */
  readonly noFinishReason?: boolean | undefined
  /** Chunks of one message may have different ids, as by default. With `false`, another id is a second message: an error. */
  readonly changingIds?: boolean | undefined
  /**
   * Reasoning is part of the text, as `<think>...</think>` at its start (or `<thinking>`, `<reasoning>`). With `open`
   * only the closing tag is sent, because the server's template wrote the opening one: all text before it is reasoning.
   */
  readonly thinkTags?: boolean | "open" | undefined
  /** The limit of tokens is named `max_tokens`, not `max_completion_tokens`. */
  readonly maxTokens?: boolean | undefined
  /** The server takes `top_k`. */
  readonly topK?: boolean | undefined
  /** The server does not take `stream_options`; it reports usage without it, or never. */
  readonly noStreamOptions?: boolean | undefined
  /** The server can restrict an answer to JSON, but not to a schema. */
  readonly noJsonSchema?: boolean | undefined
  /** The server has tools beside functions and custom tools. Their definitions are sent unchanged. */
  readonly serverTools?: boolean | undefined
  /**
   * The field for the reasoning options: `reasoning_effort` takes a word; `reasoning` (OpenRouter) a word or a number
   * of tokens; `enable_thinking` (Alibaba) a switch and a number of tokens; `thinking` (DeepSeek) a switch beside
   * `reasoning_effort`. With `false` there is none. Defaults to `reasoning_effort`.
   */
  readonly reasoning?: "reasoning_effort" | "reasoning" | "enable_thinking" | "thinking" | false | undefined
  /** The server takes its reasoning back, in the field it came in. Without this, the next request omits it. */
  readonly reasoningBack?: boolean | undefined
  /** Ids of tool calls must be nine letters and digits (Mistral). Other ids are converted. */
  readonly shortToolCallIds?: boolean | undefined
  /** The most characters of a tool call's id. Longer ids of other servers are shortened. Any length by default. */
  readonly toolCallIdLength?: number | undefined
  /** The server keeps the `metadata` of a call whose completion is stored. */
  readonly metadata?: boolean | undefined
  /**
   * How an answer at the end of a conversation is marked, so that the model goes on with it: by a field of the message,
   * `prefix` (Mistral, DeepSeek's beta API) or `partial` (Moonshot, Alibaba), or by one of the request,
   * `continue_final_message` (vLLM). Without it the answer is sent as any other.
   */
  readonly lastAnswer?: "prefix" | "partial" | "continue_final_message" | undefined
  /** The server takes files by URL. */
  readonly fileUrls?: boolean | undefined
}
