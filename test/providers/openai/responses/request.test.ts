// What is sent to the Responses API: the body that the server really receives.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Message } from "rivulet"
import type { CallOptions, ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
import { OpenAiScript } from "rivulet/Testing"
import { serve } from "../../../support/responses.ts"

const hello = OpenAiScript.responses.text("Hello")

interface Body {
  readonly [key: string]: unknown
}

const sent = Effect.fnUntraced(function*(
  input: ChatModel.ChatInput,
  options?: CallOptions.CallOptions,
  settings?: Partial<OpenAi.Options>
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
  expected: Body,
  settings?: Partial<OpenAi.Options>
) =>
  it.live(name, () =>
    Effect.gen(function*() {
      const { body } = yield* sent(input, options, settings)
      for (const [key, value] of Object.entries(expected)) assert.deepStrictEqual(body[key], value)
    }))

const encrypted = "reasoning.encrypted_content"

describe("the options", () => {
  it.live("say no more than they must", () =>
    Effect.gen(function*() {
      const { body, request } = yield* sent("Hi")
      assert.deepStrictEqual(body, {
        model: "gpt-test",
        input: [{ role: "user", content: "Hi" }],
        store: false,
        stream: true
      })
      assert.strictEqual(request.path, "/v1/responses")
    }))

  sends("sampling, limits, labels", "Hi", {
    maxTokens: 70,
    temperature: 0,
    topP: 0.5,
    metadata: { user_id: "u1", tenant: "acme" },
    reasoning: { effort: "high" }
  }, {
    max_output_tokens: 70,
    temperature: 0,
    top_p: 0.5,
    metadata: { user_id: "u1", tenant: "acme" },
    reasoning: { effort: "high" },
    include: [encrypted]
  })

  sends("fields of the API's own win, and share objects with the options", "Hi", {
    maxTokens: 5,
    reasoning: { effort: "low" },
    responseFormat: { type: "json" },
    providerOptions: {
      openai: {
        max_output_tokens: 9,
        reasoning: { summary: "auto" },
        text: { verbosity: "low" },
        service_tier: "flex",
        prompt_cache_key: "k",
        truncation: "auto",
        seed: undefined
      },
      anthropic: { thinking: {} }
    }
  }, {
    max_output_tokens: 9,
    reasoning: { effort: "low", summary: "auto" },
    text: { format: { type: "json_object" }, verbosity: "low" },
    service_tier: "flex",
    prompt_cache_key: "k",
    truncation: "auto",
    thinking: undefined
  })

  sends("what is asked for is asked for beside the encrypted reasoning", "Hi", {
    reasoning: { effort: "low" },
    providerOptions: { openai: { include: ["message.output_text.logprobs"] } }
  }, { include: ["message.output_text.logprobs", encrypted] })

  for (const model of ["gpt-5", "gpt-5.1-codex", "o3-mini", "openai/gpt-5", "ft:gpt-5-mini:acme"]) {
    sends(`${model} is known to reason`, "Hi", undefined, { store: false, include: [encrypted] }, { model })
  }
  for (const model of ["gpt-4o", "gpt-5-chat-latest", "my-deployment"]) {
    sends(`${model} is not`, "Hi", undefined, { store: false, include: undefined }, { model })
  }
  for (
    const own of [
      { store: true },
      { background: true },
      { conversation: "conv_1" },
      { previous_response_id: "resp_9" }
    ] as const
  ) {
    sends(`${Object.keys(own)[0]} keeps the response at OpenAI`, "Hi", { providerOptions: { openai: own } }, {
      store: "store" in own ? true : undefined,
      include: undefined
    }, { model: "gpt-5" })
  }

  const schema = {
    type: "object",
    properties: { name: { type: "string" }, age: { type: "number" } },
    required: ["name"],
    additionalProperties: false
  }
  it.live("the form of the answer, in the dialect of a strict schema", () =>
    Effect.gen(function*() {
      const { body } = yield* sent("Hi", { responseFormat: { type: "json_schema", name: "person", schema } })
      const { format } = body["text"] as { readonly format: Body }
      assert.deepInclude(format, { type: "json_schema", name: "person", strict: true })
      assert.deepStrictEqual((format["schema"] as Body)["required"], ["name", "age"])
    }))
  sends("a form that is not strict stays as it is", "Hi", {
    responseFormat: { type: "json_schema", schema, strict: false }
  }, { text: { format: { type: "json_schema", name: "answer", schema, strict: false } } })

  const weather: CallOptions.ToolDefinition = {
    name: "weather",
    description: "The weather",
    parameters: { properties: { city: { type: "string" } } },
    providerOptions: { openai: { defer_loading: true } }
  }
  const sql = OpenAi.serverTool({ type: "custom", name: "sql", format: { type: "text" } })
  const tools = [
    weather,
    sql,
    OpenAi.serverTool({ type: "web_search" }),
    OpenAi.serverTool({ type: "mcp", server_label: "deepwiki", server_url: "https://x" })
  ]
  sends("tools, the caller's and the provider's", "Hi", { tools, parallelToolCalls: false }, {
    tools: [
      {
        type: "function",
        name: "weather",
        description: "The weather",
        parameters: { type: "object", properties: { city: { type: "string" } } },
        strict: false,
        defer_loading: true
      },
      { type: "custom", name: "sql", format: { type: "text" } },
      { type: "web_search" },
      { type: "mcp", server_label: "deepwiki", server_url: "https://x" }
    ],
    tool_choice: undefined,
    parallel_tool_calls: false
  })
  for (
    const [choice, expected] of [
      ["auto", "auto"],
      ["required", "required"],
      ["none", "none"],
      [{ name: "weather" }, { type: "function", name: "weather" }],
      [{ name: "sql" }, { type: "custom", name: "sql" }],
      [{ name: "web_search" }, { type: "web_search" }],
      [{ name: "deepwiki" }, { type: "mcp", server_label: "deepwiki" }],
      [{ name: "elsewhere" }, { type: "function", name: "elsewhere" }]
    ] as const
  ) {
    sends(`tool choice ${JSON.stringify(choice)}`, "Hi", { tools, toolChoice: choice }, { tool_choice: expected })
  }
})

describe("the messages", () => {
  sends(
    "system messages before all others are instructions, later ones the developer's",
    [
      Message.system("Be kind"),
      Message.system([Message.text("Be brief")]),
      ["human", "Hi"],
      ["ai", "Hello"],
      ["system", "Be loud"],
      ["human", "Bye"]
    ],
    undefined,
    {
      instructions: "Be kind\n\nBe brief",
      input: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Hello" },
        { role: "developer", content: "Be loud" },
        { role: "user", content: "Bye" }
      ]
    }
  )
  sends(
    "with options of their own they stay in parts",
    [
      Message.system([
        Message.text("Long", { providerOptions: { openai: { prompt_cache_breakpoint: { mode: "explicit" } } } })
      ]),
      Message.human("Hi")
    ],
    undefined,
    {
      instructions: undefined,
      input: [
        {
          role: "developer",
          content: [{ type: "input_text", text: "Long", prompt_cache_breakpoint: { mode: "explicit" } }]
        },
        { role: "user", content: "Hi" }
      ]
    }
  )
  sends(
    "images and files, by data, URL, id and as text",
    [Message.human([
      Message.text("What?", { providerOptions: Anthropic.cacheControl() }),
      Message.image({ data: "AQID", mediaType: "image/png", providerOptions: { openai: { detail: "high" } } }),
      Message.image({ url: "https://x/y.gif" }),
      Message.image({ fileId: "file_1" }),
      Message.file({ data: "AQID", mediaType: "application/pdf", name: "a.pdf" }),
      Message.file({ data: "AQID", mediaType: "text/csv" }),
      Message.file({ url: "https://x/y.pdf" }),
      Message.file({ fileId: "file_2" }),
      Message.file({ text: "plain", name: "notes" }),
      Message.file({ text: "plainer" })
    ])],
    undefined,
    {
      input: [{
        role: "user",
        content: [
          { type: "input_text", text: "What?" },
          { type: "input_image", detail: "high", image_url: "data:image/png;base64,AQID" },
          { type: "input_image", detail: "auto", image_url: "https://x/y.gif" },
          { type: "input_image", detail: "auto", file_id: "file_1" },
          { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,AQID" },
          { type: "input_file", filename: "file.csv", file_data: "data:text/csv;base64,AQID" },
          { type: "input_file", file_url: "https://x/y.pdf" },
          { type: "input_file", file_id: "file_2" },
          { type: "input_text", text: "notes:\n\nplain" },
          { type: "input_text", text: "plainer" }
        ]
      }]
    }
  )

  const asked = Message.ai([
    { type: "text", text: "Let me look" },
    { type: "text", text: " twice" },
    { type: "tool_call", id: "t1", name: "a", args: { x: 1 } },
    { type: "invalid_tool_call", id: "t2", name: "b", text: "{oops", reason: "not JSON" },
    { type: "refusal", text: "No" }
  ])
  sends(
    "answers written by hand, and tool results",
    [
      Message.human("Hi"),
      asked,
      Message.tool({ toolCallId: "t1", content: "one" }),
      Message.tool({ toolCallId: "t2", content: "not JSON", isError: true }),
      Message.human("Go on")
    ],
    undefined,
    {
      input: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Let me look twice" },
        { type: "function_call", call_id: "t1", name: "a", arguments: "{\"x\":1}" },
        { type: "function_call", call_id: "t2", name: "b", arguments: "{oops" },
        { role: "assistant", content: "No" },
        { type: "function_call_output", call_id: "t1", output: "one" },
        { type: "function_call_output", call_id: "t2", output: "not JSON" },
        { role: "user", content: "Go on" }
      ]
    }
  )

  it.live("up to a response that OpenAI has kept are left out, but for the instructions", () =>
    Effect.gen(function*() {
      const call = { name: "look", args: { at: "fish" } }
      const { model, server } = yield* serve([OpenAiScript.responses.toolCall(call, { id: "resp_1" }), hello])
      const start = [Message.system("Be kind"), Message.human("Hi")]
      const answer = yield* model.invoke(start)
      const toolCallId = answer.toolCalls[0]?.id ?? ""
      yield* model.invoke([...start, answer, Message.tool({ toolCallId, content: "a fish" })], {
        providerOptions: { openai: { previous_response_id: answer.id } }
      })
      const body = (yield* server.awaitRequest(1)).body as Body // parsed from JSON
      assert.strictEqual(body["previous_response_id"], "resp_1")
      assert.strictEqual(body["instructions"], "Be kind")
      assert.deepStrictEqual(body["input"], [
        { type: "function_call_output", call_id: toolCallId, output: "a fish" }
      ])
    }))

  it.live("lose reasoning that OpenAI has neither kept nor encrypted, and it is told", () =>
    Effect.gen(function*() {
      const thoughtful = (store: boolean) =>
        OpenAiScript.responses.message({
          blocks: [{ type: "reasoning", tokens: ["hm"] }, { type: "text", tokens: ["Hello"] }],
          response: { store }
        })
      for (const store of [true, false]) {
        const { model, server } = yield* serve([thoughtful(store), hello])
        const answer = yield* model.invoke("Hi")
        const second = yield* model.invoke([Message.human("Hi"), answer, Message.human("Go on")])
        const input = ((yield* server.awaitRequest(1)).body as Body)["input"] as ReadonlyArray<Body> // parsed from JSON
        assert.strictEqual(input.some((item) => item["type"] === "reasoning"), store)
        assert.strictEqual(second.metadata?.["warnings"] === undefined, store)
      }
    }))
})

describe("what OpenAI cannot do is refused before a request", () => {
  const cases: ReadonlyArray<
    readonly [reason: string, field: string, input: ChatModel.ChatInput, options?: CallOptions.CallOptions]
  > = [
    ["UnsupportedError", "topK", "Hi", { topK: 3 }],
    ["UnsupportedError", "stopSequences", "Hi", { stopSequences: ["END"] }],
    ["UnsupportedError", "reasoning.budgetTokens", "Hi", { reasoning: { budgetTokens: 1000 } }],
    ["UnsupportedError", "tools[0]", "Hi", { tools: [Anthropic.serverTool({ type: "web_search_20250305" })] }],
    ["InvalidRequestError", "tools[0].parameters", "Hi", { tools: [{ name: "a", parameters: { type: "string" } }] }],
    ["UnsupportedError", "messages[0].content[0].mediaType", [Message.human([
      Message.image({ data: "AQID", mediaType: "image/tiff" })
    ])]],
    ["InvalidRequestError", "messages[0].content[0].mediaType", [Message.human([
      { type: "image", source: { type: "base64", data: "AQID" } }
    ])]],
    ["InvalidRequestError", "messages[0].content[0].source", [Message.human([
      { type: "image", source: { type: "text", text: "a fish" } }
    ])]]
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

  it.live("a strict schema that cannot be one", () =>
    Effect.gen(function*() {
      const { model } = yield* serve(hello)
      const schema = { type: "object", additionalProperties: { type: "string" } }
      const error = yield* Effect.flip(model.invoke("Hi", { responseFormat: { type: "json_schema", schema } }))
      assert.strictEqual(error.reason._tag, "UnsupportedError")
    }))
})
