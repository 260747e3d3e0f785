/**
 * Claude, by Anthropic's Messages API.
 *
 * Needs the package `@anthropic-ai/sdk`, for authentication and transport; the stream is decoded here. {@link layer}
 * takes the key and the address from the environment as the SDK does (`ANTHROPIC_API_KEY` or `ANTHROPIC_AUTH_TOKEN`,
 * `ANTHROPIC_BASE_URL`), through the app's `ConfigProvider`. A wrong setting is the typed failure of the first call, not
 * of the layer, so it is handled where all failures of the model are.
 *
 * What the API has beyond the common options goes in as the API spells it, under `providerOptions.anthropic`: of a call
 * (`thinking`, `mcp_servers`, `container`, `context_management`, `betas`, ...), of a message part or a tool
 * (`cache_control`, `citations`, ...). Server tools are made with {@link serverTool}.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { CallOptions, ProviderTool } from "./CallOptions.ts"
import { ChatModel } from "./internal/model/service.ts"
import type { Service } from "./internal/model/service.ts"
import { makeModel } from "./providers/anthropic/model.ts"
import type { Options } from "./providers/anthropic/options.ts"

export type { Options } from "./providers/anthropic/options.ts"

/**
 * A chat model, for an app's own tag. What the options leave open is read from the environment.
 *
 * **Example** (Two models in one app)
 *
 * ```ts
 * import { Context, Layer } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * class Smart extends Context.Service<Smart, ChatModel.Service>()("app/Smart") {}
 *
 * const Models = Layer.mergeAll(
 *   Anthropic.layer({ model: "claude-haiku-4-5" }),
 *   Layer.effect(Smart, Anthropic.make({ model: "claude-opus-4-8", reasoning: { effort: "high" } }))
 * )
 * ```
 */
export const make = (options: Options): Effect.Effect<Service, Config.ConfigError> =>
  Effect.map(environment, (environment) =>
    makeModel({
      ...options,
      apiKey: options.apiKey ?? (options.authToken === undefined ? environment.apiKey : undefined),
      authToken: options.authToken ?? environment.authToken,
      baseUrl: options.baseUrl ?? environment.baseUrl
    }))

/**
 * The context's chat model.
 *
 * **Example** (A song)
 *
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const song = ChatModel.stream("Write me a song about goldfish").pipe(
 *   Stream.runForEach((chunk) => Effect.sync(() => process.stdout.write(chunk.content))),
 *   Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5", maxTokens: 500 }))
 * )
 * ```
 */
export const layer = (options: Options): Layer.Layer<ChatModel, Config.ConfigError> =>
  Layer.effect(ChatModel, make(options))

/** Settings from an app's own configuration; `options` are plain. */
export interface ConfigOptions {
  readonly model: Config.Config<string>
  readonly apiKey?: Config.Config<Redacted.Redacted<string>> | undefined
  readonly authToken?: Config.Config<Redacted.Redacted<string>> | undefined
  readonly baseUrl?: Config.Config<string> | undefined
  readonly options?: Omit<Options, "model" | "apiKey" | "authToken" | "baseUrl"> | undefined
}

/**
 * The context's chat model, set up from `Config`. A setting that is missing or wrong fails the layer.
 *
 * **Example** (An app's own names)
 *
 * ```ts
 * import { Config } from "effect"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const Model = Anthropic.layerConfig({
 *   model: Config.String("CHAT_MODEL"),
 *   apiKey: Config.Redacted("CHAT_KEY")
 * })
 * ```
 */
export const layerConfig = (config: ConfigOptions): Layer.Layer<ChatModel, Config.ConfigError> =>
  Layer.effect(
    ChatModel,
    Effect.gen(function*() {
      return yield* make({
        ...config.options,
        model: yield* config.model,
        apiKey: config.apiKey && (yield* config.apiKey),
        authToken: config.authToken && (yield* config.authToken),
        baseUrl: config.baseUrl && (yield* config.baseUrl)
      })
    })
  )

/**
 * A tool that Anthropic defines, and as a rule runs: web search, web fetch, code execution, tool search and so on.
 * `definition` is what the API's `tools` takes.
 *
 * **Example** (Searching the web)
 *
 * ```ts
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const news = ChatModel.stream("What is new about goldfish?", {
 *   tools: [Anthropic.serverTool({ type: "web_search_20250305", name: "web_search", max_uses: 3 })]
 * })
 * ```
 */
export const serverTool = (
  definition: { readonly type: string; readonly name?: string | undefined; readonly [key: string]: unknown }
): ProviderTool => ({ type: "provider", provider: "anthropic", definition })

/**
 * Marks a message part, a tool or a call as the end of what is to be cached: `providerOptions: cacheControl()`.
 * `ttl` is how long that is, 5 minutes or one hour. Other providers ignore the mark.
 *
 * **Example** (Instructions that stay the same)
 *
 * ```ts
 * import { ChatModel, Message } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const instructions = Message.system([
 *   Message.text("All there is to know about goldfish: ...", { providerOptions: Anthropic.cacheControl("1h") })
 * ])
 * const answer = ChatModel.invoke([instructions, Message.human("What do they eat?")])
 * ```
 */
export const cacheControl = (ttl: "5m" | "1h" = "5m") => ({
  anthropic: { cache_control: { type: "ephemeral", ttl } }
} satisfies CallOptions["providerOptions"])

const environment = Config.all({
  apiKey: Config.option(Config.Redacted("ANTHROPIC_API_KEY")),
  authToken: Config.option(Config.Redacted("ANTHROPIC_AUTH_TOKEN")),
  baseUrl: Config.option(Config.String("ANTHROPIC_BASE_URL"))
}).pipe(Config.map(({ apiKey, authToken, baseUrl }) => ({
  apiKey: Option.getOrUndefined(apiKey),
  authToken: Option.getOrUndefined(authToken),
  // As for the SDK, an empty address is none.
  baseUrl: Option.getOrUndefined(Option.filter(baseUrl, (url) => url.trim() !== ""))
})))
