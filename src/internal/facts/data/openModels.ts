/**
 * Models of open weights by the hosts that serve them, and makers without an API here. Collected on 27 November 2026 from
 * the packages and threads of makers and of other toolkits.
 */
import type { Rule } from "../types.ts"
import { autoCache, local, price, servedBy, soldBy, still, words } from "./terms.ts"

const groq = servedBy("groq", [
  { match: "gpt-oss-(safeguard-)?20b", price: price(0.075, 0.3, 0.0375) },
  { match: "llama-3\\.1-8b", maxOutput: 131_072, price: price(0.05, 0.08) },
  {
    match: "gpt-oss",
    provider: [
      "groq",
      "cerebras",
      "fireworks",
      "together",
      "huggingface",
      "ollama",
      "lmstudio",
      "vllm",
      "llamacpp",
      "openrouter"
    ],
    context: 131_072,
    maxOutput: 65_536,
    ...words("low medium high", { defaultEffort: "medium" }),
    json: "schema",
    inputs: ["text"],
    price: price(0.15, 0.6, 0.075)
  },
  {
    match: "qwen/qwen3\\.8",
    context: 131_072,
    maxOutput: 16_384,
    ...words("none low medium high"),
    json: "object",
    price: price(0.8, 4)
  },
  {
    match: "qwen/qwen3",
    context: 131_072,
    maxOutput: 16_384,
    thinking: {
      control: "toggle",
      wire: "reasoning_effort",
      efforts: ["none", "default"],
      default: "on",
      off: "always",
      budget: false
    },
    json: "object",
    price: price(0.6, 3, 0.3)
  },
  {
    match: "llama-3\\.[13]|gemma2|mixtral|llama3",
    context: 131_072,
    maxOutput: 32_768,
    ...still,
    json: "object",
    inputs: ["text"],
    price: price(0.59, 0.79)
  },
  {
    match: "llama-4|kimi-k2",
    context: 131_072,
    maxOutput: 8192,
    ...still,
    json: "schema",
    price: price(0.11, 0.34)
  },
  { match: "compound", context: 131_072, maxOutput: 8192, tools: { calls: false } },
  {
    match: ".",
    api: "chat",
    limitField: "max_completion_tokens",
    sampling: "always",
    temperature: [0, 2],
    topP: [0, 1],
    topK: false,
    stop: 4,
    tools: { forced: "always", withSchema: false },
    parallel: "parallel_tool_calls",
    ...autoCache
  }
])

const cohere = soldBy("cohere", [
  {
    match: "command-a-plus",
    context: 192_000,
    maxOutput: 64_000,
    thinking: { control: "budget", wire: "thinking.token_budget", default: "on", off: "always", budget: [1, null] },
    inputs: ["text", "image"],
    price: price(0.3, 1.5, 0.15)
  },
  {
    match: "command-a-reasoning",
    context: 256_000,
    maxOutput: 32_000,
    thinking: { control: "budget", wire: "thinking.token_budget", default: "on", off: "always", budget: [1, null] },
    price: price(2.5, 10)
  },
  { match: "command-r7b", context: 128_000, maxOutput: 4000, price: price(0.0375, 0.15) },
  { match: "command-r(-08|$)", context: 128_000, maxOutput: 4000, price: price(0.15, 0.6) },
  { match: "command-(a|r)", context: 256_000, maxOutput: 8000, ...still, price: price(2.5, 10) },
  {
    match: "command-",
    api: "cohere",
    limitField: "max_tokens",
    sampling: "always",
    temperature: [0, null],
    topP: [0.01, 0.99],
    topK: true,
    stop: 5,
    tools: { forced: "required-only", withSchema: false },
    parallel: "none",
    json: "schema",
    cache: { kind: "none" }
  }
])

const amazon = soldBy("bedrock", [
  {
    match: "nova-2-lite",
    context: 1_000_000,
    maxOutput: 65_535,
    ...words("low medium high", { default: "off", off: "always", wire: "reasoningConfig" }),
    inputs: ["text", "image", "video", "pdf"],
    price: price(0.3, 2.5, 0.075)
  },
  { match: "nova-premier", context: 1_000_000, price: price(2.5, 12.5, 0.625) },
  { match: "nova-lite", context: 300_000, price: price(0.06, 0.24, 0.015) },
  { match: "nova-micro", context: 128_000, price: price(0.035, 0.14, 0.00875) },
  {
    match: "nova-(premier|pro|lite|micro)",
    context: 300_000,
    maxOutput: 10_000,
    ...still,
    price: price(0.8, 3.2, 0.2)
  },
  {
    match: "nova-",
    api: "converse",
    limitField: "maxTokens",
    sampling: "always",
    temperature: [0, 1],
    topP: [0, 1],
    topK: true,
    stop: true,
    tools: { forced: "always" },
    json: "none",
    cache: { kind: "explicit" }
  }
])

const meta = soldBy("meta", [
  {
    match: "muse-(spark|ember|wonder)",
    context: 1_048_576,
    maxOutput: 131_072,
    ...words("minimal low medium high xhigh max"),
    inputs: ["text", "image"],
    price: price(1.25, 4.25, 0.15)
  }
])

export const openModels: ReadonlyArray<Rule> = [
  ...groq,
  ...cohere,
  ...amazon,
  ...meta,
  {
    match: "llama-?4-?(maverick|scout)",
    context: 1_000_000,
    maxOutput: 16_384,
    sampling: "always",
    ...still,
    inputs: ["text", "image"],
    cutoff: "2024-08"
  },
  { match: "llama-?3\\.?[123]", context: 131_072, sampling: "always", ...still, inputs: ["text"], cutoff: "2023-12" },
  {
    match: "(^|/)(qwen3(?!.*(instruct|coder))|qwq|deepseek-(r1|v3\\.1)|magistral|nemotron-3|gemma4|glm-)",
    provider: local,
    thinking: {
      control: "toggle",
      wire: "reasoning_effort",
      efforts: ["none", "low", "medium", "high"],
      default: "on",
      off: "always",
      budget: false
    }
  },
  {
    match:
      "(^|/)(llama3|llama2|qwen2|gemma3|gemma2|phi[34]|mistral|mixtral|smollm|tinyllama|codellama|granite3|command-r|devstral|olmo2|falcon3)",
    provider: local,
    ...still
  },
  {
    match: "(^|/)(gemma3|llava|llama3\\.2-vision|moondream|qwen2\\.5vl|minicpm-v)",
    provider: local,
    tools: { calls: false },
    inputs: ["text", "image"]
  },
  // The others have one beyond Chat Completions.
  { match: ".", provider: ["ollama"], api: "chat", topK: false },
  {
    match: ".",
    provider: local,
    api: "chat",
    limitField: "max_tokens",
    sampling: "always",
    temperature: [0, 2],
    topP: [0, 1],
    stop: true,
    tools: { forced: "unenforced" },
    json: "schema",
    ...autoCache
  },
  // Models on the user's machine cost nothing. Ollama also serves models from its cloud, by names with `cloud`.
  { match: "^(?!.*cloud)", provider: local, price: price(0, 0) }
]
