/**
 * Checks the options of a call, and the features that the model declares it supports, before a request is made.
 * messages.ts beside it reads and checks the input. Used by `make` alone.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { merge, ownOptions } from "../../CallOptions.ts"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import { ChatModelError, InvalidRequestError, UnsupportedError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { Message } from "../../Message.ts"
import { ModelFacts } from "../facts/settings.ts"
import type { FactsCall, FactsSettings, FittedCall, Knowledge } from "../facts/settings.ts"
import { withDefinitions } from "../tools/definitions.ts"
import { inOrder, messagesProblem, toMessages } from "./messages.ts"
import type { Problem } from "./messages.ts"
import type { ChatInput, ChatRequest } from "./request.ts"

/** Checked input and options for an adapter. */
export type Prepared = Omit<ChatRequest, "connection">

/** A model, as far as the check of a request looks at it. */
interface Model {
  readonly provider: string
  readonly model: string
  /** The capabilities that the provider declares. Absent: everything is sent. */
  readonly capabilities?: Partial<Capabilities> | undefined
  /** The facts about the model: its own, or else those by the rules of the app that calls it. */
  readonly knowledge: (settings: FactsSettings) => Knowledge | undefined
}

/**
 * Checks for input that no provider accepts, fits the options to the facts about the model, and checks for features that
 * the model declares it does not support. A failure names the field that is wrong.
 */
export const prepare = (
  model: Model,
  input: ChatInput,
  defaults: CallOptions,
  own: CallOptions | undefined
): Effect.Effect<Prepared, ChatModelError> =>
  Effect.withFiber((fiber) => {
    const settings = fiber.getRef(ModelFacts)
    const options = merge(defaults, own)
    const messages = toMessages(input)
    const problem = modelProblem(model.model) ?? optionsProblem(options) ?? messagesProblem(messages)
    const checked: Result.Result<CallOptions, Reason> = problem === undefined
      ? withDefinitions(withoutToolOptions(options))
      : Result.fail(new InvalidRequestError({ field: problem[0], message: `${problem[0]}: ${problem[1]}` }))
    const prepared = Result.flatMap(
      checked,
      (options) => fitted(model, settings, { messages: inOrder(messages), options, own: ownOptions(own) })
    )
    if (Result.isFailure(prepared)) {
      const { model: name, provider } = model
      return Effect.fail(new ChatModelError({ provider, model: name, reason: prepared.failure }))
    }
    const [found, logs] = prepared.success
    const request = Effect.succeed(found)
    return logs.length === 0
      ? request
      : Effect.andThen(Effect.forEach(logs, ([text, facts]) => Effect.logWarning(text, facts)), request)
  })

/** The request as the model takes it, with the warnings to log, or the reason why it does not. */
const fitted = (
  { capabilities, knowledge, provider }: Model,
  settings: FactsSettings,
  call: Pick<FactsCall, "messages" | "options" | "own">
): Result.Result<readonly [Prepared, FittedCall["logs"]], Reason> => {
  const { messages, options } = call
  const found = knowledge(settings)?.fit({ ...call, capabilities }, settings) ??
    { facts: {}, options, warnings: [], capabilities, logs: [] }
  if ("_tag" in found) return Result.fail(found)
  const { capabilities: held, logs, ...request } = found
  const lacking = held && missingCapability(provider, held, messages, request.options)
  return lacking === undefined ? Result.succeed([{ messages, ...request }, logs]) : Result.fail(lacking)
}

/** Leaves out options about tools if there are no tools: APIs refuse such a choice, and no tool is called anyway. */
const withoutToolOptions = (options: CallOptions): CallOptions => {
  const { parallelToolCalls: _, toolChoice: __, tools = [], ...others } = options
  // A provider's own fields may have tools of their own.
  const own = Object.values(options.providerOptions ?? {}).some((fields) =>
    "tools" in fields || "mcp_servers" in fields
  )
  return tools.length > 0 || own ? options : others
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

// -----------------------------------------------------------------------------
// capabilities
// -----------------------------------------------------------------------------

/**
 * The first part of a call that the model declares it does not support. The check is the same for every model, so that
 * no server silently ignores a part of a request.
 */
const missingCapability = (
  provider: string,
  capabilities: Partial<Capabilities>,
  messages: ReadonlyArray<Message>,
  options: CallOptions
): UnsupportedError | undefined => {
  const place = toolsPlace(capabilities, options) ?? formatPlace(capabilities, options) ??
    partPlace(capabilities, messages)
  return place === undefined
    ? undefined
    : new UnsupportedError({ field: place[0], message: `${place[0]}: ${provider} ${place[1]}: use another model` })
}

type Place = readonly [field: string, problem: string]

const toolsPlace = (
  capabilities: Partial<Capabilities>,
  { parallelToolCalls, tools = [] }: CallOptions
): Place | undefined => {
  for (const [i, tool] of tools.entries()) {
    if (tool.type !== "provider" && !capabilities.tools) return [`tools[${i}]`, "does not support tools"]
    // If a model has tools of either kind, its adapter knows which provider tools it takes.
    if (!capabilities.tools && !capabilities.serverTools) return [`tools[${i}]`, "does not support tools"]
  }
  return parallelToolCalls === false && tools.length > 0 && !capabilities.parallelToolCalls
    ? ["parallelToolCalls", "does not support this option"]
    : undefined
}

const formatPlace = (capabilities: Partial<Capabilities>, { responseFormat }: CallOptions): Place | undefined =>
  responseFormat?.type === "json_schema" && !capabilities.structuredOutput
    ? ["responseFormat", "does not support structured output"]
    : undefined

const partPlace = (capabilities: Partial<Capabilities>, messages: ReadonlyArray<Message>): Place | undefined => {
  for (const [i, message] of messages.entries()) {
    if ((message._tag !== "HumanMessage" && message._tag !== "ToolMessage") || typeof message.content === "string") {
      continue
    }
    for (const [j, part] of message.content.entries()) {
      const field = `messages[${i}].content[${j}]`
      if (part.type === "image" && !capabilities.imageInput) return [field, "does not support images"]
      // A text file can be sent as text.
      if (part.type === "file" && part.source.type !== "text" && !capabilities.fileInput) {
        return [field, "does not support files"]
      }
    }
  }
  return undefined
}
