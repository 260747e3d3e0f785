/**
 * The elements of a model's stream, and how they fold to a message.
 *
 * **When to use**
 *
 * Use {@link toMessage} or {@link accumulator} to fold many chunks: their cost is linear. Use {@link concat} to join
 * two.
 *
 * **Details**
 *
 * `content` is the text of a chunk, for display; `parts` is everything that arrived, text included. Chunks form a
 * monoid with {@link concat} and {@link empty}. The chunks of a stream always fold to the same message, however the
 * bytes were split.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import { Accumulator as AccumulatorImpl } from "./internal/message/accumulator.ts"
import type { AIMessageChunk } from "./internal/message/chunk.ts"
import type { AIMessage, PartialAIMessage } from "./Message.ts"

export {
  AIMessageChunk,
  CitationDelta,
  concat,
  Delta,
  empty,
  FileDelta,
  ReasoningDelta,
  RefusalDelta,
  ServerToolCallDelta,
  ServerToolResultDelta,
  text,
  TextDelta,
  ToolCallDelta,
  UnknownDelta
} from "./internal/message/chunk.ts"

/**
 * Folds chunks to a message: an {@link AIMessage} if one of them carries `finish`, otherwise a
 * {@link PartialAIMessage}. Linear in the number of chunks.
 *
 * **Example** (A message without its end)
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

/** Folds the chunks of one message while they arrive; see {@link accumulator}. */
export interface Accumulator {
  /** Adds the next chunk. Takes amortised constant time. */
  readonly add: (chunk: AIMessageChunk) => void
  /** The message so far. Linear in the size of the message. */
  readonly partial: () => PartialAIMessage
  /** The complete message, or `undefined` while no chunk has carried `finish`. */
  readonly message: () => AIMessage | undefined
}

/**
 * Makes a mutable {@link Accumulator} for one message.
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
