/**
 * Makes the answer of an automatic model to a request: which tools it calls with which arguments, or what it says, cut
 * into chunks. It keeps to what the request asks. Called by `AutoChatModel`. Must not import it.
 *
 * @internal
 */
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { CallOptions, ToolDefinition } from "../../CallOptions.ts"
import type { ChatRequest } from "../../ChatModel.ts"
import { InvalidRequestError } from "../../ChatModelError.ts"
import type { Finish } from "../../Finish.ts"
import type { Message } from "../../Message.ts"
import type { Choices } from "./choices.ts"
import { sentence } from "./texts.ts"
import { valueFor } from "./values.ts"

/** How an automatic model answers. The public options document the members. */
export interface Manner {
  readonly toolCalls: number
  readonly maxCalls: number
  readonly maxTurns: number
  readonly size: number
  readonly cutOffs: number
  readonly invalidArguments: number
  readonly unknownTools: number
}

/** A whole part of an answer. */
export type Block =
  | { readonly type: "reasoning"; readonly text: string }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_call"; readonly text: string; readonly id: string; readonly name: string }

/** An answer before it is cut into chunks. */
export interface Answer {
  readonly blocks: ReadonlyArray<Block>
  readonly finish: Finish
  /** The most tokens of it that are sent. */
  readonly maxTokens: number
}

type Json = Schema.Json
type Made<A> = Result.Result<A, InvalidRequestError>

/** The content of an answer, and the reason for its end. */
type Content = Pick<Answer, "blocks" | "finish">

/** Makes an answer. Each call has numbers of its own. Fails if no value fits a schema of the request. */
export const answerTo = (
  { messages, options }: ChatRequest,
  choices: Choices,
  calls: ReadonlyArray<() => Choices>,
  manner: Manner
): Made<Answer> => {
  const thoughts: ReadonlyArray<Block> = isReasoning(options)
    ? [{ type: "reasoning", text: sentence(choices.many(), 1 + choices.size(manner.size)) }]
    : []
  const tools = toolsFor(messages, options, choices, manner)
  const made: Made<Content> = tools.length > 0
    ? Result.map(
      callsOf(messages, options, tools, choices, calls, manner),
      (blocks) => ({ blocks, finish: finishes.calls })
    )
    : Result.map(textFor(options, choices, manner), (text) => said(text, options.stopSequences ?? []))
  return Result.map(made, ({ blocks, finish }) => ({
    blocks: [...thoughts, ...blocks],
    finish,
    maxTokens: Math.min(
      options.maxTokens ?? Infinity,
      choices.chance(manner.cutOffs) ? 1 + choices.size(16) : Infinity
    ) + (options.reasoning?.budgetTokens ?? 0)
  }))
}

const finishes = {
  stop: { reason: "stop", raw: "end_turn" },
  stopSequence: { reason: "stop", raw: "stop_sequence" },
  calls: { reason: "tool_calls", raw: "tool_use" }
} as const satisfies { readonly [name: string]: Finish }

const isReasoning = ({ reasoning }: CallOptions): boolean =>
  reasoning !== undefined && reasoning.effort !== "none" &&
  (reasoning.effort !== undefined || (reasoning.budgetTokens ?? 0) > 0)

// -----------------------------------------------------------------------------
// texts
// -----------------------------------------------------------------------------

const textFor = (options: CallOptions, choices: Choices, { size }: Manner): Made<string> => {
  const format = options.responseFormat
  if (format === undefined || format.type === "text") {
    return Result.succeed(sentence(choices.many(), 1 + choices.size(2 * size)))
  }
  const schema = format.type === "json" ? { type: "object" } : format.schema
  const value = valueFor(schema, choices, size)
  return value === undefined
    ? Result.fail(noValue("the schema of the answer"))
    : Result.succeed(JSON.stringify(value))
}

/** A text, which ends before the first stop sequence. */
const said = (text: string, stops: ReadonlyArray<string>): Content => {
  const ends = stops.map((stop) => stop === "" ? -1 : text.indexOf(stop)).filter((at) => at >= 0)
  const end = Math.min(...ends, text.length)
  const blocks: ReadonlyArray<Block> = end === 0 ? [] : [{ type: "text", text: text.slice(0, end) }]
  return { blocks, finish: ends.length === 0 ? finishes.stop : finishes.stopSequence }
}

// -----------------------------------------------------------------------------
// tool calls
// -----------------------------------------------------------------------------

/** The tools among which the answer calls some. None: it calls nothing. */
const toolsFor = (
  messages: ReadonlyArray<Message>,
  { toolChoice = "auto", tools = [] }: CallOptions,
  choices: Choices,
  { maxTurns, toolCalls }: Manner
): ReadonlyArray<ToolDefinition> => {
  const own = tools.filter((tool): tool is ToolDefinition => tool.type !== "provider")
  if (own.length === 0 || toolChoice === "none") return []
  if (toolChoice === "required") return own
  if (typeof toolChoice === "object") return own.filter(({ name }) => name === toolChoice.name)
  const wants = choices.chance(toolCalls)
  return wants && turnsOf(messages) < maxTurns ? own : []
}

/** How many answers called tools since a human spoke. */
const turnsOf = (messages: ReadonlyArray<Message>): number => {
  const last = messages.findLastIndex(({ _tag }) => _tag === "HumanMessage")
  return messages.slice(last + 1).filter((message) => message._tag === "AIMessage").length
}

const callsOf = (
  messages: ReadonlyArray<Message>,
  options: CallOptions,
  tools: ReadonlyArray<ToolDefinition>,
  choices: Choices,
  calls: ReadonlyArray<() => Choices>,
  manner: Manner
): Made<ReadonlyArray<Block>> => {
  const words: ReadonlyArray<Block> = choices.below(4) === 3
    ? said(sentence(choices.many(), 1 + choices.size(manner.size)), options.stopSequences ?? []).blocks
    : []
  const count = options.parallelToolCalls === false ? 1 : Math.min(1 + choices.size(manner.maxCalls - 1), calls.length)
  const ids = newIds(messages)
  return Result.map(
    Result.all(calls.slice(0, count).map((choices) => call(tools, ids, choices(), manner))),
    (calls) => [...words, ...calls]
  )
}

const call = (
  tools: ReadonlyArray<ToolDefinition>,
  newId: () => string,
  choices: Choices,
  { invalidArguments, size, unknownTools }: Manner
): Made<Block> => {
  const tool = tools[choices.below(tools.length)]
  const args = tool && valueFor(ofObject(tool.parameters), choices, size)
  if (tool === undefined || args === undefined) {
    return Result.fail(noValue(`the parameters of the tool ${tool?.name}`))
  }
  const name = choices.chance(unknownTools) ? `${tool.name}_2` : tool.name
  const text = choices.chance(invalidArguments) ? broken(args, choices) : JSON.stringify(args)
  return Result.succeed({ type: "tool_call", id: newId(), name, text })
}

const ofObjects = new WeakMap<JsonSchema.JsonSchema, JsonSchema.JsonSchema>()

/** Parameters as a schema of an object, which arguments are, also if the schema does not say so. */
const ofObject = (parameters: JsonSchema.JsonSchema): JsonSchema.JsonSchema => {
  const made = ofObjects.get(parameters) ?? { ...parameters, type: "object" }
  // The same object each time, as what is known of a schema is kept by it.
  ofObjects.set(parameters, made)
  return made
}

/** Arguments as a bad model writes them: cut off, not an object, or with a value of another type. */
const broken = (args: Json, choices: Choices): string => {
  const text = JSON.stringify(args)
  const entries = Object.entries(args ?? {})
  const [key] = entries[choices.below(Math.max(entries.length, 1))] ?? []
  switch (key === undefined ? 0 : choices.below(4)) {
    case 0:
      return text.slice(0, -1)
    case 1:
      return "[]"
    case 2:
      return JSON.stringify(Object.fromEntries(entries.filter(([name]) => name !== key)))
    default:
      return JSON.stringify(Object.fromEntries(entries.map(([name, value]) => [name, name === key ? [value] : value])))
  }
}

/** Ids that no call of the conversation has. */
const newIds = (messages: ReadonlyArray<Message>): () => string => {
  const used = new Set(messages.flatMap((message) => {
    if (message._tag === "ToolMessage") return [message.toolCallId]
    return message._tag === "AIMessage" ? message.toolCalls.map(({ id }) => id) : []
  }))
  const turn = messages.filter(({ _tag }) => _tag === "AIMessage").length + 1
  let number = 0
  return () => {
    for (;;) {
      const id = `call_${turn}_${++number}`
      if (!used.has(id)) return id
    }
  }
}

const noValue = (where: string) =>
  new InvalidRequestError({ message: `AutoChatModel found no value that fits ${where}. Is there one?` })
