import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import { Message, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { cutUp, makeRandom } from "../support/jsonTexts.ts"
import { available, skipped, streamCases } from "../support/langChainCases.ts"

const saying = (slices: ReadonlyArray<string>, options?: ScriptedChatModel.ReplyOptions) =>
  ScriptedChatModel.make(() => ScriptedChatModel.text(slices, options)).model

const slicesOf = (chunks: ReadonlyArray<string | { readonly content: string }>) =>
  chunks.map((chunk) => typeof chunk === "string" ? chunk : chunk.content)

describe.skipIf(!available)(`the peer's streams${available ? "" : `, ${skipped}`}`, () => {
  for (const { expected_chunks, id, input_chunks, parser, test } of streamCases) {
    if (parser === "JsonOutputParser") continue
    it.effect(`${id}, ${parser}`, () =>
      Effect.gen(function*() {
        const model = saying(slicesOf(input_chunks))
        if (parser === "StrOutputParser") {
          const chunks = yield* Stream.runCollect(Runnable.sequence(model, OutputParser.string).stream("hi"))
          // The model's last chunk, which ends the answer, is told too.
          assert.deepStrictEqual<unknown>(chunks, [...expected_chunks, ""])
          return
        }
        // The peer's parser of Markdown lists has the name of the other one.
        const items = expected_chunks as ReadonlyArray<ReadonlyArray<string>> // what such a parser streams
        const list = OutputParser.list(test.startsWith("Markdown") ? "markdown" : "numbered")
        const chain = Runnable.sequence(model, list)
        assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("hi")), items)
        assert.deepStrictEqual(yield* chain.invoke("hi"), items.flat())
      }))
  }
})

describe("list", () => {
  const texts = {
    comma: ["", " ", "a", "a, b ,c", "a,,b", ",", "koi,\ncarp", "🐠, ü"],
    numbered: ["", "1. a\n2. b\n10) c", "Here:\n\n1. a b \r\n   2.  c\nBye 3. d", "1.a\n2.", "1. a\r2. b"],
    markdown: ["", "- a\n* b\n+ c", "List:\n\n - a - b\n-c\n--- \n- [ ] d", "- a\r\n\r\n- b", "- a\n* * *\n- - -\n- b"]
  }
  const expected = {
    comma: [[], [], ["a"], ["a", "b", "c"], ["a", "", "b"], ["", ""], ["koi", "carp"], ["🐠", "ü"]],
    numbered: [[], ["a", "b", "c"], ["a b", "c"], ["a"], ["a", "b"]],
    markdown: [[], ["a", "b", "c"], ["a - b", "[ ] d"], ["a", "b"], ["a", "b"]]
  }
  const random = makeRandom(1)
  for (const form of ["comma", "numbered", "markdown"] as const) {
    it.effect(`${form}, cut anywhere`, () =>
      Effect.gen(function*() {
        for (const [i, text] of texts[form].entries()) {
          for (let round = 0; round < 10; round++) {
            const chain = Runnable.sequence(saying(cutUp(random, text)), OutputParser.list(form))
            const streamed = yield* Stream.runCollect(chain.stream("hi"))
            assert.deepStrictEqual(streamed, expected[form][i]!.map((item) => [item]), text)
            assert.deepStrictEqual(yield* chain.invoke("hi"), expected[form][i])
          }
          assert.deepStrictEqual(yield* OutputParser.list(form).invoke(Message.ai(text)), expected[form][i])
        }
      }))
  }

  it.effect("comes item by item, under the peer's names", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make([[
        ...ScriptedChatModel.text(["koi, ca", "rp, gold"]).slice(0, 2),
        ScriptedChatModel.stall
      ]])
      const chain = Runnable.sequence(model, OutputParser.list("comma"))
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(chain.stream("hi"), 2)), [["koi"], ["carp"]])
      assert.deepStrictEqual((yield* calls).map((call) => call.state), ["interrupted"])
      assert.deepStrictEqual(["comma", "numbered", "markdown"].map((form) => OutputParser.list(form as "comma").name), [
        "CommaSeparatedListOutputParser",
        "NumberedListOutputParser",
        "MarkdownListOutputParser"
      ])
    }))
})

describe("xml", () => {
  const parsed = (text: string, options?: OutputParser.XmlOptions) =>
    Effect.result(OutputParser.xml(options).invoke(Message.ai(text)))
  const found = (text: string, options?: OutputParser.XmlOptions) =>
    Effect.map(parsed(text, options), (result) => Result.isSuccess(result) ? result.success : result.failure.reason)

  it.effect("is an object of tags", () =>
    Effect.gen(function*() {
      const text = `<foo>
    <bar>
        <baz></baz>
        <baz>slim.shady</baz>
    </bar>
    <baz>tag</baz>
</foo>`
      const whole = { foo: [{ bar: [{ baz: "" }, { baz: "slim.shady" }] }, { baz: "tag" }] }
      assert.deepStrictEqual<unknown>(yield* found(text), whole)
      assert.deepStrictEqual<unknown>(yield* found(`\`\`\`xml\n${text}\n\`\`\``), whole)
      assert.deepStrictEqual<unknown>(yield* found(`Here, 1 < 2:\n${text}\nDone <b>now</b>`), whole)
      assert.deepStrictEqual<unknown>(yield* found(`<?xml version="1.0"?><!DOCTYPE foo><!-- a > b -->${text}`), whole)
    }))

  it.effect("is read as models write it", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [text: string, value: unknown]> = [
        ["<a/>", { a: "" }],
        ["<a><b/><b c='1' d=\"x > y\">2</b></a>", { a: [{ b: "" }, { b: "2" }] }],
        ["<a>1 < 2 & 3 &lt; 4 &amp;&#38;&#x1F420; &nope; &</a>", { a: "1 < 2 & 3 < 4 &&🐠 &nope; &" }],
        ["<a>if x<y and <<</a>", { a: "if x<y and <<" }],
        ["<a>x <1> y</a>", { a: "x <1> y" }],
        ["<a><![CDATA[<b>]]&gt;]]></a>", { a: "<b>]]&gt;" }],
        ["<a>one<!-- two --->three</a>", { a: "onethree" }],
        ["<a> one <!-- - -- --> two </a>", { a: "one  two" }],
        ["<!-- <a>no</a> --><b>yes</b>", { b: "yes" }],
        ["<a>é🐠</a>", { a: "é🐠" }],
        ["<__proto__><b>1</b></__proto__>", JSON.parse("{\"__proto__\": [{\"b\": \"1\"}]}")],
        ["<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", { a: "&b;" }],
        ["<a:b>1</a:b >", { "a:b": "1" }],
        ["no tags", "Malformed"],
        ["<a><b></a>", "Malformed"],
        ["<a><b>1</b>", "Malformed"]
      ]
      for (const [text, value] of cases) assert.deepStrictEqual<unknown>(yield* found(text), value, text)
      assert.deepStrictEqual<unknown>(yield* found("<i>See</i> <a>1</a>", { root: "a" }), { a: "1" })
      assert.strictEqual(yield* found("<a><a><a></a></a></a>", { maxDepth: 2 }), "TooLarge")
      assert.strictEqual(yield* found("<a>12345678</a>", { maxLength: 10 }), "TooLarge")
    }))

  it.effect("streams what came of it, the last being the whole", () =>
    Effect.gen(function*() {
      const slices = ["Sure: <fi", "sh><na", "me>k", "oi", " ", "</name>\n<size", ">3", "</size>", "</fish> and so on"]
      const chain = Runnable.sequence(saying(slices), OutputParser.xml())
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("hi")), [
        { fish: "" },
        { fish: [{ name: "k" }] },
        { fish: [{ name: "koi" }] },
        { fish: [{ name: "koi" }, { size: "3" }] }
      ])
    }))

  it.effect("gives the same whole, or failure, of any text cut anywhere, and never changes what was shown", () =>
    Effect.gen(function*() {
      const random = makeRandom(3)
      const tokens = [
        "<a>",
        "</a>",
        "<b>",
        "</b>",
        "<a",
        ">",
        "<",
        "</",
        "/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "&amp;",
        "&",
        ";",
        " ",
        "text",
        "🐠",
        "\n",
        "=\"",
        "\"",
        "<?",
        "?>"
      ]
      let whole = 0
      for (let i = 0; i < 3000; i++) {
        const inner = Array.from({ length: random.below(10) }, () => random.pick(tokens)).join("")
        const text = i % 2 === 0 ? `<r>${inner}</r>` : inner
        const expected = yield* parsed(text)
        const shown: Array<readonly [value: unknown, copy: unknown]> = []
        const streamed = yield* Effect.result(
          Stream.fromIterable(cutUp(random, text)).pipe(
            Stream.map((content) => ({ _tag: "AIMessageChunk", id: "", content, parts: [] }) as const),
            OutputParser.xml().transform,
            Stream.runForEach((value) => Effect.sync(() => shown.push([value, structuredClone(value)])))
          )
        )
        if (Result.isSuccess(expected)) {
          whole++
          assert.isTrue(Result.isSuccess(streamed), text)
          assert.deepStrictEqual(shown.at(-1)?.[0], expected.success, text)
        } else {
          assert.strictEqual(expected.failure._tag, "OutputParserError")
          const failure = Result.getOrThrow(Result.flip(streamed))
          assert.deepStrictEqual(
            [failure.reason, failure.issues],
            [expected.failure.reason, expected.failure.issues],
            text
          )
        }
        for (const [value, copy] of shown) assert.deepStrictEqual(value, copy)
      }
      assert.isAbove(whole, 500)
    }))

  it.effect("says what is missing, and where", () =>
    Effect.gen(function*() {
      const cut = yield* Effect.flip(
        Runnable.sequence(saying(["<fish><name>ko"], { finish: "length" }), OutputParser.xml()).invoke("hi")
      )
      assert(cut._tag === "OutputParserError")
      assert.deepStrictEqual([cut.reason, cut.expected], ["CutOff", "XML"])
      assert.deepStrictEqual(cut.issues[0]?.path, ["fish", "name"])
      assert.include(cut.message, "Expected </name>")
    }))
})

describe("regex", () => {
  const message = Message.ai("Score: 7\nReason: it\nswims")

  it.effect("gives the groups, by keys or by their names", () =>
    Effect.gen(function*() {
      const byKeys = OutputParser.regex(/Score: (\d+)\s+Reason: (.*?)(!)?$/s, { keys: ["score", "reason", "mark"] })
      assert.deepStrictEqual(yield* byKeys.invoke(message), { score: "7", reason: "it\nswims", mark: "" })
      const byNames = OutputParser.regex(/Score: (?<score>\d+)/g)
      // The pattern is global; each answer is looked at from its start.
      for (let i = 0; i < 2; i++) assert.deepStrictEqual(yield* byNames.invoke(message), { score: "7" })
      const chain = Runnable.sequence(saying(["Sco", "re: 7", "!"]), byNames)
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("hi")), [{ score: "7" }])
    }))

  it.effect("fails where nothing matches, or the answer was cut off or refused", () =>
    Effect.gen(function*() {
      const parser = OutputParser.regex(/Score: (\d+)/, { keys: ["score"] })
      const reasonOf = Effect.fnUntraced(function*(answer: string, end?: "length" | "refusal") {
        const model = saying([answer], end === undefined ? {} : { finish: end })
        const error = yield* Effect.flip(Runnable.sequence(model, parser).invoke("hi"))
        assert(error._tag === "OutputParserError")
        return error.reason
      })
      assert.strictEqual(yield* reasonOf("No"), "Malformed")
      assert.strictEqual(yield* reasonOf("Score: 1", "length"), "CutOff")
      assert.strictEqual(yield* reasonOf("Score: 1", "refusal"), "Refusal")
    }))
})
