import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { AIMessageChunk, ChatModel, Message } from "rivulet"

const { Delta } = AIMessageChunk

// Few indices, so that deltas meet.
const index = Schema.Literals([0, 1, 2])
const Part = Schema.Union([
  Schema.Struct({ ...AIMessageChunk.TextDelta.fields, index }),
  Schema.Struct({ ...AIMessageChunk.ReasoningDelta.fields, index }),
  Schema.Struct({ ...AIMessageChunk.ToolCallDelta.fields, index }),
  Schema.Struct({ ...AIMessageChunk.ServerToolCallDelta.fields, index }),
  Schema.Struct({ ...AIMessageChunk.CitationDelta.fields, index }),
  Schema.Struct({ ...AIMessageChunk.RefusalDelta.fields, index }),
  Schema.Struct({ ...AIMessageChunk.UnknownDelta.fields, index })
])

const Chunk = Schema.Struct({ ...AIMessageChunk.AIMessageChunk.fields, parts: Schema.Array(Part) })

/** JSON has no undefined: what a chunk says is what its JSON says. */
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe("concat", () => {
  it.prop("is associative", [Chunk, Chunk, Chunk], ([a, b, c]) => {
    const left = AIMessageChunk.concat(AIMessageChunk.concat(a, b), c)
    const right = AIMessageChunk.concat(a, AIMessageChunk.concat(b, c))
    assert.deepStrictEqual(json(left), json(right))
  })

  it.prop("has empty as its identity", [Chunk], ([a]) => {
    assert.deepStrictEqual(json(AIMessageChunk.concat(AIMessageChunk.empty, a)), json(a))
    assert.deepStrictEqual(json(AIMessageChunk.concat(a, AIMessageChunk.empty)), json(a))
  })

  it.prop("folds to the same message as the chunks one by one", [Schema.Array(Chunk)], ([chunks]) => {
    const one = chunks.reduce((all, chunk) => AIMessageChunk.concat(all, chunk), AIMessageChunk.empty)
    assert.deepStrictEqual(json(AIMessageChunk.toMessage([one])), json(AIMessageChunk.toMessage(chunks)))
  })

  const Text = Schema.Struct({ content: Schema.String, id: Schema.Literals(["", "m1", "m2"]), index })
  it.effect.prop(
    "folds to the same message when a model gives many chunks at once",
    [Schema.Array(Schema.Union([Text, Text, Chunk]))],
    ([mixed]) =>
      Effect.gen(function*() {
        const chunks = mixed.map((one) =>
          "parts" in one ? { ...one, finish: undefined } : AIMessageChunk.text(one.content, one)
        )
        const whole = [...chunks, { ...AIMessageChunk.empty, finish: { reason: "stop", raw: "" } } as const]
        const model = ChatModel.make({ provider: "p", model: "m", stream: () => Stream.fromArray(whole) })
        assert.deepStrictEqual(json(yield* model.invoke("Hi")), json(AIMessageChunk.toMessage(whole)))
      })
  )

  it.prop(
    "folds to the text of the chunks in the order in which it came, whatever the blocks",
    [Schema.Array(Schema.Union([Text, Text, Chunk]))],
    ([mixed]) => {
      const chunks = mixed.map((one) => "parts" in one ? one : AIMessageChunk.text(one.content, one))
      // Nothing before a restart counts.
      const counted = chunks.slice(Math.max(0, chunks.findLastIndex(({ recovery }) => recovery?._tag === "Restarted")))
      assert.strictEqual(AIMessageChunk.toMessage(chunks).content, counted.map(({ content }) => content).join(""))
    }
  )

  it("strings text together, and takes the later usage", () => {
    const usage = (n: number) => ({ inputTokens: 1, outputTokens: n, totalTokens: n + 1 })
    const a = { ...AIMessageChunk.text("gold", { id: "m" }), usage: usage(1) }
    const b = { ...AIMessageChunk.text("fish", { id: "m" }), usage: usage(2) }
    assert.deepStrictEqual(AIMessageChunk.concat(a, b), {
      ...AIMessageChunk.text("goldfish", { id: "m" }),
      usage: usage(2)
    })
    assert.deepStrictEqual(AIMessageChunk.concat(b)(a), AIMessageChunk.concat(a, b))
  })
})

describe("the codec", () => {
  const codec = Schema.toCodecJson(AIMessageChunk.AIMessageChunk)

  it.prop("brings every chunk back", [AIMessageChunk.AIMessageChunk], ([chunk]) => {
    const encoded = JSON.stringify(Schema.encodeSync(codec)(chunk))
    assert.deepStrictEqual(json(Schema.decodeUnknownSync(codec)(JSON.parse(encoded))), json(chunk))
  })

  it("takes no delta it does not know", () => {
    assert.throws(() => Schema.decodeUnknownSync(Delta)({ type: "smell", index: 0 }))
  })
})

describe("a message", () => {
  const call = (args: string, end?: true): AIMessageChunk.AIMessageChunk => ({
    ...AIMessageChunk.empty,
    parts: [
      { type: "tool_call", index: 0, id: "c1", name: "weather", args: "" },
      { type: "tool_call", index: 0, args, ...(end && { end }) }
    ]
  })
  const finish = (reason: "tool_calls" | "length") => ({ ...AIMessageChunk.empty, finish: { reason, raw: reason } })

  it("has a call only when the call ended", () => {
    const cut = AIMessageChunk.toMessage([call("{}")])
    assert.deepStrictEqual(cut.toolCalls, [])
    assert.strictEqual(cut.invalidToolCalls[0]?.reason, "the call was cut off")
    assert.strictEqual(cut._tag, "PartialAIMessage")
    const whole = AIMessageChunk.toMessage([call("{\"city\":\"Rome\"}", true), finish("tool_calls")])
    assert.deepStrictEqual(whole.toolCalls, [{ type: "tool_call", id: "c1", name: "weather", args: { city: "Rome" } }])
    assert.strictEqual(whole._tag, "AIMessage")
  })

  it("takes no arguments for an empty object, unless a token limit cut them off", () => {
    assert.deepStrictEqual(AIMessageChunk.toMessage([call("", true), finish("tool_calls")]).toolCalls[0]?.args, {})
    const cut = AIMessageChunk.toMessage([call("", true), finish("length")])
    assert.deepStrictEqual(cut.toolCalls, [])
    assert.strictEqual(cut.invalidToolCalls.length, 1)
  })

  it("keeps the text of a call whose arguments are not JSON", () => {
    const message = AIMessageChunk.toMessage([call("{oops", true), finish("tool_calls")])
    assert.deepStrictEqual(message.invalidToolCalls, [{
      type: "invalid_tool_call",
      id: "c1",
      name: "weather",
      text: "{oops",
      reason: "the arguments are not valid JSON"
    }])
  })

  it("takes no arguments that are nested more deeply than a value may be walked through", () => {
    const nested = (depth: number) => {
      const args = `{"]":"\\"}[","a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`
      return AIMessageChunk.toMessage([call(args, true), finish("tool_calls")])
    }
    assert.strictEqual(nested(512).toolCalls.length, 1)
    for (const depth of [513, 200_000]) {
      const message = nested(depth)
      assert.deepStrictEqual(message.toolCalls, [])
      assert.deepStrictEqual(message.invalidToolCalls.map(({ reason }) => reason), [
        "the arguments are nested too deeply"
      ])
    }
    const wide = AIMessageChunk.toMessage([call(`{"a":[${"[],".repeat(2_000)}0]}`, true), finish("tool_calls")])
    assert.strictEqual(wide.toolCalls.length, 1)
  })

  it("puts citations with the text of their block, before or after it", () => {
    const citation = { raw: { type: "page_location" } }
    const message = AIMessageChunk.toMessage([
      {
        ...AIMessageChunk.empty,
        parts: [{ type: "text", index: 4, text: "" }, { type: "citation", index: 4, citation }]
      },
      AIMessageChunk.text("so it is", { index: 4 }),
      { ...AIMessageChunk.empty, parts: [{ type: "citation", index: 9, citation }] }
    ])
    assert.deepStrictEqual(message.parts, [
      { type: "text", text: "so it is", citations: [citation] },
      { type: "citation", citation }
    ])
  })

  it("costs linear time: ten times as many chunks, about ten times the work", () => {
    // The process's own time, so that others on the machine do not count.
    const fold = (n: number): number => {
      const all = AIMessageChunk.accumulator()
      const chunk = AIMessageChunk.text(" token")
      const started = process.cpuUsage()
      for (let i = 0; i < n; i++) all.add(chunk)
      assert.strictEqual(all.partial().content.length, n * 6)
      const { system, user } = process.cpuUsage(started)
      return system + user
    }
    const best = (n: number) => Math.min(fold(n), fold(n), fold(n))
    best(100_000)
    // A quadratic fold would take a hundred times as long; the rest of the factor is the garbage collector's.
    assert.isBelow(best(1_000_000), 50 * best(100_000))
  })
})

describe("messages", () => {
  it.prop("come back from JSON", [Message.Message], ([message]) => {
    const codec = Schema.toCodecJson(Message.Message)
    const encoded = JSON.stringify(Schema.encodeSync(codec)(message))
    assert.deepStrictEqual(json(Schema.decodeUnknownSync(codec)(JSON.parse(encoded))), json(message))
  })

  it("are made by hand", () => {
    assert.deepStrictEqual(Message.image({ data: new Uint8Array([1, 2, 3]), mediaType: "image/png" }), {
      type: "image",
      mediaType: "image/png",
      source: { type: "base64", data: "AQID" }
    })
    assert.deepStrictEqual(Message.file({ fileId: "file_1", name: "a.pdf" }), {
      type: "file",
      name: "a.pdf",
      source: { type: "file_id", id: "file_1" }
    })
    assert.deepStrictEqual(Message.ai("Hi").parts, [{ type: "text", text: "Hi" }])
  })
})

describe("calls of one message with the same id", () => {
  const call = (index: number, id: string | undefined, args = "", end?: true) => ({
    ...AIMessageChunk.empty,
    parts: [{ type: "tool_call" as const, index, id, name: "t", args, end }]
  })
  const last = { ...AIMessageChunk.empty, finish: { reason: "tool_calls", raw: "" } } as const
  const idsOf = ({ toolCalls }: Message.AIMessage | Message.PartialAIMessage): ReadonlyArray<string> =>
    toolCalls.map(({ id }) => id)

  for (
    const [title, chunks, ids] of [
      ["are told apart", [call(0, "d", "{}", true), call(1, "d", "{}", true), call(2, "d", "{}", true)], [
        "d",
        "d_2",
        "d_3"
      ]],
      ["never get the id of a third", [
        call(0, "d_2", "{}", true),
        call(1, "d", "{}", true),
        call(2, "d", "{}", true),
        call(3, "d_2", "{}", true)
      ], ["d_2", "d", "d_3", "d_2_2"]],
      ["are told apart when the id comes late", [
        call(0, undefined, "{"),
        call(1, "d", "{}", true),
        call(0, "d", "}", true)
      ], ["d_2", "d"]],
      ["are one if it is the same block", [call(0, "d", "{"), call(0, "d", "}", true)], ["d"]],
      ["keep the first id of their block", [call(0, "d", "{"), call(0, "e", "}", true), call(1, "e", "{}", true)], [
        "d",
        "e"
      ]]
    ] as const
  ) {
    it(
      title,
      () => assert.deepStrictEqual<ReadonlyArray<string>>(idsOf(AIMessageChunk.toMessage([...chunks, last])), ids)
    )
  }

  const Call = Schema.Struct({
    index: Schema.Literals([0, 1, 2, 3]),
    id: Schema.UndefinedOr(Schema.Literals(["d", "d_2", "e"])),
    kind: Schema.Literals(["tool_call", "tool_call", "text"])
  })
  it.effect.prop(
    "the chunks of a model, its message and the fold of its chunks agree",
    [Schema.Array(Call)],
    ([calls]) =>
      Effect.gen(function*() {
        const chunks = calls.map(({ id, index, kind }) =>
          kind === "text" ? AIMessageChunk.text("x", { index }) : call(index, id, "{}", true)
        )
        const model = ChatModel.make({ provider: "p", model: "m", stream: () => Stream.fromArray([...chunks, last]) })
        const message = yield* model.invoke("Hi")
        const streamed = yield* Stream.runCollect(model.stream("Hi"))
        assert.deepStrictEqual(json(AIMessageChunk.toMessage(streamed)), json(message))
        const ids = message.parts.flatMap((part) =>
          part.type === "text" || !("id" in part) || part.id === "" ? [] : [part.id]
        )
        assert.strictEqual(new Set(ids).size, ids.length)
        const shown = streamed.flatMap(({ parts }) => parts.flatMap((part) => "id" in part ? part.id ?? [] : []))
        assert.deepStrictEqual(new Set(shown), new Set(ids))
      })
  )

  it("thousands of them cost no more than others", () => {
    const all = Array.from({ length: 20_000 }, (_, index) => call(index, "d", "{}", true))
    assert.strictEqual(new Set(idsOf(AIMessageChunk.toMessage([...all, last]))).size, 20_000)
  })
})
