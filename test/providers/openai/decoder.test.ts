// The same bytes, however they are cut, however their lines end, and whichever way a frame is read.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema, Stream } from "effect"
import { AIMessageChunk } from "rivulet"
import * as OpenAi from "rivulet/OpenAi"
import { OpenAiScript, Script } from "rivulet/Testing"

const { chat } = OpenAiScript

const encode = (text: string) => new TextEncoder().encode(text)

/** A model that gets these pieces, one a network read. */
const reading = (pieces: ReadonlyArray<Uint8Array>) =>
  OpenAi.make({
    model: "gpt-test",
    api: "chat",
    apiKey: Redacted.make("sk-test"),
    maxRetries: 0,
    // A response without a network, so that each read is known.
    fetch: () =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            start: (controller) => {
              for (const piece of pieces) controller.enqueue(piece)
              controller.close()
            }
          }),
          { headers: { "content-type": "text/event-stream" } }
        )
      )
  })

const fold = Effect.fnUntraced(function*(pieces: ReadonlyArray<Uint8Array>) {
  const model = yield* reading(pieces)
  return AIMessageChunk.toMessage(yield* Stream.runCollect(model.stream("Hi")))
})

const cutAt = (bytes: Uint8Array, cuts: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const places = [...new Set([0, ...cuts.map((cut) => Math.abs(cut) % bytes.length), bytes.length])].toSorted((a, b) =>
    a - b
  )
  return places.slice(1).map((place, i) => bytes.slice(places[i], place))
}

const text = "Grüße 🐠 \"quoted\" \\ back\u2028slash\ttab … 月の金魚"
const answer = chat.message({
  blocks: [
    { type: "reasoning", tokens: ["hm ", "so", " yes"] },
    { type: "text", tokens: text.match(/.{1,3}/gsu) ?? [] },
    { type: "tool_call", id: "t1", name: "look", args: { where: "月" } }
  ]
})
const wire = new TextDecoder().decode(Script.bytesOf(answer))

const endings: ReadonlyArray<readonly [name: string, wire: string]> = [
  ["LF", wire],
  ["CRLF", wire.replaceAll("\n", "\r\n")],
  ["CR", wire.replaceAll("\n", "\r")],
  ["a byte order mark", `\uFEFF${wire}`],
  ["comments, ids and retries", `: hello\nretry: 10\n${wire.replaceAll("data:", ": ping\nid: 1\ndata:")}`],
  ["no space after the colon", wire.replaceAll("data: ", "data:")],
  ["spaces in the JSON", wire.replaceAll(/^data: \{(.*)$/gm, "data: { $1").replaceAll("\":", "\": ")],
  ["event names", wire.replaceAll("data: ", "event: message\ndata: ")],
  ["no padding", wire.replaceAll(/,"obfuscation":"[^"]*"/g, "")]
]

describe("the same message", () => {
  for (const [name, wire] of endings) {
    const bytes = encode(wire)

    it.effect(`with ${name}, whole and byte by byte`, () =>
      Effect.gen(function*() {
        const whole = yield* fold([bytes])
        assert.strictEqual(whole._tag, "AIMessage")
        assert.strictEqual(whole.content, text)
        assert.deepStrictEqual(whole.toolCalls.map((call) => call.args), [{ where: "月" }])
        assert.deepStrictEqual(yield* fold(Array.from(bytes, (_, i) => bytes.slice(i, i + 1))), whole)
      }))

    it.effect.prop(`with ${name}, cut anywhere`, [Schema.Array(Schema.Int)], ([cuts]) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* fold(cutAt(bytes, cuts)), yield* fold([bytes]))
      }))
  }

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

  it.effect.prop("random bytes never throw", [Schema.Array(Schema.String)], ([lines]) =>
    Effect.gen(function*() {
      const noise = lines.map((line) => `data: ${line}\n\n`).join("")
      for (const bytes of [noise, wire.slice(0, 900) + noise, noise + wire]) {
        const model = yield* reading([encode(bytes)])
        const exit = yield* Effect.exit(model.invoke("Hi"))
        if (exit._tag === "Failure") {
          for (const reason of exit.cause.reasons) assert.strictEqual(reason._tag, "Fail")
        }
      }
    }))

  it.effect.prop(
    "nor does JSON of any shape",
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
