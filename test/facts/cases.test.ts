// Calls, and the requests that should be sent for them: those beside the repository, and others of the same kinds.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { available, cases, skipped } from "../support/factsTable.ts"
import type { Case, Json } from "../support/factsTable.ts"
import { judged } from "../support/judged.ts"

/** Whether a body contains what is wanted; objects in part. */
const contains = (got: Json, want: Json): boolean =>
  typeof want === "object" && want !== null && !Array.isArray(want)
    ? typeof got === "object" && got !== null &&
      Object.entries(want).every(([key, value]) => contains(got[key], value))
    : JSON.stringify(got) === JSON.stringify(want)

const check = ({ api, id, model, options, provider, want, why }: Case) =>
  it.effect(`${id} ${model}: ${why}`, () =>
    Effect.gen(function*() {
      const { call } = yield* judged({ api, model, provider })
      const { body, reason, refusal, warnings } = yield* call("Hi", options)
      if (want.fail !== undefined) {
        assert.isUndefined(body, "something was sent")
        assert.strictEqual(reason?._tag, "UnsupportedError", reason?.message)
        assert.propertyVal(reason, "field", want.fail)
        return
      }
      assert.isDefined(body, reason?.message)
      assert.isTrue(contains(body, want.body ?? {}), JSON.stringify(body))
      for (const field of want.absent ?? []) assert.notProperty(body, field)
      // What a provider's own fields say is sent as it is, and the maker may refuse it.
      if (options.providerOptions !== undefined) return
      assert.isUndefined(refusal, JSON.stringify(refusal))
      assert.sameMembers(warnings.map(({ field }) => field), [...want.warn ?? []])
    }))

describe.skipIf(!available)(`the cases of the table${available ? "" : ` (${skipped})`}`, () => {
  for (const each of cases) check(each)
})

const weather = {
  name: "weather",
  description: "d",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false
  }
}
const tools = [weather]
const schema = {
  type: "object",
  properties: { a: { type: "string" } },
  required: ["a"],
  additionalProperties: false
}
const responseFormat = { type: "json_schema", schema }
const forced = { tools, toolChoice: "required" }

const of =
  (provider: string, api: string) => (model: string, options: Json, want: Case["want"], why: string): Case => ({
    id: "",
    provider,
    api,
    model,
    options,
    want,
    why
  })

const anthropic = of("anthropic", "messages")
const responses = of("openai", "responses")
const chat = of("openai-chat", "chat")
const deepseek = of("deepseek", "chat")
const moonshotai = of("moonshotai", "chat")
const alibaba = of("alibaba", "chat")
const groq = of("groq", "chat")
const mistral = of("mistral", "chat")
const xai = of("xai", "chat")
const ollama = of("ollama", "chat")
const openrouter = of("openrouter", "chat")
const compatible = of("openai-compatible", "chat")

const effort = (effort: string) => ({ reasoning: { effort } })
const budget = (budgetTokens: number) => ({ reasoning: { budgetTokens } })
const adaptive = { type: "adaptive", display: "summarized" }

const others: ReadonlyArray<Case> = [
  anthropic("claude-haiku-4-5", { temperature: 1.7 }, { body: { temperature: 1 }, warn: ["temperature"] }, "clamped"),
  anthropic(
    "claude-opus-4-6",
    { ...effort("high"), temperature: 0.2, topK: 3 },
    { body: { thinking: { type: "adaptive" } }, absent: ["temperature", "top_k"], warn: ["temperature", "topK"] },
    "no sampling while it thinks"
  ),
  anthropic("claude-opus-4-6", { temperature: 0.2 }, { body: { temperature: 0.2 } }, "it does not think unasked"),
  anthropic(
    "claude-opus-5",
    effort("none"),
    { body: { thinking: { type: "disabled" } }, absent: ["output_config"] },
    "can be off"
  ),
  anthropic(
    "claude-haiku-5-5",
    effort("none"),
    { body: { thinking: { type: "disabled" } }, absent: ["output_config"] },
    "can be off with an effort up to high"
  ),
  anthropic(
    "claude-opus-5",
    effort("high"),
    { body: { thinking: adaptive, output_config: { effort: "high" }, max_tokens: 128_000 } },
    "its reasoning is not shown unless that is said"
  ),
  anthropic(
    "claude-opus-5",
    budget(32_000),
    { body: { thinking: adaptive, output_config: { effort: "medium" } } },
    "takes words: tokens stand for the word of their band"
  ),
  anthropic(
    "claude-opus-5",
    effort("minimal"),
    { body: { output_config: { effort: "low" } }, warn: ["reasoning.effort"] },
    "the nearest word that it has"
  ),
  anthropic(
    "claude-opus-4-6",
    effort("xhigh"),
    { body: { output_config: { effort: "max" } }, warn: ["reasoning.effort"] },
    "of two words the higher"
  ),
  anthropic(
    "claude-opus-4-6",
    { ...budget(5000), maxTokens: 1000 },
    { body: { thinking: { type: "enabled", budget_tokens: 5000 }, max_tokens: 6000 }, absent: ["output_config"] },
    "takes both; the limit is about the answer"
  ),
  anthropic(
    "claude-opus-4-5",
    effort("high"),
    {
      body: {
        thinking: { type: "enabled", budget_tokens: 32_000 },
        output_config: { effort: "high" },
        max_tokens: 64_000
      }
    },
    "a word and the tokens that it stands for"
  ),
  anthropic(
    "claude-haiku-4-5",
    { ...budget(60_000), maxTokens: 10_000 },
    { body: { thinking: { budget_tokens: 60_000 }, max_tokens: 64_000 }, warn: ["maxTokens"] },
    "budget and answer together are up to its ceiling"
  ),
  anthropic("claude-haiku-4-5", budget(500), { fail: "reasoning.budgetTokens" }, "below the least budget"),
  anthropic(
    "claude-haiku-4-5",
    budget(100_000),
    { body: { thinking: { budget_tokens: 63_999 }, max_tokens: 64_000 }, warn: ["reasoning.budgetTokens"] },
    "above the greatest budget"
  ),
  anthropic(
    "claude-haiku-4-5",
    { maxTokens: 500_000 },
    { body: { max_tokens: 64_000 }, warn: ["maxTokens"] },
    "ceiling"
  ),
  anthropic("claude-haiku-4-5", { ...forced, ...effort("high") }, { fail: "toolChoice" }, "both were asked for"),
  anthropic("claude-opus-4-7", forced, { body: { tool_choice: { type: "any" } }, absent: ["thinking"] }, "at rest"),
  anthropic("claude-opus-4-7", { ...forced, ...effort("low") }, { fail: "toolChoice" }, "both were asked for"),
  anthropic("claude-sonnet-5", forced, { body: { tool_choice: { type: "any" } }, absent: ["thinking"] }, "takes both"),
  anthropic(
    "claude-sonnet-5-5",
    { tools, toolChoice: { name: "weather" } },
    { fail: "toolChoice" },
    "nothing stands for a forced call"
  ),
  anthropic("claude-opus-5-5", { tools }, { absent: ["tool_choice", "thinking"] }, "tools that it may call"),
  anthropic(
    "claude-next-1",
    forced,
    { body: { thinking: { type: "disabled" }, tool_choice: { type: "any" } }, warn: ["reasoning"] },
    "a Claude of no known name is taken for the newest kind"
  ),
  anthropic(
    "mine",
    { temperature: 1.7, topP: 0.5 },
    { body: { temperature: 1.7, top_p: 0.5, max_tokens: 32_000 } },
    "?"
  ),
  responses(
    "gpt-5.6-sol",
    { temperature: 0 },
    { absent: ["temperature", "reasoning"], warn: ["temperature"] },
    "reasons"
  ),
  responses(
    "gpt-5.6-sol",
    { temperature: 0, ...effort("none") },
    { body: { temperature: 0, reasoning: { effort: "none" } } },
    "does not reason if asked not to"
  ),
  responses(
    "gpt-5-mini",
    { maxTokens: 5 },
    { body: { max_output_tokens: 16 }, warn: ["maxTokens"] },
    "the least limit"
  ),
  responses(
    "gpt-5",
    effort("max"),
    { body: { reasoning: { effort: "high" } }, warn: ["reasoning.effort"] },
    "its most"
  ),
  responses(
    "gpt-5.4",
    effort("max"),
    { body: { reasoning: { effort: "xhigh" } }, warn: ["reasoning.effort"] },
    "its most"
  ),
  responses("gpt-5.4", budget(64_000), { body: { reasoning: { effort: "high" } } }, "half of its ceiling"),
  responses(
    "gpt-5-pro",
    effort("none"),
    { body: { reasoning: { effort: "high" } }, warn: ["reasoning.effort"] },
    "its only word"
  ),
  responses(
    "gpt-4.1",
    effort("high"),
    { absent: ["reasoning", "include"], warn: ["reasoning.effort"] },
    "never reasons"
  ),
  responses("gpt-4.1", effort("none"), { absent: ["reasoning", "include"] }, "never reasons anyway"),
  responses("gpt-5-mini", { stopSequences: ["END"] }, { fail: "stopSequences" }, "the API has none"),
  responses("gpt-5.4-pro", { responseFormat }, { fail: "responseFormat" }, "takes no schema"),
  responses(
    "gpt-6.1-sol",
    { topK: 5, topP: 0.5 },
    { absent: ["top_k", "top_p"], warn: ["topK", "topP"] },
    "no sampling"
  ),
  chat("gpt-6-astra", { tools }, { fail: "tools" }, "no functions there at all"),
  chat("gpt-6-astra", effort("max"), { body: { reasoning_effort: "xhigh" }, warn: ["reasoning.effort"] }, "less there"),
  chat("gpt-5.6-sol", { tools, ...effort("high") }, { fail: "tools" }, "functions and reasoning were both asked for"),
  chat("gpt-5.4", { tools }, { body: { reasoning_effort: "none" } }, "said aloud where something rests on it"),
  chat("gpt-5.4", { stopSequences: ["END"] }, { body: { stop: ["END"], reasoning_effort: "none" } }, "said aloud"),
  chat("gpt-5.1", { tools }, { absent: ["reasoning_effort"] }, "takes functions with reasoning"),
  chat("gpt-5-pro", {}, { fail: "api" }, "served by the other API alone"),
  chat(
    "gpt-4o",
    { maxTokens: 500, stopSequences: ["END"] },
    { body: { max_completion_tokens: 500, stop: ["END"] } },
    "-"
  ),
  deepseek(
    "deepseek-v4-pro",
    { temperature: 0.5 },
    { absent: ["temperature", "thinking"], warn: ["temperature"] },
    "ignored while it thinks, as it does unasked"
  ),
  deepseek(
    "deepseek-v4-pro",
    { temperature: 0.5, ...effort("none") },
    { body: { temperature: 0.5, thinking: { type: "disabled" } }, absent: ["reasoning_effort"] },
    "taken at rest"
  ),
  deepseek(
    "deepseek-v4-pro",
    effort("low"),
    { body: { thinking: { type: "enabled" }, reasoning_effort: "high" }, warn: ["reasoning.effort"] },
    "its least word"
  ),
  deepseek("deepseek-v4-pro", { responseFormat }, { fail: "responseFormat" }, "takes no schema"),
  deepseek(
    "deepseek-v4-pro",
    { responseFormat: { type: "json" } },
    { body: { response_format: { type: "json_object" } } },
    "takes JSON"
  ),
  deepseek(
    "deepseek-flash",
    { tools, parallelToolCalls: false },
    { absent: ["parallel_tool_calls"], warn: ["parallelToolCalls"] },
    "has no such field"
  ),
  moonshotai(
    "kimi-k3",
    { temperature: 0, ...effort("medium") },
    { body: { reasoning_effort: "high" }, absent: ["temperature"], warn: ["temperature", "reasoning.effort"] },
    "its temperature is fixed"
  ),
  moonshotai(
    "kimi-k3",
    effort("none"),
    { body: { reasoning_effort: "low" }, absent: ["thinking"], warn: ["reasoning.effort"] },
    "always thinks"
  ),
  moonshotai("kimi-k2.6", effort("none"), { body: { thinking: { type: "disabled" } } }, "a switch"),
  moonshotai(
    "kimi-k2.6",
    effort("high"),
    { body: { thinking: { type: "enabled" } }, absent: ["reasoning_effort"], warn: ["reasoning.effort"] },
    "a switch without levels"
  ),
  moonshotai(
    "kimi-k2.7-code",
    forced,
    { body: { tool_choice: { type: "function", function: { name: "weather" } } } },
    "of one tool its name says the same"
  ),
  moonshotai("kimi-k2.7-code", effort("none"), { absent: ["thinking"], warn: ["reasoning.effort"] }, "always, unset"),
  alibaba(
    "qwen3.7-max",
    effort("high"),
    { body: { enable_thinking: true, thinking_budget: 32_768 }, absent: ["reasoning_effort"] },
    "half of its ceiling"
  ),
  alibaba("qwen3.7-max", effort("none"), { body: { enable_thinking: false } }, "a switch"),
  alibaba(
    "qwen3.7-max",
    forced,
    { body: { enable_thinking: false, tool_choice: "required" }, warn: ["reasoning"] },
    "thinks unasked, and gives way"
  ),
  alibaba("qwen3.7-max", { ...forced, ...budget(1000) }, { fail: "toolChoice" }, "both were asked for"),
  alibaba(
    "qwen3.8-max",
    effort("high"),
    { body: { reasoning_effort: "xhigh" }, absent: ["enable_thinking"], warn: ["reasoning.effort"] },
    "of two words the higher"
  ),
  alibaba(
    "qwen3.8-max",
    effort("none"),
    { body: { enable_thinking: false }, absent: ["reasoning_effort"] },
    "a switch"
  ),
  alibaba("qwen-plus", { maxTokens: 9, topK: 4 }, { body: { max_tokens: 9, top_k: 4 } }, "the older name of the limit"),
  groq(
    "openai/gpt-oss-120b",
    effort("max"),
    { body: { reasoning_effort: "high" }, warn: ["reasoning.effort"] },
    "its most"
  ),
  groq(
    "qwen/qwen3-32b",
    effort("high"),
    { body: { reasoning_effort: "default" }, warn: ["reasoning.effort"] },
    "a switch with words of its own"
  ),
  groq("qwen/qwen3-32b", effort("none"), { body: { reasoning_effort: "none" } }, "off"),
  groq(
    "llama-3.3-70b-versatile",
    effort("high"),
    { absent: ["reasoning_effort"], warn: ["reasoning.effort"] },
    "never"
  ),
  groq("openai/gpt-oss-120b", { tools, responseFormat }, { fail: "responseFormat" }, "tools or a schema"),
  groq("openai/gpt-oss-120b", { stopSequences: ["1", "2", "3", "4", "5"] }, { fail: "stopSequences" }, "up to four"),
  groq("compound-mini", { tools }, { fail: "tools" }, "calls no tools"),
  mistral(
    "mistral-medium-latest",
    { temperature: 0, ...effort("medium") },
    { body: { temperature: 0.01, reasoning_effort: "high" }, warn: ["temperature", "reasoning.effort"] },
    "of none and high"
  ),
  mistral("mistral-large-4", { temperature: 1.7 }, { body: { temperature: 1.5 }, warn: ["temperature"] }, "clamped"),
  mistral("codestral-latest", effort("high"), { absent: ["reasoning_effort"], warn: ["reasoning.effort"] }, "never"),
  xai(
    "grok-4.20-0309-reasoning",
    effort("high"),
    { absent: ["reasoning_effort"], warn: ["reasoning.effort"] },
    "unset"
  ),
  xai(
    "grok-4.20-0309-reasoning",
    effort("none"),
    { absent: ["reasoning_effort"], warn: ["reasoning.effort"] },
    "unset"
  ),
  xai("grok-4.5", effort("none"), { body: { reasoning_effort: "low" }, warn: ["reasoning.effort"] }, "has no none"),
  xai("grok-4.7", { stopSequences: ["END"] }, { fail: "stopSequences" }, "takes none"),
  xai("grok-4.20-multi-agent", {}, { fail: "api" }, "served by the other API alone"),
  ollama("llama3.2", effort("high"), { absent: ["reasoning_effort"], warn: ["reasoning.effort"] }, "never"),
  ollama("qwen3:8b", effort("none"), { body: { reasoning_effort: "none" } }, "thinks unless told"),
  ollama("gpt-oss:20b", { ...effort("none"), topK: 3 }, {
    body: { reasoning_effort: "low" },
    absent: ["top_k"],
    warn: ["reasoning.effort", "topK"]
  }, "always thinks"),
  ollama("qwen3:8b", forced, { body: { tool_choice: "required" }, warn: ["toolChoice"] }, "taken, and not enforced"),
  openrouter(
    "anthropic/claude-haiku-4.5",
    { ...effort("high"), maxTokens: 1000 },
    { body: { reasoning: { effort: "high" }, max_tokens: 1000 } },
    "OpenRouter has words for every model"
  ),
  openrouter(
    "anthropic/claude-haiku-4.5",
    { ...budget(2000), maxTokens: 1000 },
    { body: { reasoning: { max_tokens: 2000 }, max_tokens: 3000 } },
    "and tokens, which the limit contains"
  ),
  openrouter("anthropic/claude-opus-5.5", { temperature: 0 }, {
    absent: ["temperature", "max_tokens"],
    warn: ["temperature"]
  }, "the limit would be held as credit"),
  openrouter(
    "openai/gpt-5-pro",
    { maxTokens: 500 },
    { body: { max_completion_tokens: 500 } },
    "serves it by its own API"
  ),
  compatible("claude-haiku-4-5", budget(32_000), { body: { reasoning_effort: "high" } }, "the word of this API"),
  compatible("gemini-2.5-flash", effort("none"), { body: { reasoning_effort: "none" } }, "the word of this API"),
  compatible(
    "my-model",
    { temperature: 9, ...effort("max"), maxTokens: 1e9, stopSequences: ["a", "b", "c", "d", "e"] },
    {
      body: { temperature: 9, reasoning_effort: "max", max_tokens: 1e9, stop: ["a", "b", "c", "d", "e"] }
    },
    "nothing is known, and nothing is changed"
  )
]

describe.skipIf(!available)(`cases of the same kinds${available ? "" : ` (${skipped})`}`, () => {
  for (const each of others) check({ ...each, id: each.provider })
})
