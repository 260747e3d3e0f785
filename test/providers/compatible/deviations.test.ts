// What servers do against the letter of Chat Completions, and what can be meant by it: identity, calls, fields, usage.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Message } from "rivulet"
import type * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { OpenAiScript, Script } from "rivulet/Testing"
import { serveCompatible } from "../../support/openai.ts"

const { chat } = OpenAiScript

type Json = Readonly<Record<string, unknown>>

/** A chunk with this choice. */
const choice = (choice: Json, more?: Json): Json => ({
  id: "c1",
  choices: [{ index: 0, delta: {}, ...choice }],
  ...more
})
const delta = (delta: Json, more?: Json): Json => choice({ delta }, more)
const text = (content: string, more?: Json): Json => delta({ content }, more)
const finish = (finish_reason: string, more?: Json): Json => choice({ finish_reason }, more)
const counts = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }

/** An answer of these chunks and [DONE]. */
const answer = (...chunks: ReadonlyArray<Json>) => Script.make([...chat.events(chunks).steps, chat.done])

const asked = Effect.fnUntraced(function*(script: Script.Script, options?: Partial<OpenAiCompatible.Options>) {
  const { model } = yield* serveCompatible(script, options)
  return yield* model.invoke("Hi")
})

const failing = Effect.fnUntraced(function*(script: Script.Script) {
  const { model } = yield* serveCompatible(script)
  return (yield* Effect.flip(model.invoke("Hi"))).reason._tag
})

const hello = (message: Message.AIMessage) => {
  assert.strictEqual(message.content, "Hello")
  assert.strictEqual(message.finish.reason, "stop")
  assert.isFalse(message.parts.some(({ type }) => type === "unknown"))
}

describe("one message", () => {
  const ids = (...chunks: ReadonlyArray<Json>) => chunks.map((chunk, i) => ({ ...chunk, id: `c${i}` }))
  const role = { role: "assistant" }
  const rows: ReadonlyArray<readonly [name: string, chunks: ReadonlyArray<Json>]> = [
    ["whose ids change", ids(text("Hel"), text("lo"), finish("stop"), { choices: [], usage: counts })],
    [
      "whose ids change, with a role in each",
      ids(delta({ ...role, content: "Hel" }), delta({ ...role, content: "lo" }), finish("stop"))
    ],
    [
      "whose ids change, with a role at its start and at its end",
      ids(
        delta({ ...role, content: "Hel" }),
        text("lo"),
        choice({ delta: { ...role, content: "" }, finish_reason: "stop" })
      )
    ],
    ["whose end has another id and a role", [
      delta(role),
      text("Hello"),
      choice({ delta: role, finish_reason: "stop" }, { id: "e" })
    ]],
    ["whose text is told again as a whole", [
      text("Hel"),
      text("lo"),
      choice({ delta: undefined, message: { ...role, content: "Hello" }, finish_reason: "stop" })
    ]],
    ["that comes as a whole", [
      choice({ delta: undefined, message: { ...role, content: "Hello" }, finish_reason: "stop" })
    ]],
    ["whose usage is told once more as zeros", [text("Hello"), finish("stop", { usage: counts }), {
      choices: [],
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    }]],
    ["whose usage has another id", [text("Hello"), finish("stop"), { id: "u", choices: [], usage: counts }]],
    ["whose usage has another id and an empty choice", [
      text("Hello"),
      finish("stop"),
      choice({ delta: role }, { id: "u", usage: counts })
    ]],
    [
      "whose choice is counted",
      [0, 1, 2].map((index) =>
        choice({
          index,
          delta: { ...role, content: ["Hel", "lo"][index] ?? "" },
          finish_reason: index === 2 ? "stop" : null
        }, {
          id: `c${index}`
        })
      )
    ],
    ["whose only choice is not the first", [
      choice({ index: 3, delta: { content: "Hello" } }),
      choice({ index: 3, finish_reason: "stop" })
    ]],
    ["whose finish reason is told twice", [text("Hello"), finish("stop"), finish("stop")]],
    ["whose text goes on after a finish reason", [text("Hel"), finish("length"), text("lo"), finish("stop")]],
    ["with usage and nothing else", [text("Hello"), finish("stop"), {
      id: "c1",
      object: "chat.completion.chunk",
      usage: counts
    }]],
    ["with an empty frame", [{}, text("Hello"), {}, finish("stop")]],
    ["with signs of life", [{ type: "ping" }, text("Hello"), finish("stop"), { type: "keepalive" }]]
  ]
  for (const [name, chunks] of rows) {
    it.live(name, () =>
      Effect.gen(function*() {
        const message = yield* asked(answer(...chunks))
        hello(message)
        if (chunks.some((chunk) => "usage" in chunk)) assert.strictEqual(message.usage?.totalTokens, 15)
        assert.include(["c0", "c1"], message.id)
      }))
  }

  it.live("of several choices with one id stays apart from the others", () =>
    Effect.gen(function*() {
      const of = (index: number, content: string) => choice({ index, delta: { content } })
      const both = {
        id: "c1",
        choices: [{ index: 1, delta: { content: "!" } }, { index: 0, delta: { content: "lo" } }]
      }
      const message = yield* asked(
        answer(of(0, "Hel"), of(1, "Bonjour"), both, finish("stop"), choice({ index: 1, finish_reason: "length" }))
      )
      assert.strictEqual(message.content, "Hello")
      assert.strictEqual(message.finish.reason, "stop")
    }))

  const second = { id: "c2" }
  for (
    const [name, chunks] of [
      ["after a finish reason", [
        text("Hello"),
        finish("stop"),
        delta({ ...role, content: "" }, second),
        text("More", second)
      ]],
      ["by calls after a finish reason", [
        text("Hello"),
        finish("stop"),
        delta({ tool_calls: [{ function: { name: "f" } }] }, second)
      ]],
      ["in the middle, by its role", [delta(role), text("Hello"), delta(role, second), text("More", second)]]
    ] as const
  ) {
    it.live(`a second one is an error: ${name}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* failing(answer(...chunks, finish("stop"))), "MalformedResponseError")
      }))
  }
})

describe("after [DONE]", () => {
  const whole = answer(text("Hello"), finish("stop"))
  const after = (...chunks: ReadonlyArray<Json>) => Script.make([...whole.steps, ...chat.events(chunks).steps])

  it.live("usage counts, metadata is kept, and the rest is ignored", () =>
    Effect.gen(function*() {
      const message = yield* asked(
        after({ id: "c1", choices: [], usage: counts }, choice({ finish_reason: "stop" }), { cost: 0.1 }, {
          error: "late"
        })
      )
      hello(message)
      assert.strictEqual(message.usage?.totalTokens, 15)
      assert.deepInclude(message.metadata, { cost: 0.1, error: "late" })
    }))

  it.live("a second message is an error", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* failing(after(text("More"))), "MalformedResponseError")
    }))
})

describe("tool calls", () => {
  const slice = (
    index: number | undefined,
    id: string | undefined,
    name: string | undefined,
    args: unknown,
    more?: Json
  ) => ({
    index,
    id,
    function: { name, arguments: args },
    ...more
  })
  const call = (...slices: ReadonlyArray<Json>) => delta({ tool_calls: slices })
  const done = finish("tool_calls")
  const none = undefined
  const rows: ReadonlyArray<
    readonly [name: string, chunks: ReadonlyArray<Json>, calls: ReadonlyArray<readonly [string, Json]>]
  > = [
    ["each with a finish reason", [call(slice(0, "a", "f", "{\"x\":1}")), done, call(slice(1, "b", "g", "{}")), done], [
      ["f", { x: 1 }],
      [
        "g",
        {}
      ]
    ]],
    ["told again as a whole", [
      call(slice(0, "a", "f", "{\"x\"")),
      call(slice(0, none, none, ":1}")),
      call(slice(0, "a", "f", "{ \"x\": 1 }"))
    ], [["f", { x: 1 }]]],
    ["told again as a whole, in slices and without an id", [
      call(slice(0, "a", "f", "{\"x\":1}")),
      call(slice(0, none, none, "{\"x\"")),
      call(slice(0, none, none, ":1}"))
    ], [["f", { x: 1 }]]],
    ["told again as a whole, twice and without any id", [
      call(slice(0, none, "f", "{\"x\":1}")),
      call(slice(0, none, "f", { x: 1 })),
      call(slice(0, none, "f", "{\"x\":1}")),
      call(slice(0, none, "f", ""))
    ], [["f", { x: 1 }]]],
    ["with one id and the same arguments under two indexes", [
      call(slice(0, "a", "f", "{\"x\":1}")),
      call(slice(1, "a", "f", "{\"x\":1}"))
    ], [["f", { x: 1 }], ["f", { x: 1 }]]],
    ["in slices that are JSON by themselves", [
      call(slice(0, "a", "f", "{\"x\":[")),
      call(slice(0, none, none, "{\"y\":\"}\"}")),
      call(slice(0, none, none, ",{}")),
      call(slice(0, none, none, "]}"))
    ], [["f", { x: [{ y: "}" }, {}] }]]],
    ["that begin with an empty object", [call(slice(0, "a", "f", "{}")), call(slice(0, none, none, "{\"x\":1}"))], [[
      "f",
      { x: 1 }
    ]]],
    ["whose name comes in pieces", [
      call(slice(0, "a", "get_", "")),
      call(slice(0, none, "wea", none)),
      call(slice(0, "a", "ther", "")),
      call(slice(0, none, none, "{\"x\":1}"))
    ], [["get_weather", { x: 1 }]]],
    ["whose name grows", [call(slice(0, "a", "get_", "")), call(slice(0, "a", "get_weather", "{}"))], [[
      "get_weather",
      {}
    ]]],
    ["whose name is told again", [
      call(slice(0, "a", "f", "")),
      call(slice(0, none, "f", "{\"x\":1")),
      call(slice(0, none, "f", "}"))
    ], [[
      "f",
      { x: 1 }
    ]]],
    ["whose slices are counted", [
      call(slice(0, "a", "f", "{\"x\"")),
      call(slice(1, none, none, ":")),
      call(slice(2, none, none, "1}")),
      call(slice(3, "b", "g", "")),
      call(slice(4, none, none, "{\"y\":2}"))
    ], [["f", { x: 1 }], ["g", { y: 2 }]]],
    ["whose slices are counted, with the id in each", [
      call(slice(0, "a", "f", "{\"x\"")),
      call(slice(1, "a", none, ":")),
      call(slice(2, "a", "f", "1}"))
    ], [["f", { x: 1 }]]],
    ["whose slices are counted, with another id in each", [
      call(slice(0, "a", "f", "{\"x\"")),
      call(slice(1, "b", none, ":")),
      call(slice(2, "c", "", "1}"))
    ], [["f", { x: 1 }]]],
    ["that begin with an empty object, under another index", [
      call(slice(0, "a", "f", "{}")),
      call(slice(1, none, none, "{\"x\":1}"))
    ], [["f", { x: 1 }]]],
    ["with one id for two calls", [
      call(slice(0, "a", "f", "{\"x\":1}")),
      call(slice(1, "a", "g", "{\"y\"")),
      call(slice(1, "a", none, ":2}"))
    ], [["f", { x: 1 }], ["g", { y: 2 }]]],
    ["and text between", [call(slice(0, "a", "f", "")), text("!"), call(slice(1, "b", "g", "{\"y\":2}"))], [["f", {}], [
      "g",
      { y: 2 }
    ]]],
    ["and a slice that says nothing", [call(slice(0, "a", "f", "{}")), call(slice(1, none, none, ""))], [["f", {}]]]
  ]
  for (const [name, chunks, calls] of rows) {
    it.live(name, () =>
      Effect.gen(function*() {
        const message = yield* asked(answer(...chunks, done))
        assert.deepStrictEqual(
          message.toolCalls.map(({ args, name }): ReadonlyArray<unknown> => [name, args]),
          calls.map(([name, args]): ReadonlyArray<unknown> => [name, args])
        )
        assert.deepStrictEqual(message.invalidToolCalls, [])
        assert.strictEqual(message.finish.reason, "tool_calls")
      }))
  }

  for (
    const [name, chunks] of [
      ["that names no tool", [call(slice(0, "a", none, "{\"x\":1}"))]],
      ["whose arguments are followed by others", [
        call(slice(0, "a", "f", "{\"x\":1}")),
        call(slice(0, none, none, "{\"x\":2}"))
      ]]
    ] as const
  ) {
    it.live(`a call is invalid ${name}`, () =>
      Effect.gen(function*() {
        const message = yield* asked(answer(...chunks, done))
        assert.deepStrictEqual(message.toolCalls, [])
        assert.strictEqual(message.invalidToolCalls.length, 1)
      }))
  }

  it.live("the first delta of a call has its id and its name, and comes before what follows it", () =>
    Effect.gen(function*() {
      const message = yield* asked(answer(call(slice(0, "a", "f", "")), text("!"), done))
      assert.deepStrictEqual(message.parts.map(({ type }) => type), ["tool_call", "text"])
    }))

  it.effect.prop(
    "the cuts of a call make no difference",
    [Schema.Json, Schema.Array(Schema.Int)],
    ([x, cuts]) =>
      Effect.gen(function*() {
        const whole = JSON.stringify({ x })
        const places = [0, ...cuts.map((cut) => Math.abs(cut) % whole.length), whole.length].toSorted((a, b) => a - b)
        const slices = places.slice(1).map((place, i) =>
          call(slice(0, none, i % 3 === 0 ? "f" : none, whole.slice(places[i], place)))
        )
        const message = yield* asked(answer(call(slice(0, "a", "f", "")), ...slices, done))
        assert.deepStrictEqual(message.toolCalls.map(({ args }) => args), [JSON.parse(whole)])
      }),
    { arbitrary: { runs: 20 } }
  )
})

describe("fields without a name here", () => {
  const signature = { google: { thought_signature: "SIG" } }
  const turns = Effect.fnUntraced(function*(chunks: ReadonlyArray<Json>, options?: Partial<OpenAiCompatible.Options>) {
    const { model, server } = yield* serveCompatible(
      [answer(...chunks), answer(text("Hello"), finish("stop"))],
      options
    )
    const first = yield* model.invoke("Hi")
    const results = first.toolCalls.map(({ id }) => Message.tool({ toolCallId: id, content: "17" }))
    yield* model.invoke([Message.human("Hi"), first, ...(results.length > 0 ? results : [Message.human("More")])])
    const { body } = (yield* server.requests)[1] ?? assert.fail()
    const sent = (body as { readonly messages: ReadonlyArray<Json> }).messages[1] ?? assert.fail()
    return { first, sent }
  })

  it.live("of a call are in its metadata, and go back on the call", () =>
    Effect.gen(function*() {
      const tool_calls = [
        { index: 0, id: "a", function: { name: "f", arguments: "", strict: true } },
        { index: 0, function: { arguments: "{}" }, extra_content: signature }
      ]
      const { first, sent } = yield* turns([
        ...tool_calls.map((call) => delta({ tool_calls: [call] })),
        finish("tool_calls")
      ])
      const fields = { extra_content: signature, function: { strict: true } }
      assert.deepStrictEqual(first.toolCalls[0]?.metadata, { fields })
      assert.deepStrictEqual(sent["tool_calls"], [{
        id: "a",
        type: "function",
        extra_content: signature,
        function: { strict: true, name: "f", arguments: "{}" }
      }])
    }))

  it.live("of the message go back if only the server can read them", () =>
    Effect.gen(function*() {
      const { first, sent } = yield* turns([
        text("Hel"),
        delta({ content: "lo", extra_content: signature, reasoning_opaque: "xyz", channel: "final" }),
        finish("stop")
      ])
      const fields = { extra_content: signature, reasoning_opaque: "xyz" }
      assert.deepInclude(first.metadata, { fields })
      assert.deepStrictEqual(sent, { role: "assistant", content: "Hello", ...fields })
      assert.include(JSON.stringify(first), "final")
    }))

  it.live("reasoning with a signature goes back to any server, and other reasoning where it is taken", () =>
    Effect.gen(function*() {
      const reasoning_details = [{ type: "reasoning.text", text: "hm", signature: "SIG", index: 0 }]
      const signed = yield* turns([delta({ reasoning_details }), text("Hello"), finish("stop")])
      assert.deepStrictEqual(signed.sent["reasoning_details"], reasoning_details)
      const plain = yield* turns([delta({ reasoning: "hm" }), text("Hello"), finish("stop")])
      assert.notProperty(plain.sent, "reasoning")
    }))
})

describe("usage is read in the names of other APIs", () => {
  const rows: ReadonlyArray<readonly [name: string, event: Json, usage: Json]> = [
    ["Responses", { usage: { input_tokens: 10, output_tokens: 5, input_tokens_details: { cached_tokens: 4 } } }, {
      cacheReadTokens: 4
    }],
    ["Anthropic", {
      usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 3, cache_creation_input_tokens: 2 }
    }, {
      cacheReadTokens: 3,
      cacheWriteTokens: 2
    }],
    ["Gemini", {
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 2, thoughtsTokenCount: 3, totalTokenCount: 15 }
    }, {
      reasoningTokens: 3
    }],
    ["Ollama", { prompt_eval_count: 10, eval_count: 5 }, {}],
    ["llama.cpp", { timings: { prompt_n: 10, predicted_n: 5 } }, {}],
    ["DeepSeek", { usage: { ...counts, prompt_cache_hit_tokens: 4 } }, { cacheReadTokens: 4 }],
    ["Groq", { x_groq: { usage: counts } }, {}],
    ["a total alone beside the input", { usage: { prompt_tokens: 10, total_tokens: 15 } }, {}],
    ["thoughts in the total alone", { usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 15 } }, {}]
  ]
  for (const [name, event, more] of rows) {
    it.live(name, () =>
      Effect.gen(function*() {
        const { parts, usage } = yield* asked(answer(text("Hello"), finish("stop"), event))
        const { raw: _, ...told } = usage ?? assert.fail()
        assert.deepStrictEqual(told as Json, { inputTokens: 10, outputTokens: 5, totalTokens: 15, ...more })
        assert.isFalse(parts.some(({ type }) => type === "unknown"))
      }))
  }

  it.live("and what is not told is absent", () =>
    Effect.gen(function*() {
      assert.isUndefined((yield* asked(answer(text("Hello"), finish("stop"), { choices: [], usage: {} }))).usage)
    }))
})

describe("finish words of other APIs", () => {
  for (
    const [word, reason] of [
      ["end_turn", "stop"],
      ["end", "stop"],
      ["STOP", "stop"],
      ["endTurn", "stop"],
      ["FINISH_REASON_MAX_TOKENS", "length"],
      ["max_output_tokens", "length"],
      ["tool_use", "tool_calls"],
      ["SAFETY", "content_filter"],
      ["pause_turn", "pause"],
      ["a_word_of_tomorrow", "other"]
    ] as const
  ) {
    it.live(word, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual((yield* asked(answer(text("Hello"), finish(word)))).finish, { reason, raw: word })
      }))
  }
})

describe("an error in a form of its own", () => {
  for (
    const [event, reason] of [
      [{ type: "error", message: "boom", code: "server_error" }, "InternalProviderError"],
      [
        { code: 50505, message: "boom: Model service overloaded. Please try again later.", data: null },
        "OverloadedError"
      ],
      [{ code: 50001, message: "boom", data: null }, "InternalProviderError"],
      [{ status: "error", message: "boom" }, "UnknownError"],
      [{ success: false, errors: [{ code: 429, message: "boom" }] }, "RateLimitError"],
      [{ base_resp: { status_code: 1002, status_msg: "rate limit, boom" } }, "RateLimitError"],
      [{ detail: "boom: Unauthorized" }, "AuthenticationError"],
      [{ error: { error: { message: "boom", type: "overloaded_error" } } }, "OverloadedError"],
      [{ error: { message: "{\"error\":{\"message\":\"boom\",\"code\":401}}" } }, "AuthenticationError"],
      [{ error_code: 18, error_msg: "boom: Open api qps rate limit reached" }, "RateLimitError"]
    ] as const
  ) {
    it.live(JSON.stringify(event), () =>
      Effect.gen(function*() {
        const { model } = yield* serveCompatible(answer(text("Hello"), event))
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(error.reason._tag, reason)
        assert.include(error.message, "boom")
        assert.strictEqual(error.partial?.content, "Hello")
      }))
  }
})
