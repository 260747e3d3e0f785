/** The models the command line can ask, by name. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ChatModel } from "../ChatModel.ts"
import { UsageError } from "./errors.ts"

/** A model that can be asked. */
export interface Model {
  /** As `--model` takes it. */
  readonly name: string
  readonly demo: boolean
  readonly layer: Layer.Layer<ChatModel, Config.ConfigError>
}

/** Whether a model can be asked in this environment. */
export interface Availability {
  readonly model: string
  readonly ready: boolean
  /** What is missing, each as something to do. */
  readonly needs: ReadonlyArray<string>
}

const claude = [
  "claude-haiku-4-5",
  "claude-sonnet-4-6",
  "claude-opus-4-8",
  "claude-haiku-5-5",
  "claude-sonnet-5-5",
  "claude-opus-5-5"
] as const

const firstChoice = `anthropic:${claude[0]}`

const known = `Known are demo and anthropic:<model>, such as ${firstChoice}; see them with: rivulet models`

/** The model of a name. */
export const resolve = (name: string): Effect.Effect<Model, UsageError> => {
  if (name === "demo") return Effect.succeed({ name, demo: true, layer: demoLayer })
  const [provider = "", ...rest] = name.split(":")
  const model = rest.join(":").trim()
  if (provider === "anthropic" && model !== "") {
    return Effect.succeed({ name, demo: false, layer: anthropicLayer(model) })
  }
  const problem = provider === "anthropic"
    ? `The name after anthropic: is missing in ${quote(name)}`
    : rest.length === 0 && provider.startsWith("claude")
    ? `${quote(name)} does not say whose model it is: say anthropic:${provider}`
    : `There is no model ${quote(name)}`
  return Effect.fail(new UsageError({ message: `${problem}. ${known}` }))
}

/** The model to ask when none is named: `RIVULET_MODEL`, or Claude if there is a key for it, or the demo. */
export const defaultName: Effect.Effect<string, Config.ConfigError> = Effect.gen(function*() {
  const named = yield* Config.option(Config.String("RIVULET_MODEL"))
  if (Option.isSome(named) && named.value.trim() !== "") return named.value
  return (yield* hasKey) ? firstChoice : "demo"
})

/** All models worth naming, and what each still needs. Any other name after `anthropic:` is passed through. */
export const available: Effect.Effect<ReadonlyArray<Availability>, Config.ConfigError> = Effect.gen(function*() {
  const sdk = hasSdk() ? [] : ["npm install @anthropic-ai/sdk"]
  const needs = [...sdk, ...((yield* hasKey) ? [] : ["set ANTHROPIC_API_KEY"])]
  return [
    { model: "demo", ready: sdk.length === 0, needs: sdk },
    ...claude.map((model) => ({ model: `anthropic:${model}`, ready: needs.length === 0, needs }))
  ]
})

// The provider, and the demo's server even more so, take time to load that `--help` need not spend.
const demoLayer = Layer.unwrap(Effect.map(Effect.promise(() => import("./demo/layer.ts")), (demo) => demo.layer))

const anthropicLayer = (model: string) =>
  Layer.unwrap(
    Effect.map(Effect.promise(() => import("../Anthropic.ts")), (Anthropic) => Anthropic.layer({ model }))
  )

const secret = (name: string) =>
  Config.option(Config.Redacted(name)).pipe(
    Config.map(Option.exists((value) => Redacted.value(value).trim() !== ""))
  )

const hasKey = Config.all([secret("ANTHROPIC_API_KEY"), secret("ANTHROPIC_AUTH_TOKEN")]).pipe(
  Config.map((found) => found.includes(true))
)

const hasSdk = (): boolean => {
  try {
    import.meta.resolve("@anthropic-ai/sdk")
    return true
  } catch {
    return false
  }
}

const quote = (name: string): string => JSON.stringify(name)
