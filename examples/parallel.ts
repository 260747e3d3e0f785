// Runs two chains in parallel on the same input: first their chunks as they arrive, then both results.
import { Console, Effect, Stream } from "effect"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

const about = (kind: string) =>
  Runnable.sequence(ChatPrompt.make(`A ${kind} line about {topic}`), ChatModel.runnable, OutputParser.string)

const both = Runnable.parallel({ joke: about("funny"), poem: about("sad") })

const program = Effect.gen(function*() {
  yield* both.stream({ topic: "goldfish" }).pipe(
    Stream.runForEach((slice) => Console.log(JSON.stringify(slice)))
  )
  const { joke, poem } = yield* both.invoke({ topic: "goldfish" })
  yield* Console.log(`joke: ${joke}\npoem: ${poem}`)
})

await Effect.runPromise(program.pipe(Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))))
