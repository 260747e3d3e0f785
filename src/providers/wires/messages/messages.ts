/**
 * Messages as the Messages API takes them. Called by `request.ts`. Answers go back as the blocks that the decoder read
 * them from.
 */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import { exactArgs } from "../../../internal/json/limits.ts"
import { optional } from "../../../internal/optional.ts"
import { CallIds, usualPart } from "../../../internal/provider/encoding.ts"
import type { EncodingIssues, IdRule } from "../../../internal/provider/encoding.ts"
import { isObject, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { text as textPart } from "../../../Message.ts"
import type {
  AIMessage,
  FilePart,
  ImagePart,
  InputPart,
  Message,
  Metadata,
  ProviderOptions,
  Source,
  TextPart
} from "../../../Message.ts"

type Role = "user" | "assistant" | "system"

interface Turn {
  readonly role: Role
  content: string | Array<JsonObject>
}

/** The server that the messages are for. */
export interface Target {
  readonly provider: string
  /** Whether it is Anthropic's own server. Others take ids and reasoning of their own form, which Anthropic refuses. */
  readonly official: boolean
}

/** One request while its messages are encoded. */
interface Encoding extends Target {
  readonly ids: CallIds
  readonly issues: EncodingIssues
}

const idRule: IdRule = {
  fits: (id) => /^[a-zA-Z0-9_-]+$/.test(id),
  make: (id, attempt) => (id.replaceAll(/[^a-zA-Z0-9_-]/g, "_") || "call") + (attempt === 0 ? "" : `_${attempt}`),
  unique: true
}

/** The `system` and `messages` fields of a request. */
export const encodeMessages = (target: Target, messages: ReadonlyArray<Message>, issues: EncodingIssues): {
  readonly system?: string | ReadonlyArray<JsonObject>
  readonly messages: ReadonlyArray<Turn>
} => {
  const encoding: Encoding = { ...target, ids: new CallIds(idRule, messages), issues }
  const leading = messages.findIndex((message) => message._tag !== "SystemMessage")
  const system = messages.slice(0, leading).flatMap((message) =>
    message._tag === "SystemMessage" ? textBlocks(encoding, message.content) : []
  )
  const turns: Array<Turn> = []
  for (const [i, message] of messages.slice(leading).entries()) {
    const turn = encodeMessage(encoding, message, `messages[${leading + i}]`)
    // An answer without content, such as a refusal, is no turn.
    if (turn.content.length > 0) append(turns, turn)
  }
  trimEnd(turns.at(-1))
  const only = system.length === 1 && Object.keys(system[0]!).length === 2 ? stringAt(system[0]!, "text") : undefined
  return { ...(system.length === 0 ? undefined : { system: only ?? system }), messages: turns }
}

/** Adds a turn. Neighbours of role `user` are joined, as the API wants all tool results of a turn in one message. */
const append = (turns: Array<Turn>, turn: Turn): void => {
  const last = turns.at(-1)
  if (last === undefined || last.role !== turn.role || turn.role !== "user") {
    turns.push(turn)
    return
  }
  last.content = [...toBlocks(last.content), ...toBlocks(turn.content)]
}

/** The API refuses white space at the end of an answer that it is to continue. */
const trimEnd = (turn: Turn | undefined): void => {
  if (turn?.role !== "assistant" || typeof turn.content === "string") return
  const last = turn.content.at(-1)
  const text = last?.["type"] === "text" ? stringAt(last, "text") : undefined
  if (text !== undefined) turn.content = [...turn.content.slice(0, -1), { ...last, text: text.trimEnd() }]
}

const toBlocks = (content: string | ReadonlyArray<JsonObject>): ReadonlyArray<JsonObject> =>
  typeof content === "string" ? [{ type: "text", text: content }] : content

const encodeMessage = (encoding: Encoding, message: Message, field: string): Turn => {
  const { ids, provider } = encoding
  switch (message._tag) {
    case "SystemMessage":
      return { role: "system", content: textBlocks(encoding, message.content) }
    case "HumanMessage":
      return { role: "user", content: encodeContent(encoding, message.content, `${field}.content`) }
    case "ToolMessage": {
      const content = encodeContent(encoding, message.content, `${field}.content`)
      return {
        role: "user",
        content: [{
          type: "tool_result",
          tool_use_id: ids.result(message.toolCallId),
          ...(content.length === 0 ? undefined : { content }),
          ...(message.isError === true ? { is_error: true } : undefined),
          ...optionsFor(provider, message.providerOptions)
        }]
      }
    }
    case "AIMessage":
      return { role: "assistant", content: encodeAnswer(encoding, message, field) }
  }
}

/** The API refuses blank text wherever it stands. */
const isBlank = (text: string): boolean => text.trim() === ""

const textBlocks = ({ provider }: Encoding, content: string | ReadonlyArray<TextPart>): Array<JsonObject> =>
  (typeof content === "string" ? [textPart(content)] : content).flatMap(({ providerOptions, text }) =>
    isBlank(text) ? [] : [{ type: "text", text, ...optionsFor(provider, providerOptions) }]
  )

const optionsFor = (provider: string, options: ProviderOptions | undefined): JsonObject | undefined =>
  options?.[provider]

// -----------------------------------------------------------------------------
// input
// -----------------------------------------------------------------------------

const encodeContent = (
  { issues, provider }: Encoding,
  content: string | ReadonlyArray<InputPart>,
  field: string
): string | Array<JsonObject> => {
  if (typeof content === "string") return isBlank(content) ? "" : content
  return content.flatMap((part, i) => {
    const at = `${field}[${i}]`
    if (part.type === "text" && isBlank(part.text)) return []
    const block = part.type === "text"
      ? { type: "text", text: part.text }
      : part.type === "image"
      ? imageBlock(part, at, issues)
      : fileBlock(part, at, issues)
    return block === undefined ? [] : [{ ...block, ...optionsFor(provider, part.providerOptions) }]
  })
}

const imageTypes = ["image/jpeg", "image/png", "image/gif", "image/webp"]

const imageBlock = (part: ImagePart, field: string, issues: EncodingIssues): JsonObject | undefined => {
  const { mediaType, source } = usualPart(part, field, issues)
  if (mediaType !== undefined && !imageTypes.includes(mediaType)) {
    issues.unsupported(`${field}.mediaType`, `Anthropic takes images of ${imageTypes.join(", ")}, not ${mediaType}`)
    return undefined
  }
  switch (source.type) {
    case "base64":
      if (mediaType === undefined) return noMediaType(field, issues)
      return { type: "image", source: { type: "base64", media_type: mediaType, data: source.data } }
    case "text":
      issues.invalid(`${field}.source`, "an image cannot be given as text")
      return undefined
    case "url":
    case "file_id":
      return { type: "image", source: referenceSource(source) }
  }
}

const fileBlock = (part: FilePart, field: string, issues: EncodingIssues): JsonObject | undefined => {
  const { mediaType, name, source } = usualPart(part, field, issues)
  const title = name === undefined ? undefined : { title: name }
  const textBlock = (data: string): JsonObject | undefined => {
    if (!isBlank(data)) return { type: "document", source: { type: "text", media_type: "text/plain", data }, ...title }
    issues.warn(field, `a blank document was left out`)
    return undefined
  }
  switch (source.type) {
    case "base64":
      if (mediaType === undefined) return noMediaType(field, issues)
      if (mediaType.startsWith("text/")) return textBlock(decoded(source.data))
      if (mediaType !== "application/pdf") {
        issues.unsupported(
          `${field}.mediaType`,
          `Anthropic takes PDF files, and plain text given as text, not ${mediaType}; upload the file and give its id`
        )
        return undefined
      }
      return { type: "document", source: { type: "base64", media_type: mediaType, data: source.data }, ...title }
    case "text":
      return textBlock(source.text)
    case "url":
      return { type: "document", source: referenceSource(source), ...title }
    case "file_id":
      return part.metadata?.["type"] === "container_upload"
        ? { type: "container_upload", file_id: source.id }
        : { type: "document", source: referenceSource(source), ...title }
  }
}

/** The text that base64 stands for; the base64 itself if it is none. */
const decoded = (data: string): string => Result.getOrElse(Base64.decodeString(data), () => data)

const referenceSource = (source: Extract<Source, { readonly type: "url" | "file_id" }>): JsonObject =>
  source.type === "url" ? { type: "url", url: source.url } : { type: "file", file_id: source.id }

const noMediaType = (field: string, issues: EncodingIssues): undefined => {
  issues.invalid(`${field}.mediaType`, "base64 data needs a media type, such as image/png")
  return undefined
}

// -----------------------------------------------------------------------------
// answers, in the next request
// -----------------------------------------------------------------------------

/**
 * The blocks of an answer. Only the provider that wrote signatures, server tools and unknown blocks understands them,
 * so those of another provider are left out with a warning.
 */
const encodeAnswer = (encoding: Encoding, message: AIMessage, field: string): Array<JsonObject> => {
  const { issues } = encoding
  const blocks = answerBlocks(encoding, message, field)
  const end = blocks.findLastIndex(({ type }) => type !== "thinking" && type !== "redacted_thinking") + 1
  if (end < blocks.length) issues.warn(field, `reasoning was left out, as nothing of the answer follows it`)
  return blocks.slice(0, end)
}

const answerBlocks = (
  { ids, issues, official, provider }: Encoding,
  message: AIMessage,
  field: string
): Array<JsonObject> => {
  const from = message.metadata?.["provider"]
  const own = from === undefined || from === provider
  const callId = (id: string) => ids.call(id, from === provider && !official)
  const drop = (what: string): Array<JsonObject> => {
    issues.warn(
      field,
      `${what} was left out, ${own ? "as it cannot be sent back" : `as it comes from ${String(from)}`}`
    )
    return []
  }
  return message.parts.flatMap((part): Array<JsonObject> => {
    switch (part.type) {
      case "text": {
        if (isBlank(part.text)) return []
        const citations = own ? (part.citations ?? []).map((citation) => citationParam(citation.raw)) : []
        if (!own && part.citations !== undefined) drop("a citation")
        return [{
          type: "text",
          text: part.text,
          ...(citations.length === 0 ? undefined : { citations }),
          ...(own ? blockFields(part.metadata) : undefined),
          ...optionsFor(provider, part.providerOptions)
        }]
      }
      case "reasoning":
        if (!own) return drop("reasoning")
        if (part.redacted !== undefined) {
          return [{ type: "redacted_thinking", data: part.redacted, ...blockFields(part.metadata) }]
        }
        // Other servers with this API do not sign, and some refuse an answer without its reasoning.
        return (part.signature ?? "") === "" && official
          ? drop("reasoning without a signature")
          : [{
            type: "thinking",
            thinking: part.text,
            ...optional("signature", part.signature),
            ...blockFields(part.metadata)
          }]
      case "tool_call":
        return [{
          type: "tool_use",
          id: callId(part.id),
          name: part.name,
          input: isObject(part.args) ? exactJson(part) : { value: exactJson(part) },
          ...(own ? blockFields(part.metadata) : undefined)
        }]
      case "invalid_tool_call":
        // Anthropic's advice for handing broken arguments back: "wrap it in a JSON object with a reasonable key".
        return [{
          type: "tool_use",
          id: callId(part.id),
          name: part.name,
          input: { INVALID_JSON: part.text },
          ...(own ? blockFields(part.metadata) : undefined)
        }]
      case "server_tool_call":
        if (!own) return drop("a server tool call")
        return [{
          type: "server_tool_use",
          id: part.id,
          name: part.name,
          input: part.text !== undefined && part.args === null ? { INVALID_JSON: part.text } : exactJson(part),
          ...blockFields(part.metadata)
        }]
      case "server_tool_result":
        return own && part.metadata?.["type"] !== undefined
          ? [{ tool_use_id: part.toolCallId, content: part.result, ...part.metadata }]
          : drop("a server tool result")
      case "file": {
        if (!own) return drop("a file")
        const block = fileBlock(part, field, issues)
        return block === undefined ? [] : [block]
      }
      case "unknown":
        return own ? unknownBlock(part.raw) ?? drop("an unknown part") : drop("an unknown part")
      case "citation":
        return drop("a citation")
      case "refusal":
        return isBlank(part.text) ? [] : [{ type: "text", text: part.text }]
    }
  })
}

/** Further fields of a block, from its start. Fields of its slices (`delta`) are not part of it. */
const blockFields = (metadata: Metadata | undefined): JsonObject | undefined => {
  if (metadata === undefined) return undefined
  const { delta: _, ...fields } = metadata
  return fields
}

/** A citation without `file_id`, which answers have and requests must not have. */
const citationParam = (raw: JsonObject[string]): JsonObject[string] => {
  if (!isObject(raw)) return raw
  const { file_id: _, ...param } = raw
  return param
}

/**
 * An unknown block, as it began and with its slices merged into it: texts are concatenated, other fields replaced. (A
 * compaction block, for example, begins empty and receives its content in a slice.)
 */
const unknownBlock = (raw: ReadonlyArray<JsonObject[string]>): Array<JsonObject> | undefined => {
  const [start, ...slices] = raw
  // An event that belongs to no block is not content.
  if (!isObject(start) || typeof start["type"] !== "string" || isEvent(start)) return undefined
  const block: { [key: string]: JsonObject[string] } = { ...start }
  for (const slice of slices) {
    if (!isObject(slice)) continue
    for (const [key, value] of Object.entries(slice)) {
      if (key === "type") continue
      const before = block[key]
      block[key] = typeof before === "string" && typeof value === "string" ? before + value : value
    }
  }
  return [block]
}

const isEvent = (raw: JsonObject): boolean =>
  raw["type"] === "content_block_delta" || "delta" in raw || "message" in raw

/** The arguments of a call for a request, whose bigints are written as integers. */
const exactJson = (call: Parameters<typeof exactArgs>[0]) => exactArgs(call) as JsonObject[string]
