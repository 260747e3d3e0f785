/**
 * Servers that speak Chat Completions, as data. Read by `model.ts`, and by the table in `src/Providers.ts`, so it must
 * not import the provider. The links lead to the documentation that each preset was taken from.
 */
import type { Capabilities } from "../../Capabilities.ts"
import type { Quirks } from "../wires/chat/quirks.ts"

/** A server that speaks Chat Completions. */
export interface Preset {
  /** The name of the provider in messages, errors and `providerOptions`. */
  readonly name: string
  /** The address, without `/chat/completions`. Absent if each user has another one. */
  readonly baseUrl?: string | undefined
  /** The environment variable that overrides `baseUrl`. None by default. */
  readonly baseUrlVariable?: string | undefined
  /** The environment variable of the API key. Absent if the server needs no key. */
  readonly keyVariable?: string | undefined
  /** The page that hands out keys, for error messages. */
  readonly keySite?: string | undefined
  /** Some of its models, for lists and messages. The first is a good choice. */
  readonly models?: ReadonlyArray<string> | undefined
  /** Differences from OpenAI's server. None by default. */
  readonly quirks?: Quirks | undefined
  /**
   * Differences from the capabilities of most servers, which are tools, parallel calls, streamed arguments, structured
   * output, images, reasoning and streamed usage. None by default.
   */
  readonly capabilities?: Partial<Capabilities> | undefined
}

/**
 * The quirks of a server unless its preset says otherwise: the older field names, and every reading that cannot be
 * mistaken. Servers on the user's machine and hosts of open models (Groq, Together, Fireworks, Perplexity) leave the
 * reasoning of some models in the text: https://console.groq.com/docs/reasoning.
 */
export const unknownServer: Quirks = { maxTokens: true, serverTools: true, thinkTags: true }

/** The capabilities of most servers. */
export const usualCapabilities: Partial<Capabilities> = {
  tools: true,
  parallelToolCalls: true,
  streamedToolArguments: true,
  structuredOutput: true,
  imageInput: true,
  reasoning: true,
  streamedUsage: true
}

/** The known servers, by name. */
export const presets = {
  // Servers on the user's machine.
  ollama: {
    name: "ollama",
    baseUrl: "http://localhost:11434/v1",
    baseUrlVariable: "OLLAMA_BASE_URL",
    models: ["llama3.2"]
  },
  lmstudio: {
    name: "lmstudio",
    baseUrl: "http://localhost:1234/v1",
    baseUrlVariable: "LMSTUDIO_BASE_URL",
    quirks: { topK: true }
  },
  llamacpp: {
    name: "llamacpp",
    baseUrl: "http://localhost:8080/v1",
    baseUrlVariable: "LLAMACPP_BASE_URL",
    quirks: { topK: true }
  },
  vllm: {
    name: "vllm",
    baseUrl: "http://localhost:8000/v1",
    baseUrlVariable: "VLLM_BASE_URL",
    quirks: { topK: true, reasoningBack: true, lastAnswer: "continue_final_message" }
  },
  // https://console.groq.com/docs/openai
  groq: {
    name: "groq",
    baseUrl: "https://api.groq.com/openai/v1",
    keyVariable: "GROQ_API_KEY",
    keySite: "https://console.groq.com/keys",
    models: ["openai/gpt-oss-120b"],
    quirks: { maxTokens: false },
    capabilities: { promptCaching: true, serverTools: true }
  },
  // https://docs.mistral.ai/api
  mistral: {
    name: "mistral",
    baseUrl: "https://api.mistral.ai/v1",
    keyVariable: "MISTRAL_API_KEY",
    keySite: "https://console.mistral.ai/api-keys",
    models: ["mistral-small-latest"],
    quirks: { noStreamOptions: true, reasoningBack: true, shortToolCallIds: true, lastAnswer: "prefix" }
  },
  // https://api-docs.deepseek.com
  deepseek: {
    name: "deepseek",
    baseUrl: "https://api.deepseek.com",
    keyVariable: "DEEPSEEK_API_KEY",
    keySite: "https://platform.deepseek.com/api_keys",
    models: ["deepseek-flash"],
    quirks: { reasoning: "thinking", reasoningBack: true, noJsonSchema: true },
    capabilities: { parallelToolCalls: false, promptCaching: true }
  },
  // https://docs.x.ai/docs/api-reference
  xai: {
    name: "xai",
    baseUrl: "https://api.x.ai/v1",
    keyVariable: "XAI_API_KEY",
    keySite: "https://console.x.ai",
    models: ["grok-4.3"],
    quirks: { maxTokens: false },
    capabilities: { citations: true, promptCaching: true, serverTools: true }
  },
  // https://openrouter.ai/docs/api-reference/overview
  openrouter: {
    name: "openrouter",
    baseUrl: "https://openrouter.ai/api/v1",
    keyVariable: "OPENROUTER_API_KEY",
    keySite: "https://openrouter.ai/keys",
    models: ["openai/gpt-6-luna"],
    quirks: { topK: true, reasoning: "reasoning", reasoningBack: true, fileUrls: true },
    capabilities: { imageOutput: true, fileInput: true, citations: true, promptCaching: true, serverTools: true }
  },
  // https://docs.together.ai/docs/openai-api-compatibility
  together: {
    name: "together",
    baseUrl: "https://api.together.xyz/v1",
    keyVariable: "TOGETHER_API_KEY",
    keySite: "https://api.together.ai/settings/api-keys",
    models: ["openai/gpt-oss-120b"],
    quirks: { topK: true }
  },
  // https://docs.fireworks.ai/tools-sdks/openai-compatibility
  fireworks: {
    name: "fireworks",
    baseUrl: "https://api.fireworks.ai/inference/v1",
    keyVariable: "FIREWORKS_API_KEY",
    keySite: "https://app.fireworks.ai/settings/users/api-keys",
    models: ["accounts/fireworks/models/gpt-oss-120b"],
    quirks: { topK: true, reasoningBack: true }
  },
  // https://inference-docs.cerebras.ai/resources/openai
  cerebras: {
    name: "cerebras",
    baseUrl: "https://api.cerebras.ai/v1",
    keyVariable: "CEREBRAS_API_KEY",
    keySite: "https://cloud.cerebras.ai",
    models: ["gpt-oss-120b"],
    quirks: { maxTokens: false },
    capabilities: { imageInput: false }
  },
  // https://docs.perplexity.ai/api-reference/chat-completions-post
  perplexity: {
    name: "perplexity",
    baseUrl: "https://api.perplexity.ai",
    keyVariable: "PERPLEXITY_API_KEY",
    keySite: "https://www.perplexity.ai/settings/api",
    models: ["sonar"],
    quirks: { noDone: true, noStreamOptions: true, topK: true },
    capabilities: {
      tools: false,
      parallelToolCalls: false,
      streamedToolArguments: false,
      citations: true
    }
  },
  // https://platform.moonshot.ai/docs/api/chat
  moonshotai: {
    name: "moonshotai",
    baseUrl: "https://api.moonshot.ai/v1",
    keyVariable: "MOONSHOT_API_KEY",
    keySite: "https://platform.moonshot.ai/console/api-keys",
    models: ["kimi-k3"],
    quirks: { reasoning: "thinking", reasoningBack: true, lastAnswer: "partial" },
    capabilities: { promptCaching: true }
  },
  // https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope
  alibaba: {
    name: "alibaba",
    baseUrl: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    keyVariable: "DASHSCOPE_API_KEY",
    keySite: "https://modelstudio.console.alibabacloud.com",
    models: ["qwen-plus"],
    quirks: { topK: true, reasoning: "enable_thinking", lastAnswer: "partial" },
    capabilities: { promptCaching: true }
  },
  // https://docs.snowflake.com/en/user-guide/snowflake-cortex/open_ai_sdk
  snowflake: {
    name: "snowflake",
    baseUrlVariable: "SNOWFLAKE_CORTEX_BASE_URL",
    keyVariable: "SNOWFLAKE_PAT",
    quirks: { maxTokens: false, noFinishReason: true, reasoningBack: true }
  },
  // https://huggingface.co/docs/inference-providers
  huggingface: {
    name: "huggingface",
    baseUrl: "https://router.huggingface.co/v1",
    keyVariable: "HF_TOKEN",
    keySite: "https://huggingface.co/settings/tokens"
  },
  // https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle: `https://RESOURCE.openai.azure.com/openai/v1`
  azure: {
    name: "azure",
    baseUrlVariable: "AZURE_OPENAI_BASE_URL",
    keyVariable: "AZURE_OPENAI_API_KEY",
    quirks: { maxTokens: false, serverTools: false, toolCallIdLength: 40 },
    capabilities: { reasoning: false, fileInput: true, promptCaching: true }
  }
} as const satisfies { readonly [name: string]: Preset }

/** The name of a known server. */
export type PresetName = keyof typeof presets

/** The preset of a name, if it is known. */
export const presetNamed = (name: string): Preset | undefined =>
  Object.hasOwn(presets, name) ? (presets as { readonly [name: string]: Preset })[name] : undefined // any name is looked up
