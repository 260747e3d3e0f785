// The same bytes, however they are cut and however their lines end.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema, Stream } from "effect"
import { AIMessageChunk } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { Script } from "rivulet/Testing"

const encode = (text: string) => new TextEncoder().encode(text)

/** A model that gets these pieces, one a network read. */
const reading = (pieces: ReadonlyArray<Uint8Array>) =>
  Anthropic.make({
    model: "claude-test",
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
const answer = Script.message({
  blocks: [
    { type: "thinking", tokens: ["hm ", "só"], signature: "c2ln" },
    { type: "text", tokens: text.match(/.{1,3}/gsu) ?? [] },
    { type: "tool_use", id: "t1", name: "look", args: { where: "月" } }
  ]
})
const wire = new TextDecoder().decode(Script.bytesOf(answer))

const endings: ReadonlyArray<readonly [name: string, wire: string]> = [
  ["LF", wire],
  ["CRLF", wire.replaceAll("\n", "\r\n")],
  ["CR", wire.replaceAll("\n", "\r")],
  ["all three", wire.replaceAll("\n\n", "\r\n\r").replaceAll(/\n(?=data)/g, "\r\n")],
  ["a byte order mark", `\uFEFF${wire}`],
  ["comments, ids and retries", `: hello\nretry: 10\n${wire.replaceAll("event:", ": ping\nid: 1\nevent:")}`],
  ["no space after the colon", wire.replaceAll("event: ", "event:").replaceAll("data: ", "data:")],
  ["data over several lines", wire.replaceAll(",\"index\"", ",\ndata: \"index\"")],
  ["no event names", wire.replaceAll(/event: .*\n/g, "")]
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

  it.effect.prop("for any text, by the fast path or the slow one", [Schema.String], ([said]) =>
    Effect.gen(function*() {
      const script = Script.tokens([said, "", said])
      // Another order of fields, which the fast path does not know.
      const slow = new TextDecoder().decode(Script.bytesOf(script)).replaceAll(
        /\{"type":"content_block_delta","index":0,("delta":.*)\}$/gm,
        "{$1,\"index\":0,\"type\":\"content_block_delta\"}"
      )
      const fast = yield* fold([Script.bytesOf(script)])
      assert.strictEqual(fast.content, said + said)
      assert.deepStrictEqual(yield* fold([encode(slow)]), fast)
    }))
})

describe("what is no JSON string is not taken for one", () => {
  for (const inside of ["a\tb", "a\u0000b", "a\\qb"]) {
    it.effect(JSON.stringify(inside), () =>
      Effect.gen(function*() {
        const broken = wire.replace("Grü", inside)
        const model = yield* reading([encode(broken)])
        assert.strictEqual((yield* Effect.flip(model.invoke("Hi"))).reason._tag, "MalformedResponseError")
      }))
  }

  it.effect("a frame without end is bounded", () =>
    Effect.gen(function*() {
      const piece = new Uint8Array(1024 * 1024).fill(97)
      const model = yield* reading([encode("data: "), ...Array.from({ length: 20 }, () => piece)])
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.strictEqual(error.reason._tag, "MalformedResponseError")
      assert.include(error.message, "16 MiB")
    }))

  it.effect.prop("random bytes never throw", [Schema.Array(Schema.String)], ([lines]) =>
    Effect.gen(function*() {
      const noise = lines.map((line) => `data: ${line}\n\n`).join("")
      for (const bytes of [noise, wire.slice(0, 400) + noise, noise + wire]) {
        const model = yield* reading([encode(bytes)])
        const exit = yield* Effect.exit(model.invoke("Hi"))
        if (exit._tag === "Failure") {
          for (const reason of exit.cause.reasons) assert.strictEqual(reason._tag, "Fail")
        }
      }
    }))
})
