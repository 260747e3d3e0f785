// A model that implements `generate` alone also streams: the whole message is its one chunk. It batches, too.
import { Effect, Stream } from "effect"
import { ChatModel } from "rivulet"
import { print } from "./model.ts"

const Almanac = ChatModel.layer({
  provider: "almanac",
  model: "printed",
  generate: () => Effect.succeed({ content: "High water at noon." })
})

const program = Effect.gen(function*() {
  const chunks = yield* Stream.runCollect(ChatModel.stream("When is high water?"))
  print({ chunks: chunks.map((chunk) => chunk.content) })
  const message = yield* ChatModel.invoke("When is high water?")
  print({ content: message.content, finish: message.finish.reason })
  const results = yield* ChatModel.batch(["today", "tomorrow", "next week"], { concurrency: 2 })
  print({ results: results.map((result) => result._tag) })
})

await Effect.runPromise(program.pipe(Effect.provide(Almanac)))
