// One program, and a model of each family by changing its name: over sockets, against servers that judge. Whatever fails
// is a promise that the model is known not to keep, by the name of its option.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Agent, ChatModel, ChatModelError, Message, Tool } from "rivulet"
import type { CallOptions } from "rivulet"
import { OpenAiScript, Script } from "rivulet/Testing"
import { read } from "../support/bodies.ts"
import { nameOf } from "../support/factsSubjects.ts"
import { available, skipped } from "../support/factsTable.ts"
import type { Json, Subject } from "../support/factsTable.ts"
import { makeModel, serveJudged } from "../support/judged.ts"

// -----------------------------------------------------------------------------
// the models
// -----------------------------------------------------------------------------

const scripts = {
  messages: { text: Script.text, call: Script.toolCall },
  responses: { text: OpenAiScript.responses.text, call: OpenAiScript.responses.toolCall },
  chat: { text: OpenAiScript.chat.text, call: OpenAiScript.chat.toolCall }
}

const city = { city: "Bern" }

/** Answers as a model does: it calls the tool that it must call or was not asked yet, and else writes an object. */
const actor = (api: string) => (body: Json): Script.Script => {
  const { choice, functions } = read(api, body)
  const { call, text } = scripts[api as keyof typeof scripts] // the subjects have these APIs
  const last = JSON.stringify((body.messages ?? body.input).at(-1))
  const told = /tool_result|function_call_output|"role":"tool"/.test(last)
  const name = typeof choice === "object" ? choice.name : functions[0]
  return name === undefined || choice === "none" || told ? text(JSON.stringify(city)) : call({ name, args: city })
}

// -----------------------------------------------------------------------------
// the program
// -----------------------------------------------------------------------------

const Place = Schema.Struct({ city: Schema.String })

const weather = Tool.make("get_weather", {
  description: "The temperature in a city",
  parameters: Place,
  success: Schema.Number,
  handler: ({ city }) => Effect.succeed(city.length)
})

const hints: CallOptions.CallOptions = { temperature: 0.2, topP: 0.9, maxTokens: 2000 }
const effort = { reasoning: { effort: "medium" } } as const
const responseFormat = {
  type: "json_schema",
  schema: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false
  }
} as const

/** An agent that has run its tool once. */
const runs = (options: CallOptions.CallOptions) =>
  Effect.map(Agent.make({ ...options, tools: [weather] }).invoke("How warm is it?"), ({ finish, steps }) => {
    assert.strictEqual(finish, "stop")
    assert.deepStrictEqual(steps[0]?.results.map(({ content }) => content), ["4"])
  })

/** An object that a model generated. */
const makes = (options: CallOptions.CallOptions) =>
  Effect.map(ChatModel.generateObject("A city", { ...options, schema: Place }), ({ value }) => {
    assert.deepStrictEqual(value, city)
  })

/** What the program does, by the names that the table below uses. */
const parts = {
  plain: ChatModel.invoke("Hi"),
  hints: ChatModel.invoke("Hi", { ...hints, ...effort, topK: 5, parallelToolCalls: false }),
  schema: ChatModel.invoke("A city", { ...hints, responseFormat }),
  agent: runs(hints),
  thinkingAgent: runs({ ...hints, ...effort, parallelToolCalls: false }),
  forcedAgent: runs({ ...hints, toolChoice: "required" }),
  object: makes(hints),
  thinkingObject: makes({ ...hints, ...effort })
}

type Part = keyof typeof parts

// -----------------------------------------------------------------------------
// the families
// -----------------------------------------------------------------------------

/** The promises that a model does not keep: the parts of the program that fail, and the option that the failure names. */
type Broken = { readonly [P in Part]?: string }

const of = (provider: string, api: string, model: string, broken: Broken = {}): readonly [Subject, Broken] => [
  { provider, api, model },
  broken
]

const noForced: Broken = { forcedAgent: "toolChoice" }
const noSchema: Broken = { schema: "responseFormat" }

const families: ReadonlyArray<readonly [Subject, Broken]> = [
  of("anthropic", "messages", "claude-opus-5-5", noForced),
  of("anthropic", "messages", "claude-sonnet-5-5", noForced),
  of("anthropic", "messages", "claude-haiku-5-5"),
  of("anthropic", "messages", "claude-opus-5"),
  of("anthropic", "messages", "claude-opus-4-7"),
  of("anthropic", "messages", "claude-opus-4-6"),
  of("anthropic", "messages", "claude-opus-4-5"),
  of("anthropic", "messages", "claude-haiku-4-5"),
  of("openai", "responses", "gpt-6.1-sol"),
  of("openai", "responses", "gpt-5.6-sol"),
  of("openai", "responses", "gpt-5.4"),
  of("openai", "responses", "gpt-5.4-pro", noSchema),
  of("openai", "responses", "gpt-5-mini"),
  of("openai", "responses", "o3"),
  of("openai", "responses", "gpt-4o"),
  of("openai", "chat", "gpt-6-astra", { agent: "tools", thinkingAgent: "tools", forcedAgent: "tools" }),
  of("openai", "chat", "gpt-5.6-sol", { thinkingAgent: "tools" }),
  of("openai", "chat", "gpt-5.1"),
  of("openai", "chat", "gpt-4o"),
  of("openrouter", "chat", "anthropic/claude-opus-5.5", noForced),
  of("openrouter", "chat", "anthropic/claude-haiku-4.5"),
  of("openrouter", "chat", "openai/gpt-5.6-sol"),
  of("openai-compatible", "chat", "gemini-2.5-flash"),
  of("openai-compatible", "chat", "gemini-4-neon"),
  of("xai", "chat", "grok-4.7"),
  of("xai", "chat", "grok-4.20-0309-reasoning"),
  of("mistral", "chat", "mistral-large-4"),
  of("mistral", "chat", "mistral-medium-latest"),
  of("mistral", "chat", "codestral-latest"),
  of("deepseek", "chat", "deepseek-v4-pro", noSchema),
  of("moonshotai", "chat", "kimi-k3"),
  of("moonshotai", "chat", "kimi-k2.7-code"),
  of("moonshotai", "chat", "kimi-k2.6", noSchema),
  of("alibaba", "chat", "qwen3.8-max"),
  of("alibaba", "chat", "qwen3.7-max"),
  of("alibaba", "chat", "qwen3.6-plus", noSchema),
  of("alibaba", "chat", "qwen3-30b-a3b-thinking", { ...noSchema, ...noForced }),
  of("groq", "chat", "openai/gpt-oss-120b"),
  of("groq", "chat", "qwen/qwen3-32b", noSchema),
  of("groq", "chat", "llama-3.3-70b-versatile", noSchema),
  of("groq", "chat", "compound", { agent: "tools", thinkingAgent: "tools", forcedAgent: "tools" }),
  of("ollama", "chat", "gpt-oss:20b"),
  of("ollama", "chat", "qwen3:8b"),
  of("ollama", "chat", "llama3.2"),
  // Nothing is known of the model, and its API has no such option.
  of("openai-compatible", "chat", "my-model", { hints: "topK" })
]

describe.skipIf(!available)(`one program for every model${available ? "" : ` (${skipped})`}`, () => {
  for (const [subject, broken] of families) {
    it.live(nameOf(subject), () =>
      Effect.gen(function*() {
        const server = yield* serveJudged(subject, actor(subject.api))
        const Model = Layer.effect(ChatModel.ChatModel, makeModel(subject, { baseUrl: server.url }))
        for (const [part, run] of Object.entries(parts)) {
          const sent = server.bodies.length
          const failure = yield* Effect.match(Effect.provide(run, Model), {
            onFailure: (error) => error,
            onSuccess: () => undefined
          })
          const field = broken[part as Part]
          if (field === undefined) {
            assert.isUndefined(failure, `${part}: ${failure}`)
            continue
          }
          const cause = failure !== undefined && "cause" in failure ? failure.cause : failure
          const reason = cause instanceof ChatModelError.ChatModelError ? cause.reason : undefined
          assert.strictEqual(reason?._tag, "UnsupportedError", `${part}: ${failure}`)
          assert.propertyVal(reason, "field", field)
          assert.lengthOf(server.bodies, sent, "nothing is sent")
        }
      }))
  }
})

describe.skipIf(!available)(`a conversation that began with another model${available ? "" : ` (${skipped})`}`, () => {
  const answered = Message.ai([
    { type: "reasoning", text: "Hm", signature: "c2ln" },
    { type: "tool_call", id: "call_1", name: "get_weather", args: city }
  ])
  const conversation = [
    Message.human("How warm is it?"),
    { ...answered, metadata: { provider: "another" } },
    Message.tool({ toolCallId: "call_1", name: "get_weather", content: "4" })
  ]
  for (const [subject, broken] of families) {
    if (broken.agent !== undefined) continue
    it.live(`goes on with ${nameOf(subject)}`, () =>
      Effect.gen(function*() {
        const server = yield* serveJudged(subject, actor(subject.api))
        const model = yield* makeModel(subject, { baseUrl: server.url })
        const { content } = yield* model.invoke(conversation, { tools: [weather], ...hints })
        assert.strictEqual(content, JSON.stringify(city))
      }))
  }
})
