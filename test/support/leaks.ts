// A stream that its consumer leaves keeps nothing. For any provider.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
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

/** The largest growth of the heap for each stream, in bytes. A number of streams has to outweigh the noise of one. */
const heapPerStream = 1536

/** Leaves this many streams, and checks what is kept. The heap is checked if there are enough of them. */
const leavesNothing = (
  wire: "messages" | "chat",
  makeModel: (baseUrl: string) => Effect.Effect<ChatModel.Service, unknown>,
  streams: number
) =>
  describe(`${streams.toLocaleString("en")} streams that were left`, () => {
    it.live("keep no memory, sockets, timers or listeners", () =>
      Effect.gen(function*() {
        const { child, url } = yield* endlessServer(wire)
        const model = yield* makeModel(url)
        const warnings: Array<string> = []
        const onWarning = (warning: Error) => warnings.push(`${warning.name}: ${warning.message}`)
        process.on("warning", onWarning)
        yield* Effect.addFinalizer(() => Effect.sync(() => process.off("warning", onWarning)))
        yield* breakOff(model, Math.ceil(streams * 0.15))
        const before = yield* Effect.promise(heapUsed)
        const resources = process.getActiveResourcesInfo().length
        yield* breakOff(model, streams)
        yield* Effect.promise(() => {
          child.send("idle?")
          return once(child, "message")
        })
        const after = yield* Effect.promise(heapUsed)
        // A MaxListenersExceededWarning would be one.
        assert.deepStrictEqual(warnings, [])
        assert.isAtMost(process.getActiveResourcesInfo().length, resources)
        if (streams >= 2000) assert.isBelow((after - before) / streams, heapPerStream)
      }), 120_000)
  })

const options = { model: "m", apiKey: Redacted.make("sk-test") }

/** The leaks of every wire that has a server of its own for them. */
export const leaks = (streams: number): void => {
  leavesNothing("messages", (baseUrl) => Anthropic.make({ ...options, baseUrl }), streams)
  leavesNothing("chat", (baseUrl) => OpenAi.make({ ...options, api: "chat", baseUrl }), streams)
}
