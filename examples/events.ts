// Streams the events of a chain and stops after five, which stops the chain and closes the model's connection.
import { Console, Effect, Stream } from "effect"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

const chain = Runnable.sequence(ChatPrompt.make("A song about {topic}"), ChatModel.runnable, OutputParser.string)

const program = Runnable.streamEvents(chain, { topic: "goldfish" }).pipe(
  Stream.take(5),
  Stream.runForEach((event) => Console.log(event.event, event.name, event.parent_ids.length)),
  Effect.andThen(Console.log("...Truncated"))
)

await Effect.runPromise(program.pipe(Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))))
