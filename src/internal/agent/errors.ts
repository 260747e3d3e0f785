import * as Data from "effect/Data"
import { ChatModelError } from "../../ChatModelError.ts"
import type { Conversation } from "./conversation.ts"

/**
 * The failure of an agent's model: the {@link ChatModelError} it failed with, by the same tag, with the conversation so
 * far. It is not part of what is encoded, logged or told in events.
 *
 * **Example** (Going on later)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Agent } from "rivulet"
 *
 * const agent = Agent.make({ tools: [] })
 * const answer = agent.invoke("Hi").pipe(
 *   Effect.catchTag("ChatModelError", (error) => agent.invoke(error.conversation.messages))
 * )
 * ```
 */
export class AgentModelError extends ChatModelError {
  readonly #conversation: () => Conversation

  constructor({ metadata, model, partial, provider, reason }: ChatModelError, conversation: () => Conversation) {
    super({ metadata, model, partial, provider, reason })
    this.#conversation = conversation
  }

  /** What came before the request that failed. What had arrived of its answer is in `partial`. */
  get conversation(): Conversation {
    return this.#conversation()
  }
}

/**
 * A handler has failed with something the model is not told of: `reason`, in the call `toolCallId` of the `tool`.
 * The results of the other calls that were done are in the `conversation`; an agent that is given its messages runs only
 * the others again. The conversation is not part of what is encoded, logged or told in events.
 *
 * **Example** (By the reason)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Agent, Tool } from "rivulet"
 *
 * class SignedOut extends Schema.TaggedError<SignedOut>()("SignedOut", {}) {}
 *
 * const mail = Tool.make("read_mail", { success: Schema.String, handler: () => Effect.fail(new SignedOut()) })
 * const answer = Agent.make({ tools: [mail] }).invoke("Any mail?").pipe(
 *   Effect.map(({ content }) => content),
 *   Effect.catchReason("AgentToolError", "SignedOut", () => Effect.succeed("Sign in first"))
 * )
 * ```
 */
export class AgentToolError<out E> extends Data.TaggedError("AgentToolError")<{
  readonly tool: string
  readonly toolCallId: string
  readonly reason: unknown
}> {
  declare readonly reason: E
  readonly #conversation: () => Conversation

  constructor(
    failed: { readonly tool: string; readonly toolCallId: string; readonly reason: E },
    conversation: () => Conversation
  ) {
    super(failed)
    this.#conversation = conversation
  }

  override get message(): string {
    const { reason, tool } = this
    return `The tool ${tool} has failed: ${reason instanceof Error ? reason.message : String(reason)}`
  }

  get conversation(): Conversation {
    return this.#conversation()
  }
}
