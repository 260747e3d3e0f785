/**
 * The facts about a model, and the request of a call, as text for a terminal. It makes strings and writes nothing.
 * Used by showModel.ts.
 */
import { collected } from "../internal/facts/data/terms.ts"
import type { Facts, Price, Range } from "../internal/facts/types.ts"
import type { Inspection, Warning } from "./inspect.ts"

/** The facts about a model, one in a line. */
export const factsText = ({ api, facts, guess, known, model, provider }: Inspection): string => {
  const rows: ReadonlyArray<readonly [name: string, text: string | undefined]> = [
    ["context", contextText(facts)],
    ["answer", answerText(facts)],
    ["reasoning", reasoningText(facts, api)],
    ["sampling", samplingText(facts)],
    ["stop", stopText(facts)],
    ["tools", toolsText(facts)],
    ["schema", schemaText(facts)],
    ["inputs", facts.inputs?.join(", ")],
    ["cache", cacheText(facts)],
    ["price", facts.price && priceText(facts.price)],
    ["", facts.price?.over && overText(facts.price.over)],
    ["knowledge", facts.cutoff && `until ${facts.cutoff}`],
    ["status", statusText(facts)],
    ["collected", collected]
  ]
  const lines = rows.flatMap(([name, text]) => text === undefined ? [] : [`${name.padEnd(11)}${text}\n`])
  if (provider === "demo") return "The offline demo model, which needs no facts.\n"
  if (known && !guess) return lines.join("")
  const problem = known
    ? "Nothing is known of this model itself, so it is taken for the newest of its family."
    : lines.length > 1
    ? "Nothing is known of this model itself. What is known of the API of its provider:"
    : "Nothing is known of this model, so options are sent as they are given."
  return `${problem}\n${lines.length > 1 ? `\n${lines.join("")}` : ""}\n${adviceFor(model)}`
}

/** The advice for a model without facts. */
const adviceFor = (model: string): string =>
  `If it has the facts of a known model, say so with the option \`like\` of the provider. Or give rules:
  ModelFacts.layer([{ match: ${JSON.stringify(`^${model.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`)}, ... }])
`

/**
 * The request of a call, or the reason why there is none. `options` says whether the call has options. `wrap` breaks lines,
 * but for the body, which may be copied.
 */
export const requestText = (
  { request }: Inspection,
  { options, wrap }: { readonly options: boolean; readonly wrap: (text: string) => string }
): string => {
  const call = options ? "A call with these options" : "A call without options"
  if ("reason" in request) {
    const { _tag, message } = request.reason
    return wrap(`${call} fails before anything is sent:\n  ${_tag}: ${message}\n`)
  }
  const warnings = request.warnings.map((warning) => `  ${warningText(warning)}\n`).join("")
  const body = `${call} sends:\n${JSON.stringify(request.body, null, 2)}\n`
  return warnings === "" ? body : `${body}\n${wrap(`Warnings:\n${warnings}`)}`
}

const warningText = (warning: Warning): string => {
  const { field, reason } = warning
  if (!("given" in warning)) return `${field}: ${reason}`
  const given = JSON.stringify(warning.given)
  const sent = JSON.stringify(warning.sent)
  const what = sent === undefined ? "not sent" : sent === given ? "sent" : `sent as ${sent}`
  return `${field} ${given} is ${what}: ${reason}`
}

/** An inspection as JSON, for programs. */
export const inspectionJson = (name: string, inspection: Inspection): string => {
  const { facts, guess, known, request } = inspection
  const call = "reason" in request
    ? { error: { _tag: request.reason._tag, message: request.reason.message } }
    : { request }
  return `${JSON.stringify({ model: name, known, guess, facts, collected, ...call }, null, 2)}\n`
}

const number = (value: number): string => value.toLocaleString("en-US")

const contextText = ({ context, maxInput }: Facts): string | undefined => {
  const input = maxInput === undefined ? "" : `, of which ${number(maxInput)} of input`
  return context === undefined ? undefined : `${number(context)} tokens${input}`
}

const answerText = ({ maxOutput, minOutput }: Facts): string | undefined => {
  if (maxOutput === undefined) return undefined
  return `up to ${number(maxOutput)} tokens${minOutput === undefined ? "" : `, with a limit of at least ${minOutput}`}`
}

const reasoningText = ({ chatEfforts, thinking }: Facts, api: string | undefined): string | undefined => {
  if (thinking === undefined) return undefined
  const { budget, control, defaultEffort, display, lowest, off } = thinking
  if (control === "none") return "none"
  const efforts = (api === "chat" ? chatEfforts : undefined) ?? thinking.efforts ?? []
  const words = efforts.filter((effort) => effort !== "none")
  const ways = [
    ...(words.length === 0 ? [] : [words.join(", ")]),
    ...(budget === undefined || budget === false ? [] : [`${rangeText(budget)} tokens`])
  ]
  const effort = defaultEffort === undefined || words.length === 0 ? "" : ` (${defaultEffort})`
  return [
    control === "fixed" ? "always" : ways.length === 0 ? "on or off" : ways.join(", or "),
    ...(thinking.default === undefined || control === "fixed" ? [] : [`${thinking.default}${effort} by default`]),
    ...(control === "fixed" || off === undefined ? [] : [offText(off)]),
    ...(lowest === undefined ? [] : [`at least ${lowest}`]),
    ...(display === "omitted" ? ["shown only if it is asked for"] : [])
  ].join("; ")
}

const offText = (off: "always" | "never" | "high"): string =>
  off === "always"
    ? "can be switched off"
    : off === "never"
    ? "cannot be switched off"
    : "can be switched off with an effort up to high"

const samplingText = (facts: Facts): string | undefined => {
  const { oneOfTemperatureTopP, sampling, temperature, topK, topP } = facts
  if (sampling === "never") return "none: temperature, topP and topK are refused"
  const fields = [
    ...(temperature === undefined ? [] : [`temperature ${rangeText(temperature)}`]),
    ...(topP === undefined ? [] : [`topP ${rangeText(topP)}`]),
    ...(topK === undefined ? [] : [topK ? "topK" : "no topK"])
  ]
  const whole = fields.length === 0
    ? sampling === undefined ? "" : "temperature, topP, topK"
    : `${fields.join(", ")}${oneOfTemperatureTopP === true ? "; not both temperature and topP" : ""}`
  const when = sampling === undefined ? undefined : samplingWhen[sampling]
  return whole === "" ? undefined : when === undefined ? whole : `${when}: ${whole}`
}

const samplingWhen: { readonly [sampling: string]: string } = {
  "effort-none": "only with the effort none",
  "thinking-off": "only while it does not reason",
  ignored: "without an effect",
  "ignored-thinking": "without an effect while it reasons",
  discouraged: "taken, but its maker advises against it"
}

const stopText = ({ stop }: Facts): string | undefined => {
  if (stop === undefined) return undefined
  if (typeof stop === "number") return `up to ${stop} sequences`
  return stop === "not-reasoning" ? "sequences only while it does not reason" : stop ? "sequences" : "no sequences"
}

const toolsText = ({ parallel, tools }: Facts): string | undefined => {
  if (tools === undefined) return undefined
  if (tools.calls === false) return "none"
  return [
    ...(tools.forced === undefined ? ["called"] : [forcedText[tools.forced] ?? "called"]),
    ...(tools.chat === "never" ? ["no functions by OpenAI's Chat Completions"] : []),
    ...(tools.chat === "effort-none" ? ["functions by OpenAI's Chat Completions only with the effort none"] : []),
    ...(tools.withSchema === false ? ["not together with a schema"] : []),
    ...(parallel === "none" ? ["cannot be limited to one call"] : [])
  ].join("; ")
}

const forcedText: { readonly [forced: string]: string } = {
  always: "a call can be forced",
  never: "a call cannot be forced",
  "thinking-off": "a call can be forced while it does not reason",
  "named-only": "a call can be forced by the name of a tool",
  "required-only": "a call can be forced, but not by the name of a tool",
  unenforced: "a call can be asked for, but is not forced"
}

const schemaText = ({ json, jsonWhen }: Facts): string | undefined => {
  if (json === undefined) return undefined
  const any = jsonWhen === undefined ? "JSON of any kind" : "JSON of any kind while it does not reason"
  return json === "schema" ? "enforced" : json === "object" ? `none; ${any}` : "none, and no JSON of any kind"
}

const cacheText = ({ cache }: Facts): string | undefined => {
  if (cache === undefined) return undefined
  const min = cache.min === undefined ? "" : `, from ${number(cache.min)} tokens`
  switch (cache.kind) {
    case "auto":
      return `automatic${min}`
    case "explicit":
      return `of marked prompts${min}`
    case "both":
      return `automatic, and of marked prompts${min}`
    case "none":
      return "none"
  }
}

const pricesText = ({ in: input, out, read, write, write1h }: Price): string =>
  [
    `$${input} in`,
    `$${out} out`,
    ...(read === undefined ? [] : [`$${read} from the cache`]),
    ...(write === undefined ? [] : [`$${write} into it`]),
    ...(write1h === undefined ? [] : [`$${write1h} for an hour`])
  ].join(", ")

const priceText = (price: Price): string =>
  price.in === 0 && price.out === 0
    ? "none"
    : `${pricesText(price)}; per million tokens${price.by === undefined ? "" : `, at ${price.by}`}`

const overText = ({ tokens, ...price }: NonNullable<Price["over"]>): string =>
  `with more than ${number(tokens)} in: ${pricesText(price)}`

const statusText = ({ retires, status }: Facts): string | undefined => {
  if (status === undefined) return undefined
  return retires === undefined ? status : `${status}; ${status === "retired" ? "ended" : "ends"} on ${retires}`
}

const rangeText = ([least, greatest]: Range): string =>
  greatest === null ? `${number(least)} or more` : `${number(least)} to ${number(greatest)}`
