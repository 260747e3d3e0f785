/**
 * Messages as Chat Completions takes them. Called by `request.ts`. Answers go back in the fields that the decoder read
 * them from.
 */
import { optional } from "../../../internal/optional.ts"
import type { EncodingIssues } from "../../../internal/provider/encodingIssues.ts"
import { isObject } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { AIMessage, AIPart, FilePart, ImagePart, InputPart, Message, ToolMessage } from "../../../Message.ts"
import type { Quirks } from "./quirks.ts"

/** The server that the messages are for. */
export interface Target {
  readonly provider: string
  readonly quirks: Quirks
}

/** The `messages` of a request. */
export const encodeMessages = (
  target: Target,
  messages: ReadonlyArray<Message>,
  issues: EncodingIssues
): ReadonlyArray<JsonObject> =>
  messages.flatMap((message, i): ReadonlyArray<JsonObject> => {
    const field = `messages[${i}]`
    switch (message._tag) {
      case "SystemMessage":
        return [{ role: "system", content: encodeContent(target, message.content, `${field}.content`, issues) }]
      case "HumanMessage":
        return [{ role: "user", content: encodeContent(target, message.content, `${field}.content`, issues) }]
      case "ToolMessage":
        return [encodeResult(target, message, field, issues)]
      case "AIMessage":
        return encodeAnswer(target, message, field, issues)
    }
  })

// -----------------------------------------------------------------------------
// input
// -----------------------------------------------------------------------------

const encodeContent = (
  target: Target,
  content: string | ReadonlyArray<InputPart>,
  field: string,
  issues: EncodingIssues
): string | Array<JsonObject> => {
  if (typeof content === "string") return content
  return content.flatMap((part, i) => {
    const at = `${field}[${i}]`
    const { detail, ...options } = part.providerOptions?.[target.provider] ?? {}
    const encoded = part.type === "text"
      ? { type: "text", text: part.text }
      : part.type === "image"
      ? imagePart(part, detail, at, issues)
      : filePart(target, part, at, issues)
    return encoded === undefined ? [] : [{ ...encoded, ...options }]
  })
}

/** The result of a tool. This API takes only text, and has no field for a failure of the tool. */
const encodeResult = (target: Target, message: ToolMessage, field: string, issues: EncodingIssues): JsonObject => {
  if (typeof message.content !== "string") {
    const at = message.content.findIndex((part) => part.type !== "text")
    if (at !== -1) {
      issues.unsupported(
        `${field}.content[${at}]`,
        "Chat Completions takes text as the result of a tool, no images or files"
      )
    }
  }
  return {
    role: "tool",
    tool_call_id: toolCallId(target, message.toolCallId),
    content: encodeContent(target, message.content, `${field}.content`, issues),
    ...message.providerOptions?.[target.provider]
  }
}

const imagePart = (
  part: ImagePart,
  detail: JsonObject[string] | undefined,
  field: string,
  issues: EncodingIssues
): JsonObject | undefined => {
  const { mediaType, source } = part
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

const audioFormats = new Map([
  ["audio/wav", "wav"],
  ["audio/x-wav", "wav"],
  ["audio/mpeg", "mp3"],
  ["audio/mp3", "mp3"]
])

const filePart = (target: Target, part: FilePart, field: string, issues: EncodingIssues): JsonObject | undefined => {
  const { mediaType, name, source } = part
  const filename = name === undefined ? undefined : { filename: name }
  switch (source.type) {
    case "base64": {
      if (mediaType === undefined) return noMediaType(field, issues)
      const format = audioFormats.get(mediaType)
      if (format !== undefined) return { type: "input_audio", input_audio: { data: source.data, format } }
      // The API requires a name with the data, and reads the type from it.
      const byDefault = { filename: `file.${mediaType.split("/")[1] ?? "bin"}` }
      return { type: "file", file: { ...byDefault, ...filename, file_data: dataUrl(mediaType, source.data) } }
    }
    case "file_id":
      return { type: "file", file: { file_id: source.id } }
    case "text":
      return { type: "text", text: source.text }
    case "url":
      if (target.quirks.fileUrls === true) return { type: "file", file: { ...filename, file_data: source.url } }
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
const encodeAnswer = (
  target: Target,
  message: AIMessage,
  field: string,
  issues: EncodingIssues
): ReadonlyArray<JsonObject> => {
  const from = message.metadata?.["provider"]
  const own = from === undefined || from === target.provider
  const drop = (what: string): void =>
    issues.warn(
      `${field}: ${what} was left out, ${own ? "as it cannot be sent back" : `as it comes from ${String(from)}`}`
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
        calls.push(encodeCall(target, part))
        break
      case "reasoning":
        if (own && target.quirks.reasoningBack === true) reasoning.push(part)
        else drop("reasoning")
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
  if (text === "" && refusal === "" && calls.length === 0) return []
  const said = own ? text : text + refusal
  const back = reasoningFields(reasoning, said)
  return [{
    role: "assistant",
    content: said === "" ? null : said,
    ...(own && refusal !== "" ? { refusal } : undefined),
    ...(calls.length === 0 ? undefined : { tool_calls: calls }),
    ...back
  }]
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
  target: Target,
  part: Extract<AIPart, { readonly type: "tool_call" | "invalid_tool_call" }>
): JsonObject => {
  const id = toolCallId(target, part.id)
  if (part.type === "tool_call" && part.metadata?.["type"] === "custom" && typeof part.args === "string") {
    return { id, type: "custom", custom: { name: part.name, input: part.args } }
  }
  // Servers that parse the arguments refuse anything but an object.
  const args = part.type === "invalid_tool_call"
    ? { INVALID_JSON: part.text }
    : isObject(part.args)
    ? part.args
    : { value: part.args }
  return { id, type: "function", function: { name: part.name, arguments: JSON.stringify(args) } }
}

const toolCallId = ({ quirks }: Target, id: string): string =>
  quirks.shortToolCallIds !== true || /^[a-zA-Z0-9]{9}$/.test(id) ? id : shortId(id)

/** An id of nine letters and digits, always the same for the same id. */
const shortId = (id: string): string => {
  let a = 0x811c9dc5
  let b = 0x1b873593
  for (let i = 0; i < id.length; i++) {
    a = Math.imul(a ^ id.charCodeAt(i), 0x01000193)
    b = Math.imul(b ^ id.charCodeAt(i), 0x5bd1e995)
  }
  return ((a >>> 0).toString(36) + (b >>> 0).toString(36)).padStart(9, "0").slice(-9)
}
