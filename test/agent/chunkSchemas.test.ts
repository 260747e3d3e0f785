// The chunks and the result of an agent as JSON.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { Agent, AIMessageChunk, Message, Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { layer, text, toolCalls } = ScriptedChatModel

const ChunkLine = Schema.fromJsonString(Schema.toCodecJson(Agent.Chunk))
const ResultLine = Schema.fromJsonString(Schema.toCodecJson(Agent.AgentResult))
const sentChunk = (chunk: Agent.Chunk) => Schema.decodeSync(ChunkLine)(Schema.encodeSync(ChunkLine)(chunk))
const sentResult = (result: Agent.AgentResult) => Schema.decodeSync(ResultLine)(Schema.encodeSync(ResultLine)(result))

/** JSON has one zero. */
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const valued = (value: unknown): ReadonlyArray<Agent.Chunk> => {
  const call = { content: "", name: "find", toolCallId: "call_1" } as const
  const message = Message.tool({ toolCallId: "call_1", content: "found" })
  return [
    { _tag: "ToolProgressChunk", ...call, value },
    { _tag: "ToolResultChunk", ...call, isError: false, value, message }
  ]
}

describe("a chunk comes back from JSON", () => {
  it.prop(
    "whatever its kind",
    [Schema.Union([AIMessageChunk.AIMessageChunk, Agent.ToolErrorChunk, Agent.AgentEndChunk])],
    ([chunk]) => assert.deepStrictEqual(json(sentChunk(chunk)), json(chunk)),
    { arbitrary: { runs: 50 } }
  )

  it.prop("whatever the value of the tool", [Schema.Json], ([value]) => {
    for (const chunk of valued(value)) assert.deepStrictEqual(json(sentChunk(chunk)), json(chunk))
  })

  it.prop("and so does a result", [Agent.AgentResult], ([result]) => {
    assert.deepStrictEqual(json(sentResult(result)), json(result))
  }, { arbitrary: { runs: 30 } })

  for (
    const [what, value, expected] of [
      ["nothing", undefined, undefined],
      ["null", null, null],
      ["a key without a value", { a: 1, b: undefined }, { a: 1 }],
      ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
      ["bytes", new Uint8Array([1, 2]), "AQI="],
      ["a big integer", 2n ** 64n, "18446744073709551616"],
      [
        "a class",
        new (class City {
          readonly name = "Bern"
        })(),
        { name: "Bern" }
      ]
    ] as const
  ) {
    it(`with the JSON of a tool's value: ${what}`, () => {
      for (const chunk of valued(value)) {
        assert.deepStrictEqual<unknown>(sentChunk(chunk), { ...chunk, value: expected })
      }
    })
  }

  it("unless the value of a tool has none", () => {
    const loop: Array<unknown> = []
    loop.push(loop)
    for (const value of [() => 1, Symbol("a"), loop]) {
      for (const chunk of valued(value)) assert.throws(() => sentChunk(chunk), /The value has no JSON/)
    }
  })

  it("and what is no chunk does not", () => {
    for (const line of ["{}", `{"_tag":"AgentEndChunk","content":""}`, `{"_tag":"Smell","content":""}`]) {
      assert.throws(() => Schema.decodeSync(ChunkLine)(line))
    }
  })
})

describe("a run comes back from JSON, chunk by chunk, and its result", () => {
  const Any = Schema.Json
  const echo = Tool.make("echo", {
    parameters: Schema.Record(Schema.String, Any),
    success: Any,
    handler: (value) => value
  })
  const count = Tool.make("count", { success: Schema.Number, handler: () => Stream.make(1, 2, 3) })
  const log = Tool.make("log", { handler: () => Effect.void })
  const paint = Tool.make("paint", {
    success: Schema.String,
    handler: () => "painted",
    toModelOutput: (name) => [
      Message.text(name),
      Message.image({ data: new Uint8Array([137, 80, 78, 71]), mediaType: "image/png" }),
      Message.file({ data: new Uint8Array([0, 255]), mediaType: "application/pdf", name: "a.pdf" })
    ]
  })
  const pay = Tool.make("pay", { handler: () => Effect.void })
  const agent = Agent.make({
    tools: [echo, count, log, paint, pay],
    approve: ({ name }) => name === "pay" ? "suspend" : "approve"
  })
  const question = Message.human([
    Message.text("Look"),
    Message.file({ data: new Uint8Array([1, 2, 3]), mediaType: "application/pdf" })
  ])

  const comesBack = Effect.fnUntraced(function*(...replies: ReadonlyArray<ReadonlyArray<ScriptedChatModel.Step>>) {
    const chunks = yield* Stream.runCollect(agent.stream([question])).pipe(Effect.provide(layer(replies)))
    assert.deepStrictEqual(chunks.map(sentChunk), chunks)
    const result = yield* agent.invoke([question]).pipe(Effect.provide(layer(replies)))
    assert.deepStrictEqual(sentResult(result), result)
    const last = chunks.at(-1)
    assert(last?._tag === "AgentEndChunk")
    assert.deepStrictEqual(last.result, result)
    return { chunks, result }
  })

  const usage = { inputTokens: 3, outputTokens: 4, totalTokens: 7 }

  it.effect("with progress, results, failures and files", () =>
    Effect.gen(function*() {
      const calls = ["echo", "count", "log", "paint", "nobody"].map((name) => ({
        name,
        args: { deep: [1, null, "é"] }
      }))
      const { chunks, result } = yield* comesBack(toolCalls(calls, { usage }), text("Done", { usage }))
      const kinds = new Set(chunks.map((chunk) => "isError" in chunk ? `${chunk._tag} ${chunk.isError}` : chunk._tag))
      assert.strictEqual(kinds.size, 5)
      assert.strictEqual(result.usage?.totalTokens, 14)
    }))

  it.effect("also a suspended one, which goes on from the result that was read", () =>
    Effect.gen(function*() {
      const { result } = yield* comesBack(toolCalls([{ name: "log", args: {} }, { name: "pay", args: {} }]))
      assert.deepStrictEqual([result.finish, result.pending.map(({ name }) => name)], ["approval", ["pay"]])
      const goOn = Agent.make({ tools: [log, pay] }).invoke(Agent.trusted(sentResult(result).messages))
      const { content } = yield* goOn.pipe(Effect.provide(layer([text("Paid")])))
      assert.strictEqual(content, "Paid")
    }))

  it.effect("also one that was cut off within a call", () =>
    Effect.gen(function*() {
      const { result } = yield* comesBack(toolCalls([{ name: "pay", args: {} }], { finish: "length" }))
      assert.deepStrictEqual([result.finish, result.pending.length], ["length", 1])
    }))

  it.effect.prop("with any JSON as the result of a tool", [Schema.Json], ([value]) =>
    Effect.gen(function*() {
      const tool = Tool.make("find", { success: Any, handler: () => value })
      const chunks = yield* Stream.runCollect(Agent.make({ tools: [tool] }).stream("Hi")).pipe(
        Effect.provide(layer([toolCalls([{ name: "find", args: {} }]), text("Done")]))
      )
      assert.deepStrictEqual(json(chunks.map(sentChunk)), json(chunks))
    }))
})
