// A parser streams partial values and returns a decoded one, `generateObject` asks the provider for the format, and an
// answer that does not fit the schema is a typed failure.
import { Effect, Schema, Stream } from "effect"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import { layer, print } from "./model.ts"

class Voyage extends Schema.Class<Voyage>("Voyage")({
  ship: Schema.String,
  ports: Schema.Array(Schema.String)
}) {}

const plan = Runnable.sequence(
  ChatPrompt.make("Plan a voyage to {port}. Answer in JSON."),
  ChatModel.runnable,
  OutputParser.schema(Voyage)
)

const program = Effect.gen(function*() {
  yield* plan.stream({ port: "Cork" }).pipe(
    Stream.runForEach((partial) => Effect.sync(() => print({ ship: partial.ship, ports: partial.ports?.length })))
  )
  const voyage: Voyage = yield* plan.invoke({ port: "Cork" })
  print({ parsed: voyage instanceof Voyage, ports: voyage.ports })
  const native = yield* ChatModel.generateObject("Plan a voyage to Cork", { schema: Voyage })
  print({ native: native.value.ship })
}).pipe(
  Effect.catchTag("OutputParserError", (error) => Effect.sync(() => print({ mismatch: error.message })))
)

await Effect.runPromise(program.pipe(Effect.provide(layer())))
