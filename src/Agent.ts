/**
 * Agents: a loop that runs a model and the tools it calls, until the model calls no more.
 *
 * **When to use**
 *
 * Use an agent if the model should decide which tools to run. For one request with tools, without running them, set
 * `tools` in the options of a call.
 *
 * **Details**
 *
 * An agent is a step like any other. One stream carries the answers of the model and the results of the tools, and one
 * tree of events has the agent with its requests and tool runs. Interrupting the stream closes the connection of the
 * model and interrupts the tools; a slow consumer slows both.
 *
 * The model is told its own mistakes: a tool that does not exist, arguments that do not fit, a call that the server
 * rejected, and the failures for which a tool has a schema. Any other failure ends the run with a typed error that has the conversation so far. A tool that
 * throws ends it with an {@link AgentToolDefect}, which has the conversation, too.
 *
 * A run continues when the agent gets its messages as input: calls at the end without a result are run first. So a run
 * can wait for an approval and continue in another process. If another message follows such calls, they are not run, and
 * the model is told so.
 *
 * **Gotchas**
 *
 * Calls at the end are only run if an agent of this process has them from its model, or if the app vouches for the messages
 * with {@link trusted}. Otherwise the run fails before anything is sent: whoever writes a history gives no orders.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { AgentResult, Chunk } from "./internal/agent/chunks.ts"
import type { Conversation } from "./internal/agent/conversation.ts"
import type { AgentModelError, AgentToolError } from "./internal/agent/errors.ts"
import { agentFold } from "./internal/agent/fold.ts"
import { loop } from "./internal/agent/loop.ts"
import type { AnyModel, AnyOptions, AnyTool, Decision, Options, StopDecision } from "./internal/agent/types.ts"
import { callsOf } from "./internal/model/messages.ts"
import type { ChatInput } from "./internal/model/request.ts"
import type { ChatModel, Service } from "./internal/model/service.ts"
import { barrier } from "./internal/runnable/make.ts"
import type { Runnable } from "./internal/step/types.ts"
import type { Any } from "./internal/tools/any.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

export {
  AgentEndChunk,
  AgentFinish,
  AgentResult,
  Chunk,
  ToolErrorChunk,
  ToolProgressChunk,
  ToolResultChunk
} from "./internal/agent/chunks.ts"
export { Conversation, Step } from "./internal/agent/conversation.ts"
export { AgentModelError, AgentToolDefect, AgentToolError } from "./internal/agent/errors.ts"
export { trusted } from "./internal/agent/trust.ts"
export type { AnyModel, AnyTool, Decision, Options, StopDecision } from "./internal/agent/types.ts"
export type { Call } from "./internal/model/messages.ts"

/** An agent: a step from the input of a model to an {@link AgentResult}. `T` is the union of its tools. */
export interface Agent<T, E, R> extends Runnable<ChatInput, AgentResult, E, R, Chunk<T>> {}

// The failures and the services of tools.
type ToolErrorOf<T> = T extends Any<unknown, infer E> ? [E] extends [never] ? never : AgentToolError<E> : never
type ToolServicesOf<T> = T extends Any<unknown, unknown, infer R> ? R : never

// The services that an agent's model requires: none if a model is given, the tag if a tag is given, else `ChatModel`.
type ModelServicesOf<M> = M extends undefined ? ChatModel
  : M extends Service ? never
  : M extends Context.Key<infer I, Service> ? I
  : never

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Makes an agent.
 *
 * **Details**
 *
 * The model comes from the context as `ChatModel`, unless `model` gives another one. The failures and the services of all tools are in the type of the
 * agent.
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
 * **Example** (A model for each agent)
 *
 * ```ts
 * import { Context } from "effect"
 * import { Agent, ChatModel } from "rivulet"
 *
 * class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
 * declare const careful: ChatModel.Service
 *
 * const writer = Agent.make({ tools: [], model: Fast, system: "Write a draft." }) // requires Fast
 * const editor = Agent.make({ tools: [], model: careful, system: "Correct the text." }) // requires no model
 * ```
 *
 * **Example** (Waiting for the approval of a person)
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
 * const goOn = (saved: string) =>
 *   Effect.flatMap(Schema.decodeEffect(Saved)(saved), (messages) => agent.invoke(Agent.trusted(messages)))
 * ```
 */
export const make = <
  const Tools extends ReadonlyArray<AnyTool>,
  const Decided extends Decision | Effect.Effect<Decision, unknown, unknown> = never,
  const Stop extends StopDecision = never,
  RO = never,
  Model extends AnyModel = undefined
>(
  options: Options<Tools, Decided, Stop, RO, Model>
): Agent<
  Extract<Tools[number], Any>,
  | AgentModelError
  | ToolErrorOf<Tools[number]>
  | Effect.Error<Extract<Decided | Stop, Effect.Effect<unknown, unknown, unknown>>>,
  | ModelServicesOf<Model>
  | ToolServicesOf<Tools[number]>
  | Effect.Services<Extract<Decided | Stop, Effect.Effect<unknown, unknown, unknown>>>
  | RO
> =>
  barrier({
    type: "chain",
    name: options.name ?? "Agent",
    subject: { _tag: "Agent" },
    fold: agentFold,
    run: (input: ChatInput) => loop(options as AnyOptions, input)
  }) as Runnable<ChatInput, AgentResult, never, never, never>

// -----------------------------------------------------------------------------
// conditions
// -----------------------------------------------------------------------------

/**
 * A condition for `stopWhen`: whether the last answer called a tool with one of these names. The results of its calls
 * are in the conversation by then.
 *
 * **Example** (Ending with a tool, or at a limit)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Agent, Tool } from "rivulet"
 *
 * const done = Tool.make("done", { parameters: Schema.Struct({ answer: Schema.String }), handler: () => Effect.void })
 * const agent = Agent.make({ tools: [done], system: "Call done to end.", stopWhen: Agent.hasToolCall("done") })
 * const cheap = Agent.make({ tools: [done], stopWhen: ({ usage }) => (usage?.totalTokens ?? 0) > 10_000 })
 * ```
 */
export const hasToolCall = (...names: ReadonlyArray<string>) => ({ steps }: Conversation): boolean => {
  const last = steps.at(-1)
  return last !== undefined && callsOf(last.message).some((call) => names.includes(call.name))
}
