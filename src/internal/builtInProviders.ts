/**
 * The providers that are part of the package, as data, and how each is loaded: by the package's own name, as an app would
 * load it, when a model of it is asked for. So nothing of a provider is loaded with the core.
 */
import * as Effect from "effect/Effect"
import type { Provider, Providers } from "../ModelRegistry.ts"

const openAi = (api: "responses" | "chat"): Provider => ({
  make: (model, options) =>
    Effect.flatMap(Effect.promise(() => import("rivulet/OpenAi")), ({ make }) => make({ model, api, ...options })),
  models: ["gpt-5-mini", "gpt-5.4-mini", "gpt-6.1-sol"],
  keys: ["OPENAI_API_KEY"],
  package: "openai"
})

/** The presets of `OpenAiCompatible`, each with the variable of its key and a model of it, where there is one to name. */
const compatible = (presets: {
  readonly [preset: string]: readonly [key: string | undefined, model?: string]
}): Providers =>
  Object.fromEntries(
    Object.entries(presets).map(([preset, [key, model]]): readonly [string, Provider] => [preset, {
      make: (model, options) =>
        Effect.flatMap(
          Effect.promise(() => import("rivulet/OpenAiCompatible")),
          ({ make }) => make({ model, preset, ...options })
        ),
      ...(model === undefined ? undefined : { models: [model] }),
      ...(key === undefined ? undefined : { keys: [key] }),
      package: "openai"
    }])
  )

export const builtIn: Providers = {
  anthropic: {
    make: (model, options) =>
      Effect.flatMap(Effect.promise(() => import("rivulet/Anthropic")), ({ make }) => make({ model, ...options })),
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
  },
  openai: openAi("responses"),
  "openai-chat": openAi("chat"),
  ...compatible({
    ollama: [undefined, "llama3.2"],
    lmstudio: [undefined],
    llamacpp: [undefined],
    vllm: [undefined],
    groq: ["GROQ_API_KEY", "openai/gpt-oss-120b"],
    mistral: ["MISTRAL_API_KEY", "mistral-small-latest"],
    deepseek: ["DEEPSEEK_API_KEY", "deepseek-chat"],
    xai: ["XAI_API_KEY", "grok-4"],
    openrouter: ["OPENROUTER_API_KEY", "openai/gpt-5-mini"],
    together: ["TOGETHER_API_KEY", "openai/gpt-oss-120b"],
    fireworks: ["FIREWORKS_API_KEY", "accounts/fireworks/models/gpt-oss-120b"],
    cerebras: ["CEREBRAS_API_KEY", "gpt-oss-120b"],
    perplexity: ["PERPLEXITY_API_KEY", "sonar"],
    moonshotai: ["MOONSHOT_API_KEY", "kimi-k2-0905-preview"],
    alibaba: ["DASHSCOPE_API_KEY", "qwen-plus"],
    snowflake: ["SNOWFLAKE_PAT"],
    huggingface: ["HF_TOKEN"],
    azure: ["AZURE_OPENAI_API_KEY"]
  })
}
