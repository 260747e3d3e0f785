/**
 * The chunks and the result of agents: their schemas and types. `Agent` re-exports them; `Tool` reads chunks. It must
 * import no module that runs agents.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import { AIMessageChunk } from "../../AIMessageChunk.ts"
import { AIMessage, InvalidToolCall, ToolCall, ToolMessage } from "../../Message.ts"
import { jsonReplacer } from "../json/replacer.ts"
import type { Any } from "../tools/any.ts"
import { Conversation } from "./conversation.ts"

// -----------------------------------------------------------------------------
// results
// -----------------------------------------------------------------------------

/**
 * The reason a run ended.
 *
 * - `stop`, `length`, `refusal`, `content_filter`, `other`: the finish of the model's last answer, which has no calls
 *   to run
 * - `max_steps`: the limit of requests was reached
 * - `stop_when`: the condition `stopWhen` held
 * - `approval`: the calls in `pending` wait for approval
 */
export const AgentFinish = Schema.Literals([
  "stop",
  "length",
  "refusal",
  "content_filter",
  "other",
  "max_steps",
  "stop_when",
  "approval"
])

/** The reason a run ended. */
export type AgentFinish = typeof AgentFinish.Type

/** The result of a run. In `messages` every call has a result, except those in `pending`. */
export const AgentResult = Schema.Struct({
  ...Conversation.fields,
  /** The last answer. */
  message: AIMessage,
  /** The text of the last answer. */
  content: Schema.String,
  /** The reason the run ended. */
  finish: AgentFinish,
  /** The calls that were not run, because they wait for approval or their answer was cut off. */
  pending: Schema.Array(Schema.Union([ToolCall, InvalidToolCall]))
})

/** The result of a run. In `messages` every call has a result, except those in `pending`. */
export interface AgentResult extends Schema.Schema.Type<typeof AgentResult> {}

// -----------------------------------------------------------------------------
// chunks
// -----------------------------------------------------------------------------

/** Encodes the value of a tool, which may be any value. `undefined` is the value of a tool without a result. */
const encodeValue = (
  value: Option.Option<unknown>,
  options: SchemaAST.ParseOptions
): Effect.Effect<Option.Option<Schema.Json>, SchemaIssue.Issue> => {
  if (Option.isNone(value) || value.value === undefined) return Effect.succeedNone
  return Effect.try({
    // It throws at what has no JSON, such as a function.
    try: () => Option.some(JSON.parse(JSON.stringify(value.value, jsonReplacer)) as Schema.Json),
    catch: () => new SchemaIssue.InvalidValue({ message: "The value has no JSON" }, value.value, options)
  })
}

const Value = Schema.optionalKey(Schema.Json).pipe(
  Schema.decodeTo(Schema.Unknown, {
    decode: SchemaGetter.transformOptional((value) => Option.orElseSome(value, () => undefined)),
    encode: SchemaGetter.transformOptionalEffect(encodeValue)
  })
)

const callFields = {
  /** Always `""`: the chunk has no text of an answer. */
  content: Schema.Literal(""),
  /** The name of the tool. */
  name: Schema.String,
  /** The id of the call. */
  toolCallId: Schema.String
}

/** The chunk of a value that a streaming tool emits on the way to its result. */
export const ToolProgressChunk = Schema.TaggedStruct("ToolProgressChunk", {
  ...callFields,
  /** The value that the tool emitted. */
  value: Value
})

/** The chunk of a value that a streaming tool emits on the way to its result. */
export type ToolProgressChunk<T = Any> = T extends Any<infer A> ? {
    readonly _tag: "ToolProgressChunk"
    /** Always `""`: the chunk has no text of an answer. */
    readonly content: ""
    /** The name of the tool. */
    readonly name: T["name"]
    /** The id of the call. */
    readonly toolCallId: string
    /** The value that the tool emitted. */
    readonly value: A
  }
  : never

/** The chunk of a call that succeeded. */
export const ToolResultChunk = Schema.TaggedStruct("ToolResultChunk", {
  ...callFields,
  /** Always `false`; distinguishes the chunk from a {@link ToolErrorChunk}. */
  isError: Schema.Literal(false),
  /** The result of the tool. */
  value: Value,
  /** The message with which the model gets the result. */
  message: ToolMessage
})

/** The chunk of a call that succeeded. */
export type ToolResultChunk<T = Any> = T extends Any<infer A> ? {
    readonly _tag: "ToolResultChunk"
    /** Always `""`: the chunk has no text of an answer. */
    readonly content: ""
    /** Always `false`; distinguishes the chunk from a {@link ToolErrorChunk}. */
    readonly isError: false
    /** The name of the tool. */
    readonly name: T["name"]
    /** The id of the call. */
    readonly toolCallId: string
    /** The result of the tool. */
    readonly value: A
    /** The message with which the model gets the result. */
    readonly message: ToolMessage
  }
  : never

/**
 * The chunk of a call without a result: it could not be run, was denied, or failed with a failure the model is told.
 */
export const ToolErrorChunk = Schema.TaggedStruct("ToolResultChunk", {
  ...callFields,
  /** The name as the model wrote it. There may be no such tool. */
  name: Schema.String,
  /** Always `true`; distinguishes the chunk from a {@link ToolResultChunk}. */
  isError: Schema.Literal(true),
  /** The message with which the model gets the error. */
  message: ToolMessage
})

/**
 * The chunk of a call without a result: it could not be run, was denied, or failed with a failure the model is told.
 */
export interface ToolErrorChunk extends Schema.Schema.Type<typeof ToolErrorChunk> {}

/** The last chunk of a run. */
export const AgentEndChunk = Schema.TaggedStruct("AgentEndChunk", {
  /** Always `""`: the chunk has no text of an answer. */
  content: Schema.Literal(""),
  /** The result of the run. */
  result: AgentResult
})

/** The last chunk of a run. */
export interface AgentEndChunk extends Schema.Schema.Type<typeof AgentEndChunk> {}

/**
 * The schema of the elements of an agent's stream. The encoded form is JSON.
 *
 * **Details**
 *
 * The value of a tool is encoded as JSON: bytes become base64, big integers become strings, and dates and classes what
 * `JSON.stringify` makes of them. It is decoded as that JSON; `undefined` stays `undefined`.
 *
 * **Example** (A run in another process)
 *
 * ```ts
 * import { Schema, Stream } from "effect"
 * import { Agent } from "rivulet"
 *
 * const Line = Schema.fromJsonString(Schema.toCodecJson(Agent.Chunk))
 * const encode = Schema.encodeEffect(Line)
 * const decode = Schema.decodeEffect(Line)
 *
 * const lines = Agent.make({ tools: [] }).stream("Hi").pipe(Stream.mapEffect((chunk) => encode(chunk)))
 * const chunks = lines.pipe(Stream.mapEffect((line) => decode(line)))
 * ```
 */
export const Chunk = Schema.Union([
  AIMessageChunk,
  ToolProgressChunk,
  ToolResultChunk,
  ToolErrorChunk,
  AgentEndChunk
])

/**
 * An element of an agent's stream.
 *
 * **Details**
 *
 * The chunks of the model's answers come one answer after the other, each ended by its `finish`. The progress and the
 * results of tools come between the answers, and the result of the run comes last. Every chunk has `content`, the text
 * to display, which is `""` in all chunks but the model's.
 */
export type Chunk<T = Any> =
  | AIMessageChunk
  | ToolProgressChunk<T>
  | ToolResultChunk<T>
  | ToolErrorChunk
  | AgentEndChunk
