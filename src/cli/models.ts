/**
 * The models that the command line can use, by name: those of the built-in providers, and the demo. Called by the
 * commands and by the tour. Must not import the demo statically, as its server takes time to load.
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ChatModel from "../ChatModel.ts"
import * as ModelRegistry from "../ModelRegistry.ts"
import * as Providers from "../Providers.ts"
import { presetNamed } from "../providers/compatible/presets.ts"

/** A model for a command. */
export interface Model {
  /** The value of `--model`. */
  readonly name: string
  /** Whether it is the offline demo. */
  readonly demo: boolean
  /** Fails if the name leads to no model. */
  readonly layer: Layer.Layer<ChatModel.ChatModel, Config.ConfigError | ModelRegistry.ModelRegistryError>
}

/** Whether a model can be used in this environment. */
export interface Availability {
  readonly model: string
  readonly ready: boolean
  /** The missing steps, such as `set ANTHROPIC_API_KEY`. */
  readonly needs: ReadonlyArray<string>
  /** Whether it needs no key, so that its server runs on the user's machine. */
  readonly local: boolean
}

const demoModel = "rivulet-demo"

/** The demo. Its server is loaded on first use, so that `--help` need not wait for it. */
const demo: ModelRegistry.Provider = {
  make: (model, options) =>
    model === demoModel
      ? Effect.flatMap(Effect.promise(() => import("./demo/layer.ts")), (demo) => demo.make(options))
      : Effect.fail(
        new ModelRegistry.ModelRegistryError({
          model: `demo:${model}`,
          message: `There is no demo model ${JSON.stringify(model)}: say demo, or demo:${demoModel}`,
          known: ["demo"]
        })
      ),
  defaultModel: demoModel
}

const registry = ModelRegistry.layer({ demo })

/** All providers, the demo first. */
export const providers: Effect.Effect<ModelRegistry.Providers> = Effect.map(
  Providers.all,
  (known) => ({ demo, ...known })
)

/**
 * The model with a name. `origin` is the flag or the environment variable that named it, for the error of a wrong name.
 */
export const resolve = (name: string, origin?: string): Model => ({
  name,
  demo: name.split(":")[0] === "demo",
  layer: Layer.effect(
    ChatModel.ChatModel,
    Effect.catchTag(Providers.make(name), "ModelRegistryError", ({ known, message, model }) =>
      Effect.fail(
        new ModelRegistry.ModelRegistryError({
          known,
          model,
          message: origin === undefined ? message : `${origin}: ${message}`
        })
      ))
  ).pipe(Layer.provide(registry))
})

/** The name of a model without its provider. Fails if the name leads to no model. */
export const modelName = (name: string) =>
  Effect.scoped(
    Effect.map(Layer.build(resolve(name).layer), (context) => Context.get(context, ChatModel.ChatModel).model)
  )

/** The default model: `RIVULET_MODEL`, or a model of the first provider with a key, or the demo. */
export const defaultName: Effect.Effect<string, Config.ConfigError> = Effect.gen(function*() {
  const named = yield* Config.option(Config.String("RIVULET_MODEL"))
  if (Option.isSome(named) && named.value.trim() !== "") return named.value
  for (const [name, { keys, models = [] }] of Object.entries(yield* providers)) {
    if (keys !== undefined && models[0] !== undefined && (yield* hasOneOf(keys))) return `${name}:${models[0]}`
  }
  return "demo"
})

/** The suggested models and what each needs. Any other name after the colon works too. */
export const available: Effect.Effect<ReadonlyArray<Availability>, Config.ConfigError> = Effect.gen(function*() {
  const all: Array<Availability> = []
  for (const [name, provider] of Object.entries(yield* providers)) {
    const { defaultModel, keys = [], models = ["<model>"] } = provider
    const needs = [
      ...(provider.package === undefined || isInstalled(provider.package) ? [] : [`npm install ${provider.package}`]),
      ...(keys[0] === undefined || (yield* hasOneOf(keys)) ? [] : [`set ${keys[0]}`]),
      ...(yield* addressNeeds(name))
    ]
    const names = defaultModel === undefined ? models.map((model) => `${name}:${model}`) : [name]
    all.push(...names.map((model) => ({ model, ready: needs.length === 0, needs, local: provider.keys === undefined })))
  }
  return all
})

/** The step for a server that has another address for each user, if its address is not set. */
const addressNeeds = (provider: string): Effect.Effect<ReadonlyArray<string>, Config.ConfigError> => {
  const { baseUrl, baseUrlVariable } = presetNamed(provider) ?? {}
  if (baseUrl !== undefined || baseUrlVariable === undefined) return Effect.succeed([])
  return Effect.map(hasOneOf([baseUrlVariable]), (set) => set ? [] : [`set ${baseUrlVariable}`])
}

const secret = (name: string) =>
  Config.option(Config.Redacted(name)).pipe(
    Config.map(Option.exists((value) => Redacted.value(value).trim() !== ""))
  )

const hasOneOf = (names: ReadonlyArray<string>) =>
  Config.all(names.map(secret)).pipe(Config.map((found) => found.includes(true)))

const isInstalled = (name: string): boolean => {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    return false
  }
}
