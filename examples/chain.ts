// Combines a prompt, a model and a parser into a chain, then streams, invokes and batches it.
import { Console, Effect, Stream } from "effect"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

const poet = Runnable.sequence(
  ChatPrompt.make([
    ["system", "You are a {mood} poet."],
    ["human", "A line about {topic}"]
  ]),
  ChatModel.runnable,
  OutputParser.string
)

const program = Effect.gen(function*() {
  yield* poet.stream({ mood: "cheerful", topic: "goldfish" }).pipe(
    Stream.runForEach((text) => Effect.sync(() => process.stdout.write(`${text}|`)))
  )
  const whole = yield* poet.invoke({ mood: "sad", topic: "the moon" })
  yield* Console.log(`\n${whole}`)
  const results = yield* poet.batch([{ mood: "sad", topic: "rain" }, { mood: "proud", topic: "snow" }])
  for (const result of results) yield* Console.log(result._tag)
})

await Effect.runPromise(program.pipe(Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))))
