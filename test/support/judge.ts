// A judge of requests by the table of facts beside the repository, as strict as the makers' own servers: what it refuses
// is answered with the maker's 400 before any event.
import { read } from "./bodies.ts"
import type { Reading } from "./bodies.ts"
import { factsOf } from "./factsTable.ts"
import type { Json, Subject, TableFacts } from "./factsTable.ts"

/** Why a maker refuses a request: the field on the wire, and the rule. */
export interface Refusal {
  readonly field: string
  readonly message: string
}

/** The first thing that the model of a request does not take, if there is one. */
export const judge = (subject: Subject, body: Json): Refusal | undefined => {
  const facts = factsOf(subject)
  const reading = read(subject.api, body)
  const thinks = reading.reasoning === undefined ? thinksUnasked(facts) : thinksAsked(reading, facts)
  const context: Context = { subject, facts, body, reading, thinks }
  for (const check of checks) {
    const refusal = check(context)
    if (refusal !== undefined) return { field: refusal[0], message: refusal[1] }
  }
  return undefined
}

interface Context {
  readonly subject: Subject
  readonly facts: TableFacts
  readonly body: Json
  readonly reading: Reading
  /** Whether the model thinks in this answer. */
  readonly thinks: boolean
}

type Check = (context: Context) => readonly [field: string, message: string] | undefined

const thinksUnasked = ({ thinking }: TableFacts): boolean => thinking?.default === "on" || thinking?.control === "fixed"

/** An effort of Claude without a form of thinking is about its answer too. */
const thinksAsked = ({ reasoning }: Reading, facts: TableFacts): boolean => {
  if (reasoning?.off === true) return false
  const claude = ["adaptive", "budget", "budget+effort"].includes(facts["thinking"]?.wire)
  return claude && reasoning?.form === undefined && reasoning?.tokens === undefined ? thinksUnasked(facts) : true
}

const outside = (range: Json, value: number | undefined): boolean =>
  Array.isArray(range) && value !== undefined && (value < range[0] || (range[1] !== null && value > range[1]))

// -----------------------------------------------------------------------------
// which API
// -----------------------------------------------------------------------------

const makers = ["openai", "openai-chat", "azure", "xai"]

const servedHere: Check = ({ facts: { apis }, subject: { api, model, provider } }) =>
  Array.isArray(apis) && makers.includes(provider) && !apis.includes(api)
    ? ["model", `${model} is only served by ${apis.join(", ")}`]
    : undefined

// -----------------------------------------------------------------------------
// sampling and limits
// -----------------------------------------------------------------------------

const names = { temperature: "temperature", topP: "top_p", topK: "top_k" } as const

const sampling: Check = ({ facts, reading, thinks }) => {
  for (const [option, field] of Object.entries(names)) {
    const value = reading[option as keyof typeof names]
    if (value === undefined) continue
    switch (facts["sampling"]) {
      case "never":
        return [field, "not supported with this model"]
      case "effort-none":
        // The table says that the default would do, and that sources differ on it: it must be said.
        if (reading.reasoning?.off !== true) return [field, "only supported with effort none"]
        break
      case "thinking-off":
        if (thinks) return [field, "not supported while thinking is on"]
    }
    if (facts[option] === false) return [field, "not supported with this model"]
    if (outside(facts[option], value)) return [field, `${value} is out of range`]
  }
  return facts["oneOfTemperatureTopP"] === true && reading.temperature !== undefined && reading.topP !== undefined
    ? ["temperature", "only one of temperature and top_p"]
    : undefined
}

const others: Check = ({ body, facts: { penalties, seed, topK } }) => {
  if (topK === false && body.top_k !== undefined) return ["top_k", "unknown"]
  for (const field of ["presence_penalty", "frequency_penalty"]) {
    if (penalties === false && body[field] !== undefined) return [field, "not supported with this model"]
  }
  return seed === false && body.seed !== undefined ? ["seed", "not supported with this model"] : undefined
}

const limit: Check = ({ facts, reading, subject }) => {
  const { limitField, limitRequired, maxOutput, minOutput = 1 } = facts
  const name = typeof limitField === "object" ? limitField[subject.api] : limitField
  if (reading.limit === undefined) return limitRequired === true ? [name, "field required"] : undefined
  const { field, tokens } = reading.limit
  if (name !== undefined && field !== name) return [field, `unknown: use ${name}`]
  if (tokens < minOutput) return [field, `at least ${minOutput}`]
  return maxOutput !== undefined && tokens > maxOutput ? [field, `at most ${maxOutput}`] : undefined
}

const stop: Check = ({ facts, reading: { stop }, subject, thinks }) => {
  const field = subject.api === "messages" ? "stop_sequences" : "stop"
  if (stop.length === 0) return undefined
  if (facts["stop"] === false) return [field, "not supported with this model"]
  if (facts["stop"] === "not-reasoning" && thinks) return [field, "not supported with reasoning"]
  return typeof facts["stop"] === "number" && stop.length > facts["stop"]
    ? [field, `at most ${facts["stop"]}`]
    : undefined
}

// -----------------------------------------------------------------------------
// thinking
// -----------------------------------------------------------------------------

const messagesThinking: Check = ({ body, facts: { thinking }, subject }) => {
  if (subject.api !== "messages" || thinking === undefined) return undefined
  const { display, type, budget_tokens: tokens } = body.thinking ?? {}
  const effort = body.output_config?.effort
  if (effort !== undefined && !thinking.efforts?.includes(effort)) return ["output_config.effort", `no ${effort}`]
  if (body.thinking === undefined) return undefined
  if (display !== undefined && !["summarized", "omitted"].includes(display)) return ["thinking.display", "unknown"]
  if (type !== "enabled" && tokens !== undefined) return ["thinking.budget_tokens", "extra field"]
  switch (type) {
    case "disabled":
      if (display !== undefined) return ["thinking.display", "extra field"]
      if (thinking.off === "never") return ["thinking.type.disabled", "not supported for this model"]
      return thinking.off === "high" && ["xhigh", "max"].includes(effort)
        ? ["thinking.type.disabled", "only with effort up to high"]
        : undefined
    case "adaptive":
      return thinking.wire === "adaptive" ? undefined : ["thinking.type.adaptive", "not supported for this model"]
    case "between_tools":
      if (thinking.lowest !== "between_tools") return ["thinking.type.between_tools", "not supported for this model"]
      return ["xhigh", "max"].includes(effort) && thinking.lowestMaxEffort === "high"
        ? ["thinking.type.between_tools", "only with effort up to high"]
        : undefined
    case "enabled":
      if (!Array.isArray(thinking.budget)) {
        return ["thinking.type.enabled", "not supported: use adaptive and output_config.effort"]
      }
      if (!Number.isInteger(tokens) || outside(thinking.budget, tokens)) return ["thinking.budget_tokens", "range"]
      return body.max_tokens > tokens ? undefined : ["max_tokens", "must be greater than thinking.budget_tokens"]
    default:
      return ["thinking.type", `no ${type}`]
  }
}

const responsesThinking: Check = ({ body, facts: { thinking }, subject }) => {
  if (subject.api !== "responses" || thinking === undefined) return undefined
  const none = thinking.control === "none"
  if (none && body.include?.includes("reasoning.encrypted_content")) return ["include", "not supported with this model"]
  if (body.reasoning === undefined) return undefined
  if (none) return ["reasoning", "not supported with this model"]
  const { effort } = body.reasoning
  return effort === undefined || thinking.efforts?.includes(effort)
    ? undefined
    : ["reasoning.effort", `${effort} is not supported with this model`]
}

/** The fields for thinking in Chat Completions, of all servers. */
const chatFields = ["reasoning_effort", "thinking", "enable_thinking", "thinking_budget", "reasoning"]

/** Words that servers without a list of their own translate. */
const usualWords = ["minimal", "low", "medium", "high", "xhigh", "max"]

/** Those of the fields that a server takes for a model. */
const fieldsOf = ({ provider }: Subject, { control, wire }: Json): ReadonlyArray<string> => {
  if (control === "none") return []
  if (provider === "openrouter") return control === "fixed" ? [] : ["reasoning"]
  switch (wire) {
    case undefined:
      return []
    case "thinking":
      return ["thinking"]
    case "thinking+reasoning_effort":
      return ["thinking", "reasoning_effort"]
    case "enable_thinking":
      return ["enable_thinking", "thinking_budget"]
    case "reasoning_effort":
      return provider === "alibaba" ? ["reasoning_effort", "enable_thinking", "thinking_budget"] : ["reasoning_effort"]
    default:
      // A model behind a server that translates.
      return ["reasoning_effort"]
  }
}

const chatThinking: Check = ({ body, facts, reading, subject }) => {
  const { chatEfforts, thinking } = facts
  if (subject.api !== "chat" || thinking === undefined) return undefined
  const field = chatFields.filter((name) => body[name] !== undefined)
  const unknown = field.find((name) => !fieldsOf(subject, thinking).includes(name))
  if (unknown !== undefined) return [unknown, "not supported on this model"]
  if (reading.reasoning === undefined) return undefined
  const { effort, form, off, tokens } = reading.reasoning
  const [at] = field as [string]
  if (off && thinking.off === "never") return [at, "thinking cannot be switched off"]
  if (off && (tokens !== undefined || (effort !== undefined && effort !== "none"))) return [at, "contradicts itself"]
  if (form !== undefined && !["enabled", "disabled"].includes(form)) return ["thinking.type", "unknown"]
  if (form === "enabled" && thinking.control === "fixed") return ["thinking", "cannot be set"]
  if (effort !== undefined && !wordsOf(subject, thinking, chatEfforts).includes(effort)) {
    return ["reasoning_effort", `${effort} is not supported on this model`]
  }
  if (tokens === undefined) return undefined
  if (!Number.isInteger(tokens) || !Array.isArray(thinking.budget) || outside(thinking.budget, tokens)) {
    return ["thinking_budget", "out of range"]
  }
  return reading.limit !== undefined && reading.limit.tokens <= tokens
    ? [reading.limit.field, "must be greater than the budget"]
    : undefined
}

const wordsOf = ({ provider }: Subject, { efforts, off, wire }: Json, chatEfforts: Json): ReadonlyArray<string> => {
  const words: ReadonlyArray<string> = chatEfforts ?? efforts ?? usualWords
  const native = ["reasoning_effort", "thinking+reasoning_effort", "enable_thinking", "thinking"].includes(wire)
  // OpenRouter and servers that translate have a word for off.
  return off !== "never" && (provider === "openrouter" || !native) ? ["none", ...words] : words
}

const reasoningBack: Check = ({ body, facts, subject, thinks }) => {
  if (facts["reasoningBack"] !== true || subject.api !== "chat" || !thinks) return undefined
  const missing = body.messages.findIndex(({ reasoning_content: text, role }: Json) =>
    role === "assistant" && typeof text !== "string"
  )
  return missing === -1 ? undefined : [`messages.${missing}.reasoning_content`, "must be passed back"]
}

// -----------------------------------------------------------------------------
// tools, formats and inputs
// -----------------------------------------------------------------------------

const tools: Check = (
  { body, facts, reading: { choice, format, functions, parallel, reasoning }, subject, thinks }
) => {
  const { parallel: parallelField, tools: known = {} } = facts
  if (body.tools?.length > 0 && known.calls === false) return ["tools", "not supported with this model"]
  if (functions.length > 0 && subject.api === "chat" && ["openai", "openai-chat", "azure"].includes(subject.provider)) {
    const ways = "Use /v1/responses"
    if (known.chat === "never") return ["reasoning_effort", `no function tools with ${subject.model}. ${ways}`]
    if (known.chat === "effort-none" && reasoning?.off !== true) {
      return ["reasoning_effort", `no function tools with reasoning_effort with ${subject.model}. ${ways}, or none`]
    }
  }
  if (choice === "required" || typeof choice === "object") {
    const refused = known.forced === "never" || (known.forced === "thinking-off" && thinks) ||
      (known.forced === "named-only" && choice === "required") ||
      (known.forced === "required-only" && choice !== "required")
    if (refused) return ["tool_choice", `${JSON.stringify(choice)} is not supported for this model`]
    if (functions.length === 0) return ["tool_choice", "there are no tools"]
    if (typeof choice === "object" && !functions.includes(choice.name)) return ["tool_choice", "no such tool"]
  }
  if (known.withSchema === false && functions.length > 0 && format?.type === "schema") {
    return ["response_format", "not together with tools"]
  }
  return parallelField === "none" && parallel !== undefined ? ["parallel_tool_calls", "unknown"] : undefined
}

const format: Check = ({ facts: { json, jsonWhen }, reading, thinks }) => {
  const type = reading.format?.type
  if (type === undefined) return undefined
  if (json === "none" || (json === "object" && type === "schema")) {
    return ["response_format", `${type} is not supported with this model`]
  }
  return jsonWhen === "thinking-off" && thinks ? ["response_format", "not supported while thinking is on"] : undefined
}

const inputs: Check = ({ facts: { inputs }, reading: { files, images } }) => {
  if (inputs === undefined) return undefined
  if (images > 0 && !inputs.includes("image")) return ["messages", "no images"]
  return files > 0 && !inputs.includes("pdf") ? ["messages", "no files"] : undefined
}

const checks: ReadonlyArray<Check> = [
  servedHere,
  messagesThinking,
  responsesThinking,
  chatThinking,
  sampling,
  others,
  tools,
  format,
  stop,
  limit,
  inputs,
  reasoningBack
]

// -----------------------------------------------------------------------------
// the maker's answer
// -----------------------------------------------------------------------------

const camelCase = (field: string): string => field.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

/** The body of the maker's 400. */
export const answerOf = ({ provider }: Subject, { field, message }: Refusal): Json => {
  const type = "invalid_request_error"
  switch (provider) {
    case "anthropic":
      return { type: "error", error: { type, message: `${field}: ${message}` } }
    case "xai":
      return { code: "Client specified an invalid argument", error: `Argument not supported: ${camelCase(field)}` }
    case "deepseek":
      return { error: { message: `Thinking mode does not support this ${field}`, type, param: null, code: type } }
    case "moonshotai":
      return { error: { message: `invalid ${field}: ${message}`, type } }
    case "alibaba":
      return {
        error: {
          code: "invalid_parameter_error",
          param: null,
          message: `<400> InternalError.Algo.InvalidParameter: The ${field} parameter: ${message}`,
          type
        }
      }
    default:
      return { error: { message: `Unsupported parameter: '${field}' ${message}`, type, param: field, code: null } }
  }
}
