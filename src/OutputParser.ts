/**
 * Parsers: steps that make something else of what a model says.
 */
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "./AIMessageChunk.ts"
import { streaming } from "./internal/runnable/core.ts"
import type { Runnable } from "./internal/runnable/core.ts"
import { text } from "./internal/runnable/fold.ts"
import type { AIMessage } from "./Message.ts"

/**
 * The text of an answer. It streams a slice for each chunk of the model's, the empty ones too, so that both events tell
 * the same; reasoning and tool calls are left out.
 *
 * **Example** (Text out of a chain)
 *
 * ```ts
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const answer = Runnable.sequence(ChatModel.runnable, OutputParser.string)
 * ```
 */
export const string: Runnable<AIMessage, string, never, never, string, AIMessageChunk> = streaming({
  type: "parser",
  name: "StrOutputParser",
  folder: text,
  run: (message: AIMessage) => Stream.sync(() => message.content),
  over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => Stream.map(chunks, (chunk) => chunk.content)
})
