// The fast path of the Chat Completions decoder; `test/providers/decoding.test.ts` has the cases of all wires.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { AIMessageChunk } from "rivulet"
import { OpenAiScript, Script } from "rivulet/Testing"
import { encode, responseOf } from "../../support/reads.ts"
import { chatCompletions } from "../../support/wires.ts"

const { chat } = OpenAiScript

const reading = (reads: ReadonlyArray<Uint8Array>) => chatCompletions.withFetch(responseOf(reads))

const fold = Effect.fnUntraced(function*(reads: ReadonlyArray<Uint8Array>) {
  const model = yield* reading(reads)
  return AIMessageChunk.toMessage(yield* Stream.runCollect(model.stream("Hi")))
})

const wire = new TextDecoder().decode(Script.bytesOf(chat.tokens(["Grü", "ße"])))

describe("the same message", () => {
  it.effect.prop(
    "for any text, by the fast path or the slow one",
    [Schema.Array(Schema.String), Schema.Array(Schema.String)],
    ([thought, said]) =>
      Effect.gen(function*() {
        const script = chat.message({
          blocks: [{ type: "reasoning", tokens: thought }, { type: "text", tokens: said }, {
            type: "text",
            tokens: ["a", "b", ...said]
          }]
        })
        // A field that is new in each chunk leaves nothing to learn.
        let i = 0
        const slow = new TextDecoder().decode(Script.bytesOf(script)).replaceAll("data: {", () =>
          `data: {"created":${i++},`)
        const fast = yield* fold([Script.bytesOf(script)])
        assert.strictEqual(fast.content, [...said, "a", "b", ...said].join(""))
        assert.deepStrictEqual(yield* fold([encode(slow)]), fast)
      })
  )

  it.effect("when what is the same in every chunk changes, and changes back", () =>
    Effect.gen(function*() {
      const chunk = (content: string, more: object) =>
        `data: ${
          JSON.stringify({
            id: "c1",
            choices: [{ index: 0, delta: { content }, finish_reason: null }],
            service_tier: "default",
            ...more
          })
        }\n\n`
      const end = `data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`
      const tiers = ["default", "default", "flex", "default", "default"]
      const body = tiers.map((service_tier, i) => chunk(String(i), { service_tier })).join("") + end
      const model = yield* reading([encode(body)])
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      assert.strictEqual(AIMessageChunk.toMessage(chunks).content, "01234")
      assert.deepStrictEqual(
        chunks.flatMap(({ metadata }) => metadata?.["service_tier"] ?? []),
        ["default", "flex", "default"]
      )
    }))
})

describe("what is no JSON string is not taken for one", () => {
  for (const inside of ["a\tb", "a\u0000b", "a\\qb"]) {
    it.effect(JSON.stringify(inside), () =>
      Effect.gen(function*() {
        // After chunks that are learnt from.
        const plain = new TextDecoder().decode(Script.bytesOf(chat.tokens(["one", "two", "three", "four"])))
        const model = yield* reading([encode(plain.replace("four", inside))])
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(error.reason._tag, "MalformedResponseError")
        assert.strictEqual(error.partial?.content, "onetwothree")
      }))
  }

  it.effect.prop(
    "JSON of any shape never throws",
    [Schema.Json, Schema.Json, Schema.Json],
    ([a, b, c]) =>
      Effect.gen(function*() {
        const frames = [
          a,
          { choices: a, usage: b, error: null },
          { id: "x", choices: [{ delta: a, finish_reason: b }] },
          { id: "x", choices: [{ delta: { content: a, tool_calls: b, reasoning_details: c, annotations: a } }] },
          { id: "x", choices: [{ delta: { tool_calls: [a, { index: b, id: c, function: a }] }, logprobs: b }] }
        ]
        for (const frame of frames) {
          const model = yield* reading([encode(`data: ${JSON.stringify(frame)}\n\n`), encode(wire)])
          const exit = yield* Effect.exit(model.invoke("Hi"))
          if (exit._tag === "Failure") {
            for (const reason of exit.cause.reasons) assert.strictEqual(reason._tag, "Fail")
          }
        }
      })
  )
})
