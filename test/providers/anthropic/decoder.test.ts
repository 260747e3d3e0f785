// The fast path of the Messages decoder; `test/providers/decoding.test.ts` has the cases of all wires.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { AIMessageChunk } from "rivulet"
import { Script } from "rivulet/Testing"
import { encode, responseOf } from "../../support/reads.ts"
import { messages } from "../../support/wires.ts"

const reading = (reads: ReadonlyArray<Uint8Array>) => messages.withFetch(responseOf(reads))

const fold = Effect.fnUntraced(function*(reads: ReadonlyArray<Uint8Array>) {
  const model = yield* reading(reads)
  return AIMessageChunk.toMessage(yield* Stream.runCollect(model.stream("Hi")))
})

const wire = new TextDecoder().decode(Script.bytesOf(Script.tokens(["Grü", "ße"])))

describe("the same message", () => {
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
})
