/**
 * Fits the options of a call to the facts about its model. Called once a call, before anything is sent, for models with
 * facts; a call without such options costs a few comparisons. Pure: the caller logs the warnings.
 *
 * There are three kinds of misfit. Another form may say the same. A hint may be left out or changed, with a warning. A
 * promise, without which the answer is another, fails the call. A strict fit allows the first kind alone.
 */
import type { UnsupportedError } from "../../ChatModelError.ts"
import { fitReasoning, giveWay, inAnswer, raiseOf } from "./fitReasoning.ts"
import { Fitting, isOpenAiChat, within } from "./fitting.ts"
import type { Call, Fitted } from "./fitting.ts"
import { asks } from "./reasoning.ts"
import type { Range } from "./types.ts"

/** Fits a call, or says which part of it the model does not take. A strict fit changes no hint. */
export const fit = (call: Call, strict: boolean): Fitted | UnsupportedError => {
  const fitting = new Fitting(call, strict)
  fitApi(fitting)
  fitMessages(fitting)
  fitReasoning(fitting)
  fitUnknownClaude(fitting)
  fitTools(fitting)
  fitFormat(fitting)
  fitStop(fitting)
  fitSampling(fitting)
  fitLimit(fitting)
  if (fitting.problem !== undefined) return fitting.problem
  const { options, reasoning, warnings } = fitting
  return { options, reasoning, warnings }
}

/** The providers that serve their own models. Others have APIs of their own for them. */
const makers = ["openai", "azure", "xai"]

const fitApi = (fitting: Fitting): void => {
  const { call: { api, provider }, facts: { apis } } = fitting
  if (apis === undefined || api === undefined || apis.includes(api) || !makers.includes(provider)) return
  fitting.refuse("api", `is not served by this API: use OpenAi with api: "${apis.join("\" or \"")}"`)
}

const fitMessages = (fitting: Fitting): void => {
  const { inputs } = fitting.facts
  if (inputs === undefined) return
  const images = inputs.includes("image")
  const files = inputs.includes("pdf")
  if (images && files) return
  for (const [i, message] of fitting.call.messages.entries()) {
    if ((message._tag !== "HumanMessage" && message._tag !== "ToolMessage") || typeof message.content === "string") {
      continue
    }
    for (const [j, part] of message.content.entries()) {
      if (part.type === "image" && !images) {
        fitting.refuse(`messages[${i}].content[${j}]`, "takes no images: use another model, or say it in words")
      }
      // A text file can be sent as text.
      if (part.type === "file" && part.source.type !== "text" && !files) {
        fitting.refuse(`messages[${i}].content[${j}]`, "takes no files: use another model, or send their text")
      }
    }
  }
}

/**
 * Refuses options that the Messages API refuses for every reasoning model. Used if no facts about reasoning are known.
 */
const fitUnknownClaude = (fitting: Fitting): void => {
  const { call: { api }, facts: { thinking }, options } = fitting
  if (api !== "messages" || thinking !== undefined || !asks(options)) return
  const { temperature = 1, toolChoice, topK, topP = 1 } = options
  const instead = "leave it or the reasoning out, or say which model it is like (`like`)"
  if (temperature !== 1) fitting.refuse("temperature", `takes none but 1 while it reasons: ${instead}`)
  if (topP < 0.95) fitting.refuse("topP", `takes 0.95 to 1 while it reasons: ${instead}`)
  if (topK !== undefined) fitting.refuse("topK", `takes none while it reasons: ${instead}`)
  if (toolChoice === "required" || typeof toolChoice === "object") {
    fitting.refuse("toolChoice", `cannot be made to call a tool while it reasons: ${instead}`)
  }
}

const fitTools = (fitting: Fitting): void => {
  const { call: { api, provider }, facts: { parallel, tools: facts }, options: { parallelToolCalls, tools = [] } } =
    fitting
  if (tools.length === 0) return
  if (facts?.calls === false) return fitting.refuse("tools", "calls no tools: use another model")
  const functions = tools.some((tool) => tool.type !== "provider")
  if (functions && facts?.chat !== undefined && isOpenAiChat(provider, api)) {
    const instead = "use the Responses API"
    if (facts.chat === "never") fitting.refuse("tools", `takes no functions by Chat Completions: ${instead}`)
    else {
      const cannot = "takes no functions by Chat Completions while it reasons"
      giveWay(fitting, { field: "tools", cannot, instead })
    }
  }
  fitForced(fitting)
  if (parallelToolCalls === undefined || parallel !== "none") return
  if (parallelToolCalls === false) {
    fitting.warn("parallelToolCalls", false, undefined, "cannot be limited to one call an answer")
  }
  fitting.set({ parallelToolCalls: undefined })
}

const fitForced = (fitting: Fitting): void => {
  const { facts: { tools: facts }, options: { toolChoice, tools = [] } } = fitting
  if (toolChoice !== "required" && typeof toolChoice !== "object") return
  const given = typeof toolChoice === "string" ? toolChoice : toolChoice.name
  const instead = "leave the choice to it, or use another model"
  switch (facts?.forced) {
    case "never":
      return fitting.refuse("toolChoice", `cannot be made to call a tool: ${instead}`)
    case "thinking-off":
      return giveWay(fitting, {
        field: "toolChoice",
        cannot: "cannot be made to call a tool while it reasons",
        instead
      })
    case "named-only": {
      const [only] = tools
      if (toolChoice !== "required") return
      // With one tool both forms say the same.
      if (tools.length === 1 && only !== undefined && only.type !== "provider") {
        return fitting.set({ toolChoice: { name: only.name } })
      }
      return fitting.refuse("toolChoice", "can only be made to call a tool by its name: name one")
    }
    case "required-only": {
      if (toolChoice === "required") return
      // A call is forced by leaving out the others.
      return fitting.set({
        toolChoice: "required",
        tools: tools.filter((tool) => tool.type !== "provider" && tool.name === toolChoice.name)
      })
    }
    case "unenforced":
      return fitting.warn("toolChoice", given, given, "may answer without the call: its server forces none")
    default:
  }
}

const fitFormat = (fitting: Fitting): void => {
  const { facts: { json, jsonWhen, tools: toolFacts }, options: { responseFormat: format, tools = [] } } = fitting
  if (format === undefined || format.type === "text") return
  if (json === "none") return fitting.refuse("responseFormat", "cannot be held to JSON: say the form in the prompt")
  if (format.type === "json_schema") {
    if (json === "object") {
      return fitting.refuse(
        "responseFormat",
        "takes JSON of any kind (json), not a schema: say the schema in the prompt, or force a tool with it"
      )
    }
    if (toolFacts?.withSchema === false && tools.length > 0) {
      fitting.refuse("responseFormat", "takes no schema together with tools: make two calls")
    }
  }
  if (jsonWhen === "thinking-off") {
    const cannot = "cannot be held to JSON while it reasons"
    giveWay(fitting, { field: "responseFormat", cannot, instead: "say the form in the prompt" })
  }
}

const fitStop = (fitting: Fitting): void => {
  const { facts: { stop }, options: { stopSequences: given } } = fitting
  if (given === undefined || given.length === 0 || stop === undefined || stop === true) return
  const instead = "cut the stream, as with Stream.takeUntil"
  if (stop === false) {
    const other = fitting.call.api === "responses" ? "use Chat Completions (api: \"chat\"), or " : ""
    return fitting.refuse("stopSequences", `takes none: ${other}${instead}`)
  }
  if (stop === "not-reasoning") {
    return giveWay(fitting, { field: "stopSequences", cannot: "takes none while it reasons", instead })
  }
  if (given.length > stop) fitting.refuse("stopSequences", `takes up to ${stop}, not ${given.length}: ${instead}`)
}

const fitSampling = (fitting: Fitting): void => {
  const { facts, options: { temperature, topK, topP } } = fitting
  if (temperature === undefined && topK === undefined && topP === undefined) return
  const useless = noSampling(fitting)
  const given = { temperature, topP, topK }
  for (const field of ["temperature", "topP", "topK"] as const) {
    const value = given[field]
    if (value === undefined) continue
    if (useless !== undefined || (field === "topK" && facts.topK === false)) {
      fitting.warn(field, value, undefined, useless ?? "has no such option")
      fitting.set({ [field]: undefined })
    } else if (field !== "topK") {
      const fits = within(facts[field], value)
      if (fits === value) continue
      fitting.warn(field, value, fits, `takes ${rangeText(facts[field])}`)
      fitting.set({ [field]: fits })
    }
  }
  const { options } = fitting
  if (facts.oneOfTemperatureTopP === true && options.temperature !== undefined && options.topP !== undefined) {
    fitting.warn("topP", options.topP, undefined, "takes either temperature or topP")
    fitting.set({ topP: undefined })
  }
  const sent = [options.temperature, options.topP, options.topK].some((value) => value !== undefined)
  // Sources differ on the default effort.
  if (sent && facts.sampling === "effort-none") fitting.reasoning ??= { type: "off" }
}

/** Why sampling options are refused or have no effect, if so. */
const noSampling = (fitting: Fitting): string | undefined => {
  const reasons = inAnswer(fitting)
  switch (fitting.facts.sampling) {
    case "never":
      return "takes no sampling options"
    case "effort-none":
      return reasons ? "takes no sampling options unless the effort is none" : undefined
    case "thinking-off":
      return reasons ? "takes no sampling options while it reasons" : undefined
    case "ignored":
      return "ignores sampling options"
    case "ignored-thinking":
      return reasons ? "ignores sampling options while it reasons" : undefined
    default:
      return undefined
  }
}

const fitLimit = (fitting: Fitting): void => {
  const { facts: { maxOutput, minOutput }, options: { maxTokens } } = fitting
  if (maxTokens === undefined) return
  const budget = raiseOf(fitting)
  const most = maxOutput === undefined ? null : maxOutput - budget
  const fits = within([minOutput ?? 0, most], maxTokens)
  if (fits !== maxTokens) {
    const spent = budget === 0 ? "" : `, ${budget} of reasoning included`
    const reason = fits > maxTokens ? `takes ${fits} or more` : `writes up to ${maxOutput} tokens${spent}`
    fitting.warn("maxTokens", maxTokens, fits, reason)
  }
  // `maxTokens` is about the answer.
  if (fits + budget !== maxTokens) fitting.set({ maxTokens: fits + budget })
}

const rangeText = (range: Range | undefined): string =>
  range === undefined ? "" : range[1] === null ? `${range[0]} or more` : `${range[0]} to ${range[1]}`
