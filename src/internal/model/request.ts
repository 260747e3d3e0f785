import type { CallOptions } from "../../CallOptions.ts"
import type { Message, PromptValue } from "../../Message.ts"

/** A message in short: who speaks, and the text. */
export type MessageTuple = readonly [role: "system" | "human" | "ai", content: string]

/** What a chat model can be asked: a text (a human message), a message, a conversation, or a filled-in prompt. */
export type ChatInput = string | Message | PromptValue | ReadonlyArray<Message | MessageTuple>

/** What an adapter gets: checked input, and the options of the model and of the call in one. */
export interface ChatRequest {
  readonly messages: ReadonlyArray<Message>
  readonly options: CallOptions
  /** For adapters that speak to a network: tells the watchdog what the chunks do not show. */
  readonly lifeline: Lifeline
}

/** Tells the time limits how far a call is. `connected` and `alive` may be called as often as one likes; they cost a clock reading. */
export interface Lifeline {
  /** The response's headers have arrived. Without it `connect` and `firstChunk` are one phase. */
  readonly connected: () => void
  /** Something arrived that is no chunk, such as a ping. */
  readonly alive: () => void
  /**
   * Says how a wait for the network is ended from outside: `abort` makes it fail, or end, at once. What says so is read
   * without a fiber of its own: from the first chunk on if it does so before it gives its stream, else from the next.
   * It must still end when its scope closes.
   */
  readonly endWaitBy: (abort: () => void) => void
}
