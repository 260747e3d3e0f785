// An answer goes back as the items it came as, and a conversation goes on at another provider.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Message } from "rivulet"
import type { ChatModel } from "rivulet"
import * as OpenAi from "rivulet/OpenAi"
import { OpenAiScript, Script } from "rivulet/Testing"
import * as anthropic from "../../../support/anthropic.ts"
import { available } from "../../../support/recordings.ts"
import { recorded, serve } from "../../../support/responses.ts"

const hello = OpenAiScript.responses.text("Hello")

interface Json {
  readonly [key: string]: unknown
}

const screenshot = [Message.image({ url: "https://example.com/screen.png" })]

const resultOf = ({ name }: Message.ToolCall) => name === "computer" ? screenshot : "[]"

/** What the second of two turns sends of the first one's answer. */
const sentBack = Effect.fnUntraced(function*(script: Script.Script) {
  const { model, server } = yield* serve([script, hello])
  const message = yield* model.invoke("Hi")
  const answers = message.toolCalls.map((call) => Message.tool({ toolCallId: call.id, content: resultOf(call) }))
  const second = yield* model.invoke([Message.human("Hi"), message, ...answers, Message.human("Go on")])
  const body = (yield* server.awaitRequest(1)).body as Json // parsed from JSON
  const input = body["input"] as ReadonlyArray<Json>
  assert.deepStrictEqual(input[0], { role: "user", content: "Hi" })
  assert.deepStrictEqual(input.at(-1), { role: "user", content: "Go on" })
  return {
    message,
    warnings: second.metadata?.["warnings"],
    items: input.slice(1, input.length - 1 - answers.length),
    outputs: input.slice(input.length - 1 - answers.length, -1)
  }
})

describe.skipIf(!available)("an answer goes back as it came", () => {
  for (const recording of recorded.whole) {
    it.live(recording.name, () =>
      Effect.gen(function*() {
        const { items, message, outputs, warnings } = yield* sentBack(Script.body(recording.bytes))
        assert.isUndefined(warnings)
        assert.deepStrictEqual(items.map(essence), itemsOf(new TextDecoder().decode(recording.bytes)).map(essence))
        assert.deepStrictEqual(
          outputs.map((output) => output["call_id"]),
          message.toolCalls.map((call) => call.id)
        )
      }))
  }
})

/** The items of a recording by the letter of the protocol: those that were ended, and of the rest what the end has. */
const itemsOf = (sse: string): ReadonlyArray<Json> => {
  interface Event {
    readonly type: string
    readonly output_index: number
    readonly item: Json
    readonly response: { readonly output: ReadonlyArray<Json> }
  }
  const places: Array<Json> = []
  for (const line of sse.split("\n")) {
    if (!line.startsWith("data: {")) continue
    const event = JSON.parse(line.slice(6)) as Event // a recorded event
    if (event.type === "response.output_item.done") places[event.output_index] = event.item
    if (event.type === "response.completed") {
      for (const [i, item] of event.response.output.entries()) places[i] ??= item
    }
  }
  return places
}

/** An item without what says nothing: nulls, probabilities, no content. Spaces in its arguments are part of it. */
const essence = (item: Json): unknown =>
  JSON.parse(
    JSON.stringify(item, (key, value: unknown) =>
      value === null || key === "logprobs" || (key === "content" && Array.isArray(value) && value.length === 0)
        ? undefined
        : value)
  )

const part = (type: string, fields: Json) => ({ type, ...fields })

/** Items that no recording has. */
const others: ReadonlyArray<Json> = [
  {
    id: "ig_1",
    type: "image_generation_call",
    status: "completed",
    result: "AQID",
    output_format: "webp",
    revised_prompt: "A fish",
    size: "1024x1024"
  },
  { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "open_page", url: "https://x" } },
  {
    id: "fs_1",
    type: "file_search_call",
    status: "completed",
    queries: ["fish"],
    results: [{ file_id: "file_1", filename: "a.pdf", score: 0.5, text: "fish" }]
  },
  {
    id: "mcp_1",
    type: "mcp_call",
    status: "failed",
    name: "look",
    arguments: "{ \"spaced\" : 12345678901234567890 }",
    server_label: "s",
    error: { type: "http_error", code: 500, message: "oops" }
  },
  { id: "mcpl_1", type: "mcp_list_tools", server_label: "s", tools: [], error: "unreachable" },
  {
    id: "cu_1",
    type: "computer_call",
    call_id: "call_cu",
    status: "completed",
    actions: [{ type: "click", button: "left", x: 1, y: 2 }],
    pending_safety_checks: [{ id: "sc_1", code: "malicious", message: "Careful" }]
  },
  {
    id: "lsh_1",
    type: "local_shell_call",
    call_id: "call_lsh",
    status: "completed",
    action: { type: "exec", command: ["ls"], env: {} }
  },
  {
    id: "sh_1",
    type: "shell_call",
    call_id: "call_sh",
    status: "completed",
    action: { commands: ["ls", "pwd"], max_output_length: 100 },
    environment: { type: "container_reference", container_id: "c1" }
  },
  {
    id: "sho_1",
    type: "shell_call_output",
    call_id: "call_sh",
    status: "completed",
    output: [{ stdout: "a", stderr: "", outcome: { type: "exit", exit_code: 0 } }],
    max_output_length: 100
  },
  {
    id: "apc_1",
    type: "apply_patch_call",
    call_id: "call_apc",
    status: "completed",
    operation: { type: "update_file", diff: "-a\n+b", path: "a.txt" }
  },
  { id: "prg_1", type: "program", call_id: "call_p", code: "text(1)", fingerprint: "f" },
  { id: "pro_1", type: "program_output", call_id: "call_p", result: "1", status: "completed" },
  {
    id: "ctc_1",
    type: "custom_tool_call",
    call_id: "call_ctc",
    name: "sql",
    input: "SELECT \"a\"\n🐠",
    status: "completed"
  },
  {
    id: "fc_1",
    type: "function_call",
    call_id: "call_fc",
    name: "f",
    namespace: "crm",
    arguments: "{\"a\": 1}",
    status: "completed"
  },
  {
    id: "msg_1",
    type: "message",
    role: "assistant",
    status: "completed",
    phase: "commentary",
    content: [
      part("output_text", {
        text: "Fish",
        annotations: [{ type: "file_citation", file_id: "f", filename: "n", index: 1 }]
      }),
      part("refusal", { refusal: "But no more" }),
      part("hologram", { voxels: [1] })
    ]
  },
  {
    id: "rs_1",
    type: "reasoning",
    status: "completed",
    summary: [part("summary_text", { text: "One" }), part("summary_text", { text: "Two" })],
    content: [part("reasoning_text", { text: "Raw" })],
    encrypted_content: "opaque"
  },
  { id: "tmr_1", type: "item_of_tomorrow", voxels: [1, 2] }
]

describe("an item that no recording has goes back as it came", () => {
  for (const item of others) {
    it.live(String(item["type"]), () =>
      Effect.gen(function*() {
        const started = { ...item, status: "in_progress", content: [], summary: [], encrypted_content: undefined }
        for (
          const script of [
            // Told at its end, and told by the last snapshot alone.
            OpenAiScript.responses.message({ blocks: [{ type: "raw", item: started, done: item }] }),
            OpenAiScript.responses.events([
              { type: "response.completed", response: { id: "resp_1", status: "completed", output: [item] } }
            ])
          ]
        ) {
          const { items, warnings } = yield* sentBack(script)
          // Reasoning with nothing of the answer behind it stays behind.
          const alone = item["type"] === "reasoning"
          assert.strictEqual(warnings === undefined, !alone)
          assert.deepStrictEqual(items, alone ? [] : [item])
        }
      }))
  }

  it.live("all of them in one answer, in their order", () =>
    Effect.gen(function*() {
      const blocks = others.map((item) => ({ type: "raw", item, done: item }) as const)
      const { items } = yield* sentBack(OpenAiScript.responses.message({ blocks }))
      assert.deepStrictEqual(items, others)
    }))

  it.live("arguments that were changed in between count", () =>
    Effect.gen(function*() {
      const call = { type: "function_call", id: "fc_1", call_id: "c1", name: "f", arguments: "{ \"a\":1}" }
      const script = OpenAiScript.responses.message({ blocks: [{ type: "raw", item: call, done: call }] })
      const { model, server } = yield* serve([script, hello])
      const message = yield* model.invoke("Hi")
      const parts = message.parts.map((part) => part.type === "tool_call" ? { ...part, args: { a: 2 } } : part)
      yield* model.invoke([Message.human("Hi"), { ...message, parts }, Message.tool({ toolCallId: "c1", content: "" })])
      const body = (yield* server.awaitRequest(1)).body as Json // parsed from JSON
      assert.deepStrictEqual((body["input"] as ReadonlyArray<Json>)[1], { ...call, arguments: "{\"a\":2}" })
    }))
})

it.live("what is left of an answer that was broken off goes back as text", () =>
  Effect.gen(function*() {
    const { model, server } = yield* serve([OpenAiScript.responses.text("Hello"), hello])
    const answer = yield* model.invoke("Hi")
    const partial = { ...answer, metadata: { ...answer.metadata, partial: true } }
    yield* model.invoke([Message.human("Hi"), partial, Message.human("Go on")])
    const body = (yield* server.awaitRequest(1)).body as Json // parsed from JSON
    assert.deepStrictEqual((body["input"] as ReadonlyArray<Json>)[1], { role: "assistant", content: "Hello" })
  }))

describe("the answer to a call", () => {
  const answered = Effect.fnUntraced(function*(item: Json, result: Omit<Message.ToolMessage, "_tag" | "toolCallId">) {
    const script = OpenAiScript.responses.message({ blocks: [{ type: "raw", item, done: item }] })
    const { model, server } = yield* serve([script, hello])
    const message = yield* model.invoke("Hi")
    assert.strictEqual(message.finish.reason, "tool_calls")
    const toolCallId = message.toolCalls[0]?.id ?? "mcpr_1"
    yield* model.invoke([Message.human("Hi"), message, Message.tool({ toolCallId, ...result })])
    const body = (yield* server.awaitRequest(1)).body as Json // parsed from JSON
    return (body["input"] as ReadonlyArray<Json>).at(-1)
  })
  const known = (type: string) => others.find((item) => item["type"] === type) ?? {}
  const shell = { ...known("shell_call"), environment: { type: "local" } }
  const search = {
    id: "tsc_1",
    type: "tool_search_call",
    call_id: "call_ts",
    execution: "client",
    arguments: { q: "x" }
  }
  const approval = { id: "mcpr_1", type: "mcp_approval_request", name: "pay", arguments: "{}", server_label: "bank" }
  const image = Message.image({ data: "AQID", mediaType: "image/png" })
  const cases: ReadonlyArray<
    readonly [name: string, item: Json, result: Omit<Message.ToolMessage, "_tag" | "toolCallId">, sent: Json]
  > = [
    ["a function's", known("function_call"), { content: "17" }, {
      type: "function_call_output",
      call_id: "call_fc",
      output: "17"
    }],
    ["a function's, with an image and a file", known("function_call"), {
      content: [Message.text("See"), image, Message.file({ fileId: "file_1" })]
    }, {
      type: "function_call_output",
      call_id: "call_fc",
      output: [
        { type: "input_text", text: "See" },
        { type: "input_image", detail: "auto", image_url: "data:image/png;base64,AQID" },
        { type: "input_file", file_id: "file_1" }
      ]
    }],
    ["a custom tool's", known("custom_tool_call"), { content: "3 rows" }, {
      type: "custom_tool_call_output",
      call_id: "call_ctc",
      output: "3 rows"
    }],
    ["a shell's, as text", shell, { content: "a.txt" }, {
      type: "shell_call_output",
      call_id: "call_sh",
      output: [{ stdout: "a.txt", stderr: "", outcome: { type: "exit", exit_code: 0 } }],
      max_output_length: 100
    }],
    ["a shell's that failed", shell, { content: "no such file", isError: true }, {
      type: "shell_call_output",
      call_id: "call_sh",
      output: [{ stdout: "", stderr: "no such file", outcome: { type: "exit", exit_code: 1 } }],
      max_output_length: 100
    }],
    ["a shell's, in the API's own form", shell, {
      content: "[{\"stdout\":\"\",\"stderr\":\"\",\"outcome\":{\"type\":\"timeout\"}}]"
    }, {
      type: "shell_call_output",
      call_id: "call_sh",
      output: [{ stdout: "", stderr: "", outcome: { type: "timeout" } }],
      max_output_length: 100
    }],
    ["a local shell's", known("local_shell_call"), { content: "a.txt" }, {
      type: "local_shell_call_output",
      id: "call_lsh",
      output: "a.txt"
    }],
    ["a patch's", known("apply_patch_call"), { content: "done" }, {
      type: "apply_patch_call_output",
      call_id: "call_apc",
      status: "completed",
      output: "done"
    }],
    ["a patch's that failed", known("apply_patch_call"), { content: "no such file", isError: true }, {
      type: "apply_patch_call_output",
      call_id: "call_apc",
      status: "failed",
      output: "no such file"
    }],
    ["a computer's", known("computer_call"), {
      content: [image],
      providerOptions: { openai: { acknowledged_safety_checks: [{ id: "sc_1" }] } }
    }, {
      type: "computer_call_output",
      call_id: "call_cu",
      output: { type: "computer_screenshot", image_url: "data:image/png;base64,AQID" },
      acknowledged_safety_checks: [{ id: "sc_1" }]
    }],
    ["a tool search's", search, { content: "[{\"type\":\"function\",\"name\":\"f\"}]" }, {
      type: "tool_search_output",
      call_id: "call_ts",
      execution: "client",
      status: "completed",
      tools: [{ type: "function", name: "f" }]
    }],
    ["an MCP call that is approved", approval, { content: "" }, {
      type: "mcp_approval_response",
      approval_request_id: "mcpr_1",
      approve: true
    }],
    ["an MCP call that is not", approval, { content: "Too dear", isError: true }, {
      type: "mcp_approval_response",
      approval_request_id: "mcpr_1",
      approve: false,
      reason: "Too dear"
    }]
  ]
  for (const [name, item, result, sent] of cases) {
    it.live(name, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* answered(item, result), sent)
      }))
  }

  it.live("an MCP call waits for, found and given by name", () =>
    Effect.gen(function*() {
      const call = { id: "mcp_1", type: "mcp_call", name: "look", arguments: "{}", server_label: "bank", output: "ok" }
      const blocks = [approval, call].map((item) => ({ type: "raw", item, done: item }) as const)
      const { model, server } = yield* serve([OpenAiScript.responses.message({ blocks }), hello])
      const message = yield* model.invoke("Hi")
      const [request, ...others] = OpenAi.approvalRequests(message)
      if (request === undefined) return assert.fail("nothing to approve")
      assert.deepStrictEqual([request.name, others.length], ["pay", 0])
      yield* model.invoke([Message.human("Hi"), message, OpenAi.approval(request, { approve: false, reason: "No" })])
      const body = (yield* server.awaitRequest(1)).body as Json // parsed from JSON
      assert.deepStrictEqual((body["input"] as ReadonlyArray<Json>).at(-1), {
        type: "mcp_approval_response",
        approval_request_id: "mcpr_1",
        approve: false,
        reason: "No"
      })
    }))

  it.live("that cannot be one is refused before a request", () =>
    Effect.gen(function*() {
      for (const item of [known("computer_call"), search]) {
        const error = yield* Effect.flip(answered(item, { content: "no" }))
        if (error._tag !== "ChatModelError") return assert.fail(String(error))
        assert.strictEqual(error.reason._tag, "InvalidRequestError")
        assert.propertyVal(error.reason, "field", "messages[2].content")
      }
    }))
})

describe("a conversation goes on elsewhere", () => {
  const asked = (
    model: ChatModel.Service,
    conversation: ReadonlyArray<Message.Message>
  ) => Effect.map(model.invoke(conversation), (answer) => [...conversation, answer])

  it.live("by OpenAI's other API, and back", () =>
    Effect.gen(function*() {
      const custom = { id: "ctc_1", type: "custom_tool_call", call_id: "c1", name: "sql", input: "SELECT 1" }
      const items = [custom, { id: "fc_1", type: "function_call", call_id: "c2", name: "f", arguments: "{\"a\":1}" }]
      const first = yield* serve(
        OpenAiScript.responses.message({ blocks: items.map((item) => ({ type: "raw", item, done: item }) as const) })
      )
      const second = yield* serve(
        OpenAiScript.chat.message({
          blocks: [{ type: "text", tokens: ["Well"] }, { type: "tool_call", id: "c3", name: "f", args: { a: 2 } }]
        }),
        { api: "chat" }
      )
      const third = yield* serve(hello)
      const results = (...ids: ReadonlyArray<string>) =>
        ids.map((toolCallId) => Message.tool({ toolCallId, content: "ok" }))
      const begun = [...yield* asked(first.model, [Message.human("Hi")]), ...results("c1", "c2")]
      const gone = [...yield* asked(second.model, begun), ...results("c3")]
      yield* asked(third.model, gone)
      const chat = (yield* second.server.awaitRequest(0)).body as Json // parsed from JSON
      assert.deepStrictEqual((chat["messages"] as ReadonlyArray<Json>)[1]?.["tool_calls"], [
        { id: "c1", type: "custom", custom: { name: "sql", input: "SELECT 1" } },
        { id: "c2", type: "function", function: { name: "f", arguments: "{\"a\":1}" } }
      ])
      const back = (yield* third.server.awaitRequest(0)).body as Json // parsed from JSON
      assert.deepStrictEqual((back["input"] as ReadonlyArray<Json>).slice(1), [
        ...items,
        { type: "custom_tool_call_output", call_id: "c1", output: "ok" },
        { type: "function_call_output", call_id: "c2", output: "ok" },
        { role: "assistant", content: "Well" },
        { type: "function_call", call_id: "c3", name: "f", arguments: "{\"a\":2}" },
        { type: "function_call_output", call_id: "c3", output: "ok" }
      ])
    }))

  it.live("begun on Anthropic, continued by OpenAI, and back", () =>
    Effect.gen(function*() {
      const claude = yield* anthropic.serve([
        Script.message({
          blocks: [
            { type: "thinking", tokens: ["hm"], signature: "sig" },
            { type: "text", tokens: ["Let me look"] },
            { type: "tool_use", id: "toolu_1", name: "look", args: { at: "fish" } }
          ]
        }),
        Script.text("Bye")
      ])
      const gpt = yield* serve([
        OpenAiScript.responses.message({
          blocks: [
            { type: "reasoning", tokens: ["so"], encrypted: "opaque" },
            {
              type: "raw",
              item: { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "search" } }
            },
            { type: "text", tokens: ["Found it"] },
            { type: "tool_call", id: "call_1", name: "look", args: { at: "koi" } }
          ]
        })
      ])
      const first = yield* asked(claude.model, [Message.human("Hi")])
      const second = yield* asked(gpt.model, [...first, Message.tool({ toolCallId: "toolu_1", content: "a fish" })])
      const answer = second.at(-1)
      if (answer?._tag !== "AIMessage") return assert.fail("no answer")
      assert.deepStrictEqual(answer.metadata?.["warnings"], [
        { field: "messages[1]", reason: "reasoning was left out, as it comes from anthropic" }
      ])
      const body = (yield* gpt.server.awaitRequest(0)).body as Json // parsed from JSON
      assert.deepStrictEqual(body["input"], [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Let me look" },
        { type: "function_call", call_id: "toolu_1", name: "look", arguments: "{\"at\":\"fish\"}" },
        { type: "function_call_output", call_id: "toolu_1", output: "a fish" }
      ])
      const third = yield* asked(claude.model, [...second, Message.tool({ toolCallId: "call_1", content: "a koi" })])
      const last = third.at(-1)
      if (last?._tag !== "AIMessage") return assert.fail("no answer")
      assert.strictEqual(last.content, "Bye")
      assert.deepStrictEqual(last.metadata?.["warnings"], [
        { field: "messages[3]", reason: "reasoning was left out, as it comes from openai" },
        { field: "messages[3]", reason: "a server tool call was left out, as it comes from openai" }
      ])
      const back = (yield* claude.server.awaitRequest(1)).body as Json // parsed from JSON
      assert.deepStrictEqual((back["messages"] as ReadonlyArray<Json>).slice(3), [
        {
          role: "assistant",
          content: [
            { type: "text", text: "Found it" },
            { type: "tool_use", id: "call_1", name: "look", input: { at: "koi" } }
          ]
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "call_1", content: "a koi" }] }
      ])
    }))
})
