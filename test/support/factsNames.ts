// Names of models as they are in use: with prefixes, dates and versions, of all families, and names that look like them.
import type { Subject } from "./factsTable.ts"

const of = (provider: string, api: string, models: string): ReadonlyArray<Subject> =>
  models.trim().split(/\s+/).map((model) => ({ provider, api, model }))

/** The names, by the way on which they are reached. */
export const names: ReadonlyArray<Subject> = [
  ...of(
    "anthropic",
    "messages",
    `claude-opus-5-5-20261101 claude-sonnet-5-5-latest claude-haiku-5-5@20261001 claude-fable-5-2 claude-fable-5-1-20261010
    claude-fable-5-20260801 claude-mythos-preview claude-opus-5-20260901 claude-sonnet-5 claude-opus-4-8 claude-opus-4-7
    claude-opus-4-6-20260205 claude-sonnet-4-6 claude-opus-4-5-20251101 claude-sonnet-4-5@20250929
    claude-haiku-4-5-20251001 claude-opus-4-1-20250805 claude-opus-4-20250514 claude-sonnet-4-20250514 claude-opus-4-0
    claude-3-7-sonnet-latest claude-3-5-sonnet-20241022 claude-2.1 claude-instant-1.2 us.anthropic.claude-opus-4-5-v1:0
    eu.anthropic.claude-sonnet-5 anthropic/claude-sonnet-4.5 CLAUDE-OPUS-5 claude-opus-5-6 claude-opus-55
    claude-verse-1 claudette my-claude-opus-5 gpt-5.4`
  ),
  ...of(
    "openai",
    "responses",
    `gpt-6.2-astra-law gpt-6.2-sol gpt-6.1-sol-2026-10-01 gpt-6.1-terra gpt-6-astra gpt-6-sol gpt-6-luna gpt-5.6
    gpt-5.6-sol-latest gpt-5.6-terra gpt-5.6-luna gpt-6-cyber gpt-5.5-pro gpt-5.5-2026-04-02 gpt-5.4-pro gpt-5.4-mini
    gpt-5.4-nano-2026-03-17 gpt-5.4 gpt-5.3-codex-spark gpt-5.3-codex gpt-5.3-chat-latest gpt-5.2-chat-latest gpt-5.2-pro
    gpt-5.2 gpt-5.1-2025-11-13 gpt-5.1-codex-max gpt-5.1-codex gpt-5-codex gpt-5-chat-latest gpt-5-pro gpt-5-mini
    gpt-5-nano gpt-5-2025-08-07 gpt-6 gpt-6-mini gpt-7-sol gpt-12 o3-pro o3 o3-mini o3-deep-research o4-mini o1
    o1-preview gpt-4.1-nano gpt-4.1-mini gpt-4.1-2025-04-14 gpt-4o-2024-05-13 gpt-4o-2024-08-06 gpt-4o-mini-2024-07-18
    chatgpt-4o-latest gpt-4-turbo gpt-4 gpt-4.5-preview gpt-3.5-turbo-0125 gpt-oss-120b gpt-image-1 o30 foo3
    computer-use-preview text-embedding-3-large`
  ),
  ...of("openai", "chat", "gpt-6-astra gpt-5.6-sol gpt-5.4 gpt-5-pro gpt-5-mini o3 gpt-4o gpt-4.1 gpt-oss-20b"),
  ...of("azure", "chat", "gpt-5.6-sol gpt-4o my-deployment"),
  ...of(
    "openrouter",
    "chat",
    `anthropic/claude-opus-5.5 anthropic/claude-haiku-4.5:beta anthropic/claude-3.5-sonnet openai/gpt-5.6-sol openai/o3
    openai/gpt-4o-mini openai/gpt-oss-20b:free google/gemini-2.5-pro google/gemma-4-27b x-ai/grok-4.5 x-ai/grok-code-fast-1
    deepseek/deepseek-chat qwen/qwen3-max moonshotai/kimi-k3 mistralai/mistral-large-4 meta-llama/llama-4-scout
    meta-llama/llama-3.3-70b-instruct cohere/command-a amazon/nova-pro-v1 nousresearch/hermes-4-llama-3.1-405b
    openrouter/auto`
  ),
  ...of(
    "openai-compatible",
    "chat",
    `models/gemini-2.5-flash gemini-4-neon gemini-4-argon gemini-3.8-flash gemini-3.6-flash gemini-3.5-flash-lite
    gemini-3.5-flash gemini-3-pro-preview gemini-3.1-flash-lite gemini-3-flash gemini-2.5-flash-lite gemini-2.0-flash
    gemini-1.5-pro gemini-pro gemini-9-ultra gemini-flash-latest claude-haiku-4-5 command-r7b command-r-plus my-model
    test minigpt-4 llama3.1`
  ),
  ...of(
    "xai",
    "chat",
    `grok-4.7 grok-4.6 grok-4.5 grok-build-latest grok-4.20-0309-reasoning grok-4.20-non-reasoning grok-4.20-multi-agent
    grok-4.3 grok-latest grok-4-0709 grok-4-1-fast-reasoning grok-4-fast grok-4 grok-3 grok-3-mini grok-2-1212
    grok-code-fast-1`
  ),
  ...of(
    "mistral",
    "chat",
    `mistral-large-4 mistral-large-latest mistral-large-2512 mistral-medium-latest mistral-medium-2508 mistral-small-2603
    mistral-small-2506 magistral-medium-2509 codestral-2508 devstral-latest ministral-8b-2512 glm-5-3 glm-5-2
    open-mistral-nemo labs-leanstral mistral-next`
  ),
  ...of("deepseek", "chat", "deepseek-chat deepseek-reasoner deepseek-v4-pro deepseek-flash deepseek-v9"),
  ...of("moonshotai", "chat", "kimi-k3.1 kimi-k3 kimi-k2.7-code kimi-k2.6 kimi-k2-0905-preview moonshot-v1-128k"),
  ...of(
    "alibaba",
    "chat",
    "qwen4-max qwen3.8-flash qwen3.7-max qwen3.5-plus qwen3-max qwen-plus qwq-plus qwen3-coder-plus qwen-vl-max glm-5"
  ),
  ...of(
    "groq",
    "chat",
    `openai/gpt-oss-120b openai/gpt-oss-20b llama-3.1-8b-instant llama-3.3-70b-versatile qwen/qwen3-32b
    meta-llama/llama-4-scout moonshotai/kimi-k2-instruct compound allam-2-7b`
  ),
  ...of(
    "ollama",
    "chat",
    `gpt-oss:20b qwen3:4b qwen3-coder:30b qwen2.5:7b llama3.2 gemma3:12b llava:7b deepseek-r1:14b mistral:7b phi4
    command-r:35b nomic-embed-text`
  ),
  ...of("vllm", "chat", "Qwen/Qwen3-8B meta-llama/Llama-3.3-70B-Instruct"),
  ...of("together", "chat", "openai/gpt-oss-120b meta-llama/Llama-3.3-70B-Instruct-Turbo deepseek-ai/DeepSeek-V3.1"),
  ...of("cerebras", "chat", "gpt-oss-120b llama3.1-8b")
]
