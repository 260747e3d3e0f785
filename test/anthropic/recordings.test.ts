import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { AIMessageChunk, ChatModel } from "rivulet"
import type { Message } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { AnthropicServer, Script } from "rivulet/Testing"
import { available, recordings, skipped } from "../support/recordings.ts"
import type { Canonical } from "../support/recordings.ts"

const model = (baseUrl: string) =>
  Anthropic.layer({ model: "recorded", apiKey: Redacted.make("sk-test"), baseUrl, maxRetries: 0 })

/** Serves bytes over a socket, in pieces of at most `cut`. */
const served = (script: Script.Script) =>
  Effect.gen(function*() {
    const server = yield* AnthropicServer.make({ script })
    return model(server.url)
  })

const check = (message: Message.AIMessage, canonical: Canonical) => {
  const reasoning = message.parts.flatMap((part) => part.type === "reasoning" ? [part.text] : [])
  assert.strictEqual(message.content, canonical.text)
  assert.strictEqual(reasoning.join(""), canonical.reasoning.join(""))
  assert.deepStrictEqual(
    message.toolCalls.map(({ args, id, name }) => ({ id, name, input: args })),
    canonical.toolCalls.map(({ id, input, name }) => ({ id, name, input }))
  )
  assert.deepStrictEqual(
    message.parts.flatMap((part) =>
      part.type === "server_tool_call" ? [{ id: part.id, name: part.name, input: part.args }] : []
    ),
    (canonical.serverToolCalls ?? []).map(({ id, input, name }) => ({ id, name, input }))
  )
  assert.strictEqual(message.finish.raw, canonical.stopReason)
  assert.deepStrictEqual(message.usage?.raw, canonical.usage)
}

describe.skipIf(!available)(`the Anthropic recordings${available ? "" : ` (${skipped})`}`, () => {
  for (const recording of recordings("messages")) {
    describe(recording.name, () => {
      for (const cut of [undefined, 61, 1]) {
        it.live(
          `folds to what it should in pieces of ${cut ?? "any"} bytes, streamed and invoked`,
          () =>
            Effect.gen(function*() {
              const layer = yield* served(Script.body(recording.bytes, { cut }))
              const chunks = yield* Stream.runCollect(ChatModel.stream("Hi")).pipe(Effect.provide(layer))
              const folded = AIMessageChunk.toMessage(chunks)
              assert.strictEqual(chunks.filter((chunk) => chunk.finish !== undefined).length, 1)
              assert.isDefined(chunks.at(-1)?.finish)
              if (folded._tag !== "AIMessage") return assert.fail("not whole")
              check(folded, recording.canonical)
              if (cut !== undefined) return
              const message = yield* ChatModel.invoke("Hi").pipe(Effect.provide(layer))
              // Each request has an id of its own.
              const { requestId: _, ...metadata } = message.metadata ?? {}
              const { requestId: __, ...expected } = folded.metadata ?? {}
              assert.deepStrictEqual({ ...message, metadata }, { ...folded, metadata: expected })
            }),
          60_000
        )
      }

      it.live("cut short at twenty places it fails as truncated, with what came before", () =>
        Effect.gen(function*() {
          // The first frame tells id and usage, which make a partial message.
          const firstFrame = new TextDecoder().decode(recording.bytes).indexOf("\n\n") + 2
          for (let i = 0; i < 20; i++) {
            const at = Math.floor(recording.bytes.length * i / 20)
            const layer = yield* served(Script.faultAt(Script.body(recording.bytes), at, Script.end))
            const seen: Array<AIMessageChunk.AIMessageChunk> = []
            const error = yield* ChatModel.stream("Hi").pipe(
              Stream.runForEach((chunk) => Effect.sync(() => seen.push(chunk))),
              Effect.flip,
              Effect.provide(layer)
            )
            assert.strictEqual(error._tag, "ChatModelError")
            if (error._tag !== "ChatModelError") return
            assert.strictEqual(error.reason._tag, "TruncatedError")
            assert.strictEqual(error.partial?.content ?? "", AIMessageChunk.toMessage(seen).content)
            assert.isTrue(recording.canonical.text.startsWith(error.partial?.content ?? ""))
            assert.strictEqual(error.partial !== undefined, at >= firstFrame)
            assert.strictEqual(error.partial?.usage !== undefined, at >= firstFrame)
          }
        }), 60_000)
    })
  }
})
