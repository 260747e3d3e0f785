// Rules from the providers' own lists of models. The servers answer in the shapes that the providers document.
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import type * as Http from "node:http"
import { ChatModel, ModelFacts } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { Script, TestServer } from "rivulet/Testing"

const key = "key-of-a-list-0123456789"
const apiKey = Redacted.make(key)

/** The documents of a server, by method and path, with the key that it wants. */
const serve = (
  documents: Readonly<Record<string, unknown>>,
  wants?: (headers: Http.IncomingHttpHeaders) => boolean
) =>
  TestServer.make(
    { keyRefusal: (headers) => wants?.(headers) === false ? { status: 401, message: `Wrong key: ${key}` } : undefined },
    {
      script: ({ body, method, path }) => {
        const document = documents[`${method} ${path}`]
        const answer = typeof document === "function" ? document(body) : document
        return answer === undefined
          ? Script.status(404)
          : Script.body(JSON.stringify(answer), { headers: { "content-type": "application/json" } })
      }
    }
  )

/** The facts by these rules alone. */
const factsBy = (rules: ReadonlyArray<ModelFacts.Rule>, provider: string, model: string): ModelFacts.Facts => {
  const found: Record<string, unknown> = {}
  for (const { match, provider: providers, ...facts } of rules) {
    if (providers?.includes(provider) !== true || !new RegExp(match, "i").test(model)) continue
    for (const [name, value] of Object.entries(facts)) if (value !== undefined) found[name] ??= value
  }
  return JSON.parse(JSON.stringify(found))
}

// -----------------------------------------------------------------------------
// anthropic
// -----------------------------------------------------------------------------

const yes = { supported: true }
const no = { supported: false }

/** A model as `GET /v1/models` tells it. */
const claude = (id: string, changes: object = {}) => ({
  type: "model",
  id,
  display_name: "Claude",
  created_at: "2026-11-01T00:00:00Z",
  line: "opus",
  lifecycle: "active",
  deprecated_at: null,
  retires_at: null,
  max_input_tokens: 1_000_000,
  max_tokens: 128_000,
  capabilities: {
    batch: yes,
    citations: yes,
    code_execution: yes,
    context_management: { supported: true, clear_thinking_20251015: yes, compact_20260112: null },
    effort: { supported: true, low: yes, medium: yes, high: yes, xhigh: null, max: yes },
    image_input: yes,
    pdf_input: no,
    server_tools: { supported: true, code_execution: yes, web_search: yes },
    structured_outputs: yes,
    thinking: { supported: true, types: { adaptive: yes, between_tools: no, disabled: yes, enabled: no } }
  },
  ...changes
})

describe("anthropic", () => {
  const old = claude("claude-haiku-4-5-20251001", {
    lifecycle: "deprecated",
    retires_at: "2027-02-03T00:00:00Z",
    max_input_tokens: 200_000,
    max_tokens: 64_000,
    capabilities: {
      ...claude("").capabilities,
      effort: { supported: false, low: no, medium: no, high: no, xhigh: null, max: no },
      thinking: { supported: true, types: { adaptive: no, between_tools: no, disabled: yes, enabled: yes } }
    }
  })

  const plain = claude("claude-plain-1", {
    max_input_tokens: null,
    max_tokens: null,
    capabilities: { ...claude("").capabilities, structured_outputs: no, thinking: { supported: false, types: {} } }
  })

  const server = serve({
    "GET /v1/models?limit=1000": { data: [claude("claude-opus-7"), old], has_more: true, last_id: "a" },
    "GET /v1/models?limit=1000&after_id=a": {
      data: [plain, claude("claude-bare-1", { capabilities: null })],
      has_more: false,
      last_id: "b"
    }
  }, (headers) => headers["x-api-key"] === key && headers["anthropic-version"] === "2023-06-01")

  it.live("tells limits, reasoning, inputs and status, page by page", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const rules = yield* ModelFacts.fromProvider("anthropic", { apiKey, baseUrl: url })
      assert.deepStrictEqual(factsBy(rules, "anthropic", "claude-opus-7"), {
        context: 1_000_000,
        maxOutput: 128_000,
        thinking: {
          control: "effort",
          wire: "adaptive",
          efforts: ["low", "medium", "high", "max"],
          // These are not in the list, but known of the family.
          default: "on",
          display: "omitted",
          off: "high",
          budget: false
        },
        json: "schema",
        inputs: ["text", "image"],
        status: "active"
      })
      for (const name of ["claude-haiku-4-5", "claude-haiku-4-5-20251001"]) {
        const { thinking, ...facts } = factsBy(rules, "anthropic", name)
        assert.deepStrictEqual(
          { control: thinking?.control, wire: thinking?.wire, budget: thinking?.budget, off: thinking?.off },
          { control: "budget", wire: "budget", budget: [1024, 63_999], off: "always" }
        )
        assert.deepInclude(facts, { context: 200_000, status: "deprecated", retires: "2027-02-03" })
      }
      assert.deepStrictEqual(factsBy(rules, "anthropic", "claude-haiku-4-5-20250101"), {})
      assert.deepStrictEqual(factsBy(rules, "anthropic", "claude-plain-1"), {
        thinking: { control: "none" },
        json: "none",
        inputs: ["text", "image"],
        status: "active"
      })
      assert.deepStrictEqual(factsBy(rules, "anthropic", "claude-bare-1"), {
        context: 1_000_000,
        maxOutput: 128_000,
        status: "active"
      })
      assert.deepStrictEqual(factsBy(rules, "openrouter", "claude-opus-7"), {})
    }))

  it.live("makes a new model a known one", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const Facts = Layer.unwrap(
        Effect.map(ModelFacts.fromProvider("anthropic", { apiKey, baseUrl: url }), ModelFacts.layer)
      )
      const model = yield* Effect.provide(Anthropic.make({ model: "claude-opus-7", apiKey }), Facts)
      assert.strictEqual(model.facts.status, "active")
      // What the list does not tell.
      assert.strictEqual(model.facts.sampling, "never")
    }))
})

// -----------------------------------------------------------------------------
// google
// -----------------------------------------------------------------------------

/** A model as `GET /v1beta/models` tells it. */
const gemini = {
  name: "models/gemini-4-hydrogen",
  baseModelId: "gemini-4-hydrogen",
  version: "4",
  displayName: "Gemini 4",
  inputTokenLimit: 1_048_576,
  outputTokenLimit: 65_536,
  supportedGenerationMethods: ["generateContent", "countTokens"],
  thinking: true,
  temperature: 1,
  maxTemperature: 2,
  topP: 0.95,
  topK: 64
}

describe("google", () => {
  it.live("tells limits and sampling of the models that chat, page by page", () =>
    Effect.gen(function*() {
      const embedding = { name: "models/embedding-1", supportedGenerationMethods: ["embedContent"] }
      const { maxTemperature: _, thinking: __, topK: ___, ...gemma } = { ...gemini, name: "models/gemma-9" }
      const server = yield* serve({
        "GET /v1beta/models?pageSize=1000": { models: [gemini, embedding], nextPageToken: "next/1" },
        "GET /v1beta/models?pageSize=1000&pageToken=next%2F1": { nextPageToken: "next/2" },
        "GET /v1beta/models?pageSize=1000&pageToken=next%2F2": { models: [{ ...gemma, thinking: false }] }
      }, (headers) => headers["x-goog-api-key"] === key)
      const rules = yield* ModelFacts.fromProvider("google", { apiKey, baseUrl: `${server.url}/` })
      assert.deepStrictEqual(factsBy(rules, "google", "gemini-4-hydrogen"), {
        context: 1_048_576,
        maxOutput: 65_536,
        temperature: [0, 2],
        topK: true
      })
      assert.deepStrictEqual(factsBy(rules, "google", "gemma-9"), {
        context: 1_048_576,
        maxOutput: 65_536,
        topK: false,
        thinking: { control: "none" }
      })
      assert.lengthOf(rules, 2)
    }))
})

// -----------------------------------------------------------------------------
// mistral
// -----------------------------------------------------------------------------

/** A model as Mistral's `GET /v1/models` tells it. */
const mistral = (id: string, capabilities: object, changes: object = {}) => ({
  id,
  object: "model",
  created: 1_764_000_000,
  owned_by: "mistralai",
  name: id,
  description: "A model",
  max_context_length: 131_072,
  aliases: [`${id}-latest`],
  deprecation: null,
  deprecation_replacement_model: null,
  default_model_temperature: 0.3,
  type: "base",
  capabilities: {
    completion_chat: true,
    completion_fim: false,
    function_calling: true,
    fine_tuning: false,
    vision: true,
    classification: false,
    ...capabilities
  },
  ...changes
})

describe("mistral", () => {
  it.live("tells the context, tools, images and deprecation of the models that chat", () =>
    Effect.gen(function*() {
      const server = yield* serve({
        "GET /v1/models": {
          object: "list",
          data: [
            mistral("mistral-large-5", {}),
            mistral("ministral-old", { function_calling: false, vision: false }, {
              deprecation: "2026-12-31T12:00:00Z"
            }),
            mistral("mistral-embed", { completion_chat: false })
          ]
        }
      }, ({ authorization }) => authorization === `Bearer ${key}`)
      const rules = yield* ModelFacts.fromProvider("mistral", { apiKey, baseUrl: `${server.url}/v1` })
      assert.deepStrictEqual(factsBy(rules, "mistral", "mistral-large-5"), {
        context: 131_072,
        inputs: ["text", "image"]
      })
      assert.deepStrictEqual(factsBy(rules, "mistral", "ministral-old"), {
        context: 131_072,
        tools: { calls: false },
        inputs: ["text"],
        status: "deprecated"
      })
      assert.lengthOf(rules, 2)
    }))
})

// -----------------------------------------------------------------------------
// ollama
// -----------------------------------------------------------------------------

const shown: Readonly<Record<string, object>> = {
  "llama3.2:latest": {
    modelfile: "FROM llama3.2",
    parameters: "num_keep                       24\nnum_ctx                        8192\nstop \"<|eot_id|>\"",
    template: "{{ .Prompt }}",
    details: { family: "llama", parameter_size: "3.2B" },
    model_info: { "general.architecture": "llama", "llama.context_length": 131_072, "tokenizer.ggml.tokens": null },
    capabilities: ["completion", "tools"]
  },
  "my-tune:4b": {
    model_info: { "qwen3.context_length": 40_960 },
    capabilities: ["completion", "vision", "thinking"]
  },
  "words:1b": {
    model_info: {},
    capabilities: ["completion", "tools", "thinking"],
    thinking: { values: [false, "low", "high"], default: "low" }
  },
  "gpt-oss:20b": { model_info: {}, capabilities: ["completion", "tools", "thinking"] },
  "older:1b": { details: {} }
}

const ollama = serve({
  "GET /api/tags": { models: Object.keys(shown).map((name) => ({ name, model: name, size: 1 })) },
  "POST /api/show": (body: { readonly model: string }) => shown[body.model]
})

describe("ollama", () => {
  it.live("tells the context, tools, images and reasoning of each model", () =>
    Effect.gen(function*() {
      const { url } = yield* ollama
      for (const baseUrl of [url, `${url}/v1`, `${url}/v1/`]) {
        const rules = yield* ModelFacts.fromProvider("ollama", { baseUrl })
        const still = { control: "none" } as const
        for (const name of ["llama3.2", "llama3.2:latest"]) {
          assert.deepStrictEqual(factsBy(rules, "ollama", name), { context: 8192, thinking: still, inputs: ["text"] })
        }
        assert.deepStrictEqual(factsBy(rules, "ollama", "llama3.2:70b"), {})
        const { thinking, ...others } = factsBy(rules, "ollama", "my-tune:4b")
        assert.deepStrictEqual(others, { context: 40_960, inputs: ["text", "image"], tools: { calls: false } })
        assert.deepInclude(thinking, { control: "toggle", default: "on", off: "always" })
        assert.deepStrictEqual(factsBy(rules, "ollama", "words:1b").thinking, {
          control: "effort",
          wire: "reasoning_effort",
          efforts: ["none", "low", "high"],
          default: "on",
          defaultEffort: "low",
          off: "always",
          budget: false
        })
        // The library knows more of it.
        assert.deepStrictEqual(factsBy(rules, "ollama", "gpt-oss:20b"), { inputs: ["text"] })
        assert.deepStrictEqual(factsBy(rules, "ollama", "older:1b"), {})
      }
    }))

  it.live("lets a call fail that needs what a model lacks", () =>
    Effect.gen(function*() {
      const { url } = yield* ollama
      const Facts = Layer.unwrap(
        Effect.map(ModelFacts.fromProvider("ollama", { baseUrl: `${url}/v1` }), ModelFacts.layer)
      )
      const Model = OpenAiCompatible.layer({ preset: "ollama", model: "my-tune:4b", baseUrl: url })
      const tool = { name: "weather", description: "The weather", parameters: { type: "object" } }
      const { reason } = yield* Effect.flip(ChatModel.invoke("Hi", { tools: [tool] })).pipe(
        Effect.provide(Model.pipe(Layer.provide(Facts)))
      )
      assert.strictEqual(reason._tag, "UnsupportedError")
      assert.include(reason.message, "my-tune:4b calls no tools")
    }))
})

// -----------------------------------------------------------------------------
// openrouter
// -----------------------------------------------------------------------------

/** A model as `GET /api/v1/models` tells it. */
const routed = (id: string, changes: object = {}) => ({
  id,
  canonical_slug: id,
  name: id,
  created: 1_764_000_000,
  context_length: 1_000_000,
  architecture: { modality: "text+image->text", input_modalities: ["text", "image", "file"], tokenizer: "Other" },
  pricing: {
    prompt: "0.000004",
    completion: "0.00002",
    request: "0",
    image: "0",
    input_cache_read: "0.0000002",
    input_cache_write: "0.000005"
  },
  top_provider: { context_length: 1_000_000, max_completion_tokens: 128_000, is_moderated: true },
  per_request_limits: null,
  supported_parameters: [
    "max_tokens",
    "reasoning",
    "response_format",
    "stop",
    "structured_outputs",
    "tool_choice",
    "tools"
  ],
  ...changes
})

describe("openrouter", () => {
  const models = serve({
    "GET /api/v1/models": {
      data: [
        routed("acme/thinker"),
        routed("acme/tiny:free", {
          architecture: { input_modalities: ["text"] },
          pricing: { prompt: "0", completion: "0" },
          top_provider: { context_length: null, max_completion_tokens: null },
          supported_parameters: ["temperature", "top_p", "top_k", "response_format", "parallel_tool_calls", "tools"]
        }),
        routed("openrouter/auto", { context_length: null, pricing: { prompt: "-1", completion: "-1" } }),
        routed("acme/by-request", { pricing: { prompt: "0.1", completion: "0.1", request: "0.02" } }),
        routed("acme/bare", { architecture: null, pricing: null, top_provider: null, supported_parameters: null })
      ]
    }
  })

  it.live("tells limits, inputs, prices, and the options that a model does not take", () =>
    Effect.gen(function*() {
      const { url } = yield* models
      const rules = yield* ModelFacts.fromProvider("openrouter", { baseUrl: `${url}/api/v1` })
      assert.deepStrictEqual(factsBy(rules, "openrouter", "acme/thinker"), {
        context: 1_000_000,
        maxOutput: 128_000,
        inputs: ["text", "image", "pdf"],
        price: { in: 4, out: 20, read: 0.2, write: 5 },
        sampling: "never",
        topK: false,
        parallel: "none",
        json: "schema"
      })
      assert.deepStrictEqual(factsBy(rules, "openrouter", "acme/tiny:free"), {
        context: 1_000_000,
        inputs: ["text"],
        price: { in: 0, out: 0 },
        stop: false,
        tools: { forced: "never" },
        thinking: { control: "none" },
        json: "object"
      })
      assert.notProperty(factsBy(rules, "openrouter", "openrouter/auto"), "price")
      assert.notProperty(factsBy(rules, "openrouter", "acme/by-request"), "price")
      assert.deepStrictEqual(factsBy(rules, "openrouter", "acme/bare"), { context: 1_000_000 })
    }))

  it.live("fits calls", () =>
    Effect.gen(function*() {
      const { url } = yield* models
      const server = yield* TestServer.make({}, { script: Script.body("data: [DONE]\n\n") })
      const rules = yield* ModelFacts.fromProvider("openrouter", { baseUrl: `${url}/api/v1` })
      const options = { preset: "openrouter", model: "acme/thinker", baseUrl: server.url, apiKey } as const
      const Model = OpenAiCompatible.layer(options).pipe(Layer.provide(ModelFacts.layer(rules)))
      yield* Effect.flip(ChatModel.invoke("Hi", { temperature: 0, maxTokens: 200_000, maxRetries: 0 })).pipe(
        Effect.provide(Model),
        Effect.provideService(References.MinimumLogLevel, "None")
      )
      const { body } = yield* server.awaitRequest(0)
      assert.notProperty(body, "temperature")
      assert.include(JSON.stringify(body), "128000")
    }))
})

// -----------------------------------------------------------------------------
// settings and failures
// -----------------------------------------------------------------------------

const reasonOf = (options: ModelFacts.ListOptions, provider: ModelFacts.ListingProvider = "mistral") =>
  Effect.map(Effect.flip(ModelFacts.fromProvider(provider, { apiKey, ...options })), (error) => {
    assert.strictEqual(error._tag, "ModelFactsError")
    assert.notInclude(`${error.message} ${JSON.stringify(error)}`, key)
    return error._tag === "ModelFactsError" ? error.reason : undefined
  })

describe("settings", () => {
  it.live("come from the environment", () =>
    Effect.gen(function*() {
      const { url } = yield* serve(
        { "GET /v1/models?limit=1000": { data: [] }, "GET /v1beta/models?pageSize=1000": {}, "GET /api/tags": {} },
        (headers) => [undefined, key].includes(`${headers["x-api-key"] ?? headers["x-goog-api-key"] ?? key}`)
      )
      for (
        const [provider, env] of [
          ["anthropic", { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: url }],
          ["google", { GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: url }],
          ["google", { GOOGLE_API_KEY: key, GEMINI_API_KEY: "other", GOOGLE_GEMINI_BASE_URL: url }],
          ["ollama", { OLLAMA_BASE_URL: `${url}/v1` }]
        ] as const
      ) {
        const rules = yield* ModelFacts.fromProvider(provider).pipe(
          Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env))
        )
        assert.deepStrictEqual(rules, [])
      }
    }))

  it.live("are checked before anything is sent", () =>
    Effect.gen(function*() {
      const fetch = () => Promise.reject(new Error("It was sent"))
      const none = { apiKey: Redacted.make(" "), fetch }
      const absent = yield* reasonOf(none)
      assert.strictEqual(absent?._tag, "AuthenticationError")
      assert.include(absent?.message, "MISTRAL_API_KEY")
      const address = yield* reasonOf({ baseUrl: "localhost", fetch })
      assert.deepInclude(address, { _tag: "InvalidRequestError", field: "baseUrl" })
    }))

  it.live("have a fetch", () =>
    Effect.gen(function*() {
      const urls: Array<string> = []
      const fetch: typeof globalThis.fetch = (url) => {
        urls.push(String(url))
        return Promise.resolve(Response.json({ data: [] }))
      }
      yield* ModelFacts.fromProvider("mistral", { apiKey, fetch })
      yield* ModelFacts.fromProvider("openrouter", { fetch, baseUrl: "https://proxy.example/or?tenant=7" })
      assert.deepStrictEqual(urls, ["https://api.mistral.ai/v1/models", "https://proxy.example/or/models?tenant=7"])
    }))
})

describe("a list that cannot be read", () => {
  const failures: ReadonlyArray<readonly [string, Script.Script, string]> = [
    ["a refusal", Script.status(403), "PermissionError"],
    ["an overload", Script.status(529), "OverloadedError"],
    ["a failure", Script.status(500), "InternalProviderError"],
    ["a page", Script.body("<html>"), "MalformedResponseError"],
    ["nothing", Script.body(""), "MalformedResponseError"],
    ["another form", Script.body(JSON.stringify({ data: { id: key } })), "MalformedResponseError"],
    ["a model without a name", Script.body("{\"data\":[{}]}"), "MalformedResponseError"],
    [
      "a name without an end",
      Script.body(JSON.stringify({ data: [{ id: "a".repeat(300) }] })),
      "MalformedResponseError"
    ],
    [
      "a document without an end",
      Script.make([Script.repeat([Script.write(" ".repeat(65_536))])]),
      "MalformedResponseError"
    ],
    ["a connection that breaks", Script.make([Script.write("{"), Script.reset]), "NetworkError"],
    ["a connection that is refused", Script.resetBeforeHeaders, "NetworkError"],
    ["a redirect", Script.body("", { status: 302, headers: { location: "http://127.0.0.1:1/" } }), "UnknownError"]
  ]
  for (const [name, script, tag] of failures) {
    it.live(`fails: ${name}`, () =>
      Effect.gen(function*() {
        const server = yield* TestServer.make({}, { script })
        const reason = yield* reasonOf({ baseUrl: server.url })
        assert.strictEqual(reason?._tag, tag, reason?.message)
        yield* server.awaitIdle
      }))
  }

  it.live("fails: a wrong key, which the server repeats", () =>
    Effect.gen(function*() {
      const { url } = yield* serve({}, () => false)
      assert.strictEqual((yield* reasonOf({ baseUrl: url }))?._tag, "AuthenticationError")
    }))

  it.live("fails in time, and closes the connection", () =>
    Effect.gen(function*() {
      for (const script of [Script.silent, Script.make([Script.write("{"), Script.stall])]) {
        const server = yield* TestServer.make({}, { script })
        const reason = yield* reasonOf({ baseUrl: server.url, timeout: "200 millis" })
        assert.deepInclude(reason, { _tag: "TimeoutError", phase: "total" })
        assert.strictEqual((yield* (yield* server.awaitRequest(0)).closed).by, "client")
      }
    }))

  it.live("fails: pages without an end", () =>
    Effect.gen(function*() {
      const page = { data: [claude("claude-x")], has_more: true, last_id: "a" }
      const server = yield* TestServer.make({}, { script: Script.body(JSON.stringify(page)) })
      const reason = yield* reasonOf({ baseUrl: server.url }, "anthropic")
      assert.strictEqual(reason?._tag, "MalformedResponseError")
      assert.isAtMost((yield* server.requests).length, 50)
    }))

  const documents = {
    anthropic: { data: [claude("claude-x")], has_more: false, last_id: "a" },
    google: { models: [gemini], nextPageToken: "" },
    mistral: { data: [mistral("mistral-x", {})] },
    ollama: { models: [{ name: "words:1b" }], ...shown["words:1b"] },
    openrouter: { data: [routed("acme/x")] }
  } as const

  it.effect.prop(
    "fails or gives rules, whatever stands in the place of a part",
    [Arbitrary.schema(Schema.Json), Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999 })))],
    ([part, at]) =>
      Effect.gen(function*() {
        for (const provider of Object.keys(documents) as ReadonlyArray<keyof typeof documents>) {
          const document = replaced(documents[provider], at, part)
          const fetch = () => Promise.resolve(Response.json(document))
          const rules = yield* ModelFacts.fromProvider(provider, { apiKey, fetch }).pipe(
            Effect.catchTag("ModelFactsError", ({ reason }) => {
              assert.strictEqual(reason._tag, "MalformedResponseError")
              return Effect.succeed([])
            })
          )
          for (const { context, match, maxOutput } of rules) {
            assert.doesNotThrow(() => new RegExp(match))
            for (const tokens of [context, maxOutput]) assert.isTrue(tokens === undefined || tokens > 0)
          }
        }
      })
  )
})

/** A document with another value in the place of one of its parts. */
const replaced = (document: unknown, at: number, part: unknown): unknown => {
  let left = at % countOf(document)
  const visit = (value: unknown): unknown => {
    if (left-- === 0) return part
    if (Array.isArray(value)) return value.map(visit)
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, visit(each)]))
  }
  return visit(document)
}

const countOf = (value: unknown): number =>
  typeof value !== "object" || value === null
    ? 1
    : Object.values(value).reduce((sum: number, each) => sum + countOf(each), 1)
