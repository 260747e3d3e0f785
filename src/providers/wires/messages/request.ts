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
import type { ReasoningForm } from "../../../internal/facts/fitting.ts"
import type { Facts, ThinkingFacts } from "../../../internal/facts/types.ts"
import type { SchemaDialect } from "../../../internal/jsonSchema/dialect.ts"
import { mapNodes, withPrefixItems } from "../../../internal/jsonSchema/nodes.ts"
import type { ChatRequest } from "../../../internal/model/request.ts"
import { optional } from "../../../internal/optional.ts"
import { encodeParameters, encodeSchema, EncodingIssues } from "../../../internal/provider/encoding.ts"
import type { Encoded } from "../../../internal/provider/encoding.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { encodeMessages } from "./messages.ts"
import type { Target } from "./messages.ts"

/** A request and the beta features it needs. */
export interface EncodedRequest extends Encoded {
  readonly betas: ReadonlyArray<string>
}

/** The limit of an answer for a model without a known limit. The API requires one. */
const guessedMaxTokens = 32_000

/** Encodes a call, or gives the reason why Anthropic cannot take it. */
export const encodeRequest = (
  model: Target & { readonly model: string; readonly betas: ReadonlyArray<string> },
  { facts, messages, options, reasoning }: EncodedCall
): EncodedRequest | Reason => {
  const { provider } = model
  const issues = new EncodingIssues()
  const encoded = encodeMessages(model, messages, issues)
  const form = reasoning ?? rawForm(options.reasoning, issues)
  const { betas: ownBetas, ...own } = options.providerOptions?.[provider] ?? {}
  if (options.stopSequences?.some((text) => text.trim() === "")) {
    issues.invalid("stopSequences", "Anthropic takes no stop sequence of white space alone")
  }
  const body = {
    model: model.model,
    max_tokens: maxTokensOf(options, form, facts),
    ...encoded,
    ...optional("temperature", options.temperature),
    ...optional("top_p", options.topP),
    ...optional("top_k", options.topK),
    ...optional("stop_sequences", options.stopSequences),
    ...optional("thinking", encodeThinking(form, reasoning === undefined ? undefined : facts.thinking?.display)),
    ...encodeOutput(form, options.responseFormat, issues),
    ...encodeTools(provider, options, issues),
    ...encodeMetadata(options.metadata, issues),
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    stream: true
  }
  if (issues.problem !== undefined) return issues.problem
  const betas = new Set([...model.betas, ...(Array.isArray(ownBetas) ? ownBetas.map(String) : [])])
  // MCP servers are a beta feature, enabled by a header.
  if ("mcp_servers" in body && ![...betas].some((beta) => beta.startsWith("mcp-client"))) betas.add(mcpBeta)
  return { body, betas: [...betas], warnings: issues.warnings }
}

/** The part of a call that is encoded. */
type EncodedCall = Pick<ChatRequest, "facts" | "messages" | "options" | "reasoning">

/** The options of a call that is not fitted to a model, in the form of the newest ones. */
const rawForm = (reasoning: ReasoningOptions | undefined, issues: EncodingIssues): ReasoningForm | undefined => {
  const { budgetTokens, effort } = reasoning ?? {}
  if (budgetTokens !== undefined) return { type: "budget", tokens: budgetTokens }
  if (effort === "minimal") {
    issues.unsupported("reasoning.effort", "Anthropic takes low, medium, high, xhigh and max, not minimal")
  }
  return effort === undefined ? undefined : effort === "none" ? { type: "off" } : { type: "effort", effort }
}

/** The limit, which contains the tokens of reasoning. */
const maxTokensOf = ({ maxTokens }: CallOptions, form: ReasoningForm | undefined, { maxOutput }: Facts): number =>
  maxTokens ?? maxOutput ?? guessedMaxTokens + (form?.type === "budget" ? form.tokens : 0)

const mcpBeta = "mcp-client-2025-11-20"

/** Newer models show none of their reasoning unless they are asked to. */
const encodeThinking = (
  form: ReasoningForm | undefined,
  display: ThinkingFacts["display"]
): JsonObject | undefined => {
  switch (form?.type) {
    case undefined:
      return undefined
    case "off":
      return { type: "disabled" }
    case "lowest":
      return { type: form.name }
    case "budget":
      return { type: "enabled", budget_tokens: form.tokens }
    case "effort":
      if (form.quiet === true) return undefined
      break
    case "on":
  }
  return { type: "adaptive", ...(display === "omitted" ? { display: "summarized" } : undefined) }
}

/** `output_config` holds both the effort and the format of the answer. */
const encodeOutput = (
  form: ReasoningForm | undefined,
  responseFormat: ResponseFormat | undefined,
  issues: EncodingIssues
) => {
  const config = {
    ...optional("effort", form?.type === "effort" || form?.type === "budget" ? form.effort : undefined),
    ...optional("format", encodeFormat(responseFormat, issues))
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
    issues.warn("metadata", `Anthropic keeps only user_id; left out: ${Object.keys(rest).join(", ")}`)
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
