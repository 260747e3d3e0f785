// What a request says, in one form for all wires. Read by the judge, and by the tests that compare a request with the
// options that it was made of.
import type { Json } from "./factsTable.ts"

/** The wishes that a request holds. */
export interface Reading {
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly stop: ReadonlyArray<string>
  /** The limit of tokens and the name of its field. */
  readonly limit?: { readonly field: string; readonly tokens: number }
  /** The names of functions. */
  readonly functions: ReadonlyArray<string>
  readonly choice?: "auto" | "none" | "required" | { readonly name: string }
  /** Whether one answer may have several calls, if it says so. */
  readonly parallel?: boolean
  /** The form of the answer: the schema if it has one. */
  readonly format?: { readonly type: "json" | "schema"; readonly schema?: Json }
  readonly images: number
  readonly files: number
  /** What it says of reasoning. Absent: nothing. */
  readonly reasoning?: Reasoning
}

/** What a request says of reasoning: that there is none, and the words and tokens of what there is. */
export interface Reasoning {
  readonly off: boolean
  readonly effort?: string
  readonly tokens?: number
  /** The form of its own (`adaptive`, `between_tools`), if it names one. */
  readonly form?: string
}

/** Reads the body of a request to one of the APIs. */
export const read = (api: string, body: Json): Reading => {
  switch (api) {
    case "messages":
      return readMessages(body)
    case "responses":
      return readResponses(body)
    default:
      return readChat(body)
  }
}

const present = <A extends object>(fields: A): { readonly [K in keyof A]: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Json

/** All objects in a request whose `type` is one of these. */
const typed = (value: Json, types: ReadonlyArray<string>): ReadonlyArray<Json> => {
  if (typeof value !== "object" || value === null) return []
  const inside = Object.values(value).flatMap((each) => typed(each, types))
  return types.includes(value.type) ? [value, ...inside] : inside
}

const readMessages = (body: Json): Reading => {
  const { output_config: output, thinking, tool_choice: choice } = body
  return present({
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    stop: body.stop_sequences ?? [],
    limit: body.max_tokens === undefined ? undefined : { field: "max_tokens", tokens: body.max_tokens },
    functions: (body.tools ?? []).map((tool: Json) => tool.name),
    choice: choice === undefined
      ? undefined
      : choice.type === "any"
      ? "required"
      : choice.type === "tool"
      ? { name: choice.name }
      : choice.type,
    parallel: choice?.disable_parallel_tool_use === undefined ? undefined : !choice.disable_parallel_tool_use,
    format: output?.format === undefined ? undefined : { type: "schema" as const, schema: output.format.schema },
    images: typed(body.messages, ["image"]).length,
    files: typed(body.messages, ["document"]).filter(({ source }) => source.type !== "text").length,
    reasoning: thinking === undefined && output?.effort === undefined ? undefined : present({
      off: thinking?.type === "disabled",
      effort: output?.effort,
      tokens: thinking?.budget_tokens,
      form: thinking?.type
    })
  })
}

const readResponses = (body: Json): Reading => {
  const { reasoning, text, tool_choice: choice } = body
  const format = text?.format
  return present({
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    stop: body.stop ?? [],
    limit: limitIn(body),
    functions: (body.tools ?? []).filter((tool: Json) => tool.type === "function").map((tool: Json) => tool.name),
    choice: typeof choice === "object" ? { name: choice.name } : choice,
    parallel: body.parallel_tool_calls,
    format: format === undefined
      ? undefined
      : format.type === "json_object"
      ? { type: "json" as const }
      : { type: "schema" as const, schema: format.schema },
    images: typed(body.input, ["input_image"]).length,
    files: typed(body.input, ["input_file"]).length,
    reasoning: reasoning?.effort === undefined ? undefined : {
      off: reasoning.effort === "none",
      effort: reasoning.effort
    }
  })
}

const readChat = (body: Json): Reading => {
  const { response_format: format, tool_choice: choice } = body
  return present({
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    stop: typeof body.stop === "string" ? [body.stop] : body.stop ?? [],
    limit: limitIn(body),
    functions: (body.tools ?? []).filter((tool: Json) => tool.type === "function").map((tool: Json) =>
      tool.function.name
    ),
    choice: typeof choice === "object" ? { name: choice.function.name } : choice,
    parallel: body.parallel_tool_calls,
    format: format === undefined
      ? undefined
      : format.type === "json_object"
      ? { type: "json" as const }
      : { type: "schema" as const, schema: format.json_schema.schema },
    images: typed(body.messages, ["image_url"]).length,
    files: typed(body.messages, ["file"]).length,
    reasoning: reasoningInChat(body)
  })
}

const limitIn = (body: Json): Reading["limit"] => {
  const field = ["max_tokens", "max_completion_tokens", "max_output_tokens"].find((name) => body[name] !== undefined)
  return field === undefined ? undefined : { field, tokens: body[field] }
}

const reasoningInChat = (body: Json): Reasoning | undefined => {
  const { enable_thinking: switched, reasoning, reasoning_effort: word, thinking, thinking_budget: budget } = body
  const said = [switched, reasoning, word, thinking, budget]
  if (said.every((each) => each === undefined)) return undefined
  const effort = word ?? reasoning?.effort
  return present({
    off: switched === false || thinking?.type === "disabled" || reasoning?.enabled === false || effort === "none",
    effort,
    tokens: budget ?? reasoning?.max_tokens,
    form: thinking?.type
  })
}
