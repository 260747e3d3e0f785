// The ids of calls that an adapter gives without any.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { Agent, AIMessageChunk, ChatModel, Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { layer, text } = ScriptedChatModel

const paying = () => {
  const paid: Array<number> = []
  const pay = Tool.make("pay", {
    parameters: Schema.Struct({ euros: Schema.Number }),
    success: Schema.String,
    handler: ({ euros }) => {
      paid.push(euros)
      return `Paid ${euros}`
    }
  })
  return { paid, pay }
}

describe("calls of an adapter that gives no ids have ids of their own", () => {
  const pays = (euros: number, index: number, id: string | undefined): ReadonlyArray<AIMessageChunk.AIMessageChunk> => {
    const call = { type: "tool_call", index, name: "pay" } as const
    const args = JSON.stringify({ euros })
    const parts = [{ ...call, id, args: args.slice(0, 4) }, { ...call, id, args: args.slice(4), end: true }] as const
    return parts.map((part) => ({ ...AIMessageChunk.empty, parts: [part] }))
  }
  const called = { ...AIMessageChunk.empty, finish: { reason: "tool_calls", raw: "" } } as const
  const done = [AIMessageChunk.text("Done"), { ...AIMessageChunk.empty, finish: { reason: "stop", raw: "" } } as const]

  for (
    const [what, given, expected] of [
      ["undefined", [undefined, undefined], ["call_0", "call_1"]],
      ["empty", ["", ""], ["call_0", "call_1"]],
      ["given once", ["call_0", undefined], ["call_0", "call_1"]],
      ["given later", [undefined, "call_0"], ["call_0", "call_0_2"]]
    ] as const
  ) {
    const asked = [...given.flatMap((id, index) => pays(index + 1, index, id)), called]
    const whole = [asked.reduce((a, b) => AIMessageChunk.concat(a, b))]
    for (const [how, answer] of [["in slices", asked], ["in one chunk", whole]] as const) {
      // In one chunk, the id that is given comes first.
      if (answer === whole && what === "given later") continue
      it.effect(`${what}: ${how}`, () => {
        const model = ChatModel.make({
          provider: "p",
          model: "m",
          stream: ({ messages }) => Stream.fromIterable(messages.length > 1 ? done : answer, { chunkSize: 1 })
        })
        return Effect.gen(function*() {
          const { paid, pay } = paying()
          const decided: Array<string> = []
          const agent = Agent.make({
            tools: [pay],
            approve: ({ args, id }) => {
              decided.push(id)
              return Schema.is(Schema.Struct({ euros: Schema.Literal(2) }))(args) ? "suspend" : "approve"
            }
          })
          const chunks = yield* Stream.runCollect(agent.stream("Pay"))
          const deltas = chunks.flatMap((chunk) => chunk._tag === "AIMessageChunk" ? chunk.parts : [])
          const begun = deltas.flatMap((part) =>
            part.type === "tool_call" && part.args.startsWith("{") ? [part.id] : []
          )
          assert.deepStrictEqual<unknown>(begun, expected)
          assert.deepStrictEqual<unknown>(decided.toSorted(), expected)
          const last = chunks.at(-1)
          assert(last?._tag === "AgentEndChunk")
          const { message, messages, pending } = last.result
          assert.deepStrictEqual<unknown>(message.toolCalls.map(({ id }) => id), expected)
          assert.deepStrictEqual(pending.map(({ id }) => id), [expected[1]])
          const results = messages.flatMap((each) => each._tag === "ToolMessage" ? [each.toolCallId] : [])
          assert.deepStrictEqual(results, [expected[0]])
          // The chunks fold to the message, and the run goes on from it.
          const told = chunks.flatMap((chunk) => chunk._tag === "AIMessageChunk" ? [chunk] : [])
          assert.deepStrictEqual(AIMessageChunk.toMessage(told), message)
          const { content } = yield* Agent.make({ tools: [pay] }).invoke(messages)
          assert.deepStrictEqual([content, paid], ["Done", [1, 2]])
        }).pipe(Effect.provideService(ChatModel.ChatModel, model))
      })
    }
  }

  it.effect("an id that comes after the first slice does not change the call's", () =>
    Effect.gen(function*() {
      const [first, second] = [...pays(1, 0, undefined), ...pays(1, 0, "late")].filter((_, i) => i === 0 || i === 3)
      const model = ChatModel.make({
        provider: "p",
        model: "m",
        stream: () => Stream.fromIterable([first!, second!, called], { chunkSize: 1 })
      })
      const chunks = yield* Stream.runCollect(model.stream("Pay"))
      assert.deepStrictEqual(chunks.flatMap(({ parts }) => parts.map((part) => "id" in part && part.id)), [
        "call_0",
        "call_0"
      ])
      assert.deepStrictEqual((yield* model.invoke("Pay")).toolCalls.map(({ id }) => id), ["call_0"])
    }))

  it.effect("a whole answer, and chunks that no model gave", () =>
    Effect.gen(function*() {
      const parts = [...pays(1, 0, undefined), ...pays(2, 1, undefined)].flatMap((chunk) => chunk.parts)
      const model = ChatModel.make({ provider: "p", model: "m", generate: () => Effect.succeed({ parts }) })
      const folded = AIMessageChunk.toMessage([{ ...AIMessageChunk.empty, parts }])
      for (const { toolCalls } of [yield* model.invoke("Pay"), folded]) {
        assert.deepStrictEqual(toolCalls.map(({ id }) => id), ["call_0", "call_1"])
      }
    }))

  it("messages in the form of Chat Completions keep an empty id, as their results have it", () => {
    const pay = { name: "pay", arguments: "{}" }
    const ids = Effect.gen(function*() {
      const model = yield* ScriptedChatModel.ScriptedChatModel
      yield* model.model.invoke([
        { role: "user", content: "Pay" },
        { role: "assistant", tool_calls: [{ id: "", function: pay }] },
        { role: "tool", tool_call_id: "", content: "Paid" }
      ])
      const [call] = yield* model.calls
      return call?.messages.flatMap((each) =>
        each._tag === "AIMessage" ? [each.toolCalls[0]?.id] : each._tag === "ToolMessage" ? [each.toolCallId] : []
      )
    })
    assert.deepStrictEqual(Effect.runSync(Effect.provide(ids, layer([text("Done")]))), ["", ""])
  })
})
