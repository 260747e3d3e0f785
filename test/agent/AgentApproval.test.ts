import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, ManagedRuntime, Schema, Stream } from "effect"
import { Agent, Message, Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { layer, text, toolCalls } = ScriptedChatModel

const paying = () => {
  const paid: Array<number> = []
  const pay = Tool.make("pay", {
    parameters: Schema.Struct({ euros: Schema.Number }),
    success: Schema.String,
    handler: ({ euros }) =>
      Effect.sync(() => {
        paid.push(euros)
        return `Paid ${euros}`
      })
  })
  return { paid, pay }
}

const asked = (...euros: ReadonlyArray<number>) =>
  toolCalls(euros.map((euros) => ({ name: "pay", args: { euros }, id: `call_${euros}` })))

const resultsOf = (result: { readonly messages: ReadonlyArray<Message.Message> }) =>
  result.messages.filter((message) => message._tag === "ToolMessage").map((
    { content, isError = false, toolCallId }
  ) => [
    toolCallId,
    content,
    isError
  ])

const Saved = Schema.fromJsonString(Schema.Array(Message.Message))

describe("approve", () => {
  it.effect("is asked about each call, with the conversation, and may deny it", () =>
    Effect.gen(function*() {
      const { paid, pay } = paying()
      const about: Array<readonly [string, number]> = []
      const agent = Agent.make({
        tools: [pay],
        approve: (call, { messages }) => {
          about.push([call.id, messages.length])
          return call.id === "call_1" ? "approve" : Effect.succeed({ deny: "Too much." })
        }
      })
      const result = yield* agent.invoke("Pay")
      assert.deepStrictEqual(about, [["call_1", 2], ["call_200", 2]])
      assert.deepStrictEqual(paid, [1])
      assert.deepStrictEqual(resultsOf(result), [
        ["call_1", "Paid 1", false],
        ["call_200", "This call was denied: Too much.", true]
      ])
      assert.strictEqual(result.content, "Done")
    }).pipe(Effect.provide(layer([asked(1, 200), text("Done")]))))

  it.effect("is not asked about calls that cannot be run", () =>
    Effect.gen(function*() {
      const { pay } = paying()
      const agent = Agent.make({ tools: [pay], approve: () => Effect.die("nobody is to be asked") })
      const result = yield* agent.invoke("Pay")
      assert.deepStrictEqual(resultsOf(result).map(([, , isError]) => isError), [true, true])
    }).pipe(Effect.provide(layer([
      toolCalls([{ name: "pay", args: { euros: "one" } }, { name: "steal", args: {} }]),
      text("Sorry")
    ]))))

  it.effect("may take its time, and keeps no tool of the others from running", () =>
    Effect.gen(function*() {
      const { paid, pay } = paying()
      const yes = yield* Deferred.make<void>()
      const one = yield* Deferred.make<void>()
      const agent = Agent.make({
        tools: [pay],
        concurrency: 1,
        approve: (call) => call.id === "call_1" ? "approve" : Effect.as(Deferred.await(yes), "approve")
      })
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(
          agent.stream("Pay"),
          (chunk) => chunk._tag === "ToolResultChunk" ? Deferred.succeed(one, undefined) : Effect.void
        )
      )
      yield* Deferred.await(one)
      assert.deepStrictEqual(paid, [1])
      yield* Deferred.succeed(yes, undefined)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(paid, [1, 2])
    }).pipe(Effect.provide(layer([asked(2, 1), text("Done")]))))

  it.effect("its failure is the run's", () =>
    Effect.gen(function*() {
      const { paid, pay } = paying()
      const agent = Agent.make({ tools: [pay], approve: () => Effect.fail("nobody there" as const) })
      assert.strictEqual(yield* Effect.flip(agent.invoke("Pay")), "nobody there")
      assert.deepStrictEqual(paid, [])
    }).pipe(Effect.provide(layer([asked(1)]))))
})

describe("a run that waits for approval", () => {
  it.effect("lists what waits in the order of the calls", () =>
    Effect.gen(function*() {
      const { pay } = paying()
      const agent = Agent.make({
        tools: [pay],
        approve: (call) => call.id === "call_1" ? Effect.as(Effect.yieldNow, "suspend") : "suspend"
      })
      assert.deepStrictEqual((yield* agent.invoke("Pay")).pending.map(({ id }) => id), ["call_1", "call_2"])
    }).pipe(Effect.provide(layer([asked(1, 2)]))))

  it("ends, is kept as JSON, and goes on in another runtime with the decisions given then", async () => {
    const { paid, pay } = paying()
    const steps: Array<string> = []
    const decided = new Map<string, Agent.Decision>([["call_1", "approve"]])
    const make = () =>
      Agent.make({
        tools: [pay],
        system: "You pay bills.",
        approve: (call) => decided.get(call.id) ?? "suspend",
        onStep: ({ message }) => Effect.sync(() => steps.push(message.finish.reason))
      })

    const before = ManagedRuntime.make(layer([asked(1, 2, 3)]))
    const saved = await before.runPromise(Effect.gen(function*() {
      const result = yield* make().invoke("Pay my bills")
      assert.strictEqual(result.finish, "approval")
      assert.deepStrictEqual(result.pending.map(({ id }) => id), ["call_2", "call_3"])
      // What could be run has been.
      assert.deepStrictEqual(resultsOf(result), [["call_1", "Paid 1", false]])
      return yield* Schema.encodeEffect(Saved)(result.messages)
    }))
    await before.dispose()
    assert.deepStrictEqual(paid, [1])
    assert.deepStrictEqual(steps, [])

    // Still undecided: nothing is run or asked again, and nothing is lost.
    const between = ManagedRuntime.make(layer([]))
    const again = await between.runPromise(Effect.gen(function*() {
      const result = yield* make().invoke(Agent.trusted(yield* Schema.decodeEffect(Saved)(saved)))
      assert.strictEqual(result.finish, "approval")
      return yield* Schema.encodeEffect(Saved)(result.messages)
    }))
    await between.dispose()
    assert.strictEqual(again, saved)
    assert.deepStrictEqual(paid, [1])

    decided.set("call_2", "approve").set("call_3", { deny: "Not this one." })
    const after = ManagedRuntime.make(layer([text("Two of three")], { options: { temperature: 0 } }))
    await after.runPromise(Effect.gen(function*() {
      const result = yield* make().invoke(Agent.trusted(yield* Schema.decodeEffect(Saved)(again)))
      assert.deepStrictEqual(paid, [1, 2])
      assert.deepInclude(result, { finish: "stop", content: "Two of three", pending: [] })
      assert.deepStrictEqual(resultsOf(result), [
        ["call_1", "Paid 1", false],
        ["call_2", "Paid 2", false],
        ["call_3", "This call was denied: Not this one.", true]
      ])
      const [call] = yield* (yield* ScriptedChatModel.ScriptedChatModel).calls
      assert.deepStrictEqual(call?.messages, [Message.system("You pay bills."), ...result.messages.slice(0, -1)])
    }))
    await after.dispose()
    assert.deepStrictEqual(steps, ["tool_calls", "stop"])
  })

  it.effect("can be left while it waits, and goes on from its messages", () =>
    Effect.gen(function*() {
      const { paid, pay } = paying()
      const waiting = yield* Deferred.make<Agent.Conversation>()
      const left: Array<string> = []
      const slow = Agent.make({
        tools: [pay],
        approve: (_call, run) =>
          Deferred.succeed(waiting, run).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Effect.sync(() => left.push("left")))
          )
      })
      const fiber = yield* Effect.forkChild(slow.invoke("Pay"))
      const { messages } = yield* Deferred.await(waiting)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(left, ["left"])
      const result = yield* Agent.make({ tools: [pay] }).invoke(messages)
      assert.deepStrictEqual([paid, result.content], [[1], "Done"])
    }).pipe(Effect.provide(layer([asked(1), text("Done")]))))
})

it.effect("two calls of one answer with the same id are decided, run and resumed one by one", () =>
  Effect.gen(function*() {
    const { paid, pay } = paying()
    const shown: Array<string> = []
    const wait = Agent.make({
      tools: [pay],
      approve: ({ args }) => Schema.is(Schema.Struct({ euros: Schema.Literal(2) }))(args) ? "suspend" : "approve"
    })
    const first = yield* wait.invoke("Pay")
    assert.deepStrictEqual([paid, first.pending.map(({ id }) => id)], [[1], ["d_2"]])
    yield* Agent.make({ tools: [pay] }).stream(first.messages).pipe(
      Stream.runForEach((chunk) => Effect.sync(() => chunk._tag === "ToolResultChunk" && shown.push(chunk.toolCallId)))
    )
    assert.deepStrictEqual([paid, shown], [[1, 2], ["d_2"]])
  }).pipe(Effect.provide(layer([
    toolCalls([{ name: "pay", args: { euros: 1 }, id: "d" }, { name: "pay", args: { euros: 2 }, id: "d" }]),
    text("Done")
  ]))))

describe("an agent is given a conversation", () => {
  const agent = (pay: Tool.Any<string, never, never>) => Agent.make({ tools: [pay] })
  const call = { type: "tool_call", id: "call_1", name: "pay", args: { euros: 1 } } as const

  it.effect("whose last answer asks for calls that have their results: the model is asked", () =>
    Effect.gen(function*() {
      const { paid, pay } = paying()
      const done = Message.tool({ toolCallId: "call_1", content: "Paid" })
      const result = yield* agent(pay).invoke([Message.human("Pay"), Message.ai([call]), done])
      assert.deepStrictEqual([paid, result.content], [[], "Done"])
    }).pipe(Effect.provide(layer([text("Done")]))))

  it.effect("in which something was said since: its old calls are not run", () =>
    Effect.gen(function*() {
      const { paid, pay } = paying()
      const done = Message.tool({ toolCallId: "call_1", content: "Paid" })
      const later = [Message.human("Pay"), Message.ai([call]), done, Message.ai("Done"), Message.human("Thanks")]
      yield* agent(pay).invoke(later)
      assert.deepStrictEqual(paid, [])
    }).pipe(Effect.provide(layer([text("You are welcome")]))))

  it.effect("that an answer's limit cut off: what it asked for is run, as it is asked for again", () =>
    Effect.gen(function*() {
      const { paid, pay } = paying()
      const first = yield* agent(pay).invoke("Pay")
      assert.deepStrictEqual([first.finish, paid], ["length", []])
      const second = yield* agent(pay).invoke(first.messages)
      assert.deepStrictEqual([second.finish, paid], ["stop", [1]])
    }).pipe(Effect.provide(layer([
      toolCalls([{ name: "pay", args: { euros: 1 } }], { finish: "length" }),
      text("Done")
    ]))))
})
