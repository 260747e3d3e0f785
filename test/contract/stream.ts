// `ChatModel.stream` delivers the answer chunk by chunk, and the last chunk says why it ended.
import { Effect, Stream } from "effect"
import { ChatModel } from "rivulet"
import { layer, print } from "./model.ts"

const program = ChatModel.stream("Describe a lighthouse in one line").pipe(
  Stream.runForEach((chunk) => Effect.sync(() => print({ content: chunk.content, finish: chunk.finish?.reason })))
)

await Effect.runPromise(program.pipe(Effect.provide(layer())))
