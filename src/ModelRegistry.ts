/**
 * Chat models by one name, `provider:model`: which providers there are, and how a model of each is made.
 *
 * `ChatModel.layerFrom` and {@link make} look names up here. Rivulet's own providers are known from the start; each is
 * loaded when a model of it is asked for, and none else. {@link layer} adds others, or replaces some. What a provider
 * then still lacks, a key or its SDK, is the typed failure of the first call, which says what to set or to install.
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { CallOptions } from "./CallOptions.ts"
import type { Service } from "./ChatModel.ts"
import { builtIn } from "./internal/builtInProviders.ts"

/**
 * A name that leads to no model. `known` are the names of the providers there are.
 *
 * **Example** (What else there is)
 *
 * ```ts
 * import { Console, Effect } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const program = ChatModel.invoke("Hi").pipe(
 *   Effect.provide(ChatModel.layerFrom("antropic:claude-haiku-4-5")),
 *   Effect.catchTag("ModelRegistryError", (error) => Console.log(error.message, error.known))
 * )
 * ```
 */
export class ModelRegistryError
  extends Schema.TaggedError<ModelRegistryError>("rivulet/ModelRegistryError")("ModelRegistryError", {
    /** The name as it was given. */
    model: Schema.String,
    message: Schema.String,
    known: Schema.Array(Schema.String)
  })
{}

/** A provider of chat models. */
export interface Provider {
  /** Makes a model of the provider, by the name that stands after the colon. It may live as long as the scope. */
  readonly make: (
    model: string,
    options?: CallOptions
  ) => Effect.Effect<Service, Config.ConfigError | ModelRegistryError, Scope.Scope>
  /** The model that is meant by the provider's name alone. Absent: there must be one in the name. */
  readonly defaultModel?: string | undefined
  /** Some of its models, the first one a good choice. For lists and messages. */
  readonly models?: ReadonlyArray<string> | undefined
  /** The environment variables that may hold its key; one will do. For lists and messages. Absent: it needs none. */
  readonly keys?: ReadonlyArray<string> | undefined
  /** The package it needs beside Rivulet. For lists and messages. */
  readonly package?: string | undefined
}

/** Providers by name. */
export interface Providers {
  readonly [name: string]: Provider
}

/**
 * The providers there are.
 *
 * **Example** (Their names)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ModelRegistry } from "rivulet"
 *
 * const names = Effect.map(ModelRegistry.ModelRegistry, (providers) => Object.keys(providers))
 * ```
 */
export const ModelRegistry: Context.Reference<Providers> = Context.Reference<Providers>("rivulet/ModelRegistry", {
  defaultValue: () => builtIn
})

/**
 * Adds providers to those there are. One of the same name is replaced.
 *
 * **Example** (A provider of one's own)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { ChatModel, ModelRegistry } from "rivulet"
 *
 * const Parrots = ModelRegistry.layer({
 *   parrot: {
 *     make: (model, options) =>
 *       Effect.succeed(
 *         ChatModel.make({ provider: "parrot", model, options, generate: () => Effect.succeed({ content: "Hello!" }) })
 *       )
 *   }
 * })
 *
 * const Model = ChatModel.layerFrom("parrot:grey").pipe(Layer.provide(Parrots))
 * ```
 */
export const layer = (providers: Providers): Layer.Layer<never> =>
  Layer.effect(ModelRegistry, Effect.map(ModelRegistry, (known) => ({ ...known, ...providers })))

/**
 * The model of a name, for an app's own tag. `ChatModel.layerFrom` is the same as a layer.
 *
 * **Example** (Two models in one app)
 *
 * ```ts
 * import { Context, Layer } from "effect"
 * import { ChatModel, ModelRegistry } from "rivulet"
 *
 * class Smart extends Context.Service<Smart, ChatModel.Service>()("app/Smart") {}
 *
 * const Models = Layer.mergeAll(
 *   ChatModel.layerFrom("anthropic:claude-haiku-4-5"),
 *   Layer.effect(Smart, ModelRegistry.make("anthropic:claude-opus-4-8", { reasoning: { effort: "high" } }))
 * )
 * ```
 */
export const make: (
  name: string,
  options?: CallOptions
) => Effect.Effect<Service, Config.ConfigError | ModelRegistryError, Scope.Scope> = Effect.fnUntraced(
  function*(name, options) {
    const providers = yield* ModelRegistry
    const known = Object.keys(providers)
    const [provider = "", ...rest] = name.split(":")
    // Providers are looked up in an object, which has more than its own keys.
    const found = Object.hasOwn(providers, provider) ? providers[provider] : undefined
    const model = rest.join(":").trim() || found?.defaultModel
    if (found !== undefined && model !== undefined) return yield* found.make(model, options)
    return yield* new ModelRegistryError({ model: name, message: problem(name, providers), known })
  }
)

const problem = (name: string, providers: Providers): string => {
  const quoted = JSON.stringify(name)
  const [provider = "", ...rest] = name.split(":")
  const found = Object.hasOwn(providers, provider) ? providers[provider] : undefined
  if (found !== undefined) {
    const example = `${provider}:${found.models?.[0] ?? "<model>"}`
    return `The model's name is missing in ${quoted}: say ${provider}:<model>, such as ${example}`
  }
  const owner = rest.length === 0 ? ownerOf(provider, providers) : undefined
  if (owner !== undefined) return `${quoted} does not say whose model it is: say ${owner}:${provider}`
  return `There is no model ${quoted}: say <provider>:<model>. Known are ${Object.keys(providers).join(", ")}`
}

/** Whose models begin like this one. */
const ownerOf = (model: string, providers: Providers): string | undefined => {
  const family = model.split("-")[0] ?? ""
  return Object.keys(providers).find((name) => providers[name]?.models?.some((each) => each.split("-")[0] === family))
}
