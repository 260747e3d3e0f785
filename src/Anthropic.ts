/**
 * Claude, by Anthropic's Messages API.
 *
 * **Details**
 *
 * - Requires the package `@anthropic-ai/sdk`, which supplies the authentication and the headers. The first call loads it.
 *   The stream is decoded by Rivulet.
 * - Settings that the options omit are read from the environment, through the app's `ConfigProvider`:
 *   `ANTHROPIC_API_KEY` or `ANTHROPIC_AUTH_TOKEN`, and `ANTHROPIC_BASE_URL`.
 * - A missing or invalid setting fails the first call, not the layer, so that it is handled with the model's other
 *   failures.
 * - Fields of the API that have no common option go under `providerOptions.anthropic`, spelled as the API spells them:
 *   of a call (`thinking`, `mcp_servers`, `container`, `context_management`, `betas`, ...), of a message part or of a
 *   tool (`cache_control`, `citations`, ...). {@link serverTool} makes server tools.
 *
 * **Gotchas**
 *
 * - A bundle builds without the SDK, and its first call then fails with `UnsupportedError`. webpack warns of the absent
 *   package. For browsers and edge runtimes the SDK needs a bundler that reads the `browser` field of its package.json;
 *   with esbuild that is `platform: "browser"`.
 * - A web page must not hold an API key, as its visitors can read it, so calls in a page fail with `UnsupportedError`. To
 *   call a server of your own that adds the key, set `baseUrl`, any text as `apiKey`, and `dangerouslyAllowBrowser: true`.
 *   If the server has another origin, it must allow the SDK's headers (CORS).
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { CallOptions, ProviderTool } from "./CallOptions.ts"
import { ChatModel } from "./internal/model/service.ts"
import type { Service } from "./internal/model/service.ts"
import { appSettings, readConfig, withEnvironment } from "./internal/provider/settings.ts"
import { makeModel } from "./providers/anthropic/model.ts"
import type { Options } from "./providers/anthropic/options.ts"

export type { Options } from "./providers/anthropic/options.ts"

/**
 * Makes a chat model, for a tag of your own. Settings that the options omit are read from the environment.
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
  Effect.zipWith(
    withEnvironment(options, {
      secrets: {
        // A key in the environment must not take the place of a token that the app passes.
        apiKey: options.authToken === undefined ? "ANTHROPIC_API_KEY" : undefined,
        authToken: "ANTHROPIC_AUTH_TOKEN"
      },
      texts: { baseUrl: "ANTHROPIC_BASE_URL" }
    }),
    appSettings,
    makeModel
  )

/**
 * A layer for `ChatModel`. Settings that the options omit are read from the environment.
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

/** Settings as `Config`s, for an app with its own configuration. */
export interface ConfigOptions {
  /** The name of the model. */
  readonly model: Config.Config<string>
  /** The API key. Defaults to `ANTHROPIC_API_KEY`. */
  readonly apiKey?: Config.Config<Redacted.Redacted<string>> | undefined
  /** A bearer token instead of a key. Defaults to `ANTHROPIC_AUTH_TOKEN`. */
  readonly authToken?: Config.Config<Redacted.Redacted<string>> | undefined
  /** The address of the API. Defaults to `ANTHROPIC_BASE_URL`, or else `https://api.anthropic.com`. */
  readonly baseUrl?: Config.Config<string> | undefined
  /** All other options, as plain values. None by default. */
  readonly options?: Omit<Options, "model" | "apiKey" | "authToken" | "baseUrl"> | undefined
}

/**
 * Makes a chat model with settings from `Config`, for a tag of your own. It fails if a setting is missing or invalid.
 *
 * **Example** (Two models with names of the app's own)
 *
 * ```ts
 * import { Config, Context, Layer } from "effect"
 * import type { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
 *
 * const Models = Layer.mergeAll(
 *   Anthropic.layerConfig({ model: Config.String("CHAT_MODEL") }),
 *   Layer.effect(Fast, Anthropic.makeConfig({ model: Config.String("FAST_MODEL"), apiKey: Config.Redacted("FAST_KEY") }))
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
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const Model = Anthropic.layerConfig({
 *   model: Config.String("CHAT_MODEL"),
 *   apiKey: Config.Redacted("CHAT_KEY")
 * })
 * ```
 */
export const layerConfig = (config: ConfigOptions): Layer.Layer<ChatModel, Config.ConfigError> =>
  Layer.effect(ChatModel, makeConfig(config))

/**
 * A tool that Anthropic defines and usually runs, such as web search, web fetch, code execution or tool search.
 * `definition` is an item of the API's `tools`.
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
  definition: {
    /** The type of the tool, as the API names it. */
    readonly type: string
    /** The name of the tool, where the API asks for one. */
    readonly name?: string | undefined
    readonly [key: string]: unknown
  }
): ProviderTool => ({ type: "provider", provider: "anthropic", definition })

/**
 * Marks a message part, a tool or a call as the end of a prefix to cache: `providerOptions: cacheControl()`. `ttl` is
 * the lifetime, 5 minutes by default or one hour. Other providers ignore the mark.
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
