// The wires of OpenAI, judged by its official client.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import type { APIError } from "openai"
import { OpenAiScript, OpenAiServer, Script } from "rivulet/Testing"
import { available, recordings, skipped } from "../support/recordings.ts"

const { chat, responses } = OpenAiScript

const clientOf = (url: string, apiKey = "sk-test") =>
  new OpenAI({ baseURL: url, apiKey, maxRetries: 0, logLevel: "off" })

const collect = <A>(open: () => PromiseLike<AsyncIterable<A>>) =>
  Effect.tryPromise({
    try: async () => {
      const all: Array<A> = []
      for await (const each of await open()) all.push(each)
      return all
    },
    catch: (error) => error as APIError // whatever it is: the tests look at its fields
  })

const askChat = (client: OpenAI, model = "gpt-test") =>
  collect(() => client.chat.completions.create({ model, stream: true, messages: [{ role: "user", content: "Hi" }] }))

const askResponses = (client: OpenAI, model = "gpt-test") =>
  collect(() => client.responses.create({ model, stream: true, input: "Hi" }))

const foldChat = (client: OpenAI) =>
  Effect.promise(() =>
    client.chat.completions.stream({
      model: "gpt-test",
      messages: [{ role: "user", content: "Hi" }],
      tools: ["weather", "time"].map((name) => ({ type: "function", function: { name, parameters: {} } }))
    }).finalChatCompletion()
  )

const foldResponses = (client: OpenAI) =>
  Effect.promise(() => client.responses.stream({ model: "gpt-test", input: "Hi" }).finalResponse())

const serve = Effect.fnUntraced(function*(script?: OpenAiServer.Reply, options?: OpenAiServer.Options) {
  const server = yield* OpenAiServer.make({ script, ...options })
  return { server, client: clientOf(server.url) }
})

const calls = [
  { type: "tool_call", id: "call_a", name: "weather", args: { city: "Zürich 𝕏𝕏𝕏" } },
  { type: "tool_call", name: "time", args: {} }
] as const

describe("OpenAiServer", () => {
  it.live("answers both APIs with a Hello, under the model's name", () =>
    Effect.gen(function*() {
      const { client, server } = yield* serve()
      assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+\/v1$/)
      const completion = yield* foldChat(client)
      assert.deepStrictEqual([completion.choices[0]?.message.content, completion.model], ["Hello", "gpt-test"])
      const response = yield* foldResponses(client)
      assert.deepStrictEqual([response.output_text, response.model], ["Hello", "gpt-test"])
      const records = yield* server.requests
      assert.deepStrictEqual(records.map((record) => record.path), ["/v1/chat/completions", "/v1/responses"])
      assert.notInclude(JSON.stringify(records), "sk-test")
    }))

  it.live("turns down what the API would, and takes no script for it", () =>
    Effect.gen(function*() {
      const { client, server } = yield* serve(chat.text("scripted"), { apiKey: "sk-test" })
      const refused = Effect.fnUntraced(function*(call: Effect.Effect<unknown, APIError>) {
        const { code, message, requestID } = yield* Effect.flip(call)
        assert.match(String(requestID), /^req_/)
        return `${code}: ${message}`
      })
      const post = (path: string, body: object) =>
        Effect.tryPromise({ try: () => client.post(path, { body }), catch: (error) => error as APIError })
      assert.deepStrictEqual(
        yield* Effect.forEach([
          askChat(clientOf(server.url, "sk-other")),
          askResponses(client, "unknown-1"),
          post("/chat/completions", { model: "m" }),
          post("/responses", { model: "m" }),
          post("/responses", { model: "m", input: "Hi" }),
          post("/images", {})
        ], refused),
        [
          "invalid_api_key: 401 Incorrect API key provided",
          "model_not_found: 404 The model `unknown-1` does not exist or you do not have access to it.",
          "missing_required_parameter: 400 Missing required parameter: 'messages'.",
          "missing_required_parameter: 400 Missing required parameter: 'input'.",
          "null: 400 This server only streams: set stream to true",
          "null: 404 Invalid URL (POST /v1/images)"
        ]
      )
      const keyless = yield* Effect.promise(() => fetch(`${server.url}/responses`, { method: "POST" }))
      assert.strictEqual(keyless.status, 401)
      assert.lengthOf(yield* askChat(client), 4)
    }))

  it.live("gives the client an error of the class that each status has", () =>
    Effect.gen(function*() {
      const { client, server } = yield* serve()
      for (const status of [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529]) {
        yield* server.enqueue(OpenAiScript.status(status, { requestId: "req_1" }))
        const error = yield* Effect.flip(askChat(client))
        assert.deepStrictEqual([error.status, error.requestID], [status, "req_1"])
        assert.isString(error.type)
      }
      yield* server.enqueue(OpenAiScript.status(429, { type: "insufficient_quota", code: "insufficient_quota" }))
      assert.strictEqual((yield* Effect.flip(askResponses(client))).code, "insufficient_quota")
      yield* server.enqueue(OpenAiScript.status(502, { body: "<html>" }))
      assert.include((yield* Effect.flip(askResponses(client))).message, "502")
    }))

  it.live("ends with its scope, and sees a client go", () =>
    Effect.gen(function*() {
      const { client, server } = yield* serve(responses.endless({ delay: 5 }))
      yield* Effect.promise(async () => {
        const stream = await client.responses.create({ model: "gpt-test", stream: true, input: "Hi" })
        for await (const event of stream) if (event.type === "response.output_text.delta") break
      })
      assert.strictEqual((yield* (yield* server.awaitRequest(0)).closed).by, "client")
      yield* server.awaitIdle
    }))
})

describe("chat", () => {
  it.live("folds, in the official client, to what was scripted", () =>
    Effect.gen(function*() {
      const { client } = yield* serve(chat.message({
        blocks: [{ type: "text", tokens: ["Let me", " look."] }, ...calls],
        id: "chatcmpl-1",
        usage: { prompt_tokens: 20, prompt_tokens_details: { cached_tokens: 5 } }
      }))
      const { choices, id, usage } = yield* foldChat(client)
      const [choice] = choices
      assert.strictEqual(id, "chatcmpl-1")
      assert.strictEqual(choice?.message.content, "Let me look.")
      assert.strictEqual(choice?.finish_reason, "tool_calls")
      assert.deepStrictEqual(
        choice?.message.tool_calls?.map((call) =>
          call.type === "function" ? [call.id, call.function.name, JSON.parse(call.function.arguments)] : call
        ),
        [["call_a", "weather", { city: "Zürich 𝕏𝕏𝕏" }], ["call_01Rivulet1", "time", {}]]
      )
      assert.deepInclude(usage, { prompt_tokens: 20, prompt_tokens_details: { cached_tokens: 5 } })
    }))

  it.live("frames an answer as the API does", () =>
    Effect.gen(function*() {
      const lines = textOf(chat.tokens(["Hel", "lo"])).split("\n\n")
      assert.deepStrictEqual(lines.slice(-2), ["data: [DONE]", ""])
      const [first, second, , finish, usage] = lines.slice(0, -2).map((line) => JSON.parse(line.slice("data: ".length)))
      assert.deepStrictEqual(first, {
        id: "chatcmpl-RivuletTestServer",
        object: "chat.completion.chunk",
        created: 1770000000,
        model: "gpt-4.1-nano-2025-04-14",
        service_tier: "default",
        system_fingerprint: "fp_de604bd877",
        choices: [{
          index: 0,
          delta: { role: "assistant", content: "", refusal: null },
          logprobs: null,
          finish_reason: null
        }],
        usage: null,
        obfuscation: "r1vu1etr1vu1etr1"
      })
      assert.deepStrictEqual(second.choices[0].delta, { content: "Hel" })
      assert.lengthOf(second.obfuscation, 13)
      assert.deepInclude(finish.choices[0], { delta: {}, finish_reason: "stop" })
      assert.deepStrictEqual([usage.choices, usage.usage.total_tokens], [[], 12])
      assert.notInclude(textOf(chat.text("Hi", { usage: false })), "usage")
      const { client } = yield* serve(chat.toolCall({ name: "now", args: "" }))
      const [opening] = yield* askChat(client)
      assert.deepStrictEqual(opening?.choices[0]?.delta, {
        role: "assistant",
        content: null,
        tool_calls: [{
          index: 0,
          id: "call_01Rivulet0",
          type: "function",
          function: { name: "now", arguments: "" }
        }],
        refusal: null
      })
    }))

  it.live("refuses, thinks, stops for a reason, and fails inside a 200", () =>
    Effect.gen(function*() {
      const { client, server } = yield* serve(chat.refusal("I must not."))
      const [choice] = (yield* foldChat(client)).choices
      assert.deepStrictEqual([choice?.message.refusal, choice?.message.content], ["I must not.", ""])
      const thought = textOf(chat.reasoning("Hm", "Yes", { field: "reasoning", finishReason: "length" }))
      assert.include(thought, "{\"reasoning\":\"Hm\"}")
      assert.include(thought, "\"finish_reason\":\"length\"")
      yield* server.enqueue(Script.make([chat.errorEvent({ code: "server_error", message: "Overloaded" })]))
      assert.deepInclude(yield* Effect.flip(askChat(client)), { code: "server_error", status: undefined })
    }))

  it.live("repeats, and never ends", () =>
    Effect.gen(function*() {
      const { client } = yield* serve(chat.repeated(1000, { token: "ab" }))
      const { choices, usage } = yield* foldChat(client)
      assert.strictEqual(choices[0]?.message.content, "ab".repeat(1000))
      assert.strictEqual(usage?.completion_tokens, 1000)
      assert.lengthOf(Script.bytesOf(Script.faultAt(chat.endless(), 100_000, Script.end)), 100_000)
      assert.lengthOf(chat.tokens(["a", "b", "c"], { delay: 5 }).steps.filter((step) => step._tag === "Delay"), 2)
    }))
})

describe("responses", () => {
  it.live("folds, in the official client, to what was scripted", () =>
    Effect.gen(function*() {
      const { client } = yield* serve(responses.message({
        blocks: [
          { type: "reasoning", tokens: ["Hm", "."], encrypted: "gAAAAA" },
          { type: "text", tokens: ["Let me", " look."] },
          ...calls
        ],
        id: "resp_1",
        usage: { input_tokens: 20 }
      }))
      const response = yield* foldResponses(client)
      assert.deepInclude(response, { id: "resp_1", output_text: "Let me look.", status: "completed" })
      const [reasoning, , first, second] = response.output
      assert.deepInclude(reasoning, {
        type: "reasoning",
        encrypted_content: "gAAAAA",
        summary: [{ type: "summary_text", text: "Hm." }]
      })
      assert.deepInclude(first, { call_id: "call_a", arguments: "{\"city\":\"Zürich 𝕏𝕏𝕏\"}", status: "completed" })
      assert.deepInclude(second, { call_id: "call_01Rivulet3", name: "time", arguments: "{}" })
      assert.strictEqual(response.usage?.input_tokens, 20)
    }))

  it.live("numbers its events, and tells the same in deltas, in their end and in the last snapshot", () =>
    Effect.gen(function*() {
      const { client } = yield* serve(responses.message({
        blocks: [{ type: "text", tokens: ["Hel", "lo"] }, { type: "refusal", tokens: ["No", "."] }]
      }))
      const events = yield* askResponses(client)
      assert.deepStrictEqual(events.map((event) => event.sequence_number), events.map((_, i) => i))
      assert.deepStrictEqual<Array<string>>(events.map((event) => event.type), [
        "response.created",
        "response.in_progress",
        ...["output_text", "refusal"].flatMap((type) => [
          "response.output_item.added",
          "response.content_part.added",
          `response.${type}.delta`,
          `response.${type}.delta`,
          `response.${type}.done`,
          "response.content_part.done",
          "response.output_item.done"
        ]),
        "response.completed"
      ])
      const items = events.flatMap((event) => event.type === "response.output_item.done" ? [event.item] : [])
      const last = events.at(-1)
      assert.deepStrictEqual(last?.type === "response.completed" ? last.response.output : [], items)
    }))

  it.live("is incomplete, fails, and sends what it is given", () =>
    Effect.gen(function*() {
      const { client, server } = yield* serve(responses.text("Hello", { incomplete: "max_output_tokens" }))
      const cut = yield* askResponses(client)
      const last = cut.at(-1)
      assert.deepStrictEqual(
        last?.type === "response.incomplete" ? last.response.incomplete_details : undefined,
        { reason: "max_output_tokens" }
      )
      yield* server.enqueue(Script.make([responses.errorEvent({ code: "server_error", message: "Overloaded" })]))
      assert.deepInclude(yield* Effect.flip(askResponses(client)), { code: "server_error", status: undefined })
      yield* server.enqueue(Script.make([responses.failed({ code: "rate_limit_exceeded", message: "Slowly" })]))
      const [failed] = yield* askResponses(client)
      assert.propertyVal(failed, "type", "response.failed")
      assert.include(JSON.stringify(failed), "\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"Slowly\"}")
      yield* server.enqueue(responses.message({
        blocks: [{
          type: "raw",
          item: { type: "web_search_call", id: "ws_1", status: "in_progress" },
          events: [{ type: "response.web_search_call.searching", item_id: "ws_1" }],
          done: { type: "web_search_call", id: "ws_1", status: "completed" }
        }]
      }))
      const raw = yield* askResponses(client)
      assert.deepInclude(raw[3], { type: "response.web_search_call.searching", output_index: 0, sequence_number: 3 })
    }))

  it.live("repeats, and never ends", () =>
    Effect.gen(function*() {
      const { client } = yield* serve(responses.repeated(1000, { token: "ab" }))
      const { output_text, usage } = yield* foldResponses(client)
      assert.strictEqual(output_text, "ab".repeat(1000))
      assert.strictEqual(usage?.output_tokens, 1000)
      assert.lengthOf(Script.bytesOf(Script.faultAt(responses.endless(), 100_000, Script.end)), 100_000)
    }))
})

describe.skipIf(!available)(`the frames are those of the API${available ? "" : ` (${skipped})`}`, () => {
  /** Each kind of event, with the names of its fields, those of an item or a part among them. */
  const shapes = (bytes: Uint8Array) => {
    const found = new Map<string, ReadonlyArray<string>>()
    for (const [, json = ""] of new TextDecoder().decode(bytes).matchAll(/^data: ({.*)$/gm)) {
      const { item = {}, part = {}, response = {}, type, choices = [], ...fields } = JSON.parse(json)
      const names = Object.keys({ ...fields, ...item, ...part, ...response, ...choices[0]?.delta })
      found.set([type, item.type, part.type, choices.length].join(" "), names.toSorted())
    }
    return found
  }
  const recorded = (api: string, name: string) => {
    const recording = recordings(api).find((each) => each.name === name)
    assert.isDefined(recording, name)
    return shapes(recording.bytes)
  }

  it("chat", () => {
    const text = recorded("chat", "openai/openai-text.chunks.txt")
    assert.deepStrictEqual([...shapes(Script.bytesOf(chat.text("Hello")))], [...text])
  })

  it("responses", () => {
    const blocks = [
      { type: "reasoning", tokens: ["Hm"], encrypted: "gAAAAA" },
      { type: "tool_call", name: "calculator", args: { a: 1 } }
    ] as const
    const ours = shapes(Script.bytesOf(responses.message({ blocks })))
    const real = recorded("responses", "openai/openai-reasoning-encrypted-content.1.part0.chunks.txt")
    assert.deepStrictEqual([...ours.keys()], [...real.keys()])
    // What the snapshot of a response holds grows with the API; every field of ours is one of its own.
    for (const [kind, names] of ours) {
      if (kind.startsWith("response.created") || kind.startsWith("response.completed")) {
        assert.includeMembers([...real.get(kind) ?? []], [...names], kind)
      } else if (!kind.startsWith("response.in_progress")) assert.deepStrictEqual(names, real.get(kind), kind)
    }
  })
})

const textOf = (script: Script.Script) => new TextDecoder().decode(Script.bytesOf(script))
