// The settings of facts: rules and a policy of the app, `fit` of models and calls, `like`, and what is logged.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Stream } from "effect"
import { ChatModel, ModelFacts } from "rivulet"
import type { CallOptions } from "rivulet"
import { names } from "../support/factsNames.ts"
import { nameOf } from "../support/factsSubjects.ts"
import type { Subject } from "../support/factsTable.ts"
import { judged } from "../support/judged.ts"
import type { Settings } from "../support/judged.ts"

const subject = (provider: string, api: string, model: string): Subject => ({ provider, api, model })

/** A server without rules of its own, so that bodies are what counts. */
const anyone = subject("openai-compatible", "chat", "any")

/** A model whose bodies are taken whatever they are. */
const open = (of: Subject, settings?: Settings) => judged(of, settings, { ...anyone, api: of.api })

const weather = { name: "weather", parameters: { type: "object", properties: {} } } as const

const unknown: ReadonlyArray<readonly [Subject, expected: object]> = [
  [subject("anthropic", "messages", "mine"), {
    max_tokens: 700,
    temperature: 9,
    top_p: 0.5,
    stop_sequences: ["1", "2", "3", "4", "5"],
    tools: [{ name: "weather", input_schema: weather.parameters }],
    tool_choice: { type: "any", disable_parallel_tool_use: true }
  }],
  [subject("openai", "responses", "mine"), {
    max_output_tokens: 700,
    temperature: 9,
    top_p: 0.5,
    reasoning: { effort: "max" },
    tools: [{ type: "function", name: "weather", parameters: weather.parameters, strict: false }],
    tool_choice: "required",
    parallel_tool_calls: false,
    store: false,
    include: ["reasoning.encrypted_content"]
  }],
  ...["openai", "openai-compatible", "together", "azure", "cerebras"].map((provider) =>
    [subject(provider, "chat", "mine"), {
      [["together", "openai-compatible"].includes(provider) ? "max_tokens" : "max_completion_tokens"]: 700,
      temperature: 9,
      top_p: 0.5,
      ...(provider === "openai" ? undefined : { stop: ["1", "2", "3", "4", "5"] }),
      reasoning_effort: "max",
      tools: [{ type: "function", function: weather }],
      tool_choice: "required",
      parallel_tool_calls: false,
      stream_options: { include_usage: true }
    }] as const
  ),
  [subject("openrouter", "chat", "some/mine"), {
    max_tokens: 700,
    temperature: 9,
    top_p: 0.5,
    stop: ["1", "2", "3", "4", "5"],
    reasoning: { effort: "max" },
    tools: [{ type: "function", function: weather }],
    tool_choice: "required",
    parallel_tool_calls: false,
    stream_options: { include_usage: true }
  }]
]

const everything: CallOptions.CallOptions = {
  maxTokens: 700,
  temperature: 9,
  topP: 0.5,
  stopSequences: ["1", "2", "3", "4", "5"],
  reasoning: { effort: "max" },
  tools: [weather],
  toolChoice: "required",
  parallelToolCalls: false
}

describe("an unknown model", () => {
  for (const [of, expected] of unknown) {
    for (const fit of ["adapt", "fail", "send"] as const) {
      it.effect(`is sent what was asked: ${nameOf(of)}, ${fit}`, () =>
        Effect.gen(function*() {
          const { call } = yield* open(of)
          // OpenAI's APIs have no field for so many texts, and Anthropic's takes no such options with reasoning.
          const options = {
            ...everything,
            ...(of.provider === "openai" ? { stopSequences: undefined } : undefined),
            ...(of.provider === "anthropic" ? { reasoning: undefined } : undefined)
          }
          const { body, reason, warnings } = yield* call("Hi", { ...options, fit })
          assert.isDefined(body, reason?.message)
          const { input: _, messages: __, ...rest } = body
          assert.deepStrictEqual(rest, { model: of.model, ...expected, stream: true })
          assert.deepStrictEqual(warnings, [])
        }))
    }
  }
})

describe("an unknown model of Anthropic's API", () => {
  const mine = subject("anthropic", "messages", "mine")
  const budget = { reasoning: { budgetTokens: 2000 } }

  it.effect("takes what the API takes of every model that reasons", () =>
    Effect.gen(function*() {
      const { call } = yield* open(mine)
      for (
        const [field, options] of [
          ["temperature", { temperature: 0.5 }],
          ["topP", { topP: 0.5 }],
          ["topK", { topK: 5 }],
          ["toolChoice", { tools: [weather], toolChoice: "required" }]
        ] as const
      ) {
        for (const fit of ["adapt", "fail"] as const) {
          const { body, reason } = yield* call("Hi", { ...budget, ...options, fit })
          assert.isUndefined(body)
          assert.strictEqual(reason?._tag, "UnsupportedError")
          assert.propertyVal(reason, "field", field)
        }
        assert.isDefined((yield* call("Hi", { ...budget, ...options, fit: "send" })).body)
        assert.isDefined((yield* call("Hi", options)).body)
      }
      const { body } = yield* call("Hi", { ...budget, temperature: 1, topP: 0.95, maxTokens: 500 })
      assert.deepInclude(body, { temperature: 1, top_p: 0.95, max_tokens: 2500 })
    }))
})

describe("a call without options", () => {
  const ids: ReadonlyArray<readonly [Subject, fields: object]> = [
    ...[
      "claude-opus-5-5",
      "claude-sonnet-5-5",
      "claude-haiku-5-5",
      "claude-opus-5",
      "claude-opus-4-8",
      "claude-opus-4-6"
    ]
      .map((model) => [subject("anthropic", "messages", model), { max_tokens: 128_000 }] as const),
    [subject("anthropic", "messages", "claude-haiku-4-5"), { max_tokens: 64_000 }],
    [subject("anthropic", "messages", "claude-opus-4-1"), { max_tokens: 32_000 }],
    [subject("anthropic", "messages", "mine"), { max_tokens: 32_000 }],
    ...["gpt-5-mini", "gpt-5.4", "gpt-6.1-sol", "o3"].map((model) =>
      [subject("openai", "responses", model), { store: false, include: ["reasoning.encrypted_content"] }] as const
    ),
    ...["gpt-4o", "gpt-5.3-chat-latest", "mine"].map((model) =>
      [subject("openai", "responses", model), { store: false }] as const
    ),
    ...["gpt-5-mini", "gpt-5.6-sol", "gpt-6-astra", "gpt-4o"].map((model) =>
      [subject("openai", "chat", model), { stream_options: { include_usage: true } }] as const
    ),
    ...[
      ["openrouter", "anthropic/claude-opus-5.5"],
      ["openrouter", "openai/gpt-5-pro"],
      ["deepseek", "deepseek-v4-pro"],
      ["moonshotai", "kimi-k3"],
      ["moonshotai", "kimi-k2.7-code"],
      ["alibaba", "qwen3.7-max"],
      ["groq", "openai/gpt-oss-120b"],
      ["xai", "grok-4.7"],
      ["ollama", "qwen3:8b"],
      ["azure", "gpt-5.4"],
      ["openai-compatible", "gemini-2.5-pro"]
    ].map(([provider = "", model = ""]) =>
      [subject(provider, "chat", model), { stream_options: { include_usage: true } }] as const
    ),
    [subject("mistral", "chat", "mistral-large-4"), {}]
  ]
  for (const [of, fields] of ids) {
    it.effect(`says nothing but the limit: ${nameOf(of)}`, () =>
      Effect.gen(function*() {
        const { call } = yield* judged(of)
        for (const fit of ["adapt", "fail", "send"] as const) {
          const { body, reason, warnings } = yield* call("Hi", { fit })
          assert.isDefined(body, reason?.message)
          const { input, messages, ...rest } = body
          assert.deepStrictEqual(rest, { model: of.model, ...fields, stream: true })
          assert.lengthOf(input ?? messages, 1)
          assert.deepStrictEqual(warnings, [])
        }
      }))
  }
})

describe("encrypted reasoning", () => {
  const models = [
    ...names.filter(({ api }) => api === "responses").map(({ model }) => model),
    "codex-mini-latest",
    "o5",
    "o9-mini",
    "gpt-5.4-codex",
    "gpt-5.5-mini",
    "gpt-5.6-chat",
    "ft:o4-mini:acme::id"
  ]
  // As it was before anything was known of models.
  const reasons = (model: string) =>
    /(^|[./:])(o[1-9]|gpt-([5-9]|\d\d)|codex|computer-use)/i.test(model) && !/chat/i.test(model)

  for (const model of models) {
    it.effect(`is ${reasons(model) ? "" : "not "}asked for of ${model}`, () =>
      Effect.gen(function*() {
        const { call } = yield* open(subject("openai", "responses", model))
        for (const fit of ["adapt", "send"] as const) {
          const { body } = yield* call("Hi", { fit })
          assert.deepStrictEqual(body.include, reasons(model) ? ["reasoning.encrypted_content"] : undefined)
        }
      }))
  }
})

describe("fit", () => {
  const opus = subject("anthropic", "messages", "claude-opus-5")
  const sent = (settings: Settings, options: CallOptions.CallOptions, layers: Layer.Layer<never> = Layer.empty) =>
    Effect.flatMap(open(opus, settings), ({ call }) => call("Hi", options)).pipe(
      Effect.map(({ body, reason }) => body === undefined ? reason?._tag : body.temperature),
      Effect.provide(layers)
    )

  it.effect("of a call comes before that of the model, and that before the app's", () =>
    Effect.gen(function*() {
      const temperature = 0.5
      const { policy } = ModelFacts
      assert.strictEqual(yield* sent({}, { temperature }), undefined)
      assert.strictEqual(yield* sent({}, { temperature, fit: "send" }), 0.5)
      assert.strictEqual(yield* sent({}, { temperature, fit: "fail" }), "UnsupportedError")
      assert.strictEqual(yield* sent({ fit: "fail" }, { temperature }), "UnsupportedError")
      assert.strictEqual(yield* sent({ fit: "fail" }, { temperature, fit: "send" }), 0.5)
      assert.strictEqual(yield* sent({}, { temperature }, policy("fail")), "UnsupportedError")
      assert.strictEqual(yield* sent({ fit: "adapt" }, { temperature }, policy("fail")), undefined)
      assert.strictEqual(yield* sent({}, { temperature, fit: "adapt" }, policy("send")), undefined)
    }))

  it.effect("of the app that calls comes before that of the app that made the model", () =>
    Effect.gen(function*() {
      const { call } = yield* Effect.provide(open(opus), ModelFacts.policy("send"))
      assert.strictEqual((yield* call("Hi", { temperature: 0.5 })).body.temperature, 0.5)
      const { reason } = yield* Effect.provide(call("Hi", { temperature: 0.5 }), ModelFacts.policy("fail"))
      assert.strictEqual(reason?._tag, "UnsupportedError")
    }))

  it.effect("is that of a layer around the model's layer", () =>
    Effect.gen(function*() {
      const { model } = yield* open(opus)
      const Model = Layer.succeed(ChatModel.ChatModel, model)
      const ask = ChatModel.invoke("Hi", { temperature: 0.5 })
      const error = yield* Effect.flip(Effect.provide(ask, Layer.mergeAll(Model, ModelFacts.policy("fail"))))
      assert.strictEqual(error.reason._tag, "UnsupportedError")
      assert.propertyVal(error.reason, "field", "temperature")
    }))
})

describe("rules of the app", () => {
  const rule: ModelFacts.Rule = { match: "^claude-opus-5$", sampling: "always", maxOutput: 777 }

  it.effect("come first, in the layer of the model and around a call", () =>
    Effect.gen(function*() {
      const opus = subject("anthropic", "messages", "claude-opus-5")
      const inside = yield* Effect.provide(open(opus), ModelFacts.layer([rule]))
      const { body } = yield* inside.call("Hi", { temperature: 0.5 })
      assert.deepInclude(body, { temperature: 0.5, max_tokens: 777 })
      assert.strictEqual(inside.model.facts.maxOutput, 777)
      assert.strictEqual(inside.model.facts.thinking?.control, "effort")
      const outside = yield* open(opus)
      assert.strictEqual((yield* outside.call("Hi", { temperature: 0.5 })).body.temperature, undefined)
      const around = yield* Effect.provide(outside.call("Hi", { temperature: 0.5 }), ModelFacts.layer([rule]))
      assert.deepInclude(around.body, { temperature: 0.5, max_tokens: 777 })
    }))

  it.effect("hold for a model of one's own without facts, also if it was made outside of their layer", () =>
    Effect.gen(function*() {
      const own = ChatModel.make({
        provider: "local",
        model: "mine",
        generate: ({ facts, options: { temperature }, warnings }) =>
          Effect.succeed({
            content: JSON.stringify([temperature, facts.maxOutput, warnings.map(({ field }) => field)]),
            usage: { inputTokens: 1_000_000, outputTokens: 0, totalTokens: 1_000_000 }
          })
      })
      const ask = own.invoke("Hi", { temperature: 1 })
      const free = yield* ask
      assert.strictEqual(free.content, "[1,null,[]]")
      assert.isUndefined(free.usage?.cost)
      const layer = ModelFacts.layer([{ match: "^mine$", sampling: "never", maxOutput: 9, price: { in: 3, out: 4 } }])
      const ruled = yield* Effect.provide(ask, layer)
      assert.strictEqual(ruled.content, "[null,9,[\"temperature\"]]")
      assert.strictEqual(ruled.usage?.cost?.total, 3)
      const strict = Effect.flip(own.invoke("Hi", { temperature: 1, fit: "fail" }))
      assert.strictEqual((yield* Effect.provide(strict, layer)).reason._tag, "UnsupportedError")
    }))

  it.effect("of an inner layer come before those of an outer one, whose other facts stay", () =>
    Effect.gen(function*() {
      const inner = ModelFacts.layer([{ match: "^mine$", temperature: [0, 1] }])
      const outer = ModelFacts.layer([{ match: "^mine$", temperature: [0, 0.1], topP: [0.5, 1] }])
      const both = inner.pipe(Layer.provideMerge(outer))
      const { call } = yield* Effect.provide(open({ ...anyone, model: "mine" }), both)
      const { body, warnings } = yield* call("Hi", { temperature: 2, topP: 0.1 })
      assert.deepInclude(body, { temperature: 1, top_p: 0.5 })
      assert.deepStrictEqual(warnings.map(({ field, given, sent }) => [field, given, sent]), [
        ["temperature", 2, 1],
        ["topP", 0.1, 0.5]
      ])
    }))

  it.effect("say what a model is capable of, for those that call and for objects", () =>
    Effect.gen(function*() {
      const blind = ModelFacts.layer([{ match: ".", inputs: ["text"], json: "object", tools: { calls: false } }])
      const { call, model } = yield* Effect.provide(open(anyone), blind)
      assert.isFalse(model.capabilities.imageInput)
      assert.isFalse(model.capabilities.structuredOutput)
      assert.isFalse(model.capabilities.tools)
      assert.isFalse(model.supportsSchema({ type: "object" }))
      const refused = (yield* call("Hi", { tools: [weather] })).reason
      assert.strictEqual(refused?._tag, "UnsupportedError")
      // Who sends as it is gets what the provider declares.
      assert.lengthOf((yield* call("Hi", { tools: [weather], fit: "send" })).body.tools, 1)
      const seeing = yield* open(anyone)
      assert.isTrue(seeing.model.capabilities.tools)
      assert.strictEqual(
        (yield* Effect.provide(seeing.call("Hi", { tools: [weather] }), blind)).reason?._tag,
        "UnsupportedError"
      )
    }))

  it.effect("are for one provider and one API if they say so", () =>
    Effect.gen(function*() {
      const rules = ModelFacts.layer([
        { match: "^mine$", provider: ["openai-chat"], temperature: [0, 0.1] },
        { match: "^mine$", api: "responses", temperature: [0, 0.2] },
        { match: "^mine$", provider: ["groq"], temperature: [0, 0.3] }
      ])
      const temperature = (provider: string, api: string) =>
        Effect.flatMap(open(subject(provider, api, "mine")), ({ call }) => call("Hi", { temperature: 1 })).pipe(
          Effect.provide(rules),
          Effect.map(({ body }) => body.temperature)
        )
      assert.strictEqual(yield* temperature("openai", "chat"), 0.1)
      assert.strictEqual(yield* temperature("openai", "responses"), 0.2)
      assert.strictEqual(yield* temperature("groq", "chat"), 0.3)
      assert.strictEqual(yield* temperature("xai", "chat"), 1)
    }))
})

describe("like", () => {
  for (
    const [of, like, options, fields] of [
      [subject("anthropic", "messages", "deployment-7"), "claude-haiku-4-5", { reasoning: { effort: "high" } }, {
        thinking: { type: "enabled", budget_tokens: 32_000 },
        max_tokens: 64_000
      }],
      [subject("openai", "responses", "deployment-7"), "gpt-5.4", { temperature: 0 }, {
        temperature: 0,
        reasoning: { effort: "none" }
      }],
      [subject("openai", "chat", "deployment-7"), "gpt-5.6-sol", { tools: [weather] }, { reasoning_effort: "none" }],
      [subject("azure", "chat", "deployment-7"), "gpt-5.6-sol", { tools: [weather] }, { reasoning_effort: "none" }],
      [subject("openai-compatible", "chat", "deployment-7"), "gemini-2.5-flash", { reasoning: { effort: "none" } }, {
        reasoning_effort: "none"
      }]
    ] as const
  ) {
    it.effect(`gives a name the facts of ${like}: ${nameOf(of)}`, () =>
      Effect.gen(function*() {
        const { call, model } = yield* judged(of, { like }, { ...of, model: like })
        const { body, reason } = yield* call("Hi", options)
        assert.isDefined(body, reason?.message)
        assert.deepInclude(body, { model: "deployment-7", ...fields })
        assert.strictEqual(model.model, "deployment-7")
        assert.deepStrictEqual(
          { ...model.facts, price: undefined },
          { ...ModelFacts.of({ ...of, model: like }), price: undefined }
        )
      }))
  }

  it.effect("is not needed for a fine-tune, whose name has that of its base", () =>
    Effect.gen(function*() {
      const { call } = yield* open(subject("openai", "responses", "ft:gpt-5-mini:acme::x1"))
      const { body, warnings } = yield* call("Hi", { temperature: 0 })
      assert.notProperty(body, "temperature")
      assert.lengthOf(warnings, 1)
    }))
})

describe("warnings", () => {
  const logging = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
    const logged: Array<unknown> = []
    const logger = Logger.make(({ message }) => {
      logged.push(message)
    })
    const settings = { rules: [], logged: new Set<string>() }
    return Effect.as(
      effect.pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(ModelFacts.ModelFacts, settings)),
      logged
    )
  }

  it.effect("are on every message, and logged once for a model and an option", () =>
    Effect.gen(function*() {
      const opus = yield* open(subject("anthropic", "messages", "claude-opus-5"))
      const sonnet = yield* open(subject("anthropic", "messages", "claude-sonnet-5"))
      const logged = yield* logging(Effect.gen(function*() {
        for (let i = 0; i < 3; i++) {
          const { warnings } = yield* opus.call("Hi", { temperature: 0.2, topP: 0.3 })
          assert.deepStrictEqual(warnings, [
            { field: "temperature", given: 0.2, reason: "claude-opus-5 takes no sampling options" },
            { field: "topP", given: 0.3, reason: "claude-opus-5 takes no sampling options" }
          ])
        }
        yield* opus.call("Hi", { temperature: 0.7 })
        yield* sonnet.call("Hi", { temperature: 0.7 })
      }))
      assert.deepStrictEqual(logged, [
        ["temperature: claude-opus-5 takes no sampling options", {
          provider: "anthropic",
          model: "claude-opus-5",
          field: "temperature",
          given: 0.2,
          sent: undefined
        }],
        ["topP: claude-opus-5 takes no sampling options", {
          provider: "anthropic",
          model: "claude-opus-5",
          field: "topP",
          given: 0.3,
          sent: undefined
        }],
        ["temperature: claude-sonnet-5 takes no sampling options", {
          provider: "anthropic",
          model: "claude-sonnet-5",
          field: "temperature",
          given: 0.7,
          sent: undefined
        }]
      ])
    }))

  it.effect("are on the message of a stream too", () =>
    Effect.gen(function*() {
      const { model } = yield* open(subject("anthropic", "messages", "claude-opus-5"))
      const chunks = yield* Stream.runCollect(model.stream("Hi", { temperature: 0.2 }))
      const warned = chunks.filter(({ metadata }) => metadata?.["warnings"] !== undefined)
      assert.lengthOf(warned, 1)
    }))

  it.effect("are logged once of a model that ends, of a guess, and of a limit that is one", () =>
    Effect.gen(function*() {
      const of = (provider: string, api: string, model: string) => open(subject(provider, api, model))
      const models = [
        yield* of("anthropic", "messages", "claude-sonnet-4-5"),
        yield* of("anthropic", "messages", "claude-opus-5-6"),
        yield* of("anthropic", "messages", "mine"),
        yield* of("openai", "responses", "gpt-9"),
        yield* of("openai", "responses", "mine"),
        yield* of("anthropic", "messages", "claude-opus-5")
      ]
      const logged = yield* logging(Effect.gen(function*() {
        for (const { call } of [...models, ...models]) yield* call("Hi")
        yield* models[2]!.call("Hi", { maxTokens: 9 }) // there are six
      }))
      assert.deepStrictEqual(logged.map((entry) => Array.isArray(entry) ? String(entry[0]).slice(0, 40) : entry), [
        "claude-sonnet-4-5 is deprecated, and end",
        "Nothing is known of claude-opus-5-6 itse",
        "The limit of mine is a guess, as the API",
        "Nothing is known of gpt-9 itself: it is "
      ])
    }))

  it.effect("are logged of a model that ends, however its options are fitted", () =>
    Effect.gen(function*() {
      const { call } = yield* open(subject("anthropic", "messages", "claude-sonnet-4-5"))
      for (const fit of ["adapt", "fail", "send"] as const) {
        assert.lengthOf(yield* logging(call("Hi", { fit })), 1, fit)
      }
    }))

  it.effect("are none for an unknown model, and none of what is sent as it is", () =>
    Effect.gen(function*() {
      const { call } = yield* open(anyone)
      const opus = yield* open(subject("anthropic", "messages", "claude-opus-5"))
      const logged = yield* logging(Effect.gen(function*() {
        yield* call("Hi", everything)
        yield* opus.call("Hi", { temperature: 1, fit: "send" })
      }))
      assert.deepStrictEqual(logged, [])
    }))
})
