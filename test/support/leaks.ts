// Nothing is left behind by a stream that was left. For any provider.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { ChatModel } from "rivulet"
import { heapUsed } from "./heap.ts"

/** A server of this wire, in a process of its own. */
const endlessServer = (wire: "messages" | "chat") =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = fork(fileURLToPath(new URL("endlessServer.mjs", import.meta.url)), [wire])
      const [message] = await once(child, "message") as [{ readonly port: number }] // its first message
      return { child, url: `http://127.0.0.1:${message.port}` }
    }),
    ({ child }) => Effect.sync(() => child.kill())
  )

const breakOff = Effect.fnUntraced(function*(model: ChatModel.Service, times: number) {
  for (let i = 0; i < times; i++) yield* Stream.runDrain(Stream.take(model.stream("Hi"), 3))
})

export const leavesNothing = (
  wire: "messages" | "chat",
  makeModel: (baseUrl: string) => Effect.Effect<ChatModel.Service, unknown>
) =>
  describe("2,000 streams that were left", () => {
    it.live("keep no memory, sockets, timers or listeners", () =>
      Effect.gen(function*() {
        const { child, url } = yield* endlessServer(wire)
        const model = yield* makeModel(url)
        const warnings: Array<string> = []
        const onWarning = (warning: Error) => warnings.push(`${warning.name}: ${warning.message}`)
        process.on("warning", onWarning)
        yield* Effect.addFinalizer(() => Effect.sync(() => process.off("warning", onWarning)))
        yield* breakOff(model, 300)
        const before = yield* Effect.promise(heapUsed)
        const resources = process.getActiveResourcesInfo().length
        yield* breakOff(model, 2000)
        yield* Effect.promise(() => {
          child.send("idle?")
          return once(child, "message")
        })
        const after = yield* Effect.promise(heapUsed)
        // A MaxListenersExceededWarning would be one.
        assert.deepStrictEqual(warnings, [])
        assert.isAtMost(process.getActiveResourcesInfo().length, resources)
        assert.isBelow((after - before) / 2000, 1536)
      }), 120_000)
  })
