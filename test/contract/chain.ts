// `Runnable.sequence` composes a prompt, a model and a parser. The chain streams, reports events and invokes, and its
// type states its input, its requirements and its failures.
import { Effect, Stream } from "effect"
import { ChatModel, type ChatModelError, ChatPrompt, OutputParser, Runnable } from "rivulet"
import { layer, print } from "./model.ts"

const chain = Runnable.sequence(
  ChatPrompt.make([
    ["system", "You keep a lighthouse."],
    ["human", "Write {lines} lines about {subject}"]
  ]),
  ChatModel.runnable,
  OutputParser.string
)

const input = { lines: "2", subject: "fog" }

const text: Stream.Stream<string, ChatModelError.ChatModelError, ChatModel.ChatModel> = chain.stream(input)

// @ts-expect-error a variable of the prompt is missing
chain.stream({ lines: "2" })

// @ts-expect-error a string parser reads messages, and a prompt makes none that a model has answered
Runnable.sequence(ChatPrompt.make("Fog over {place}"), OutputParser.string)

const program = Effect.gen(function*() {
  yield* Stream.runForEach(text, (token) => Effect.sync(() => print({ token })))
  yield* Runnable.streamEvents(chain, input, { includeTypes: ["chat_model", "parser"] }).pipe(
    Stream.runForEach(({ event, name }) => Effect.sync(() => print({ event, name })))
  )
  const answer: string = yield* chain.invoke(input)
  print({ answer })
})

await Effect.runPromise(program.pipe(Effect.provide(layer())))
