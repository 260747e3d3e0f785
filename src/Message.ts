/**
 * Messages: what goes into a chat model and what comes out of it, as plain tagged data.
 *
 * There are no message classes and nothing is tested with `instanceof`, so two copies of this package, a database and
 * a browser agree on what a message is. Every type has a schema of the same name; use it where messages cross an edge.
 * The constructors ({@link system}, {@link human}, {@link ai}, {@link tool}, {@link image}, {@link file}) cover what
 * is written by hand.
 *
 * An {@link AIMessage} can be put into the next request as it is: reasoning signatures, server tool results, citations
 * and parts this version does not know are kept, because a provider that gets them back changed refuses the request.
 */
import * as Base64 from "effect/encoding/Base64"
import * as Schema from "effect/Schema"
import { Finish } from "./Finish.ts"
import { Usage } from "./Usage.ts"

// -----------------------------------------------------------------------------
// building blocks
// -----------------------------------------------------------------------------

/** Facts about a message or a part that have no field of their own, by name; all JSON. */
export const Metadata = Schema.Record(Schema.String, Schema.Json)

/** Facts about a message or a part that have no field of their own, by name; all JSON. */
export type Metadata = typeof Metadata.Type

/**
 * Settings for one provider, keyed by the provider's name, for example
 * `{ anthropic: { cache_control: { type: "ephemeral" } } }`. Other providers ignore them.
 */
export const ProviderOptions = Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Json))

/** Settings for one provider, keyed by the provider's name. */
export type ProviderOptions = typeof ProviderOptions.Type

/**
 * Where the bytes of an image or a file are: in the message (`base64`, or `text` for plain text), at a URL, or in the
 * provider's file store under an id.
 */
export const Source = Schema.Union([
  Schema.Struct({ type: Schema.Literal("base64"), data: Schema.String }),
  Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }),
  Schema.Struct({ type: Schema.Literal("url"), url: Schema.String }),
  Schema.Struct({ type: Schema.Literal("file_id"), id: Schema.String })
])

/** Where the bytes of an image or a file are. */
export type Source = typeof Source.Type

/** A source a text rests on. `raw` is the provider's own object and is what travels back to it. */
export const Citation = Schema.Struct({
  url: Schema.optional(Schema.String),
  title: Schema.optional(Schema.String),
  /** The words of the source that are cited. */
  citedText: Schema.optional(Schema.String),
  raw: Schema.Json
})

/** A source a text rests on. */
export interface Citation extends Schema.Schema.Type<typeof Citation> {}

// -----------------------------------------------------------------------------
// parts of the input
// -----------------------------------------------------------------------------

/** Text. In an AI message it may carry citations. */
export const TextPart = Schema.Struct({
  type: Schema.Literal("text"),
  text: Schema.String,
  citations: Schema.optional(Schema.Array(Citation)),
  metadata: Schema.optional(Metadata),
  providerOptions: Schema.optional(ProviderOptions)
})

/** Text. In an AI message it may carry citations. */
export interface TextPart extends Schema.Schema.Type<typeof TextPart> {}

/** An image. `mediaType` (such as `image/png`) is required for `base64` sources. */
export const ImagePart = Schema.Struct({
  type: Schema.Literal("image"),
  mediaType: Schema.optional(Schema.String),
  source: Source,
  providerOptions: Schema.optional(ProviderOptions)
})

/** An image. `mediaType` (such as `image/png`) is required for `base64` sources. */
export interface ImagePart extends Schema.Schema.Type<typeof ImagePart> {}

/** A document or another file, for example a PDF. `mediaType` is required for `base64` sources. */
export const FilePart = Schema.Struct({
  type: Schema.Literal("file"),
  mediaType: Schema.optional(Schema.String),
  name: Schema.optional(Schema.String),
  source: Source,
  metadata: Schema.optional(Metadata),
  providerOptions: Schema.optional(ProviderOptions)
})

/** A document or another file, for example a PDF. */
export interface FilePart extends Schema.Schema.Type<typeof FilePart> {}

/** What a human message or a tool result consists of. */
export const InputPart = Schema.Union([TextPart, ImagePart, FilePart])

/** What a human message or a tool result consists of. */
export type InputPart = typeof InputPart.Type

// -----------------------------------------------------------------------------
// parts of an AI message
// -----------------------------------------------------------------------------

/**
 * The model's reasoning. `signature` proves to the provider that the text is its own, `redacted` is reasoning only the
 * provider can read. Both must travel back unchanged.
 */
export const ReasoningPart = Schema.Struct({
  type: Schema.Literal("reasoning"),
  text: Schema.String,
  signature: Schema.optional(Schema.String),
  redacted: Schema.optional(Schema.String),
  metadata: Schema.optional(Metadata)
})

/** The model's reasoning, with what its provider needs to recognise it. */
export interface ReasoningPart extends Schema.Schema.Type<typeof ReasoningPart> {}

/** A call of one of the caller's tools, with parsed arguments. */
export const ToolCall = Schema.Struct({
  type: Schema.Literal("tool_call"),
  id: Schema.String,
  name: Schema.String,
  args: Schema.Json,
  metadata: Schema.optional(Metadata)
})

/** A call of one of the caller's tools, with parsed arguments. */
export interface ToolCall extends Schema.Schema.Type<typeof ToolCall> {}

/** A tool call whose arguments are not whole or not JSON: `text` is what came, `reason` says what is wrong. */
export const InvalidToolCall = Schema.Struct({
  type: Schema.Literal("invalid_tool_call"),
  id: Schema.String,
  name: Schema.String,
  text: Schema.String,
  reason: Schema.String,
  metadata: Schema.optional(Metadata)
})

/** A tool call whose arguments are not whole or not JSON. */
export interface InvalidToolCall extends Schema.Schema.Type<typeof InvalidToolCall> {}

/**
 * A call of a tool that the provider runs itself (web search, code execution, MCP). `text` is set, and `args` null,
 * when the arguments were not whole or not JSON.
 */
export const ServerToolCall = Schema.Struct({
  type: Schema.Literal("server_tool_call"),
  id: Schema.String,
  name: Schema.String,
  args: Schema.Json,
  text: Schema.optional(Schema.String),
  metadata: Schema.optional(Metadata)
})

/** A call of a tool that the provider runs itself. */
export interface ServerToolCall extends Schema.Schema.Type<typeof ServerToolCall> {}

/** What a tool that the provider ran gave back. `toolCallId` is the `id` of its `server_tool_call`. */
export const ServerToolResult = Schema.Struct({
  type: Schema.Literal("server_tool_result"),
  toolCallId: Schema.String,
  result: Schema.Json,
  metadata: Schema.optional(Metadata)
})

/** What a tool that the provider ran gave back. */
export interface ServerToolResult extends Schema.Schema.Type<typeof ServerToolResult> {}

/** A citation that belongs to the message as a whole; those of a text are in its `citations`. */
export const CitationPart = Schema.Struct({ type: Schema.Literal("citation"), citation: Citation })

/** A citation that belongs to the message as a whole. */
export interface CitationPart extends Schema.Schema.Type<typeof CitationPart> {}

/** The words with which the model declined, where the provider tells them from text. */
export const RefusalPart = Schema.Struct({
  type: Schema.Literal("refusal"),
  text: Schema.String,
  metadata: Schema.optional(Metadata)
})

/** The words with which the model declined. */
export interface RefusalPart extends Schema.Schema.Type<typeof RefusalPart> {}

/** Something this version has no name for: `raw` is what arrived for it, in order. */
export const UnknownPart = Schema.Struct({ type: Schema.Literal("unknown"), raw: Schema.Array(Schema.Json) })

/** Something this version has no name for. */
export interface UnknownPart extends Schema.Schema.Type<typeof UnknownPart> {}

/** What an AI message consists of. */
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

/** What an AI message consists of. */
export type AIPart = typeof AIPart.Type

// -----------------------------------------------------------------------------
// messages
// -----------------------------------------------------------------------------

/** Instructions for the model. */
export const SystemMessage = Schema.TaggedStruct("SystemMessage", {
  content: Schema.Union([Schema.String, Schema.Array(TextPart)])
})

/** Instructions for the model. */
export interface SystemMessage extends Schema.Schema.Type<typeof SystemMessage> {}

/** What the user says. */
export const HumanMessage = Schema.TaggedStruct("HumanMessage", {
  content: Schema.Union([Schema.String, Schema.Array(InputPart)])
})

/** What the user says. */
export interface HumanMessage extends Schema.Schema.Type<typeof HumanMessage> {}

const aiFields = {
  /** The provider's id of the message, `""` when it has none. */
  id: Schema.String,
  /** All text of the message, in the order it arrived. */
  content: Schema.String,
  parts: Schema.Array(AIPart),
  toolCalls: Schema.Array(ToolCall),
  invalidToolCalls: Schema.Array(InvalidToolCall),
  usage: Schema.optional(Usage),
  /** Set by the adapter: `provider`, `model`, `requestId` and what else the provider told. */
  metadata: Schema.optional(Metadata)
}

/** A whole answer of a model: the fold of its chunks. */
export const AIMessage = Schema.TaggedStruct("AIMessage", { ...aiFields, finish: Finish })

/** A whole answer of a model: the fold of its chunks. */
export interface AIMessage extends Schema.Schema.Type<typeof AIMessage> {}

/** What had arrived of an answer when its stream failed. It has a type of its own, so it is not taken for a whole one. */
export const PartialAIMessage = Schema.TaggedStruct("PartialAIMessage", {
  ...aiFields,
  finish: Schema.optional(Finish)
})

/** What had arrived of an answer when its stream failed. */
export interface PartialAIMessage extends Schema.Schema.Type<typeof PartialAIMessage> {}

/** The result of a tool call, for the model. `toolCallId` is the `id` of the call it answers. */
export const ToolMessage = Schema.TaggedStruct("ToolMessage", {
  toolCallId: Schema.String,
  name: Schema.optional(Schema.String),
  content: Schema.Union([Schema.String, Schema.Array(InputPart)]),
  /** The tool failed, and `content` says how. */
  isError: Schema.optional(Schema.Boolean),
  providerOptions: Schema.optional(ProviderOptions)
})

/** The result of a tool call, for the model. */
export interface ToolMessage extends Schema.Schema.Type<typeof ToolMessage> {}

/**
 * Any message of a conversation. Its encoded form is JSON. A {@link PartialAIMessage} is not one of them.
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
 * A prompt that has been filled in: the messages for a model.
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
export const PromptValue = Schema.TaggedStruct("PromptValue", { messages: Schema.Array(Message) })

/** A prompt that has been filled in: the messages for a model. */
export interface PromptValue extends Schema.Schema.Type<typeof PromptValue> {}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Instructions for the model: text, or text parts where one of them has `providerOptions`.
 *
 * **Example** (How to answer)
 *
 * ```ts
 * import { ChatModel, Message } from "rivulet"
 *
 * const answer = ChatModel.invoke([Message.system("Answer in one word."), Message.human("What swims in a bowl?")])
 * ```
 */
export const system = (content: SystemMessage["content"]): SystemMessage => ({ _tag: "SystemMessage", content })

/**
 * What the user says: text, or text with images and files.
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
 * An answer written by hand, for few-shot prompts and tests: without an id or usage, and finished by `stop`. Answers
 * that came from a model are used as they came.
 *
 * **Example** (Showing the model how)
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
 * The result of a tool call.
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
 * A text part.
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
export const text = (text: string, options?: { readonly providerOptions?: ProviderOptions | undefined }): TextPart => ({
  type: "text",
  text,
  ...options
})

/** Where the bytes of an {@link image} or a {@link file} come from; `data` may be bytes or base64. */
export type SourceInput =
  | { readonly data: Uint8Array | string; readonly mediaType: string }
  | { readonly url: string; readonly mediaType?: string | undefined }
  | { readonly fileId: string; readonly mediaType?: string | undefined }

/**
 * An image part, from bytes or base64 (with its media type), a URL, or a file id. `data` that is text is base64 alone,
 * not a `data:` URL.
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
  options: SourceInput & { readonly providerOptions?: ProviderOptions | undefined }
): ImagePart => ({ type: "image", ...sourced(options), ...providerOptionsOf(options) })

/**
 * A file part, from bytes or base64 (with its media type), a URL, a file id, or plain text.
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
  options: (SourceInput | { readonly text: string; readonly mediaType?: string | undefined }) & {
    readonly name?: string | undefined
    readonly providerOptions?: ProviderOptions | undefined
  }
): FilePart => ({
  type: "file",
  ...sourced(options),
  ...(options.name === undefined ? undefined : { name: options.name }),
  ...providerOptionsOf(options)
})

const providerOptionsOf = (options: { readonly providerOptions?: ProviderOptions | undefined }) =>
  options.providerOptions === undefined ? undefined : { providerOptions: options.providerOptions }

const sourced = (
  options: SourceInput | { readonly text: string; readonly mediaType?: string | undefined }
): { readonly source: Source; readonly mediaType?: string } => {
  const source: Source = "data" in options
    ? { type: "base64", data: typeof options.data === "string" ? options.data : Base64.encode(options.data) }
    : "url" in options
    ? { type: "url", url: options.url }
    : "fileId" in options
    ? { type: "file_id", id: options.fileId }
    : { type: "text", text: options.text }
  return options.mediaType === undefined ? { source } : { source, mediaType: options.mediaType }
}

const textOf = (parts: ReadonlyArray<AIPart>): string =>
  parts.reduce((all, part) => part.type === "text" ? all + part.text : all, "")

type AIFields = Pick<PartialAIMessage, "id" | "content" | "parts" | "usage" | "finish" | "metadata">

/**
 * Puts a message together from its parts; `toolCalls` and `invalidToolCalls` are read off them.
 *
 * @internal
 */
export const aiMessage = (fields: AIFields & { readonly finish: Finish }): AIMessage => ({
  _tag: "AIMessage",
  ...common(fields),
  finish: fields.finish
})

/**
 * {@link aiMessage} for what had arrived when a stream failed.
 *
 * @internal
 */
export const partialAIMessage = (fields: AIFields): PartialAIMessage => ({
  _tag: "PartialAIMessage",
  ...common(fields),
  ...(fields.finish === undefined ? undefined : { finish: fields.finish })
})

const common = (fields: AIFields) => ({
  id: fields.id,
  content: fields.content,
  parts: fields.parts,
  toolCalls: fields.parts.filter((part) => part.type === "tool_call"),
  invalidToolCalls: fields.parts.filter((part) => part.type === "invalid_tool_call"),
  ...(fields.usage === undefined ? undefined : { usage: fields.usage }),
  ...(fields.metadata === undefined ? undefined : { metadata: fields.metadata })
})
