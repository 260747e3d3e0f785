/**
 * Checks the input and the options of a call before a request is made. Used by `make`, and by whatever else takes a
 * `ChatInput`.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import { ChatModelError, InvalidRequestError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import { ai, human, system } from "../../Message.ts"
import type { Message, PromptValue } from "../../Message.ts"
import { withDefinitions } from "../tools/definitions.ts"
import { missingCapability } from "./missingCapability.ts"
import type { ChatInput, MessageTuple } from "./request.ts"

/** Checked input and options for an adapter. */
export interface Prepared {
  readonly messages: ReadonlyArray<Message>
  readonly options: CallOptions
}

/**
 * Checks for input that no provider accepts, and for features that this model declares it does not support. A failure
 * names the field that is wrong.
 */
export const prepare = (
  model: {
    readonly provider: string
    readonly model: string
    /** The declared capabilities. Absent: everything is sent. */
    readonly capabilities?: Partial<Capabilities> | undefined
  },
  input: ChatInput,
  options: CallOptions
): Effect.Effect<Prepared, ChatModelError> =>
  Effect.suspend(() => {
    const messages = toMessages(input)
    const problem = modelProblem(model.model) ?? optionsProblem(options) ?? messagesProblem(messages)
    const prepared: Result.Result<CallOptions, Reason> = problem === undefined
      ? withDefinitions(options)
      : Result.fail(new InvalidRequestError({ field: problem[0], message: `${problem[0]}: ${problem[1]}` }))
    const checked = Result.flatMap(prepared, (options): Result.Result<Prepared, Reason> => {
      const lacking = model.capabilities && missingCapability(model.provider, model.capabilities, messages, options)
      return lacking === undefined ? Result.succeed({ messages, options }) : Result.fail(lacking)
    })
    if (Result.isSuccess(checked)) return Effect.succeed(checked.success)
    const { model: name, provider } = model
    return Effect.fail(new ChatModelError({ provider, model: name, reason: checked.failure }))
  })

type Problem = readonly [field: string, message: string]

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

const modelProblem = (model: string): Problem | undefined =>
  model.trim() === "" ? ["model", "give the name of a model"] : undefined

const optionsProblem = (options: CallOptions): Problem | undefined =>
  atLeast("maxTokens", options.maxTokens, 1, true) ??
    atLeast("temperature", options.temperature, 0, false) ??
    atLeast("topP", options.topP, 0, false) ??
    (options.topP !== undefined && options.topP > 1 ? ["topP", `must be at most 1, not ${options.topP}`] : undefined) ??
    atLeast("topK", options.topK, 1, true) ??
    atLeast("maxRetries", options.maxRetries, 0, true) ??
    atLeast("reasoning.budgetTokens", options.reasoning?.budgetTokens, 1, true) ??
    (options.reasoning?.budgetTokens !== undefined && options.reasoning.effort !== undefined
      ? ["reasoning", "give `effort` or `budgetTokens`, not both"]
      : undefined) ??
    (options.stopSequences?.includes("") ? ["stopSequences", "a stop sequence must not be empty"] : undefined) ??
    timeoutProblem(options) ??
    toolsProblem(options)

const atLeast = (field: string, value: number | undefined, min: number, whole: boolean): Problem | undefined => {
  if (value === undefined) return undefined
  if (Number.isFinite(value) && value >= min && (!whole || Number.isInteger(value))) return undefined
  return [field, `must be a ${whole ? "whole " : ""}number of at least ${min}, not ${value}`]
}

const timeoutProblem = (options: CallOptions): Problem | undefined => {
  for (const [phase, input] of Object.entries(options.timeout ?? {})) {
    if (input === undefined || input === false) continue
    const duration = Duration.fromInput(input)
    if (Option.isNone(duration) || !(Duration.toMillis(duration.value) > 0)) {
      return [`timeout.${phase}`, `must be a duration above zero, such as "30 seconds", or false`]
    }
  }
  return undefined
}

const toolsProblem = (options: CallOptions): Problem | undefined => {
  const names = new Set<string>()
  for (const [i, tool] of (options.tools ?? []).entries()) {
    if (tool.type === "provider") continue
    if (tool.name === "") return [`tools[${i}].name`, "a tool needs a name"]
    if (names.has(tool.name)) return [`tools[${i}].name`, `there are two tools named ${tool.name}`]
    names.add(tool.name)
  }
  const choice = options.toolChoice
  if (choice === undefined || choice === "none" || choice === "auto") return undefined
  if ((options.tools ?? []).length === 0) return ["toolChoice", "there are no tools to choose from"]
  if (
    typeof choice === "object" && !names.has(choice.name) && options.tools?.every((tool) => tool.type !== "provider")
  ) {
    return ["toolChoice", `there is no tool named ${choice.name}`]
  }
  return undefined
}

const messagesProblem = (messages: ReadonlyArray<Message>): Problem | undefined => {
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
    } else if (isBlank(message.content)) {
      return [`${field}.content`, "the prompt is empty"]
    }
  }
  return undefined
}

/** Whether a content is empty or white space, which providers refuse. */
export const isBlank = (
  content: string | ReadonlyArray<{ readonly type: string; readonly text?: string | undefined }>
): boolean =>
  typeof content === "string"
    ? content.trim() === ""
    : content.every((part) => part.type === "text" && (part.text ?? "").trim() === "")
