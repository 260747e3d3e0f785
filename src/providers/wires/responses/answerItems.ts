/** Answers on their way back: the items that the decoder made parts of. */
import * as Equal from "effect/Equal"
import type { EncodingIssues } from "../../../internal/provider/encodingIssues.ts"
import { isObject, objectAt, restOf, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { AIMessage, AIPart, Metadata } from "../../../Message.ts"
import { callKind } from "./callKinds.ts"
import type { CallKind } from "./callKinds.ts"
import { optionsFor } from "./content.ts"

type Json = JsonObject[string]
type Draft = { [key: string]: Json }

/**
 * The items of an answer. Several parts may be of one item, and need not be neighbours: it stands where its first part
 * does. Parts of another provider's answer that only that one understands are left out, with a warning.
 */
export const encodeAnswer = (
  provider: string,
  message: AIMessage,
  field: string,
  issues: EncodingIssues
): ReadonlyArray<JsonObject> => {
  const from = message.metadata?.["provider"]
  const own = from === undefined || from === provider
  // What is left of an answer that was broken off is text, and no longer the items it was to be.
  const whole = message.metadata?.["partial"] !== true
  const answer = new Answer(own && whole)
  for (const part of message.parts) {
    const left = answer.add(provider, part)
    if (left === undefined) continue
    issues.warn(
      `${field}: ${left} was left out, ${own ? "as it cannot be sent back" : `as it comes from ${String(from)}`}`
    )
  }
  return answer.items.filter((item) => {
    // Reasoning that is not there itself is looked up by its id, and found only if the response was stored.
    const lost = item["type"] === "reasoning" && item["encrypted_content"] === undefined &&
      item["content"] === undefined && message.metadata?.["store"] === false
    if (lost) issues.warn(`${field}: reasoning was left out, as it was neither stored nor encrypted`)
    return !lost
  })
}

/** The item a part came from, as far as the part tells. */
export const itemOf = (metadata: Metadata | undefined): JsonObject | undefined => objectAt(metadata ?? {}, "item")

/** The type of a call that is of no item here: it came by Chat Completions, from another provider, or from the caller. */
export const typeOf = (call: { readonly metadata?: Metadata | undefined; readonly args?: Json }): string =>
  call.metadata?.["type"] === "custom" && typeof call.args === "string" ? "custom_tool_call" : "function_call"

class Answer {
  readonly items: Array<Draft> = []
  readonly #byId = new Map<string, Draft>()
  readonly #own: boolean

  /** `own`: its parts tell the items they came from. */
  constructor(own: boolean) {
    this.#own = own
  }

  /** Adds a part to its item; gives what it is when it has to be left out. */
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
        if (type !== undefined) push(draft, type === "summary_text" ? "summary" : "content", { type, text: part.text })
        if (part.redacted !== undefined) draft["encrypted_content"] = part.redacted
        return undefined
      }
      case "tool_call":
        this.items.push(call(item ?? { type: typeOf(part) }, part.id, part.name, part.args))
        return undefined
      case "invalid_tool_call":
        this.items.push(brokenCall(item ?? { type: "function_call" }, part.id, part.name, part.text))
        return undefined
      case "server_tool_call":
        if (item === undefined) return "a server tool call"
        Object.assign(
          this.#draft(item),
          part.text === undefined
            ? call(item, part.id, part.name, part.args)
            : brokenCall(item, part.id, part.name, part.text)
        )
        return undefined
      case "server_tool_result": {
        const into = stringAt(part.metadata ?? {}, "field")
        if (item === undefined || into === undefined) return "a server tool result"
        this.#draft(item)[into] = part.result
        return undefined
      }
      case "file": {
        // A preview has no field: the image was never finished.
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

  /** The item of this id; one without an id is the last of its type. */
  #draft(item: JsonObject): Draft {
    const id = stringAt(item, "id")
    const known = id === undefined
      ? this.items.findLast((draft) => draft["type"] === item["type"])
      : this.#byId.get(id)
    if (known !== undefined) return known
    const draft = { ...item }
    this.items.push(draft)
    if (id !== undefined) this.#byId.set(id, draft)
    return draft
  }

  #content(item: JsonObject, part: JsonObject): void {
    const draft = this.#draft(item)
    draft["role"] ??= "assistant"
    push(draft, "content", part)
  }

  /** Text that is of no item of OpenAI's. */
  #plainText(text: string): void {
    const last = this.items.at(-1)
    if (last !== undefined && typeof last["content"] === "string") last["content"] += text
    else if (text.trim() !== "") this.items.push({ role: "assistant", content: text })
  }

  /** An item, or a part of one, without a name here. Events are neither. */
  #unknown(raw: ReadonlyArray<Json>): boolean {
    const last = raw.at(-1)
    if (!isObject(last) || typeof last["type"] !== "string") return false
    if ("sequence_number" in last || last["type"].startsWith("response.")) return false
    const { item, ...rest } = last
    if (isObject(item)) this.#content(item, rest)
    else this.items.push(last)
    return true
  }
}

const push = (draft: Draft, key: string, part: JsonObject): void => {
  const list = draft[key]
  draft[key] = [...(Array.isArray(list) ? list : []), part]
}

/** What else the part said. What its slices said is not part of it, and probabilities are of no use to the model. */
const partFields = (metadata: Metadata | undefined): JsonObject | undefined =>
  metadata === undefined ? undefined : restOf(metadata, ["item", "delta", "logprobs"])

const argFields = (kind: CallKind): ReadonlyArray<string> =>
  kind.held.filter((key) => key !== "call_id" && key !== "name")

const identified = (kind: CallKind, id: string, name: string): JsonObject => ({
  ...(kind.held.includes("call_id") ? { call_id: id } : undefined),
  ...(kind.held.includes("name") ? { name } : undefined)
})

/** A call as the item it was. Its arguments may have been changed since, and then count. */
const call = (item: JsonObject, id: string, name: string, args: Json): Draft => {
  const kind = callKind(stringAt(item, "type") ?? "")
  if (kind === undefined) return { ...item }
  const asItCame = argFields(kind).some((key) => key in item) && Equal.equals(parsed(kind.args(item)), args)
  return {
    ...(asItCame ? item : { ...restOf(item, argFields(kind)), ...kind.fields(args) }),
    ...identified(kind, id, name)
  }
}

/** A call whose arguments are no JSON. Where the API takes them as text it gets the text. */
const brokenCall = (item: JsonObject, id: string, name: string, text: string): Draft => {
  const kind = callKind(stringAt(item, "type") ?? "")
  if (kind === undefined) return { ...item }
  const fields = argFields(kind).some((key) => key in item)
    ? {}
    : kind.held.includes("arguments")
    ? { arguments: text }
    : kind.held.includes("input")
    // A string whose end is missing.
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
