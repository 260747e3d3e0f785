/**
 * Fits the options of a call to the facts about its model. Called once a call, before anything is sent, for models with
 * facts; a call without such options costs a few comparisons. Pure: the caller logs the warnings.
 *
 * There are three kinds of misfit. Another form may say the same. A hint may be left out or changed, with a warning. A
 * promise, without which the answer is another, fails the call. `fail` allows the first kind alone.
 */
import type { UnsupportedError } from "../../ChatModelError.ts"
import { fitReasoning, giveWay, inAnswer } from "./fitReasoning.ts"
import { Fitting, limitIsRaised, within } from "./fitting.ts"
import type { Call, Fitted } from "./fitting.ts"
import type { Fit, Range } from "./types.ts"

/** Fits a call, or says which part of it the model does not take. */
export const fit = (call: Call, how: Exclude<Fit, "send">): Fitted | UnsupportedError => {
  const fitting = new Fitting(call, how)
  fitApi(fitting)
  fitMessages(fitting)
  fitReasoning(fitting)
  fitTools(fitting)
  fitFormat(fitting)
  fitStop(fitting)
  fitSampling(fitting)
  fitLimit(fitting)
  if (fitting.problem !== undefined) return fitting.problem
  const { options, reasoning, warnings } = fitting
  return { options, reasoning, warnings }
}

const fitApi = (fitting: Fitting): void => {
  const { call: { api }, facts: { apis } } = fitting
  if (apis === undefined || api === undefined || apis.includes(api)) return
  if (api === "chat" && apis.includes("responses")) fitting.refuse("api", "is served by the Responses API alone")
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
      if (part.type === "image" && !images) fitting.refuse(`messages[${i}].content[${j}]`, "takes no images")
      // A text file can be sent as text.
      if (part.type === "file" && part.source.type !== "text" && !files) {
        fitting.refuse(`messages[${i}].content[${j}]`, "takes no files")
      }
    }
  }
}

const fitTools = (fitting: Fitting): void => {
  const { call: { api, provider }, facts: { parallel, tools: facts }, options: { parallelToolCalls, tools = [] } } =
    fitting
  if (tools.length === 0) return
  if (facts?.calls === false) return fitting.refuse("tools", "calls no tools")
  const functions = tools.some((tool) => tool.type !== "provider")
  // Other servers of the same models have limits of their own.
  if (functions && api === "chat" && facts?.chat !== undefined && (provider === "openai" || provider === "azure")) {
    const way = "use the Responses API"
    if (facts.chat === "never") fitting.refuse("tools", `takes no functions by Chat Completions: ${way}`)
    else giveWay(fitting, "tools", `takes functions by Chat Completions only with the effort none: ${way}`)
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
  const others = "leave the choice to it, or use another model"
  switch (facts?.forced) {
    case "never":
      return fitting.refuse("toolChoice", `cannot be made to call a tool: ${others}`)
    case "thinking-off":
      return giveWay(fitting, "toolChoice", "cannot be made to call a tool while it reasons: leave the choice to it")
    case "named-only": {
      const [only] = tools
      if (toolChoice !== "required") return
      // With one tool both forms say the same.
      if (tools.length === 1 && only !== undefined && only.type !== "provider") {
        return fitting.set({ toolChoice: { name: only.name } })
      }
      return fitting.refuse("toolChoice", "can only be made to call a tool by its name")
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
  } else if (jsonWhen === "thinking-off") {
    giveWay(fitting, "responseFormat", "gives no JSON of any kind while it reasons: use a schema")
  }
}

const fitStop = (fitting: Fitting): void => {
  const { facts: { stop }, options: { stopSequences: given } } = fitting
  if (given === undefined || given.length === 0 || stop === undefined || stop === true) return
  if (stop === false) {
    const other = fitting.call.api === "responses" ? "; Chat Completions may (api: \"chat\")" : ""
    return fitting.refuse("stopSequences", `takes none${other}: cut the stream instead, as with Stream.takeUntil`)
  }
  if (stop === "not-reasoning") return giveWay(fitting, "stopSequences", "takes none while it reasons")
  if (given.length > stop) fitting.refuse("stopSequences", `takes up to ${stop}, not ${given.length}`)
}

const fitSampling = (fitting: Fitting): void => {
  const { facts, options: { temperature, topK, topP } } = fitting
  if (temperature === undefined && topK === undefined && topP === undefined) return
  const refused = noSampling(fitting)
  const given = { temperature, topP, topK }
  for (const field of ["temperature", "topP", "topK"] as const) {
    const value = given[field]
    if (value === undefined) continue
    if (refused?.sent === false) {
      fitting.warn(field, value, undefined, refused.reason)
      fitting.set({ [field]: undefined })
    } else if (field === "topK") {
      if (facts.topK === false) {
        fitting.warn(field, value, undefined, "has no such option")
        fitting.set({ topK: undefined })
      } else if (refused !== undefined) fitting.warn(field, value, value, refused.reason)
    } else {
      const fits = within(facts[field], value)
      if (fits !== value) {
        fitting.warn(field, value, fits, `takes ${rangeText(facts[field])}`)
        fitting.set({ [field]: fits })
      } else if (refused !== undefined) fitting.warn(field, value, value, refused.reason)
    }
  }
  const { options } = fitting
  if (facts.oneOfTemperatureTopP !== true || options.temperature === undefined || options.topP === undefined) return
  fitting.warn("topP", options.topP, undefined, "takes either temperature or topP")
  fitting.set({ topP: undefined })
}

/** Why sampling is refused or has no effect, if so. */
const noSampling = (fitting: Fitting): { readonly sent: boolean; readonly reason: string } | undefined => {
  const reasons = inAnswer(fitting)
  switch (fitting.facts.sampling) {
    case "never":
      return { sent: false, reason: "takes no sampling options" }
    case "effort-none":
      // Sources differ on what is the effort without a word.
      if (!reasons) fitting.reasoning ??= { type: "off" }
      return reasons ? { sent: false, reason: "takes no sampling options unless the effort is none" } : undefined
    case "thinking-off":
      return reasons ? { sent: false, reason: "takes no sampling options while it reasons" } : undefined
    case "ignored":
      return { sent: true, reason: "ignores it" }
    case "ignored-thinking":
      return reasons ? { sent: true, reason: "ignores it while it reasons" } : undefined
    default:
      return undefined
  }
}

const fitLimit = (fitting: Fitting): void => {
  const { facts: { maxOutput, minOutput, thinking }, options: { maxTokens }, reasoning } = fitting
  if (maxTokens === undefined) return
  // Claude's limit contains the tokens of reasoning, which the request adds.
  if (reasoning?.type === "budget" && limitIsRaised(thinking) && maxOutput !== undefined) {
    const left = maxOutput - reasoning.tokens
    if (maxTokens <= left) return
    fitting.warn("maxTokens", maxTokens, left, `writes up to ${maxOutput} tokens, reasoning included`)
    return fitting.set({ maxTokens: left })
  }
  const fits = within([minOutput ?? 0, maxOutput ?? null], maxTokens)
  if (fits === maxTokens) return
  fitting.warn("maxTokens", maxTokens, fits, fits < maxTokens ? `writes up to ${fits} tokens` : `takes ${fits} or more`)
  fitting.set({ maxTokens: fits })
}

const rangeText = (range: Range | undefined): string =>
  range === undefined ? "" : range[1] === null ? `${range[0]} or more` : `${range[0]} to ${range[1]}`
