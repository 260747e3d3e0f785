// Items of a list as they complete: each is whole and fits the schema, while the model still writes the next one. An
// answer that does not fit is put right once, if no item of it was shown yet.
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
