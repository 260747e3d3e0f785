/**
 * A call as the body of `POST /v1/messages` (https://docs.anthropic.com/en/api/messages). Called by the host
 * `anthropic`. An option that the API does not take makes the request impossible or is left out with a warning; it is
 * never dropped in silence.
 */
import type {
  CallOptions,
  ProviderTool,
  ReasoningOptions,
  ResponseFormat,
  ToolDefinition
} from "../../../CallOptions.ts"
import type { Reason } from "../../../ChatModelError.ts"
import type { SchemaDialect } from "../../../internal/jsonSchema/dialect.ts"
import { mapNodes, withPrefixItems } from "../../../internal/jsonSchema/nodes.ts"
import { optional } from "../../../internal/optional.ts"
import { encodeParameters, encodeSchema, EncodingIssues } from "../../../internal/provider/encoding.ts"
import { isObject } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { Encoded } from "../../../internal/provider/model.ts"
import type { Message } from "../../../Message.ts"
import { encodeMessages } from "./messages.ts"
import type { Target } from "./messages.ts"

/** A request and the beta features it needs. */
export interface EncodedRequest extends Encoded {
  readonly betas: ReadonlyArray<string>
}

/** The default of `max_tokens`, which the API requires. A reasoning budget is added to it. */
const defaultMaxTokens = 4096

/** Encodes a call, or gives the reason why Anthropic cannot take it. */
export const encodeRequest = (
  model: Target & { readonly model: string; readonly betas: ReadonlyArray<string> },
  messages: ReadonlyArray<Message>,
  options: CallOptions
): EncodedRequest | Reason => {
  const { provider } = model
  const issues = new EncodingIssues()
  const encoded = encodeMessages(model, messages, issues)
  const budget = options.reasoning?.budgetTokens
  const { betas: ownBetas, ...own } = options.providerOptions?.[provider] ?? {}
  const body = {
    model: model.model,
    max_tokens: options.maxTokens ?? defaultMaxTokens + (budget ?? 0),
    ...encoded,
    ...optional("temperature", options.temperature),
    ...optional("top_p", options.topP),
    ...optional("top_k", options.topK),
    ...optional("stop_sequences", options.stopSequences),
    ...encodeReasoning(options.reasoning, issues),
    ...encodeOutput(options, issues),
    ...encodeTools(provider, options, issues),
    ...encodeMetadata(options.metadata, issues),
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    stream: true
  }
  const betas = new Set([...model.betas, ...(Array.isArray(ownBetas) ? ownBetas.map(String) : [])])
  refuse(options, body, betas, issues)
  if (issues.problem !== undefined) return issues.problem
  // MCP servers are a beta feature, enabled by a header.
  if ("mcp_servers" in body && ![...betas].some((beta) => beta.startsWith("mcp-client"))) betas.add(mcpBeta)
  return { body, betas: [...betas], warnings: issues.warnings }
}

/** What the API is known to refuse, alone or together, by the names of the options. */
const refuse = (
  options: CallOptions,
  { max_tokens: maxTokens, thinking }: { readonly max_tokens: unknown; readonly thinking?: unknown },
  betas: ReadonlySet<string>,
  issues: EncodingIssues
): void => {
  const { temperature, toolChoice, topK, topP } = options
  if (temperature !== undefined && temperature > 1) {
    issues.invalid("temperature", `Anthropic takes 0 to 1, not ${temperature}`)
  }
  if (options.stopSequences?.some((text) => text.trim() === "")) {
    issues.invalid("stopSequences", "Anthropic takes no stop sequence of white space alone")
  }
  // `providerOptions` may have set it.
  const { budget_tokens: budget, type } = isObject(thinking) ? thinking : {}
  if (type !== "enabled" && type !== "adaptive") return
  if (temperature !== undefined && temperature !== 1) {
    issues.unsupported("temperature", `Anthropic takes no temperature but 1 while a model reasons, not ${temperature}`)
  }
  if (topK !== undefined) issues.unsupported("topK", "Anthropic does not take it while a model reasons")
  if (topP !== undefined && topP < 0.95) {
    issues.unsupported("topP", `Anthropic takes 0.95 to 1 while a model reasons, not ${topP}`)
  }
  if (toolChoice === "required" || typeof toolChoice === "object") {
    issues.unsupported(
      "toolChoice",
      "Anthropic cannot make a model call a tool while it reasons: leave the choice to it"
    )
  }
  if (typeof budget !== "number" || typeof maxTokens !== "number") return
  if (budget < 1024) issues.invalid("reasoning.budgetTokens", `Anthropic takes 1024 or more, not ${budget}`)
  // Interleaved thinking may take all that the context holds.
  if (maxTokens <= budget && ![...betas].some((beta) => beta.startsWith("interleaved-thinking"))) {
    issues.invalid(
      "maxTokens",
      `must be more than the reasoning budget, which is part of it (${budget}), not ${maxTokens}`
    )
  }
}

const mcpBeta = "mcp-client-2025-11-20"

const encodeReasoning = (reasoning: ReasoningOptions | undefined, issues: EncodingIssues): JsonObject | undefined => {
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
      issues.unsupported("reasoning.effort", "Anthropic takes low, medium, high, xhigh and max, not minimal")
      return undefined
    default:
      return { thinking: { type: "adaptive" } }
  }
}

/** `output_config` holds both the effort and the format of the answer. */
const encodeOutput = ({ reasoning, responseFormat }: CallOptions, issues: EncodingIssues) => {
  const effort = reasoning?.effort
  const format = encodeFormat(responseFormat, issues)
  const config = {
    ...(effort === undefined || effort === "none" || effort === "minimal" ? undefined : { effort }),
    ...optional("format", format)
  }
  return Object.keys(config).length === 0 ? undefined : { output_config: config }
}

const encodeFormat = (format: ResponseFormat | undefined, issues: EncodingIssues) => {
  if (format === undefined || format.type === "text") return undefined
  if (format.type === "json") {
    issues.unsupported("responseFormat", "Anthropic takes a schema (json_schema), not JSON of any kind")
    return undefined
  }
  return { type: "json_schema", schema: encodeSchema(format.schema, schemaDialect, "responseFormat.schema", issues) }
}

const encodeTools = (provider: string, options: CallOptions, issues: EncodingIssues) => {
  const tools = (options.tools ?? []).map((tool, i) => encodeTool(provider, tool, `tools[${i}]`, issues))
  const choice = options.toolChoice
  const single = options.parallelToolCalls === false ? { disable_parallel_tool_use: true } : undefined
  const type = choice === undefined || choice === "auto"
    ? { type: "auto" }
    : choice === "required"
    ? { type: "any" }
    : choice === "none"
    ? { type: "none" }
    : { type: "tool", name: choice.name }
  const needed = choice !== undefined || (single !== undefined && tools.length > 0)
  return {
    ...(tools.length === 0 ? undefined : { tools }),
    ...(needed ? { tool_choice: { ...type, ...(choice === "none" ? undefined : single) } } : undefined)
  }
}

const encodeTool = (provider: string, tool: ToolDefinition | ProviderTool, at: string, issues: EncodingIssues) => {
  if (tool.type === "provider") {
    if (tool.provider !== provider) issues.unsupported(at, `this is a tool of ${tool.provider}, not of ${provider}`)
    return tool.definition
  }
  return {
    name: tool.name,
    ...optional("description", tool.description),
    // Anthropic takes no other form of tuples than that of today.
    input_schema: encodeParameters(
      tool,
      { at, dialect: schemaDialect, complete: (schema) => mapNodes(schema, withPrefixItems) },
      issues
    ),
    ...optional("strict", tool.strict),
    ...tool.providerOptions?.[provider]
  }
}

const encodeMetadata = (metadata: CallOptions["metadata"], issues: EncodingIssues) => {
  if (metadata === undefined) return undefined
  const { user_id, ...rest } = metadata
  if (Object.keys(rest).length > 0) {
    issues.warn(`metadata: Anthropic keeps only user_id; left out: ${Object.keys(rest).join(", ")}`)
  }
  return user_id === undefined ? undefined : { metadata: { user_id } }
}

/**
 * Schemas of `output_config.format` and of `strict` tools
 * (https://platform.claude.com/docs/en/build-with-claude/structured-outputs).
 */
export const schemaDialect: SchemaDialect = {
  provider: "Anthropic",
  keywords: new Set(),
  formats: new Set([
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "uri",
    "ipv4",
    "ipv6",
    "uuid"
  ]),
  minItems: 1,
  objectRoot: false,
  recursion: false,
  optionalKeys: "absent"
}
