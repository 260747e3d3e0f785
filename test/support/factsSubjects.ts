// Models by which the rules of the catalogue are tested: for every rule of the table, one that it hits, by each way on
// which an app reaches it.
import { factsOf } from "./factsTable.ts"
import type { Subject } from "./factsTable.ts"

const of = (provider: string, api: string, models: string): ReadonlyArray<Subject> =>
  models.trim().split(/\s+/).map((model) => ({ provider, api, model }))

const gpts = `gpt-6.2-astra gpt-6.2-sol gpt-6.1-sol gpt-6.1-terra gpt-6-astra gpt-6-sol gpt-6-luna gpt-5.6-sol
  gpt-5.6-terra gpt-5.6-luna gpt-6-cyber gpt-5.5-pro gpt-5.5 gpt-5.4-pro gpt-5.4-mini gpt-5.4-nano gpt-5.4
  gpt-5.3-codex-spark gpt-5.3-codex gpt-5.3-chat-latest gpt-5.2-pro gpt-5.2 gpt-5.1 gpt-5.1-codex gpt-5-chat-latest
  gpt-5-pro gpt-5-mini gpt-5-nano gpt-5 o3-pro o3 o4-mini gpt-4.1-nano gpt-4.1-mini gpt-4.1 gpt-4o-2024-05-13
  gpt-4o-mini gpt-4o gpt-3.5-turbo gpt-7-nova`

const geminis = `gemini-4-neon gemini-flash-latest gemini-4-hydrogen gemini-4-argon gemini-3.7-flash gemini-3.6-flash
  gemini-3.5-flash-lite gemini-3.5-flash gemini-3.1-pro-preview gemini-3.1-flash-lite gemini-3-flash-preview
  gemini-2.5-pro gemini-2.5-flash-lite gemini-2.5-flash gemini-2.0-flash`

const groks = `grok-4.7 grok-4.6 grok-4.5 grok-4.20-0309-non-reasoning grok-4.20-0309-reasoning grok-4.20-multi-agent
  grok-4.3 grok-4-fast grok-code-fast-1 grok-4`

const locals = `gpt-oss:20b qwen3:8b llama3.2 gemma3:4b llava:7b deepseek-r1:8b mine:latest`

const prefixed = (prefix: string, models: string): string =>
  models.trim().split(/\s+/).map((model) => prefix + model).join(" ")

/** The models. */
export const subjects: ReadonlyArray<Subject> = [
  ...of(
    "anthropic",
    "messages",
    `claude-opus-5-5 claude-sonnet-5-5 claude-haiku-5-5 claude-fable-5-2 claude-fable-5-1 claude-fable-5
    claude-mythos-preview claude-opus-5 claude-sonnet-5 claude-opus-4-8 claude-opus-4-7 claude-opus-4-6
    claude-sonnet-4-6 claude-opus-4-5-20251101 claude-sonnet-4-5 claude-haiku-4-5 claude-3-7-sonnet-latest
    claude-opus-5-6 mine`
  ),
  ...of(
    "openrouter",
    "chat",
    `anthropic/claude-opus-5.5 anthropic/claude-sonnet-5.5 anthropic/claude-sonnet-5 anthropic/claude-opus-4.6
    anthropic/claude-haiku-4.5 anthropic/claude-opus-4.5`
  ),
  ...of("openai-compatible", "chat", "claude-opus-5-5 claude-haiku-4-5 claude-opus-4-6 claude-opus-4-5"),
  ...of("openai", "responses", gpts),
  ...of("openai", "chat", gpts),
  ...of("azure", "chat", "gpt-5.6-sol gpt-5.4 gpt-6-astra o3 gpt-4o my-deployment"),
  ...of("openrouter", "chat", prefixed("openai/", "gpt-5.6-sol gpt-5.4 gpt-6-astra gpt-5-pro o3 gpt-4o gpt-oss-120b")),
  ...of("openrouter", "chat", prefixed("google/", geminis)),
  ...of("openai-compatible", "chat", geminis),
  ...of("xai", "chat", groks),
  ...of("openrouter", "chat", prefixed("x-ai/", groks)),
  ...of(
    "mistral",
    "chat",
    `codestral-latest devstral-latest ministral-3b-latest ministral-8b-latest ministral-14b-latest mistral-large-2512
    mistral-medium-2508 mistral-small-2506 mistral-small-latest magistral-medium-latest voxtral-small-latest
    glm-5-3-flash labs-leanstral open-mistral-nemo mistral-large-4 mistral-large-latest mistral-medium-latest glm-5-3
    glm-5-2 mistral-new`
  ),
  ...of("deepseek", "chat", "deepseek-chat deepseek-v4-pro deepseek-flash deepseek-v4-flash"),
  ...of(
    "moonshotai",
    "chat",
    "kimi-k3.1-pro-highspeed kimi-k3.1 kimi-k2.7-code-highspeed kimi-k3 kimi-k2.7-code kimi-k2.6 moonshot-v1-8k kimi-new"
  ),
  ...of(
    "alibaba",
    "chat",
    `qwen3.8-flash qwen3.7-plus qwen3.5-plus qwen3-max qwen-flash qwen-max qwen3-coder-flash qwen4-max qwen3.7-max
    qwen3.6-plus qwen3-30b-a3b-thinking qwq-32b qwen-plus qwen3-coder-plus qwen-vl-max other-model`
  ),
  ...of(
    "groq",
    "chat",
    `openai/gpt-oss-20b openai/gpt-oss-120b llama-3.1-8b-instant llama-3.3-70b-versatile qwen/qwen3.8-27b qwen/qwen3-32b
    meta-llama/llama-4-scout-17b compound-mini other-model`
  ),
  ...["ollama", "lmstudio", "llamacpp", "vllm"].flatMap((provider) => of(provider, "chat", locals)),
  ...["cerebras", "fireworks", "together", "huggingface"].flatMap((provider) => of(provider, "chat", "gpt-oss-120b")),
  ...of(
    "openrouter",
    "chat",
    `cohere/command-a-plus cohere/command-a-reasoning cohere/command-r7b cohere/command-r-08-2024 cohere/command-a
    amazon/nova-2-lite amazon/nova-premier amazon/nova-lite amazon/nova-micro amazon/nova-pro meta/muse-spark
    meta-llama/llama-4-maverick meta-llama/llama-3.3-70b some/other-model`
  ),
  ...of(
    "openai-compatible",
    "chat",
    `command-a-reasoning nova-2-lite muse-ember llama-4-scout llama-3.3-70b-instruct kimi-k3 deepseek-v4-pro
    grok-4.3 gpt-5.6-sol my-model`
  ),
  ...of("perplexity", "chat", "sonar"),
  ...of("snowflake", "chat", "claude-haiku-4-5 llama3.1-70b")
]

export const nameOf = ({ api, model, provider }: Subject): string => `${provider} ${api} ${model}`

/** What decides the form of a request, without its numbers. */
const formOf = ({ api, provider, ...subject }: Subject): string => {
  const { apis, chatEfforts, inputs, limitField, oneOfTemperatureTopP, parallel, reasoningBack, thinking, ...facts } =
    factsOf({ ...subject, api, provider })
  if (apis !== undefined && !apis.includes(api)) return `${api} alone`
  const own = ["openrouter", "openai-compatible", "alibaba", "azure"]
  const { json, jsonWhen, sampling, stop, tools, topK } = facts
  return JSON.stringify([
    own.includes(provider) ? provider : api,
    [thinking?.control, thinking?.wire, thinking?.default, thinking?.off, thinking?.lowest],
    [thinking?.efforts?.includes("none"), Array.isArray(thinking?.budget), chatEfforts === undefined, reasoningBack],
    [json, jsonWhen, sampling, stop, tools, topK, parallel, oneOfTemperatureTopP, limitField, inputs?.includes("image")]
  ])
}

/** One model for each form of request. */
export const distinctSubjects = (): ReadonlyArray<Subject> => {
  const seen = new Set<string>()
  return subjects.filter((subject) => {
    const form = formOf(subject)
    return !seen.has(form) && seen.add(form)
  })
}
