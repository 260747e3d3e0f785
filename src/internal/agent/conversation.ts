/**
 * The conversation of an agent as data: its schemas and types, and functions of messages. The other files of this folder
 * use it; `Agent` re-exports the schemas. It must import no module that runs effects.
 */
import * as Schema from "effect/Schema"
import { AIMessage, Message, ToolMessage } from "../../Message.ts"
import { Usage } from "../../Usage.ts"
import { optional } from "../optional.ts"

/** One step of a run: an answer of the model and the results of its calls. */
export const Step = Schema.Struct({
  /** The answer of the model. */
  message: AIMessage,
  /** The results of the answer's calls, in the order of the calls. */
  results: Schema.Array(ToolMessage)
})

/** One step of a run: an answer of the model and the results of its calls. */
export interface Step extends Schema.Schema.Type<typeof Step> {}

/** The state of a run of an agent. */
export const Conversation = Schema.Struct({
  /** The input, and the answers and results since. The agent's `system` is not among them. */
  messages: Schema.Array(Message),
  /** The steps of this run. */
  steps: Schema.Array(Step),
  /** The sum of the usage of all answers of this run. Absent while no provider has reported any. */
  usage: Schema.optional(Usage)
})

/** The state of a run of an agent. */
export interface Conversation extends Schema.Schema.Type<typeof Conversation> {}

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
