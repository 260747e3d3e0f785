/**
 * Providers of chat models by name. An app registers its own here; `rivulet/Providers` adds those that are part of
 * Rivulet.
 *
 * **Details**
 *
 * {@link make} finds a model by its name, `provider:model`, among the registered providers. `Providers.layerFrom` and
 * `Providers.make` also find the built-in ones. A missing key or package fails the first call of the model, with a
 * message that says which variable to set or which package to install.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { CallOptions } from "./CallOptions.ts"
import type { Service } from "./internal/model/service.ts"

/**
 * The error of a name that leads to no model. `known` has the names of all providers.
 *
 * **Example** (Listing the known providers)
 *
 * ```ts
 * import { Console, Effect } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Providers from "rivulet/Providers"
 *
 * const program = ChatModel.invoke("Hi").pipe(
 *   Effect.provide(Providers.layerFrom("antropic:claude-haiku-4-5")),
 *   Effect.catchTag("ModelRegistryError", (error) => Console.log(error.message, error.known))
 * )
 * ```
 */
export class ModelRegistryError
  extends Schema.TaggedError<ModelRegistryError>("rivulet/ModelRegistryError")("ModelRegistryError", {
    /** The name that was looked up. */
    model: Schema.String,
    /** The problem, and a name that would do. */
    message: Schema.String,
    /** The names of all providers that were looked up. */
    known: Schema.Array(Schema.String)
  })
{}

/** A provider of chat models. */
export interface Provider {
  /** Makes a model by the name after the colon. The model may live as long as the scope. */
  readonly make: (
    model: string,
    options?: CallOptions
  ) => Effect.Effect<Service, Config.ConfigError | ModelRegistryError, Scope.Scope>
  /** The model for the name of the provider alone. Without it, a name must include a model. */
  readonly defaultModel?: string | undefined
  /** Some of its models, for lists and messages. The first is a good choice. None by default. */
  readonly models?: ReadonlyArray<string> | undefined
  /** The environment variables that may hold its key, for lists and messages. Absent if it needs no key. */
  readonly keys?: ReadonlyArray<string> | undefined
  /** The package that it requires beside Rivulet, for lists and messages. None by default. */
  readonly package?: string | undefined
}

/** Providers by name. */
export interface Providers {
  readonly [name: string]: Provider
}

/**
 * The registered providers. Empty by default.
 *
 * **Example** (Names of the registered providers)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ModelRegistry } from "rivulet"
 *
 * const names = Effect.map(ModelRegistry.ModelRegistry, (providers) => Object.keys(providers))
 * ```
 */
export const ModelRegistry: Context.Reference<Providers> = Context.Reference<Providers>("rivulet/ModelRegistry", {
  defaultValue: () => ({})
})

/**
 * Registers providers in addition to those of the context. A provider of the same name is replaced.
 *
 * **Example** (A provider of your own)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { ChatModel, ModelRegistry } from "rivulet"
 * import * as Providers from "rivulet/Providers"
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
 * const Model = Providers.layerFrom("parrot:grey").pipe(Layer.provide(Parrots))
 * ```
 */
export const layer = (providers: Providers): Layer.Layer<never> =>
  Layer.effect(ModelRegistry, Effect.map(ModelRegistry, (known) => ({ ...known, ...providers })))

/**
 * Makes the model with a name, `provider:model`, by a registered provider. The model lives as long as the scope.
 * `Providers.make` also finds the built-in providers.
 *
 * **Example** (A model for a tag of your own)
 *
 * ```ts
 * import { Context, Layer } from "effect"
 * import { ModelRegistry } from "rivulet"
 * import type { ChatModel } from "rivulet"
 *
 * class Parrot extends Context.Service<Parrot, ChatModel.Service>()("app/Parrot") {}
 *
 * const Model = Layer.effect(Parrot, ModelRegistry.make("parrot:grey"))
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
    // An object also has inherited keys, such as `constructor`.
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
  const known = Object.keys(providers)
  return known.length === 0
    ? `There is no model ${quoted}: no provider is registered. Use Providers.make or Providers.layerFrom for the built-in ones`
    : `There is no model ${quoted}: say <provider>:<model>. Known are ${known.join(", ")}`
}

/** The provider whose models have names that begin like this one. */
const ownerOf = (model: string, providers: Providers): string | undefined => {
  const family = model.split("-")[0] ?? ""
  return Object.keys(providers).find((name) => providers[name]?.models?.some((each) => each.split("-")[0] === family))
}
