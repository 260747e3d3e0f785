/**
 * How servers that speak Chat Completions differ from OpenAI's, where that is a matter of choice: either two servers
 * mean different things by the same bytes, or they want different requests. All that is unambiguous is read from every
 * server alike, without a name here: see the decoder.
 */
export interface Quirks {
  /** Sends no `[DONE]`: after a finish reason, the end of the body is the end of the message. */
  readonly noDone?: boolean | undefined
  /** Sends no finish reason: `[DONE]` alone ends the message. */
  readonly noFinishReason?: boolean | undefined
  /** Gives chunks of one message different ids. Otherwise another id is a second message, which is an error. */
  readonly changingIds?: boolean | undefined
  /** Writes reasoning into the text, as `<think>...</think>` at its start. */
  readonly thinkTags?: boolean | undefined
  /** Calls the limit of tokens `max_tokens`, not `max_completion_tokens`. */
  readonly maxTokens?: boolean | undefined
  /** Takes `top_k`. */
  readonly topK?: boolean | undefined
  /** Does not know `stream_options`; usage is told without it, or not at all. */
  readonly noStreamOptions?: boolean | undefined
  /** Takes any JSON object as the form of the answer, but no schema. */
  readonly noJsonSchema?: boolean | undefined
  /** Knows more types of tools than functions and custom tools; their definitions are sent as they are. */
  readonly serverTools?: boolean | undefined
  /**
   * The field that says how hard to think: `reasoning_effort` takes a word, `reasoning` (OpenRouter's) a word or a
   * number of tokens, `enable_thinking` (Alibaba's) a number or just no, `thinking`
   * (DeepSeek's) is a switch beside it. `false`:
   * there is none.
   */
  readonly reasoning?: "reasoning_effort" | "reasoning" | "enable_thinking" | "thinking" | false | undefined
  /** Wants its reasoning back, in the field it came in. Otherwise it is left out of the next turn. */
  readonly reasoningBack?: boolean | undefined
  /** Takes only ids of nine letters and digits for tool calls (Mistral); others are turned into such. */
  readonly shortToolCallIds?: boolean | undefined
  /** Keeps a call's `metadata`, with completions that are stored. */
  readonly metadata?: boolean | undefined
  /** Takes files by URL. */
  readonly fileUrls?: boolean | undefined
}
