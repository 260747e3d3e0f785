// What the parsers take for the answer: reasoning in tags, examples, sources and boxes around it, cut anywhere.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema, Stream } from "effect"
import { ChatModel, Message, OutputParser, PartialJson, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { cutUp, makeRandom } from "../support/jsonTexts.ts"
import type { Parser } from "../support/parser.ts"

const saying = (slices: ReadonlyArray<string>) => ScriptedChatModel.make(() => ScriptedChatModel.text(slices)).model

const random = makeRandom(11)
const outcome = (result: Result.Result<unknown, unknown>) =>
  Result.isSuccess(result) ? result.success : (result.failure as OutputParser.OutputParserError).reason

/** Tests that a parser makes this of a text, whole and cut anywhere, invoked and streamed. */
const reads = (name: string, parser: Parser, cases: ReadonlyArray<readonly [answer: string, expected: unknown]>) => {
  for (const [answer, expected] of cases) {
    it.effect(`${name}: ${JSON.stringify(answer)}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(outcome(yield* Effect.result(parser.invoke(Message.ai(answer)))), expected)
        for (const slices of [[...answer], ...Array.from({ length: 10 }, () => cutUp(random, answer))]) {
          const chain = Runnable.sequence(saying(slices), parser)
          assert.deepStrictEqual(outcome(yield* Effect.result(chain.invoke("hi"))), expected, JSON.stringify(slices))
        }
      }))
  }
}

const Rec = Schema.Struct({ name: Schema.String })
const json = OutputParser.json()
const rec = OutputParser.schema(Rec)
const recs = OutputParser.schema(Schema.Array(Rec), { elements: true })
const numbers = OutputParser.schema(Schema.Array(Schema.Number))

describe("reasoning in tags at the start of an answer is skipped", () => {
  const blocks = (draft: string) => [
    `<think>${draft}</think>\n`,
    `\n <Think>\n${draft}\n</THINK>\n\n`,
    `<thinking>${draft}</thinking>`,
    `<reasoning>${draft} </think></reasoning> `,
    `<think>Hm</think>\n<thinking>${draft}</thinking>\n`,
    "<think></think>\n"
  ]
  const after = (draft: string, answer: string, expected: unknown) =>
    blocks(draft).map((block) => [block + answer, expected] as const)
  /** Only the closing tag is there. */
  const alone = (draft: string, answer: string, expected: unknown) =>
    ["think", "Thinking", "reasoning"].map((name) => [`Hm, ${draft} so\n</${name}>\n${answer}`, expected] as const)

  reads("json", json, [
    ...after(`{"a": 1}`, `{"b": 2}`, { b: 2 }),
    ...alone(`{"a": 1}`, `{"b": 2}`, { b: 2 }),
    ...alone("```json\n{\"a\": 1}\n```", "```json\n{\"b\": 2}\n```", { b: 2 }),
    ...alone(`{"a": `, `{"b": 2}`, { b: 2 }),
    [`<think>{"a": 1}`, "Malformed"],
    [`{"a": "<think>x</think>"}`, { a: "<think>x</think>" }],
    [`{"a": 1}\n</think>\n{"b": 2}`, { a: 1 }],
    [`See: {"a": "</think>"}.`, { a: "</think>" }],
    [`Of <think> and </think>: {"a": 1} {"b": 2}`, { a: 1 }],
    [`<thinner> {"a": 1}`, { a: 1 }]
  ])
  reads("json alone", OutputParser.json({ prose: false }), after(`{"a": 1}`, `{"b": 2}`, { b: 2 }))
  reads("schema", rec, [
    ...after(`{"name": "a"}`, `{"name": "b"}`, { name: "b" }),
    ...alone(`{"name": "a"}`, `{"name": "b"}`, { name: "b" })
  ])
  reads("elements", recs, after(`[{"name": "a"}]`, `[{"name": "b"}]`, [{ name: "b" }]))
  reads("xml", OutputParser.xml(), [
    ...after("<a>1</a>", "<a>2</a>", { a: "2" }),
    ...alone("<a>1</a>", "<a>2</a>", { a: "2" }),
    ...alone("<a>1", "<a>2</a>", { a: "2" }),
    ["<a>1</a> </think> <a>2</a>", { a: "1" }]
  ])
  reads("xml that asks for such a tag", OutputParser.xml({ root: "reasoning" }), [
    ["<reasoning>so</reasoning><answer>1</answer>", { reasoning: "so" }]
  ])
  reads("regex", OutputParser.regex(/Score: (?<score>\d)/), [
    ...after("Score: 1", "Score: 2", { score: "2" }),
    ...alone("Score: 1", "Score: 2", { score: "2" })
  ])
  reads("regex that asks for such a tag", OutputParser.regex(/<think>(?<why>.*)<\/think>/s), [
    ["<think>so</think>Hi", { why: "so" }]
  ])
  reads("comma", OutputParser.list("comma"), [
    ...after("x, y", "a, b", ["a", "b"]),
    ...alone("x, y", "a, b", ["a", "b"])
  ])
  reads("numbered", OutputParser.list("numbered"), [
    ...after("\n1. x\n2. y", "1. a\n2. b", ["a", "b"]),
    ...alone("\n1. x\n2. y", "1. a\n2. b", ["a", "b"])
  ])
  reads("markdown", OutputParser.list("markdown"), after("\n- x\n- y", "- a\n- b", ["a", "b"]))
  reads("lines", OutputParser.lines, after("x\ny", "a\nb", ["a", "b"]))
  reads("string", OutputParser.string, [
    ...after("x", "Hi <think>y</think>", "Hi <think>y</think>"),
    ["<thi", "<thi"],
    [" <", " <"],
    ["", ""]
  ])

  it.effect("by generateObject, in the text of the answer", () =>
    Effect.gen(function*() {
      for (
        const [answer] of [...after(`{"name": "a"}`, `{"name": "b"}`, ""), ...alone(`{"a":1}`, `{"name":"b"}`, "")]
      ) {
        const model = saying(cutUp(random, answer))
        const { message, value } = yield* ChatModel.generateObject("hi", { schema: Rec, method: "json" }).pipe(
          Effect.provideService(ChatModel.ChatModel, model)
        )
        assert.deepStrictEqual(value, { name: "b" }, answer)
        assert.strictEqual(message.content, answer)
      }
    }))

  it.effect("as text streams", () =>
    Effect.gen(function*() {
      const chain = Runnable.sequence(saying(["<think>", "so", "</think>\n", "Hel", "lo"]), OutputParser.string)
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("hi")), ["", "", "", "Hel", "lo", ""])
    }))
})

describe("of several values the answer is taken", () => {
  reads("json", json, [
    [`Sources:\n[1] Foo report\n\n{"a": 1}`, { a: 1 }],
    [`[1] Foo report\n\n{"a": 1}`, { a: 1 }],
    [`[1, 2]\n\n{"a": 1}`, { a: 1 }],
    [`Tasks:\n[ ] open\n\n{"a": 1}`, { a: 1 }],
    [`[]\n{"a": 1}`, { a: 1 }],
    [`{} is empty, unlike {"a": 1}`, { a: 1 }],
    ["```json\n{}\n```\nand\n```json\n{\"a\": 1}\n```", { a: 1 }],
    [`Items:\n["x"]\nin {"a": 1}`, { a: 1 }],
    ["Items:\n[1, 2].\nDone", [1, 2]],
    ["See\n[1] Foo report", "Malformed"],
    [`[1] Foo report\n{"a": 1, "b`, "Malformed"],
    ["[1] Foo report", [1]],
    [`[{"a": 1}]\nNot {"b": 2}`, [{ a: 1 }]],
    [`["a"] and {"b": 2}`, { b: 2 }],
    ["[]", []],
    ["{}", {}]
  ])
  reads("schema", rec, [
    [`Given {"draft": 1}, it is {"name": "a"}`, { name: "a" }],
    [`{"draft": 1} was given, it is {"name": "a"}`, { name: "a" }],
    ["So:\n```json\n{\"draft\": 1}\n```\nand\n```json\n{\"name\": \"a\"}\n```", { name: "a" }],
    ["```json\n{\"draft\": 1}\n{\"name\": \"a\"}\n```", { name: "a" }],
    ["It is {\"name\": \"a\"}, as in\n```json\n{\"draft\": 1}\n```", { name: "a" }],
    [`{"name": "a"}, not {"name": "b"}`, { name: "a" }],
    [`[1]\n[2] {"name": "a"}`, { name: "a" }],
    [`Given {"draft": 1}, it is {"name": `, "Malformed"],
    [`Given {"draft": 1}, it is {"name": 2}`, "Mismatch"]
  ])
  reads("schema of arrays", numbers, [
    ["Sources:\n[1] Foo\n\nIt is\n[2, 3]\n", [2, 3]],
    [`Of {"a": 1}:\n["x"]\n[2]`, [2]]
  ])
  reads("schema that {} fits", OutputParser.schema(Schema.Struct({ a: Schema.optionalKey(Schema.Number) })), [
    [`Not {} but {"a": 1}`, { a: 1 }],
    ["It is {}", {}]
  ])
  reads("elements", recs, [
    [`Sources:\n[1] Foo\n\n[{"name": "a"}, {"name": "b"}]`, [{ name: "a" }, { name: "b" }]],
    [`[1] Foo\n\n[{"name": "a"}]`, [{ name: "a" }]],
    [`Given\n[{"draft": 1}]\nit is\n[{"name": "a"}]`, [{ name: "a" }]],
    [`Given {"name": "b"}:\n[]`, []],
    [`[{"name": 1}]`, "Mismatch"],
    [`Given\n[{"name": 1}]`, "Mismatch"]
  ])

  it.effect("a number of a source is not shown, and an example until it is found not to fit", () =>
    Effect.gen(function*() {
      const cited = Runnable.sequence(saying([..."See\n[1] Foo\n{\"a\": 1}"]), json)
      assert.deepStrictEqual(yield* Stream.runCollect(cited.stream("hi")), [{ a: 1 }])
      const given = Runnable.sequence(saying(["Given {\"b\": 1}", ", it is {\"name\": \"a", "\"}"]), rec)
      assert.deepStrictEqual<unknown>(yield* Stream.runCollect(given.stream("hi")), [{ b: 1 }, { name: "a" }, {
        name: "a"
      }])
    }))

  it("cut anywhere, prose has the same values at the same places", () => {
    const tokens = [
      "{}",
      "{\"a\": 1}",
      "{\"a\": [",
      "}",
      "[1]",
      "[ ]",
      "[\"x\"]",
      "]",
      " ",
      "\n",
      "```",
      "```json\n",
      "word",
      "<think>",
      "</think>",
      "\"",
      ","
    ]
    for (let i = 0; i < 2000; i++) {
      const text = Array.from({ length: random.below(12) }, () => random.pick(tokens)).join("")
      const read = (pieces: ReadonlyArray<string>) => {
        const parser = PartialJson.parser({ prose: true })
        const values = new Map<number, unknown>()
        let at = 0
        for (const piece of pieces) {
          parser.push(piece)
          values.set(at += piece.length, parser.value())
        }
        return {
          values,
          end: Result.match(parser.end(), { onSuccess: (value) => value, onFailure: ({ reason }) => reason })
        }
      }
      const letters = read([...text])
      const cut = read(cutUp(random, text))
      assert.deepStrictEqual(cut.end, letters.end, text)
      for (const [at, value] of cut.values) assert.deepStrictEqual(value, letters.values.get(at), text.slice(0, at))
    }
  })

  it("in time in proportion to the text", () => {
    for (const token of ["{}", "[1]\n", "{", "<", "</think", " ", "{\"a\":1} ", "```\n"]) {
      const parser = PartialJson.parser({ prose: true })
      const text = token.repeat(200_000)
      const start = process.cpuUsage()
      for (let at = 0; at < text.length; at += 100) {
        parser.push(text.slice(at, at + 100))
        parser.value()
      }
      parser.end()
      assert.isBelow(process.cpuUsage(start).user, 5_000_000, token)
    }
  })
})

describe("lists as models write them", () => {
  reads("comma", OutputParser.list("comma"), [
    [`"foo, foo2", bar`, ["foo, foo2", "bar"]],
    [`a, "b ""c"", d" ,"e"`, ["a", "b \"c\", d", "e"]],
    [`"a, b`, ["\"a", "b"]],
    [`"a" b, c`, ["\"a\" b", "c"]],
    [`5" pipe, 6" pipe`, ["5\" pipe", "6\" pipe"]],
    [`"a","",`, ["a", "", ""]]
  ])
  reads("numbered", OutputParser.list("numbered"), [
    ["1. a\n   goes on\n2. b", ["a\ngoes on", "b"]],
    ["1. a\n\n\tgoes on\n\nThat is all.\n  Bye", ["a\ngoes on"]],
    ["1. a\n   - b\n2. c", ["a\n- b", "c"]],
    ["**1.** a\n**2**. b\n__3.__ c", ["a", "b", "c"]],
    ["**1. A**\n**2. B**: c", ["**A**", "**B**: c"]],
    ["1) a\n(2) b\n3\\. c\n4.d\n1.5 litres", ["a", "b", "c", "d"]]
  ])
  reads("markdown", OutputParser.list("markdown"), [
    ["- a\n  goes on\n* b\n• c\n•d\n– e\n**f**\n---", ["a\ngoes on", "b", "c", "d", "e"]]
  ])
})
