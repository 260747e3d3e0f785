/**
 * The conversation of an agent as data: its types, and functions of messages. The other files of this folder use it;
 * `Agent` re-exports the types. It must import no effect.
 */
import type { AIMessage, InvalidToolCall, Message, ToolCall, ToolMessage } from "../../Message.ts"
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

/** A tool call of an answer. A call whose arguments are not JSON is answered with an error. */
export type Call = ToolCall | InvalidToolCall

/** The calls of an answer, in order. */
export const callsOf = (message: AIMessage): ReadonlyArray<Call> =>
  message.parts.filter((part) => part.type === "tool_call" || part.type === "invalid_tool_call")

/** An answer with calls that have no result yet, followed by nothing but results. */
export interface Pending {
  /** The answer. */
  readonly message: AIMessage
  /** The calls without a result, in order. */
  readonly calls: ReadonlyArray<Call>
}

/** The pending answer at the end of a conversation, if there is one. */
export const pendingOf = (messages: ReadonlyArray<Message>): Pending | undefined => {
  const answered = new Set<string>()
  for (const message of messages.toReversed()) {
    if (message._tag === "ToolMessage") {
      answered.add(message.toolCallId)
      continue
    }
    if (message._tag !== "AIMessage") return undefined
    const calls = callsOf(message).filter(({ id }) => !answered.has(id))
    return calls.length === 0 ? undefined : { message, calls }
  }
  return undefined
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
