// The judge of requests, which the other tests of this folder trust: it refuses what the makers refuse, and its answers
// are those that the library must understand.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Message } from "rivulet"
import type { CallOptions } from "rivulet"
import { nameOf } from "../support/factsSubjects.ts"
import { available, skipped } from "../support/factsTable.ts"
import type { Json, Subject } from "../support/factsTable.ts"
import { judge } from "../support/judge.ts"
import { judged, makeModel, serveJudged } from "../support/judged.ts"
import { inputOf } from "../support/wishes.ts"

const subject = (provider: string, api: string, model: string): Subject => ({ provider, api, model })
const claude = (model: string) => subject("anthropic", "messages", `claude-${model}`)
const responses = (model: string) => subject("openai", "responses", model)
const chat = (model: string) => subject("openai", "chat", model)
const at = (provider: string, model: string) => subject(provider, "chat", model)

const parameters = {
  type: "object",
  properties: { a: { type: "string" } },
  required: ["a"],
  additionalProperties: false
}
const tools = [{ name: "f", description: "d", parameters }]
const required = { tools, toolChoice: "required" } as const
const named = { tools, toolChoice: { name: "f" } } as const
const responseFormat = { type: "json_schema", schema: parameters } as const
const effort = (effort: "none" | "low" | "high" | "max") => ({ reasoning: { effort } })
const budget = (budgetTokens: number) => ({ reasoning: { budgetTokens } })
const image = { name: "image", options: {}, image: true } as const

/** What an app wishes of a model that does not take it, and the field on the wire that the maker names. */
const refused: ReadonlyArray<readonly [Subject, CallOptions.CallOptions | typeof image, field: string]> = [
  [claude("opus-5"), { temperature: 0.5 }, "temperature"],
  [claude("haiku-4-5"), { temperature: 0.5, topP: 0.5 }, "temperature"],
  [claude("haiku-4-5"), { temperature: 1.5 }, "temperature"],
  [claude("haiku-4-5"), { temperature: 0.5, ...budget(2000), maxTokens: 3000 }, "temperature"],
  [claude("haiku-4-5"), { topK: 3, ...budget(2000), maxTokens: 3000 }, "top_k"],
  [claude("opus-5"), budget(2000), "thinking.type.enabled"],
  [claude("haiku-4-5"), effort("high"), "output_config.effort"],
  [claude("haiku-4-5"), budget(100), "thinking.budget_tokens"],
  [claude("haiku-4-5"), { ...budget(2000), maxTokens: 2000 }, "max_tokens"],
  [claude("haiku-4-5"), { maxTokens: 64_001 }, "max_tokens"],
  [claude("opus-5-5"), effort("none"), "thinking.type.disabled"],
  [claude("opus-5-5"), required, "tool_choice"],
  [claude("opus-4-6"), { ...named, ...effort("high") }, "tool_choice"],
  [claude("3-haiku"), effort("high"), "output_config.effort"],
  [responses("gpt-5-mini"), { temperature: 0 }, "temperature"],
  [responses("gpt-5.6-sol"), { temperature: 0 }, "temperature"],
  [responses("gpt-5.4"), { topP: 0.5 }, "top_p"],
  [responses("gpt-5.4"), { temperature: 2.5, ...effort("none") }, "temperature"],
  [responses("gpt-5-mini"), effort("none"), "reasoning.effort"],
  [responses("gpt-5-mini"), effort("max"), "reasoning.effort"],
  [responses("gpt-4.1"), effort("high"), "include"],
  [responses("gpt-5-mini"), { maxTokens: 9 }, "max_output_tokens"],
  [responses("gpt-5-mini"), { maxTokens: 200_000 }, "max_output_tokens"],
  [responses("gpt-5.4-pro"), { responseFormat }, "response_format"],
  [chat("gpt-6-astra"), { tools }, "reasoning_effort"],
  [chat("gpt-5.6-sol"), { tools }, "reasoning_effort"],
  [chat("gpt-5.4"), { tools, ...effort("low") }, "reasoning_effort"],
  [chat("gpt-6-astra"), effort("max"), "reasoning_effort"],
  [chat("gpt-5-pro"), {}, "model"],
  [chat("o3"), { stopSequences: ["END"] }, "stop"],
  [chat("gpt-5-mini"), { stopSequences: ["END"] }, "stop"],
  [chat("gpt-4o"), effort("high"), "reasoning_effort"],
  [at("azure", "gpt-5.6-sol"), { tools }, "reasoning_effort"],
  [at("deepseek", "deepseek-v4-pro"), required, "tool_choice"],
  [at("moonshotai", "kimi-k3"), { tools, parallelToolCalls: false }, "parallel_tool_calls"],
  [at("deepseek", "deepseek-v4-pro"), effort("low"), "reasoning_effort"],
  [at("deepseek", "deepseek-v4-pro"), image, "messages"],
  [at("moonshotai", "kimi-k3"), { temperature: 0.5 }, "temperature"],
  [at("moonshotai", "kimi-k3"), effort("none"), "thinking"],
  [at("moonshotai", "kimi-k2.6"), effort("high"), "reasoning_effort"],
  [at("moonshotai", "kimi-k2.6"), required, "tool_choice"],
  [at("moonshotai", "kimi-k2.6"), { responseFormat }, "response_format"],
  [at("moonshotai", "kimi-k2.7-code"), effort("none"), "thinking"],
  [at("moonshotai", "kimi-k3"), { maxTokens: 500 }, "max_tokens"],
  [at("alibaba", "qwen3.7-max"), required, "tool_choice"],
  [at("alibaba", "qwen3.7-max"), { temperature: 1.95 }, "temperature"],
  [at("alibaba", "qwen3.7-max"), { responseFormat: { type: "json" } }, "response_format"],
  [at("alibaba", "qwen3.7-max"), { maxTokens: 500 }, "max_tokens"],
  [at("alibaba", "qwq-32b"), effort("none"), "enable_thinking"],
  [at("groq", "openai/gpt-oss-120b"), effort("none"), "reasoning_effort"],
  [at("groq", "openai/gpt-oss-120b"), { tools, responseFormat }, "response_format"],
  [at("groq", "qwen/qwen3-32b"), effort("high"), "reasoning_effort"],
  [at("groq", "llama-3.3-70b-versatile"), effort("low"), "reasoning_effort"],
  [at("groq", "llama-3.3-70b-versatile"), image, "messages"],
  [at("groq", "compound"), { tools }, "tools"],
  [at("groq", "compound"), { stopSequences: ["1", "2", "3", "4", "5"] }, "stop"],
  [at("mistral", "mistral-large-4"), { topP: 0 }, "top_p"],
  [at("mistral", "mistral-large-4"), effort("none"), "reasoning_effort"],
  [at("mistral", "codestral-latest"), effort("high"), "reasoning_effort"],
  [at("xai", "grok-4.20-0309-reasoning"), effort("none"), "reasoning_effort"],
  [at("xai", "grok-4.5"), effort("none"), "reasoning_effort"],
  [at("xai", "grok-4.5"), { stopSequences: ["END"] }, "stop"],
  [at("xai", "grok-4.20-multi-agent"), {}, "model"],
  [at("ollama", "llama3.2"), effort("high"), "reasoning_effort"],
  [at("openrouter", "anthropic/claude-opus-5.5"), { temperature: 0.5 }, "temperature"],
  [at("openrouter", "anthropic/claude-opus-5.5"), effort("none"), "reasoning"],
  [at("openrouter", "anthropic/claude-haiku-4.5"), { ...budget(2000), maxTokens: 900 }, "max_tokens"]
]

/** Bodies that the library does not make, and the field that is refused. */
const malformed: ReadonlyArray<readonly [Subject, body: Json, field: string]> = [
  [claude("haiku-4-5"), {}, "max_tokens"],
  [claude("haiku-4-5"), { max_tokens: 9, thinking: { type: "adaptive" } }, "thinking.type.adaptive"],
  [claude("opus-5"), { max_tokens: 9, thinking: { type: "between_tools" } }, "thinking.type.between_tools"],
  [
    claude("sonnet-5-5"),
    { max_tokens: 9, thinking: { type: "between_tools" }, output_config: { effort: "max" } },
    "thinking.type.between_tools"
  ],
  [
    claude("opus-5"),
    { max_tokens: 9, thinking: { type: "disabled" }, output_config: { effort: "xhigh" } },
    "thinking.type.disabled"
  ],
  [claude("opus-5"), { max_tokens: 9, tools: [], tool_choice: { type: "any" } }, "tool_choice"],
  [at("moonshotai", "kimi-k2.7-code"), { thinking: { type: "enabled" } }, "thinking"],
  [at("alibaba", "qwen3.8-max"), { reasoning_effort: "none" }, "reasoning_effort"],
  [at("alibaba", "qwen3.7-max"), { thinking_budget: 900, max_completion_tokens: 900 }, "max_completion_tokens"],
  [at("deepseek", "deepseek-v4-pro"), { messages: [{ role: "assistant" }] }, "messages.0.reasoning_content"],
  [at("xai", "grok-4.3"), { presence_penalty: 0 }, "presence_penalty"]
]

/** What a maker takes. */
const taken: ReadonlyArray<readonly [Subject, CallOptions.CallOptions | typeof image]> = [
  [claude("haiku-4-5"), { temperature: 0.5, topK: 3, stopSequences: ["END"], ...required }],
  [claude("haiku-4-5"), { ...budget(2000), maxTokens: 2001 }],
  [claude("opus-5"), { ...effort("max"), ...required }],
  [claude("opus-4-7"), required],
  [responses("gpt-5.4"), { temperature: 0.5, ...effort("none"), ...named, responseFormat }],
  [responses("gpt-5-mini"), { ...effort("high"), maxTokens: 16, ...required }],
  [chat("gpt-5.4"), { tools, ...effort("none"), stopSequences: ["END"] }],
  [chat("gpt-5.1"), { tools, ...effort("high") }],
  [at("azure", "my-deployment"), { temperature: 1.5, ...required, ...effort("high") }],
  [at("openrouter", "openai/gpt-5.6-sol"), { tools, ...effort("high") }],
  [at("openrouter", "openai/gpt-5-pro"), effort("high")],
  [at("deepseek", "deepseek-v4-pro"), { ...required, ...effort("none") }],
  [at("deepseek", "deepseek-flash"), image],
  [at("groq", "openai/gpt-oss-120b"), { responseFormat }],
  [at("xai", "grok-4.3"), { ...effort("none"), temperature: 0.5 }],
  [at("openai-compatible", "any"), { temperature: 5, ...effort("max"), ...required, responseFormat }]
]

const title = (subject: Subject, asked: object): string => `${nameOf(subject)} ${JSON.stringify(asked).slice(0, 80)}`

const optionsOf = (asked: CallOptions.CallOptions | typeof image): CallOptions.CallOptions =>
  "image" in asked ? {} : { ...asked, fit: "send" }
const contentOf = (asked: CallOptions.CallOptions | typeof image) => "image" in asked ? inputOf(image) : "Hi"

describe.skipIf(!available)(`the judge${available ? "" : ` (${skipped})`}`, () => {
  for (const [subject, asked, field] of refused) {
    it.effect(`refuses ${title(subject, asked)}`, () =>
      Effect.gen(function*() {
        const { call } = yield* judged(subject, { fit: "send" })
        const { reason, refusal } = yield* call(contentOf(asked), optionsOf(asked))
        assert.strictEqual(refusal?.field, field, reason?.message)
        assert.strictEqual(reason?._tag, "InvalidRequestError", reason?.message)
      }))
  }
  for (const [subject, body, field] of malformed) {
    it(`refuses ${title(subject, body)}`, () => {
      assert.strictEqual(judge(subject, { model: subject.model, messages: [], ...body })?.field, field)
    })
  }
  for (const [subject, asked] of taken) {
    it.effect(`takes ${title(subject, asked)}`, () =>
      Effect.gen(function*() {
        const { call } = yield* judged(subject, { fit: "send" })
        const { reason, refusal } = yield* call(contentOf(asked), optionsOf(asked))
        assert.isUndefined(refusal)
        assert.isUndefined(reason, reason?.message)
      }))
  }
})

describe.skipIf(!available)(`a server that judges${available ? "" : ` (${skipped})`}`, () => {
  for (const [subject, asked, field] of refused.filter(([subject], i) => subject.provider !== "azure" && i % 4 === 0)) {
    it.live(`answers ${title(subject, asked)} with the maker's 400`, () =>
      Effect.gen(function*() {
        const server = yield* serveJudged(subject)
        const model = yield* makeModel(subject, { baseUrl: server.url, fit: "send" })
        const error = yield* Effect.flip(model.invoke(contentOf(asked), optionsOf(asked)))
        assert.strictEqual(error.reason._tag, "InvalidRequestError", error.message)
        assert.isFalse(error.isRetryable)
        assert.isUndefined(error.partial)
        assert.lengthOf(server.bodies, 1)
        assert.isTrue(error.message.includes(field) || subject.provider === "xai" || field === "model", error.message)
      }))
  }

  it.live("answers a request that it takes", () =>
    Effect.gen(function*() {
      const subject = claude("opus-5")
      const server = yield* serveJudged(subject)
      const model = yield* makeModel(subject, { baseUrl: server.url })
      const { content } = yield* model.invoke([Message.human("Hi")], { temperature: 0.2 })
      assert.strictEqual(content, "Hello")
    }))
})
