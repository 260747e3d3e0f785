/**
 * A call as the body of `POST /responses` (https://platform.openai.com/docs/api-reference/responses/create). Called by
 * the host `openai`.
 *
 * OpenAI stores nothing unless the call says so: `store` is false, and reasoning models are asked for encrypted
 * reasoning, which goes into the next request with the message. `store: true`, and every field that needs a stored
 * response (`previous_response_id`, `conversation`, `background`), switches that off.
 */
import type { CallOptions } from "../../../CallOptions.ts"
import type { Reason } from "../../../ChatModelError.ts"
import type { ReasoningForm } from "../../../internal/facts/fitting.ts"
import type { Facts } from "../../../internal/facts/types.ts"
import type { ChatRequest } from "../../../internal/model/request.ts"
import { optional } from "../../../internal/optional.ts"
import { EncodingIssues } from "../../../internal/provider/encoding.ts"
import type { Encoded } from "../../../internal/provider/encoding.ts"
import { isObject } from "../../../internal/provider/json.ts"
import { encodeMessages } from "./messages.ts"
import { encodeFormat, encodeTools } from "./tools.ts"

/** Encodes a call, or gives the reason why OpenAI cannot take it. */
export const encodeRequest = (
  { model, provider }: { readonly provider: string; readonly model: string },
  { facts, messages, options, reasoning }: Pick<ChatRequest, "facts" | "messages" | "options" | "reasoning">
): Encoded | Reason => {
  const issues = new EncodingIssues()
  const own = Object.fromEntries(
    Object.entries(options.providerOptions?.[provider] ?? {}).filter(([, value]) => value !== undefined)
  )
  refuse(options, issues)
  const format = encodeFormat(options.responseFormat, issues)
  const effort = effortOf(reasoning) ?? options.reasoning?.effort
  const thinks = (effort !== undefined && effort !== "none") || isObject(own["reasoning"]) || reasons(facts)
  const previous = own["previous_response_id"]
  const stored = own["store"] ??
    (storingFields.some((key) => own[key] !== undefined && own[key] !== null) ? undefined : false)
  const body = {
    model,
    ...encodeMessages(provider, messages, typeof previous === "string" ? previous : undefined, issues),
    ...optional("max_output_tokens", options.maxTokens),
    ...optional("temperature", options.temperature),
    ...optional("top_p", options.topP),
    ...encodeTools(provider, options, issues),
    ...optional("metadata", options.metadata),
    ...own,
    // Both a common option and a field of the API may set these objects.
    ...merged("reasoning", effort === undefined ? undefined : { effort }, own["reasoning"]),
    ...merged("text", format === undefined ? undefined : { format }, own["text"]),
    ...optional("store", stored),
    ...include(own["include"], stored === false && thinks),
    stream: true
  }
  return issues.problem ?? { body, warnings: issues.warnings }
}

/** Fields that need a stored response. */
const storingFields = ["previous_response_id", "conversation", "background"]

const encrypted = "reasoning.encrypted_content"

/**
 * Whether a model is known to reason. Other models refuse a request for encrypted reasoning, so a model with an unknown
 * name (such as that of a deployment) is asked only if the call has reasoning options.
 */
const reasons = ({ reasoningBack, thinking }: Facts): boolean =>
  reasoningBack ?? (thinking !== undefined && thinking.control !== "none")

/** The word for the effort. Numbers of tokens were put into words. */
const effortOf = (form: ReasoningForm | undefined): string | undefined =>
  form?.type === "off" ? "none" : form?.type === "effort" ? form.effort : undefined

const include = (own: unknown, encrypt: boolean) => {
  if (!encrypt) return undefined
  const list: ReadonlyArray<unknown> = Array.isArray(own) ? own : []
  return { include: list.includes(encrypted) ? list : [...list, encrypted] }
}

const merged = (name: string, common: object | undefined, own: unknown) =>
  common === undefined || (own !== undefined && !isObject(own)) ? undefined : { [name]: { ...common, ...own } }

const refuse = (options: CallOptions, issues: EncodingIssues): void => {
  if (options.topK !== undefined) issues.unsupported("topK", "OpenAI takes temperature and topP")
  if (options.stopSequences !== undefined && options.stopSequences.length > 0) {
    issues.unsupported("stopSequences", "the Responses API has none; Chat Completions has (api: \"chat\")")
  }
  if (options.reasoning?.budgetTokens !== undefined) {
    issues.unsupported("reasoning.budgetTokens", "OpenAI takes reasoning.effort")
  }
}
