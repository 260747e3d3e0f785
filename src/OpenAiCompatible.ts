/**
 * Any server that speaks OpenAI's Chat Completions: a local one (Ollama, LM Studio, llama.cpp, vLLM) or a provider's.
 *
 * **Details**
 *
 * - No SDK is needed.
 * - A preset describes a server: its address, the variable of its key, its quirks and its capabilities. {@link presets} has
 *   many of them by name. A preset of your own takes five lines.
 * - A missing or invalid setting, such as an unknown preset, fails the first call, not the layer.
 * - Servers deviate. Deviations that cannot be mistaken are read from every server: a missing or repeated role, content as an
 *   array, reasoning in any of its fields, tool calls whose index is missing, shared or counted from 1 and whose ids are
 *   missing or change with every chunk, arguments as an object, usage at the end, with each chunk or never, an error inside
 *   a 200, comments. Each of the others has a name in {@link Quirks}.
 * - Fields of a server's API that have no common option go under `providerOptions`, keyed by the name of the preset, or by
 *   `openai-compatible` without one.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { ChatModel } from "./internal/model/service.ts"
import type { Service } from "./internal/model/service.ts"
import { appSettings, readConfig, withEnvironment } from "./internal/provider/settings.ts"
import { makeModel, presetOf } from "./providers/compatible/model.ts"
import type { Options } from "./providers/compatible/options.ts"
import { presets as knownPresets } from "./providers/compatible/presets.ts"

export type { Options } from "./providers/compatible/options.ts"
export type { Preset, PresetName } from "./providers/compatible/presets.ts"
export type { Quirks } from "./providers/wires/chat/quirks.ts"

/**
 * The known servers, by name.
 *
 * **Example** (A server like another)
 *
 * ```ts
 * import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
 *
 * const Model = OpenAiCompatible.layer({
 *   model: "llama-3.3-70b",
 *   preset: { ...OpenAiCompatible.presets.vllm, name: "acme", baseUrl: "https://llm.acme.example/v1" }
 * })
 * ```
 */
export const presets = knownPresets

/**
 * Makes a chat model, for a tag of your own. Settings that the options omit are read from the environment, by the names
 * in the preset.
 *
 * **Example** (A preset of your own)
 *
 * ```ts
 * import { Context, Layer } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
 *
 * class Local extends Context.Service<Local, ChatModel.Service>()("app/Local") {}
 *
 * const acme: OpenAiCompatible.Preset = {
 *   name: "acme",
 *   baseUrl: "https://llm.acme.example/v1",
 *   keyVariable: "ACME_API_KEY",
 *   quirks: { noDone: true }
 * }
 * const LocalLive = Layer.effect(Local, OpenAiCompatible.make({ model: "acme-1", preset: acme }))
 * ```
 */
export const make = (options: Options): Effect.Effect<Service, Config.ConfigError> => {
  const { baseUrlVariable, keyVariable } = presetOf(options) ?? {}
  return Effect.zipWith(
    withEnvironment(options, { secrets: { apiKey: keyVariable }, texts: { baseUrl: baseUrlVariable } }),
    appSettings,
    makeModel
  )
}

/**
 * A layer for `ChatModel`. Settings that the options omit are read from the environment, by the names in the preset.
 *
 * **Example** (A model on this machine)
 *
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
 *
 * const song = ChatModel.stream("Write me a song about goldfish").pipe(
 *   Stream.runForEach((chunk) => Effect.sync(() => process.stdout.write(chunk.content))),
 *   Effect.provide(OpenAiCompatible.layer({ preset: "ollama", model: "llama3.2" }))
 * )
 * ```
 */
export const layer = (options: Options): Layer.Layer<ChatModel, Config.ConfigError> =>
  Layer.effect(ChatModel, make(options))

/** Settings as `Config`s, for an app with its own configuration. */
export interface ConfigOptions {
  /** The name of the model. */
  readonly model: Config.Config<string>
  /** The name of a preset. Defaults to `options.preset`. */
  readonly preset?: Config.Config<string> | undefined
  /** The API key. Defaults to the variable of the preset. */
  readonly apiKey?: Config.Config<Redacted.Redacted<string>> | undefined
  /** The address of the server, without `/chat/completions`. Defaults to the preset's. */
  readonly baseUrl?: Config.Config<string> | undefined
  /** All other options, as plain values. None by default. */
  readonly options?: Omit<Options, "model" | "apiKey" | "baseUrl"> | undefined
}

/**
 * Makes a chat model with settings from `Config`, for a tag of your own. It fails if a setting is missing or invalid.
 *
 * **Example** (Two models with names of the app's own)
 *
 * ```ts
 * import { Config, Context, Layer } from "effect"
 * import type { ChatModel } from "rivulet"
 * import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
 *
 * class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
 *
 * const Models = Layer.mergeAll(
 *   OpenAiCompatible.layerConfig({ model: Config.String("CHAT_MODEL") }),
 *   Layer.effect(Fast, OpenAiCompatible.makeConfig({ model: Config.String("FAST_MODEL"), preset: Config.String("FAST_SERVER") }))
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
 * import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
 *
 * const Model = OpenAiCompatible.layerConfig({
 *   model: Config.String("CHAT_MODEL"),
 *   preset: Config.String("CHAT_SERVER")
 * })
 * ```
 */
export const layerConfig = (config: ConfigOptions): Layer.Layer<ChatModel, Config.ConfigError> =>
  Layer.effect(ChatModel, makeConfig(config))
