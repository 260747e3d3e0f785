import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Schema, Stream } from "effect"
import { ChatPrompt, Message, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const image = Message.image({ data: "aGk=", mediaType: "image/png" })
const file = Message.file({ text: "{a} stays {a}", name: "{a}.txt" })

describe("make", () => {
  it.effect("fills in texts, whoever says them", () =>
    Effect.gen(function*() {
      const prompt = ChatPrompt.make([["system", "Be {how}."], ["human", "{a}+{a}={{{b}}}"], ["ai", "{b}"]])
      assert.deepStrictEqual((yield* prompt.invoke({ how: "brief", a: 1, b: "two" })).messages, [
        Message.system("Be brief."),
        Message.human("1+1={two}"),
        Message.ai("two")
      ])
      assert.deepStrictEqual((yield* ChatPrompt.make("{a}{}{{}}").invoke({ a: "x", "": "y" })).messages, [
        Message.human("xy{}")
      ])
    }))

  it("fills in the texts of parts, and takes images, files and messages as they are", () => {
    const cached = { anthropic: { cache_control: { type: "ephemeral" } } }
    const result = Message.tool({ toolCallId: "call_1", content: "{a}" })
    const prompt = ChatPrompt.make([
      ["system", [{ type: "text", text: "Be {how}", providerOptions: cached }]],
      ["human", ["What is {a}?", image, file, { type: "text", text: "{b}" }]],
      ["ai", ["{b}", "!"]],
      result
    ])
    assert.deepStrictEqual(prompt.format({ how: "brief", a: "this", b: "that" }).messages, [
      Message.system([Message.text("Be brief", { providerOptions: cached })]),
      Message.human([Message.text("What is this?"), image, file, Message.text("that")]),
      Message.ai([Message.text("that"), Message.text("!")]),
      result
    ])
  })

  it("puts the messages of a placeholder in its place, as they are", () => {
    const prompt = ChatPrompt.make([["system", "s"], ChatPrompt.placeholder("past"), ["human", "{q}"]])
    const past = [Message.human("{q} {past}"), Message.ai("{{}}")]
    assert.deepStrictEqual(prompt.format({ past, q: "?" }).messages, [
      Message.system("s"),
      ...past,
      Message.human("?")
    ])
    assert.lengthOf(prompt.format({ past: [], q: "?" }).messages, 2)
  })

  const Nasty = Schema.Array(Schema.Literals(["{a}", "{b}", "{{", "}}", "{", "}", "$&", "$1", "\\", "x", "\n"]))

  it.prop("never looks at a value for variables", [Nasty, Nasty, Schema.String], ([first, second, text]) => {
    const prompt = ChatPrompt.make([["human", "<{a}|{b}|{a}>"], ["human", ["{b}"]]])
    const [a, b] = [first.join("") + text, text + second.join("")]
    const expected = [Message.human(`<${a}|${b}|${a}>`), Message.human([Message.text(b)])]
    assert.deepStrictEqual(prompt.format({ a, b }).messages, expected)
    assert.deepStrictEqual(ChatPrompt.partial(prompt, { a }).format({ b }).messages, expected)
    const shown = ChatPrompt.fewShot({ examples: [{ a, b }], human: "{a}", ai: "{b}" })
    assert.deepStrictEqual(ChatPrompt.make([...shown, ["human", "{a}"]]).format({ a: "q" }).messages, [
      Message.human(a),
      Message.ai(b),
      Message.human("q")
    ])
  })

  it.prop("can say any text", [Schema.String], ([text]) => {
    const quoted = text.replaceAll("{", "{{").replaceAll("}", "}}")
    assert.deepStrictEqual(ChatPrompt.make(quoted).format({}).messages, [Message.human(text)])
  })

  it.effect("names the variable that has no value, to callers without types", () =>
    Effect.gen(function*() {
      const prompt = ChatPrompt.make([ChatPrompt.placeholder("past"), ["human", "{topic} {toString}"]])
      const whole = { past: [], topic: "x", toString: "y" }
      const cases: ReadonlyArray<readonly [values: object, message: RegExp]> = [
        [{ ...whole, topic: undefined }, /\{topic\} has no value/],
        [{ ...whole, topic: null }, /\{topic\} has no value/],
        [{ past: [], topic: "x" }, /\{toString\} has no value/],
        [{ ...whole, past: "Hi" }, /placeholder past needs an array of messages/]
      ]
      for (const [values, message] of cases) {
        // A caller without types.
        const exit = yield* Effect.exit(prompt.invoke(values as typeof whole))
        assert.isTrue(Exit.hasDies(exit))
        assert.match(String(Exit.isFailure(exit) && exit.cause), message)
      }
      assert.lengthOf((yield* prompt.invoke(whole)).messages, 1)
    }))
})

describe("partial", () => {
  const prompt = ChatPrompt.make([["system", "Be {how}"], ChatPrompt.placeholder("past"), ["human", "{q}"]])

  it("fixes values, which nobody changes later", () => {
    const brief = ChatPrompt.partial(prompt, { how: "brief", past: [Message.human("Hi")] })
    const expected = prompt.format({ how: "brief", past: [Message.human("Hi")], q: "?" })
    assert.deepStrictEqual(brief.format({ q: "?" }), expected)
    const more = { q: "?", how: "rude" }
    assert.deepStrictEqual(brief.format(more), expected)
    assert.deepStrictEqual(ChatPrompt.partial(brief, { q: "?" }).format({}), expected)
  })

  it.effect("is a step of a chain, and tells the input it was given", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make([ScriptedChatModel.text("ok")])
      const brief = ChatPrompt.partial(prompt, { how: "brief", past: [] })
      const chain = Runnable.sequence(brief, model, OutputParser.string)
      const events = yield* Stream.runCollect(
        Runnable.streamEvents(chain, { q: "?" }, { includeTypes: ["prompt"] })
      )
      assert.deepStrictEqual(events.map((event) => [event.event, event.name, event.data]), [
        ["on_prompt_start", "ChatPromptTemplate", { input: { q: "?" } }],
        ["on_prompt_end", "ChatPromptTemplate", {
          input: { q: "?" },
          output: { messages: [Message.system("Be brief"), Message.human("?")] }
        }]
      ])
      assert.deepStrictEqual((yield* calls)[0]?.messages, [Message.system("Be brief"), Message.human("?")])
    }))
})
