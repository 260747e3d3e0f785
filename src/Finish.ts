/**
 * The reason a message ended.
 *
 * Exactly one chunk of a successful stream carries a `Finish`, and it is the last one.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import * as Schema from "effect/Schema"

/**
 * The reasons for which a message ends, for every provider.
 *
 * - `stop`: the model finished, or reached a stop sequence
 * - `length`: a token limit cut the message off
 * - `tool_calls`: the model waits for the results of its tool calls
 * - `content_filter`: the provider withheld the rest of the message
 * - `refusal`: the model declined to answer
 * - `pause`: the provider paused a long turn; send the message back to continue
 * - `other`: a reason that this version does not know; see `raw`
 *
 * **Example** (Notes for a user)
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

/** One of the reasons for which a message ends. */
export type Reason = typeof Reason.Type

/**
 * The schema of the finish of a message.
 *
 * **Example** (A model that finished)
 *
 * ```ts
 * import { Finish } from "rivulet"
 *
 * const finish: Finish.Finish = { reason: "stop", raw: "end_turn" }
 * ```
 */
export const Finish = Schema.Struct({
  /** The reason, in Rivulet's terms. */
  reason: Reason,
  /** The reason in the provider's own terms, `""` if it gave none. */
  raw: Schema.String
})

/** The reason a message ended, in Rivulet's terms and in the provider's. */
export interface Finish extends Schema.Schema.Type<typeof Finish> {}
