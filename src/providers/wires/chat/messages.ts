/**
 * Messages as Chat Completions takes them. Called by `request.ts`. Answers go back in the fields that the decoder read
 * them from.
 */
import { argsText } from "../../../internal/json/limits.ts"
import { isBlank } from "../../../internal/model/messages.ts"
import { optional } from "../../../internal/optional.ts"
import { CallIds, idsUpTo, shortId, usualPart } from "../../../internal/provider/encoding.ts"
import type { EncodingIssues, IdRule } from "../../../internal/provider/encoding.ts"
import { isObject } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type {
  AIMessage,
  AIPart,
  FilePart,
  ImagePart,
  InputPart,
  Message,
  Metadata,
  ToolMessage
} from "../../../Message.ts"
import { fileName } from "../openai/media.ts"
import type { Quirks } from "./quirks.ts"

/** The limits of a server. */
export interface Limits {
  /** The media types of images. */
  readonly imageTypes: ReadonlyArray<string>
  /** The most stop sequences. */
  readonly stopSequences: number
}

/** The server that the messages are for. */
export interface Target {
  readonly provider: string
  readonly quirks: Quirks
  /** The known limits of the server. Absent: everything is sent. */
  readonly limits?: Limits | undefined
  /** Whether the model refuses an answer without its reasoning. */
  readonly needsReasoning?: boolean | undefined
}

/** One request while its messages are encoded. */
interface Encoding extends Target {
  readonly ids: CallIds
  readonly issues: EncodingIssues
}

/** The `messages` of a request. */
export const encodeMessages = (
  target: Target,
  messages: ReadonlyArray<Message>,
  issues: EncodingIssues
): ReadonlyArray<JsonObject> => {
  const encoding: Encoding = { ...target, ids: new CallIds(idRule(target.quirks), messages), issues }
  return messages.flatMap((message, i): ReadonlyArray<JsonObject> => {
    const field = `messages[${i}]`
    switch (message._tag) {
      case "SystemMessage":
        return isBlank(message.content)
          ? []
          : [{ role: "system", content: encodeContent(encoding, message.content, `${field}.content`) }]
      case "HumanMessage":
        return [{ role: "user", content: encodeContent(encoding, message.content, `${field}.content`) }]
      case "ToolMessage":
        return [encodeResult(encoding, message, field)]
      case "AIMessage": {
        const mark = i === messages.length - 1 ? target.quirks.lastAnswer : undefined
        const answer = encodeAnswer(encoding, message, field)
        return mark === "prefix" || mark === "partial" ? answer.map((each) => ({ ...each, [mark]: true })) : answer
      }
    }
  })
}

const idRule = ({ shortToolCallIds, toolCallIdLength }: Quirks): IdRule | undefined =>
  shortToolCallIds === true ? shortIds : toolCallIdLength === undefined ? undefined : idsUpTo(toolCallIdLength)

const shortIds: IdRule = {
  fits: (id) => /^[a-zA-Z0-9]{9}$/.test(id),
  make: (id, attempt) => shortId(attempt === 0 ? id : `${id}${attempt}`)
}

// -----------------------------------------------------------------------------
// input
// -----------------------------------------------------------------------------

const encodeContent = (
  encoding: Encoding,
  content: string | ReadonlyArray<InputPart>,
  field: string
): string | Array<JsonObject> => {
  if (typeof content === "string") return content
  return content.flatMap((part, i) => {
    const at = `${field}[${i}]`
    const { detail, ...options } = part.providerOptions?.[encoding.provider] ?? {}
    const encoded = part.type === "text"
      ? { type: "text", text: part.text }
      : part.type === "image"
      ? imagePart(encoding, part, detail, at)
      : filePart(encoding, part, at)
    return encoded === undefined ? [] : [{ ...encoded, ...options }]
  })
}

/** The result of a tool. This API takes only text, and has no field for a failure of the tool. */
const encodeResult = (encoding: Encoding, message: ToolMessage, field: string): JsonObject => {
  if (typeof message.content !== "string") {
    const at = message.content.findIndex((part) => part.type !== "text")
    if (at !== -1) {
      encoding.issues.unsupported(
        `${field}.content[${at}]`,
        "Chat Completions takes text as the result of a tool, no images or files"
      )
    }
  }
  return {
    role: "tool",
    tool_call_id: encoding.ids.result(message.toolCallId),
    content: encodeContent(encoding, message.content, `${field}.content`),
    ...message.providerOptions?.[encoding.provider]
  }
}

const imagePart = (
  { issues, limits, provider }: Encoding,
  part: ImagePart,
  detail: JsonObject[string] | undefined,
  field: string
): JsonObject | undefined => {
  const { mediaType, source } = usualPart(part, field, issues)
  const imageTypes = limits?.imageTypes
  if (mediaType !== undefined && imageTypes?.includes(mediaType) === false) {
    issues.unsupported(`${field}.mediaType`, `${provider} takes images of ${imageTypes.join(", ")}, not ${mediaType}`)
    return undefined
  }
  const image = (url: string) => ({
    type: "image_url",
    image_url: { url, ...optional("detail", detail) }
  })
  switch (source.type) {
    case "url":
      return image(source.url)
    case "base64":
      return mediaType === undefined ? noMediaType(field, issues) : image(dataUrl(mediaType, source.data))
    case "file_id":
      issues.unsupported(`${field}.source`, "Chat Completions takes images by URL or as data, not by id")
      return undefined
    case "text":
      issues.invalid(`${field}.source`, "an image cannot be given as text")
      return undefined
  }
}

const audioFormats = new Map([["audio/wav", "wav"], ["audio/mpeg", "mp3"]])

const filePart = ({ issues, quirks }: Encoding, part: FilePart, field: string): JsonObject | undefined => {
  const { mediaType, name, source } = usualPart(part, field, issues)
  const filename = name === undefined ? undefined : { filename: name }
  switch (source.type) {
    case "base64": {
      if (mediaType === undefined) return noMediaType(field, issues)
      const format = audioFormats.get(mediaType)
      if (format !== undefined) return { type: "input_audio", input_audio: { data: source.data, format } }
      return { type: "file", file: { filename: fileName(name, mediaType), file_data: dataUrl(mediaType, source.data) } }
    }
    case "file_id":
      return { type: "file", file: { file_id: source.id } }
    case "text":
      return { type: "text", text: source.text }
    case "url":
      if (quirks.fileUrls === true) return { type: "file", file: { ...filename, file_data: source.url } }
      issues.unsupported(`${field}.source`, "Chat Completions takes files as data or by id, not by URL")
      return undefined
  }
}

const dataUrl = (mediaType: string, data: string): string => `data:${mediaType};base64,${data}`

const noMediaType = (field: string, issues: EncodingIssues): undefined => {
  issues.invalid(`${field}.mediaType`, "base64 data needs a media type, such as image/png")
  return undefined
}

// -----------------------------------------------------------------------------
// answers, in the next request
// -----------------------------------------------------------------------------

/**
 * An answer. The API takes its text, refusal and tool calls, and some servers take their reasoning. Citations of the
 * server's own answer are left out without a warning, as no request has a field for them. Left out with a warning:
 * reasoning that the server does not take or another one wrote, server tools, files and unknown parts.
 */
const encodeAnswer = (encoding: Encoding, message: AIMessage, field: string): ReadonlyArray<JsonObject> => {
  const { ids, issues, provider, quirks } = encoding
  const from = message.metadata?.["provider"]
  const own = from === undefined || from === provider
  const drop = (what: string): void =>
    issues.warn(
      field,
      `${what} was left out, ${own ? "as it cannot be sent back" : `as it comes from ${String(from)}`}`
    )
  let text = ""
  let refusal = ""
  const calls: Array<JsonObject> = []
  const reasoning: Array<Extract<AIPart, { readonly type: "reasoning" }>> = []
  for (const part of message.parts) {
    switch (part.type) {
      case "text":
        text += part.text
        if (!own && part.citations !== undefined) drop("a citation")
        break
      case "refusal":
        refusal += part.text
        break
      case "tool_call":
      case "invalid_tool_call":
        // Some servers put more into their ids than other servers take.
        calls.push(
          withFields(encodeCall(part, ids.call(part.id, from === provider)), own ? fieldsOf(part.metadata) : undefined)
        )
        break
      case "reasoning":
        // Reasoning that only the server can read goes back to it.
        if (own && (quirks.reasoningBack === true || part.signature !== undefined || part.redacted !== undefined)) {
          reasoning.push(part)
        } else drop("reasoning")
        break
      case "citation":
        if (!own) drop("a citation")
        break
      case "server_tool_call":
        drop("a server tool call")
        break
      case "server_tool_result":
        drop("a server tool result")
        break
      case "file":
        drop("a file")
        break
      case "unknown":
        drop("an unknown part")
        break
    }
  }
  if (text === "" && refusal === "" && calls.length === 0) {
    if (reasoning.length > 0) issues.warn(field, `reasoning was left out, as nothing of the answer follows it`)
    return []
  }
  const said = own ? text : text + refusal
  // Of an answer without reasoning, such as that of another model, the server is satisfied with none.
  const none = encoding.needsReasoning === true ? { reasoning_content: "" } : undefined
  const back = { ...none, ...reasoningFields(reasoning, said) }
  return [{
    role: "assistant",
    content: said === "" ? null : said,
    ...(own && refusal !== "" ? { refusal } : undefined),
    ...(calls.length === 0 ? undefined : { tool_calls: calls }),
    ...back,
    ...(own ? fieldsOf(message.metadata) : undefined)
  }]
}

/** A call with the fields that it came with. Those of its function are told apart. */
const withFields = (call: JsonObject, fields: JsonObject = {}): JsonObject => {
  const { function: inner, ...others } = fields
  const fn = call["function"]
  return { ...call, ...others, ...(isObject(fn) && isObject(inner) ? { function: { ...inner, ...fn } } : undefined) }
}

/** Fields that the decoder kept because the server wants them back. */
const fieldsOf = (metadata: Metadata | undefined): JsonObject | undefined => {
  const fields = metadata?.["fields"]
  return isObject(fields) ? fields : undefined
}

/** Reasoning in the fields that it came in. */
const reasoningFields = (
  parts: ReadonlyArray<Extract<AIPart, { readonly type: "reasoning" }>>,
  text: string
): JsonObject | undefined => {
  const of = (field: string) => parts.filter((part) => (part.metadata?.["field"] ?? "") === field)
  const joined = (field: string) => of(field).map((part) => part.text).join("")
  const details = of("reasoning_details").map(({ metadata, redacted, signature, text }) => {
    // These fields belong to slices or to this library, not to the block.
    const { delta: _, field: __, logprobs: ___, ...fields } = metadata ?? {}
    const name = fields["type"] === "reasoning.summary" ? "summary" : "text"
    return {
      ...fields,
      ...(redacted === undefined ? { [name]: text } : { data: redacted }),
      ...optional("signature", signature)
    }
  })
  const thinking = joined("content")
  const fields = {
    ...(joined("reasoning_content") === "" ? undefined : { reasoning_content: joined("reasoning_content") }),
    ...(joined("reasoning") === "" ? undefined : { reasoning: joined("reasoning") }),
    ...(details.length === 0 ? undefined : { reasoning_details: details }),
    ...(thinking === "" ? undefined : {
      content: [
        { type: "thinking", thinking: [{ type: "text", text: thinking }] },
        ...(text === "" ? [] : [{ type: "text", text }])
      ]
    })
  }
  return Object.keys(fields).length === 0 ? undefined : fields
}

const encodeCall = (
  part: Extract<AIPart, { readonly type: "tool_call" | "invalid_tool_call" }>,
  id: string
): JsonObject => {
  if (part.type === "tool_call" && part.metadata?.["type"] === "custom" && typeof part.args === "string") {
    return { id, type: "custom", custom: { name: part.name, input: part.args } }
  }
  // Servers that parse the arguments refuse anything but an object.
  const args = part.type === "invalid_tool_call"
    ? JSON.stringify({ INVALID_JSON: part.text })
    : isObject(part.args)
    ? argsText(part)
    : `{"value":${argsText(part)}}`
  return { id, type: "function", function: { name: part.name === "" ? "unknown" : part.name, arguments: args } }
}
