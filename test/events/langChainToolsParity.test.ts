import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Message, OutputParser, Runnable, Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import {
  ai,
  answer,
  answered,
  asked,
  chain,
  human,
  lambda,
  model,
  observed,
  question,
  run,
  same,
  says
} from "../support/expectedEvents.ts"

// What LangChain 1.4.0 tells of these chains, run by run, as it was seen.

const prompted = run("prompt", "ChatPromptTemplate", "seq:step:1", { known: { q: "hi" }, output: { messages: asked } })

describe("LangChain's events of parsers", () => {
  const text = "{\"a\":[1,2],\"b\":\"xy\"}"
  const whole = { a: [1, 2], b: "xy" }
  const values = [{}, { a: [] }, { a: [1] }, { a: [1, 2] }, { a: [1, 2], b: "" }, { a: [1, 2], b: "x" }, whole]
  const json = Runnable.sequence(question, says(text), OutputParser.json())
  same(
    "JSON: the value so far",
    json,
    { q: "hi" },
    chain("RunnableSequence", "", { raw: { q: "hi" }, chunks: values, output: whole }),
    prompted,
    model("seq:step:2", asked, text),
    // The input of this parser's end is the last chunk that it read.
    run("parser", "JsonOutputParser", "seq:step:3", { late: ai("}"), chunks: values, output: whole })
  )
  same(
    "JSON, invoked: the value",
    Runnable.fn((q: string) => json.invoke({ q })),
    "hi",
    lambda("", { raw: "hi", chunks: [whole], output: whole }),
    chain("RunnableSequence", "", { known: { q: "hi" }, output: whole }),
    prompted,
    model("seq:step:2", asked, text),
    run("parser", "JsonOutputParser", "seq:step:3", { known: ai(text), output: whole })
  )
  const items = [["a"], ["b"], ["c"]]
  same(
    "a list: item by item",
    Runnable.sequence(says("a, b, c"), OutputParser.list("comma")),
    "hi",
    chain("RunnableSequence", "", { raw: "hi", chunks: items, output: items.flat() }),
    model("seq:step:1", [human("hi")], "a, b, c"),
    run("parser", "CommaSeparatedListOutputParser", "seq:step:2", {
      late: ai("a, b, c"),
      chunks: items,
      output: items.flat()
    })
  )
  same(
    "by themselves",
    OutputParser.json(),
    Message.ai("[1]"),
    run("parser", "JsonOutputParser", "", { raw: ai("[1]"), output: [1] })
  )
})

describe("LangChain's events of tools", () => {
  const sum = Tool.make("add", {
    parameters: Schema.Struct({ x: Schema.Number, y: Schema.Number }),
    success: Schema.String,
    handler: ({ x, y }) => Effect.succeed(String(x + y))
  })
  const args = { x: 1, y: 2 }
  const summed = (tags: string) => run("tool", "add", tags, { known: args, output: "3" })

  same("by themselves", sum, args, run("tool", "add", "", { raw: args, output: "3" }))
  same(
    "in a chain",
    Runnable.sequence(Runnable.fn((_text: string) => args), sum),
    "hi",
    chain("RunnableSequence", "", { raw: "hi", chunks: ["3"], output: "3" }),
    lambda("seq:step:1", { late: "hi", chunks: [args], output: args }),
    summed("seq:step:2")
  )
  const asksAndFails = Tool.make("ask", {
    handler: () => Effect.andThen(answer("ab").invoke({ q: "hi" }), Effect.fail("no"))
  })
  same(
    "that ask a model, and fail",
    Runnable.fn((_text: string) => asksAndFails.invoke({})),
    "hi",
    lambda("", { raw: "hi" }),
    run("tool", "ask", "", { known: {} }),
    answered("ab", { known: { q: "hi" }, whole: true })
  )
  it.effect("that fail: the failure, without a stack", () =>
    Effect.gen(function*() {
      for (const step of [asksAndFails, Runnable.fn((input: object) => asksAndFails.invoke(input))]) {
        const events = yield* observed(step, {})
        const failure = events.find(({ event }) => event === "on_tool_error")
        assert.deepStrictEqual(failure?.data, { error: "no", input: {} })
      }
    }))

  const { model: calling } = ScriptedChatModel.make(({ messages }) =>
    messages.length === 1
      ? ScriptedChatModel.toolCalls([{ name: "add", args, id: "call_1" }])
      : ScriptedChatModel.text("3"), { provider: "model" })
  const silent = ["", "", "", "", ""].map(ai)
  const asks = { known: { messages: [[human("1 + 2?")]] }, chunks: silent, output: ai("") }
  const asksAgain = {
    known: { messages: [[human("1 + 2?"), ai(""), { role: "ToolMessage", content: "3" }]] },
    chunks: ["3", ""].map(ai),
    output: ai("3")
  }
  same(
    "in a loop of a function's own",
    Runnable.fn((text: string) =>
      Effect.gen(function*() {
        const messages: Array<Message.Message> = [Message.human(text)]
        while (true) {
          const said = yield* calling.invoke(messages)
          if (said.toolCalls.length === 0) return said.content
          messages.push(said)
          for (const { id } of said.toolCalls) {
            messages.push(Message.tool({ toolCallId: id, content: yield* sum.invoke(args) }))
          }
        }
      })
    ),
    "1 + 2?",
    lambda("", { raw: "1 + 2?", chunks: ["3"], output: "3" }),
    run("chat_model", "model", "", asks),
    summed(""),
    run("chat_model", "model", "", asksAgain)
  )
})
