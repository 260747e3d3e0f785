/**
 * Texts, images and files as the Responses API takes them. Called by `messages.ts` and `answerItems.ts`.
 */
import { optional } from "../../../internal/optional.ts"
import { usualPart } from "../../../internal/provider/encoding.ts"
import type { EncodingIssues } from "../../../internal/provider/encoding.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { FilePart, ImagePart, InputPart, ProviderOptions, TextPart } from "../../../Message.ts"
import { fileName, imageTypes } from "../openai/media.ts"

/** The content of an input message or of the output of a tool. A string stays a string. */
export const encodeContent = (
  provider: string,
  content: string | ReadonlyArray<InputPart>,
  field: string,
  issues: EncodingIssues
): string | Array<JsonObject> => {
  if (typeof content === "string") return content
  return content.flatMap((part, i) => {
    const encoded = encodePart(part, `${field}[${i}]`, issues)
    return encoded === undefined ? [] : [{ ...encoded, ...optionsFor(provider, part.providerOptions) }]
  })
}

/** The text of a content, for outputs that can only be text. */
export const textOf = (content: string | ReadonlyArray<InputPart>): string =>
  typeof content === "string" ? content : content.flatMap((part) => part.type === "text" ? [part.text] : []).join("")

/** The options of a part for one provider. */
export const optionsFor = (provider: string, options: ProviderOptions | undefined): JsonObject | undefined =>
  options?.[provider]

const encodePart = (part: InputPart, field: string, issues: EncodingIssues): JsonObject | undefined => {
  switch (part.type) {
    case "text":
      return encodeText(part)
    case "image":
      return encodeImage(part, field, issues)
    case "file":
      return encodeFile(part, field, issues)
  }
}

const encodeText = (part: TextPart): JsonObject => ({ type: "input_text", text: part.text })

/** An image. `messages.ts` makes screenshots of it. */
const encodeImage = (part: ImagePart, field: string, issues: EncodingIssues): JsonObject | undefined => {
  const { mediaType, source } = usualPart(part, field, issues)
  if (mediaType !== undefined && !imageTypes.includes(mediaType)) {
    issues.unsupported(`${field}.mediaType`, `OpenAI takes images of ${imageTypes.join(", ")}, not ${mediaType}`)
    return undefined
  }
  const image = { type: "input_image", detail: "auto" }
  switch (source.type) {
    case "base64":
      if (mediaType === undefined) return noMediaType(field, issues)
      return { ...image, image_url: `data:${mediaType};base64,${source.data}` }
    case "url":
      return { ...image, image_url: source.url }
    case "file_id":
      return { ...image, file_id: source.id }
    case "text":
      issues.invalid(`${field}.source`, "an image cannot be given as text")
      return undefined
  }
}

const encodeFile = (part: FilePart, field: string, issues: EncodingIssues): JsonObject | undefined => {
  const { mediaType, name, source } = usualPart(part, field, issues)
  switch (source.type) {
    case "base64":
      if (mediaType === undefined) return noMediaType(field, issues)
      return {
        type: "input_file",
        filename: fileName(name, mediaType),
        file_data: `data:${mediaType};base64,${source.data}`
      }
    case "url":
      return { type: "input_file", file_url: source.url, ...optional("filename", name) }
    case "file_id":
      return { type: "input_file", file_id: source.id }
    case "text":
      // A text needs no upload. Its name distinguishes it from the words of the user.
      return { type: "input_text", text: name === undefined ? source.text : `${name}:\n\n${source.text}` }
  }
}

const noMediaType = (field: string, issues: EncodingIssues): undefined => {
  issues.invalid(`${field}.mediaType`, "base64 data needs a media type, such as image/png")
  return undefined
}
