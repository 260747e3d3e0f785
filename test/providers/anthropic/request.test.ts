// What is sent: the body and headers that the server really receives.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Message } from "rivulet"
import type { CallOptions, ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { Script } from "rivulet/Testing"
import { serve } from "../../support/anthropic.ts"
import { available, recordings } from "../../support/recordings.ts"

const hello = Script.text("Hello")

interface Body {
  readonly [key: string]: unknown
}

/** Sends one request and gives what the server got. */
const sent = Effect.fnUntraced(function*(
  input: ChatModel.ChatInput,
  options?: CallOptions.CallOptions,
  settings?: Partial<Anthropic.Options>
) {
  const { model, server } = yield* serve(hello, settings)
  const message = yield* model.invoke(input, options)
  const request = yield* server.awaitRequest(0)
  return { body: request.body as Body, request, message } // the server has parsed it from JSON
})

const sends = (
  name: string,
  input: ChatModel.ChatInput,
  options: CallOptions.CallOptions | undefined,
  expected: Body
) =>
  it.live(name, () =>
    Effect.gen(function*() {
      const { body } = yield* sent(input, options)
      for (const [key, value] of Object.entries(expected)) assert.deepStrictEqual(body[key], value)
    }))

describe("the options", () => {
  sends("defaults", "Hi", undefined, {
    model: "claude-test",
    max_tokens: 128_000,
    stream: true,
    messages: [{ role: "user", content: "Hi" }],
    system: undefined,
    tools: undefined,
    tool_choice: undefined,
    thinking: undefined
  })
  const schema = {
    type: "object",
    properties: { name: { type: "string" } },
    required: ["name"],
    additionalProperties: false
  }
  sends("the form of the answer, beside the effort", "Hi", {
    reasoning: { effort: "high" },
    responseFormat: { type: "json_schema", schema }
  }, { output_config: { effort: "high", format: { type: "json_schema", schema } } })
  it.live("JSON of any kind is more than the API knows", () =>
    Effect.gen(function*() {
      const { model } = yield* serve(hello)
      const error = yield* Effect.flip(model.invoke("Hi", { responseFormat: { type: "json" } }))
      assert.strictEqual(error.reason._tag, "UnsupportedError")
      assert.isTrue("field" in error.reason && error.reason.field === "responseFormat")
    }))
  sends("sampling and limits", "Hi", {
    maxTokens: 7,
    temperature: 0,
    topP: 0.5,
    topK: 3,
    stopSequences: ["END"],
    metadata: { user_id: "u1" },
    fit: "send"
  }, {
    max_tokens: 7,
    temperature: 0,
    top_p: 0.5,
    top_k: 3,
    stop_sequences: ["END"],
    metadata: { user_id: "u1" }
  })
  sends("a reasoning budget and a limit as they are, if they are not to be fitted", "Hi", {
    maxTokens: 4096,
    reasoning: { budgetTokens: 2000 },
    fit: "send"
  }, {
    thinking: { type: "enabled", budget_tokens: 2000 },
    max_tokens: 4096
  })
  sends("reasoning effort", "Hi", { reasoning: { effort: "high" } }, {
    thinking: { type: "adaptive", display: "summarized" },
    output_config: { effort: "high" }
  })
  sends("no reasoning", "Hi", { reasoning: { effort: "none" } }, { thinking: { type: "disabled" } })

  const weather: CallOptions.ToolDefinition = {
    name: "weather",
    description: "The weather",
    parameters: { type: "object", properties: { city: { type: "string" } } },
    strict: true,
    providerOptions: Anthropic.cacheControl("1h")
  }
  sends("tools, the caller's and the provider's", "Hi", {
    tools: [weather, Anthropic.serverTool({ type: "web_search_20250305", name: "web_search", max_uses: 3 })]
  }, {
    tools: [
      {
        name: "weather",
        description: "The weather",
        input_schema: { type: "object", properties: { city: { type: "string" } }, additionalProperties: false },
        strict: true,
        cache_control: { type: "ephemeral", ttl: "1h" }
      },
      { type: "web_search_20250305", name: "web_search", max_uses: 3 }
    ],
    tool_choice: undefined
  })
  for (
    const [choice, expected] of [
      ["auto", { type: "auto" }],
      ["required", { type: "any" }],
      ["none", { type: "none" }],
      [{ name: "weather" }, { type: "tool", name: "weather" }]
    ] as const
  ) {
    sends(`tool choice ${JSON.stringify(choice)}`, "Hi", { tools: [weather], toolChoice: choice }, {
      tool_choice: expected
    })
  }
  sends("one call at a time", "Hi", { tools: [weather], parallelToolCalls: false }, {
    tool_choice: { type: "auto", disable_parallel_tool_use: true }
  })

  it.live("fields of the API's own win, and betas and MCP go by header", () =>
    Effect.gen(function*() {
      const { body, request } = yield* sent("Hi", {
        maxTokens: 5,
        providerOptions: {
          anthropic: {
            max_tokens: 9,
            service_tier: "auto",
            mcp_servers: [{ type: "url", url: "https://m", name: "m" }],
            betas: ["b1"]
          }
        }
      }, { betas: ["b0"], headers: { "x-tenant": "acme" } })
      assert.strictEqual(body["max_tokens"], 9)
      assert.strictEqual(body["service_tier"], "auto")
      assert.strictEqual(body["betas"], undefined)
      assert.deepStrictEqual(request.headers["anthropic-beta"]?.split(","), ["b0", "b1", "mcp-client-2025-11-20"])
      assert.strictEqual(request.headers["x-tenant"], "acme")
      assert.strictEqual(request.path, "/v1/messages?beta=true")
    }))

  it.live("those of a call win over those of the model", () =>
    Effect.gen(function*() {
      const { body } = yield* sent("Hi", { maxTokens: 5, temperature: undefined }, {
        maxTokens: 1,
        temperature: 0.3,
        topK: 2,
        fit: "send"
      })
      assert.deepInclude(body, { max_tokens: 5, temperature: 0.3, top_k: 2 })
    }))

  it.live("metadata the API has no field for is told of", () =>
    Effect.gen(function*() {
      const { body, message } = yield* sent("Hi", { metadata: { user_id: "u", tenant: "acme" } })
      assert.deepStrictEqual(body["metadata"], { user_id: "u" })
      assert.deepStrictEqual(message.metadata?.["warnings"], [
        { field: "metadata", reason: "Anthropic keeps only user_id; left out: tenant" }
      ])
    }))
})

describe("the messages", () => {
  sends(
    "system, conversation, tuples",
    [["system", "Be kind"], ["human", "Hi"], ["ai", "Hello"], ["human", "Bye"]],
    undefined,
    {
      system: "Be kind",
      messages: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: [{ type: "text", text: "Hello" }] },
        { role: "user", content: "Bye" }
      ]
    }
  )
  sends(
    "several system messages, one cached",
    [
      Message.system("One"),
      Message.system([Message.text("Two", { providerOptions: Anthropic.cacheControl() })]),
      Message.human("Hi")
    ],
    undefined,
    {
      system: [
        { type: "text", text: "One" },
        { type: "text", text: "Two", cache_control: { type: "ephemeral", ttl: "5m" } }
      ]
    }
  )
  sends(
    "images and files, by data, URL, id and as text",
    [Message.human([
      Message.text("What?"),
      Message.image({ data: "AQID", mediaType: "image/png" }),
      Message.image({ url: "https://x/y.gif" }),
      Message.image({ fileId: "file_1" }),
      Message.file({ data: "AQID", mediaType: "application/pdf", name: "a.pdf" }),
      Message.file({ url: "https://x/y.pdf", providerOptions: { anthropic: { citations: { enabled: true } } } }),
      Message.file({ fileId: "file_2" }),
      Message.file({ text: "plain", name: "notes" })
    ])],
    undefined,
    {
      messages: [{
        role: "user",
        content: [
          { type: "text", text: "What?" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: "AQID" } },
          { type: "image", source: { type: "url", url: "https://x/y.gif" } },
          { type: "image", source: { type: "file", file_id: "file_1" } },
          { type: "document", source: { type: "base64", media_type: "application/pdf", data: "AQID" }, title: "a.pdf" },
          { type: "document", source: { type: "url", url: "https://x/y.pdf" }, citations: { enabled: true } },
          { type: "document", source: { type: "file", file_id: "file_2" } },
          { type: "document", source: { type: "text", media_type: "text/plain", data: "plain" }, title: "notes" }
        ]
      }]
    }
  )

  const asked = Message.ai([
    { type: "text", text: "Let me look" },
    { type: "tool_call", id: "t1", name: "a", args: { x: 1 } },
    { type: "tool_call", id: "t2", name: "b", args: {} },
    { type: "invalid_tool_call", id: "t3", name: "c", text: "{oops", reason: "not JSON" }
  ])
  sends(
    "tool results, with images and errors, in one turn with what follows",
    [
      Message.human("Hi"),
      asked,
      Message.tool({ toolCallId: "t1", content: "one" }),
      Message.tool({ toolCallId: "t2", content: [Message.image({ url: "https://x/y.png" })] }),
      Message.tool({ toolCallId: "t3", content: "not JSON", isError: true }),
      Message.human("Go on")
    ],
    undefined,
    {
      messages: [
        { role: "user", content: "Hi" },
        {
          role: "assistant",
          content: [
            { type: "text", text: "Let me look" },
            { type: "tool_use", id: "t1", name: "a", input: { x: 1 } },
            { type: "tool_use", id: "t2", name: "b", input: {} },
            { type: "tool_use", id: "t3", name: "c", input: { INVALID_JSON: "{oops" } }
          ]
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "t1", content: "one" },
            {
              type: "tool_result",
              tool_use_id: "t2",
              content: [{ type: "image", source: { type: "url", url: "https://x/y.png" } }]
            },
            { type: "tool_result", tool_use_id: "t3", content: "not JSON", is_error: true },
            { type: "text", text: "Go on" }
          ]
        }
      ]
    }
  )

  it.live("of another provider lose what only that one understands, and it is told", () =>
    Effect.gen(function*() {
      const foreign: Message.AIMessage = {
        ...Message.ai([
          { type: "reasoning", text: "hm", signature: "sig" },
          { type: "text", text: "Hello" },
          { type: "server_tool_call", id: "s", name: "search", args: {} },
          { type: "tool_call", id: "t", name: "a", args: {}, metadata: { theirs: 1 } }
        ]),
        metadata: { provider: "elsewhere" }
      }
      const { body, message } = yield* sent([
        Message.human("Hi"),
        foreign,
        Message.tool({ toolCallId: "t", content: "ok" })
      ])
      assert.deepStrictEqual((body["messages"] as ReadonlyArray<Body>)[1]?.["content"], [
        { type: "text", text: "Hello" },
        { type: "tool_use", id: "t", name: "a", input: {} }
      ])
      const warnings = message.metadata?.["warnings"] as ReadonlyArray<Body>
      assert.strictEqual(warnings.length, 2)
      assert.include(JSON.stringify(warnings), "elsewhere")
    }))
})

describe("what Anthropic cannot do is refused before a request", () => {
  const cases: ReadonlyArray<
    readonly [reason: string, field: string, input: ChatModel.ChatInput, options?: CallOptions.CallOptions]
  > = [
    ["UnsupportedError", "messages[0].content[0].mediaType", [Message.human([
      Message.image({ data: "AQID", mediaType: "image/tiff" })
    ])]],
    ["UnsupportedError", "messages[0].content[1].mediaType", [Message.human([
      Message.text("See"),
      Message.file({ data: "AQID", mediaType: "application/zip" })
    ])]],
    ["InvalidRequestError", "messages[0].content[0].mediaType", [Message.human([
      { type: "image", source: { type: "base64", data: "AQID" } }
    ])]],
    ["UnsupportedError", "tools[0]", "Hi", { tools: [{ type: "provider", provider: "openai", definition: {} }] }],
    ["InvalidRequestError", "tools[0].parameters", "Hi", { tools: [{ name: "a", parameters: { type: "string" } }] }]
  ]
  for (const [reason, field, input, options] of cases) {
    it.live(`${field} of ${JSON.stringify(options ?? input).slice(0, 60)}`, () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve(hello)
        const error = yield* Effect.flip(model.invoke(input, options))
        assert.strictEqual(error.reason._tag, reason)
        assert.propertyVal(error.reason, "field", field)
        assert.deepStrictEqual(yield* server.requests, [])
      }))
  }

  it.live("a base URL that is no URL, and a key that is no key", () =>
    Effect.gen(function*() {
      for (const baseUrl of ["not a url", "ftp://x", "localhost:80"]) {
        const { model } = yield* serve(hello, { baseUrl })
        assert.propertyVal((yield* Effect.flip(model.invoke("Hi"))).reason, "field", "baseUrl")
      }
      for (const key of ["", "  ", "sk-with\nnewline", "sk-ümlaut"]) {
        const { model } = yield* serve(hello, { apiKey: Redacted.make(key) })
        assert.strictEqual((yield* Effect.flip(model.invoke("Hi"))).reason._tag, "AuthenticationError")
      }
    }))

  it.live("an unknown model is the provider's to know", () =>
    Effect.gen(function*() {
      const { model } = yield* serve(hello, { model: "unknown-9" })
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.strictEqual(error.reason._tag, "NotFoundError")
      assert.include(error.message, "unknown-9")
    }))
})

describe.skipIf(!available)("an answer goes back as it came", () => {
  for (const recording of recordings("messages")) {
    it.live(recording.name, () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve([Script.body(recording.bytes), hello])
        const message = yield* model.invoke("Hi")
        const results = message.toolCalls.map((call) => Message.tool({ toolCallId: call.id, content: "ok" }))
        const second = yield* model.invoke([Message.human("Hi"), message, ...results, Message.human("Go on")])
        assert.isUndefined(second.metadata?.["warnings"])
        const body = (yield* server.awaitRequest(1)).body as Body // parsed from JSON
        const turns = body["messages"] as ReadonlyArray<
          { readonly role: string; readonly content: ReadonlyArray<Body> }
        >
        const back = turns.filter((turn) => turn.role === "assistant").flatMap((turn) => turn.content)
        assert.deepStrictEqual(back, blocksOf(new TextDecoder().decode(recording.bytes)))
      }))
  }
})

it.live("a compaction block goes back with its content", () =>
  Effect.gen(function*() {
    const { model, server } = yield* serve([
      Script.message({
        blocks: [
          {
            type: "raw",
            block: { type: "compaction", content: null },
            deltas: [{ type: "compaction_delta", content: "the story so far" }]
          },
          { type: "text", tokens: ["Hello"] }
        ]
      }),
      hello
    ])
    const message = yield* model.invoke("Hi")
    yield* model.invoke([Message.human("Hi"), message, Message.human("Go on")])
    const body = (yield* server.awaitRequest(1)).body as Body // parsed from JSON
    assert.deepStrictEqual((body["messages"] as ReadonlyArray<Body>)[1]?.["content"], [
      { type: "compaction", content: "the story so far" },
      { type: "text", text: "Hello" }
    ])
  }))

it.live("redacted reasoning goes back, and what came before it", () =>
  Effect.gen(function*() {
    const { model, server } = yield* serve([
      Script.message({
        blocks: [
          { type: "thinking", tokens: ["hm", " so"], signature: "sig==" },
          { type: "redacted_thinking", data: "opaque" },
          { type: "text", tokens: ["Hello"] }
        ]
      }),
      hello
    ])
    const message = yield* model.invoke("Hi")
    assert.deepStrictEqual(message.parts.slice(0, 2), [
      { type: "reasoning", text: "hm so", signature: "sig==" },
      { type: "reasoning", text: "", redacted: "opaque" }
    ])
    yield* model.invoke([Message.human("Hi"), message, Message.human("Go on")])
    const body = (yield* server.awaitRequest(1)).body as Body // parsed from JSON
    assert.deepStrictEqual((body["messages"] as ReadonlyArray<Body>)[1]?.["content"], [
      { type: "thinking", thinking: "hm so", signature: "sig==" },
      { type: "redacted_thinking", data: "opaque" },
      { type: "text", text: "Hello" }
    ])
  }))

/** The content blocks a recording tells of, put together by the letter of the protocol: slow, and apart from our code. */
const blocksOf = (sse: string): ReadonlyArray<Body> => {
  interface Event {
    readonly type: string
    readonly index: number
    readonly content_block: Body
    readonly delta: Record<string, string> & { readonly citation: Body }
  }
  const blocks = new Map<number, { -readonly [K in keyof Body]: Body[K] }>()
  const inputs = new Map<number, string>()
  for (const line of sse.split("\n")) {
    if (!line.startsWith("data: ")) continue
    const event = JSON.parse(line.slice(6)) as Event // a recorded event
    if (event.type === "content_block_start") blocks.set(event.index, { ...event.content_block })
    const block = blocks.get(event.index)
    if (event.type !== "content_block_delta" || block === undefined) continue
    const { delta } = event
    if (delta["type"] === "text_delta") block["text"] = `${String(block["text"])}${delta["text"]}`
    if (delta["type"] === "thinking_delta") block["thinking"] = `${String(block["thinking"])}${delta["thinking"]}`
    if (delta["type"] === "signature_delta") block["signature"] = delta["signature"]
    if (delta["type"] === "input_json_delta") {
      inputs.set(event.index, (inputs.get(event.index) ?? "") + delta["partial_json"])
    }
    if (delta["type"] === "citations_delta") {
      block["citations"] = [...(block["citations"] as Array<Body> ?? []), delta.citation]
    }
  }
  for (const [index, input] of inputs) {
    const block = blocks.get(index)
    if (block !== undefined && input !== "") block["input"] = JSON.parse(input)
  }
  return [...blocks.values()]
    .filter((block) => block["type"] !== "text" || String(block["text"]).trim() !== "")
    .map((block) =>
      Object.fromEntries(
        Object.entries(block).filter(([key, value]) =>
          value !== null && !(key === "citations" && Array.isArray(value) && value.length === 0)
        )
      )
    )
}
