// The wishes of a call: every option alone, in pairs, and which of them a request keeps. It reads the request and the
// table of facts; the library's own rules are not asked.
import { Message } from "rivulet"
import type { CallOptions, ChatModel } from "rivulet"
import { read } from "./bodies.ts"
import type { Reading } from "./bodies.ts"
import { factsOf } from "./factsTable.ts"
import type { Json, Subject } from "./factsTable.ts"

/** A wish: an option, or an image in the input. */
export interface Wish {
  readonly name: string
  readonly options: CallOptions.CallOptions
  readonly image?: true
}

const weather = {
  name: "weather",
  description: "The weather in a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false
  }
} as const
const time = { ...weather, name: "time", description: "The time in a city" } as const

const schema = {
  type: "object",
  properties: { a: { type: "string" } },
  required: ["a"],
  additionalProperties: false
} as const

const wish = (name: string, options: CallOptions.CallOptions): Wish => ({ name, options })

const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const

/** Every wish alone. */
export const wishes: ReadonlyArray<Wish> = [
  ...[0, 0.5, 1.7, 3].map((temperature) => wish(`temperature ${temperature}`, { temperature })),
  ...[0, 0.9].map((topP) => wish(`topP ${topP}`, { topP })),
  wish("topK", { topK: 5 }),
  wish("stop", { stopSequences: ["END"] }),
  wish("five stops", { stopSequences: ["A", "B", "C", "D", "E"] }),
  wish("tools", { tools: [weather, time] }),
  wish("one tool required", { tools: [weather], toolChoice: "required" }),
  wish("tools required", { tools: [weather, time], toolChoice: "required" }),
  wish("tool named", { tools: [weather, time], toolChoice: { name: "time" } }),
  wish("tools unused", { tools: [weather, time], toolChoice: "none" }),
  wish("one call", { tools: [weather, time], parallelToolCalls: false }),
  wish("several calls", { tools: [weather, time], parallelToolCalls: true }),
  wish("json", { responseFormat: { type: "json" } }),
  wish("schema", { responseFormat: { type: "json_schema", schema } }),
  ...efforts.map((effort) => wish(`effort ${effort}`, { reasoning: { effort } })),
  ...[1, 500, 4000, 20_000, 400_000].map((budgetTokens) =>
    wish(`budget ${budgetTokens}`, { reasoning: { budgetTokens } })
  ),
  ...[5, 700, 10_000_000].map((maxTokens) => wish(`limit ${maxTokens}`, { maxTokens })),
  { name: "image", options: {}, image: true }
]

/** Both wishes, unless they are about the same option. */
const together = (a: Wish, b: Wish): ReadonlyArray<Wish> => {
  if (Object.keys(a.options).some((key) => key in b.options)) return []
  const image = a.image ?? b.image
  return [{
    name: `${a.name}, ${b.name}`,
    options: { ...a.options, ...b.options },
    ...(image === undefined ? undefined : { image })
  }]
}

/** All pairs of wishes. */
export const pairs: ReadonlyArray<Wish> = wishes.flatMap((a, i) => wishes.slice(i + 1).flatMap((b) => together(a, b)))

/** The input of a call with a wish. */
export const inputOf = ({ image }: Wish): ChatModel.ChatInput =>
  image === undefined
    ? "Hi"
    : Message.human([
      { type: "text", text: "Hi" },
      { type: "image", source: { type: "base64", data: "iVBORw0KGgo=" }, mediaType: "image/png" }
    ])

// -----------------------------------------------------------------------------
// what a request keeps
// -----------------------------------------------------------------------------

/** What a request makes of an option: nothing, or another value. */
export interface Change {
  readonly field: string
  readonly given: unknown
  readonly sent: unknown
}

/** The changes that a request makes to the wishes of its call. A promise that is not kept is among them. */
export const changesOf = (subject: Subject, { image, options }: Wish, body: Json): ReadonlyArray<Change> => {
  const reading = read(subject.api, body)
  const changes: Array<Change> = []
  const compare = (field: string, given: unknown, sent: unknown): void => {
    if (JSON.stringify(given) !== JSON.stringify(sent)) changes.push({ field, given, sent })
  }
  for (const field of ["temperature", "topP", "topK"] as const) compare(field, options[field], reading[field])
  compare("stopSequences", options.stopSequences ?? [], reading.stop)
  const tools = (options.tools ?? []).map((tool) => "name" in tool ? tool.name : "")
  compare("tools", tools, reading.functions)
  compare("toolChoice", choiceOf(tools, options.toolChoice), choiceOf(tools, reading.choice))
  // That several calls are allowed is the default.
  if (options.parallelToolCalls === false) compare("parallelToolCalls", false, reading.parallel)
  else if (reading.parallel === false) compare("parallelToolCalls", options.parallelToolCalls, false)
  const format = options.responseFormat?.type
  compare("responseFormat", format === "json_schema" ? "schema" : format, reading.format?.type)
  compare("messages", image === undefined ? 0 : 1, reading.images)
  const limit = limitOf(subject, options, reading)
  if (limit !== undefined) compare("maxTokens", limit.given, limit.sent)
  return [...changes, ...reasoningChange(subject, options, reading)]
}

/** With one tool, to call any and to call this one are the same. To leave the choice is the default. */
const choiceOf = (tools: ReadonlyArray<string>, choice: CallOptions.CallOptions["toolChoice"]): unknown => {
  if (typeof choice === "object" && tools.length === 1) return "required"
  return choice === "auto" ? undefined : choice
}

/** Kinds of thinking whose tokens are part of the limit, while `maxTokens` is about the answer. */
const within = ["adaptive", "budget", "budget+effort", "thinkingBudget", "thinking.token_budget"]

const limitOf = (subject: Subject, { maxTokens }: CallOptions.CallOptions, { limit, reasoning }: Reading) => {
  if (maxTokens === undefined) {
    return subject.api === "messages" ? undefined : { given: undefined, sent: limit?.tokens }
  }
  const { thinking } = factsOf(subject)
  const raised = thinking === undefined ? subject.api === "messages" : within.includes(thinking.wire)
  return { given: maxTokens, sent: limit && limit.tokens - (raised ? reasoning?.tokens ?? 0 : 0) }
}

/** The shares of the longest answer that efforts stand for. */
const bands: { readonly [word: string]: number } = {
  minimal: 0.05,
  low: 0.1,
  medium: 0.25,
  high: 0.5,
  xhigh: 0.75,
  max: 0.95
}

/** The word for a number of tokens: the nearest, and of two the higher. */
export const wordOf = (tokens: number, longest: number): string => {
  const distance = ([, band]: readonly [string, number]) => Math.abs(band - tokens / longest)
  return Object.entries(bands).reduce((best, each) => distance(each) <= distance(best) ? each : best)[0]
}

const reasoningChange = (
  subject: Subject,
  { reasoning: wished }: CallOptions.CallOptions,
  { reasoning: sent }: Reading
): ReadonlyArray<Change> => {
  const { maxOutput: longest = 32_000, thinking = {} } = factsOf(subject)
  const { budgetTokens, effort } = wished ?? {}
  const shown = sent === undefined ? undefined : sent.off ? "none" : sent.effort ?? sent.tokens ?? sent.form
  if (budgetTokens !== undefined) {
    const kept = sent?.tokens === budgetTokens || (sent?.effort === wordOf(budgetTokens, longest) && !sent?.off)
    return kept ? [] : [{ field: "reasoning.budgetTokens", given: budgetTokens, sent: shown }]
  }
  if (effort === "none") {
    const kept = sent?.off === true || (sent === undefined && thinking.control === "none")
    return kept ? [] : [{ field: "reasoning.effort", given: effort, sent: shown }]
  }
  if (effort !== undefined) {
    const band = Math.round((bands[effort] ?? 0) * longest)
    const kept = sent !== undefined && !sent.off &&
      (sent.tokens === undefined ? sent.effort === effort : sent.tokens === band)
    return kept ? [] : [{ field: "reasoning.effort", given: effort, sent: shown }]
  }
  // Nobody asked for reasoning: it may be off, which is a change where it is on by default.
  if (sent === undefined || (sent.off && thinking.default === "off")) return []
  return [{ field: thinking.efforts?.includes("none") ? "reasoning.effort" : "reasoning", given: null, sent: shown }]
}
