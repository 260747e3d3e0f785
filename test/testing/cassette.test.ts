// Recorded answers: what is written, and that playing it gives what the provider gave.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AIMessageChunk, ChatModel, ChatModelError } from "rivulet"
import { Cassette } from "rivulet/Testing"
import { wires } from "../support/wires.ts"

/** A folder for cassettes that is gone after the test. */
const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "rivulet-cassettes-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** The chunks of a call, each with the time at which it came, and the error of its end. */
const collect = (model: ChatModel.Service, input: ChatModel.ChatInput = "Hi") =>
  Effect.gen(function*() {
    const startedAt = performance.now()
    const chunks: Array<AIMessageChunk.AIMessageChunk> = []
    const times: Array<number> = []
    const error = yield* model.stream(input).pipe(
      Stream.runForEach((chunk) =>
        Effect.sync(() => {
          chunks.push(chunk)
          times.push(performance.now() - startedAt)
        })
      ),
      Effect.match({
        onFailure: (error): ChatModelError.ChatModelError | undefined => error,
        onSuccess: () => undefined
      })
    )
    return { chunks, times, error }
  })

for (const wire of wires) {
  describe(wire.name, () => {
    it.live("a recorded answer is played as the same chunks, in the same reads", () =>
      Effect.gen(function*() {
        const at = yield* folder
        const { model, server } = yield* wire.serve(wire.tokens(["Hello", " world", " é𝄞", "!"]))
        const cassette = (mode: Cassette.Mode) => Effect.provide(Cassette.layer("hello", { folder: at, mode }))
        const live = yield* collect(model).pipe(cassette("record"))
        const played = yield* collect(model).pipe(cassette("replay"))
        assert.isUndefined(live.error)
        assert.deepStrictEqual(played.chunks, live.chunks)
        assert.lengthOf(yield* server.requests, 1)
      }))
  })
}
