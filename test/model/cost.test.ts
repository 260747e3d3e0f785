// The cost of answers: by the prices in the facts, as providers tell it, and none where it is not known.
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Redacted, Schema, Stream } from "effect"
import { Agent, ChatModel, Message, ModelFacts, Tool, Usage } from "rivulet"
import * as OpenAi from "rivulet/OpenAi"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { OpenAiScript, Script, ScriptedChatModel } from "rivulet/Testing"
import { serve as serveMessages } from "../support/anthropic.ts"
import { eventsOf } from "../support/events.ts"
import { serveChat, serveCompatible } from "../support/openai.ts"
import { serve as serveResponses } from "../support/responses.ts"

const { chat } = OpenAiScript

const opus = ModelFacts.of({ provider: "anthropic", api: "messages", model: "claude-opus-5" })

const tokens = (inputTokens: number, outputTokens: number, more?: Partial<Usage.Usage>): Usage.Usage => ({
  inputTokens,
  outputTokens,
  totalTokens: inputTokens + outputTokens,
  ...more
})

const count = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 300_000 })))

const costOf = (message: Message.AIMessage) => message.usage?.cost

describe("ModelFacts.cost", () => {
  it("is that of the tokens of each kind, at their prices", () => {
    const usage = tokens(1_000_000, 10_000, { cacheReadTokens: 600_000, cacheWriteTokens: 100_000 })
    assert.deepStrictEqual(ModelFacts.cost(opus, usage), {
      total: 2.675,
      input: 1.5,
      output: 0.25,
      cacheRead: 0.3,
      cacheWrite: 0.625,
      currency: "USD",
      asOf: ModelFacts.collected,
      source: "facts"
    })
  })

  it("tokens that are kept in the cache for an hour have a price of their own", () => {
    const raw = { cache_creation: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 3000 } }
    const cost = ModelFacts.cost(opus, tokens(5000, 0, { cacheWriteTokens: 4000, raw }))
    assert.deepStrictEqual([cost?.cacheWrite, cost?.input], [0.03625, 0.005])
  })

  it("a long input makes all of the request dearer", () => {
    const grok = ModelFacts.of({ provider: "xai", api: "chat", model: "grok-4.7" })
    assert.strictEqual(ModelFacts.cost(grok, tokens(200_000, 1000))?.total, 0.406)
    assert.strictEqual(ModelFacts.cost(grok, tokens(200_001, 1000))?.total, 0.812004)
  })

  it.prop("the parts add up to the total, and no part is negative", [count, count, count, count], ([a, b, c, out]) => {
    const usage = tokens(a + b + c, out, { cacheReadTokens: b, cacheWriteTokens: c })
    const cost = ModelFacts.cost(opus, usage)
    if (a + b + c + out === 0) return assert.isUndefined(cost)
    const { cacheRead = NaN, cacheWrite = NaN, input = NaN, output = NaN, total = NaN } = cost ?? {}
    assert.approximately(total, input + output + cacheRead + cacheWrite, 1e-9)
    assert.approximately(total, (a * 5 + b * 0.5 + c * 6.25 + out * 25) / 1e6, 1e-9)
    for (const part of [input, output, cacheRead, cacheWrite]) assert.isAtLeast(part, 0)
  })

  it("is not told where the price is not known, and never zero for it", () => {
    const of = (provider: string, model: string, usage = tokens(10, 10)) =>
      ModelFacts.cost(ModelFacts.of({ provider, api: "chat", model }), usage)
    assert.isDefined(of("openai", "gpt-6-sol"))
    assert.isDefined(of("groq", "openai/gpt-oss-120b"))
    assert.isUndefined(of("openai", "text-unknown-1"))
    assert.isUndefined(of("openai", "gpt-7-astra"))
    // The prices of makers say nothing of other hosts.
    for (const provider of ["azure", "openrouter", "bedrock", "huggingface", "my-gateway"]) {
      assert.isUndefined(of(provider, "gpt-6-sol"), provider)
      assert.isUndefined(of(provider, "anthropic/claude-opus-5"), provider)
    }
    assert.isUndefined(of("together", "openai/gpt-oss-120b"))
    assert.strictEqual(
      ModelFacts.of({ provider: "openrouter", model: "anthropic/claude-opus-5" }).price?.by,
      "anthropic"
    )
    // A usage that counts nothing was not reported.
    assert.isUndefined(of("openai", "gpt-6-sol", tokens(0, 0)))
    // More was read from the cache than there was.
    assert.isUndefined(of("openai", "gpt-6-sol", tokens(10, 10, { cacheReadTokens: 11 })))
    // A window that is sold apart.
    assert.isUndefined(of("anthropic", "claude-haiku-4-5", tokens(200_001, 10)))
    // Tokens of the cache without a price.
    assert.isUndefined(of("xai", "grok-4.7", tokens(10, 10, { cacheWriteTokens: 5 })))
    const hour = { cache_creation: { ephemeral_1h_input_tokens: 5 } }
    assert.isUndefined(of("anthropic", "claude-haiku-5-5", tokens(10, 10, { cacheWriteTokens: 5, raw: hour })))
  })

  it("what runs on the user's machine is free; Ollama's cloud is not", () => {
    const of = (provider: string, model: string) =>
      ModelFacts.cost(ModelFacts.of({ provider, api: "chat", model }), tokens(10, 10))?.total
    for (const model of ["llama3.2", "gpt-oss:20b", "qwen3:8b"]) assert.strictEqual(of("ollama", model), 0, model)
    assert.isUndefined(of("ollama", "gpt-oss:120b-cloud"))
  })

  it("is not told for another tariff, or for what is billed apart", () => {
    const raws = [
      { service_tier: "batch" },
      { service_tier: "priority" },
      { service_tier: "flex" },
      { speed: "fast" },
      { inference_geo: "us" },
      { server_tool_use: { web_search_requests: 1 } },
      { num_sources_used: 3 },
      { prompt_tokens_details: { audio_tokens: 5 } },
      { completion_tokens_details: { audio_tokens: 5 } },
      { output_tokens_details: { image_tokens: 5 } }
    ]
    for (const raw of raws) {
      assert.isUndefined(ModelFacts.cost(opus, tokens(10, 10, { raw })), JSON.stringify(raw))
    }
    const standard = [
      { service_tier: "standard", speed: "standard", inference_geo: "global" },
      { service_tier: "default", inference_geo: "not_available", server_tool_use: { web_search_requests: 0 } },
      { service_tier: null, speed: null, inference_geo: null, server_tool_use: null },
      { server_tool_use: { web_fetch_requests: 2 } },
      { prompt_tokens_details: { audio_tokens: 0, image_tokens: 7 } }
    ]
    for (const raw of standard) {
      assert.isDefined(ModelFacts.cost(opus, tokens(10, 10, { raw })), JSON.stringify(raw))
    }
  })
})

describe("an answer", () => {
  const text = (more?: Script.MessageOptions) =>
    Script.text("Hello", { model: "claude-haiku-4-5", usage: { input_tokens: 100, output_tokens: 20 }, ...more })
  const haiku = { model: "claude-haiku-4-5" }

  it.live("has its cost in the last usage, and in no usage before", () =>
    Effect.gen(function*() {
      const { model } = yield* serveMessages(text(), haiku)
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      const usages = chunks.flatMap(({ usage }) => usage ?? [])
      assert.isAtLeast(usages.length, 2)
      assert.deepStrictEqual(usages.map(({ cost }) => cost?.total), [...usages.slice(1).map(() => undefined), 0.0002])
      const message = yield* model.invoke("Hi")
      assert.deepStrictEqual(message.usage, usages.at(-1))
      assert.deepStrictEqual(Schema.decodeUnknownSync(Message.AIMessage)(JSON.parse(JSON.stringify(message))), message)
    }))

  it.live("of each wire has it, and so have its events", () =>
    Effect.gen(function*() {
      const usage = { prompt_tokens: 1000, completion_tokens: 100 }
      const completions = yield* serveChat(chat.text("Hello", { model: "gpt-6-sol", usage }), { model: "gpt-6-sol" })
      assert.strictEqual(costOf(yield* completions.model.invoke("Hi"))?.total, 0.003)
      const responses = yield* serveResponses(
        OpenAiScript.responses.text("Hello", {
          model: "gpt-6-sol-2026-09-01",
          usage: { input_tokens: 1000, output_tokens: 100, input_tokens_details: { cached_tokens: 500 } }
        }),
        { model: "gpt-6-sol" }
      )
      assert.strictEqual(costOf(yield* responses.model.invoke("Hi"))?.total, 0.0021)
      const { events } = yield* eventsOf(responses.model, "Hi")
      const end = events.find((event) => event.event === "on_chat_model_end")
      assert.strictEqual((end?.data.output as Message.AIMessage | undefined)?.usage?.cost?.total, 0.0021)
    }))

  it.live("costs as the model that answered", () =>
    Effect.gen(function*() {
      const total = (answered: string, options?: Parameters<typeof serveMessages>[1]) =>
        Effect.gen(function*() {
          const { model } = yield* serveMessages(text({ model: answered }), { ...haiku, ...options })
          return costOf(yield* model.invoke("Hi"))?.total
        })
      assert.strictEqual(yield* total("claude-haiku-4-5-20251001"), 0.0002)
      assert.strictEqual(yield* total("claude-opus-5"), 0.001)
      assert.isUndefined(yield* total("glm-5"))
      // What a name is like says nothing of its price.
      assert.isUndefined(yield* total("prod", { model: "prod", like: "claude-haiku-4-5" }))
      assert.strictEqual(yield* total("claude-haiku-4-5", { model: "prod", like: "claude-haiku-4-5" }), 0.0002)
    }))

  it.live("of a fine-tune has the price of the app alone", () =>
    Effect.gen(function*() {
      const name = "ft:gpt-4.1-nano:acme::1"
      const answer = chat.text("Hello", { model: name, usage: { prompt_tokens: 1000, completion_tokens: 100 } })
      const { model } = yield* serveChat(answer, { model: name })
      assert.isDefined(model.facts.price)
      assert.isUndefined(costOf(yield* model.invoke("Hi")))
      const rules = ModelFacts.layer([{ match: "^ft:", price: { in: 1, out: 10 } }])
      const { asOf, total } = costOf(yield* model.invoke("Hi").pipe(Effect.provide(rules))) ?? assert.fail()
      assert.strictEqual(total, 0.002)
      assert.isUndefined(asOf)
    }))

  it.effect("has none in a region where the maker has other prices", () =>
    Effect.gen(function*() {
      const apiKey = Redacted.make("key")
      const openAi = (baseUrl?: string) => OpenAi.make({ model: "gpt-6-sol", apiKey, ...(baseUrl && { baseUrl }) })
      const other = (preset: string, model: string, baseUrl?: string) =>
        OpenAiCompatible.make({ preset, model, apiKey, ...(baseUrl && { baseUrl }) })
      const priced = [
        openAi(),
        openAi("https://gateway.example.com/v1"),
        other("alibaba", "qwen3.8-max"),
        other("moonshotai", "kimi-k3")
      ]
      for (const model of priced) assert.isDefined((yield* model).facts.price)
      const elsewhere = [
        openAi("https://eu.api.openai.com/v1"),
        other("alibaba", "qwen3.8-max", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
        other("moonshotai", "kimi-k3", "https://api.moonshot.cn/v1")
      ]
      for (const model of elsewhere) {
        const { facts } = yield* model
        assert.isUndefined(facts.price)
        assert.isDefined(facts.maxOutput)
      }
    }))

  it.live("of another tariff has none", () =>
    Effect.gen(function*() {
      const asked = (fields: Record<string, unknown>, usage?: Record<string, unknown>) =>
        Effect.gen(function*() {
          const { model } = yield* serveMessages(
            text({ usage: { input_tokens: 100, output_tokens: 20, ...usage } }),
            { ...haiku, providerOptions: { anthropic: fields } }
          )
          return costOf(yield* model.invoke("Hi"))?.total
        })
      assert.strictEqual(yield* asked({}), 0.0002)
      assert.isUndefined(yield* asked({ speed: "fast" }))
      assert.isUndefined(yield* asked({ inference_geo: "us" }))
      assert.isUndefined(yield* asked({}, { service_tier: "priority" }))
      // The answer says which tier served it.
      assert.strictEqual(yield* asked({ service_tier: "auto" }, { service_tier: "standard" }), 0.0002)
      const tier = (asked: string, served: string) =>
        Effect.gen(function*() {
          const usage = { prompt_tokens: 1000, completion_tokens: 100 }
          const script = chat.events([
            {
              ...event,
              service_tier: served,
              choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }]
            },
            { ...event, service_tier: served, choices: [], usage }
          ])
          const { model } = yield* serveChat(Script.make([...script.steps, chat.done]), {
            model: "gpt-6-sol",
            providerOptions: { openai: { service_tier: asked } }
          })
          return costOf(yield* model.invoke("Hi"))?.total
        })
      const event = { id: "c", model: "gpt-6-sol" }
      assert.isUndefined(yield* tier("flex", "flex"))
      assert.isUndefined(yield* tier("auto", "priority"))
      assert.strictEqual(yield* tier("priority", "default"), 0.003)
    }))

  it.live("with calls of the provider's tools has none", () =>
    Effect.gen(function*() {
      const block = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} }
      const { model } = yield* serveMessages(
        Script.message({
          blocks: [{ type: "raw", block }, { type: "text", tokens: ["Hi"] }],
          model: "claude-haiku-4-5"
        }),
        haiku
      )
      const { usage } = yield* model.invoke("Hi")
      assert.isDefined(usage)
      assert.isUndefined(usage.cost)
    }))

  it.live("that fails has its cost if all that arrived was counted", () =>
    Effect.gen(function*() {
      const whole = new TextDecoder().decode(Script.bytesOf(text()))
      const until = (event: string) =>
        Effect.gen(function*() {
          const { model } = yield* serveMessages(Script.body(whole.slice(0, whole.indexOf(`event: ${event}`))), haiku)
          const { partial, reason } = yield* Effect.flip(model.invoke("Hi"))
          assert.strictEqual(reason._tag, "TruncatedError")
          return [partial?.usage?.outputTokens, partial?.usage?.cost?.total]
        })
      assert.deepStrictEqual(yield* until("message_stop"), [20, 0.0002])
      // One token was counted, and a text has arrived.
      assert.deepStrictEqual(yield* until("message_delta"), [1, undefined])
    }))

  it.live("has what the provider tells instead", () =>
    Effect.gen(function*() {
      const told = (preset: string, usage: Record<string, unknown>, model = "openai/gpt-6-sol") =>
        Effect.gen(function*() {
          const script = chat.text("Hello", { model, usage: { prompt_tokens: 1000, completion_tokens: 100, ...usage } })
          const served = yield* serveCompatible(script, { preset, model })
          return costOf(yield* served.model.invoke("Hi"))
        })
      const provider = { currency: "USD", source: "provider" } as const
      assert.deepStrictEqual(yield* told("openrouter", { cost: 0.0123 }), { total: 0.0123, ...provider })
      assert.deepStrictEqual(yield* told("openrouter", { cost: 0 }), { total: 0, ...provider })
      const byok = { cost: 0.05, is_byok: true }
      const details = { cost_details: { upstream_inference_cost: 1 } }
      assert.strictEqual((yield* told("openrouter", { ...byok, ...details }))?.total, 1.05)
      assert.isUndefined(yield* told("openrouter", byok))
      assert.isUndefined(yield* told("openrouter", {}))
      assert.strictEqual((yield* told("perplexity", { cost: { total_cost: 0.006 } }, "sonar"))?.total, 0.006)
      const ticks = { cost_in_usd_ticks: 318_319_000, num_sources_used: 3 }
      assert.strictEqual((yield* told("xai", ticks, "grok-4.7"))?.total, 0.0318319)
      assert.strictEqual((yield* told("xai", {}, "grok-4.7"))?.source, "facts")
      // Elsewhere the field may be in any unit.
      assert.isUndefined(yield* told("together", { cost: 0.0123 }))
      assert.strictEqual((yield* told("groq", { cost: 5 }, "openai/gpt-oss-120b"))?.source, "facts")
    }))

  it.effect("of an adapter of one's own has it by the app's prices, and keeps a cost that the adapter knows", () =>
    Effect.gen(function*() {
      const cost: Usage.Cost = { total: 7, currency: "USD", source: "provider" }
      const make = (usage: Usage.Usage) =>
        ChatModel.make({
          provider: "local",
          model: "echo-1",
          facts: ModelFacts.source({ rules: [{ match: "^echo", price: { in: 1, out: 2, asOf: "2027-01-01" } }] }),
          generate: () => Effect.succeed({ content: "Hi", usage })
        })
      const answer = yield* make(tokens(1000, 1000)).invoke("Hi")
      assert.deepStrictEqual([costOf(answer)?.total, costOf(answer)?.asOf], [0.003, "2027-01-01"])
      assert.deepStrictEqual(costOf(yield* make(tokens(1000, 1000, { cost })).invoke("Hi")), cost)
    }))
})

describe("a sum", () => {
  const priced = (total: number, more?: Partial<Usage.Cost>): Usage.Usage =>
    tokens(10, 5, { cost: { total, currency: "USD", source: "facts", ...more } })
  const anyUsage = Arbitrary.map(
    Arbitrary.all([count, count, count, Arbitrary.schema(Schema.Boolean)]),
    ([input, output, millionths, known]) =>
      known ? { ...priced(millionths / 1e6), ...tokens(input, output) } : tokens(input, output)
  )

  it.prop("is the same in any order and grouping", [anyUsage, anyUsage, anyUsage], ([a, b, c]) => {
    assert.deepStrictEqual(Usage.sum([Usage.sum([a, b]), c]), Usage.sum([a, Usage.sum([b, c])]))
    assert.deepStrictEqual(Usage.sum([a, b, c]), Usage.sum([c, a, b]))
    const sum = Usage.sum([a, b, c]) ?? assert.fail()
    assert.strictEqual(sum.totalTokens, a.totalTokens + b.totalTokens + c.totalTokens)
    const costs = [a, b, c].map(({ cost }) => cost?.total)
    if (costs.includes(undefined)) assert.isUndefined(sum.cost)
    else assert.approximately(sum.cost?.total ?? NaN, costs.reduce<number>((sum, cost) => sum + (cost ?? NaN), 0), 1e-9)
  })

  it("has no cost if a request has none, or no usage", () => {
    assert.strictEqual(Usage.sum([priced(0.1), priced(0.2)])?.cost?.total, 0.3)
    assert.isUndefined(Usage.sum([priced(0.1), tokens(10, 5)])?.cost)
    assert.isUndefined(Usage.sum([priced(0.1), undefined])?.cost)
    assert.isUndefined(Usage.sum([undefined]))
    assert.isUndefined(Usage.sum([]))
  })

  it("has the parts that all have, the oldest day, and the weaker source", () => {
    const told = priced(1, { source: "provider" })
    const computed = priced(2, { input: 1.5, output: 0.5, asOf: "2026-11-27" })
    const older = priced(4, { input: 1, output: 3, asOf: "2026-10-01" })
    assert.deepStrictEqual(Usage.sum([computed, older])?.cost, {
      total: 6,
      input: 2.5,
      output: 3.5,
      currency: "USD",
      asOf: "2026-10-01",
      source: "facts"
    })
    assert.deepStrictEqual(
      Usage.sum([told, computed])?.cost,
      { total: 3, currency: "USD", asOf: "2026-11-27", source: "facts" }
    )
    assert.strictEqual(Usage.sum([told, told])?.cost?.source, "provider")
  })
})

describe("an agent", () => {
  const usage = (total?: number): Usage.Usage =>
    total === undefined ? tokens(10, 5) : tokens(10, 5, { cost: { total, currency: "USD", source: "provider" } })
  const call = (name: string, used?: Usage.Usage) =>
    ScriptedChatModel.toolCalls([{ name, args: {} }], used && { usage: used })
  const say = (used?: Usage.Usage) => ScriptedChatModel.text("Done", used && { usage: used })
  const look = Tool.make("look", { parameters: Schema.Struct({}), handler: () => Effect.succeed("seen") })
  const layer = (replies: ReadonlyArray<ScriptedChatModel.Reply>) =>
    Layer.succeed(ChatModel.ChatModel, ScriptedChatModel.make(replies).model)
  const agent = Agent.make({ tools: [look] })

  it.effect("sums the cost of its steps", () =>
    Effect.gen(function*() {
      const result = yield* agent.invoke("Hi")
      assert.deepStrictEqual([result.usage?.cost?.total, result.usage?.totalTokens], [0.03, 45])
    }).pipe(Effect.provide(layer([call("look", usage(0.01)), call("look", usage(0.01)), say(usage(0.01))]))))

  for (
    const [name, replies] of [
      ["the first", [call("look", usage()), say(usage(0.01))]],
      ["the last", [call("look", usage(0.01)), say(usage())]],
      ["one without any usage, the first", [call("look"), say(usage(0.01))]],
      ["one without any usage, the last", [call("look", usage(0.01)), say()]]
    ] as const
  ) {
    it.effect(`has no cost if a step has none: ${name}`, () =>
      Effect.gen(function*() {
        const { usage } = yield* agent.invoke("Hi")
        assert.isDefined(usage)
        assert.isUndefined(usage.cost)
      }).pipe(Effect.provide(layer(replies))))
  }

  it.effect("counts models and agents inside its tools, at any depth", () =>
    Effect.gen(function*() {
      const inner = Agent.make({
        tools: [look],
        model: ScriptedChatModel.make([call("look", usage(0.1)), say(usage(0.1))]).model
      })
      const cheap = ScriptedChatModel.make([say(usage(0.001))]).model
      const research = Tool.make("research", {
        parameters: Schema.Struct({}),
        success: Schema.String,
        handler: () =>
          Effect.gen(function*() {
            yield* cheap.invoke("Shorten it")
            return (yield* inner.invoke("Find it")).content
          }).pipe(Effect.orDie)
      })
      const middle = Agent.make({
        tools: [research],
        model: ScriptedChatModel.make([call("research", usage(1)), say(usage(1))]).model
      })
      const ask = Tool.make("ask", {
        parameters: Schema.Struct({}),
        success: Schema.String,
        handler: () => Effect.map(Effect.orDie(middle.invoke("Find it")), ({ usage }) => String(usage?.cost?.total))
      })
      const result = yield* Agent.make({ tools: [ask] }).invoke("Hi")
      assert.strictEqual(result.steps[0]?.results[0]?.content, "2.201")
      assert.deepStrictEqual([result.usage?.cost?.total, result.usage?.totalTokens], [22.201, 7 * 15])
    }).pipe(Effect.provide(layer([call("ask", usage(10)), say(usage(10))]))))

  it.live("counts the part of an answer that failed", () =>
    Effect.gen(function*() {
      const script = Script.text("Hello", {
        model: "claude-haiku-4-5",
        usage: { input_tokens: 100, output_tokens: 20 }
      })
      const whole = new TextDecoder().decode(Script.bytesOf(script))
      const { model } = yield* serveMessages(
        [
          Script.toolCall({ name: "look", args: {} }, { model: "claude-haiku-4-5" }),
          Script.body(whole.slice(0, whole.indexOf("event: message_stop")))
        ],
        { model: "claude-haiku-4-5" }
      )
      const error = yield* Effect.flip(Agent.make({ tools: [look], model }).invoke("Hi"))
      const [first] = error.conversation.steps
      const step = first?.message.usage?.cost?.total ?? NaN
      assert.approximately(error.conversation.usage?.cost?.total ?? NaN, step + 0.0002, 1e-9)
    }))
})
