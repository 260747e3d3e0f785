/** The models the command line can ask, by name: those of the registry, and the demo. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as ChatModel from "../ChatModel.ts"
import * as ModelRegistry from "../ModelRegistry.ts"
import * as Providers from "../Providers.ts"

/** A model that can be asked. */
export interface Model {
  /** As `--model` takes it. */
  readonly name: string
  readonly demo: boolean
  /** Fails for a name that leads to no model. */
  readonly layer: Layer.Layer<ChatModel.ChatModel, Config.ConfigError | ModelRegistry.ModelRegistryError>
}

/** Whether a model can be asked in this environment. */
export interface Availability {
  readonly model: string
  readonly ready: boolean
  /** What is missing, each as something to do. */
  readonly needs: ReadonlyArray<string>
  /** It takes no key, so it is served on the user's own machine. */
  readonly local: boolean
}

/** The demo, which is no provider of the library. Its server takes time to load that `--help` need not spend. */
const demo: ModelRegistry.Provider = {
  make: (_, options) => Effect.flatMap(Effect.promise(() => import("./demo/layer.ts")), (demo) => demo.make(options)),
  defaultModel: "rivulet-demo"
}

const registry = ModelRegistry.layer({ demo })

/** The providers of the command line, the demo first. */
export const providers: Effect.Effect<ModelRegistry.Providers> = Effect.map(
  Providers.all,
  (known) => ({ demo, ...known })
)

/** The model of a name. */
export const resolve = (name: string): Model => ({
  name,
  demo: name.split(":")[0] === "demo",
  layer: Layer.provide(Providers.layerFrom(name), registry)
})

/** The model to ask when none is named: `RIVULET_MODEL`, or that of the first provider with a key, or the demo. */
export const defaultName: Effect.Effect<string, Config.ConfigError> = Effect.gen(function*() {
  const named = yield* Config.option(Config.String("RIVULET_MODEL"))
  if (Option.isSome(named) && named.value.trim() !== "") return named.value
  for (const [name, { keys, models = [] }] of Object.entries(yield* providers)) {
    if (keys !== undefined && models[0] !== undefined && (yield* hasOneOf(keys))) return `${name}:${models[0]}`
  }
  return "demo"
})

/** All models worth naming, and what each still needs. Any other name after the colon is passed through. */
export const available: Effect.Effect<ReadonlyArray<Availability>, Config.ConfigError> = Effect.gen(function*() {
  const all: Array<Availability> = []
  for (const [name, provider] of Object.entries(yield* providers)) {
    const { defaultModel, keys = [], models = ["<model>"] } = provider
    const needs = [
      ...(provider.package === undefined || isInstalled(provider.package) ? [] : [`npm install ${provider.package}`]),
      ...(keys[0] === undefined || (yield* hasOneOf(keys)) ? [] : [`set ${keys[0]}`])
    ]
    const names = defaultModel === undefined ? models.map((model) => `${name}:${model}`) : [name]
    all.push(...names.map((model) => ({ model, ready: needs.length === 0, needs, local: provider.keys === undefined })))
  }
  return all
})

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
