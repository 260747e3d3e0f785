// What is asked of Chat Completions, as the server gets it.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import type { CallOptions, ChatModel } from "rivulet"
import { Message } from "rivulet"
import * as OpenAi from "rivulet/OpenAi"
import { OpenAiScript, Script } from "rivulet/Testing"
import { serveChat } from "../../support/openai.ts"
import { available, recordings } from "../../support/recordings.ts"

const { chat } = OpenAiScript

type Body = Readonly<Record<string, unknown>>

const hello = chat.text("Hello")

const sent = Effect.fnUntraced(function*(
  input: ChatModel.ChatInput,
  options?: CallOptions.CallOptions,
  own?: Partial<OpenAi.Options>
) {
  const { model, server } = yield* serveChat(hello, own)
  const message = yield* model.invoke(input, options)
  const request = yield* server.awaitRequest(0)
  return { body: request.body as Body, message, request } // parsed from JSON
})

/** These fields of the request are so; `undefined` is absent. */
const sends = (
  name: string,
  input: ChatModel.ChatInput,
  options: CallOptions.CallOptions | undefined,
  expected: Body
) =>
  it.live(name, () =>
    Effect.gen(function*() {
      const { body } = yield* sent(input, options)
      for (const [field, value] of Object.entries(expected)) assert.deepStrictEqual(body[field], value, field)
    }))

const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] } as const

const weather: CallOptions.ToolDefinition = {
  name: "weather",
  description: "The weather",
  parameters: { properties: { city: { type: "string" } } }
}

describe("the options", () => {
  it.live("the least there can be", () =>
    Effect.gen(function*() {
      const { body, request } = yield* sent("Hi")
      assert.deepStrictEqual(body, {
        model: "gpt-test",
        messages: [{ role: "user", content: "Hi" }],
        stream: true,
        stream_options: { include_usage: true }
      })
      assert.strictEqual(request.path, "/v1/chat/completions")
      assert.strictEqual(request.headers["content-type"], "application/json")
      assert.strictEqual(request.headers["authorization"], "<redacted>")
    }))

  sends("sampling and limits", "Hi", { maxTokens: 5, temperature: 0.5, topP: 0.9, stopSequences: ["END"] }, {
    max_completion_tokens: 5,
    temperature: 0.5,
    top_p: 0.9,
    stop: ["END"]
  })
  sends("effort", "Hi", { reasoning: { effort: "minimal" } }, { reasoning_effort: "minimal" })
  sends("JSON", "Hi", { responseFormat: { type: "json" } }, { response_format: { type: "json_object" } })
  sends("JSON of a schema, in the dialect of strict schemas", "Hi", {
    responseFormat: { type: "json_schema", name: "place", description: "A place", schema: city }
  }, {
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "place",
        description: "A place",
        schema: { ...city, additionalProperties: false },
        strict: true
      }
    }
  })
  sends("JSON of a schema that need not fit", "Hi", {
    responseFormat: { type: "json_schema", schema: city, strict: false }
  }, { response_format: { type: "json_schema", json_schema: { name: "answer", schema: city, strict: false } } })
  sends("a strict tool", "Hi", { tools: [{ name: "weather", parameters: city, strict: true }] }, {
    tools: [{
      type: "function",
      function: { name: "weather", parameters: { ...city, additionalProperties: false }, strict: true }
    }]
  })
  sends("plain text", "Hi", { responseFormat: { type: "text" } }, { response_format: undefined })
  sends("tools", "Hi", { tools: [weather, OpenAi.serverTool({ type: "custom", name: "sql", description: "SQL" })] }, {
    tools: [
      {
        type: "function",
        function: {
          name: "weather",
          description: "The weather",
          parameters: { type: "object", properties: { city: { type: "string" } } }
        }
      },
      { type: "custom", custom: { name: "sql", description: "SQL" } }
    ],
    tool_choice: undefined
  })
  sends("a custom tool with a grammar", "Hi", {
    tools: [
      OpenAi.serverTool({
        type: "custom",
        name: "sql",
        format: { type: "grammar", syntax: "lark", definition: "start: \"a\"" }
      })
    ],
    toolChoice: { name: "sql" }
  }, {
    tools: [{
      type: "custom",
      custom: {
        name: "sql",
        format: { type: "grammar", grammar: { syntax: "lark", definition: "start: \"a\"" } }
      }
    }],
    tool_choice: { type: "custom", custom: { name: "sql" } }
  })
  for (
    const [choice, expected] of [
      ["auto", "auto"],
      ["required", "required"],
      ["none", "none"],
      [{ name: "weather" }, { type: "function", function: { name: "weather" } }]
    ] as const
  ) {
    sends(`tool choice ${JSON.stringify(choice)}`, "Hi", { tools: [weather], toolChoice: choice }, {
      tool_choice: expected
    })
  }
  sends("one call at a time", "Hi", { tools: [weather], parallelToolCalls: false }, { parallel_tool_calls: false })
  sends("one call at a time, without tools", "Hi", { parallelToolCalls: false }, { parallel_tool_calls: undefined })
  sends("labels, with completions that are stored", "Hi", {
    metadata: { user_id: "u" },
    providerOptions: { openai: { store: true } }
  }, { metadata: { user_id: "u" }, store: true })

  it.live("fields of the API's own win", () =>
    Effect.gen(function*() {
      const { body, request } = yield* sent("Hi", {
        maxTokens: 5,
        providerOptions: {
          openai: {
            max_completion_tokens: 9,
            seed: 7,
            service_tier: "flex",
            prompt_cache_key: "k",
            logprobs: true,
            verbosity: undefined,
            stream_options: { include_obfuscation: false }
          },
          anthropic: { max_tokens: 1 }
        }
      }, { headers: { "x-tenant": "acme" }, organization: "org-1", project: "proj-1" })
      assert.deepInclude(body, { max_completion_tokens: 9, seed: 7, service_tier: "flex", prompt_cache_key: "k" })
      assert.deepStrictEqual(body["stream_options"], { include_usage: true, include_obfuscation: false })
      assert.notProperty(body, "verbosity")
      assert.notProperty(body, "max_tokens")
      assert.strictEqual(request.headers["x-tenant"], "acme")
      assert.strictEqual(request.headers["openai-organization"], "org-1")
      assert.strictEqual(request.headers["openai-project"], "proj-1")
    }))

  it.live("labels the API has no field for are told of", () =>
    Effect.gen(function*() {
      const { body, message } = yield* sent("Hi", { metadata: { user_id: "u" } })
      assert.notProperty(body, "metadata")
      assert.include(JSON.stringify(message.metadata?.["warnings"]), "store: true")
    }))

  it.live("nothing the environment has for the SDK is sent", () =>
    Effect.gen(function*() {
      const environment = {
        OPENAI_CUSTOM_HEADERS: "x-leak: secret\nAuthorization: Bearer other",
        OPENAI_ORG_ID: "org-env",
        OPENAI_ADMIN_KEY: "admin"
      }
      Object.assign(process.env, environment)
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          for (const name of Object.keys(environment)) delete process.env[name]
        })
      )
      const seen: Array<Headers> = []
      const model = yield* OpenAi.make({
        model: "m",
        api: "chat",
        apiKey: Redacted.make("sk-mine"),
        organization: "org-mine",
        fetch: (_, init) => {
          seen.push(new Headers(init?.headers))
          return Promise.resolve(
            new Response(Script.bytesOf(hello), { headers: { "content-type": "text/event-stream" } })
          )
        }
      })
      yield* model.invoke("Hi")
      assert.strictEqual(seen[0]?.get("authorization"), "Bearer sk-mine")
      assert.strictEqual(seen[0]?.get("openai-organization"), "org-mine")
      assert.isNull(seen[0]?.get("x-leak"))
    }))
})

describe("the messages", () => {
  sends(
    "system, conversation, tuples",
    [["system", "Be kind"], ["human", "Hi"], ["ai", "Hello"], ["human", "Bye"]],
    undefined,
    {
      messages: [
        { role: "system", content: "Be kind" },
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Hello" },
        { role: "user", content: "Bye" }
      ]
    }
  )
  sends(
    "images, files and sound, by data, URL, id and as text",
    [Message.human([
      Message.text("What?"),
      Message.image({ data: "AQID", mediaType: "image/png" }),
      Message.image({ url: "https://x/y.gif", providerOptions: { openai: { detail: "low" } } }),
      Message.file({ data: "AQID", mediaType: "application/pdf", name: "a.pdf" }),
      Message.file({ data: "AQID", mediaType: "application/pdf" }),
      Message.file({ fileId: "file_2" }),
      Message.file({ text: "plain", name: "notes" }),
      Message.file({ data: "AQID", mediaType: "audio/mpeg" })
    ])],
    undefined,
    {
      messages: [{
        role: "user",
        content: [
          { type: "text", text: "What?" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AQID" } },
          { type: "image_url", image_url: { url: "https://x/y.gif", detail: "low" } },
          { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AQID" } },
          { type: "file", file: { filename: "file.pdf", file_data: "data:application/pdf;base64,AQID" } },
          { type: "file", file: { file_id: "file_2" } },
          { type: "text", text: "plain" },
          { type: "input_audio", input_audio: { data: "AQID", format: "mp3" } }
        ]
      }]
    }
  )

  const asked = Message.ai([
    { type: "text", text: "Let me look" },
    { type: "tool_call", id: "t1", name: "a", args: { x: 1 } },
    { type: "tool_call", id: "t2", name: "sql", args: "SELECT 1", metadata: { type: "custom" } },
    { type: "invalid_tool_call", id: "t3", name: "c", text: "{oops", reason: "not JSON" }
  ])
  sends(
    "tool calls and their results",
    [
      Message.human("Hi"),
      asked,
      Message.tool({ toolCallId: "t1", content: "one" }),
      Message.tool({ toolCallId: "t2", content: [Message.text("two")] }),
      Message.tool({ toolCallId: "t3", content: "not JSON", isError: true }),
      Message.human("Go on")
    ],
    undefined,
    {
      messages: [
        { role: "user", content: "Hi" },
        {
          role: "assistant",
          content: "Let me look",
          tool_calls: [
            { id: "t1", type: "function", function: { name: "a", arguments: "{\"x\":1}" } },
            { id: "t2", type: "custom", custom: { name: "sql", input: "SELECT 1" } },
            { id: "t3", type: "function", function: { name: "c", arguments: "{\"INVALID_JSON\":\"{oops\"}" } }
          ]
        },
        { role: "tool", tool_call_id: "t1", content: "one" },
        { role: "tool", tool_call_id: "t2", content: [{ type: "text", text: "two" }] },
        { role: "tool", tool_call_id: "t3", content: "not JSON" },
        { role: "user", content: "Go on" }
      ]
    }
  )

  sends(
    "a refusal, and an answer that says nothing",
    [
      Message.human("Hi"),
      Message.ai([{ type: "refusal", text: "No" }]),
      Message.human("Please"),
      Message.ai(""),
      Message.human("So?")
    ],
    undefined,
    {
      messages: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: null, refusal: "No" },
        { role: "user", content: "Please" },
        { role: "user", content: "So?" }
      ]
    }
  )

  it.live("of another provider lose what only that one understands, and it is told", () =>
    Effect.gen(function*() {
      const foreign: Message.AIMessage = {
        ...Message.ai([
          { type: "reasoning", text: "hm", signature: "sig" },
          { type: "reasoning", text: "", redacted: "opaque" },
          { type: "text", text: "Hello", citations: [{ url: "https://x", raw: {} }] },
          { type: "server_tool_call", id: "s", name: "search", args: {} },
          { type: "server_tool_result", toolCallId: "s", result: [] },
          { type: "tool_call", id: "t", name: "a", args: {}, metadata: { theirs: 1 } },
          { type: "unknown", raw: [{ type: "compaction" }] }
        ]),
        metadata: { provider: "anthropic" }
      }
      const { body, message } = yield* sent([
        Message.human("Hi"),
        foreign,
        Message.tool({ toolCallId: "t", content: "ok" })
      ])
      assert.deepStrictEqual((body["messages"] as ReadonlyArray<Body>)[1], {
        role: "assistant",
        content: "Hello",
        tool_calls: [{ id: "t", type: "function", function: { name: "a", arguments: "{}" } }]
      })
      assert.deepStrictEqual(
        message.metadata?.["warnings"],
        [
          "reasoning",
          "a citation",
          "a server tool call",
          "a server tool result",
          "an unknown part"
        ].map((what) => ({ field: "messages[1]", reason: `${what} was left out, as it comes from anthropic` }))
      )
    }))
})

describe("what Chat Completions cannot do is refused before a request", () => {
  const cases: ReadonlyArray<
    readonly [reason: string, field: string, input: ChatModel.ChatInput, options?: CallOptions.CallOptions]
  > = [
    ["UnsupportedError", "messages[0].content[0].source", [Message.human([Message.image({ fileId: "file_1" })])]],
    ["UnsupportedError", "messages[0].content[0].source", [Message.human([Message.file({ url: "https://x/y.pdf" })])]],
    ["InvalidRequestError", "messages[0].content[0].mediaType", [Message.human([
      { type: "image", source: { type: "base64", data: "AQID" } }
    ])]],
    ["UnsupportedError", "messages[2].content[0]", [
      Message.human("Hi"),
      Message.ai([{ type: "tool_call", id: "t", name: "a", args: {} }]),
      Message.tool({ toolCallId: "t", content: [Message.image({ url: "https://x/y.png" })] })
    ]],
    ["UnsupportedError", "topK", "Hi", { topK: 5 }],
    ["UnsupportedError", "reasoning.budgetTokens", "Hi", { reasoning: { budgetTokens: 100 } }],
    ["UnsupportedError", "tools[0]", "Hi", { tools: [{ type: "provider", provider: "anthropic", definition: {} }] }],
    ["UnsupportedError", "tools[0]", "Hi", { tools: [OpenAi.serverTool({ type: "web_search" })] }],
    ["InvalidRequestError", "tools[0].parameters", "Hi", { tools: [{ name: "a", parameters: { type: "string" } }] }]
  ]
  for (const [reason, field, input, options] of cases) {
    it.live(`${field} of ${JSON.stringify(options ?? input).slice(0, 60)}`, () =>
      Effect.gen(function*() {
        const { model, server } = yield* serveChat(hello)
        const error = yield* Effect.flip(model.invoke(input, options))
        assert.strictEqual(error.reason._tag, reason)
        assert.propertyVal(error.reason, "field", field)
        assert.deepStrictEqual(yield* server.requests, [])
      }))
  }

  it.live("a base URL that is no URL, and a key that is no key", () =>
    Effect.gen(function*() {
      for (const baseUrl of ["not a url", "ftp://x", "localhost:80"]) {
        const { model } = yield* serveChat(hello, { baseUrl })
        assert.propertyVal((yield* Effect.flip(model.invoke("Hi"))).reason, "field", "baseUrl")
      }
      for (const key of ["", "  ", "sk-with\nnewline", "sk-ümlaut"]) {
        const { model } = yield* serveChat(hello, { apiKey: Redacted.make(key) })
        assert.strictEqual((yield* Effect.flip(model.invoke("Hi"))).reason._tag, "AuthenticationError")
      }
    }))

  it.live("an unknown model is the provider's to know", () =>
    Effect.gen(function*() {
      const { model } = yield* serveChat(hello, { model: "unknown-9" })
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.strictEqual(error.reason._tag, "NotFoundError")
      assert.include(error.message, "unknown-9")
    }))
})

describe("what is streamed", () => {
  it.live("a custom tool's input is the text that is its argument, and goes back as it came", () =>
    Effect.gen(function*() {
      const input = "SELECT \"a\"\n-- 🐠"
      const { model, server } = yield* serveChat([
        chat.message({
          finishReason: "tool_calls",
          blocks: [{
            type: "raw",
            deltas: [
              { tool_calls: [{ index: 0, id: "c1", type: "custom", custom: { name: "sql", input: "" } }] },
              // The fish is cut in two.
              ...[input.slice(0, 15), input.slice(15)].map((input) => ({
                tool_calls: [{ index: 0, custom: { input } }]
              }))
            ]
          }]
        }),
        hello
      ])
      const message = yield* model.invoke("Hi")
      assert.deepStrictEqual(message.toolCalls, [
        { type: "tool_call", id: "c1", name: "sql", args: input, metadata: { type: "custom" } }
      ])
      yield* model.invoke([Message.human("Hi"), message, Message.tool({ toolCallId: "c1", content: "ok" })])
      const body = (yield* server.awaitRequest(1)).body as { readonly messages: ReadonlyArray<Body> }
      assert.deepStrictEqual(body.messages[1]?.["tool_calls"], [{
        id: "c1",
        type: "custom",
        custom: { name: "sql", input }
      }])
    }))

  it.live("log probabilities: each with its text, and all of them at the end", () =>
    Effect.gen(function*() {
      const token = (token: string) => ({ token, logprob: -0.5, bytes: null, top_logprobs: [] })
      const events = ["Hel", "lo"].map((text): Readonly<Record<string, unknown>> => ({
        id: "c",
        choices: [{ index: 0, delta: { content: text }, logprobs: { content: [token(text)] }, finish_reason: null }]
      }))
      const end = { id: "c", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }
      const { model } = yield* serveChat(Script.make([...chat.events([...events, end]).steps, chat.done]))
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      assert.deepStrictEqual(chunks.map(({ content, metadata }) => [content, metadata?.["logprobs"]]), [
        ["Hel", [token("Hel")]],
        ["lo", [token("lo")]],
        ["", [token("Hel"), token("lo")]]
      ])
    }))

  it.live("what was read from the prompt cache, and what was spent on reasoning, is told", () =>
    Effect.gen(function*() {
      const { model } = yield* serveChat(chat.text("Hello", {
        usage: {
          prompt_tokens: 100,
          completion_tokens: 20,
          prompt_tokens_details: { cached_tokens: 60 },
          completion_tokens_details: { reasoning_tokens: 15 }
        }
      }))
      const { cost: _, raw: __, ...usage } = (yield* model.invoke("Hi")).usage ?? assert.fail()
      assert.deepStrictEqual(usage, {
        inputTokens: 100,
        outputTokens: 20,
        totalTokens: 120,
        cacheReadTokens: 60,
        reasoningTokens: 15
      })
    }))
})

describe.skipIf(!available)("an answer goes back", () => {
  for (const recording of recordings("chat").filter(({ canonical }) => canonical.error === undefined)) {
    it.live(recording.name, () =>
      Effect.gen(function*() {
        const { model, server } = yield* serveChat([Script.body(recording.bytes), hello])
        const message = yield* model.invoke("Hi")
        const results = message.toolCalls.map((call) => Message.tool({ toolCallId: call.id, content: "ok" }))
        yield* model.invoke([Message.human("Hi"), message, ...results, Message.human("Go on")])
        const { messages } = (yield* server.awaitRequest(1)).body as { readonly messages: ReadonlyArray<Body> }
        assert.strictEqual(messages[1]?.["content"], recording.canonical.text === "" ? null : recording.canonical.text)
        const calls = (messages[1]?.["tool_calls"] ?? []) as ReadonlyArray<
          { readonly id: string; readonly function: { readonly name: string; readonly arguments: string } }
        >
        assert.deepStrictEqual(
          calls.map((call) => ({
            id: call.id,
            name: call.function.name,
            input: JSON.parse(call.function.arguments) as unknown
          })),
          recording.canonical.toolCalls.map(({ id, input, name }) => ({ id, name, input }))
        )
      }))
  }
})
