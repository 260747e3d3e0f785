import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { AIMessageChunk } from "rivulet"
import type { Message } from "rivulet"
import { Script } from "rivulet/Testing"
import { available, skipped } from "../../../support/recordings.ts"
import { recorded, serve } from "../../../support/responses.ts"

const check = (message: Message.AIMessage, { canonical, reasoning }: (typeof recorded.whole)[number]) => {
  const thought = message.parts.flatMap((part) => part.type === "reasoning" ? [part.text] : [])
  assert.strictEqual(message.content, canonical.text)
  assert.strictEqual(thought.join(""), reasoning)
  assert.deepStrictEqual(
    message.toolCalls.map(({ args, id, name }) => ({ id, name, input: args })),
    canonical.toolCalls.map(({ id, input, name }) => ({ id, name, input }))
  )
  assert.strictEqual(message.finish.raw, canonical.stopReason)
  assert.deepStrictEqual(message.usage?.raw, canonical.usage)
}

describe.skipIf(!available)(`the Responses recordings${available ? "" : ` (${skipped})`}`, () => {
  for (const recording of recorded.whole) {
    describe(recording.name, () => {
      for (const cut of [undefined, 61, 1]) {
        it.live(
          `folds to what it should in pieces of ${cut ?? "any"} bytes, streamed and invoked`,
          () =>
            Effect.gen(function*() {
              const { model } = yield* serve(Script.body(recording.bytes, { cut }))
              const chunks = yield* Stream.runCollect(model.stream("Hi"))
              const folded = AIMessageChunk.toMessage(chunks)
              assert.strictEqual(chunks.filter((chunk) => chunk.finish !== undefined).length, 1)
              assert.isDefined(chunks.at(-1)?.finish)
              if (folded._tag !== "AIMessage") return assert.fail("not whole")
              check(folded, recording)
              if (cut !== undefined) return
              const message = yield* model.invoke("Hi")
              // Each request has an id of its own.
              const { requestId: _, ...metadata } = message.metadata ?? {}
              const { requestId: __, ...expected } = folded.metadata ?? {}
              assert.deepStrictEqual({ ...message, metadata }, { ...folded, metadata: expected })
            }),
          180_000
        )
      }

      it.live("cut short at twenty places it fails as truncated, with what came before", () =>
        Effect.gen(function*() {
          const text = new TextDecoder().decode(recording.bytes)
          // The first event tells the id, which makes a partial message.
          const start = text.indexOf("response.created")
          const first = new TextEncoder().encode(text.slice(0, text.indexOf("\n\n", start) + 2)).length
          const terminal = text.lastIndexOf("data: {")
          const end = new TextEncoder().encode(text.slice(0, terminal)).length
          for (let i = 0; i < 20; i++) {
            const at = Math.floor(end * i / 20)
            const { model } = yield* serve(Script.faultAt(Script.body(recording.bytes), at, Script.end))
            const seen: Array<AIMessageChunk.AIMessageChunk> = []
            const error = yield* Effect.flip(
              Stream.runForEach(model.stream("Hi"), (chunk) => Effect.sync(() => seen.push(chunk)))
            )
            assert.strictEqual(error.reason._tag, "TruncatedError")
            assert.strictEqual(error.partial?.content ?? "", AIMessageChunk.toMessage(seen).content)
            assert.isTrue(recording.canonical.text.startsWith(error.partial?.content ?? ""))
            assert.strictEqual(error.partial !== undefined, at >= first)
          }
        }), 180_000)
    })
  }

  for (const recording of recorded.failing) {
    it.live(`${recording.name} fails with the provider's error`, () =>
      Effect.gen(function*() {
        for (const cut of [undefined, 61, 1]) {
          const { model } = yield* serve(Script.body(recording.bytes, { cut }))
          const error = yield* Effect.flip(model.invoke("Hi"))
          assert.strictEqual(error.reason._tag, "QuotaExhaustedError")
          assert.include(error.message, "You exceeded your current quota")
          assert.isString(error.partial?.id)
        }
      }))
  }
})
