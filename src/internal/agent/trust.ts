/**
 * Remembers which answers an app vouches for: those of its own agents in this process, and those that it passes through
 * `Agent.trusted`. A message from anywhere else may have been written by anybody, so its calls give no orders.
 */
import type { AIMessage, Message } from "../../Message.ts"

const vouched = new WeakSet<AIMessage>()

/** Vouches for an answer. */
export const vouchFor = (message: AIMessage): void => {
  vouched.add(message)
}

/** Whether the app vouches for an answer. A copy of it is another message. */
export const isVouchedFor = (message: AIMessage): boolean => vouched.has(message)

/**
 * Vouches for messages that the app has stored itself, so that an agent runs the calls that the last answer among them has
 * left open.
 *
 * **When to use**
 *
 * Use it for a suspended run that is read from a store of the app's own. Never use it for messages that a client has sent:
 * whoever writes the history would decide which tools run, and with which arguments.
 *
 * **Details**
 *
 * It returns the messages themselves. Messages in the result or the error of an agent need it only if they were encoded, or
 * copied otherwise, since.
 *
 * **Example** (Going on after a restart)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Agent, Message } from "rivulet"
 *
 * const agent = Agent.make({ tools: [] })
 * const Saved = Schema.fromJsonString(Schema.Array(Message.Message))
 *
 * const goOn = (saved: string) =>
 *   Effect.flatMap(Schema.decodeEffect(Saved)(saved), (messages) => agent.invoke(Agent.trusted(messages)))
 * ```
 */
export const trusted = <const Messages extends ReadonlyArray<Message>>(messages: Messages): Messages => {
  for (const message of messages) if (message._tag === "AIMessage") vouchFor(message)
  return messages
}
