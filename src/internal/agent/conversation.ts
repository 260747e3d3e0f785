/**
 * The conversation of an agent as data: its types, and functions of messages. The other files of this folder use it;
 * `Agent` re-exports the types. It must import no effect.
 */
import type { AIMessage, Message, ToolMessage } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { optional } from "../optional.ts"

/** One step of a run: an answer of the model and the results of its calls. */
export interface Step {
  /** The answer of the model. */
  readonly message: AIMessage
  /** The results of the answer's calls, in the order of the calls. */
  readonly results: ReadonlyArray<ToolMessage>
}

/** The state of a run of an agent. */
export interface Conversation {
  /** The input, and the answers and results since. The agent's `system` is not among them. */
  readonly messages: ReadonlyArray<Message>
  /** The steps of this run. */
  readonly steps: ReadonlyArray<Step>
  /** The sum of the usage of all answers of this run. Absent while no provider has reported any. */
  readonly usage?: Usage | undefined
}

/** Adds the usage of two requests. Unlike the totals within one message, those of different requests add up. */
export const addUsage = (self: Usage | undefined, that: Usage | undefined): Usage | undefined => {
  if (self === undefined || that === undefined) return withoutRaw(self ?? that)
  const sum = (key: "cacheReadTokens" | "cacheWriteTokens" | "reasoningTokens") =>
    optional(key, self[key] === undefined ? that[key] : self[key] + (that[key] ?? 0))
  return {
    inputTokens: self.inputTokens + that.inputTokens,
    outputTokens: self.outputTokens + that.outputTokens,
    totalTokens: self.totalTokens + that.totalTokens,
    ...sum("cacheReadTokens"),
    ...sum("cacheWriteTokens"),
    ...sum("reasoningTokens")
  }
}

/** Usage without the provider's own object, which describes one request only. */
const withoutRaw = (usage: Usage | undefined): Usage | undefined => {
  if (usage === undefined) return undefined
  const { raw: _, ...totals } = usage
  return totals
}
