// Estimates of tokens, and what they learn from usage.
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Schema } from "effect"
import { ChatModel, Message, TokenCount, Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { wrapperLaws } from "../support/wrapperLaws.ts"

/** Texts, and the tokens that OpenAI's tokenizer `o200k_base` makes of them. */
const counted: ReadonlyArray<readonly [text: string, tokens: number]> = [
  [
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was" +
    " the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness.",
    59
  ],
  [
    "Es war einmal ein Fischer, der lebte mit seiner Frau in einer kleinen Hütte dicht am Meer, und der Fischer ging alle " +
    "Tage hin und angelte und angelte, bis er eines Tages einen großen Butt herausholte.",
    48
  ],
  [
    "人工智能是计算机科学的一个分支，它企图了解智能的实质，并生产出一种新的能以人类智能相似的方式做出反应的智能机器。" +
    "该领域的研究包括机器人、语言识别、图像识别、自然语言处理和专家系统等。",
    64
  ],
  [
    "人工知能とは、計算という概念とコンピュータという道具を用いて知能を研究する計算機科学の一分野を指す語である。" +
    "言語の理解や推論、問題解決などの知的行動を人間に代わってコンピューターに行わせる技術。",
    76
  ],
  [
    "인공지능은 인간의 학습능력, 추론능력, 지각능력을 인공적으로 구현하려는 컴퓨터 과학의 세부 분야 중 하나이다. " +
    "정보공학 분야에 있어 하나의 인프라 기술이기도 하다.",
    55
  ],
  [
    "الذكاء الاصطناعي هو سلوك وخصائص معينة تتسم بها البرامج الحاسوبية تجعلها تحاكي القدرات الذهنية البشرية وأنماط عملها",
    36
  ]
]

const none = TokenCount.estimate("")

const anyText = Arbitrary.schema(Schema.String)

const usage = (inputTokens: number) => ({ inputTokens, outputTokens: 1, totalTokens: inputTokens + 1 })

/** A model that counts as many tokens as this for a request. */
const counting = (tokens: (text: string) => number) =>
  ScriptedChatModel.make(
    ({ messages }) => ScriptedChatModel.text("Hello", { usage: usage(tokens(JSON.stringify(messages))) }),
    { provider: "local", model: "counting" }
  )

describe("estimate", () => {
  it("is off by a good third at most from a tokenizer's count, in any script", () => {
    for (const [text, tokens] of counted) {
      const estimate = TokenCount.estimate(text) - none
      assert.isBelow(Math.abs(estimate - tokens) / tokens, 0.35, `${estimate} for ${tokens}: ${text}`)
    }
  })

  it("a sample tells the script of a long text", () => {
    for (const [text] of counted) {
      const once = TokenCount.estimate(text) - none
      const often = TokenCount.estimate(text.repeat(500)) - none
      assert.isBelow(Math.abs(often / 500 - once) / once, 0.1, text)
    }
  })

  it.prop("what is added to a request never makes it smaller", [anyText, anyText], ([a, b]) => {
    const one = TokenCount.estimate([Message.human(a)])
    assert.isAtLeast(one, none)
    assert.isAbove(TokenCount.estimate([Message.human(a), Message.ai(b)]), one)
    const parts = Message.human([{ type: "text", text: a }, Message.image({ url: "https://example.com/a.png" })])
    assert.isAbove(TokenCount.estimate(parts), one)
    const tool = { name: "look", description: b, parameters: { type: "object" } }
    assert.isAbove(TokenCount.estimate(a, { tools: [tool] }), TokenCount.estimate(a))
  })

  it("counts calls and their results, the schema of the answer and the parameters of a tool", () => {
    const call = Message.ai([{ type: "tool_call", id: "1", name: "weather", args: { city: "Paris", days: [1, 2, 3] } }])
    const result = Message.tool({ toolCallId: "1", content: "Sunny, 21 degrees, no wind at all" })
    assert.isAtLeast(TokenCount.estimate([call]) - none, 10)
    assert.isAtLeast(TokenCount.estimate([call, result]) - TokenCount.estimate([call]), 10)
    const schema = { type: "object", properties: { city: { type: "string", description: "The city".repeat(10) } } }
    const withSchema = TokenCount.estimate("Hi", { responseFormat: { type: "json_schema", schema } })
    assert.isAtLeast(withSchema - TokenCount.estimate("Hi"), JSON.stringify(schema).length / 5)
    const look = Tool.make("look", {
      description: "Looks",
      parameters: Schema.Struct({ place: Schema.String }),
      handler: () => Effect.succeed("seen")
    })
    assert.isAtLeast(TokenCount.estimate("Hi", { tools: [look] }) - TokenCount.estimate("Hi"), 15)
  })

  it("gives a number for input that a call turns down", () => {
    const circular: Record<string, unknown> = { type: "object" }
    circular["self"] = circular
    const tools = [{ name: "look", parameters: circular }]
    assert.isAbove(TokenCount.estimate([undefined as unknown as Message.Message], { tools }), 0)
  })
})

describe("withCalibration", () => {
  wrapperLaws((model) => Effect.succeed(TokenCount.withCalibration(model)))

  it.effect("estimates become those that the model reports", () =>
    Effect.gen(function*() {
      const { model } = counting((text) => Math.ceil(text.length * 0.6))
      const learning = TokenCount.withCalibration(model)
      const prompt = "How are you doing, and what is the weather like? ".repeat(20)
      const before = yield* TokenCount.estimateWith(learning, prompt)
      assert.strictEqual(before, TokenCount.estimate(prompt))
      yield* learning.invoke(prompt)
      yield* learning.batch([prompt, prompt.repeat(2), prompt.repeat(3)])
      const truth = (yield* learning.invoke(prompt)).usage!.inputTokens
      assert.isAbove(Math.abs(before - truth) / truth, 0.5)
      // By name, so that it holds for the bare model, too.
      for (const each of [learning, model]) {
        assert.isBelow(Math.abs((yield* TokenCount.estimateWith(each, prompt)) - truth) / truth, 0.15)
      }
    }).pipe(Effect.provideService(TokenCount.Calibrations, new Map())))

  it.effect("one answer that is far off moves an estimate by three tenths, and by at most four times", () =>
    Effect.gen(function*() {
      let tokens = 1000
      const { model } = counting(() => tokens)
      const learning = TokenCount.withCalibration(model)
      const prompt = "word ".repeat(800)
      const estimate = TokenCount.estimate(prompt)
      tokens = estimate
      for (let i = 0; i < 5; i++) yield* learning.invoke(prompt)
      tokens = estimate * 1000
      yield* learning.invoke(prompt)
      assert.approximately(yield* TokenCount.estimateWith(learning, prompt), estimate * (1 + 3 * 0.3), 1)
    }).pipe(Effect.provideService(TokenCount.Calibrations, new Map())))

  it.effect("counts the tools of the model's own options, and learns nothing from an answer without usage", () =>
    Effect.gen(function*() {
      const tools = [{ name: "look", description: "Looks around", parameters: { type: "object" } }]
      const { model } = ScriptedChatModel.make(() => ScriptedChatModel.text("Hello"), { options: { tools } })
      const learning = TokenCount.withCalibration(model)
      yield* learning.invoke("Hi")
      assert.strictEqual(yield* TokenCount.estimateWith(learning, "Hi"), TokenCount.estimate("Hi", { tools }))
      assert.strictEqual((yield* TokenCount.Calibrations).size, 0)
    }).pipe(Effect.provideService(TokenCount.Calibrations, new Map())))

  it.effect("wraps a layer", () =>
    Effect.gen(function*() {
      yield* ChatModel.invoke("Hi there, how are you?")
      assert.deepStrictEqual([...(yield* TokenCount.Calibrations).keys()], ["local/counting"])
    }).pipe(
      Effect.provide(TokenCount.withCalibration(Layer.succeed(ChatModel.ChatModel, counting(() => 10).model))),
      Effect.provideService(TokenCount.Calibrations, new Map())
    ))
})
