/**
 * The messages of a call: reads the input of any form, and pairs tool calls with their results. Used by `prepare`, and
 * by agents, histories and prompts. It must import no effect. Each function is linear in the number of messages.
 */
import { aiMessage, human, tool } from "../../Message.ts"
import type { AIMessage, InvalidToolCall, Message, PromptValue, ToolCall } from "../../Message.ts"
import { nameOf } from "../excerpt.ts"
import { isObject } from "../json/object.ts"
import { Accumulator } from "../message/accumulator.ts"
import type { Delta } from "../message/chunk.ts"
import { optional } from "../optional.ts"
import type { ChatInput, RoleMessage } from "./request.ts"

/** A field that is wrong, and the reason. */
export type Problem = readonly [field: string, message: string]

// -----------------------------------------------------------------------------
// input of any form
// -----------------------------------------------------------------------------

/**
 * A message of a caller without types that cannot be read. It stays in the conversation until {@link messagesProblem}
 * turns the call down, so that no step before the model has to fail.
 */
interface Unreadable {
  readonly _tag: "Unreadable"
  readonly problem: Problem
}

/** The problem of a message that cannot be read. */
export const problemOf = (message: Message | Unreadable): Problem | undefined =>
  message._tag === "Unreadable" ? message.problem : undefined

/**
 * The conversation of an input of any form. Messages with a `role`, as most APIs write them, are read, too. A message
 * that cannot be read has a {@link problemOf}.
 */
export const toMessages = (input: ChatInput): ReadonlyArray<Message> => {
  if (typeof input === "string") return [human(input)]
  // An array differs from a message in its shape; TypeScript narrows readonly arrays only in this direction.
  if (Array.isArray(input)) return input.map((message, i) => toMessage(message, `messages[${i}]`))
  const one = input as Message | RoleMessage | PromptValue
  return isObject(one) && "_tag" in one && one._tag === "PromptValue" && Array.isArray(one.messages)
    ? toMessages(one.messages)
    : [toMessage(one, "input")]
}

const toMessage = (value: unknown, field: string): Message => {
  const message = Array.isArray(value) && value.length === 2
    ? ofRole({ role: value[0], content: value[1] }, field)
    : !isObject(value)
    ? unreadable(field, `is ${nameOf(value)}, not a message: give { role, content }, or use Message.human`)
    : "_tag" in value
    ? ofTag(value, field)
    : ofRole(value, field)
  return message as Message // an unreadable one never reaches an adapter
}

const unreadable = (field: string, problem: string): Unreadable => ({ _tag: "Unreadable", problem: [field, problem] })

type Fields = { readonly [key: string]: unknown }

/** A tagged message, if it has what the code of its tag relies on. */
const ofTag = (message: Fields, field: string): unknown => {
  switch (message["_tag"]) {
    case "Unreadable":
      return message
    case "SystemMessage":
    case "HumanMessage":
    case "ToolMessage": {
      const content = contentOf(message["content"], `${field}.content`, message["_tag"] === "SystemMessage")
      return isUnreadable(content) ? content : content === message["content"] ? message : { ...message, content }
    }
    case "AIMessage":
      return ["parts", "toolCalls", "invalidToolCalls"].every((key) => Array.isArray(message[key]))
        ? message
        : unreadable(field, "is not a whole AIMessage: use Message.ai")
    default:
      return unreadable(`${field}._tag`, `is ${nameOf(message["_tag"])}, which is no kind of message`)
  }
}

const tags: ReadonlyMap<unknown, Message["_tag"]> = new Map([
  ["system", "SystemMessage"],
  ["developer", "SystemMessage"],
  ["user", "HumanMessage"],
  ["human", "HumanMessage"],
  ["assistant", "AIMessage"],
  ["ai", "AIMessage"],
  ["tool", "ToolMessage"]
])

/** A message in the form of most APIs. */
const ofRole = (message: Fields, field: string): unknown => {
  const { name, role, tool_call_id: toolCallId, tool_calls: calls } = message
  const _tag = tags.get(role)
  if (_tag === undefined) {
    return unreadable(`${field}.role`, `is ${nameOf(role)}: give system, user, assistant or tool`)
  }
  if (_tag === "AIMessage") return answerOf(message["content"], calls, field)
  const content = contentOf(message["content"], `${field}.content`, _tag === "SystemMessage")
  if (isUnreadable(content)) return content
  if (_tag !== "ToolMessage") return { _tag, content }
  return typeof toolCallId === "string"
    ? { _tag, toolCallId, content, ...optional("name", typeof name === "string" ? name : undefined) }
    : unreadable(`${field}.tool_call_id`, `is ${nameOf(toolCallId)}: give the id of the call`)
}

/** An answer with its tool calls, folded like that of a model. */
const answerOf = (given: unknown, calls: unknown, field: string): unknown => {
  if (calls !== undefined && calls !== null && !Array.isArray(calls)) {
    return unreadable(`${field}.tool_calls`, `is ${nameOf(calls)}, not an array`)
  }
  const called: ReadonlyArray<unknown> = Array.isArray(calls) ? calls : []
  const none = given === null || (given === undefined && called.length > 0)
  const content = none ? "" : contentOf(given, `${field}.content`, true)
  if (isUnreadable(content)) return content
  const texts = typeof content === "string" ? content === "" ? [] : [content] : content.map(({ text }) => String(text))
  const parts: Array<Delta> = texts.map((text, index) => ({ type: "text", index, text }))
  for (const [i, call] of called.entries()) {
    const { args = {}, function: fn, id } = isObject(call) ? call : {}
    const { arguments: written = args, name } = isObject(fn) ? fn : isObject(call) ? call : {}
    if (typeof id !== "string" || typeof name !== "string") {
      return unreadable(`${field}.tool_calls[${i}]`, "needs an id and a function with a name and arguments")
    }
    const text = typeof written === "string" ? written : JSON.stringify(written)
    parts.push({ type: "tool_call", index: parts.length, id, name, args: text, end: true })
  }
  const message = new Accumulator()
  message.add({
    _tag: "AIMessageChunk",
    id: "",
    content: texts.join(""),
    parts,
    finish: { reason: called.length > 0 ? "tool_calls" : "stop", raw: "" }
  })
  const answer = message.message()
  // An empty id stays: the result of the call has it, too.
  const empty = new Set(parts.flatMap((part, i) => part.type === "tool_call" && part.id === "" ? [i] : []))
  return answer === undefined || empty.size === 0
    ? answer
    : aiMessage({ ...answer, parts: answer.parts.map((part, i) => empty.has(i) ? { ...part, id: "" } : part) })
}

const isUnreadable = (value: unknown): value is Unreadable => isObject(value) && value["_tag"] === "Unreadable"

/** A text, or parts. Images may be written as `image_url`. */
const contentOf = (
  content: unknown,
  field: string,
  onlyText: boolean
): string | ReadonlyArray<Fields> | Unreadable => {
  if (typeof content === "string") return content
  if (!Array.isArray(content)) return unreadable(field, `is ${nameOf(content)}: give a text or parts`)
  const parts: Array<Fields> = []
  for (const [i, part] of content.entries()) {
    const read = isObject(part) ? partOf(part) : undefined
    if (read === undefined || (onlyText && read["type"] !== "text")) {
      return unreadable(`${field}[${i}]`, onlyText ? "is no text part" : "is no text, image or file part")
    }
    parts.push(read)
  }
  return parts.every((part, i) => part === content[i]) ? content : parts
}

const partOf = (part: Fields): Fields | undefined => {
  switch (part["type"]) {
    case "text":
      return typeof part["text"] === "string" ? part : undefined
    case "image":
    case "file":
      return isObject(part["source"]) ? part : undefined
    case "image_url": {
      const image = part["image_url"]
      const url = isObject(image) ? image["url"] : image
      return typeof url === "string" ? { type: "image", source: { type: "url", url } } : undefined
    }
    default:
      return undefined
  }
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
  for (const message of messages) {
    const problem = problemOf(message)
    if (problem !== undefined) return problem
  }
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
