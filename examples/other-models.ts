// Asks another model when one fails, and sends a second request when the first is slow. The answer says who gave it.
import { Console, Effect, Stream } from "effect"
import { ChatModel, ModelRouting } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

const Model = Anthropic.layer({ model: "claude-opus-4-8", maxRetries: 0 }).pipe(
  ModelRouting.withHedge("10 seconds"),
  ModelRouting.withFallbacks([Anthropic.make({ model: "claude-haiku-4-5", maxRetries: 0 })])
)

const program = ChatModel.stream("Say hello").pipe(
  Stream.runForEach((chunk) =>
    Effect.sync(() => {
      const by = ModelRouting.answeredBy(chunk)
      process.stdout.write(by === undefined ? chunk.content : `${by.model}: ${chunk.content}`)
    })
  ),
  Effect.andThen(Console.log("")),
  Effect.catchTag("ChatModelError", (error) =>
    Effect.forEach(
      error.attempts ?? [],
      ({ model, reason }) => Console.log(`${model}: ${reason._tag}`)
    ))
)

await Effect.runPromise(program.pipe(Effect.provide(Model)))
