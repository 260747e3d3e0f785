/**
 * The providers that are part of Rivulet, and any chat model by one name: `provider:model`.
 *
 * A leaf: nothing else in the package imports this module, so an app that names its provider in code carries that
 * provider alone. A provider is loaded when a model of it is made.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { CallOptions } from "./CallOptions.ts"
import { ChatModel } from "./internal/model/service.ts"
import type { Service } from "./internal/model/service.ts"
import * as ModelRegistry from "./ModelRegistry.ts"
import { presets } from "./providers/compatible/presets.ts"
import type { Preset } from "./providers/compatible/presets.ts"

const anthropic: ModelRegistry.Provider = {
  make: (model, options) =>
    Effect.flatMap(Effect.promise(() => import("./Anthropic.ts")), ({ make }) => make({ model, ...options })),
  models: [
    "claude-haiku-4-5",
    "claude-sonnet-4-6",
    "claude-opus-4-8",
    "claude-haiku-5-5",
    "claude-sonnet-5-5",
    "claude-opus-5-5"
  ],
  keys: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"],
  package: "@anthropic-ai/sdk"
}

const openAi = (api: "responses" | "chat"): ModelRegistry.Provider => ({
  make: (model, options) =>
    Effect.flatMap(Effect.promise(() => import("./OpenAi.ts")), ({ make }) => make({ model, api, ...options })),
  models: ["gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol"],
  keys: ["OPENAI_API_KEY"]
})

const compatible = ({ keyVariable, models, name }: Preset): ModelRegistry.Provider => ({
  make: (model, options) =>
    Effect.flatMap(
      Effect.promise(() => import("./OpenAiCompatible.ts")),
      ({ make }) => make({ model, preset: name, ...options })
    ),
  models,
  keys: keyVariable === undefined ? undefined : [keyVariable]
})

/**
 * Rivulet's own providers by name: `anthropic`, `openai` (the Responses API), `openai-chat` (Chat Completions), and each
 * preset of `OpenAiCompatible`.
 *
 * **Example** (Their names)
 *
 * ```ts
 * import * as Providers from "rivulet/Providers"
 *
 * const names = Object.keys(Providers.builtIn)
 * ```
 */
export const builtIn: ModelRegistry.Providers = {
  anthropic,
  openai: openAi("responses"),
  "openai-chat": openAi("chat"),
  ...Object.fromEntries(Object.entries<Preset>(presets).map(([name, preset]) => [name, compatible(preset)]))
}

/**
 * {@link builtIn} and the providers of the context's `ModelRegistry`. A registered provider replaces a built-in one of
 * the same name.
 *
 * **Example** (All names)
 *
 * ```ts
 * import { Effect } from "effect"
 * import * as Providers from "rivulet/Providers"
 *
 * const names = Effect.map(Providers.all, (providers) => Object.keys(providers))
 * ```
 */
export const all: Effect.Effect<ModelRegistry.Providers> = Effect.map(
  ModelRegistry.ModelRegistry,
  (registered) => ({ ...builtIn, ...registered })
)

/**
 * Makes the model of a name, `provider:model`. Use it to fill a tag of your own; {@link layerFrom} is the same as a
 * layer for `ChatModel`.
 *
 * **Example** (Two models in one app)
 *
 * ```ts
 * import { Context, Layer } from "effect"
 * import type { ChatModel } from "rivulet"
 * import * as Providers from "rivulet/Providers"
 *
 * class Smart extends Context.Service<Smart, ChatModel.Service>()("app/Smart") {}
 *
 * const Models = Layer.mergeAll(
 *   Providers.layerFrom("anthropic:claude-haiku-4-5"),
 *   Layer.effect(Smart, Providers.make("anthropic:claude-opus-4-8", { reasoning: { effort: "high" } }))
 * )
 * ```
 */
export const make = (
  name: string,
  options?: CallOptions
): Effect.Effect<Service, Config.ConfigError | ModelRegistry.ModelRegistryError, Scope.Scope> =>
  Effect.provideServiceEffect(ModelRegistry.make(name, options), ModelRegistry.ModelRegistry, all)

/**
 * The model of a name, `provider:model`, as the context's chat model.
 *
 * **Details**
 *
 * - The name is a string or a `Config`. Without one it is the value of `RIVULET_MODEL`.
 * - `options` are the defaults for every call.
 * - The provider's module is loaded when the layer is built.
 * - An unknown name fails the layer with `ModelRegistryError`. A missing key or package fails the first call, with a
 *   message that says which variable to set or which package to install.
 * - `ModelRegistry.layer` adds providers of your own.
 *
 * **Example** (A name from the code or from the environment)
 *
 * ```ts
 * import { Config, Effect } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Providers from "rivulet/Providers"
 *
 * const answer = ChatModel.invoke("What is a goldfish?")
 *
 * const byName = Effect.provide(answer, Providers.layerFrom("anthropic:claude-haiku-4-5", { maxTokens: 500 }))
 * const byVariable = Effect.provide(answer, Providers.layerFrom(Config.String("APP_MODEL")))
 * const byDefault = Effect.provide(answer, Providers.layerFrom()) // RIVULET_MODEL
 * ```
 */
export const layerFrom = (
  name: string | Config.Config<string> = Config.String("RIVULET_MODEL"),
  options?: CallOptions
): Layer.Layer<ChatModel, Config.ConfigError | ModelRegistry.ModelRegistryError> =>
  Layer.effect(
    ChatModel,
    Effect.flatMap(typeof name === "string" ? Effect.succeed(name) : name, (name) => make(name, options))
  )
