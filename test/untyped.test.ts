// Callers without types: other forms of messages are read, and what cannot be read is named.
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Stream } from "effect"
import { Agent, ChatHistory, ChatModel, ChatPrompt, Message } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { layer, text } = ScriptedChatModel

/** What the model got. */
const got = Effect.flatMap(
  ScriptedChatModel.ScriptedChatModel,
  ({ calls }) => Effect.map(calls, (all) => all.at(-1)?.messages)
)

const call = { id: "c1", type: "function", function: { name: "f", arguments: "{\"n\":1}" } }
const image = Message.image({ url: "https://x/y.png" })

describe("messages of other forms are read", () => {
  const user = [{ role: "user", content: "q" }, Message.human("q")] as const
  for (
    const [title, given, expected] of [
      ["system", [{ role: "system", content: "s" }, user[0]], [Message.system("s"), user[1]]],
      ["developer", [{ role: "developer", content: "s" }, user[0]], [Message.system("s"), user[1]]],
      ["user and assistant", [user[0], { role: "assistant", content: "a" }, user[0]], [
        user[1],
        Message.ai("a"),
        user[1]
      ]],
      ["roles of LangChain", [{ role: "human", content: "q" }, { role: "ai", content: "a" }], [
        user[1],
        Message.ai("a")
      ]],
      ["pairs", [["user", "q"], ["assistant", "a"], ["human", "q"], ["ai", "a"]], [
        user[1],
        Message.ai("a"),
        user[1],
        Message.ai("a")
      ]],
      ["one message", user[0], [user[1]]],
      ["parts", [{ role: "user", content: [{ type: "text", text: "q" }, image] }], [
        Message.human([Message.text("q"), image])
      ]],
      ["images of Chat Completions", [{
        role: "user",
        content: [{ type: "image_url", image_url: { url: "https://x/y.png" } }, {
          type: "image_url",
          image_url: "https://x/y.png"
        }]
      }], [Message.human([image, image])]],
      ["a call and its result", [
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", tool_call_id: "c1", content: "r" }
      ], [
        {
          ...Message.ai([{ type: "tool_call", id: "c1", name: "f", args: { n: 1 } }]),
          finish: { reason: "tool_calls", raw: "" }
        },
        Message.tool({ toolCallId: "c1", content: "r" })
      ]],
      ["a call with arguments that are no JSON", [
        { role: "assistant", content: "So", tool_calls: [{ ...call, function: { name: "f", arguments: "{" } }] },
        { role: "tool", tool_call_id: "c1", content: "r", name: "f" }
      ], [
        {
          ...Message.ai([{ type: "text", text: "So" }, {
            type: "invalid_tool_call",
            id: "c1",
            name: "f",
            text: "{",
            reason: "the arguments are not valid JSON"
          }]),
          finish: { reason: "tool_calls", raw: "" }
        },
        Message.tool({ toolCallId: "c1", name: "f", content: "r" })
      ]],
      ["a call of LangChain", [
        { role: "assistant", content: "", tool_calls: [{ id: "c1", name: "f", args: { n: 1 } }] },
        { role: "tool", tool_call_id: "c1", content: "r" }
      ], [
        {
          ...Message.ai([{ type: "tool_call", id: "c1", name: "f", args: { n: 1 } }]),
          finish: { reason: "tool_calls", raw: "" }
        },
        Message.tool({ toolCallId: "c1", content: "r" })
      ]],
      ["among messages", [Message.system("s"), user[0], Message.ai("a"), ["user", "q"]], [
        Message.system("s"),
        user[1],
        Message.ai("a"),
        user[1]
      ]]
    ] as const
  ) {
    it.effect(title, () =>
      Effect.gen(function*() {
        const input = given as unknown as ChatModel.ChatInput
        yield* ChatModel.invoke(input)
        assert.deepStrictEqual(yield* got, expected as unknown)
        yield* Stream.runDrain(Agent.make({ tools: [] }).stream(input))
        assert.deepStrictEqual(yield* got, expected as unknown)
        if (!Array.isArray(given)) return
        const prompt = ChatPrompt.make([ChatPrompt.placeholder("past")])
        yield* Effect.flatMap(prompt.invoke({ past: given as never }), (value) => ChatModel.invoke(value))
        assert.deepStrictEqual(yield* got, expected as unknown)
      }).pipe(Effect.provide(layer([text("a"), text("a"), text("a")]))))
  }
})

describe("what cannot be read is turned down with its field, before a request", () => {
  const q = Message.human("q")
  for (
    const [input, field, words] of [
      [undefined, "input", "undefined"],
      [7, "input", "7"],
      [{ messages: [q] }, "input.role", "undefined"],
      [["q"], "messages[0]", `"q"`],
      [["user", "q"], "messages[0]", `"user"`],
      [[q, null], "messages[1]", "null"],
      [[["bot", "q"]], "messages[0].role", `"bot"`],
      [[{ role: "function", name: "f", content: "r" }], "messages[0].role", `"function"`],
      [[{ role: "user" }], "messages[0].content", "undefined"],
      [[{ role: "user", content: { a: 1 } }], "messages[0].content", "an object"],
      [[["user", { a: 1 }]], "messages[0].content", "an object"],
      [[{ role: "user", content: [{ type: "input_audio" }] }], "messages[0].content[0]", "no text, image or file"],
      [[{ role: "user", content: ["q"] }], "messages[0].content[0]", "no text, image or file"],
      [[{ role: "assistant", content: { a: 1 } }], "messages[0].content", "an object"],
      [[{ role: "assistant" }], "messages[0].content", "undefined"],
      [[{ role: "assistant", content: [{ type: "image", source: {} }] }], "messages[0].content[0]", "no text"],
      [[{ role: "assistant", tool_calls: {} }], "messages[0].tool_calls", "an object"],
      [[{ role: "assistant", tool_calls: [{ id: "c1" }] }], "messages[0].tool_calls[0]", "needs an id"],
      [[{ role: "tool", content: "r" }], "messages[0].tool_call_id", "undefined"],
      [[q, { _tag: "AIMessage", content: "a" }], "messages[1]", "Message.ai"],
      [[{ _tag: "HumanMessage" }], "messages[0].content", "undefined"],
      [[{ _tag: "UserMessage", content: "q" }], "messages[0]._tag", `"UserMessage"`]
    ] as const
  ) {
    it.effect(`${field} of ${JSON.stringify(input)}`, () =>
      Effect.gen(function*() {
        const given = input as unknown as ChatModel.ChatInput
        const chat = ChatHistory.withHistory(ChatModel.runnable, { sessionId: "s" })
        for (
          const error of [
            yield* Effect.flip(ChatModel.invoke(given)),
            yield* Effect.flip(Agent.make({ tools: [], system: "s" }).invoke(given)),
            yield* Effect.flip(chat.invoke(given))
          ]
        ) {
          assert.isTrue(error._tag === "ChatModelError" && error.reason._tag === "InvalidRequestError")
          if (error._tag !== "ChatModelError" || error.reason._tag !== "InvalidRequestError") return
          assert.strictEqual(error.reason.field, field)
          assert.include(error.reason.message, words)
        }
        // A history does not keep what it could not send.
        const kept = yield* Effect.flatMap(ChatHistory.ChatHistory, ({ get }) => get("s"))
        assert.isTrue(kept.every((message) => message === q))
        assert.isUndefined(yield* got)
      }).pipe(Effect.provide([ChatHistory.layerMemory, layer([text("a")])])))
  }
})

describe("a prompt", () => {
  const defectOf = <A, E>(exit: Exit.Exit<A, E>) => Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : ""

  for (
    const [value, name] of [
      [{ a: 1 }, "an object"],
      [["a"], "an array"],
      [new Date(0), "an object"],
      [() => "a", "a function"],
      [Promise.resolve("a"), "a Promise"],
      [Symbol("a"), "Symbol(a)"]
    ] as const
  ) {
    it.effect(`names a variable that is ${name}`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(ChatPrompt.make("{x}").invoke({ x: value as unknown as string }))
        assert.include(defectOf(exit), `The prompt variable {x} is ${name}`)
      }))
  }

  it.effect("takes other plain values, and needs an input", () =>
    Effect.gen(function*() {
      const prompt = ChatPrompt.make("{x}")
      for (const value of ["a", 1, true, 10n]) {
        const { messages } = yield* prompt.invoke({ x: value as string })
        assert.deepStrictEqual(messages, [Message.human(String(value))])
      }
      for (const input of [undefined, null, "a"]) {
        assert.include(defectOf(yield* Effect.exit(prompt.invoke(input as never))), "{x} has no value")
      }
    }))

  it.effect("takes roles and messages as others write them", () =>
    Effect.gen(function*() {
      const templates = [
        { role: "system", content: "s {x}" },
        ["user", "u {x}"],
        ["assistant", ["a {x}", { type: "text", text: "b {x}" }]],
        { role: "user", content: ["c {x}", image] },
        { role: "assistant", content: "{x}", tool_calls: [call] },
        { role: "tool", tool_call_id: "c1", content: "{x}" }
      ] as unknown as ReadonlyArray<readonly ["human", "{x}"]>
      const { messages } = yield* ChatPrompt.make(templates).invoke({ x: 1 })
      assert.deepStrictEqual(messages.slice(0, 4), [
        Message.system("s 1"),
        Message.human("u 1"),
        Message.ai([Message.text("a 1"), Message.text("b 1")]),
        Message.human([Message.text("c 1"), image])
      ])
      // A call and its result are no templates.
      assert.deepStrictEqual(messages.slice(4).map((message) => message.content), ["{x}", "{x}"])
    }))

  for (
    const [templates, words] of [
      [[["bot", "a"]], `templates[0].role is "bot"`],
      [[["human", "a"], "b"], `templates[1] is "b"`],
      [[["human", { a: 1 }]], "templates[0].content is an object"],
      [[["human", [{ type: "hologram" }]]], "templates[0].content[0] is no text"],
      [[["system", [image]]], "templates[0].content[0]"],
      [[{ kind: "placeholder" }], "templates[0].role is undefined"]
    ] as const
  ) {
    it(`turns down ${JSON.stringify(templates)}`, () =>
      assert.throws(() => ChatPrompt.make(templates as unknown as readonly []), words))
  }

  it("turns down a placeholder's message with its place", () => {
    const prompt = ChatPrompt.make([ChatPrompt.placeholder("past")])
    assert.throws(() => prompt.format({ past: [["bot", "a"]] as never }), `placeholder past: messages[0].role is "bot"`)
  })
})
