// Parses a JSON array item by item, while the model is still writing the next one. Each item has been checked against
// the schema. If the answer is invalid, the model may correct it once, provided that no item has been shown yet.
import { Console, Effect, Schema, Stream } from "effect"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

const Fish = Schema.Struct({ name: Schema.String, centimetres: Schema.Number })

const fishes = Runnable.sequence(
  ChatPrompt.make("{count} fishes for a pond, as a JSON array of objects: name, centimetres"),
  ChatModel.runnable,
  OutputParser.schema(Schema.Array(Fish), { elements: true }).pipe(OutputParser.withFixing(ChatModel.runnable))
)

const program = Effect.gen(function*() {
  yield* fishes.stream({ count: 3 }).pipe(
    Stream.runForEach(({ centimetres, name }) => Console.log(`${name}: ${centimetres} cm`))
  )
  const all = yield* fishes.invoke({ count: 3 })
  yield* Console.log(`${all.length} fishes`)
})

await Effect.runPromise(program.pipe(Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))))
