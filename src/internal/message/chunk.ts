/**
 * The chunks of a message: their schemas, and how two of them join. The public module `AIMessageChunk` re-exports them.
 * Apart from it, so that the accumulator can use them and the public module the accumulator.
 */
import { dual } from "effect/Function"
import * as Schema from "effect/Schema"
import { Finish } from "../../Finish.ts"
import { Citation, Metadata, Source } from "../../Message.ts"
import { Usage } from "../../Usage.ts"
import { optional } from "../optional.ts"

// -----------------------------------------------------------------------------
// deltas
// -----------------------------------------------------------------------------

/**
 * The number of the block that a delta belongs to. Rivulet counts blocks from 0 within a message; it is not the
 * provider's index. The first delta decides the kind of a block; citations join the text block of the same index.
 */
const index = Schema.Int

/** A slice of text. */
export const TextDelta = Schema.Struct({
  type: Schema.Literal("text"),
  /** The number of the block. */
  index,
  /** The text that arrived. */
  text: Schema.String,
  /** Other data about the block. Keys of a later delta replace those of an earlier one. */
  metadata: Schema.optional(Metadata)
})

/** A slice of text. */
export interface TextDelta extends Schema.Schema.Type<typeof TextDelta> {}

/** A slice of reasoning, its signature, or reasoning that only the provider can read. */
export const ReasoningDelta = Schema.Struct({
  type: Schema.Literal("reasoning"),
  /** The number of the block. */
  index,
  /** The text that arrived, `""` if there is none. */
  text: Schema.String,
  /** The provider's signature of the reasoning. */
  signature: Schema.optional(Schema.String),
  /** Encrypted reasoning that only the provider can read. */
  redacted: Schema.optional(Schema.String),
  /** Other data about the block. */
  metadata: Schema.optional(Metadata)
})

/** A slice of reasoning, its signature, or reasoning that only the provider can read. */
export interface ReasoningDelta extends Schema.Schema.Type<typeof ReasoningDelta> {}

const callFields = {
  /** The number of the block. */
  index,
  /**
   * The id of the call. Present in its first delta. A call to one of the caller's tools that has none gets `call_0`,
   * `call_1` and so on.
   */
  id: Schema.optional(Schema.String),
  /** The name of the tool. Present in the first delta of the call. */
  name: Schema.optional(Schema.String),
  /** A slice of the JSON text of the arguments. */
  args: Schema.String,
  /** Present in the last delta of a call. A call without it was cut off and folds to an invalid call. */
  end: Schema.optional(Schema.Literal(true)),
  /** Other data about the block. */
  metadata: Schema.optional(Metadata)
}

/** A slice of a call to one of the caller's tools. */
export const ToolCallDelta = Schema.Struct({ type: Schema.Literal("tool_call"), ...callFields })

/** A slice of a call to one of the caller's tools. */
export interface ToolCallDelta extends Schema.Schema.Type<typeof ToolCallDelta> {}

/** A slice of a call to a tool that the provider runs. */
export const ServerToolCallDelta = Schema.Struct({ type: Schema.Literal("server_tool_call"), ...callFields })

/** A slice of a call to a tool that the provider runs. */
export interface ServerToolCallDelta extends Schema.Schema.Type<typeof ServerToolCallDelta> {}

/** The complete result of a tool that the provider ran. */
export const ServerToolResultDelta = Schema.Struct({
  type: Schema.Literal("server_tool_result"),
  /** The number of the block. */
  index,
  /** The `id` of the call. */
  toolCallId: Schema.String,
  /** The provider's own result object. */
  result: Schema.Json,
  /** Other data about the block. */
  metadata: Schema.optional(Metadata)
})

/** The complete result of a tool that the provider ran. */
export interface ServerToolResultDelta extends Schema.Schema.Type<typeof ServerToolResultDelta> {}

/** A citation. It belongs to the text block of the same index, if there is one. */
export const CitationDelta = Schema.Struct({
  type: Schema.Literal("citation"),
  /** The number of the block. */
  index,
  /** The citation. */
  citation: Citation
})

/** A citation. It belongs to the text block of the same index, if there is one. */
export interface CitationDelta extends Schema.Schema.Type<typeof CitationDelta> {}

/** A complete file from the model. A later one of the same index replaces it, such as an image its preview. */
export const FileDelta = Schema.Struct({
  type: Schema.Literal("file"),
  /** The number of the block. */
  index,
  /** The content of the file. */
  source: Source,
  /** The media type, such as `image/png`. */
  mediaType: Schema.optional(Schema.String),
  /** The name of the file. */
  name: Schema.optional(Schema.String),
  /** Other data about the block. */
  metadata: Schema.optional(Metadata)
})

/** A complete file from the model. A later one of the same index replaces it, such as an image its preview. */
export interface FileDelta extends Schema.Schema.Type<typeof FileDelta> {}

/** A slice of a refusal's text. */
export const RefusalDelta = Schema.Struct({
  type: Schema.Literal("refusal"),
  /** The number of the block. */
  index,
  /** The text that arrived. */
  text: Schema.String,
  /** Other data about the block. */
  metadata: Schema.optional(Metadata)
})

/** A slice of a refusal's text. */
export interface RefusalDelta extends Schema.Schema.Type<typeof RefusalDelta> {}

/** A delta of a kind that this version does not know. */
export const UnknownDelta = Schema.Struct({
  type: Schema.Literal("unknown"),
  /** The number of the block. */
  index,
  /** The provider's own object. */
  raw: Schema.Json
})

/** A delta of a kind that this version does not know. */
export interface UnknownDelta extends Schema.Schema.Type<typeof UnknownDelta> {}

/** Any element of a chunk's `parts`. */
export const Delta = Schema.Union([
  TextDelta,
  ReasoningDelta,
  ToolCallDelta,
  ServerToolCallDelta,
  ServerToolResultDelta,
  CitationDelta,
  FileDelta,
  RefusalDelta,
  UnknownDelta
])

/** Any element of a chunk's `parts`. */
export type Delta = typeof Delta.Type

// -----------------------------------------------------------------------------
// chunks
// -----------------------------------------------------------------------------

/** How an answer went on after a failure. */
export const Marker = Schema.Struct({
  /**
   * How the answer goes on:
   *
   * - `Resumed`: the provider kept the answer, and sends the rest of it
   * - `Continued`: the model was asked to go on from the text so far
   * - `Restarted`: the model was asked again, and nothing before this chunk counts
   */
  _tag: Schema.Literals(["Resumed", "Continued", "Restarted"]),
  /** The number of the recovery within the answer, from 1. */
  attempt: Schema.Int,
  /** The failure that broke the answer. */
  error: Schema.Struct({
    /** The provider of the model. */
    provider: Schema.String,
    /** The name of the model. */
    model: Schema.String,
    /** The tag of the reason, such as `NetworkError`. */
    reason: Schema.String,
    /** The message of the reason. */
    message: Schema.String
  })
})

/** How an answer went on after a failure. */
export interface Marker extends Schema.Schema.Type<typeof Marker> {}

/**
 * One element of a model's stream.
 *
 * **Example** (A chunk from JSON)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { AIMessageChunk } from "rivulet"
 *
 * const read = Schema.decodeUnknownEffect(Schema.fromJsonString(AIMessageChunk.AIMessageChunk))
 * const chunk = read(`{"_tag":"AIMessageChunk","id":"","content":"","parts":[]}`)
 * ```
 */
export const AIMessageChunk = Schema.TaggedStruct("AIMessageChunk", {
  /** The id of the message, the same in every chunk. `""` if the provider has none. */
  id: Schema.String,
  /** The text that arrived. `""` if the chunk has none. */
  content: Schema.String,
  /** Everything that arrived, text included, in order. */
  parts: Schema.Array(Delta),
  /** The token totals so far. They replace earlier ones. */
  usage: Schema.optional(Usage),
  /** The finish of the message. Present only in the last chunk of a complete message. */
  finish: Schema.optional(Finish),
  /** Other data about the message. Keys of a later chunk replace those of an earlier one. */
  metadata: Schema.optional(Metadata),
  /**
   * How the answer goes on after a failure. Only in answers of a model with `ModelRecovery.withRecovery`. Nothing before
   * a chunk with `Restarted` counts.
   */
  recovery: Schema.optional(Marker)
})

/** One element of a model's stream. */
export interface AIMessageChunk extends Schema.Schema.Type<typeof AIMessageChunk> {}

/** Whether nothing before a chunk counts. */
export const restarts = ({ recovery }: AIMessageChunk): boolean =>
  recovery !== undefined && recovery._tag === "Restarted"

/**
 * The chunk without content: the identity of {@link concat}.
 *
 * **Example** (A last chunk)
 *
 * ```ts
 * import { AIMessageChunk } from "rivulet"
 *
 * const last: AIMessageChunk.AIMessageChunk = {
 *   ...AIMessageChunk.empty,
 *   finish: { reason: "stop", raw: "end_turn" }
 * }
 * ```
 */
export const empty: AIMessageChunk = { _tag: "AIMessageChunk", id: "", content: "", parts: [] }

/**
 * Makes a chunk with one slice of text.
 *
 * **Example** (Two blocks of text)
 *
 * ```ts
 * import { AIMessageChunk } from "rivulet"
 *
 * const chunks = [AIMessageChunk.text("Hello", { id: "msg_1" }), AIMessageChunk.text("Bye", { id: "msg_1", index: 1 })]
 * ```
 */
export const text = (content: string, options?: {
  /** The id of the message. Defaults to `""`. */
  readonly id?: string | undefined
  /** The number of the text block. Defaults to 0. */
  readonly index?: number | undefined
}): AIMessageChunk => ({
  _tag: "AIMessageChunk",
  id: options?.id ?? "",
  content,
  parts: [{ type: "text", index: options?.index ?? 0, text: content }]
})

/**
 * Joins two chunks of one message, the earlier one first.
 *
 * **Details**
 *
 * Text and arguments are concatenated, metadata is merged by key, and usage and finish of the later chunk win. A later
 * chunk that restarts the answer takes the place of the earlier one. The operation is associative, and {@link empty} is
 * its identity.
 *
 * **Example** (Putting text together)
 *
 * ```ts
 * import { AIMessageChunk } from "rivulet"
 *
 * AIMessageChunk.concat(AIMessageChunk.text("gold"), AIMessageChunk.text("fish")).content // "goldfish"
 * ```
 */
export const concat: {
  (that: AIMessageChunk): (self: AIMessageChunk) => AIMessageChunk
  (self: AIMessageChunk, that: AIMessageChunk): AIMessageChunk
} = dual(2, (self: AIMessageChunk, that: AIMessageChunk): AIMessageChunk => {
  if (restarts(that)) return that
  return {
    _tag: "AIMessageChunk",
    id: self.id === "" ? that.id : self.id,
    content: self.content + that.content,
    parts: concatParts(self.parts, that.parts),
    ...optional("usage", that.usage ?? self.usage),
    ...optional("finish", that.finish ?? self.finish),
    ...mergedMetadata(self, that),
    // A restart stays one, whatever follows it.
    ...optional("recovery", restarts(self) ? self.recovery : that.recovery ?? self.recovery)
  }
})

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const mergeMetadata = (self: Metadata | undefined, that: Metadata | undefined): Metadata | undefined =>
  self === undefined ? that : that === undefined ? self : { ...self, ...that }

// Only the adjacent deltas are joined, so the result does not depend on the grouping: `concat` is associative.
const concatParts = (self: ReadonlyArray<Delta>, that: ReadonlyArray<Delta>): ReadonlyArray<Delta> => {
  const last = self[self.length - 1]
  const first = that[0]
  if (last === undefined) return that
  if (first === undefined) return self
  const joined = joinDeltas(last, first)
  return joined === undefined
    ? [...self, ...that]
    : [...self.slice(0, -1), joined, ...that.slice(1)]
}

const joinDeltas = (a: Delta, b: Delta): Delta | undefined => {
  if (a.index !== b.index) return undefined
  if (a.type === "text" && b.type === "text") return { ...a, text: a.text + b.text, ...mergedMetadata(a, b) }
  if (a.type === "refusal" && b.type === "refusal") return { ...a, text: a.text + b.text, ...mergedMetadata(a, b) }
  if (a.type === "file" && b.type === "file") return b
  if (a.type === "reasoning" && b.type === "reasoning") {
    return {
      ...a,
      text: a.text + b.text,
      ...optional("signature", b.signature ?? a.signature),
      ...optional("redacted", b.redacted ?? a.redacted),
      ...mergedMetadata(a, b)
    }
  }
  if (
    (a.type === "tool_call" && b.type === "tool_call") ||
    (a.type === "server_tool_call" && b.type === "server_tool_call")
  ) {
    return {
      ...a,
      args: a.args + b.args,
      ...optional("id", a.id === "" ? b.id : a.id ?? b.id),
      ...optional("name", a.name ?? b.name),
      ...optional("end", a.end ?? b.end),
      ...mergedMetadata(a, b)
    }
  }
  return undefined
}

const mergedMetadata = (
  a: { readonly metadata?: Metadata | undefined },
  b: { readonly metadata?: Metadata | undefined }
) => optional("metadata", mergeMetadata(a.metadata, b.metadata))
