/**
 * The public types of agents: chunks, results and options. `Agent` re-exports them; `Tool` reads chunks. Types only: it
 * must import no value.
 */
import type * as Effect from "effect/Effect"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions, ProviderTool } from "../../CallOptions.ts"
import type { AIMessage, InvalidToolCall, SystemMessage, ToolCall, ToolMessage } from "../../Message.ts"
import type { Any } from "../tools/any.ts"
import type { Conversation, Step } from "./conversation.ts"

// -----------------------------------------------------------------------------
// chunks and results
// -----------------------------------------------------------------------------

/** The chunk of a value that a streaming tool emits on the way to its result. */
export type ToolProgressChunk<T = Any> = T extends Any<infer A> ? {
    readonly _tag: "ToolProgressChunk"
    /** Always `""`: the chunk has no text of an answer. */
    readonly content: ""
    /** The name of the tool. */
    readonly name: T["name"]
    /** The id of the call. */
    readonly toolCallId: string
    /** The value that the tool emitted. */
    readonly value: A
  }
  : never

/** The chunk of a call that succeeded. */
export type ToolResultChunk<T = Any> = T extends Any<infer A> ? {
    readonly _tag: "ToolResultChunk"
    /** Always `""`: the chunk has no text of an answer. */
    readonly content: ""
    /** Always `false`; distinguishes the chunk from a {@link ToolErrorChunk}. */
    readonly isError: false
    /** The name of the tool. */
    readonly name: T["name"]
    /** The id of the call. */
    readonly toolCallId: string
    /** The result of the tool. */
    readonly value: A
    /** The message with which the model gets the result. */
    readonly message: ToolMessage
  }
  : never

/**
 * The chunk of a call without a result: it could not be run, was denied, or failed with a failure the model is told.
 */
export interface ToolErrorChunk {
  readonly _tag: "ToolResultChunk"
  /** Always `""`: the chunk has no text of an answer. */
  readonly content: ""
  /** Always `true`; distinguishes the chunk from a {@link ToolResultChunk}. */
  readonly isError: true
  /** The name as the model wrote it. There may be no such tool. */
  readonly name: string
  /** The id of the call. */
  readonly toolCallId: string
  /** The message with which the model gets the error. */
  readonly message: ToolMessage
}

/** The last chunk of a run. */
export interface AgentEndChunk {
  readonly _tag: "AgentEndChunk"
  /** Always `""`: the chunk has no text of an answer. */
  readonly content: ""
  /** The result of the run. */
  readonly result: AgentResult
}

/**
 * An element of an agent's stream.
 *
 * **Details**
 *
 * The chunks of the model's answers come one answer after the other, each ended by its `finish`. The progress and the
 * results of tools come between the answers, and the result of the run comes last. Every chunk has `content`, the text
 * to display, which is `""` in all chunks but the model's.
 */
export type Chunk<T = Any> =
  | AIMessageChunk
  | ToolProgressChunk<T>
  | ToolResultChunk<T>
  | ToolErrorChunk
  | AgentEndChunk

/**
 * The reason a run ended.
 *
 * - `stop`, `length`, `refusal`, `content_filter`, `other`: the finish of the model's last answer, which has no calls
 *   to run
 * - `max_steps`: the limit of requests was reached
 * - `stop_when`: the condition `stopWhen` held
 * - `approval`: the calls in `pending` wait for approval
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

/** The result of a run. In `messages` every call has a result, except those in `pending`. */
export interface AgentResult extends Conversation {
  /** The last answer. */
  readonly message: AIMessage
  /** The text of the last answer. */
  readonly content: string
  /** The reason the run ended. */
  readonly finish: AgentFinish
  /** The calls that were not run, because they wait for approval or their answer was cut off. */
  readonly pending: ReadonlyArray<ToolCall | InvalidToolCall>
}

// -----------------------------------------------------------------------------
// options
// -----------------------------------------------------------------------------

/**
 * The decision about a call.
 *
 * - `approve`: the call is run
 * - `deny`: the call is not run, and the model is told the reason
 * - `suspend`: the run ends with the finish `approval`; it continues when the agent gets its messages as input
 */
export type Decision = "approve" | {
  /** The reason, for the model. */
  readonly deny: string
} | "suspend"

/** The return type of `stopWhen`: whether the run ends, or an effect of it. */
export type StopDecision = boolean | Effect.Effect<boolean, unknown, unknown>

/** The options of an agent, together with the options of each of its requests. */
export interface Options<Tools, Decided, Stop, RO> extends Omit<CallOptions, "tools" | "toolChoice"> {
  /** The tools that the model may call: those that are run here, and those that the provider runs. */
  readonly tools: Tools
  /**
   * Whether the model must call a tool, and which. It may be forced in the first step of a run only: with the results of
   * its calls the model is free to answer. Defaults to that of the model's options, for which the same holds, and then
   * to `auto`.
   */
  readonly toolChoice?: CallOptions["toolChoice"]
  /** The name of the agent in events. Defaults to `Agent`. */
  readonly name?: string | undefined
  /** Instructions for the model, sent before the messages of every request. They are not part of the conversation. */
  readonly system?: SystemMessage["content"] | undefined
  /**
   * The most requests of one run. Defaults to 20. The calls of the last answer are still run; if the model would be
   * asked again, the run ends with `max_steps`.
   */
  readonly maxSteps?: number | undefined
  /**
   * Decides, after the results of a step and before the next request, whether the run ends with `stop_when`. Defaults
   * to never.
   */
  readonly stopWhen?: ((run: Conversation) => Stop) | undefined
  /** The most tools of one step that run at once. Defaults to 8. Calls that wait for approval do not count. */
  readonly concurrency?: number | undefined
  /**
   * Decides about each call with readable arguments. Defaults to approving all. It is called for all calls of a step at
   * once, with the conversation from before the step's calls. It may wait; to end the run meanwhile it returns
   * `suspend`.
   */
  // What is not inferred from shows the compiler the literals of decisions, so that it keeps them within effects.
  readonly approve?:
    | ((
      call: ToolCall,
      run: Conversation
    ) => Decided | NoInfer<Decision | Effect.Effect<Decision, unknown, unknown>>)
    | undefined
  /**
   * What happens when a tool throws, or gives a result that is no JSON. With `die`, the default, the run dies with an
   * `AgentToolDefect`. With `tell` the model is told the message of the error, which is logged as a warning.
   */
  readonly onToolDefect?: "die" | "tell" | undefined
  /** Runs after each step; the run waits for it. A failure is logged as a warning and does not affect the run. */
  readonly onStep?: ((step: Step, run: Conversation) => Effect.Effect<unknown, unknown, RO>) | undefined
}

/** A tool that an agent's model may call. */
export type AnyTool = Any | ProviderTool

/** Options of which the type parameters do not matter. */
export type AnyOptions = Options<
  ReadonlyArray<AnyTool>,
  Decision | Effect.Effect<Decision, unknown, unknown>,
  StopDecision,
  unknown
>
