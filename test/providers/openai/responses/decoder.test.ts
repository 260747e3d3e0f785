// The deltas that each event of the Responses wire adds; `test/providers/decoding.test.ts` has the cases of all wires.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { AIMessageChunk } from "rivulet"
import { OpenAiScript, Script } from "rivulet/Testing"
import { byteByByte, encode, responseOf } from "../../../support/reads.ts"
import { responsesApi } from "../../../support/wires.ts"

const reading = (reads: ReadonlyArray<Uint8Array>) => responsesApi.withFetch(responseOf(reads))

const chunksOf = Effect.fnUntraced(function*(pieces: ReadonlyArray<Uint8Array>) {
  const model = yield* reading(pieces)
  return yield* Stream.runCollect(model.stream("Hi"))
})

const fold = (pieces: ReadonlyArray<Uint8Array>) => Effect.map(chunksOf(pieces), AIMessageChunk.toMessage)

type Event = { readonly type: string; readonly [key: string]: unknown }

const wireOf = (events: ReadonlyArray<Event>) =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")

const created: Event = { type: "response.created", response: { id: "resp_1", status: "in_progress", output: [] } }
const completed = (output: ReadonlyArray<unknown> = [], more: object = {}): Event => ({
  type: "response.completed",
  response: { id: "resp_1", status: "completed", output, ...more }
})

/** The message of these events, and what it is byte by byte, which must be the same. */
const told = Effect.fnUntraced(function*(...events: ReadonlyArray<Event>) {
  const bytes = encode(wireOf([created, ...events, ...(events.some(isTerminal) ? [] : [completed()])]))
  const message = yield* fold([bytes])
  assert.deepStrictEqual(yield* fold(byteByByte(bytes)), message)
  if (message._tag !== "AIMessage") return assert.fail("not whole")
  return message
})

const isTerminal = ({ type }: Event) => type === "response.completed" || type === "response.incomplete"

const added = (item: object, output_index = 0): Event => ({ type: "response.output_item.added", output_index, item })
const done = (item: object, output_index = 0): Event => ({ type: "response.output_item.done", output_index, item })
const at = { output_index: 0, content_index: 0 }
const delta = (delta: string, more: object = {}): Event => ({
  type: "response.output_text.delta",
  item_id: "msg_1",
  ...at,
  delta,
  ...more
})
const message = { id: "msg_1", type: "message", role: "assistant" }
const whole = (text: string) => ({
  ...message,
  status: "completed",
  content: [{ type: "output_text", text, annotations: [] }]
})
const identity = { ...message, status: "completed" }

describe("text", () => {
  it.effect("that came in slices is not told again", () =>
    Effect.gen(function*() {
      const bytes = encode(wireOf([
        created,
        added(message),
        { type: "response.content_part.added", ...at, part: { type: "output_text", text: "" } },
        delta("Hel"),
        delta("lo"),
        { type: "response.output_text.done", ...at, text: "Hello" },
        { type: "response.content_part.done", ...at, part: { type: "output_text", text: "Hello" } },
        done(whole("Hello")),
        completed([whole("Hello")])
      ]))
      const chunks = yield* chunksOf([bytes])
      assert.deepStrictEqual(chunks.map((chunk) => chunk.content), ["Hel", "lo", "", ""])
      assert.deepStrictEqual(chunks.map((chunk) => chunk.id), Array.from({ length: 4 }, () => "resp_1"))
      const [first] = chunks
      assert.deepStrictEqual(first?.parts, [{ type: "text", index: 0, text: "Hel", metadata: { item: message } }])
      assert.isUndefined(chunks.at(-1)?.metadata?.["output"])
    }))

  for (
    const [name, ...events] of [
      ["at the end of the text", { type: "response.output_text.done", ...at, item_id: "msg_1", text: "Hello" }],
      ["at the end of the part", {
        type: "response.content_part.done",
        ...at,
        item_id: "msg_1",
        part: { type: "output_text", text: "Hello" }
      }],
      ["at the end of the item", done(whole("Hello"))],
      ["in the last snapshot", completed([whole("Hello")])]
    ] as ReadonlyArray<readonly [string, ...Array<Event>]>
  ) {
    for (const before of [[], [added(message), delta("Hel")]]) {
      it.effect(`that ${before.length === 0 ? "" : "partly "}came only ${name} is not lost`, () =>
        Effect.gen(function*() {
          const { content, parts } = yield* told(...before, ...events)
          assert.strictEqual(content, "Hello")
          assert.strictEqual(parts.length, 1)
        }))
    }
  }

  it.effect("that was told otherwise in the end stays as it was shown, and the other is reachable", () =>
    Effect.gen(function*() {
      const output = [whole("Goodbye")]
      for (const events of [[done(whole("Goodbye")), completed(output)], [done(whole("Hello")), completed(output)]]) {
        const { content, metadata } = yield* told(added(message), delta("Hello"), ...events)
        assert.strictEqual(content, "Hello")
        assert.deepStrictEqual(metadata?.["output"], output)
      }
    }))

  it.effect("of servers that leave out the beginning, the ids or the numbers", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* told(delta("Hel"), delta("lo"))).content, "Hello")
      const bare = (delta: string) => ({ type: "response.output_text.delta", delta })
      assert.strictEqual((yield* told(bare("Hel"), bare("lo"))).content, "Hello")
      // The item has an id, and nothing else says which it is.
      const { parts } = yield* told(
        { type: "response.output_item.added", item: message },
        bare("Hel"),
        bare("lo"),
        { type: "response.output_item.done", item: whole("Hello") },
        completed([whole("Hello")], { status: "in_progress" })
      )
      assert.deepStrictEqual(parts, [{ type: "text", text: "Hello", metadata: { item: identity } }])
      const bytes = encode(wireOf([added(message), delta("Hello"), completed([whole("Hello")])]) + "data: [DONE]\n\n")
      const noStart = yield* fold([bytes])
      assert.strictEqual(noStart.content, "Hello")
      assert.strictEqual(noStart.id, "resp_1")
    }))

  it.effect("of two parts and two messages is in blocks of its own", () =>
    Effect.gen(function*() {
      const second = { ...message, id: "msg_2" }
      const { parts } = yield* told(
        added(message),
        added(second, 1),
        delta("a"),
        delta("b", { output_index: 1, item_id: "msg_2" }),
        delta("c", { content_index: 1 }),
        delta("A")
      )
      assert.deepStrictEqual(parts.map((part) => "text" in part ? part.text : ""), ["aA", "b", "c"])
    }))

  it.effect("with probabilities: those of a slice on its chunk, all of them on the part", () =>
    Effect.gen(function*() {
      const [a, b] = [{ token: "a", logprob: -1 }, { token: "b", logprob: -2 }] as const
      const logprobs = [a, b]
      const content = [{ type: "output_text", text: "ab", annotations: [], logprobs }]
      const events = [
        created,
        added(message),
        delta("a", { logprobs: [a] }),
        delta("b", { logprobs: [b] }),
        done({ ...identity, content }),
        completed()
      ]
      const chunks = yield* chunksOf([encode(wireOf(events))])
      const slices = chunks.flatMap(({ parts }) => parts.flatMap((part) => "metadata" in part ? [part.metadata] : []))
      assert.deepStrictEqual(slices.map((metadata) => metadata?.["delta"]), [
        { logprobs: [a] },
        { logprobs: [b] },
        undefined
      ])
      const [part] = AIMessageChunk.toMessage(chunks).parts
      assert.deepInclude(part?.type === "text" ? part.metadata : {}, { logprobs })
    }))

  it.effect("with citations, once each, also before the text they belong to", () =>
    Effect.gen(function*() {
      const url = { type: "url_citation", url: "https://x", title: "X", start_index: 0, end_index: 1 }
      const file = { type: "file_citation", file_id: "f", filename: "a.pdf", index: 1 }
      const path = { type: "file_path", file_id: "g", index: 2 }
      const annotations = [url, file, path]
      const content = [{ type: "output_text", text: "Hello", annotations }]
      const { parts } = yield* told(
        added(message),
        { type: "response.output_text.annotation.added", ...at, annotation_index: 0, annotation: url },
        delta("Hello"),
        { type: "response.output_text.annotation.added", ...at, annotation_index: 1, annotation: null },
        { type: "response.content_part.done", ...at, part: content[0] },
        done({ ...identity, content })
      )
      assert.deepStrictEqual(parts, [{
        type: "text",
        text: "Hello",
        citations: [
          { url: "https://x", title: "X", raw: url },
          { title: "a.pdf", raw: file },
          { raw: path }
        ],
        metadata: { item: identity }
      }])
    }))
})

describe("refusals", () => {
  it.effect("end the message with the reason refusal", () =>
    Effect.gen(function*() {
      const item = { ...identity, content: [{ type: "refusal", refusal: "I won't" }] }
      const slice = (delta: string) => ({ type: "response.refusal.delta", item_id: "msg_1", ...at, delta })
      const { content, finish, parts } = yield* told(
        added(message),
        { type: "response.content_part.added", ...at, part: { type: "refusal", refusal: "" } },
        slice("I "),
        slice("won't"),
        { type: "response.refusal.done", ...at, refusal: "I won't" },
        done(item),
        completed([item])
      )
      assert.deepStrictEqual(finish, { reason: "refusal", raw: "completed" })
      assert.deepStrictEqual(parts, [{ type: "refusal", text: "I won't", metadata: { item: identity } }])
      assert.strictEqual(content, "")
    }))
})

describe("reasoning", () => {
  it.effect("in summaries and raw, encrypted at the end", () =>
    Effect.gen(function*() {
      const item = { id: "rs_1", type: "reasoning" }
      const ended = {
        ...item,
        status: "completed",
        summary: [{ type: "summary_text", text: "One" }, { type: "summary_text", text: "Two" }],
        content: [{ type: "reasoning_text", text: "Raw" }],
        encrypted_content: "opaque"
      }
      const summary = (summary_index: number, delta: string) => ({
        type: "response.reasoning_summary_text.delta",
        output_index: 0,
        summary_index,
        delta
      })
      const events = [
        added({ ...item, summary: [] }),
        summary(0, "O"),
        summary(0, "ne"),
        { type: "response.reasoning_summary_text.done", output_index: 0, summary_index: 0, text: "One" },
        {
          type: "response.reasoning_summary_part.done",
          output_index: 0,
          summary_index: 1,
          part: { type: "summary_text", text: "Two" }
        },
        { type: "response.reasoning_text.delta", ...at, delta: "Ra" },
        { type: "response.reasoning_text.done", ...at, text: "Raw" },
        done(ended)
      ]
      const { parts } = yield* told(...events)
      const identity = { id: "rs_1", type: "reasoning", status: "completed" }
      assert.deepStrictEqual(parts, [
        { type: "reasoning", text: "One", redacted: "opaque", metadata: { item: identity, type: "summary_text" } },
        { type: "reasoning", text: "Two", metadata: { item, type: "summary_text" } },
        { type: "reasoning", text: "Raw", metadata: { item, type: "reasoning_text" } }
      ])
      // That the model has begun to think is the first sign of the message.
      const [first] = yield* chunksOf([encode(wireOf([created, ...events, completed()]))])
      assert.deepStrictEqual(first?.parts, [{ type: "reasoning", index: 0, text: "", metadata: { item } }])
    }))
})

describe("calls", () => {
  const call = { id: "fc_1", type: "function_call", call_id: "call_1", name: "f" }

  for (
    const [name, events] of [
      ["in slices", [
        { type: "response.function_call_arguments.delta", output_index: 0, delta: "{\"a\"" },
        { type: "response.function_call_arguments.delta", output_index: 0, delta: ":1}" },
        { type: "response.function_call_arguments.done", output_index: 0, arguments: "{\"a\":1}" },
        done({ ...call, arguments: "{\"a\":1}" })
      ]],
      ["at the end of the arguments", [
        { type: "response.function_call_arguments.done", output_index: 0, arguments: "{\"a\":1}" },
        done({ ...call, arguments: "{\"a\":1}" })
      ]],
      ["at the end of the item", [done({ ...call, arguments: "{\"a\":1}" })]],
      ["in the last snapshot", [completed([{ ...call, arguments: "{\"a\":1}" }])]]
    ] as ReadonlyArray<readonly [string, ReadonlyArray<Event>]>
  ) {
    it.effect(`with arguments ${name}`, () =>
      Effect.gen(function*() {
        const { finish, toolCalls } = yield* told(added({ ...call, arguments: "" }), ...events)
        assert.deepStrictEqual(toolCalls.map(({ args, id, name }) => ({ args, id, name })), [
          { args: { a: 1 }, id: "call_1", name: "f" }
        ])
        assert.deepStrictEqual(finish, { reason: "tool_calls", raw: "completed" })
      }))
  }

  it.effect("without a beginning, and twice in parallel", () =>
    Effect.gen(function*() {
      const { toolCalls } = yield* told(
        done({ ...call, arguments: "{}" }, 0),
        added({ ...call, id: "fc_2", call_id: "call_2", arguments: "" }, 1),
        { type: "response.function_call_arguments.delta", item_id: "fc_2", delta: "[1]" },
        done({ ...call, id: "fc_2", call_id: "call_2", arguments: "[1]" }, 1)
      )
      assert.deepStrictEqual(toolCalls.map(({ args, id }) => ({ args, id })), [
        { args: {}, id: "call_1" },
        { args: [1], id: "call_2" }
      ])
    }))

  it.effect("cut off by a limit are no calls", () =>
    Effect.gen(function*() {
      const { finish, invalidToolCalls, toolCalls } = yield* told(
        added({ ...call, arguments: "" }),
        { type: "response.function_call_arguments.delta", output_index: 0, delta: "{\"a\"" },
        {
          type: "response.incomplete",
          response: {
            id: "resp_1",
            status: "incomplete",
            incomplete_details: { reason: "max_output_tokens" },
            output: [{ ...call, status: "incomplete", arguments: "{\"a\"" }]
          }
        }
      )
      assert.deepStrictEqual(finish, { reason: "length", raw: "incomplete" })
      assert.deepStrictEqual(toolCalls, [])
      assert.strictEqual(invalidToolCalls[0]?.text, "{\"a\"")
    }))

  it.effect("of a custom tool have a text as arguments, however it is cut", () =>
    Effect.gen(function*() {
      const custom = { id: "ctc_1", type: "custom_tool_call", call_id: "call_1", name: "sql" }
      const input = "SELECT \"🐠\"\n"
      // The characters of a fish are two code units.
      const slices = input.split("").map((delta) => ({
        type: "response.custom_tool_call_input.delta",
        output_index: 0,
        delta
      }))
      for (
        const ends of [
          [],
          [{ type: "response.custom_tool_call_input.done", output_index: 0, input }],
          [done({ ...custom, input })]
        ]
      ) {
        const { toolCalls } = yield* told(
          added({ ...custom, input: "" }),
          ...slices,
          ...ends,
          completed([{ ...custom, input }])
        )
        assert.deepStrictEqual(toolCalls.map((call) => call.args), [input])
      }
    }))

  it.effect("of a shell, a patch and a computer are the caller's to answer", () =>
    Effect.gen(function*() {
      const shell = { id: "sh_1", type: "shell_call", call_id: "c1" }
      const action = { commands: ["ls", "p\"wd"], max_output_length: 9, timeout_ms: null }
      const patch = { id: "apc_1", type: "apply_patch_call", call_id: "c2" }
      const operation = { type: "update_file", path: "a.txt", diff: "-a\n+b" }
      const command = (type: string, command_index: number, more: object = {}) => ({
        type: `response.shell_call_command.${type}`,
        output_index: 0,
        command_index,
        ...more
      })
      const computer = {
        id: "cu_1",
        type: "computer_call",
        call_id: "c3",
        action: { type: "screenshot" },
        pending_safety_checks: []
      }
      const events = [
        added({ ...shell, action: { commands: [] } }),
        command("added", 0, { command: "" }),
        command("delta", 0, { delta: "l" }),
        command("delta", 0, { delta: "s" }),
        command("done", 0, { command: "ls" }),
        command("added", 1, { command: "" }),
        command("delta", 1, { delta: "p\"wd" }),
        done({ ...shell, action }),
        added({ ...patch, operation: { type: "update_file", path: "a.txt", diff: "" } }, 1),
        { type: "response.apply_patch_call_operation_diff.delta", output_index: 1, delta: "-a\n" },
        { type: "response.apply_patch_call_operation_diff.delta", output_index: 1, delta: "+b" },
        { type: "response.apply_patch_call_operation_diff.done", output_index: 1, diff: operation.diff },
        done({ ...patch, operation }, 1),
        added(computer, 2),
        done(computer, 2)
      ]
      const { finish, metadata, parts, toolCalls } = yield* told(...events)
      assert.deepStrictEqual(toolCalls.map(({ args, id, name }) => ({ args, id, name })), [
        { args: action, id: "c1", name: "shell" },
        { args: operation, id: "c2", name: "apply_patch" },
        { args: { action: { type: "screenshot" } }, id: "c3", name: "computer" }
      ])
      assert.strictEqual(parts.length, 3)
      assert.strictEqual(finish.reason, "tool_calls")
      assert.isUndefined(metadata?.["output"])
      const slices = (yield* chunksOf([encode(wireOf([created, ...events, completed()]))])).flatMap(({ parts }) =>
        parts.flatMap((part) => part.type === "tool_call" && part.index === 0 ? [part.args] : [])
      )
      assert.deepStrictEqual(slices, [
        "",
        "{\"commands\":[\"l",
        "s",
        "\",\"",
        "p\\\"wd",
        "\"],\"max_output_length\":9,\"timeout_ms\":null}"
      ])
    }))

  it.effect("of a shell in a container are OpenAI's, and so is their output", () =>
    Effect.gen(function*() {
      const environment = { type: "container_reference", container_id: "c" }
      const shell = { id: "sh_1", type: "shell_call", call_id: "c1", environment, action: { commands: ["ls"] } }
      const output = [{ stdout: "a", stderr: "", outcome: { type: "exit", exit_code: 0 } }]
      const answer = { id: "sho_1", type: "shell_call_output", call_id: "c1", output }
      const { finish, parts } = yield* told(
        added(shell),
        done(shell),
        added({ ...answer, output: [] }, 1),
        {
          type: "response.shell_call_output_content.delta",
          output_index: 1,
          item_id: "sho_1",
          command_index: 0,
          delta: { stdout: "a" }
        },
        { type: "response.shell_call_output_content.done", output_index: 1, command_index: 0, output },
        done(answer, 1)
      )
      assert.deepStrictEqual(parts, [
        {
          type: "server_tool_call",
          id: "c1",
          name: "shell",
          args: { commands: ["ls"] },
          metadata: { item: { id: "sh_1", type: "shell_call", environment } }
        },
        {
          type: "server_tool_result",
          toolCallId: "c1",
          result: output,
          metadata: { item: { id: "sho_1", type: "shell_call_output", call_id: "c1" }, field: "output" }
        }
      ])
      assert.strictEqual(finish.reason, "stop")
    }))
})

describe("tools that OpenAI runs", () => {
  it.effect("show as calls and results; their progress shows nothing", () =>
    Effect.gen(function*() {
      const search = { id: "ws_1", type: "web_search_call" }
      const action = { type: "search", query: "fish", sources: [{ type: "url", url: "https://x" }] }
      const file = { id: "fs_1", type: "file_search_call", queries: ["fish"] }
      const mcp = { id: "mcp_1", type: "mcp_call", name: "look", server_label: "s" }
      const progress = (type: string, item_id: string, output_index: number) => ({
        type: `response.${type}`,
        item_id,
        output_index
      })
      const { finish, parts } = yield* told(
        added({ ...search, status: "in_progress" }),
        progress("web_search_call.in_progress", "ws_1", 0),
        progress("web_search_call.searching", "ws_1", 0),
        progress("web_search_call.completed", "ws_1", 0),
        done({ ...search, action }),
        added({ ...file, queries: [], results: null }, 1),
        progress("file_search_call.searching", "fs_1", 1),
        done({ ...file, results: [{ file_id: "f" }] }, 1),
        added({ ...mcp, arguments: "" }, 2),
        progress("mcp_call.in_progress", "mcp_1", 2),
        { type: "response.mcp_call_arguments.delta", output_index: 2, item_id: "mcp_1", delta: "{\"q\":" },
        { type: "response.mcp_call_arguments.done", output_index: 2, item_id: "mcp_1", arguments: "{\"q\":1}" },
        progress("mcp_call.failed", "mcp_1", 2),
        done({ ...mcp, arguments: "{\"q\":1}", output: null, error: { type: "http_error", code: 500 } }, 2),
        { type: "keepalive", sequence_number: 9 }
      )
      assert.deepStrictEqual(
        parts.map((part) =>
          part.type === "server_tool_call"
            ? [part.id, part.name, part.args]
            : part.type === "server_tool_result"
            ? [part.toolCallId, part.result, part.metadata?.["field"]]
            : part
        ),
        [
          ["ws_1", "web_search", action],
          ["fs_1", "file_search", { queries: ["fish"] }],
          ["fs_1", [{ file_id: "f" }], "results"],
          ["mcp_1", "look", { q: 1 }],
          ["mcp_1", { type: "http_error", code: 500 }, "error"]
        ]
      )
      assert.strictEqual(finish.reason, "stop")
    }))

  it.effect("make images, of which each preview takes the place of the one before", () =>
    Effect.gen(function*() {
      const item = { id: "ig_1", type: "image_generation_call" }
      const preview = (partial_image_index: number, partial_image_b64: string) => ({
        type: "response.image_generation_call.partial_image",
        item_id: "ig_1",
        output_index: 0,
        partial_image_index,
        partial_image_b64,
        output_format: "webp"
      })
      const start = [
        added({ ...item, status: "in_progress", result: null }),
        { type: "response.image_generation_call.generating", item_id: "ig_1", output_index: 0 },
        preview(0, "AA=="),
        preview(1, "AQ==")
      ]
      const ended = { ...item, status: "completed", result: "Ag==", output_format: "webp", revised_prompt: "A fish" }
      const chunks = yield* chunksOf([encode(wireOf([created, ...start, done(ended), completed([ended])]))])
      const files = chunks.flatMap(({ parts }) => parts.filter((part) => part.type === "file"))
      assert.deepStrictEqual(files.map(({ index, metadata, source }) => [index, metadata, source]), [
        [1, { item, partial_image_index: 0 }, { type: "base64", data: "AA==" }],
        [1, { item, partial_image_index: 1 }, { type: "base64", data: "AQ==" }],
        [1, { item, field: "result" }, { type: "base64", data: "Ag==" }]
      ])
      const { parts } = yield* told(...start, done(ended))
      assert.deepStrictEqual(parts.map((part) => part.type), ["server_tool_call", "file"])
      assert.deepInclude(parts[1], { mediaType: "image/webp", source: { type: "base64", data: "Ag==" } })
    }))
})

describe("what is unknown", () => {
  it.effect("passes through, each kind in one part", () =>
    Effect.gen(function*() {
      const mood = (mood: string) => ({ type: "response.mood.delta", mood })
      const item = { id: "x_1", type: "item_of_tomorrow" }
      const { content, finish, metadata, parts } = yield* told(
        mood("good"),
        added(item),
        delta("Hello", { output_index: 1, glow: 1 }),
        mood("better"),
        done({ ...item, voxels: [1] }),
        completed([], { weather: "fine", status: "completed_early", instructions: "Be kind" })
      )
      assert.strictEqual(content, "Hello")
      assert.deepStrictEqual(parts, [
        { type: "unknown", raw: [mood("good"), mood("better")] },
        { type: "unknown", raw: [item, { ...item, voxels: [1] }] },
        { type: "text", text: "Hello", metadata: { item: { type: "message", id: "msg_1" }, delta: { glow: 1 } } }
      ])
      assert.deepStrictEqual(finish, { reason: "other", raw: "completed_early" })
      assert.strictEqual(metadata?.["weather"], "fine")
      // It only repeats the request.
      assert.isUndefined(metadata?.["instructions"])
    }))
})

describe("the end", () => {
  for (
    const [why, reason] of [
      ["max_output_tokens", "length"],
      ["content_filter", "content_filter"],
      ["steered", "other"]
    ] as const
  ) {
    it.effect(`incomplete for ${why}`, () =>
      Effect.gen(function*() {
        const { finish, metadata } = yield* told(delta("Hel"), {
          type: "response.incomplete",
          response: { id: "resp_1", status: "incomplete", incomplete_details: { reason: why }, output: [] }
        })
        assert.deepStrictEqual(finish, { reason, raw: "incomplete" })
        assert.deepStrictEqual(metadata?.["incomplete_details"], { reason: why })
      }))
  }

  it.effect("tells usage with its details", () =>
    Effect.gen(function*() {
      const usage = {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
        output_tokens: 20,
        output_tokens_details: { reasoning_tokens: 15 },
        total_tokens: 120
      }
      assert.deepStrictEqual((yield* told(delta("Hi"), completed([], { usage }))).usage, {
        inputTokens: 100,
        outputTokens: 20,
        totalTokens: 120,
        cacheReadTokens: 60,
        cacheWriteTokens: 10,
        reasoningTokens: 15,
        raw: usage
      })
    }))
})

const wire = new TextDecoder().decode(Script.bytesOf(OpenAiScript.responses.message({
  blocks: [
    { type: "reasoning", tokens: ["hm ", "só"], encrypted: "c2ln" },
    { type: "text", tokens: ["Grü", "ße"] },
    { type: "tool_call", id: "t1", name: "look", args: { where: "月" } }
  ]
})))

describe("the same message", () => {
  it.effect.prop(
    "for any text, by the fast path or the slow one",
    [Schema.String, Schema.String],
    ([said, padding]) =>
      Effect.gen(function*() {
        const slices = [said, "", said, "x", said].map((slice, i) =>
          delta(slice, { logprobs: [], obfuscation: padding, sequence_number: i })
        )
        // A frame of another shape after each, so that no shape is known twice.
        const slow = slices.flatMap((slice): ReadonlyArray<Event> => [
          slice,
          { type: "response.in_progress", response: {} },
          { type: "response.web_search_call.searching", output_index: 7 }
        ])
        const fast = yield* told(added(message), ...slices, done(whole(`${said}${said}x${said}`)))
        assert.strictEqual(fast.content, `${said}${said}x${said}`)
        assert.deepStrictEqual(yield* told(added(message), ...slow, done(whole(`${said}${said}x${said}`))), fast)
      })
  )
})

describe("what is no JSON string is not taken for one", () => {
  for (const inside of ["a\tb", "a\u0000b", "a\\qb", "a\\"]) {
    it.effect(JSON.stringify(inside), () =>
      Effect.gen(function*() {
        const frames = wireOf([created, added(message), delta("one"), delta("two"), delta("three"), completed()])
        const model = yield* reading([encode(frames.replace("three", inside))])
        assert.strictEqual((yield* Effect.flip(model.invoke("Hi"))).reason._tag, "MalformedResponseError")
      }))
  }

  it.effect("events without what they must have", () =>
    Effect.gen(function*() {
      for (
        const event of [
          { type: "response.output_text.delta", ...at },
          { type: "response.output_item.added", output_index: 0 },
          { type: "response.content_part.done", ...at },
          { type: "response.function_call_arguments.delta", output_index: 0 },
          { type: "response.image_generation_call.partial_image", output_index: 0 },
          { type: "response.completed" }
        ]
      ) {
        const model = yield* reading([encode(wireOf([created, event]))])
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(error.reason._tag, "MalformedResponseError")
        assert.include(error.message, event.type)
      }
    }))

  it.effect("values that are too deep to walk through, and lists that are too long to spread", () =>
    Effect.gen(function*() {
      const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`
      const item = { id: "fs_1", type: "file_search_call", results: "deep", queries: "deep" }
      const frames = wireOf([created, added(item), done(item), completed([item])]).replaceAll("\"deep\"", deep)
      const model = yield* reading([encode(frames)])
      assert.strictEqual((yield* Effect.flip(model.invoke("Hi"))).reason._tag, "MalformedResponseError")
      const many = Array.from({ length: 200_000 }, (_, i) => ({ id: `x_${i}`, type: "x" }))
      const whole = yield* fold([encode(wireOf([created, completed(many)]))])
      assert.strictEqual(whole.parts.length, 200_000)
    }))

  it.effect.prop(
    "events with anything in their fields never throw",
    [Schema.Array(Schema.Int)],
    ([places]) =>
      Effect.gen(function*() {
        const odd = [null, 1, "x", [], {}, [null], { type: 1 }]
        const frames = wire.trim().split("\n\n")
        const broken = frames.map((frame, i) => {
          const place = places[i % Math.max(1, places.length)] ?? 0
          const data = JSON.parse(frame.slice(frame.indexOf("data: ") + 6)) as Record<string, unknown>
          const keys = Object.keys(data)
          const key = keys[Math.abs(place) % keys.length] ?? ""
          if (key === "type" || (i * 7 + place) % 3 !== 0) return frame
          return `data: ${JSON.stringify({ ...data, [key]: odd[Math.abs(place + i) % odd.length] })}`
        })
        const model = yield* reading([encode(`${broken.join("\n\n")}\n\n`)])
        const exit = yield* Effect.exit(model.invoke("Hi"))
        if (exit._tag === "Failure") {
          for (const reason of exit.cause.reasons) {
            assert.strictEqual(reason._tag, "Fail")
          }
        }
      })
  )
})
