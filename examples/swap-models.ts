// Runs one program with two models: Claude, and a model of your own that cannot stream. Only the layer differs.
import { Effect, Stream } from "effect"
import { ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

const program = Effect.gen(function*() {
  const { model } = yield* ChatModel.ChatModel
  const chunks = yield* Stream.runCollect(ChatModel.stream("Say hello"))
  console.log(`${model}: ${chunks.map((chunk) => chunk.content).join("")} (${chunks.length} chunks)`)
})

const Claude = Anthropic.layer({ model: "claude-haiku-4-5" })

const Parrot = ChatModel.layer({
  provider: "offline",
  model: "parrot",
  generate: ({ messages }) => Effect.succeed({ content: `Hello! You sent ${messages.length} message.` })
})

await Effect.runPromise(program.pipe(Effect.provide(Claude)))
await Effect.runPromise(program.pipe(Effect.provide(Parrot)))
