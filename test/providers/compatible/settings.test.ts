// Presets, and what is asked of a server: by address, key, quirks.
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Redacted, Stream } from "effect"
import { ChatModel, Message } from "rivulet"
import type { CallOptions } from "rivulet"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { OpenAiScript, OpenAiServer, Script } from "rivulet/Testing"
import { serveCompatible, testKey } from "../../support/openai.ts"
import { available, recordings } from "../../support/recordings.ts"

const { chat } = OpenAiScript
const hello = chat.text("Hello")

type Body = Readonly<Record<string, unknown>>

const provide = (env: Record<string, string>) => Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))

const names = Object.keys(OpenAiCompatible.presets)

/** What a preset's server is sent, without a network. */
const sentTo = Effect.fnUntraced(function*(
  preset: string | OpenAiCompatible.Preset,
  options?: CallOptions.CallOptions,
  messages: ReadonlyArray<Message.Message> = [Message.human("Hi")]
) {
  const seen: Array<{ readonly url: string; readonly headers: Headers; readonly body: Body }> = []
  const facts: OpenAiCompatible.Preset | undefined = typeof preset === "string"
    ? Object.values(OpenAiCompatible.presets).find(({ name }) => name === preset)
    : preset
  const env = {
    ...(facts?.keyVariable === undefined ? undefined : { [facts.keyVariable]: testKey }),
    ...(facts?.baseUrlVariable === undefined ? undefined : { [facts.baseUrlVariable]: "https://mine.example/v1" })
  }
  const model = yield* OpenAiCompatible.make({
    model: "m",
    preset,
    fetch: (url, init) => {
      const request = new Request(url, init)
      return request.json().then((body) => {
        seen.push({ url: request.url, headers: request.headers, body: body as Body }) // a body of ours is an object
        return new Response(Script.bytesOf(hello), { headers: { "content-type": "text/event-stream" } })
      })
    }
  }).pipe(provide(env))
  yield* model.invoke(messages, options)
  return { ...seen[0] ?? assert.fail("nothing was sent"), model }
})

describe("a preset", () => {
  it("has the name it is known by", () => {
    assert.deepStrictEqual(Object.values(OpenAiCompatible.presets).map(({ name }) => name), names)
    assert.strictEqual(
      names.join(" "),
      "ollama lmstudio llamacpp vllm groq mistral deepseek xai openrouter together fireworks cerebras perplexity "
        + "moonshotai alibaba snowflake huggingface azure"
    )
  })

  for (const name of names) {
    it.effect(`${name}: address and key`, () =>
      Effect.gen(function*() {
        const preset: OpenAiCompatible.Preset | undefined = Object.values(OpenAiCompatible.presets).find((each) =>
          each.name === name
        )
        const { headers, model, url } = yield* sentTo(name)
        const baseUrl = preset?.baseUrlVariable === undefined ? preset?.baseUrl : "https://mine.example/v1"
        assert.strictEqual(url, `${baseUrl}/chat/completions`)
        assert.strictEqual(headers.get("authorization"), preset?.keyVariable === undefined ? null : `Bearer ${testKey}`)
        assert.strictEqual(model.provider, name)
        assert.isTrue(model.capabilities.tokenStreaming)
      }))
  }

  for (const [name, preset] of Object.entries<OpenAiCompatible.Preset>(OpenAiCompatible.presets)) {
    const { keyVariable } = preset
    if (keyVariable === undefined) continue
    it.effect(`${name}: without a key it fails the first call, and says which variable to set`, () =>
      Effect.gen(function*() {
        const model = yield* OpenAiCompatible.make({ model: "m", preset: name, baseUrl: "http://localhost:1" }).pipe(
          provide({})
        )
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(error.reason._tag, "AuthenticationError")
        assert.include(error.message, keyVariable)
      }))
  }

  it.effect("that is not known fails the first call, and says which are", () =>
    Effect.gen(function*() {
      for (const preset of ["olama", "toString", "__proto__", ""]) {
        const model = yield* OpenAiCompatible.make({ model: "m", preset })
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(error.reason._tag, "InvalidRequestError")
        assert.propertyVal(error.reason, "field", "preset")
        for (const name of names) assert.include(error.message, name)
      }
    }))

  it.effect("of one's own is a few facts", () =>
    Effect.gen(function*() {
      const acme: OpenAiCompatible.Preset = {
        name: "acme",
        baseUrl: "https://llm.acme.example/v1",
        keyVariable: "ACME_API_KEY",
        quirks: { maxTokens: false },
        capabilities: { imageInput: false }
      }
      const { body, headers, model, url } = yield* sentTo(acme, {
        maxTokens: 5,
        providerOptions: { acme: { seed: 1 }, other: { seed: 2 } }
      })
      assert.strictEqual(url, "https://llm.acme.example/v1/chat/completions")
      assert.strictEqual(headers.get("authorization"), `Bearer ${testKey}`)
      assert.deepInclude(body, { max_completion_tokens: 5, seed: 1 })
      assert.deepInclude(model.capabilities, { imageInput: false, tools: true })
      assert.strictEqual(model.provider, "acme")
    }))
})

it.effect("a server on this machine is at its usual address, unless a variable says otherwise", () =>
  Effect.gen(function*() {
    const urls: Array<string> = []
    const model = yield* OpenAiCompatible.make({
      model: "m",
      preset: "ollama",
      fetch: (url) => {
        urls.push(String(url))
        return Promise.resolve(
          new Response(Script.bytesOf(hello), { headers: { "content-type": "text/event-stream" } })
        )
      }
    }).pipe(provide({ OLLAMA_BASE_URL: " " }))
    yield* model.invoke("Hi")
    assert.deepStrictEqual(urls, ["http://localhost:11434/v1/chat/completions"])
  }))

describe("without a preset", () => {
  it.live("an address is enough, and no key is sent, whatever the environment holds", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiServer.make({ script: hello, validate: false })
      const model = yield* OpenAiCompatible.make({ model: "m", baseUrl: server.url }).pipe(
        provide({ OPENAI_API_KEY: "sk-openai", OPENAI_BASE_URL: "https://api.openai.com/v1" })
      )
      assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
      const { headers } = yield* server.awaitRequest(0)
      assert.notProperty(headers, "authorization")
      assert.strictEqual(model.provider, "openai-compatible")
    }))

  it.live("nor without an address, or with a wrong one", () =>
    Effect.gen(function*() {
      for (const baseUrl of [undefined, "not a url", "ftp://x"]) {
        const model = yield* OpenAiCompatible.make({ model: "m", baseUrl })
        const error = yield* Effect.flip(Stream.runDrain(model.stream("Hi")))
        assert.propertyVal(error.reason, "field", "baseUrl")
      }
      const azure = yield* OpenAiCompatible.make({ model: "m", preset: "azure", apiKey: Redacted.make("k") })
      assert.include((yield* Effect.flip(azure.invoke("Hi"))).message, "AZURE_OPENAI_BASE_URL")
    }))

  it.live("from Config", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiServer.make({ script: hello })
      const config = {
        model: Config.String("CHAT_MODEL"),
        preset: Config.String("CHAT_SERVER"),
        baseUrl: Config.String("CHAT_URL"),
        options: { maxTokens: 9 }
      }
      const env = { CHAT_MODEL: "m", CHAT_SERVER: "groq", CHAT_URL: server.url, GROQ_API_KEY: testKey }
      const model = yield* OpenAiCompatible.makeConfig(config).pipe(provide(env))
      for (
        const ask of [
          model.invoke("Hi"),
          ChatModel.invoke("Hi").pipe(Effect.provide(OpenAiCompatible.layerConfig(config)), provide(env))
        ]
      ) {
        const answer = yield* ask
        assert.strictEqual(answer.content, "Hello")
        assert.strictEqual(answer.metadata?.["provider"], "groq")
      }
    }))
})

describe("what a quirk asks for", () => {
  const rows: ReadonlyArray<
    readonly [preset: string, options: CallOptions.CallOptions, expected: Body, absent?: ReadonlyArray<string>]
  > = [
    ["ollama", { maxTokens: 5 }, { max_tokens: 5 }, ["max_completion_tokens"]],
    ["groq", { maxTokens: 5 }, { max_completion_tokens: 5 }],
    ["vllm", { topK: 5 }, { top_k: 5 }],
    ["mistral", { maxTokens: 5 }, { max_tokens: 5 }, ["stream_options"]],
    ["mistral", { reasoning: { effort: "high" } }, { reasoning_effort: "high" }],
    ["ollama", { topK: 5 }, {}, ["top_k"]],
    ["perplexity", {}, {}, ["stream_options"]],
    ["xai", { reasoning: { effort: "high" } }, { reasoning_effort: "high" }],
    ["openrouter", { reasoning: { effort: "high" } }, { reasoning: { effort: "high" } }],
    ["openrouter", { reasoning: { budgetTokens: 9 } }, { reasoning: { max_tokens: 9 } }],
    ["alibaba", { reasoning: { budgetTokens: 9 } }, { enable_thinking: true, thinking_budget: 9 }],
    ["alibaba", { reasoning: { effort: "none" } }, { enable_thinking: false }],
    ["deepseek", { reasoning: { effort: "high" } }, { thinking: { type: "enabled" }, reasoning_effort: "high" }],
    ["moonshotai", { reasoning: { effort: "none" } }, { thinking: { type: "disabled" } }, ["reasoning_effort"]],
    ["groq", { tools: [{ type: "provider", provider: "groq", definition: { type: "browser_search" } }] }, {
      tools: [{ type: "browser_search" }]
    }]
  ]
  for (const [preset, options, expected, absent = []] of rows) {
    it.effect(`${preset}: ${JSON.stringify(options)}`, () =>
      Effect.gen(function*() {
        const { body } = yield* sentTo(preset, options)
        for (const [field, value] of Object.entries(expected)) assert.deepStrictEqual(body[field], value)
        for (const field of absent) assert.notProperty(body, field)
      }))
  }

  for (
    const [preset, options, field] of [
      ["cerebras", { topK: 5 }, "topK"],
      ["huggingface", { reasoning: { budgetTokens: 5000 } }, "reasoning.budgetTokens"],
      ["alibaba", { reasoning: { effort: "high" } }, "reasoning.effort"],
      ["deepseek", { responseFormat: { type: "json_schema", schema: {} } }, "responseFormat"]
    ] as const
  ) {
    it.effect(`${preset} has no ${field}, and that is told before a request`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(sentTo(preset, options))
        assert.strictEqual(error._tag === "ChatModelError" && error.reason._tag, "UnsupportedError")
        assert.propertyVal(error._tag === "ChatModelError" && error.reason, "field", field)
      }))
  }

  it.effect("Mistral's ids of tool calls are nine letters and digits, the same for call and result", () =>
    Effect.gen(function*() {
      const { body } = yield* sentTo("mistral", {}, [
        Message.human("Hi"),
        Message.ai([
          { type: "tool_call", id: "toolu_01A", name: "a", args: {} },
          { type: "tool_call", id: "abcDEF123", name: "b", args: {} }
        ]),
        Message.tool({ toolCallId: "toolu_01A", content: "1" }),
        Message.tool({ toolCallId: "abcDEF123", content: "2" })
      ])
      const messages = body["messages"] as ReadonlyArray<Body> // it was sent as one
      const ids = (messages[1]?.["tool_calls"] as ReadonlyArray<Body> | undefined ?? []).map(({ id }) => String(id))
      assert.match(ids[0] ?? "", /^[a-z0-9]{9}$/)
      assert.strictEqual(ids[1], "abcDEF123")
      assert.deepStrictEqual(messages.slice(2).map(({ tool_call_id }) => tool_call_id), ids)
    }))
})

describe.skipIf(!available)("reasoning goes back to a server that wants it, as it came", () => {
  const rows: ReadonlyArray<readonly [file: string, field: string]> = [
    ["deepseek/deepseek-reasoning.chunks.txt", "reasoning_content"],
    ["openrouter/py-openrouter_streaming_reasoning.sse", "reasoning_details"],
    ["mistral/mistral-reasoning.chunks.txt", "content"]
  ]
  for (const [file, field] of rows) {
    it.live(`${file} as ${field}`, () =>
      Effect.gen(function*() {
        const recording = recordings("chat").find(({ name }) => name === file) ?? assert.fail()
        const { model, server } = yield* serveCompatible([Script.body(recording.bytes), hello], {
          preset: recording.provider
        })
        const message = yield* model.invoke("Hi")
        const second = yield* model.invoke([Message.human("Hi"), message, Message.human("Go on")])
        assert.notProperty(second.metadata, "warnings")
        const { messages } = (yield* server.awaitRequest(1)).body as { readonly messages: ReadonlyArray<Body> }
        assert.deepStrictEqual(messages[1]?.[field], reasoningOf(new TextDecoder().decode(recording.bytes), field))
      }))
  }
})

/** The reasoning of a recording in one field, put together by the letter: slow, and apart from our code. */
const reasoningOf = (sse: string, field: string): unknown => {
  const deltas = sse.split("\n").flatMap((line) => {
    if (!line.startsWith("data: {")) return []
    const event = JSON.parse(line.slice(6)) as { readonly choices: ReadonlyArray<{ readonly delta: Body }> }
    return event.choices.map(({ delta }) => delta)
  })
  if (field === "reasoning_content") return deltas.map((delta) => delta[field] ?? "").join("")
  if (field === "reasoning_details") {
    type Detail = Record<string, string>
    const details = deltas.flatMap((delta) => delta[field] as ReadonlyArray<Detail> | undefined ?? [])
    const signature = details.findLast((detail) => detail["signature"])?.["signature"]
    return [{ ...details[0], text: details.map((detail) => detail["text"] ?? "").join(""), signature }]
  }
  interface Part {
    readonly type: string
    readonly text: string
    readonly thinking: ReadonlyArray<{ readonly text: string }>
  }
  const parts = deltas.flatMap(({ content }) => Array.isArray(content) ? content as ReadonlyArray<Part> : [])
  const thinking = parts.filter(({ type }) => type === "thinking").flatMap(({ thinking }) => thinking)
  const said = parts.filter(({ type }) => type === "text").map(({ text }) => text).join("")
  return [
    { type: "thinking", thinking: [{ type: "text", text: thinking.map(({ text }) => text).join("") }] },
    { type: "text", text: said }
  ]
}
