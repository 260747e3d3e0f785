/**
 * The public types of the options of agents. `Agent` re-exports them. Types only: it must import no value.
 */
import type * as Effect from "effect/Effect"
import type { CallOptions, ProviderTool } from "../../CallOptions.ts"
import type { SystemMessage, ToolCall } from "../../Message.ts"
import type { ModelSource } from "../model/runnableOf.ts"
import type { Any } from "../tools/any.ts"
import type { Conversation, Step } from "./conversation.ts"

/**
 * The decision about a call.
 *
 * - `approve`: the call is run
 * - `deny`: the call is not run, and the model is told the reason
 * - `suspend`: the run ends with the finish `approval`; it continues when the agent gets its messages as input, those that
 *   were stored meanwhile through `Agent.trusted`
 */
export type Decision = "approve" | {
  /** The reason, for the model. */
  readonly deny: string
} | "suspend"

/** The return type of `stopWhen`: whether the run ends, or an effect of it. */
export type StopDecision = boolean | Effect.Effect<boolean, unknown, unknown>

/** The model of an agent, the tag of one, or neither. */
export type AnyModel = ModelSource<unknown> | undefined

/**
 * The options of an agent, together with the options of each of its requests. With a `model` among them the agent does not
 * require `ChatModel`.
 */
export interface Options<Tools, Decided, Stop, RO, Model = undefined>
  extends Omit<CallOptions, "tools" | "toolChoice">
{
  /** The model, or the tag of one, which the agent then requires. Defaults to the context's `ChatModel`. */
  readonly model?: Model
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
  // The type in `NoInfer` shows the compiler the literals of decisions, so that it keeps them within effects.
  readonly approve?:
    | ((
      call: ToolCall,
      run: Conversation
    ) => Decided | NoInfer<Decision | Effect.Effect<Decision, unknown, unknown>>)
    | undefined
  /**
   * The reaction to a tool that throws, or whose result is no JSON. With `die`, the default, the run dies with an
   * `AgentToolDefect`. With `tell` the model is told the message of the error, which is logged as a warning.
   */
  readonly onToolDefect?: "die" | "tell" | undefined
  /** Runs after each step; the run waits for it. A failure is logged as a warning and does not affect the run. */
  readonly onStep?: ((step: Step, run: Conversation) => Effect.Effect<unknown, unknown, RO>) | undefined
}

/** A tool that an agent's model may call. */
export type AnyTool = Any | ProviderTool

/** Options whose type parameters do not matter. */
export type AnyOptions = Options<
  ReadonlyArray<AnyTool>,
  Decision | Effect.Effect<Decision, unknown, unknown>,
  StopDecision,
  unknown,
  AnyModel
>
