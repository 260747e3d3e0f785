/**
 * The input of a chat model, and the request that an adapter gets. Types only.
 */
import type { CallOptions } from "../../CallOptions.ts"
import type { Message, PromptValue } from "../../Message.ts"

/** A message in short form: the role and the text. */
export type MessageTuple = readonly [role: "system" | "human" | "ai", content: string]

/** The input of a chat model: a text (a human message), a message, a conversation, or a formatted prompt. */
export type ChatInput = string | Message | PromptValue | ReadonlyArray<Message | MessageTuple>

/** The request that an adapter gets. */
export interface ChatRequest {
  /** The conversation, checked. */
  readonly messages: ReadonlyArray<Message>
  /** The options of the call merged over those of the model. */
  readonly options: CallOptions
  /** For adapters that use a network: reports progress that the chunks do not show, so that the time limits hold. */
  readonly connection: ConnectionMonitor
}

/** Reports the state of a connection to the time limits of a call. Each method costs one reading of the clock. */
export interface ConnectionMonitor {
  /** The response headers have arrived. Without this call `connect` and `firstChunk` are one phase. */
  readonly connected: () => void
  /** Something arrived that is not a chunk, such as a ping. */
  readonly activity: () => void
  /**
   * Registers the function that ends a pending read: the read must then fail or end at once. Call it before the stream
   * is returned, and reads need no fiber of their own from the first chunk on. The read must also end when its scope
   * closes.
   */
  readonly onAbort: (abort: () => void) => void
}
