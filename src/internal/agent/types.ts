import type * as Effect from "effect/Effect"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions, ProviderTool } from "../../CallOptions.ts"
import type { AIMessage, InvalidToolCall, SystemMessage, ToolCall, ToolMessage } from "../../Message.ts"
import type { Any } from "../tools/any.ts"
import type { Conversation, Step } from "./conversation.ts"

// -----------------------------------------------------------------------------
// what it puts out
// -----------------------------------------------------------------------------

/** A tool that streams has given a value on the way to its result. */
export type ToolProgressChunk<T = Any> = T extends Any<infer A> ? {
    readonly _tag: "ToolProgressChunk"
    /** No text of the answer. */
    readonly content: ""
    readonly name: T["name"]
    readonly toolCallId: string
    readonly value: A
  }
  : never

/** A call has its result. */
export type ToolResultChunk<T = Any> = T extends Any<infer A> ? {
    readonly _tag: "ToolResultChunk"
    readonly content: ""
    readonly isError: false
    readonly name: T["name"]
    readonly toolCallId: string
    readonly value: A
    /** What the model is told. */
    readonly message: ToolMessage
  }
  : never

/** A call has no result: it could not be run, was denied, or has failed with something the model is told. */
export interface ToolErrorChunk {
  readonly _tag: "ToolResultChunk"
  readonly content: ""
  readonly isError: true
  /** As the model called it; there may be no such tool. */
  readonly name: string
  readonly toolCallId: string
  readonly message: ToolMessage
}

/** The last chunk of a run. */
export interface AgentEndChunk {
  readonly _tag: "AgentEndChunk"
  readonly content: ""
  readonly result: AgentResult
}

/**
 * What an agent streams: the chunks of the model's answers, one answer after the other, each ended by its `finish`;
 * what comes of the calls, between the answers; and at last the result. All have `content`: the text to be shown, which
 * only the model's have.
 */
export type Chunk<T = Any> =
  | AIMessageChunk
  | ToolProgressChunk<T>
  | ToolResultChunk<T>
  | ToolErrorChunk
  | AgentEndChunk

/**
 * Why a run is over:
 *
 * - `stop`, `length`, `refusal`, `content_filter`, `other`: the model's last answer ended so and asks for nothing more
 * - `max_steps`: as many answers as are allowed, and the model would go on
 * - `stop_when`: a condition of the agent's held
 * - `approval`: the calls in `pending` wait to be approved
 */
export type AgentFinish =
  | "stop"
  | "length"
  | "refusal"
  | "content_filter"
  | "other"
  | "max_steps"
  | "stop_when"
  | "approval"

/** What a run came to. In its `messages` every call has its result, but for those in `pending`. */
export interface AgentResult extends Conversation {
  /** The last answer. */
  readonly message: AIMessage
  /** The text of the last answer. */
  readonly content: string
  readonly finish: AgentFinish
  /** The calls that were not run: those that wait for approval, or those of an answer that was cut off. */
  readonly pending: ReadonlyArray<ToolCall | InvalidToolCall>
}

// -----------------------------------------------------------------------------
// how it is made
// -----------------------------------------------------------------------------

/**
 * What is to become of a call: it is run; it is not, and the model is told why; or the run ends here, to be continued
 * from its messages when it is known.
 */
export type Decision = "approve" | { readonly deny: string } | "suspend"

/** Whether something is so, or an effect that finds it out. */
export type Answer = boolean | Effect.Effect<boolean, unknown, unknown>

/** What an agent is made of, and the options of each of its requests. */
export interface Options<Tools, Decided, Asked, RO> extends Omit<CallOptions, "tools"> {
  /** What the model may call: tools that are run here, and such as the provider runs. */
  readonly tools: Tools
  /** In the events; `Agent` by default. */
  readonly name?: string | undefined
  /** Instructions for the model, in front of every request. They are not part of the conversation. */
  readonly system?: SystemMessage["content"] | undefined
  /**
   * The most requests of one run; 20 by default. The calls of the last answer are still run; if the model would go on
   * then, the run ends with `max_steps`.
   */
  readonly maxSteps?: number | undefined
  /** Asked when a step is done, with its results, and the model would go on. If it holds, the run ends with `stop_when`. */
  readonly stopWhen?: ((run: Conversation) => Asked) | undefined
  /** How many tools of one step may run at once; 8 by default. Calls that wait for approval do not count. */
  readonly concurrency?: number | undefined
  /**
   * Decides about each call that could be run, all of a step at once; `run` is how far it had come when the step's calls
   * began. It may take its time; to end the run meanwhile it says `suspend`. Every call is approved by default.
   */
  readonly approve?: ((call: ToolCall, run: Conversation) => Decided) | undefined
  /**
   * Told of each step when it is done, and awaited. Nothing it does reaches the run: if it fails, that is logged as a
   * warning.
   */
  readonly onStep?: ((step: Step, run: Conversation) => Effect.Effect<unknown, unknown, RO>) | undefined
}

/** What an agent may call. */
export type AnyTool = Any | ProviderTool

/** Any options, once their types do not matter any more. */
export type AnyOptions = Options<
  ReadonlyArray<AnyTool>,
  Decision | Effect.Effect<Decision, unknown, unknown>,
  Answer,
  unknown
>
