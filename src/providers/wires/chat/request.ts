/**
 * A call as the body of `POST /chat/completions` (https://platform.openai.com/docs/api-reference/chat/create). Called
 * by the hosts `openai` and `compatible`. An option that the server does not take makes the request impossible or is
 * left out with a warning; it is never dropped in silence.
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
import type { Facts } from "../../../internal/facts/types.ts"
import type { ChatRequest } from "../../../internal/model/request.ts"
import { optional } from "../../../internal/optional.ts"
import { EncodingIssues } from "../../../internal/provider/encoding.ts"
import type { Encoded } from "../../../internal/provider/encoding.ts"
import { isObject, objectAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { answerSchema, toolSchema } from "../openai/schema.ts"
import { encodeMessages } from "./messages.ts"
import type { Target } from "./messages.ts"
import type { Quirks } from "./quirks.ts"

/** Encodes a call, or gives the reason why the server cannot take it. */
export const encodeRequest = (
  target: Target & { readonly model: string },
  { facts, messages, options, reasoning }: Pick<ChatRequest, "facts" | "messages" | "options" | "reasoning">
): Encoded | Reason => {
  const { provider, quirks } = target
  const issues = new EncodingIssues()
  const { stream_options: streamOptions, ...own } = options.providerOptions?.[provider] ?? {}
  refuse(target, options, issues)
  const body = {
    model: target.model,
    messages: encodeMessages({ ...target, needsReasoning: facts.reasoningBack === true }, messages, issues),
    ...(quirks.lastAnswer === "continue_final_message" && messages.at(-1)?._tag === "AIMessage"
      ? { continue_final_message: true, add_generation_prompt: false }
      : undefined),
    ...optional(
      facts.limitField ?? (quirks.maxTokens === true ? "max_tokens" : "max_completion_tokens"),
      options.maxTokens
    ),
    ...optional("temperature", options.temperature),
    ...optional("top_p", options.topP),
    ...optional("top_k", options.topK),
    ...optional("stop", options.stopSequences),
    ...(reasoning === undefined
      ? encodeReasoning(target, options.reasoning, issues)
      : encodeForm(reasoning, facts, quirks)),
    ...optional("response_format", encodeFormat(target, facts, options.responseFormat, issues)),
    ...encodeTools(target, options, issues),
    ...encodeMetadata(target, options, issues),
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    stream: true,
    ...(quirks.noStreamOptions === true && streamOptions === undefined ? undefined : {
      stream_options: { include_usage: true, ...(isObject(streamOptions) ? streamOptions : undefined) }
    })
  }
  return issues.problem ?? { body, warnings: issues.warnings }
}

const refuse = ({ limits, provider, quirks }: Target, options: CallOptions, issues: EncodingIssues): void => {
  const { stopSequences, topK } = options
  if (topK !== undefined && quirks.topK !== true) issues.unsupported("topK", `${provider} has no such option: use topP`)
  if (limits === undefined) return
  if (stopSequences !== undefined && stopSequences.length > limits.stopSequences) {
    issues.unsupported(
      "stopSequences",
      `${provider} takes up to ${limits.stopSequences}, not ${stopSequences.length}: cut the stream, as with Stream.takeUntil`
    )
  }
}

type Style = NonNullable<Quirks["reasoning"]>

/** The fields for reasoning. OpenRouter puts its own into those of the model that it asks. */
const styleOf = ({ thinking }: Facts, { reasoning: style = "reasoning_effort" }: Quirks): Style => {
  if (style === "reasoning") return style
  switch (thinking?.wire) {
    case "thinking":
    case "thinking+reasoning_effort":
      return "thinking"
    case "enable_thinking":
      return thinking.wire
    case undefined:
      return style === false ? "reasoning_effort" : style
    default:
      return "reasoning_effort"
  }
}

const encodeForm = (form: ReasoningForm, { thinking }: Facts, quirks: Quirks): JsonObject => {
  const word = form.type === "off" ? "none" : form.type === "effort" ? form.effort : undefined
  const tokens = form.type === "budget" ? form.tokens : undefined
  switch (styleOf({ thinking }, quirks)) {
    case "reasoning":
      if (tokens !== undefined) return { reasoning: { max_tokens: tokens } }
      return { reasoning: word === undefined ? { enabled: true } : { effort: word } }
    case "thinking":
      return word === "none"
        ? { thinking: { type: "disabled" } }
        : { thinking: { type: "enabled" }, ...optional("reasoning_effort", word) }
    case "enable_thinking":
      return switched(word, tokens)
    default: {
      // Alibaba switches reasoning off, and limits it, by fields of its own, whatever the model takes for the effort.
      const own = quirks.reasoning === "enable_thinking" &&
        (word === undefined || (word === "none" && thinking?.efforts?.includes(word) !== true))
      return own ? switched(word, tokens) : { reasoning_effort: word ?? "default" }
    }
  }
}

const switched = (word: string | undefined, tokens: number | undefined): JsonObject =>
  word === "none" ? { enable_thinking: false } : { enable_thinking: true, ...optional("thinking_budget", tokens) }

const encodeReasoning = (
  { provider, quirks }: Target,
  reasoning: ReasoningOptions | undefined,
  issues: EncodingIssues
) => {
  const { budgetTokens, effort } = reasoning ?? {}
  if (budgetTokens === undefined && effort === undefined) return undefined
  const style = quirks.reasoning ?? "reasoning_effort"
  if (style === false) {
    issues.unsupported("reasoning", `${provider} has no such option`)
    return undefined
  }
  if (style === "reasoning") {
    return { reasoning: budgetTokens === undefined ? { effort } : { max_tokens: budgetTokens } }
  }
  if (style === "enable_thinking") {
    if (effort !== undefined && effort !== "none") {
      issues.unsupported("reasoning.effort", `${provider} takes a number of tokens (budgetTokens), or none`)
    }
    return effort === "none" ? { enable_thinking: false } : { enable_thinking: true, thinking_budget: budgetTokens }
  }
  if (budgetTokens !== undefined) {
    issues.unsupported(
      "reasoning.budgetTokens",
      `${provider} takes an effort in words, not in tokens: use reasoning.effort`
    )
  }
  if (style === "thinking") {
    return effort === "none"
      ? { thinking: { type: "disabled" } }
      : { thinking: { type: "enabled" }, reasoning_effort: effort }
  }
  return { reasoning_effort: effort }
}

/** The format of the answer. A schema is strict unless the call says otherwise. */
const encodeFormat = (
  { provider, quirks }: Target,
  { json }: Facts,
  format: ResponseFormat | undefined,
  issues: EncodingIssues
) => {
  if (format === undefined || format.type === "text") return undefined
  if (format.type === "json") return { type: "json_object" }
  if (quirks.noJsonSchema === true && json !== "schema") {
    issues.unsupported("responseFormat", `${provider} takes JSON of any kind (json), not a schema`)
    return undefined
  }
  const strict = format.strict ?? true
  return {
    type: "json_schema",
    json_schema: {
      name: format.name ?? "answer",
      ...optional("description", format.description),
      schema: answerSchema(provider, { schema: format.schema, strict }, issues),
      strict
    }
  }
}

const encodeTools = (target: Target, options: CallOptions, issues: EncodingIssues) => {
  const tools = (options.tools ?? []).map((tool, i) => encodeTool(target, tool, `tools[${i}]`, issues))
  const choice = options.toolChoice
  const custom = typeof choice === "object" &&
    (options.tools ?? []).some((tool) =>
      tool.type === "provider" && tool.definition["type"] === "custom" && tool.definition["name"] === choice.name
    )
  return {
    ...(tools.length === 0 ? undefined : { tools }),
    ...(choice === undefined ? undefined : {
      tool_choice: typeof choice === "string"
        ? choice
        : custom
        ? { type: "custom", custom: { name: choice.name } }
        : { type: "function", function: { name: choice.name } }
    }),
    ...(tools.length === 0 ? undefined : optional("parallel_tool_calls", options.parallelToolCalls))
  }
}

const encodeTool = (
  { provider, quirks }: Target,
  tool: ToolDefinition | ProviderTool,
  at: string,
  issues: EncodingIssues
) => {
  if (tool.type === "provider") {
    if (tool.provider !== provider) issues.unsupported(at, `this is a tool of ${tool.provider}, not of ${provider}`)
    if (tool.definition["type"] === "custom") return customTool(tool.definition)
    if (quirks.serverTools !== true) {
      issues.unsupported(at, "Chat Completions has functions and custom tools; the Responses API has this one")
    }
    return tool.definition
  }
  return {
    type: "function",
    function: {
      name: tool.name,
      ...optional("description", tool.description),
      parameters: toolSchema(provider, tool, at, issues),
      ...optional("strict", tool.strict)
    },
    ...tool.providerOptions?.[provider]
  }
}

/** A custom tool, defined as for the Responses API. Here its fields and those of a grammar lie one level deeper. */
const customTool = (definition: ProviderTool["definition"]) => {
  if (isObject(definition["custom"])) return definition
  const { format, type, ...custom } = definition
  const { type: kind, ...grammar } = isObject(format) ? format : {}
  const nested = kind === "grammar" && objectAt(grammar, "grammar") === undefined ? { type: kind, grammar } : format
  return { type, custom: { ...custom, ...optional("format", nested) } }
}

const encodeMetadata = (
  { provider, quirks }: Target,
  { metadata, providerOptions }: CallOptions,
  issues: EncodingIssues
) => {
  if (metadata === undefined) return undefined
  if (quirks.metadata === true && providerOptions?.[provider]?.["store"] === true) return { metadata }
  issues.warn(
    "metadata",
    `left out, as ${provider} keeps it ${quirks.metadata === true ? "only with `store: true`" : "nowhere"}`
  )
  return undefined
}
