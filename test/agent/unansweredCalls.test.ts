// Providers refuse a conversation in which a tool call has no result, or a result stands elsewhere than behind its call.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { Agent, ChatHistory, ChatModel, Message, Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { layer, make, text, toolCalls } = ScriptedChatModel

const pay = Tool.make("pay", { success: Schema.String, handler: () => Effect.succeed("Paid") })
const agent = Agent.make({ tools: [pay] })

const calling = (...ids: ReadonlyArray<string>) =>
  Message.ai(ids.map((id) => ({ type: "tool_call", id, name: "pay", args: {} })))
const result = (toolCallId: string, content = toolCallId) => Message.tool({ toolCallId, name: "pay", content })
const notRun = (toolCallId: string) =>
  Message.tool({ toolCallId, name: "pay", content: "This call was not run", isError: true })
const yes = Message.human("Yes")
const no = Message.human("No")

/** What the last request had. */
const sent = Effect.flatMap(
  ScriptedChatModel.ScriptedChatModel,
  ({ calls }) => Effect.map(calls, (all) => all.at(-1)?.messages)
)

const conversations: ReadonlyArray<
  readonly [
    title: string,
    given: ReadonlyArray<Message.Message>,
    sent: ReadonlyArray<Message.Message>
  ]
> = [
  ["no result", [yes, calling("1"), no], [yes, calling("1"), notRun("1"), no]],
  ["one result of two", [calling("1", "2"), result("2"), no], [calling("1", "2"), result("2"), notRun("1"), no]],
  ["a result behind a message", [calling("1", "2"), result("1"), no, result("2")], [
    calling("1", "2"),
    result("1"),
    result("2"),
    no
  ]],
  ["calls in a row", [calling("1"), calling("2"), no], [calling("1"), notRun("1"), calling("2"), notRun("2"), no]],
  ["an id that comes again in a later answer", [calling("1"), result("1", "a"), calling("1"), no], [
    calling("1"),
    result("1", "a"),
    calling("1"),
    notRun("1"),
    no
  ]],
  [
    "results of which the call was trimmed off",
    [Message.system("Hi"), result("0"), yes, calling("1"), result("1"), no],
    [
      Message.system("Hi"),
      yes,
      calling("1"),
      result("1"),
      no
    ]
  ],
  ["arguments that cannot be read", [
    Message.ai([{ type: "invalid_tool_call", id: "1", name: "pay", text: "{", reason: "cut off" }]),
    no
  ], [
    Message.ai([{ type: "invalid_tool_call", id: "1", name: "pay", text: "{", reason: "cut off" }]),
    notRun("1"),
    no
  ]]
]

describe("an agent answers calls that were left open, for the model", () => {
  for (const [title, given, expected] of conversations) {
    it.effect(title, () =>
      Effect.gen(function*() {
        const { messages } = yield* agent.invoke(given)
        assert.deepStrictEqual(yield* sent, expected)
        assert.deepStrictEqual(messages.slice(0, -1), expected)
      }).pipe(Effect.provide(layer([text("Fine")]))))
  }

  it.effect("those at the end of trusted messages are run, also behind others that are answered", () =>
    Effect.gen(function*() {
      yield* agent.invoke(Agent.trusted([calling("1"), no, calling("2", "3"), result("2")]))
      assert.deepStrictEqual(yield* sent, [
        calling("1"),
        notRun("1"),
        no,
        calling("2", "3"),
        result("2"),
        result("3", "Paid")
      ])
    }).pipe(Effect.provide(layer([text("Fine")]))))

  for (
    const [title, before] of [
      [
        "a suspended run",
        Effect.map(Agent.make({ tools: [pay], approve: () => "suspend" }).invoke("Pay"), ({ messages }) => messages)
      ],
      ["a run that a limit cut off", Effect.map(agent.invoke("Pay"), ({ messages }) => messages)],
      [
        "a run that was left",
        Effect.map(
          Stream.runCollect(Stream.takeUntil(agent.stream("Pay"), (chunk) => "finish" in chunk)),
          () => [Message.human("Pay"), calling("call_1")]
        )
      ]
    ] as const
  ) {
    it.effect(`${title} goes on with another message`, () =>
      Effect.gen(function*() {
        const messages = yield* before.pipe(Effect.provideService(
          ChatModel.ChatModel,
          make([
            toolCalls([{ name: "pay", args: {} }], { finish: title.includes("limit") ? "length" : "tool_calls" })
          ]).model
        ))
        const { content } = yield* agent.invoke([...messages, no])
        assert.strictEqual(content, "Fine")
        assert.deepStrictEqual((yield* sent)?.slice(2), [notRun("call_1"), no])
      }).pipe(Effect.provide(layer([text("Fine")]))))
  }
})

describe("a history does the same, and stores what was said as it was", () => {
  for (const [title, given, expected] of conversations) {
    it.effect(title, () =>
      Effect.gen(function*() {
        const history = yield* ChatHistory.ChatHistory
        const stored = given.filter(({ _tag }) => _tag !== "SystemMessage")
        const system = given.slice(0, given.length - stored.length)
        yield* history.append("s", stored.slice(0, -1))
        yield* ChatHistory.withHistory(ChatModel.runnable, { sessionId: "s" }).invoke([...system, ...stored.slice(-1)])
        assert.deepStrictEqual(yield* sent, expected)
        assert.deepStrictEqual((yield* history.get("s")).slice(0, -1), stored)
      }).pipe(Effect.provide([ChatHistory.layerMemory, layer([text("Fine")])])))
  }
})

describe("a model", () => {
  for (
    const [title, given, field] of [
      ["a call without a result", [yes, calling("1"), no], "messages[1]"],
      ["a call at the end", [yes, calling("1")], "messages[1]"],
      ["one of two", [yes, calling("1", "2"), result("1"), no], "messages[1]"],
      ["the first of two answers", [calling("1"), yes, calling("2"), result("2")], "messages[0]"],
      ["an id that comes again", [calling("1"), result("1"), calling("1"), no], "messages[2]"]
    ] as const
  ) {
    it.effect(`turns down ${title}`, () =>
      Effect.gen(function*() {
        const { reason } = yield* Effect.flip(ChatModel.invoke(given))
        assert.isTrue(reason._tag === "InvalidRequestError")
        if (reason._tag === "InvalidRequestError") assert.strictEqual(reason.field, field)
        assert.include(reason.message, "has no result")
        assert.isUndefined(yield* sent)
      }).pipe(Effect.provide(layer([text("Fine")]))))
  }

  it.effect("gets a result behind its call, wherever it stood", () =>
    Effect.gen(function*() {
      yield* ChatModel.invoke([yes, calling("1", "2"), result("2"), no, result("1")])
      assert.deepStrictEqual(yield* sent, [yes, calling("1", "2"), result("2"), result("1"), no])
    }).pipe(Effect.provide(layer([text("Fine")]))))
})

const others = { human: Message.human("x"), system: Message.system("x"), ai: Message.ai("x") }

/** A conversation of calls, results of any of them, and other messages, in any order. */
const Moves = Schema.Array(Schema.Union([
  Schema.Struct({ call: Schema.Array(Schema.Literals(["1", "2", "3"])) }),
  Schema.Struct({ result: Schema.Literals(["1", "2", "3"]) }),
  Schema.Literals(["human", "system", "ai"])
]))

it.effect.prop(
  "in any conversation that an agent sends, the results of an answer follow it, one for each call",
  [Moves],
  ([moves]) =>
    Effect.gen(function*() {
      const open = new Set<string>()
      const given = moves.flatMap((move): ReadonlyArray<Message.Message> => {
        if (typeof move === "string") return [others[move]]
        if ("call" in move) {
          return move.call.length === 0
            ? []
            : [calling(...new Set(move.call.map((id) => (open.add(id), id))))]
        }
        return open.delete(move.result) ? [result(move.result)] : []
      })
      yield* agent.invoke([...given, no])
      const messages = (yield* sent) ?? []
      assert.lengthOf(
        messages.filter(({ _tag }) => _tag !== "ToolMessage"),
        given.filter(({ _tag }) => _tag !== "ToolMessage").length + 1
      )
      for (const [i, message] of messages.entries()) {
        if (message._tag === "ToolMessage") continue
        const end = messages.findIndex(({ _tag }, j) => j > i && _tag !== "ToolMessage")
        const results = messages.slice(i + 1, end === -1 ? undefined : end)
        assert.deepStrictEqual(
          results.map((each) => each._tag === "ToolMessage" ? each.toolCallId : "").toSorted(),
          message._tag === "AIMessage" ? message.toolCalls.map(({ id }) => id).toSorted() : []
        )
      }
    }).pipe(Effect.provide(layer([text("Fine")])))
)
