/**
 * Chunks: the elements of a model's stream.
 *
 * A chunk has the text that arrived in `content` (what one prints) and everything that arrived in `parts`. Chunks form a
 * monoid, {@link concat} with {@link empty}, and the fold of all chunks of a stream is its message, however the bytes
 * were cut. To fold many chunks use {@link accumulator}: its cost is linear in their number.
 */
import { dual } from "effect/Function"
import * as Schema from "effect/Schema"
import { Finish } from "./Finish.ts"
import { given } from "./internal/optional.ts"
import { Accumulator as AccumulatorImpl } from "./internal/step/accumulator.ts"
import { Citation, Metadata, Source } from "./Message.ts"
import type { AIMessage, PartialAIMessage } from "./Message.ts"
import { Usage } from "./Usage.ts"

// -----------------------------------------------------------------------------
// deltas
// -----------------------------------------------------------------------------

/**
 * The number of the block that a delta belongs to: ours, counted from 0, unique in the message. A block keeps the kind
 * of its first delta; citations join the text block of their index.
 */
const index = Schema.Int

/** A slice of text. */
export const TextDelta = Schema.Struct({
  type: Schema.Literal("text"),
  index,
  text: Schema.String,
  metadata: Schema.optional(Metadata)
})

/** A slice of text. */
export interface TextDelta extends Schema.Schema.Type<typeof TextDelta> {}

/** A slice of reasoning, or its signature, or reasoning that only the provider can read. */
export const ReasoningDelta = Schema.Struct({
  type: Schema.Literal("reasoning"),
  index,
  text: Schema.String,
  signature: Schema.optional(Schema.String),
  redacted: Schema.optional(Schema.String),
  metadata: Schema.optional(Metadata)
})

/** A slice of reasoning, or its signature, or reasoning that only the provider can read. */
export interface ReasoningDelta extends Schema.Schema.Type<typeof ReasoningDelta> {}

const callFields = {
  index,
  /** On the first delta of the call. */
  id: Schema.optional(Schema.String),
  /** On the first delta of the call. */
  name: Schema.optional(Schema.String),
  /** A slice of the arguments' JSON text. */
  args: Schema.String,
  /** On the last delta of the call. A call without it was cut off and is never taken for a whole one. */
  end: Schema.optional(Schema.Literal(true)),
  metadata: Schema.optional(Metadata)
}

/** A slice of a call of one of the caller's tools. */
export const ToolCallDelta = Schema.Struct({ type: Schema.Literal("tool_call"), ...callFields })

/** A slice of a call of one of the caller's tools. */
export interface ToolCallDelta extends Schema.Schema.Type<typeof ToolCallDelta> {}

/** A slice of a call of a tool that the provider runs itself. */
export const ServerToolCallDelta = Schema.Struct({ type: Schema.Literal("server_tool_call"), ...callFields })

/** A slice of a call of a tool that the provider runs itself. */
export interface ServerToolCallDelta extends Schema.Schema.Type<typeof ServerToolCallDelta> {}

/** What a tool that the provider ran gave back, whole. */
export const ServerToolResultDelta = Schema.Struct({
  type: Schema.Literal("server_tool_result"),
  index,
  toolCallId: Schema.String,
  result: Schema.Json,
  metadata: Schema.optional(Metadata)
})

/** What a tool that the provider ran gave back, whole. */
export interface ServerToolResultDelta extends Schema.Schema.Type<typeof ServerToolResultDelta> {}

/** A citation, for the text block of the same index if there is one. */
export const CitationDelta = Schema.Struct({ type: Schema.Literal("citation"), index, citation: Citation })

/** A citation, for the text block of the same index if there is one. */
export interface CitationDelta extends Schema.Schema.Type<typeof CitationDelta> {}

/** A file the model made, whole. A later one of the same index replaces it, as an image does its preview. */
export const FileDelta = Schema.Struct({
  type: Schema.Literal("file"),
  index,
  source: Source,
  mediaType: Schema.optional(Schema.String),
  name: Schema.optional(Schema.String),
  metadata: Schema.optional(Metadata)
})

/** A file the model made, whole. A later one of the same index replaces it. */
export interface FileDelta extends Schema.Schema.Type<typeof FileDelta> {}

/** A slice of the words with which the model declined. */
export const RefusalDelta = Schema.Struct({
  type: Schema.Literal("refusal"),
  index,
  text: Schema.String,
  metadata: Schema.optional(Metadata)
})

/** A slice of the words with which the model declined. */
export interface RefusalDelta extends Schema.Schema.Type<typeof RefusalDelta> {}

/** Something this version has no name for, as it arrived. */
export const UnknownDelta = Schema.Struct({ type: Schema.Literal("unknown"), index, raw: Schema.Json })

/** Something this version has no name for, as it arrived. */
export interface UnknownDelta extends Schema.Schema.Type<typeof UnknownDelta> {}

/** What can arrive in a chunk. */
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

/** What can arrive in a chunk. */
export type Delta = typeof Delta.Type

// -----------------------------------------------------------------------------
// chunks
// -----------------------------------------------------------------------------

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
  /** The message's id, the same in every chunk; `""` when the provider has none. */
  id: Schema.String,
  /** The text that arrived, `""` when the chunk carries none. */
  content: Schema.String,
  /** Everything that arrived, text included, in order. */
  parts: Schema.Array(Delta),
  /** Token totals so far. A later one replaces an earlier one. */
  usage: Schema.optional(Usage),
  /** On the last chunk of a whole message, and only there. */
  finish: Schema.optional(Finish),
  metadata: Schema.optional(Metadata)
})

/** One element of a model's stream. */
export interface AIMessageChunk extends Schema.Schema.Type<typeof AIMessageChunk> {}

/**
 * The chunk that carries nothing: the identity of {@link concat}.
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
 * A chunk with one slice of text.
 *
 * `options.id` is the message's id, `""` by default; `options.index` the number of the text block, 0 by default.
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
  readonly id?: string | undefined
  readonly index?: number | undefined
}): AIMessageChunk => ({
  _tag: "AIMessageChunk",
  id: options?.id ?? "",
  content,
  parts: [{ type: "text", index: options?.index ?? 0, text: content }]
})

/**
 * Joins two chunks of one message, the earlier one first. Text and arguments are strung together, usage and finish of
 * the later chunk win, metadata is merged. It is associative and {@link empty} is its identity.
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
  const usage = that.usage ?? self.usage
  const finish = that.finish ?? self.finish
  const metadata = mergeMetadata(self.metadata, that.metadata)
  return {
    _tag: "AIMessageChunk",
    id: self.id === "" ? that.id : self.id,
    content: self.content + that.content,
    parts: concatParts(self.parts, that.parts),
    ...(usage === undefined ? undefined : { usage }),
    ...(finish === undefined ? undefined : { finish }),
    ...(metadata === undefined ? undefined : { metadata })
  }
})

/**
 * The message the chunks fold to: an {@link AIMessage} when one of them carries `finish`, else a
 * {@link PartialAIMessage}. Linear in the number of chunks.
 *
 * **Example** (What came before the end)
 *
 * ```ts
 * import { AIMessageChunk } from "rivulet"
 *
 * const message = AIMessageChunk.toMessage([AIMessageChunk.text("gold"), AIMessageChunk.text("fish")])
 * message._tag // "PartialAIMessage"
 * message.content // "goldfish"
 * ```
 */
export const toMessage = (chunks: Iterable<AIMessageChunk>): AIMessage | PartialAIMessage => {
  const all = accumulator()
  for (const chunk of chunks) all.add(chunk)
  return all.message() ?? all.partial()
}

/** Folds chunks as they come; see {@link accumulator}. */
export interface Accumulator {
  /** Takes the next chunk. Amortised constant time. */
  readonly add: (chunk: AIMessageChunk) => void
  /** What came so far. Linear in the size of the message. */
  readonly partial: () => PartialAIMessage
  /** The whole message, or `undefined` as long as no chunk carried `finish`. */
  readonly message: () => AIMessage | undefined
}

/**
 * A fresh, mutable {@link Accumulator}, for one message.
 *
 * **Example** (Chunk after chunk)
 *
 * ```ts
 * import { AIMessageChunk } from "rivulet"
 *
 * const all = AIMessageChunk.accumulator()
 * all.add(AIMessageChunk.text("gold"))
 * all.add(AIMessageChunk.text("fish"))
 * all.partial().content // "goldfish"
 * all.message() // undefined, as no chunk carried `finish`
 * ```
 */
export const accumulator = (): Accumulator => new AccumulatorImpl()

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const mergeMetadata = (self: Metadata | undefined, that: Metadata | undefined): Metadata | undefined =>
  self === undefined ? that : that === undefined ? self : { ...self, ...that }

// Only the deltas that meet are joined, so the result does not depend on the order in which chunks are put together.
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
      ...given("signature", b.signature ?? a.signature),
      ...given("redacted", b.redacted ?? a.redacted),
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
      ...given("id", a.id ?? b.id),
      ...given("name", a.name ?? b.name),
      ...given("end", a.end ?? b.end),
      ...mergedMetadata(a, b)
    }
  }
  return undefined
}

const mergedMetadata = (
  a: { readonly metadata?: Metadata | undefined },
  b: { readonly metadata?: Metadata | undefined }
) => given("metadata", mergeMetadata(a.metadata, b.metadata))
