/**
 * Agents: a model and tools in turn, until the model asks for nothing more.
 *
 * An agent is a step of chains like any other. It streams the answers of the model and what comes of the calls as one
 * stream, and all of a run is one tree of events: the agent, in it the requests and the runs of the tools. Leaving the
 * stream closes the model's connection and stops the tools; a slow consumer slows both.
 *
 * What a model gets wrong is told to the model: a tool that does not exist, arguments that do not fit, failures of which
 * the tool has a schema. Any other failure ends the run, typed, with the conversation so far.
 *
 * A run that was ended or has failed goes on when the agent is given its messages: calls at their end that have no
 * result are run first. So it can wait for an approval as long as it takes, and go on in another process.
 */
import type * as Effect from "effect/Effect"
import { callsOf } from "./internal/agent/conversation.ts"
import type { Conversation } from "./internal/agent/conversation.ts"
import type { AgentModelError, AgentToolError } from "./internal/agent/errors.ts"
import { agentFold } from "./internal/agent/fold.ts"
import { loop } from "./internal/agent/loop.ts"
import type { AgentResult, Answer, AnyOptions, AnyTool, Chunk, Decision, Options } from "./internal/agent/types.ts"
import type { ChatInput } from "./internal/model/request.ts"
import type { ChatModel } from "./internal/model/service.ts"
import { barrier } from "./internal/runnable/make.ts"
import type { Runnable } from "./internal/step/types.ts"
import type { Any } from "./internal/tools/any.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

export type { Call, Conversation, Step } from "./internal/agent/conversation.ts"
export { AgentModelError, AgentToolError } from "./internal/agent/errors.ts"
export type {
  AgentEndChunk,
  AgentFinish,
  AgentResult,
  Answer,
  AnyTool,
  Chunk,
  Decision,
  Options,
  ToolErrorChunk,
  ToolProgressChunk,
  ToolResultChunk
} from "./internal/agent/types.ts"

/** An agent: from a question or a conversation to its {@link AgentResult}. `T` are its tools. */
export interface Agent<T, E, R> extends Runnable<ChatInput, AgentResult, E, R, Chunk<T>> {}

// How tools can fail and what they need.
type ToolErrorOf<T> = T extends Any<unknown, infer E> ? [E] extends [never] ? never : AgentToolError<E> : never
type ToolServicesOf<T> = T extends Any<unknown, unknown, infer R> ? R : never

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Makes an agent. The model is the context's, so another one is provided as `ChatModel`; what the tools need adds up in
 * the type.
 *
 * **Example** (Asking about the weather)
 *
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import { Agent, Tool } from "rivulet"
 *
 * const weather = Tool.make("get_weather", {
 *   description: "The temperature in a city, in degrees Celsius",
 *   parameters: Schema.Struct({ city: Schema.String }),
 *   success: Schema.Number,
 *   handler: ({ city }) => Effect.succeed(city.length)
 * })
 * const agent = Agent.make({ tools: [weather], system: "Answer in one sentence.", maxSteps: 4 })
 *
 * const print = agent.stream("How warm is it in Paris?").pipe(
 *   Stream.runForEach((chunk) => Effect.sync(() => process.stdout.write(chunk.content)))
 * )
 * const tokens = Effect.map(agent.invoke("And in Rome?"), ({ usage }) => usage?.totalTokens)
 * ```
 *
 * **Example** (Asking a person first, who may take a day)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Agent, Message, Tool } from "rivulet"
 *
 * declare const answers: Map<string, "yes" | "no">
 * const pay = Tool.make("pay", {
 *   parameters: Schema.Struct({ euros: Schema.Number }),
 *   handler: ({ euros }) => Effect.log(`${euros} are paid`)
 * })
 * const agent = Agent.make({
 *   tools: [pay],
 *   approve: (call) => {
 *     const answer = answers.get(call.id)
 *     return answer === undefined ? "suspend" : answer === "yes" ? "approve" : { deny: "The user said no." }
 *   }
 * })
 * const Saved = Schema.fromJsonString(Schema.Array(Message.Message))
 *
 * const begin = Effect.flatMap(agent.invoke("Pay the bill of 20 euros"), ({ finish, messages }) =>
 *   finish === "approval" ? Schema.encodeEffect(Saved)(messages) : Effect.succeed(undefined))
 * const goOn = (saved: string) => Effect.flatMap(Schema.decodeEffect(Saved)(saved), agent.invoke)
 * ```
 */
export const make = <
  const Tools extends ReadonlyArray<AnyTool>,
  const Decided extends Decision | Effect.Effect<Decision, unknown, unknown> = never,
  const Asked extends Answer = never,
  RO = never
>(
  options: Options<Tools, Decided, Asked, RO>
): Agent<
  Extract<Tools[number], Any>,
  | AgentModelError
  | ToolErrorOf<Tools[number]>
  | Effect.Error<Extract<Decided | Asked, Effect.Effect<unknown, unknown, unknown>>>,
  | ChatModel
  | ToolServicesOf<Tools[number]>
  | Effect.Services<Extract<Decided | Asked, Effect.Effect<unknown, unknown, unknown>>>
  | RO
> =>
  barrier({
    type: "chain",
    name: options.name ?? "Agent",
    fold: agentFold,
    run: (input: ChatInput) => loop(options as AnyOptions, input)
  }) as Runnable<ChatInput, AgentResult, never, never, never>

// -----------------------------------------------------------------------------
// conditions
// -----------------------------------------------------------------------------

/**
 * Whether the last answer has called a tool of one of these names, for `stopWhen`. The calls have their results by then.
 *
 * **Example** (A tool to end with, and an end in any case)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Agent, Tool } from "rivulet"
 *
 * const done = Tool.make("done", { parameters: Schema.Struct({ answer: Schema.String }), handler: () => Effect.void })
 * const agent = Agent.make({ tools: [done], toolChoice: "required", stopWhen: Agent.hasToolCall("done") })
 * const cheap = Agent.make({ tools: [done], stopWhen: ({ usage }) => (usage?.totalTokens ?? 0) > 10_000 })
 * ```
 */
export const hasToolCall = (...names: ReadonlyArray<string>) => ({ steps }: Conversation): boolean => {
  const last = steps.at(-1)
  return last !== undefined && callsOf(last.message).some((call) => names.includes(call.name))
}
