/**
 * GPT and the o-series, by OpenAI's Responses API or by Chat Completions.
 *
 * Needs the package `openai`, for authentication and transport; the stream is decoded here. {@link layer} takes the key,
 * the address, the organization and the project from the environment as the SDK does (`OPENAI_API_KEY`,
 * `OPENAI_BASE_URL`, `OPENAI_ORG_ID`, `OPENAI_PROJECT_ID`), through the app's `ConfigProvider`. A wrong setting is the
 * typed failure of the first call, not of the layer, so it is handled where all failures of the model are.
 *
 * What an API has beyond the common options goes in as the API spells it, under `providerOptions.openai`: of a call
 * (`seed`, `service_tier`, `store`, `logprobs`, `prompt_cache_key`, ...), of a message part (`detail` of an image), or
 * of a tool. Tools that OpenAI defines are made with {@link serverTool}.
 *
 * By the Responses API nothing is kept at OpenAI unless the call says so (`store: true`, or `previous_response_id`,
 * `conversation` and `background`, which need it): an answer holds all that the next turn needs, its reasoning included,
 * in encrypted form. With a `previous_response_id` the messages up to the answer of that id are not sent again.
 *
 * The Responses stream tells most things three times: in slices, at the end of an item, and in a last snapshot. What was
 * streamed counts; a later telling adds what was missing. Where the snapshot tells something else, the message's
 * `metadata.output` has it as OpenAI wrote it. Each part has the item it came from in `metadata.item`.
 *
 * For other servers that speak Chat Completions see `rivulet/OpenAiCompatible`.
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { ProviderTool } from "./CallOptions.ts"
import { ChatModel } from "./internal/model/service.ts"
import type { Service } from "./internal/model/service.ts"
import { objectAt } from "./internal/provider/json.ts"
import { readConfig, secret, text, withEnvironment } from "./internal/provider/settings.ts"
import { tool } from "./Message.ts"
import type { AIMessage, ServerToolCall, ToolMessage } from "./Message.ts"
import { makeModel } from "./providers/openai/model.ts"
import type { Options } from "./providers/openai/options.ts"

export type { Api, Options } from "./providers/openai/options.ts"

/**
 * A chat model, for an app's own tag. What the options leave open is read from the environment.
 *
 * **Example** (Two models in one app)
 *
 * ```ts
 * import { Context, Layer } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * class Smart extends Context.Service<Smart, ChatModel.Service>()("app/Smart") {}
 *
 * const Models = Layer.mergeAll(
 *   OpenAi.layer({ model: "gpt-5-mini" }),
 *   Layer.effect(Smart, OpenAi.make({ model: "gpt-5", reasoning: { effort: "high" } }))
 * )
 * ```
 */
export const make = (options: Options): Effect.Effect<Service, Config.ConfigError> =>
  Effect.map(
    withEnvironment(options, {
      apiKey: secret("OPENAI_API_KEY"),
      baseUrl: text("OPENAI_BASE_URL"),
      organization: text("OPENAI_ORG_ID"),
      project: text("OPENAI_PROJECT_ID")
    }),
    makeModel
  )

/**
 * The context's chat model.
 *
 * **Example** (By Chat Completions)
 *
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * const song = ChatModel.stream("Write me a song about goldfish").pipe(
 *   Stream.runForEach((chunk) => Effect.sync(() => process.stdout.write(chunk.content))),
 *   Effect.provide(OpenAi.layer({ model: "gpt-5-mini", api: "chat", maxTokens: 500 }))
 * )
 * ```
 */
export const layer = (options: Options): Layer.Layer<ChatModel, Config.ConfigError> =>
  Layer.effect(ChatModel, make(options))

/** Settings from an app's own configuration; `options` are plain. */
export interface ConfigOptions {
  readonly model: Config.Config<string>
  readonly apiKey?: Config.Config<Redacted.Redacted<string>> | undefined
  readonly baseUrl?: Config.Config<string> | undefined
  readonly organization?: Config.Config<string> | undefined
  readonly project?: Config.Config<string> | undefined
  readonly options?: Omit<Options, "model" | "apiKey" | "baseUrl" | "organization" | "project"> | undefined
}

/**
 * The context's chat model, set up from `Config`. A setting that is missing or wrong fails the layer.
 *
 * **Example** (An app's own names)
 *
 * ```ts
 * import { Config } from "effect"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * const Model = OpenAi.layerConfig({
 *   model: Config.String("CHAT_MODEL"),
 *   apiKey: Config.Redacted("CHAT_KEY")
 * })
 * ```
 */
export const layerConfig = (config: ConfigOptions): Layer.Layer<ChatModel, Config.ConfigError> =>
  Layer.effect(ChatModel, Effect.flatMap(readConfig(config), make))

/**
 * A tool that OpenAI defines, and as a rule runs: web search, file search, code interpreter, MCP and so on, or a custom
 * tool, whose input is free text (`type: "custom"`): a call of it has a text as its `args`. `definition` is what the
 * Responses API's `tools` takes; of these Chat Completions has custom tools only.
 *
 * Those that OpenAI runs show as `server_tool_call` and `server_tool_result` parts, images as `file` parts (each preview
 * takes the place of the one before). Those it leaves to the caller (`shell`, `local_shell`, `apply_patch`, `computer`,
 * and `tool_search` on the client) are tool calls of that name, and take the result of a function: text for a shell or a
 * patch, an image for a computer, a JSON list of tools for a search.
 *
 * **Example** (Searching the web)
 *
 * ```ts
 * import { ChatModel } from "rivulet"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * const news = ChatModel.stream("What is new about goldfish?", {
 *   tools: [OpenAi.serverTool({ type: "web_search" })]
 * })
 * ```
 */
export const serverTool = (
  definition: { readonly type: string; readonly name?: string | undefined; readonly [key: string]: unknown }
): ProviderTool => ({ type: "provider", provider: "openai", definition })

/**
 * The calls of MCP servers in an answer that OpenAI will not make before they are approved (`require_approval`). Such an
 * answer has the finish reason `tool_calls`; it goes on when each of them has its {@link approval}.
 *
 * **Example** (Asking first)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, Message } from "rivulet"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * const bank = OpenAi.serverTool({ type: "mcp", server_label: "bank", server_url: "https://bank.example/mcp" })
 *
 * const paid = Effect.gen(function*() {
 *   const question = Message.human("Pay the bill")
 *   const answer = yield* ChatModel.invoke([question], { tools: [bank] })
 *   const approvals = OpenAi.approvalRequests(answer).map((call) => OpenAi.approval(call, { approve: true }))
 *   return yield* ChatModel.invoke([question, answer, ...approvals], { tools: [bank] })
 * })
 * ```
 */
export const approvalRequests = (answer: AIMessage): ReadonlyArray<ServerToolCall> =>
  answer.parts.filter((part) => part.type === "server_tool_call").filter(({ metadata }) =>
    objectAt(metadata ?? {}, "item")?.["type"] === "mcp_approval_request"
  )

/**
 * Approves a call of an MCP server, or declines it, for a reason that the model is told. It is the tool message that
 * answers the call: `isError` says that it may not be made.
 *
 * **Example** (No)
 *
 * ```ts
 * import type { Message } from "rivulet"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * const decline = (call: Message.ServerToolCall) => OpenAi.approval(call, { approve: false, reason: "Too dear" })
 * ```
 */
export const approval = (
  call: ServerToolCall,
  options: { readonly approve: boolean; readonly reason?: string | undefined }
): ToolMessage =>
  tool({ toolCallId: call.id, name: call.name, content: options.reason ?? "", isError: !options.approve })
