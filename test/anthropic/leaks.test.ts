// Nothing is left behind by a stream that was left, failed or ended.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { ChatModel } from "rivulet"
import { Script } from "rivulet/Testing"
import { serve } from "../support/anthropic.ts"
import { heapUsed } from "../support/heap.ts"

const take3 = (model: ChatModel.Service) => Stream.runDrain(Stream.take(model.stream("Hi"), 3))

const brokenOff = Effect.fnUntraced(function*(model: ChatModel.Service, times: number) {
  for (let i = 0; i < times; i++) yield* take3(model)
})

describe("2,000 streams that were left", () => {
  it.live("keep no memory, sockets, timers or listeners", () =>
    Effect.gen(function*() {
      const { model } = yield* serve(Script.endless({ delay: "1 millis" }))
      // The server of this process remembers its requests, about 1 KB each; it is measured with none left.
      const other = yield* serve(Script.endless({ delay: "1 millis" }))
      yield* brokenOff(other.model, 200)
      const warnings: Array<string> = []
      const onWarning = (warning: Error) => warnings.push(warning.name)
      process.on("warning", onWarning)
      yield* Effect.addFinalizer(() => Effect.sync(() => process.off("warning", onWarning)))
      yield* brokenOff(model, 200)
      const before = yield* Effect.promise(heapUsed)
      yield* brokenOff(model, 2000)
      const after = yield* Effect.promise(heapUsed)
      assert.deepStrictEqual(warnings, [])
      console.log("per break", (after - before) / 2000)
      assert.isBelow((after - before) / 2000, 1536)
    }), 120_000)
})
