/** A call as the body of `POST /v1/messages` (https://docs.anthropic.com/en/api/messages). */
import type {
  CallOptions,
  ProviderTool,
  ReasoningOptions,
  ResponseFormat,
  ToolDefinition
} from "../../../CallOptions.ts"
import type { Reason } from "../../../ChatModelError.ts"
import { Notes } from "../../../internal/provider/encodingIssues.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { Encoded } from "../../../internal/provider/model.ts"
import { encodeSchema } from "../../../internal/provider/schema.ts"
import type { Message } from "../../../Message.ts"
import { encodeMessages } from "./messages.ts"
import { dialect } from "./schemaDialect.ts"

/** A request that can be sent. */
export interface EncodedRequest extends Encoded {
  readonly betas: ReadonlyArray<string>
}

/** `max_tokens` when the call does not say; the API has no default. With a reasoning budget it comes on top. */
const defaultMaxTokens = 4096

/** Puts the request together, or tells what in it Anthropic cannot do. */
export const encodeRequest = (
  model: { readonly provider: string; readonly model: string; readonly betas: ReadonlyArray<string> },
  messages: ReadonlyArray<Message>,
  options: CallOptions
): EncodedRequest | Reason => {
  const { provider } = model
  const notes = new Notes()
  const encoded = encodeMessages(provider, messages, notes)
  const budget = options.reasoning?.budgetTokens
  const { betas: ownBetas, ...own } = options.providerOptions?.[provider] ?? {}
  if (options.temperature !== undefined && options.temperature > 1) {
    notes.invalid("temperature", `Anthropic takes 0 to 1, not ${options.temperature}`)
  }
  const body = {
    model: model.model,
    max_tokens: options.maxTokens ?? defaultMaxTokens + (budget ?? 0),
    ...encoded,
    ...field("temperature", options.temperature),
    ...field("top_p", options.topP),
    ...field("top_k", options.topK),
    ...field("stop_sequences", options.stopSequences),
    ...encodeReasoning(options.reasoning, notes),
    ...encodeOutput(options, notes),
    ...encodeTools(provider, options, notes),
    ...encodeMetadata(options.metadata, notes),
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    stream: true
  }
  if (notes.problem !== undefined) return notes.problem
  const betas = new Set([...model.betas, ...(Array.isArray(ownBetas) ? ownBetas.map(String) : [])])
  // MCP servers are a beta feature, which one header switches on whatever else is asked for.
  if ("mcp_servers" in body && ![...betas].some((beta) => beta.startsWith("mcp-client"))) betas.add(mcpBeta)
  return { body, betas: [...betas], warnings: notes.warnings }
}

const mcpBeta = "mcp-client-2025-11-20"

const field = (name: string, value: unknown): JsonObject | undefined =>
  // The values are those of CallOptions: numbers and lists of strings.
  value === undefined ? undefined : { [name]: value as JsonObject[string] }

const encodeReasoning = (reasoning: ReasoningOptions | undefined, notes: Notes): JsonObject | undefined => {
  if (reasoning?.budgetTokens !== undefined) {
    return { thinking: { type: "enabled", budget_tokens: reasoning.budgetTokens } }
  }
  const effort = reasoning?.effort
  switch (effort) {
    case undefined:
      return undefined
    case "none":
      return { thinking: { type: "disabled" } }
    case "minimal":
      notes.unsupported("reasoning.effort", "Anthropic takes low, medium, high, xhigh and max, not minimal")
      return undefined
    default:
      return { thinking: { type: "adaptive" } }
  }
}

const reasons = ({ budgetTokens, effort }: ReasoningOptions = {}): boolean =>
  budgetTokens !== undefined || (effort !== undefined && effort !== "none")

/** Effort and the form of the answer share a field. */
const encodeOutput = ({ reasoning, responseFormat }: CallOptions, notes: Notes) => {
  const effort = reasoning?.effort
  const format = encodeFormat(responseFormat, notes)
  const config = {
    ...(effort === undefined || effort === "none" || effort === "minimal" ? undefined : { effort }),
    ...(format === undefined ? undefined : { format })
  }
  return Object.keys(config).length === 0 ? undefined : { output_config: config }
}

const encodeFormat = (format: ResponseFormat | undefined, notes: Notes) => {
  if (format === undefined || format.type === "text") return undefined
  if (format.type === "json") {
    notes.unsupported("responseFormat", "Anthropic takes a schema (json_schema), not JSON of any kind")
    return undefined
  }
  return { type: "json_schema", schema: encodeSchema(format.schema, dialect, "responseFormat.schema", notes) }
}

const encodeTools = (provider: string, options: CallOptions, notes: Notes) => {
  const tools = (options.tools ?? []).map((tool, i) => encodeTool(provider, tool, `tools[${i}]`, notes))
  const choice = options.toolChoice
  const single = options.parallelToolCalls === false ? { disable_parallel_tool_use: true } : undefined
  const type = choice === undefined || choice === "auto"
    ? { type: "auto" }
    : choice === "required"
    ? { type: "any" }
    : choice === "none"
    ? { type: "none" }
    : { type: "tool", name: choice.name }
  if ((type.type === "any" || type.type === "tool") && reasons(options.reasoning)) {
    notes.unsupported(
      "toolChoice",
      "Anthropic cannot make a model call a tool while it reasons: leave the choice to it"
    )
  }
  const needed = choice !== undefined || (single !== undefined && tools.length > 0)
  return {
    ...(tools.length === 0 ? undefined : { tools }),
    ...(needed ? { tool_choice: { ...type, ...(choice === "none" ? undefined : single) } } : undefined)
  }
}

const encodeTool = (provider: string, tool: ToolDefinition | ProviderTool, at: string, notes: Notes) => {
  if (tool.type === "provider") {
    if (tool.provider !== provider) notes.unsupported(at, `this is a tool of ${tool.provider}, not of ${provider}`)
    return tool.definition
  }
  const { type } = tool.parameters
  if (type !== undefined && type !== "object") notes.invalid(`${at}.parameters`, "must be the schema of an object")
  return {
    name: tool.name,
    ...(tool.description === undefined ? undefined : { description: tool.description }),
    input_schema: tool.strict === true
      ? encodeSchema(tool.parameters, dialect, `${at}.parameters`, notes)
      : { type: "object", ...tool.parameters },
    ...(tool.strict === undefined ? undefined : { strict: tool.strict }),
    ...tool.providerOptions?.[provider]
  }
}

const encodeMetadata = (metadata: CallOptions["metadata"], notes: Notes) => {
  if (metadata === undefined) return undefined
  const { user_id, ...rest } = metadata
  if (Object.keys(rest).length > 0) {
    notes.warn(`metadata: Anthropic keeps only user_id; left out: ${Object.keys(rest).join(", ")}`)
  }
  return user_id === undefined ? undefined : { metadata: { user_id } }
}
