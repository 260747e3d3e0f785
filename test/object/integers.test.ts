// Numbers that a double cannot hold: integers beyond 2^53 and numbers such as 1e400, in answers and in tool calls.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Result, Schema, Stream } from "effect"
import { Agent, ChatModel, Message, OutputParser, PartialJson, Runnable, Tool } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
import { AnthropicServer, OpenAiScript, OpenAiServer, Script, ScriptedChatModel } from "rivulet/Testing"
import { cutUp, makeRandom } from "../support/jsonTexts.ts"

const { chunk, finish, text } = ScriptedChatModel
const long = "2512292042121000001"
const rounded = Number(long)
const random = makeRandom(8)

const saying = (slices: ReadonlyArray<string>) => ScriptedChatModel.make(() => text(slices)).model

/** The calls of one answer, with these texts as their arguments. */
const calls = (...args: ReadonlyArray<string>) => [
  ...args.map((args, index) =>
    chunk({
      _tag: "AIMessageChunk",
      id: "",
      content: "",
      parts: [{ type: "tool_call", index, id: `c${index}`, name: "find", args, end: true }]
    })
  ),
  finish("tool_calls")
]

const mismatch = /too long: a number holds integers up to 2\^53 exactly/

describe("in an answer", () => {
  const cases: ReadonlyArray<readonly [schema: Schema.Codec<unknown, unknown>, answer: string, expected: unknown]> = [
    [Schema.BigInt, long, BigInt(long)],
    [Schema.BigInt, `-${long}`, -BigInt(long)],
    [Schema.BigInt, "42", 42n],
    [Schema.BigInt, `"${long}"`, BigInt(long)],
    [Schema.BigInt, "9".repeat(400), BigInt("9".repeat(400))],
    [Schema.BigInt, "1.5", "Expected string"],
    [Schema.Struct({ n: Schema.BigInt }), `{"n": ${long}}`, { n: BigInt(long) }],
    [Schema.Struct({ n: Schema.BigInt }), `{"n": ${long}, "n": 5}`, { n: 5n }],
    [Schema.Array(Schema.BigInt), `[1, ${long}, 2]`, [1n, BigInt(long), 2n]],
    [Schema.Struct({ a: Schema.Struct({ n: Schema.NullOr(Schema.BigInt) }) }), `{"a": {"n": ${long}}}`, {
      a: { n: BigInt(long) }
    }],
    [Schema.Union([Schema.Number, Schema.BigInt]), long, BigInt(long)],
    [
      Schema.Record(Schema.String, Schema.BigInt),
      `{"__proto__": ${long}}`,
      JSON.parse(`{"__proto__": 0}`, (_, value) => value === 0 ? BigInt(long) : value)
    ],
    [Schema.Struct({ n: Schema.Number }), `{"n": ${long}}`, mismatch],
    [Schema.Struct({ n: Schema.Int }), `{"n": ${long}}`, mismatch],
    [Schema.Struct({ n: Schema.optionalKey(Schema.Number) }), `{"n": ${long}}`, mismatch],
    [Schema.Struct({ n: Schema.Number }), `{"n": 9007199254740992}`, { n: 2 ** 53 }],
    [Schema.Struct({ n: Schema.Number }), `{"n": 9007199254740993}`, mismatch],
    [Schema.Struct({ n: Schema.Number }), `{"n": 1e20}`, { n: 1e20 }],
    [Schema.Struct({ n: Schema.Number }), `{"n": 0.12345678901234567890}`, { n: 0.12345678901234568 }],
    [Schema.Struct({ n: Schema.Number }), `{"n": 1e400}`, "Expected number"],
    [Schema.Struct({ n: Schema.Number }), `{"n": "NaN"}`, "Expected number"],
    [Schema.Struct({ n: Schema.NullOr(Schema.Number) }), `{"n": "Infinity"}`, "Expected number | null"],
    [Schema.Array(Schema.Number), `["-Infinity"]`, "Expected number"],
    [Schema.Struct({ n: Schema.String }), `{"n": "NaN"}`, { n: "NaN" }],
    [Schema.Json, `{"n": ${long}}`, { n: rounded }]
  ]
  const outcome = <E>(result: Result.Result<unknown, E>, expected: unknown, name: string) => {
    if (Result.isSuccess(result)) return assert.deepStrictEqual<unknown>(result.success, expected, name)
    const error = result.failure
    assert(error instanceof OutputParser.OutputParserError)
    assert.strictEqual(error.reason, "Mismatch")
    const message = error.issues[0]?.message ?? ""
    if (expected instanceof RegExp) assert.match(message, expected)
    else assert.strictEqual(message, expected)
  }
  for (const [schema, answer, expected] of cases) {
    it.effect(`${answer.slice(0, 50)} is ${String(expected).slice(0, 50)}`, () =>
      Effect.gen(function*() {
        const parser = OutputParser.schema(schema)
        outcome(yield* Effect.result(parser.invoke(Message.ai(answer))), expected, answer)
        for (
          const slices of [[...answer], cutUp(random, answer), cutUp(random, `It is:\n\`\`\`json\n${answer}\n\`\`\``)]
        ) {
          outcome(yield* Effect.result(Runnable.sequence(saying(slices), parser).invoke("hi")), expected, answer)
        }
        // Object generation wraps what is no object.
        const object = /^[[{]/.test(answer) && !answer.startsWith("[") && schema !== Schema.Json
          ? answer
          : `{"value": ${answer}}`
        for (const slices of [[object], [...object]]) {
          const generated = ChatModel.generateObject("hi", { schema, method: "json" }).pipe(
            Effect.map(({ value }) => value),
            Effect.provideService(ChatModel.ChatModel, saying(slices)),
            Effect.result
          )
          outcome(yield* generated, expected, object)
        }
      }))
  }

  it.effect("each element of an array is exact", () =>
    Effect.gen(function*() {
      const parser = OutputParser.schema(Schema.Array(Schema.BigInt), { elements: true })
      for (const slices of [[`[1, ${long}, ${long}]`], [...`[1, ${long}, ${long}]`]]) {
        const chain = Runnable.sequence(saying(slices), parser)
        assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("hi")), [1n, BigInt(long), BigInt(long)])
      }
    }))

  it("PartialJson gives what JSON.parse gives, and null for what is no number", () => {
    assert.deepStrictEqual(Result.getOrThrow(PartialJson.parseResult(`[${long}, 1e400, -1e400, 1e30`)), [
      rounded,
      null,
      null,
      1e30
    ])
    assert.strictEqual(Result.getOrThrow(PartialJson.parseResult("1e400")), null)
  })
})

describe("in a tool call", () => {
  const run = Effect.fnUntraced(function*(parameters: Schema.Codec<unknown, unknown>, args: string) {
    const got: Array<unknown> = []
    const find = Tool.make("find", {
      parameters,
      success: Schema.String,
      handler: (parameters) => Effect.sync(() => (got.push(parameters), "ok"))
    })
    const { messages } = yield* Agent.make({ tools: [find] }).invoke("hi").pipe(
      Effect.provideService(ChatModel.ChatModel, ScriptedChatModel.make([calls(args), text("done")]).model)
    )
    return {
      got,
      told: messages.flatMap((message) => message._tag === "ToolMessage" ? [message.content] : []),
      messages
    }
  })

  it.effect("a bigint is exact", () =>
    Effect.gen(function*() {
      for (const id of [Schema.BigInt, Schema.optionalKey(Schema.BigInt), Schema.NullOr(Schema.BigInt)]) {
        const { got } = yield* run(Schema.Struct({ id }) as Schema.Codec<unknown, unknown>, `{"id":${long}}`)
        assert.deepStrictEqual(got, [{ id: BigInt(long) }])
      }
      const nested = Schema.Struct({ ids: Schema.Array(Schema.Struct({ id: Schema.BigInt })) })
      assert.deepStrictEqual((yield* run(nested, `{"ids":[{"id":7},{"id":${long}}]}`)).got, [
        { ids: [{ id: 7n }, { id: BigInt(long) }] }
      ])
    }))

  it.effect("the model is told of a number that would be rounded, and of one that is none", () =>
    Effect.gen(function*() {
      const number = Schema.Struct({ id: Schema.Number })
      const { got, told } = yield* run(number, `{"id":${long}}`)
      assert.deepStrictEqual(got, [])
      assert.match(String(told[0]), mismatch)
      assert.include(String(told[0]), long)
      assert.deepStrictEqual((yield* run(number, `{"id":"NaN"}`)).got, [])
      assert.deepStrictEqual((yield* run(number, `{"id":1e400}`)).got, [])
      assert.deepStrictEqual((yield* run(number, `{"id":9007199254740992}`)).got, [{ id: 2 ** 53 }])
    }))

  it.effect("the message has the text only where the value is not exact", () =>
    Effect.gen(function*() {
      for (
        const [args, text] of [
          [`{"id":${long}}`, true],
          [`{"id":1e400}`, true],
          [`{"id":12}`, false],
          [`{"id":"${long} \\" ${long}"}`, false],
          [`{"id":9007199254740992}`, false]
        ] as const
      ) {
        const { messages } = yield* run(Schema.Struct({ id: Schema.Json }), args)
        const [part] = messages.flatMap((message) => message._tag === "AIMessage" ? message.parts : [])
        assert(part?.type === "tool_call")
        assert.strictEqual(part.text, text ? args : undefined)
        const codec = Schema.toCodecJson(Message.ToolCall)
        assert.deepStrictEqual(
          Schema.decodeUnknownSync(codec)(JSON.parse(JSON.stringify(Schema.encodeSync(codec)(part)))),
          part
        )
      }
    }))

  const part = {
    type: "tool_call" as const,
    id: "c1",
    name: "find",
    args: { id: rounded, "#": ["a"] },
    text: `{ "id": ${long}, "#": ["a"]}`
  }
  const conversation = (call: Message.ToolCall) => [
    Message.human("hi"),
    Message.aiMessage({ id: "", content: "", parts: [call], finish: { reason: "tool_calls", raw: "" } }),
    Message.tool({ toolCallId: "c1", content: "ok" })
  ]

  it.live("goes back to Anthropic and OpenAI as it was written", () =>
    Effect.gen(function*() {
      const bodies: Array<string> = []
      const fetch: typeof globalThis.fetch = (url, init) => {
        bodies.push(String(init?.body))
        return globalThis.fetch(url, init)
      }
      const options = { model: "m", apiKey: Redacted.make("k"), fetch }
      const anthropic = yield* AnthropicServer.make({ script: Script.text("ok") })
      const claude = yield* Anthropic.make({ ...options, baseUrl: anthropic.url })
      yield* claude.invoke(conversation(part))
      assert.include(bodies.pop(), `"input":{"id":${long},"#":["a"]}`)
      const ok = { chat: OpenAiScript.chat.text("ok"), responses: OpenAiScript.responses.text("ok") }
      for (const api of ["chat", "responses"] as const) {
        const openai = yield* OpenAiServer.make({ script: ok[api] })
        const model = yield* OpenAi.make({ ...options, api, baseUrl: openai.url })
        yield* model.invoke(conversation(part))
        assert.include(bodies.pop(), JSON.stringify(part.text))
        // The app has changed the arguments since.
        yield* model.invoke(conversation({ ...part, args: { id: 7 } }))
        assert.include(bodies.pop(), JSON.stringify(`{"id":7}`))
      }
    }).pipe(Effect.scoped))
})
