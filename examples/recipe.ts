// Parses a JSON object while the model writes it. The values on the way may be incomplete, and their type says so. The
// last value is complete and fits the schema.
import { Console, Effect, Schema, Stream } from "effect"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

class Recipe extends Schema.Class<Recipe>("Recipe")({
  name: Schema.String,
  minutes: Schema.Number,
  steps: Schema.Array(Schema.String)
}) {}

const recipe = Runnable.sequence(
  ChatPrompt.make("A recipe for {dish}, as a JSON object: name, minutes, steps (a list of sentences)"),
  ChatModel.runnable,
  OutputParser.schema(Recipe)
)

const program = recipe.stream({ dish: "goldfish crackers" }).pipe(
  Stream.runForEach((soFar) =>
    soFar instanceof Recipe
      ? Console.log(`${soFar.name} takes ${soFar.minutes} minutes and ${soFar.steps.length} steps.`)
      : Console.log(`${soFar.name ?? "..."} | ${soFar.minutes ?? "..."} | ${soFar.steps?.at(-1) ?? "..."}`)
  ),
  Effect.catchTag(
    "OutputParserError",
    ({ issues, reason }) => Console.log(reason, issues.map(({ message, path }) => `${path.join(".")}: ${message}`))
  )
)

await Effect.runPromise(program.pipe(Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))))
