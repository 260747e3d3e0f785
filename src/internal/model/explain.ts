/**
 * Explains an error of a server: which option it is about, how to go on, and that a model has retired. Used when a call
 * with facts fails, and by the reader of error bodies for the names of options. Knows no provider.
 */
import type { CallOptions } from "../../CallOptions.ts"
import { ChatModelError, InvalidRequestError, NotFoundError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { Facts, Fit } from "../facts/types.ts"
import { withPartial } from "./partial.ts"

/** An option, and the facts of a model that does not take it. */
interface OptionFacts {
  readonly option: string
  /** As in a rule. Absent: no rule decides about the option. */
  readonly facts?: string
}

const sampling = "sampling: \"never\""

const options: ReadonlyArray<readonly [names: string, known: OptionFacts]> = [
  ["maxtokens maxcompletiontokens maxoutputtokens", { option: "maxTokens", facts: "maxOutput: <tokens>" }],
  ["temperature", { option: "temperature", facts: sampling }],
  ["topp", { option: "topP", facts: sampling }],
  ["topk", { option: "topK", facts: "topK: false" }],
  ["stop stopsequences", { option: "stopSequences", facts: "stop: false" }],
  ["toolchoice", { option: "toolChoice", facts: "tools: { forced: \"never\" }" }],
  [
    "paralleltoolcalls disableparalleltooluse toolchoicedisableparalleltooluse",
    { option: "parallelToolCalls", facts: "parallel: \"none\"" }
  ],
  [
    "reasoningeffort outputconfigeffort thinkinglevel",
    { option: "reasoning.effort", facts: "thinking: { control: \"none\" }" }
  ],
  [
    "thinkingbudgettokens thinkingbudget reasoningmaxtokens",
    { option: "reasoning.budgetTokens", facts: "thinking: { control: \"effort\" }" }
  ],
  ["reasoning thinking enablethinking", { option: "reasoning", facts: "thinking: { control: \"none\" }" }],
  ["responseformat textformat outputconfigformat outputformat", { option: "responseFormat", facts: "json: \"none\"" }],
  ["metadata", { option: "metadata" }]
]

const byName = new Map(options.flatMap(([names, known]) => names.split(" ").map((name) => [name, known])))

/** The option of a field in the request of any API, such as `max_completion_tokens` or `thinking.budget_tokens`. */
const optionOf = (field: string): OptionFacts | undefined => {
  const path = field.split(/[.[]/).map((name) => name.toLowerCase().replace(/[^a-z]/g, ""))
  // An option may stand inside an object of the API, and a value inside an option.
  for (let length = path.length; length > 0; length--) {
    const known = byName.get(path.slice(0, length).join(""))
    if (known !== undefined) return known
  }
  return undefined
}

/**
 * The field of a request that a sentence is about, as makers write it: in quotes, as a name that is no word, after
 * `parameter`, `argument` or `invalid`, at the end, or at the start. Only fields that stand for an option are found.
 */
export const fieldInText = (text: string): string | undefined => {
  for (const pattern of places) {
    for (const [, name = ""] of text.matchAll(pattern)) {
      if (optionOf(name) !== undefined) return name
    }
  }
  return undefined
}

const places = [
  /[`'"]([a-z_]+(?:\.[a-z_]+)*)[`'"]/gi,
  /\b([a-z]+(?:[._][a-z]+)+|[a-z]+(?:[A-Z][a-z]+)+)\b/g,
  /\b(?:parameter|argument|field|option|invalid|unsupported)s?:? ([a-z]+)/gi,
  /: ([a-z]+)\.?$/gi,
  /^([a-z]+)\b/gi
]

/** The request that a server has answered with an error. */
interface Request {
  readonly facts: Facts
  readonly options: CallOptions
  readonly fit: Fit
  /** The day of the answer, such as `2026-11-27`. */
  readonly today: string
}

/** The error of a server, with an explanation if the library has one. Errors of the library itself have no metadata. */
export const explained = (error: ChatModelError, request: Request): ChatModelError => {
  const { attempts, metadata, model, partial, provider, reason } = error
  if (metadata === undefined) return error
  const known = reason._tag === "NotFoundError"
    ? ofRetired(reason, model, request)
    : reason._tag === "InvalidRequestError"
    ? ofOption(reason, provider, model, request)
    : reason
  if (known === reason) return error
  const changed = new ChatModelError({ provider, model, reason: known, metadata, attempts })
  return partial === undefined ? changed : withPartial(changed, partial)
}

const ofRetired = (reason: NotFoundError, model: string, { facts, today }: Request): Reason => {
  const { retires, status } = facts
  if (status !== "retired" && (retires === undefined || retires > today)) return reason
  const since = retires === undefined ? "" : ` as of ${retires}`
  return new NotFoundError({ message: `${reason.message} (${model} is retired${since})` })
}

const ofOption = (reason: InvalidRequestError, provider: string, model: string, request: Request): Reason => {
  const { field, message } = reason
  const own = request.options.providerOptions?.[provider] ?? {}
  // A field that the caller has spelled himself keeps its name.
  const known = field === undefined || Object.keys(own).some((name) => field.startsWith(name))
    ? undefined
    : optionOf(field)
  if (known === undefined) return reason
  const hint = request.fit === "send" ? undefined : hintFor(known, provider, model, message)
  return new InvalidRequestError({
    message: hint === undefined ? message : `${message.replace(/\.$/, "")}. ${hint}`,
    field: known.option
  })
}

/** How to go on if a model does not take an option. An error about a format may be due to its schema. */
const hintFor = ({ facts, option }: OptionFacts, provider: string, model: string, message: string) => {
  if (facts === undefined || (option === "responseFormat" && !/support/i.test(message))) return undefined
  const rule = `{ match: ${JSON.stringify(`^${model.replace(/[^\w-]/g, "\\$&")}$`)}, ${facts} }`
  return `If the model does not take it, say so in a rule, ModelFacts.layer([${rule}]); providerOptions.${provider} are ` +
    "sent as they are"
}
