// Cassettes in a folder of their own, and the result of a call, for the tests of recording and playing.
import { Effect, Layer, Stream } from "effect"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AIMessageChunk, ChatModel, ChatModelError } from "rivulet"
import { Cassette } from "rivulet/Testing"
import type { Script } from "rivulet/Testing"
import { readTape } from "../../src/testing/cassette/format.ts"

/** A folder that is gone after the test, with cassettes named `cassette`. */
export const cassettes = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "rivulet-cassettes-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  ),
  (folder) => {
    const path = join(folder, "cassette.json")
    const use = (mode: Cassette.Mode, options?: Cassette.Options) =>
      // A layer for each use: a cassette is read when its layer is built.
      Effect.provide(Layer.fresh(Cassette.layer("cassette", { folder, mode, ...options })))
    return {
      folder,
      path,
      record: use("record"),
      replay: use("replay"),
      use,
      files: () => readdirSync(folder),
      text: () => existsSync(path) ? readFileSync(path, "utf8") : "",
      exchanges: () => readTape(path) ?? []
    }
  }
)

/** The result of a call: the chunks with the times at which they came, in milliseconds, and the error of its end. */
export interface Given {
  readonly chunks: ReadonlyArray<AIMessageChunk.AIMessageChunk>
  readonly times: ReadonlyArray<number>
  readonly error: ChatModelError.ChatModelError | undefined
}

/** Reads an answer to its end. */
export const collect = (model: ChatModel.Service, input: ChatModel.ChatInput = "Hi"): Effect.Effect<Given> =>
  Effect.suspend(() => {
    const startedAt = performance.now()
    const chunks: Array<AIMessageChunk.AIMessageChunk> = []
    const times: Array<number> = []
    return model.stream(input).pipe(
      Stream.runForEachArray((array) =>
        Effect.sync(() => {
          chunks.push(...array)
          times.push(performance.now() - startedAt)
        })
      ),
      Effect.match({
        onFailure: (error) => ({ chunks, times, error }),
        onSuccess: () => ({ chunks, times, error: undefined })
      })
    )
  })

/** A script that waits before each step. */
export const slowly = (script: Script.Script, step: (i: number) => Script.Step): Script.Script => ({
  ...script,
  steps: script.steps.flatMap((each, i) => [step(i), each])
})
