// A process of its own that makes calls within a limit in Redis, and prints the times at which they start.
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { Effect, Stream } from "effect"

const [limitsFile, coreFile, url, key, calls, requests, window] = process.argv.slice(2)
const { withRateLimit } = await import(limitsFile)
const { AIMessageChunk, ChatModel } = await import(coreFile)

const starts = []
const model = ChatModel.make({
  provider: "p",
  model: "m",
  stream: () =>
    Stream.sync(() => {
      starts.push(performance.timeOrigin + performance.now())
      return { ...AIMessageChunk.text("x"), finish: { reason: "stop", raw: "" } }
    })
})

const program = Effect.gen(function*() {
  const limit = withRateLimit({ key, limits: [{ requests: Number(requests), window }] })
  const limited = yield* limit(model)
  // Both processes are ready before either of them begins.
  yield* Effect.promise(() =>
    new Promise((resolve) => {
      process.stdin.once("data", resolve)
      process.stdout.write("ready\n")
    })
  )
  yield* limited.batch(Array.from({ length: Number(calls) }, () => "Hi"), { concurrency: 100 })
})

await Effect.runPromise(Effect.provide(program, NodeRedis.layer({ url })))
process.stdin.destroy()
process.stdout.write(`${JSON.stringify(starts)}\n`)
