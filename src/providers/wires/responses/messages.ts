/**
 * A conversation as the `input` and the `instructions` of a request to the Responses API. Called by `request.ts`.
 */
import { isBlank } from "../../../internal/model/messages.ts"
import { CallIds, idsUpTo } from "../../../internal/provider/encoding.ts"
import type { EncodingIssues } from "../../../internal/provider/encoding.ts"
import { objectAt, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { AIMessage, Message, SystemMessage, ToolMessage } from "../../../Message.ts"
import { encodeAnswer, itemOf, typeOf } from "./answerItems.ts"
import { callKind } from "./callKinds.ts"
import { encodeContent, optionsFor, textOf } from "./content.ts"

/** A call that a later tool message may answer. */
interface Call {
  readonly item: JsonObject
  readonly args: JsonObject[string]
}

/**
 * The messages of a request. `previous` is the id of a response that OpenAI has stored: the messages up to it are left
 * out. Instructions are not stored, so they are sent each time.
 */
export const encodeMessages = (
  provider: string,
  messages: ReadonlyArray<Message>,
  previous: string | undefined,
  issues: EncodingIssues
): JsonObject => {
  const leading = messages.findIndex((message) => message._tag !== "SystemMessage")
  const system = messages.slice(0, leading).filter((message) =>
    message._tag === "SystemMessage" && !isBlank(message.content)
  )
  // `instructions` is plain text, so parts with provider options (such as a cache mark) are sent as messages.
  const plain = system.every(({ content }) =>
    typeof content === "string" || content.every((part) => optionsFor(provider, part.providerOptions) === undefined)
  )
  const start = plain ? leading : 0
  const kept = previous === undefined
    ? -1
    : messages.findLastIndex((message) => message._tag === "AIMessage" && message.id === previous)
  const calls = new Map<string, Call>()
  const ids = new CallIds(idsUpTo(64), messages)
  const input = messages.flatMap((message, i): ReadonlyArray<JsonObject> => {
    if (message._tag === "AIMessage") { for (const [id, call] of callsOf(provider, message)) calls.set(id, call) }
    return i < start || i <= kept ? [] : encodeMessage(provider, message, { calls, ids }, `messages[${i}]`, issues)
  })
  const instructions = system.map(({ content }) => textOf(content)).join("\n\n")
  return { ...(plain && system.length > 0 ? { instructions } : undefined), input }
}

const callsOf = (provider: string, message: AIMessage): ReadonlyArray<readonly [string, Call]> => {
  const from = message.metadata?.["provider"]
  return message.parts.flatMap((part) => {
    if (part.type !== "tool_call" && part.type !== "invalid_tool_call" && part.type !== "server_tool_call") return []
    const item = from === undefined || from === provider ? itemOf(part.metadata) : undefined
    const args = part.type === "invalid_tool_call" ? null : part.args
    return [[part.id, { item: item ?? { type: typeOf(part) }, args }] as const]
  })
}

const encodeMessage = (
  provider: string,
  message: Message,
  { calls, ids }: { readonly calls: ReadonlyMap<string, Call>; readonly ids: CallIds },
  field: string,
  issues: EncodingIssues
): ReadonlyArray<JsonObject> => {
  switch (message._tag) {
    case "SystemMessage":
      return isBlank(message.content) ? [] : [developer(provider, message, field, issues)]
    case "HumanMessage":
      return [{ role: "user", content: encodeContent(provider, message.content, `${field}.content`, issues) }]
    case "ToolMessage":
      return [{
        ...encodeOutput(provider, message, calls.get(message.toolCallId), ids, `${field}.content`, issues),
        ...optionsFor(provider, message.providerOptions)
      }]
    case "AIMessage":
      return encodeAnswer(provider, message, ids, field, issues)
  }
}

const developer = (
  provider: string,
  { content }: SystemMessage,
  field: string,
  issues: EncodingIssues
): JsonObject => ({
  role: "developer",
  content: encodeContent(provider, content, `${field}.content`, issues)
})

/** The answer to a call, in the form that the kind of call requires. */
const encodeOutput = (
  provider: string,
  message: ToolMessage,
  call: Call | undefined,
  ids: CallIds,
  field: string,
  issues: EncodingIssues
): JsonObject => {
  const { content, isError = false } = message
  const toolCallId = ids.result(message.toolCallId)
  const called = stringAt(call?.item ?? {}, "type") ?? "function_call"
  const type = callKind(called)?.output ?? "function_call_output"
  const answer = { type, call_id: toolCallId }
  switch (type) {
    case "shell_call_output":
      return { ...answer, ...shellOutput(textOf(content), isError), ...lengthOf(call) }
    case "local_shell_call_output":
      return { type, id: toolCallId, output: textOf(content) }
    case "apply_patch_call_output":
      return { ...answer, status: isError ? "failed" : "completed", output: textOf(content) }
    case "computer_call_output":
      return { ...answer, output: screenshot(provider, message, field, issues) }
    case "tool_search_output":
      return { ...answer, execution: "client", status: "completed", tools: listOf(textOf(content), field, issues) }
    case "mcp_approval_response": {
      const reason = textOf(content)
      return {
        type,
        approval_request_id: toolCallId,
        approve: !isError,
        ...(reason === "" ? undefined : { reason })
      }
    }
  }
  return { ...answer, output: encodeContent(provider, content, field, issues) }
}

/** The output of a shell: a JSON list in the form of the API, or text, which is sent as stdout or stderr. */
const shellOutput = (text: string, isError: boolean): JsonObject => {
  const list = jsonOf(text)
  return {
    output: Array.isArray(list)
      ? list
      : [{
        stdout: isError ? "" : text,
        stderr: isError ? text : "",
        outcome: { type: "exit", exit_code: isError ? 1 : 0 }
      }]
  }
}

/** The output limit of a call, which the API requires in the answer. */
const lengthOf = (call: Call | undefined): JsonObject | undefined => {
  const limit = objectAt({ args: call?.args ?? null }, "args")?.["max_output_length"]
  return typeof limit === "number" ? { max_output_length: limit } : undefined
}

const screenshot = (provider: string, { content }: ToolMessage, field: string, issues: EncodingIssues): JsonObject => {
  const images = typeof content === "string" ? [] : content.filter((part) => part.type === "image")
  const [image] = encodeContent(provider, images, field, issues)
  if (typeof image !== "object") {
    issues.invalid(field, "the answer to a computer call is a screenshot: give an image part")
    return {}
  }
  const { detail: _, type: __, ...source } = image
  return { type: "computer_screenshot", ...source }
}

const listOf = (text: string, field: string, issues: EncodingIssues): JsonObject[string] => {
  const list = jsonOf(text)
  if (!Array.isArray(list)) issues.invalid(field, "the answer to a tool search is a JSON list of tools")
  return list ?? []
}

const jsonOf = (text: string): JsonObject[string] | undefined => {
  try {
    return JSON.parse(text) as JsonObject[string] // JSON.parse yields JSON; its type says `any`
  } catch {
    return undefined
  }
}
