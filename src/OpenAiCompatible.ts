/**
 * Any server that speaks OpenAI's Chat Completions: a local one (Ollama, LM Studio, llama.cpp, vLLM) or a provider's.
 *
 * Needs the package `openai`, for authentication and transport. What is known of a server is a preset: address, variable
 * of the key, quirks, capabilities. {@link presets} has those of many by name; a preset of your own is five lines.
 * A setting that is missing or wrong, an unknown preset among them, is the typed failure of the first call.
 *
 * Servers deviate. What can be understood in one way only is read from all of them alike: a role that is missing or
 * repeated, content as an array, reasoning in any of its fields, tool calls whose index is missing, shared or counted
 * from 1 and whose ids are missing or change with every chunk, arguments as an object, usage at the end, with each chunk
 * or never, an error inside a 200, comments. The rest is a matter of {@link Quirks}, by name.
 *
 * Fields that a server's API has beyond the common options go under `providerOptions`, keyed by the preset's name, or by
 * `openai-compatible` without one.
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { ChatModel } from "./internal/model/service.ts"
import type { Service } from "./internal/model/service.ts"
import { readConfig, secret, text, withEnvironment } from "./internal/provider/settings.ts"
import { makeModel, presetOf } from "./providers/compatible/model.ts"
import type { Options } from "./providers/compatible/options.ts"
import { presets as knownPresets } from "./providers/compatible/presets.ts"

export type { Options } from "./providers/compatible/options.ts"
export type { Preset, PresetName } from "./providers/compatible/presets.ts"
export type { Quirks } from "./providers/wires/chat/quirks.ts"

/**
 * The servers that are known by name.
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
 * A chat model, for an app's own tag. The key is read from the preset's variable, if the options leave it open.
 *
 * **Example** (A preset of one's own)
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
  return Effect.map(
    withEnvironment(options, { apiKey: secret(keyVariable), baseUrl: text(baseUrlVariable) }),
    makeModel
  )
}

/**
 * The context's chat model.
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

/** Settings from an app's own configuration; `options` are plain. */
export interface ConfigOptions {
  readonly model: Config.Config<string>
  readonly preset?: Config.Config<string> | undefined
  readonly apiKey?: Config.Config<Redacted.Redacted<string>> | undefined
  readonly baseUrl?: Config.Config<string> | undefined
  readonly options?: Omit<Options, "model" | "apiKey" | "baseUrl"> | undefined
}

/**
 * The context's chat model, set up from `Config`. A setting that is missing or wrong fails the layer.
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
  Layer.effect(ChatModel, Effect.flatMap(readConfig(config), make))
