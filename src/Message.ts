/**
 * The input and the output of chat models, as plain tagged data.
 *
 * **When to use**
 *
 * Use the constructors ({@link system}, {@link human}, {@link ai}, {@link tool}, {@link image}, {@link file}) for
 * messages written by hand, and the schemas where messages are stored or sent. Every type has a schema of the same
 * name.
 *
 * **Details**
 *
 * There are no message classes and no `instanceof` tests, so messages from another copy of this package, a database or
 * a browser work like any other.
 *
 * An {@link AIMessage} can be sent back in the next request as it is. It keeps reasoning signatures, server tool
 * results, citations and parts that this version does not know, because providers refuse requests in which they are
 * changed.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import * as Base64 from "effect/encoding/Base64"
import * as Schema from "effect/Schema"
import { Finish } from "./Finish.ts"
import { optional } from "./internal/optional.ts"
import { Usage } from "./Usage.ts"

// -----------------------------------------------------------------------------
// building blocks
// -----------------------------------------------------------------------------

/** Data about a message or a part that has no field of its own: JSON values by name. */
export const Metadata = Schema.Record(Schema.String, Schema.Json)

/** Data about a message or a part that has no field of its own: JSON values by name. */
export type Metadata = typeof Metadata.Type

/**
 * Settings for single providers, keyed by the provider's name, for example
 * `{ anthropic: { cache_control: { type: "ephemeral" } } }`. Other providers ignore them.
 */
export const ProviderOptions = Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Json))

/** Settings for single providers, keyed by the provider's name. Other providers ignore them. */
export type ProviderOptions = typeof ProviderOptions.Type

/**
 * The location of the content of an image or a file: bytes in `base64`, the `text` of a plain text file, a `url` that
 * the provider fetches, or the `file_id` of a file in the provider's store.
 */
export const Source = Schema.Union([
  Schema.Struct({ type: Schema.Literal("base64"), /** The bytes in base64. */ data: Schema.String }),
  Schema.Struct({ type: Schema.Literal("text"), /** The content of the file. */ text: Schema.String }),
  Schema.Struct({ type: Schema.Literal("url"), /** The URL. */ url: Schema.String }),
  Schema.Struct({ type: Schema.Literal("file_id"), /** The id in the provider's store. */ id: Schema.String })
])

/** The location of the content of an image or a file. */
export type Source = typeof Source.Type

/** A source that a text cites. */
export const Citation = Schema.Struct({
  /** The URL of the source. */
  url: Schema.optional(Schema.String),
  /** The title of the source. */
  title: Schema.optional(Schema.String),
  /** The cited words of the source. */
  citedText: Schema.optional(Schema.String),
  /** The provider's own object, which is sent back to it. */
  raw: Schema.Json
})

/** A source that a text cites. */
export interface Citation extends Schema.Schema.Type<typeof Citation> {}

// -----------------------------------------------------------------------------
// parts of the input
// -----------------------------------------------------------------------------

/** A text. In an AI message it may have citations. */
export const TextPart = Schema.Struct({
  type: Schema.Literal("text"),
  /** The text. */
  text: Schema.String,
  /** The sources that the text cites. Only in AI messages. */
  citations: Schema.optional(Schema.Array(Citation)),
  /** Other data about the part. */
  metadata: Schema.optional(Metadata),
  /** Settings for single providers. */
  providerOptions: Schema.optional(ProviderOptions)
})

/** A text. In an AI message it may have citations. */
export interface TextPart extends Schema.Schema.Type<typeof TextPart> {}

/** An image. */
export const ImagePart = Schema.Struct({
  type: Schema.Literal("image"),
  /** The media type, such as `image/png`. Required for `base64` sources. */
  mediaType: Schema.optional(Schema.String),
  /** The content of the image. */
  source: Source,
  /** Settings for single providers. */
  providerOptions: Schema.optional(ProviderOptions)
})

/** An image. */
export interface ImagePart extends Schema.Schema.Type<typeof ImagePart> {}

/** A document or another file, such as a PDF. */
export const FilePart = Schema.Struct({
  type: Schema.Literal("file"),
  /** The media type, such as `application/pdf`. Required for `base64` sources. */
  mediaType: Schema.optional(Schema.String),
  /** The name of the file. */
  name: Schema.optional(Schema.String),
  /** The content of the file. */
  source: Source,
  /** Other data about the part. */
  metadata: Schema.optional(Metadata),
  /** Settings for single providers. */
  providerOptions: Schema.optional(ProviderOptions)
})

/** A document or another file, such as a PDF. */
export interface FilePart extends Schema.Schema.Type<typeof FilePart> {}

/** A part of a human message or of a tool result. */
export const InputPart = Schema.Union([TextPart, ImagePart, FilePart])

/** A part of a human message or of a tool result. */
export type InputPart = typeof InputPart.Type

// -----------------------------------------------------------------------------
// parts of an AI message
// -----------------------------------------------------------------------------

/** The model's reasoning. It must be sent back to its provider unchanged. */
export const ReasoningPart = Schema.Struct({
  type: Schema.Literal("reasoning"),
  /** The text of the reasoning, `""` if the provider shows none. */
  text: Schema.String,
  /** The provider's signature, which proves that the text is its own. */
  signature: Schema.optional(Schema.String),
  /** Encrypted reasoning that only the provider can read. */
  redacted: Schema.optional(Schema.String),
  /** Other data about the part. */
  metadata: Schema.optional(Metadata)
})

/** The model's reasoning. It must be sent back to its provider unchanged. */
export interface ReasoningPart extends Schema.Schema.Type<typeof ReasoningPart> {}

/** A call to one of the caller's tools, with parsed arguments. */
export const ToolCall = Schema.Struct({
  type: Schema.Literal("tool_call"),
  /** The id of the call, which its {@link ToolMessage} refers to. */
  id: Schema.String,
  /** The name of the tool. */
  name: Schema.String,
  /** The parsed arguments. */
  args: Schema.Json,
  /**
   * The text of the arguments. Present only if `args` lost numbers that JavaScript cannot hold: integers beyond 2^53 are
   * rounded there, and what is too large for a number is null. Tools and providers get the text.
   */
  text: Schema.optional(Schema.String),
  /** Other data about the part. */
  metadata: Schema.optional(Metadata)
})

/** A call to one of the caller's tools, with parsed arguments. */
export interface ToolCall extends Schema.Schema.Type<typeof ToolCall> {}

/** A tool call whose arguments are incomplete or not JSON. */
export const InvalidToolCall = Schema.Struct({
  type: Schema.Literal("invalid_tool_call"),
  /** The id of the call. */
  id: Schema.String,
  /** The name of the tool. */
  name: Schema.String,
  /** The text of the arguments, as far as it arrived. */
  text: Schema.String,
  /** The reason why the arguments cannot be used. */
  reason: Schema.String,
  /** Other data about the part. */
  metadata: Schema.optional(Metadata)
})

/** A tool call whose arguments are incomplete or not JSON. */
export interface InvalidToolCall extends Schema.Schema.Type<typeof InvalidToolCall> {}

/** A call to a tool that the provider runs (web search, code execution, MCP). */
export const ServerToolCall = Schema.Struct({
  type: Schema.Literal("server_tool_call"),
  /** The id of the call. */
  id: Schema.String,
  /** The name of the tool. */
  name: Schema.String,
  /** The parsed arguments; `null` if they are incomplete or not JSON. */
  args: Schema.Json,
  /** The text of arguments that are incomplete, not JSON, or that lost numbers in `args`. Absent otherwise. */
  text: Schema.optional(Schema.String),
  /** Other data about the part. */
  metadata: Schema.optional(Metadata)
})

/** A call to a tool that the provider runs. */
export interface ServerToolCall extends Schema.Schema.Type<typeof ServerToolCall> {}

/** The result of a tool that the provider ran. */
export const ServerToolResult = Schema.Struct({
  type: Schema.Literal("server_tool_result"),
  /** The `id` of the {@link ServerToolCall}. */
  toolCallId: Schema.String,
  /** The provider's own result object. */
  result: Schema.Json,
  /** Other data about the part. */
  metadata: Schema.optional(Metadata)
})

/** The result of a tool that the provider ran. */
export interface ServerToolResult extends Schema.Schema.Type<typeof ServerToolResult> {}

/** A citation of the whole message. The citations of one text are in its `citations`. */
export const CitationPart = Schema.Struct({
  type: Schema.Literal("citation"),
  /** The citation. */
  citation: Citation
})

/** A citation of the whole message. */
export interface CitationPart extends Schema.Schema.Type<typeof CitationPart> {}

/** The text with which the model declined, if the provider distinguishes it from an answer. */
export const RefusalPart = Schema.Struct({
  type: Schema.Literal("refusal"),
  /** The text. */
  text: Schema.String,
  /** Other data about the part. */
  metadata: Schema.optional(Metadata)
})

/** The text with which the model declined, if the provider distinguishes it from an answer. */
export interface RefusalPart extends Schema.Schema.Type<typeof RefusalPart> {}

/** A part of a kind that this version does not know. */
export const UnknownPart = Schema.Struct({
  type: Schema.Literal("unknown"),
  /** The provider's own objects for the part, in order. */
  raw: Schema.Array(Schema.Json)
})

/** A part of a kind that this version does not know. */
export interface UnknownPart extends Schema.Schema.Type<typeof UnknownPart> {}

/** A part of an AI message. */
export const AIPart = Schema.Union([
  TextPart,
  ReasoningPart,
  ToolCall,
  InvalidToolCall,
  ServerToolCall,
  ServerToolResult,
  CitationPart,
  FilePart,
  RefusalPart,
  UnknownPart
])

/** A part of an AI message. */
export type AIPart = typeof AIPart.Type

// -----------------------------------------------------------------------------
// messages
// -----------------------------------------------------------------------------

/** Instructions for the model. */
export const SystemMessage = Schema.TaggedStruct("SystemMessage", {
  /** The instructions: a text, or text parts. */
  content: Schema.Union([Schema.String, Schema.Array(TextPart)])
})

/** Instructions for the model. */
export interface SystemMessage extends Schema.Schema.Type<typeof SystemMessage> {}

/** A message from the user. */
export const HumanMessage = Schema.TaggedStruct("HumanMessage", {
  /** The content: a text, or parts. */
  content: Schema.Union([Schema.String, Schema.Array(InputPart)])
})

/** A message from the user. */
export interface HumanMessage extends Schema.Schema.Type<typeof HumanMessage> {}

const aiFields = {
  /** The provider's id of the message, `""` if it has none. */
  id: Schema.String,
  /** All text of the message, in the order in which it arrived. */
  content: Schema.String,
  /** All parts of the message, text included, in order. */
  parts: Schema.Array(AIPart),
  /** The tool calls among the parts. */
  toolCalls: Schema.Array(ToolCall),
  /** The tool calls among the parts whose arguments cannot be used. */
  invalidToolCalls: Schema.Array(InvalidToolCall),
  /** The token totals. Absent if the provider reported none. */
  usage: Schema.optional(Usage),
  /** Data from the adapter: `provider`, `model`, `requestId` and other fields of the provider. */
  metadata: Schema.optional(Metadata)
}

/** A complete answer of a model: the fold of its chunks. */
export const AIMessage = Schema.TaggedStruct("AIMessage", {
  ...aiFields,
  /** The reason the message ended. */
  finish: Finish
})

/** A complete answer of a model: the fold of its chunks. */
export interface AIMessage extends Schema.Schema.Type<typeof AIMessage> {}

/** The part of an answer that had arrived when its stream failed. Its own type keeps it apart from complete answers. */
export const PartialAIMessage = Schema.TaggedStruct("PartialAIMessage", {
  ...aiFields,
  /** The reason the message ended. Absent if the stream failed before that. */
  finish: Schema.optional(Finish)
})

/** The part of an answer that had arrived when its stream failed. */
export interface PartialAIMessage extends Schema.Schema.Type<typeof PartialAIMessage> {}

/** The result of a tool call, for the model. */
export const ToolMessage = Schema.TaggedStruct("ToolMessage", {
  /** The `id` of the call. */
  toolCallId: Schema.String,
  /** The name of the tool. */
  name: Schema.optional(Schema.String),
  /** The result: a text, or parts. */
  content: Schema.Union([Schema.String, Schema.Array(InputPart)]),
  /** Whether the tool failed and `content` describes the failure. Defaults to `false`. */
  isError: Schema.optional(Schema.Boolean),
  /** Settings for single providers. */
  providerOptions: Schema.optional(ProviderOptions)
})

/** The result of a tool call, for the model. */
export interface ToolMessage extends Schema.Schema.Type<typeof ToolMessage> {}

/**
 * Any message of a conversation. The encoded form is JSON. A {@link PartialAIMessage} is not a message.
 *
 * **Example** (A conversation as text)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { Message } from "rivulet"
 *
 * const Conversation = Schema.fromJsonString(Schema.Array(Message.Message))
 * const text = Schema.encodeSync(Conversation)([Message.human("Hi"), Message.ai("Hello!")])
 * const messages = Schema.decodeSync(Conversation)(text)
 * ```
 */
export const Message = Schema.Union([SystemMessage, HumanMessage, AIMessage, ToolMessage])

/** Any message of a conversation. */
export type Message = typeof Message.Type

/**
 * The output of a prompt: the messages for a model.
 *
 * **Example** (From a prompt to an answer)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, ChatPrompt } from "rivulet"
 *
 * const answer = ChatPrompt.make("Tell me about {topic}").invoke({ topic: "goldfish" }).pipe(
 *   Effect.flatMap((prompt) => ChatModel.invoke(prompt))
 * )
 * ```
 */
export const PromptValue = Schema.TaggedStruct("PromptValue", {
  /** The messages. */
  messages: Schema.Array(Message)
})

/** The output of a prompt: the messages for a model. */
export interface PromptValue extends Schema.Schema.Type<typeof PromptValue> {}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Makes a message with instructions for the model: a text, or text parts if one of them has `providerOptions`.
 *
 * **Example** (Instructions for the answer)
 *
 * ```ts
 * import { ChatModel, Message } from "rivulet"
 *
 * const answer = ChatModel.invoke([Message.system("Answer in one word."), Message.human("What swims in a bowl?")])
 * ```
 */
export const system = (content: SystemMessage["content"]): SystemMessage => ({ _tag: "SystemMessage", content })

/**
 * Makes a message from the user: a text, or text, image and file parts.
 *
 * **Example** (A question about a picture)
 *
 * ```ts
 * import { Message } from "rivulet"
 *
 * Message.human([Message.text("What is this?"), Message.image({ url: "https://example.com/fish.png" })])
 * ```
 */
export const human = (content: HumanMessage["content"]): HumanMessage => ({ _tag: "HumanMessage", content })

/**
 * Makes an answer by hand, without id and usage and with the finish `stop`.
 *
 * **When to use**
 *
 * Use it for few-shot prompts and tests. Send the answers of a model back as they are.
 *
 * **Example** (Few-shot prompting)
 *
 * ```ts
 * import { ChatModel, Message } from "rivulet"
 *
 * const opposite = ChatModel.invoke([
 *   Message.human("hot"),
 *   Message.ai("cold"),
 *   Message.human("big")
 * ])
 * ```
 */
export const ai = (content: string | ReadonlyArray<AIPart>): AIMessage =>
  aiMessage({
    id: "",
    content: typeof content === "string" ? content : textOf(content),
    parts: typeof content === "string" ? [{ type: "text", text: content }] : content,
    finish: { reason: "stop", raw: "" }
  })

/**
 * Makes the result of a tool call.
 *
 * **Example** (Answering a call)
 *
 * ```ts
 * import { Message } from "rivulet"
 *
 * Message.tool({ toolCallId: "toolu_1", content: "17 degrees" })
 * ```
 */
export const tool = (options: Omit<ToolMessage, "_tag">): ToolMessage => ({ _tag: "ToolMessage", ...options })

/**
 * Makes a text part.
 *
 * **Example** (Text in two parts)
 *
 * ```ts
 * import { Message } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const question = Message.human([
 *   Message.text("A long story, ...", { providerOptions: Anthropic.cacheControl() }),
 *   Message.text("What is it about?")
 * ])
 * ```
 */
export const text = (text: string, options?: {
  /** Settings for single providers, such as a cache breakpoint. */
  readonly providerOptions?: ProviderOptions | undefined
}): TextPart => ({
  type: "text",
  text,
  ...options
})

/** The content of an {@link image} or a {@link file}. */
export type SourceInput =
  | {
    /** Bytes, or a string in base64 or a `data:` URL. */
    readonly data: Uint8Array | string
    /** The media type, such as `image/png`. */
    readonly mediaType: string
  }
  | {
    /** The URL, which the provider fetches. The content of a `data:` URL is sent as data. */
    readonly url: string
    /** The media type. Absent: the provider finds out. */
    readonly mediaType?: string | undefined
  }
  | {
    /** The id in the provider's file store. */
    readonly fileId: string
    /** The media type. Absent: the provider knows it. */
    readonly mediaType?: string | undefined
  }

/**
 * Makes an image part from bytes or base64, a URL, or a file id.
 *
 * **Example** (From bytes)
 *
 * ```ts
 * import { Message } from "rivulet"
 *
 * const picture = (bytes: Uint8Array) =>
 *   Message.human([Message.text("What is this?"), Message.image({ data: bytes, mediaType: "image/png" })])
 * ```
 */
export const image = (
  options: SourceInput & {
    /** Settings for single providers. */
    readonly providerOptions?: ProviderOptions | undefined
  }
): ImagePart => ({ type: "image", ...sourceOf(options), ...optional("providerOptions", options.providerOptions) })

/**
 * Makes a file part from bytes or base64, a URL, a file id, or plain text.
 *
 * **Example** (A question about a document)
 *
 * ```ts
 * import { Message } from "rivulet"
 *
 * const question = Message.human([
 *   Message.file({ url: "https://example.com/goldfish.pdf", mediaType: "application/pdf", name: "goldfish.pdf" }),
 *   Message.text("What does it say about food?")
 * ])
 * ```
 */
export const file = (
  options: (SourceInput | TextInput) & {
    /** The name of the file. */
    readonly name?: string | undefined
    /** Settings for single providers. */
    readonly providerOptions?: ProviderOptions | undefined
  }
): FilePart => ({
  type: "file",
  ...sourceOf(options),
  ...optional("name", options.name),
  ...optional("providerOptions", options.providerOptions)
})

interface TextInput {
  /** The content of a plain text file. */
  readonly text: string
  /** The media type, such as `text/markdown`. */
  readonly mediaType?: string | undefined
}

const sourceOf = (options: SourceInput | TextInput): { readonly source: Source; readonly mediaType?: string } => {
  const source: Source = "data" in options
    ? { type: "base64", data: typeof options.data === "string" ? options.data : Base64.encode(options.data) }
    : "url" in options
    ? { type: "url", url: options.url }
    : "fileId" in options
    ? { type: "file_id", id: options.fileId }
    : { type: "text", text: options.text }
  return { source, ...optional("mediaType", options.mediaType) }
}

const textOf = (parts: ReadonlyArray<AIPart>): string =>
  parts.reduce((all, part) => part.type === "text" ? all + part.text : all, "")

type AIFields = Pick<PartialAIMessage, "id" | "content" | "parts" | "usage" | "finish" | "metadata">

/** @internal Makes a message from its parts. `toolCalls` and `invalidToolCalls` are taken from them. */
export const aiMessage = (fields: AIFields & { readonly finish: Finish }): AIMessage => ({
  _tag: "AIMessage",
  ...common(fields),
  finish: fields.finish
})

/** @internal Makes the message of a stream that failed; see {@link aiMessage}. */
export const partialAIMessage = (fields: AIFields): PartialAIMessage => ({
  _tag: "PartialAIMessage",
  ...common(fields),
  ...optional("finish", fields.finish)
})

const common = (fields: AIFields) => ({
  id: fields.id,
  content: fields.content,
  parts: fields.parts,
  toolCalls: fields.parts.filter((part) => part.type === "tool_call"),
  invalidToolCalls: fields.parts.filter((part) => part.type === "invalid_tool_call"),
  ...optional("usage", fields.usage),
  ...optional("metadata", fields.metadata)
})
