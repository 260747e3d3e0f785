/**
 * Tools, the choice among them and the format of the answer, in requests to the Responses API. Called by `request.ts`.
 */
import type { CallOptions, ProviderTool, ResponseFormat, ToolChoice, ToolDefinition } from "../../../CallOptions.ts"
import { optional } from "../../../internal/optional.ts"
import type { EncodingIssues } from "../../../internal/provider/encoding.ts"
import { answerSchema, toolSchema } from "../openai/schema.ts"

type Tool = ToolDefinition | ProviderTool

/** The fields of a request for tools. */
export const encodeTools = (provider: string, options: CallOptions, issues: EncodingIssues) => {
  const tools = options.tools ?? []
  const encoded = tools.map((tool, i) => encodeTool(provider, tool, `tools[${i}]`, issues))
  return {
    ...(encoded.length === 0 ? undefined : { tools: encoded }),
    ...(options.toolChoice === undefined ? undefined : { tool_choice: encodeChoice(options.toolChoice, tools) }),
    ...optional("parallel_tool_calls", options.parallelToolCalls)
  }
}

const encodeTool = (provider: string, tool: Tool, at: string, issues: EncodingIssues) => {
  if (tool.type === "provider") {
    if (tool.provider !== provider) issues.unsupported(at, `this is a tool of ${tool.provider}, not of ${provider}`)
    return tool.definition
  }
  // The default of the API is strict, which makes the model give every optional property.
  const strict = tool.strict ?? false
  return {
    type: "function",
    name: tool.name,
    ...optional("description", tool.description),
    parameters: toolSchema("OpenAI", tool, at, issues),
    strict,
    ...tool.providerOptions?.[provider]
  }
}

/** The choice of a tool: a function or a custom tool by name, an MCP server by label, a hosted tool by type. */
const encodeChoice = (choice: ToolChoice, tools: ReadonlyArray<Tool>) => {
  if (typeof choice === "string") return choice
  const { name } = choice
  const definitions = tools.flatMap((tool) => tool.type === "provider" ? [tool.definition] : [])
  if (tools.some((tool) => tool.type !== "provider" && tool.name === name)) return { type: "function", name }
  if (definitions.some((definition) => definition["type"] === "custom" && definition["name"] === name)) {
    return { type: "custom", name }
  }
  if (definitions.some((definition) => definition["server_label"] === name)) return { type: "mcp", server_label: name }
  return definitions.some((definition) => definition["type"] === name) ? { type: name } : { type: "function", name }
}

/** The format of the answer. */
export const encodeFormat = (format: ResponseFormat | undefined, issues: EncodingIssues) => {
  if (format === undefined || format.type === "text") return undefined
  if (format.type === "json") return { type: "json_object" }
  const strict = format.strict ?? true
  return {
    type: "json_schema",
    name: format.name ?? "answer",
    ...optional("description", format.description),
    schema: answerSchema("OpenAI", { schema: format.schema, strict }, issues),
    strict
  }
}
