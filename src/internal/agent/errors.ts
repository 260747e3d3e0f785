/**
 * The errors of an agent, which carry the conversation so far. `Agent` re-exports them. The conversation is behind a
 * private field, so that it is not encoded, logged or sent in events.
 */
import * as Data from "effect/Data"
import { ChatModelError } from "../../ChatModelError.ts"
import { optional } from "../optional.ts"
import type { Conversation } from "./conversation.ts"

/**
 * The failure of an agent's model: a {@link ChatModelError} with the same tag and fields, and the conversation so far.
 *
 * **Details**
 *
 * The conversation is not encoded, logged or sent in events.
 *
 * **Example** (Continuing after a failure)
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

  constructor(error: ChatModelError, conversation: () => Conversation) {
    const { attempts, cause, metadata, model, partial, provider, reason } = error
    super({ metadata, model, provider, reason, attempts })
    // Assigned, as the constructor would check it: what an adapter gave may be no JSON, and the reason must be told.
    Object.assign(this, optional("partial", partial), optional("cause", cause))
    this.#conversation = conversation
  }

  /** The conversation before the request that failed. The part of the answer that had arrived is in `partial`. */
  get conversation(): Conversation {
    return this.#conversation()
  }
}

/**
 * The defect of a tool that threw, or gave a result that is no JSON. The run of the agent dies with it, unless
 * `onToolDefect` is `tell`.
 *
 * **Details**
 *
 * `cause` is what the tool died with. The results of the step's other calls that had ended are in `conversation`: an
 * agent that gets its messages as input runs only the remaining calls. The conversation is not encoded, logged or sent
 * in events.
 *
 * **Example** (Keeping the conversation)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Agent } from "rivulet"
 *
 * const agent = Agent.make({ tools: [] })
 * const messages = agent.invoke("Hi").pipe(
 *   Effect.map((result) => result.messages),
 *   Effect.catchDefect((defect) =>
 *     defect instanceof Agent.AgentToolDefect ? Effect.succeed(defect.conversation.messages) : Effect.die(defect)
 *   )
 * )
 * ```
 */
export class AgentToolDefect extends Error {
  override readonly name = "AgentToolDefect"
  /** The name of the tool. */
  readonly tool: string
  /** The id of the call. */
  readonly toolCallId: string
  readonly #conversation: () => Conversation

  constructor(
    { cause, tool, toolCallId }: { readonly tool: string; readonly toolCallId: string; readonly cause: unknown },
    conversation: () => Conversation
  ) {
    super(toolFailure(tool, cause), { cause })
    this.tool = tool
    this.toolCallId = toolCallId
    this.#conversation = conversation
  }

  /** The conversation so far, with the results of the calls that had ended. */
  get conversation(): Conversation {
    return this.#conversation()
  }
}

/** The sentence for the failure of a tool. */
export const toolFailure = (tool: string, reason: unknown): string =>
  `The tool ${tool} failed: ${reason instanceof Error ? reason.message : String(reason)}`

/**
 * The failure of a tool's handler that the model is not told, because the tool has no schema for it.
 *
 * **Details**
 *
 * `reason` is the handler's failure. The results of the step's other calls that had ended are in `conversation`: an
 * agent that gets its messages as input runs only the remaining calls. The conversation is not encoded, logged or sent
 * in events.
 *
 * **Example** (Handling a failure by its tag)
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
  /** The name of the tool. */
  readonly tool: string
  /** The id of the call. */
  readonly toolCallId: string
  /** The failure of the handler. */
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
    return toolFailure(this.tool, this.reason)
  }

  /** The conversation so far, with the results of the calls that had ended. */
  get conversation(): Conversation {
    return this.#conversation()
  }
}
