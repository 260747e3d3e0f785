// Retries a model that fails, then falls back to another one. Neither happens after the first chunk.
import { Console, Context, Effect, Layer, Stream } from "effect"
import { ChatModel, Runnable } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

class Spare extends Context.Service<Spare, ChatModel.Service>()("app/Spare") {}

const program = Effect.gen(function*() {
  const spare = yield* Spare
  const robust = ChatModel.runnable.pipe(
    Runnable.withRetry({ times: 1, while: (error) => error.reason._tag === "OverloadedError" }),
    Runnable.withFallbacks([spare])
  )
  yield* robust.stream("Say hello").pipe(
    Stream.runForEach((chunk) => Effect.sync(() => process.stdout.write(chunk.content)))
  )
  yield* Console.log("")
})

await Effect.runPromise(program.pipe(Effect.provide(Layer.mergeAll(
  Anthropic.layer({ model: "claude-opus-4-8", maxRetries: 0 }),
  Layer.effect(Spare, Anthropic.make({ model: "claude-haiku-4-5" }))
))))
