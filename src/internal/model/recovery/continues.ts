/**
 * Whether a model goes on with an answer that it is given, and whether an answer may be gone on with. The table holds
 * what the makers document. Used by `withRecovery`; nothing here is sent.
 */
import type { CallOptions } from "../../../CallOptions.ts"
import type { Message, PartialAIMessage } from "../../../Message.ts"
import type { Service } from "../service.ts"

/**
 * Whether a model goes on with an answer at the end of a conversation. `"echoes"`: it does, and first repeats that answer.
 */
export type Continues = boolean | "echoes"

const table: ReadonlyArray<readonly [provider: string, model: RegExp, Continues]> = [
  // Those from 4.6 on refuse an answer at the end: https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6
  [
    "anthropic",
    /claude-(?:instant|[23](?:[-.]|$)|(?:opus|sonnet|haiku)-4(?:[-.][0-5](?!\d))?(?:[-@]?(?:\d{8}|latest|v\d).*)?$)/i,
    true
  ],
  // https://docs.mistral.ai/capabilities/completion
  ["mistral", /^/, "echoes"],
  // https://console.groq.com/docs/prefilling
  ["groq", /llama|gemma|mixtral/i, true],
  // The templates of open models go on with the last message, if it is an answer.
  ["ollama", /^/, true],
  ["llamacpp", /^/, true],
  ["vllm", /^/, true]
]

/** The table's value for a model, or false for a model that it does not list. */
export const continuesByDefault = ({ model, provider }: Service): Continues =>
  table.find(([name, pattern]) => name === provider && pattern.test(model))?.[2] ?? false

/**
 * Whether a model may be asked to go on with an answer. The answer must be text alone, because signed reasoning and
 * calls cannot be continued, and the request must ask for free text, because an enforced format begins anew.
 */
export const mayContinue = (
  partial: PartialAIMessage,
  messages: ReadonlyArray<Message>,
  options: CallOptions
): boolean => {
  const { reasoning, responseFormat, toolChoice } = options
  const last = messages.at(-1)
  return partial.content.trim() !== "" && partial.parts.every(({ type }) => type === "text") &&
    (last?._tag !== "AIMessage" || last.parts.every(({ type }) => type === "text")) &&
    (responseFormat === undefined || responseFormat.type === "text") &&
    (toolChoice === undefined || toolChoice === "auto" || toolChoice === "none") &&
    (reasoning === undefined || reasoning.effort === "none")
}
