/**
 * The content of a delta of Chat Completions, in all the forms that servers use: text, reasoning, images and citations.
 * Pure functions. Called by the decoder.
 */
import { optional } from "../../../internal/optional.ts"
import { readDataUrl } from "../../../internal/provider/encoding.ts"
import { isObject, numberAt, objectAt, restOf, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { Citation, Metadata, Source } from "../../../Message.ts"

/** A slice of reasoning. */
export interface Reasoning {
  readonly text: string
  /** Slices with the same key belong to one block. */
  readonly key: string
  readonly signature?: string | undefined
  readonly redacted?: string | undefined
  /** Metadata of the block: how it goes back in the next request. */
  readonly metadata: Metadata
}

/** The fields that hold reasoning as plain text. They mean the same. */
const textFields = ["reasoning_content", "reasoning"]

/**
 * The reasoning of a delta. Some servers (OpenRouter, Snowflake) send it twice; `reasoning_details` is preferred then,
 * as it has the signatures.
 */
export const reasoningIn = (delta: JsonObject): ReadonlyArray<Reasoning> => {
  const details = Array.isArray(delta["reasoning_details"]) ? delta["reasoning_details"].filter(isObject) : []
  const detailed = details.map(detailOf)
  const plain = textFields.flatMap((field): ReadonlyArray<Reasoning> => {
    const text = stringAt(delta, field)
    return text === undefined || text === "" ? [] : [{ text, key: field, metadata: { field } }]
  })
  return detailed.some(({ text }) => text !== "") ? detailed : [...plain.slice(0, 1), ...detailed.filter(hasData)]
}

const hasData = ({ redacted, signature }: Reasoning): boolean => redacted !== undefined || signature !== undefined

const detailOf = (detail: JsonObject): Reasoning => {
  const type = stringAt(detail, "type") ?? ""
  const signature = stringAt(detail, "signature")
  const redacted = stringAt(detail, "data")
  return {
    text: stringAt(detail, "text") ?? stringAt(detail, "summary") ?? "",
    key: `${type} ${numberAt(detail, "index") ?? ""}`,
    ...(signature === undefined || signature === "" ? undefined : { signature }),
    ...optional("redacted", redacted),
    metadata: {
      field: "reasoning_details",
      ...restOf(detail, ["text", "summary", "signature", "data"])
    }
  }
}

/** An item of a content array. */
export type ContentPiece =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "reasoning"; readonly reasoning: Reasoning }
  | { readonly type: "unknown"; readonly raw: JsonObject[string] }

/** The pieces of a content array (Mistral): texts, `thinking`, whose content is an array too, and unknown items. */
export const piecesOf = (content: ReadonlyArray<JsonObject[string]>): ReadonlyArray<ContentPiece> =>
  content.map((part): ContentPiece => {
    if (typeof part === "string") return { type: "text", text: part }
    const type = isObject(part) ? part["type"] : undefined
    if (isObject(part) && type === "text") return { type: "text", text: stringAt(part, "text") ?? "" }
    if (isObject(part) && type === "thinking") {
      const text = textOf(part["thinking"])
      return { type: "reasoning", reasoning: { text, key: "thinking", metadata: { field: "content" } } }
    }
    return { type: "unknown", raw: part }
  })

const textOf = (value: JsonObject[string] | undefined): string =>
  typeof value === "string"
    ? value
    : Array.isArray(value)
    ? value.map(textOf).join("")
    : isObject(value)
    ? stringAt(value, "text") ?? ""
    : ""

/** An image of an answer. */
export interface Image {
  readonly source: Source
  readonly mediaType?: string | undefined
}

/** Reads an image (OpenRouter), which comes in one piece, by a `data:` URL or another. */
export const toImage = (raw: JsonObject[string]): Image | undefined => {
  const url = isObject(raw) ? stringAt(objectAt(raw, "image_url") ?? raw, "url") : undefined
  if (url === undefined) return undefined
  const read = readDataUrl(url)
  return read === undefined
    ? { source: { type: "url", url } }
    : { source: { type: "base64", data: read.data }, mediaType: read.mediaType }
}

/** An annotation of a text as a citation. */
export const toCitation = (raw: JsonObject[string]): Citation => {
  if (typeof raw === "string") return { url: raw, raw }
  if (!isObject(raw)) return { raw }
  const inner = objectAt(raw, stringAt(raw, "type") ?? "") ?? raw
  const url = stringAt(inner, "url")
  const title = stringAt(inner, "title")
  const citedText = stringAt(inner, "content")
  return {
    ...optional("url", url),
    ...optional("title", title),
    ...(citedText === undefined || citedText === "" ? undefined : { citedText }),
    raw
  }
}
