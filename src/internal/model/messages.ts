/**
 * The messages of a call: reads the input of any form, and pairs tool calls with their results. Used by `prepare`, and
 * by agents, histories and prompts. It must import no effect. Each function is linear in the number of messages.
 */
import { ai, human, system, tool } from "../../Message.ts"
import type { AIMessage, InvalidToolCall, Message, PromptValue, ToolCall } from "../../Message.ts"
import type { ChatInput, MessageTuple } from "./request.ts"

/** A field that is wrong, and the reason. */
export type Problem = readonly [field: string, message: string]

/** The conversation of an input of any form. */
export const toMessages = (input: ChatInput): ReadonlyArray<Message> => {
  if (typeof input === "string") return [human(input)]
  // An array differs from a message in its shape; TypeScript narrows readonly arrays only in this direction.
  if (!Array.isArray(input)) {
    const one = input as Message | PromptValue
    return one._tag === "PromptValue" ? one.messages : [one]
  }
  return (input as ReadonlyArray<Message | MessageTuple>).map((message) => {
    if ("_tag" in message) return message
    const [role, content] = message
    return role === "system" ? system(content) : role === "ai" ? ai(content) : human(content)
  })
}

// -----------------------------------------------------------------------------
// calls and results
// -----------------------------------------------------------------------------

/** A tool call of an answer. Its arguments may be unreadable. */
export type Call = ToolCall | InvalidToolCall

/** The calls of an answer, in order. */
export const callsOf = (message: AIMessage): ReadonlyArray<Call> =>
  message.parts.filter((part) => part.type === "tool_call" || part.type === "invalid_tool_call")

/** A message with the results of its calls. */
interface Turn {
  /** The place of the message in the conversation. */
  readonly index: number
  /** The message and the results after it. */
  readonly messages: Array<Message>
  /** The calls without a result. */
  readonly open: Array<Call>
}

/**
 * Splits a conversation into turns. A result that stands behind another message is moved to the turn of its call.
 * Servers may repeat an id in a later answer, so a result belongs to the last call before it that has its id.
 */
const turnsOf = (messages: ReadonlyArray<Message>): { readonly turns: Array<Turn>; readonly moved: boolean } => {
  const turns: Array<Turn> = []
  const byCall = new Map<string, Turn>()
  let last: Turn | undefined
  let moved = false
  for (const [index, message] of messages.entries()) {
    if (message._tag === "ToolMessage" && last !== undefined) {
      const turn = byCall.get(message.toolCallId) ?? last
      const answered = turn.open.findIndex(({ id }) => id === message.toolCallId)
      if (answered !== -1) turn.open.splice(answered, 1)
      turn.messages.push(message)
      moved ||= turn !== last
      continue
    }
    last = { index, messages: [message], open: message._tag === "AIMessage" ? [...callsOf(message)] : [] }
    for (const { id } of last.open) byCall.set(id, last)
    turns.push(last)
  }
  return { turns, moved }
}

const joined = (turns: ReadonlyArray<Turn>): ReadonlyArray<Message> => turns.flatMap(({ messages }) => messages)

/** The conversation with every result behind its call, as providers want it. */
export const inOrder = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const { moved, turns } = turnsOf(messages)
  return moved ? joined(turns) : messages
}

/** An answer at the end of a conversation with calls that have no result yet. */
export interface Pending {
  /** The answer. */
  readonly message: AIMessage
  /** The calls without a result, in order. */
  readonly calls: ReadonlyArray<Call>
}

/**
 * Makes a conversation that providers accept: they refuse one in which a call has no result, or a result no call. A
 * call that was left open is answered with the sentence that it was not run; results at the start whose call has been
 * trimmed off are removed. The open calls of the last answer are left to the caller, if nothing else follows them.
 */
export const settled = (
  messages: ReadonlyArray<Message>
): { readonly messages: ReadonlyArray<Message>; readonly pending: Pending | undefined } => {
  const { turns } = turnsOf(withoutOrphans(messages))
  const last = turns.at(-1)
  const [message] = last?.messages ?? []
  const pending = last !== undefined && last.open.length > 0 && message?._tag === "AIMessage"
    ? { message, calls: last.open }
    : undefined
  for (const turn of turns) if (turn !== last) turn.messages.push(...turn.open.map(notRun))
  return { messages: joined(turns), pending }
}

/** A conversation in which every call has a result; see {@link settled}. */
export const allAnswered = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const { messages: answered, pending } = settled(messages)
  return pending === undefined ? answered : [...answered, ...pending.calls.map(notRun)]
}

const notRun = ({ id, name }: Call): Message =>
  tool({ toolCallId: id, name, content: "This call was not run", isError: true })

const withoutOrphans = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const begin = messages.findIndex(({ _tag }) => _tag === "HumanMessage" || _tag === "AIMessage")
  return messages.filter(({ _tag }, i) => i >= begin || _tag !== "ToolMessage")
}

// -----------------------------------------------------------------------------
// checks
// -----------------------------------------------------------------------------

/** The first problem of a conversation that every provider would refuse. */
export const messagesProblem = (messages: ReadonlyArray<Message>): Problem | undefined => {
  if (messages.every((message) => message._tag === "SystemMessage")) {
    return ["messages", "the prompt is empty: give at least one message that is not a system message"]
  }
  const calls = new Set<string>()
  for (const [i, message] of messages.entries()) {
    const field = `messages[${i}]`
    if (message._tag === "AIMessage") {
      for (const call of [...message.toolCalls, ...message.invalidToolCalls]) calls.add(call.id)
      // A tool message may approve one of these.
      for (const part of message.parts) if (part.type === "server_tool_call") calls.add(part.id)
    } else if (message._tag === "ToolMessage") {
      if (!calls.has(message.toolCallId)) {
        return [
          `${field}.toolCallId`,
          `no message before it calls a tool with the id ${JSON.stringify(message.toolCallId)}`
        ]
      }
    } else if (message._tag === "HumanMessage" && isBlank(message.content)) {
      // A blank system message says nothing, so the adapters leave it out.
      return [`${field}.content`, "the prompt is empty"]
    }
  }
  const turn = turnsOf(messages).turns.find(({ open }) => open.length > 0)
  return turn === undefined ? undefined : [
    `messages[${turn.index}]`,
    `the tool call ${JSON.stringify(turn.open[0]!.id)} has no result: add a tool message for each call, or leave the ` +
    "message out"
  ]
}

/** Whether a content is empty or white space, which providers refuse. */
export const isBlank = (
  content: string | ReadonlyArray<{ readonly type: string; readonly text?: string | undefined }>
): boolean =>
  typeof content === "string"
    ? content.trim() === ""
    : content.every((part) => part.type === "text" && (part.text ?? "").trim() === "")
