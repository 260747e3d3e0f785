/** Tools and the choice among them. */
import type { CallOptions, ProviderTool, ResponseFormat, ToolChoice, ToolDefinition } from "../../../CallOptions.ts"
import { given } from "../../../internal/optional.ts"
import type { EncodingIssues } from "../../../internal/provider/encodingIssues.ts"
import { inStrictDialect } from "../openai/schema.ts"

type Tool = ToolDefinition | ProviderTool

/** The fields of a request that are about tools. */
export const encodeTools = (provider: string, options: CallOptions, issues: EncodingIssues) => {
  const tools = options.tools ?? []
  const encoded = tools.map((tool, i) => encodeTool(provider, tool, `tools[${i}]`, issues))
  return {
    ...(encoded.length === 0 ? undefined : { tools: encoded }),
    ...(options.toolChoice === undefined ? undefined : { tool_choice: encodeChoice(options.toolChoice, tools) }),
    ...given("parallel_tool_calls", options.parallelToolCalls)
  }
}

const encodeTool = (provider: string, tool: Tool, at: string, issues: EncodingIssues) => {
  if (tool.type === "provider") {
    if (tool.provider !== provider) issues.unsupported(at, `this is a tool of ${tool.provider}, not of ${provider}`)
    return tool.definition
  }
  const { type } = tool.parameters
  if (type !== undefined && type !== "object") issues.invalid(`${at}.parameters`, "must be the schema of an object")
  // The API's own default is strict, which turns each optional property into one that the model has to give.
  const strict = tool.strict ?? false
  return {
    type: "function",
    name: tool.name,
    ...given("description", tool.description),
    parameters: strict
      ? inStrictDialect("OpenAI", tool.parameters, `${at}.parameters`, issues)
      : { type: "object", ...tool.parameters },
    strict,
    ...tool.providerOptions?.[provider]
  }
}

/** A choice by name: of a function, of a custom tool, of an MCP server by its label, or of a hosted tool by its type. */
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

/** The form of the answer. */
export const encodeFormat = (format: ResponseFormat | undefined, issues: EncodingIssues) => {
  if (format === undefined || format.type === "text") return undefined
  if (format.type === "json") return { type: "json_object" }
  const strict = format.strict ?? true
  return {
    type: "json_schema",
    name: format.name ?? "answer",
    ...given("description", format.description),
    schema: strict ? inStrictDialect("OpenAI", format.schema, "responseFormat.schema", issues) : format.schema,
    strict
  }
}
