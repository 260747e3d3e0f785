import type { AIMessage, InvalidToolCall, Message, ToolCall, ToolMessage } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { given } from "../optional.ts"

/** An answer of the model, with the results of the calls it asked for, in the order of the calls. */
export interface Step {
  readonly message: AIMessage
  readonly results: ReadonlyArray<ToolMessage>
}

/** How far a run of an agent has come. */
export interface Conversation {
  /** What the agent was given, and all that has come to it: answers and results. Its `system` is not among them. */
  readonly messages: ReadonlyArray<Message>
  /** The steps of this run. */
  readonly steps: ReadonlyArray<Step>
  /** The tokens of all answers of this run; absent as long as no provider has told any. */
  readonly usage?: Usage | undefined
}

/** A call to be answered: one whose arguments are no JSON is answered by saying so. */
export type Call = ToolCall | InvalidToolCall

/** The calls of an answer, in their order. */
export const callsOf = (message: AIMessage): ReadonlyArray<Call> =>
  message.parts.filter((part) => part.type === "tool_call" || part.type === "invalid_tool_call")

/** An answer that still waits for results, with which nothing but results came after it. */
export interface Pending {
  readonly message: AIMessage
  readonly calls: ReadonlyArray<Call>
}

/** The calls at the end of a conversation that have no result yet. */
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

/** Adds the tokens of one more request. The requests are different ones, so unlike within a message they add up. */
export const addUsage = (self: Usage | undefined, that: Usage | undefined): Usage | undefined => {
  if (self === undefined || that === undefined) return withoutRaw(self ?? that)
  const sum = (key: "cacheReadTokens" | "cacheWriteTokens" | "reasoningTokens") =>
    given(key, self[key] === undefined ? that[key] : self[key] + (that[key] ?? 0))
  return {
    inputTokens: self.inputTokens + that.inputTokens,
    outputTokens: self.outputTokens + that.outputTokens,
    totalTokens: self.totalTokens + that.totalTokens,
    ...sum("cacheReadTokens"),
    ...sum("cacheWriteTokens"),
    ...sum("reasoningTokens")
  }
}

/** The provider's own object is of one request. */
const withoutRaw = (usage: Usage | undefined): Usage | undefined => {
  if (usage === undefined) return undefined
  const { raw: _, ...totals } = usage
  return totals
}
