/**
 * Why a message is over.
 *
 * Exactly one chunk of a successful stream carries a `Finish`, and it is the last one.
 */
import * as Schema from "effect/Schema"

/**
 * The reasons a message can end for, whatever the provider:
 *
 * - `stop`: the model was done, or met a stop sequence
 * - `length`: a token limit cut it off
 * - `tool_calls`: it waits for the results of the tools it called
 * - `content_filter`: the provider withheld the rest
 * - `refusal`: the model declined
 * - `pause`: the provider paused a long turn; send the message back to go on
 * - `other`: a word this version does not know; see `raw`
 *
 * **Example** (What to tell a user)
 *
 * ```ts
 * import { Finish, Message } from "rivulet"
 *
 * const notes: Partial<Record<Finish.Reason, string>> = { length: "It was cut off", refusal: "The model declined" }
 * const noteOn = (answer: Message.AIMessage) => notes[answer.finish.reason]
 * ```
 */
export const Reason = Schema.Literals([
  "stop",
  "length",
  "tool_calls",
  "content_filter",
  "refusal",
  "pause",
  "other"
])

/** One of the reasons a message can end for. */
export type Reason = typeof Reason.Type

/**
 * The schema of {@link Finish}.
 *
 * **Example** (A model that stopped by itself)
 *
 * ```ts
 * import { Finish } from "rivulet"
 *
 * const finish: Finish.Finish = { reason: "stop", raw: "end_turn" }
 * ```
 */
export const Finish = Schema.Struct({
  reason: Reason,
  /** The provider's own word, `""` when it gave none. */
  raw: Schema.String
})

/** The reason a message ended, in Rivulet's words and in the provider's. */
export interface Finish extends Schema.Schema.Type<typeof Finish> {}
