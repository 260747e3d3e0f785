// What servers that speak Chat Completions send beside the letter of it, read by default; and the quirks, by name.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { AIMessageChunk } from "rivulet"
import type * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { OpenAiScript, Script } from "rivulet/Testing"
import { serveCompatible } from "../../support/openai.ts"
import { available, recordings } from "../../support/recordings.ts"

const { chat } = OpenAiScript

type Json = Readonly<Record<string, unknown>>

/** A chunk with this delta. */
const delta = (delta: unknown, more?: Json): Json => ({
  id: "c1",
  choices: [{ index: 0, delta, finish_reason: null }],
  ...more
})

const finish = (reason: string): Json => ({ id: "c1", choices: [{ index: 0, delta: {}, finish_reason: reason }] })

/** An answer of these chunks, its finish and [DONE]. */
const answer = (chunks: ReadonlyArray<Json>, reason = "stop"): Script.Script =>
  Script.make([...chat.events([...chunks, finish(reason)]).steps, chat.done])

const asked = Effect.fnUntraced(function*(script: Script.Script, quirks?: OpenAiCompatible.Quirks) {
  const { model } = yield* serveCompatible(script, { quirks })
  return yield* model.invoke("Hi")
})

const call = (slice: Json) => delta({ tool_calls: [slice] })

describe("tool calls", () => {
  const fn = (name: string, args: unknown) => ({ function: { name, arguments: args } })
  const rows: ReadonlyArray<readonly [name: string, chunks: ReadonlyArray<Json>]> = [
    ["by the letter", [
      call({ index: 0, id: "a", ...fn("f", "") }),
      call({ index: 0, function: { arguments: "{\"x\"" } }),
      call({ index: 0, function: { arguments: ":1}" } }),
      call({ index: 1, id: "b", ...fn("g", "{\"y\"") }),
      call({ index: 1, function: { arguments: ":2}" } })
    ]],
    ["whose slices alternate", [
      call({ index: 0, id: "a", ...fn("f", "{\"x\"") }),
      call({ index: 1, id: "b", ...fn("g", "{\"y\"") }),
      call({ index: 0, function: { arguments: ":1}" } }),
      call({ index: 1, function: { arguments: ":2}" } })
    ]],
    ["counted from 1", [
      call({ index: 1, id: "a", ...fn("f", "{\"x\":1}") }),
      call({ index: 2, id: "b", ...fn("g", "{\"y\":2}") })
    ]],
    ["without an index", [
      call({ id: "a", ...fn("f", "{\"x\"") }),
      call({ function: { arguments: ":1}" } }),
      call({ id: "b", ...fn("g", "{\"y\"") }),
      call({ id: "b", function: { arguments: ":2}" } })
    ]],
    ["that share an index", [
      call({ index: 0, id: "a", ...fn("f", "{\"x\":1}") }),
      call({ index: 0, id: "b", ...fn("g", "{\"y\":2}") })
    ]],
    ["that share an index, slice by slice, told apart by their ids", [
      call({ index: 0, id: "a", ...fn("f", "{\"x\"") }),
      call({ index: 0, id: "b", ...fn("g", "{\"y\"") }),
      call({ index: 0, id: "a", function: { arguments: ":1}" } }),
      call({ index: 0, id: "b", function: { arguments: ":2}" } })
    ]],
    ["that share a chunk", [
      delta({
        tool_calls: [{ index: 0, id: "a", ...fn("f", "{\"x\":1}") }, { index: 0, id: "b", ...fn("g", "{\"y\":2}") }]
      })
    ]],
    ["whose id changes with every chunk", [
      call({ index: 0, id: "a", ...fn("f", "{\"x\"") }),
      call({ index: 0, id: "a2", function: { arguments: ":1" } }),
      call({ index: 0, id: "a3", ...fn("f", "}") }),
      call({ index: 1, id: "b", ...fn("g", "{\"y\"") }),
      call({ index: 1, id: "b2", ...fn("", ":2}") })
    ]],
    ["whose id and name are repeated", [
      call({ index: 0, id: "a", ...fn("f", "{\"x\"") }),
      call({ index: 0, id: "a", ...fn("f", ":1}") }),
      call({ index: 1, id: "b", ...fn("g", "{\"y\":2}") })
    ]],
    ["whose arguments are objects", [
      call({ index: 0, id: "a", ...fn("f", { x: 1 }) }),
      call({ index: 1, id: "b", ...fn("g", { y: 2 }) })
    ]],
    ["whose name comes later", [
      call({ index: 0, id: "a", function: { arguments: "" } }),
      call({ index: 0, ...fn("f", "{\"x\":1}") }),
      call({ index: 1, id: "b", ...fn("g", "{\"y\":2}") })
    ]]
  ]
  for (const [name, chunks] of rows) {
    it.live(name, () =>
      Effect.gen(function*() {
        const message = yield* asked(answer(chunks, "tool_calls"))
        assert.deepStrictEqual(message.toolCalls.map(({ args, id, name }) => [id, name, args]), [
          ["a", "f", { x: 1 }],
          ["b", "g", { y: 2 }]
        ])
        assert.deepStrictEqual(message.invalidToolCalls, [])
        assert.strictEqual(message.finish.reason, "tool_calls")
      }))
  }

  it.live("of the same tool that share an index, when the first is whole", () =>
    Effect.gen(function*() {
      const message = yield* asked(answer([
        call({ index: 0, id: "a", ...fn("f", "{\"x\":1}") }),
        call({ index: 0, id: "b", ...fn("f", "{\"x\":2}") })
      ]))
      assert.deepStrictEqual(message.toolCalls.map(({ args, id }) => [id, args]), [["a", { x: 1 }], ["b", { x: 2 }]])
    }))

  it.live("of the same tool that share an index and begin in one chunk", () =>
    Effect.gen(function*() {
      const both = (f: string, g: string) => [
        { index: 0, id: "a", ...fn("f", f) },
        { index: 0, id: "b", ...fn("f", g) }
      ]
      const message = yield* asked(answer([
        delta({ tool_calls: both("", "") }),
        delta({ tool_calls: both("{\"x\":1}", "{\"x\":2}") })
      ]))
      assert.deepStrictEqual(message.toolCalls.map(({ args, id }) => [id, args]), [["a", { x: 1 }], ["b", { x: 2 }]])
    }))

  it.live("without ids get some, each its own", () =>
    Effect.gen(function*() {
      const message = yield* asked(answer([call({ ...fn("f", "{}") }), call({ ...fn("g", "{}") })]))
      const ids = message.toolCalls.map(({ id }) => id)
      assert.strictEqual(new Set(ids).size, 2)
      assert.isTrue(ids.every((id) => id !== ""))
    }))

  it.live("that end with `stop` are the reason of the finish nevertheless", () =>
    Effect.gen(function*() {
      const message = yield* asked(answer([call({ index: 0, id: "a", ...fn("f", "{}") })], "stop"))
      assert.deepStrictEqual(message.finish, { reason: "tool_calls", raw: "stop" })
    }))

  it.live("as the function call of old", () =>
    Effect.gen(function*() {
      const message = yield* asked(answer([
        delta({ function_call: { name: "f", arguments: "{\"x\"" } }),
        delta({ function_call: { arguments: ":1}" } })
      ], "function_call"))
      assert.deepStrictEqual(message.toolCalls.map(({ args, name }) => [name, args]), [["f", { x: 1 }]])
    }))

  it.live("that a limit cut off are no whole calls", () =>
    Effect.gen(function*() {
      const message = yield* asked(answer([call({ index: 0, id: "a", ...fn("f", "{\"x\"") })], "length"))
      assert.deepStrictEqual(message.toolCalls, [])
      assert.strictEqual(message.invalidToolCalls[0]?.text, "{\"x\"")
    }))
})

describe("text and reasoning", () => {
  const rows: ReadonlyArray<readonly [name: string, chunks: ReadonlyArray<Json>]> = [
    ["without a role", [delta({ reasoning_content: "hm" }), delta({ content: "Hello" })]],
    ["with a role in every chunk", [
      delta({ role: "assistant", reasoning_content: "hm" }),
      delta({ role: "assistant", content: "Hello" })
    ]],
    ["as `reasoning`", [delta({ content: "", reasoning: "hm" }), delta({ content: "Hello", reasoning: null })]],
    ["as both at once", [delta({ reasoning: "hm", reasoning_content: "hm" }), delta({ content: "Hello" })]],
    ["as details too", [
      delta({ reasoning: "hm", reasoning_details: [{ type: "reasoning.text", text: "hm", index: 0 }] }),
      delta({ content: "Hello" })
    ]],
    ["as an array of parts", [
      delta({ content: [{ type: "thinking", thinking: [{ type: "text", text: "h" }, { type: "text", text: "m" }] }] }),
      delta({ content: [{ type: "text", text: "Hel" }] }),
      delta({ content: "lo" })
    ]],
    ["in a message instead of a delta", [{
      id: "c1",
      choices: [{ index: 0, message: { role: "assistant", reasoning: "hm", content: "Hello" } }]
    }]]
  ]
  for (const [name, chunks] of rows) {
    it.live(name, () =>
      Effect.gen(function*() {
        const message = yield* asked(answer(chunks))
        assert.strictEqual(message.content, "Hello")
        assert.deepStrictEqual(
          message.parts.flatMap((part) => part.type === "reasoning" ? [part.text] : []),
          ["hm"]
        )
      }))
  }

  it.live("and images are parts of their own", () =>
    Effect.gen(function*() {
      const image = (url: string) => ({ type: "image_url", image_url: { url } })
      const message = yield* asked(answer([
        delta({ content: "Look:" }),
        delta({ content: "", images: [image("data:image/png;base64,AQID"), image("https://x/y.png")] })
      ]))
      assert.deepStrictEqual(message.parts, [
        { type: "text", text: "Look:" },
        { type: "file", source: { type: "base64", data: "AQID" }, mediaType: "image/png" },
        { type: "file", source: { type: "url", url: "https://x/y.png" } }
      ])
    }))

  it.live("of another choice are not mixed in", () =>
    Effect.gen(function*() {
      const other = { id: "c1", choices: [{ index: 1, delta: { content: "Bonjour" }, finish_reason: null }] }
      const message = yield* asked(answer([delta({ content: "Hel" }), other, delta({ content: "lo" })]))
      assert.strictEqual(message.content, "Hello")
    }))
})

describe("usage", () => {
  const usage = (completion_tokens: number) => ({
    prompt_tokens: 10,
    completion_tokens,
    total_tokens: 10 + completion_tokens
  })
  const rows: ReadonlyArray<readonly [name: string, script: Script.Script, output: number | undefined]> = [
    [
      "in a chunk of its own",
      Script.make([
        ...chat.events([delta({ content: "Hello" }), finish("stop"), { id: "c1", choices: [], usage: usage(5) }]).steps,
        chat.done
      ]),
      5
    ],
    ["with the finish", answer([delta({ content: "Hel" }), delta({ content: "lo" }, { usage: usage(5) })]), 5],
    ["with every chunk, as totals", answer([1, 2, 3].map((n) => delta({ content: "x" }, { usage: usage(n) }))), 3],
    [
      "in the choice, with the finish",
      answer([delta({ content: "Hello" }), { id: "c1", choices: [{ index: 0, delta: {}, usage: usage(6) }] }]),
      6
    ],
    ["under x_groq", answer([delta({ content: "Hello" }, { x_groq: { usage: usage(4) } })]), 4],
    ["never", answer([delta({ content: "Hello" }, { usage: null })]), undefined]
  ]
  for (const [name, script, output] of rows) {
    it.live(name, () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* asked(script)).usage?.outputTokens, output)
      }))
  }

  it.live("of a server that counts reasoning apart is put right by its own sum", () =>
    Effect.gen(function*() {
      const counted = {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 115,
        completion_tokens_details: { reasoning_tokens: 100 }
      }
      const { usage } = yield* asked(answer([delta({ content: "Hello" }, { usage: counted })]))
      assert.deepInclude(usage, { inputTokens: 10, outputTokens: 105, totalTokens: 115, reasoningTokens: 100 })
    }))
})

describe("errors inside a 200", () => {
  const error = { error: { message: "Too much", code: 503 } }
  const rows: ReadonlyArray<readonly [name: string, script: Script.Script, reason: string]> = [
    ["without a finish", chat.events([delta({ content: "Hello" }), error]), "OverloadedError"],
    [
      "after a finish",
      answer([delta({ content: "Hello" }), finish("length"), delta({ content: "" }, error)]),
      "OverloadedError"
    ],
    [
      "inside a choice",
      answer([
        delta({ content: "Hello" }),
        { id: "c1", choices: [{ index: 0, delta: {}, ...error, finish_reason: "error" }] }
      ]),
      "OverloadedError"
    ],
    ["as a finish reason", answer([delta({ content: "Hello" })], "error"), "InternalProviderError"],
    [
      "as a finish reason, and the error later",
      chat.events([delta({ content: "Hello" }), finish("error"), error]),
      "OverloadedError"
    ],
    [
      "as a finish reason, and nothing after it",
      chat.events([delta({ content: "Hello" }), finish("error")]),
      "InternalProviderError"
    ],
    [
      "as a finish reason of DeepSeek's",
      answer([delta({ content: "Hello" })], "insufficient_system_resource"),
      "OverloadedError"
    ]
  ]
  for (const [name, script, reason] of rows) {
    it.live(name, () =>
      Effect.gen(function*() {
        const { model } = yield* serveCompatible(script)
        const failure = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(failure.reason._tag, reason)
        assert.strictEqual(failure.partial?.content, "Hello")
      }))
  }
})

describe("the quirks", () => {
  const failing = Effect.fnUntraced(function*(script: Script.Script, quirks?: OpenAiCompatible.Quirks) {
    const { model } = yield* serveCompatible(script, { quirks })
    return (yield* Effect.flip(model.invoke("Hi"))).reason._tag
  })

  it.live("noDone: the end of the body is enough after a finish reason, and only then", () =>
    Effect.gen(function*() {
      const open = chat.events([delta({ content: "Hello" }), finish("stop")])
      assert.strictEqual(yield* failing(open), "TruncatedError")
      assert.strictEqual((yield* asked(open, { noDone: true })).finish.raw, "stop")
      assert.strictEqual(yield* failing(chat.events([delta({ content: "Hello" })]), { noDone: true }), "TruncatedError")
      const lost = Script.make([...open.steps, Script.delay("50 millis"), Script.reset])
      assert.strictEqual(yield* failing(lost, { noDone: true }), "NetworkError")
    }))

  it.live("noFinishReason: [DONE] is enough, and nothing less", () =>
    Effect.gen(function*() {
      const steps = chat.events([delta({ content: "Hello" })]).steps
      const done = Script.make([...steps, chat.done])
      assert.strictEqual(yield* failing(done), "TruncatedError")
      assert.deepStrictEqual((yield* asked(done, { noFinishReason: true })).finish, { reason: "stop", raw: "" })
      assert.strictEqual(yield* failing(Script.make(steps), { noFinishReason: true }), "TruncatedError")
      assert.strictEqual(yield* failing(Script.make([chat.done]), { noFinishReason: true }), "TruncatedError")
    }))

  it.live("changingIds: chunks of one message have different ids, and another message is still told", () =>
    Effect.gen(function*() {
      const one = answer(["Hel", "lo"].map((content, i) => ({ ...delta({ content }), id: `c${i}` })))
      assert.strictEqual((yield* asked(one)).content, "Hello")
      assert.strictEqual(yield* failing(one, { changingIds: false }), "MalformedResponseError")
      const two = answer([
        delta({ role: "assistant", content: "" }),
        delta({ content: "Hello" }),
        { ...delta({ role: "assistant", content: "" }), id: "c2" }
      ])
      assert.strictEqual(yield* failing(two), "MalformedResponseError")
    }))

  const thought = " hm <b>so</b> </"
  for (
    const [said, reasoning, text] of [
      [`<think>${thought}</think>\n\nHello`, thought.trim(), "Hello"],
      [`\n<think>\n${thought}\n</think>Hello <think>x</think>`, thought.trim(), "Hello <think>x</think>"],
      ["<think></think>Hello", "", "Hello"],
      ["<think>never ends", "never ends", ""],
      ["<thin ice", "", "<thin ice"],
      ["Hello <think>x</think>", "", "Hello <think>x</think>"],
      [" <", "", " <"]
    ] as const
  ) {
    it.effect.prop(
      `thinkTags: ${JSON.stringify(said)}, cut anywhere`,
      [Schema.Array(Schema.Int)],
      ([cuts]) =>
        Effect.gen(function*() {
          const places = [...new Set([0, ...cuts.map((cut) => Math.abs(cut) % said.length), said.length])].toSorted((
            a,
            b
          ) => a - b)
          const slices = places.slice(1).map((place, i) => said.slice(places[i], place))
          const message = yield* asked(answer(slices.map((content) => delta({ content }))), { thinkTags: true })
          assert.strictEqual(message.content, text)
          assert.strictEqual(
            message.parts.flatMap((part) => part.type === "reasoning" ? [part.text] : []).join(""),
            reasoning
          )
        }),
      { arbitrary: { runs: 20 } }
    )
  }

  for (
    const [said, reasoning, text, thinkTags] of [
      ["<THINKING>hm</Thinking>Hello", "hm", "Hello", true],
      ["<reasoning>a </think></reasoning> Hello", "a </think>", "Hello", true],
      ["<think>hm</think>Hello", "", "<think>hm</think>Hello", false],
      ["hm, so</think>\n\nHello </think>", "hm, so", "Hello </think>", "open"],
      ["<think>hm</think>Hello", "hm", "Hello", "open"],
      ["hm", "hm", "", "open"]
    ] as const
  ) {
    it.live(`thinkTags ${thinkTags}: ${JSON.stringify(said)}, in letters and whole`, () =>
      Effect.gen(function*() {
        for (const slices of [[...said], [said]]) {
          const message = yield* asked(answer(slices.map((content) => delta({ content }))), { thinkTags })
          assert.strictEqual(message.content, text)
          assert.strictEqual(
            message.parts.flatMap((part) => part.type === "reasoning" ? [part.text] : []).join(""),
            reasoning
          )
        }
      }))
  }

  it.live("thinkTags open: text behind reasoning in a field of its own is text", () =>
    Effect.gen(function*() {
      const message = yield* asked(
        answer([delta({ reasoning_content: "hm" }), delta({ content: "Hel" }), delta({ content: "lo" })]),
        { thinkTags: "open" }
      )
      assert.strictEqual(message.content, "Hello")
    }))

  it.live("thinkTags: reasoning arrives as it comes, not at the end", () =>
    Effect.gen(function*() {
      const { model } = yield* serveCompatible(
        answer(["<think>", "one ", "two", "</think>", "Hello"].map((content) => delta({ content }))),
        { quirks: { thinkTags: true } }
      )
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      const texts = chunks.flatMap(({ parts }) => parts.flatMap((part) => "text" in part ? [part.text] : []))
      assert.deepStrictEqual(texts, ["one", " two", "Hello"])
    }))

  it.live.skipIf(!available)("thinkTags: on a recording", () =>
    Effect.gen(function*() {
      const recording = recordings("chat").find(({ name }) => name.includes("thinking_part_iter.0")) ?? assert.fail()
      const message = yield* asked(Script.body(recording.bytes), { thinkTags: true })
      const reasoning = message.parts.flatMap((part) => part.type === "reasoning" ? [part.text] : []).join("")
      const [, thought, said] = /^<think>([^]*?)<\/think>([^]*)$/.exec(recording.canonical.text) ?? []
      assert.strictEqual(reasoning, thought?.trim())
      assert.strictEqual(message.content, said?.trimStart())
    }))
})

it.live("comments keep a connection alive, before the first chunk too", () =>
  Effect.gen(function*() {
    const { model } = yield* serveCompatible(Script.make([
      Script.repeat([Script.write(": PROCESSING\n\n"), Script.delay("10 millis")], 3),
      ...answer([delta({ content: "Hello" })]).steps
    ]))
    const chunks = yield* Stream.runCollect(model.stream("Hi"))
    assert.strictEqual(AIMessageChunk.toMessage(chunks).content, "Hello")
  }))
