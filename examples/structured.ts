// Generates an object from a schema and shows it while the model writes it. A typed error says why an answer is invalid.
import { Console, Effect, Schema, Stream } from "effect"
import { ChatModel, ChatPrompt, Runnable } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

class Recipe extends Schema.Class<Recipe>("Recipe")({
  name: Schema.String,
  minutes: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 600 })),
  steps: Schema.Array(Schema.String),
  invented: Schema.optionalKey(Schema.Date.annotate({ description: "The day it was first cooked, if that is known" }))
}) {}

const program = Effect.gen(function*() {
  yield* ChatModel.streamObject("A recipe for soup", { schema: Recipe }).pipe(
    Stream.runForEach((chunk) =>
      chunk._tag === "Partial"
        ? Console.log(chunk.value.name, chunk.value.steps?.length ?? 0)
        : Console.log(`${chunk.value.minutes} minutes, ${chunk.usage?.outputTokens} tokens`)
    )
  )
  // The same, as a step of a chain.
  const recipe = Runnable.sequence(ChatPrompt.make("A recipe for {dish}"), ChatModel.object({ schema: Recipe }))
  const stew = yield* recipe.invoke({ dish: "stew" })
  yield* Console.log(stew instanceof Recipe, stew.invented?.getFullYear())
}).pipe(
  Effect.catchTag("OutputParserError", (error) => Console.log(`${error.reason}: ${error.message}`))
)

await Effect.runPromise(program.pipe(Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))))
