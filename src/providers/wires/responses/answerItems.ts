/**
 * Answers in the next request of the Responses API: the items that the decoder made parts of are put together again.
 * Called by `messages.ts`.
 */
import * as Equal from "effect/Equal"
import { argsText } from "../../../internal/json/limits.ts"
import type { CallIds, EncodingIssues } from "../../../internal/provider/encoding.ts"
import { isObject, objectAt, restOf, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { AIMessage, AIPart, Metadata } from "../../../Message.ts"
import { callKind } from "./callKinds.ts"
import type { CallKind } from "./callKinds.ts"
import { optionsFor } from "./content.ts"

type Json = JsonObject[string]
type Draft = { [key: string]: Json }

/**
 * The items of an answer. Several parts may belong to one item and need not be neighbours; the item stands in the place
 * of its first part. Parts that only another provider understands are left out with a warning.
 */
export const encodeAnswer = (
  provider: string,
  message: AIMessage,
  ids: CallIds,
  field: string,
  issues: EncodingIssues
): ReadonlyArray<JsonObject> => {
  const from = message.metadata?.["provider"]
  const own = from === undefined || from === provider
  // The items of an interrupted answer are incomplete, so its parts go back as plain text and calls.
  const complete = message.metadata?.["partial"] !== true
  const items = new AnswerItems(own && complete, (id) => ids.call(id, from === provider))
  for (const part of message.parts) {
    const left = items.add(provider, part)
    if (left === undefined) continue
    issues.warn(
      field,
      `${left} was left out, ${own ? "as it cannot be sent back" : `as it comes from ${String(from)}`}`
    )
  }
  const kept = items.list.filter((item) => {
    // The API looks up reasoning without content by its id, and finds it only if the response was stored.
    const lost = item["type"] === "reasoning" && item["encrypted_content"] === undefined &&
      item["content"] === undefined && message.metadata?.["store"] === false
    if (lost) issues.warn(field, `reasoning was left out, as it was neither stored nor encrypted`)
    return !lost
  })
  // The API refuses reasoning without the item that it led to.
  const end = kept.findLastIndex((item) => item["type"] !== "reasoning") + 1
  if (end < kept.length) issues.warn(field, `reasoning was left out, as nothing of the answer follows it`)
  return kept.slice(0, end)
}

/** The item that a part came from, if the part has it. */
export const itemOf = (metadata: Metadata | undefined): JsonObject | undefined => objectAt(metadata ?? {}, "item")

/** The type of item for a call without one: from Chat Completions, from another provider, or from the app. */
export const typeOf = (call: { readonly metadata?: Metadata | undefined; readonly args?: Json }): string =>
  call.metadata?.["type"] === "custom" && typeof call.args === "string" ? "custom_tool_call" : "function_call"

/** The items of one answer while its parts are added. */
class AnswerItems {
  readonly list: Array<Draft> = []
  readonly #byId = new Map<string, Draft>()
  readonly #own: boolean
  readonly #callId: (id: string) => string

  /** `own`: whether the parts have the items they came from. `callId`: the id of a call as the API takes it. */
  constructor(own: boolean, callId: (id: string) => string) {
    this.#own = own
    this.#callId = callId
  }

  /** Adds a part to its item. Gives a name for the part, for the warning, if it has to be left out. */
  add(provider: string, part: AIPart): string | undefined {
    const item = this.#own && "metadata" in part ? itemOf(part.metadata) : undefined
    switch (part.type) {
      case "text": {
        const options = optionsFor(provider, part.providerOptions)
        if (item === undefined) {
          this.#plainText(part.text)
          return part.citations === undefined ? undefined : "a citation"
        }
        this.#content(item, {
          type: "output_text",
          text: part.text,
          annotations: (part.citations ?? []).map((citation) => citation.raw),
          ...partFields(part.metadata),
          ...options
        })
        return undefined
      }
      case "refusal":
        if (item === undefined) this.#plainText(part.text)
        else this.#content(item, { type: "refusal", refusal: part.text, ...partFields(part.metadata) })
        return undefined
      case "reasoning": {
        if (item === undefined) return "reasoning"
        const draft = this.#draft(item)
        draft["summary"] ??= []
        const type = part.metadata?.["type"]
        if (type !== undefined) {
          push(draft, type === "summary_text" ? "summary" : "content", {
            ...partFields(part.metadata),
            type,
            text: part.text
          })
        }
        if (part.redacted !== undefined) draft["encrypted_content"] = part.redacted
        return undefined
      }
      case "tool_call":
        this.list.push(
          part.text === undefined
            ? call(item ?? { type: typeOf(part) }, this.#callId(part.id), part.name, part.args)
            : callWithText(item ?? { type: typeOf(part) }, this.#callId(part.id), part.name, argsText(part))
        )
        return undefined
      case "invalid_tool_call":
        this.list.push(callWithText(item ?? { type: "function_call" }, this.#callId(part.id), part.name, part.text))
        return undefined
      case "server_tool_call":
        if (item === undefined) return "a server tool call"
        Object.assign(
          this.#draft(item),
          part.text === undefined
            ? call(item, this.#callId(part.id), part.name, part.args)
            : callWithText(item, this.#callId(part.id), part.name, part.text)
        )
        return undefined
      case "server_tool_result": {
        const into = stringAt(part.metadata ?? {}, "field")
        if (item === undefined || into === undefined) return "a server tool result"
        this.#draft(item)[into] = part.result
        return undefined
      }
      case "file": {
        // An image without a field is a preview that was never finished.
        const into = stringAt(part.metadata ?? {}, "field")
        if (item === undefined || into === undefined || part.source.type !== "base64") return "a file"
        this.#draft(item)[into] = part.source.data
        return undefined
      }
      case "unknown":
        return this.#own && this.#unknown(part.raw) ? undefined : "an unknown part"
      case "citation":
        return "a citation"
    }
  }

  /** The item with this id, made if it is new. Without an id it is the last item of its type. */
  #draft(item: JsonObject): Draft {
    const id = stringAt(item, "id")
    const known = id === undefined
      ? this.list.findLast((draft) => draft["type"] === item["type"])
      : this.#byId.get(id)
    if (known !== undefined) return known
    const draft = { ...item }
    this.list.push(draft)
    if (id !== undefined) this.#byId.set(id, draft)
    return draft
  }

  #content(item: JsonObject, part: JsonObject): void {
    const draft = this.#draft(item)
    draft["role"] ??= "assistant"
    push(draft, "content", part)
  }

  /** Adds text without an item. */
  #plainText(text: string): void {
    const last = this.list.at(-1)
    if (last !== undefined && typeof last["content"] === "string") last["content"] += text
    else if (text.trim() !== "") this.list.push({ role: "assistant", content: text })
  }

  /** Adds an unknown item or an unknown part of one. Gives false for an event, which is neither. */
  #unknown(raw: ReadonlyArray<Json>): boolean {
    const last = raw.at(-1)
    if (!isObject(last) || typeof last["type"] !== "string") return false
    if ("sequence_number" in last || last["type"].startsWith("response.")) return false
    const { item, ...rest } = last
    if (isObject(item)) this.#content(item, rest)
    else this.list.push(last)
    return true
  }
}

const push = (draft: Draft, key: string, part: JsonObject): void => {
  const list = draft[key]
  draft[key] = [...(Array.isArray(list) ? list : []), part]
}

/** Further fields of a part. Those of its slices (`delta`) and log probabilities are not part of a request. */
const partFields = (metadata: Metadata | undefined): JsonObject | undefined =>
  metadata === undefined ? undefined : restOf(metadata, ["item", "delta", "logprobs"])

const argFields = (kind: CallKind): ReadonlyArray<string> =>
  kind.held.filter((key) => key !== "call_id" && key !== "name")

const identified = (kind: CallKind, id: string, name: string): JsonObject => ({
  ...(kind.held.includes("call_id") ? { call_id: id } : undefined),
  ...(kind.held.includes("name") ? { name } : undefined)
})

/** A call as its item. Arguments that the app has changed since replace those of the item. */
const call = (item: JsonObject, id: string, name: string, args: Json): Draft => {
  const kind = callKind(stringAt(item, "type") ?? "")
  if (kind === undefined) return { ...item }
  const asItCame = argFields(kind).some((key) => key in item) && Equal.equals(parsed(kind.args(item)), args)
  return {
    ...(asItCame ? item : { ...restOf(item, argFields(kind)), ...kind.fields(args) }),
    ...identified(kind, id, name)
  }
}

/** A call whose arguments are no JSON, or lost numbers. They are sent where the API takes them as text. */
const callWithText = (item: JsonObject, id: string, name: string, text: string): Draft => {
  const kind = callKind(stringAt(item, "type") ?? "")
  if (kind === undefined) return { ...item }
  const fields = argFields(kind).some((key) => key in item)
    ? {}
    : kind.held.includes("arguments")
    ? { arguments: text }
    : kind.held.includes("input")
    // The input is a JSON string without its end.
    ? { input: String(parsed(`${text}"`) ?? text) }
    : kind.fields({})
  return { ...item, ...fields, ...identified(kind, id, name) }
}

const parsed = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json // JSON.parse yields JSON; its type says `any`
  } catch {
    return undefined
  }
}
