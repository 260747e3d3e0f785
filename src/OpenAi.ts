/**
 * GPT and the o-series, by OpenAI's Responses API or by Chat Completions.
 *
 * **When to use**
 *
 * For OpenAI's own servers. `rivulet/OpenAiCompatible` is for other servers that speak Chat Completions.
 *
 * **Details**
 *
 * - No SDK is needed.
 * - Settings that the options omit are read from the environment, through the app's `ConfigProvider`: `OPENAI_API_KEY`,
 *   `OPENAI_BASE_URL`, `OPENAI_ORG_ID`, `OPENAI_PROJECT_ID`.
 * - A missing or invalid setting fails the first call, not the layer, so that it is handled with the model's other failures.
 * - Fields of an API that have no common option go under `providerOptions.openai`, spelled as the API spells them: of a call
 *   (`seed`, `service_tier`, `store`, `logprobs`, `prompt_cache_key`, ...), of a message part (`detail` of an image), or of
 *   a tool. {@link serverTool} makes tools that OpenAI defines.
 * - With the Responses API, OpenAI stores nothing unless the call says so: `store: true`, or `previous_response_id`,
 *   `conversation` and `background`, which need it. An answer holds everything that the next turn needs, its encrypted
 *   reasoning included. With a `previous_response_id`, the messages up to the answer of that id are not sent again.
 * - The Responses API sends most content three times: in slices, at the end of an item, and in a last snapshot. Streamed
 *   content counts, and a later copy only adds missing content. If the snapshot differs, it is in the message's
 *   `metadata.output`, as OpenAI wrote it. The `metadata.item` of a part is the item that the part came from.
 *
 * **Gotchas**
 *
 * - A web page must not hold an API key, as its visitors can read it, so calls in a page fail with `UnsupportedError`. To
 *   call a server of your own that adds the key, use `OpenAiCompatible` without a key, or set `baseUrl`, any text as
 *   `apiKey`, and `dangerouslyAllowBrowser: true`.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { ProviderTool } from "./CallOptions.ts"
import { ChatModel } from "./internal/model/service.ts"
import type { Service } from "./internal/model/service.ts"
import { objectAt } from "./internal/provider/json.ts"
import { appSettings, readConfig, withEnvironment } from "./internal/provider/settings.ts"
import { tool } from "./Message.ts"
import type { AIMessage, ServerToolCall, ToolMessage } from "./Message.ts"
import { makeModel } from "./providers/openai/model.ts"
import type { Options } from "./providers/openai/options.ts"

export type { Api, Options } from "./providers/openai/options.ts"

/**
 * Makes a chat model, for a tag of your own. Settings that the options omit are read from the environment.
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
 *   OpenAi.layer({ model: "gpt-6-luna" }),
 *   Layer.effect(Smart, OpenAi.make({ model: "gpt-6.1-sol", reasoning: { effort: "high" } }))
 * )
 * ```
 */
export const make = (options: Options): Effect.Effect<Service, Config.ConfigError> =>
  Effect.zipWith(
    withEnvironment(options, {
      secrets: { apiKey: "OPENAI_API_KEY" },
      texts: { baseUrl: "OPENAI_BASE_URL", organization: "OPENAI_ORG_ID", project: "OPENAI_PROJECT_ID" }
    }),
    appSettings,
    makeModel
  )

/**
 * A layer for `ChatModel`. Settings that the options omit are read from the environment.
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
 *   Effect.provide(OpenAi.layer({ model: "gpt-6-luna", api: "chat", maxTokens: 500 }))
 * )
 * ```
 */
export const layer = (options: Options): Layer.Layer<ChatModel, Config.ConfigError> =>
  Layer.effect(ChatModel, make(options))

/** Settings as `Config`s, for an app with its own configuration. */
export interface ConfigOptions {
  /** The name of the model. */
  readonly model: Config.Config<string>
  /** The API key. Defaults to `OPENAI_API_KEY`. */
  readonly apiKey?: Config.Config<Redacted.Redacted<string>> | undefined
  /** The address of the API. Defaults to `OPENAI_BASE_URL`, or else `https://api.openai.com/v1`. */
  readonly baseUrl?: Config.Config<string> | undefined
  /** The organization to bill. Defaults to `OPENAI_ORG_ID`. */
  readonly organization?: Config.Config<string> | undefined
  /** The project to bill. Defaults to `OPENAI_PROJECT_ID`. */
  readonly project?: Config.Config<string> | undefined
  /** All other options, as plain values. None by default. */
  readonly options?: Omit<Options, "model" | "apiKey" | "baseUrl" | "organization" | "project"> | undefined
}

/**
 * Makes a chat model with settings from `Config`, for a tag of your own. It fails if a setting is missing or invalid.
 *
 * **Example** (Two models with names of the app's own)
 *
 * ```ts
 * import { Config, Context, Layer } from "effect"
 * import type { ChatModel } from "rivulet"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
 *
 * const Models = Layer.mergeAll(
 *   OpenAi.layerConfig({ model: Config.String("CHAT_MODEL") }),
 *   Layer.effect(Fast, OpenAi.makeConfig({ model: Config.String("FAST_MODEL"), apiKey: Config.Redacted("FAST_KEY") }))
 * )
 * ```
 */
export const makeConfig = (config: ConfigOptions): Effect.Effect<Service, Config.ConfigError> =>
  Effect.flatMap(readConfig(config), make)

/**
 * A layer for `ChatModel` with settings from `Config`. A missing or invalid setting fails the layer.
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
  Layer.effect(ChatModel, makeConfig(config))

/**
 * A tool that OpenAI defines and usually runs, such as web search, file search, code interpreter or MCP; or a custom
 * tool (`type: "custom"`), whose input is free text.
 *
 * **Details**
 *
 * - `definition` is an item of the Responses API's `tools`. Chat Completions takes only custom tools.
 * - A tool that OpenAI runs appears as `server_tool_call` and `server_tool_result` parts, an image as a `file` part, in
 *   which each preview replaces the one before.
 * - A tool that the app runs (`shell`, `local_shell`, `apply_patch`, `computer`, and `tool_search` on the client) appears
 *   as a tool call of that name. Its result is text for a shell or a patch, an image for a computer, a JSON list of tools
 *   for a search.
 * - The `args` of a call of a custom tool are a string.
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
  definition: {
    /** The type of the tool, as the API names it. */
    readonly type: string
    /** The name of the tool, where the API asks for one. */
    readonly name?: string | undefined
    readonly [key: string]: unknown
  }
): ProviderTool => ({ type: "provider", provider: "openai", definition })

/**
 * The calls of MCP servers in an answer that need an approval before OpenAI makes them (`require_approval`). Such an
 * answer has the finish reason `tool_calls`. The next request holds an {@link approval} for each of them.
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
 * Approves or declines a call of an MCP server. The result is the tool message that answers the call; `isError`
 * declines it. The model sees `reason`.
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
  options: {
    /** Whether the call may be made. */
    readonly approve: boolean
    /** The reason, which the model sees. Absent: none. */
    readonly reason?: string | undefined
  }
): ToolMessage =>
  tool({ toolCallId: call.id, name: call.name, content: options.reason ?? "", isError: !options.approve })
