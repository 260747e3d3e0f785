// Serves a chain to clients that speak OpenAI's Chat Completions, asks it as one of them, and stops.
import { Effect, Stream } from "effect"
import * as Http from "node:http"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import * as Serve from "rivulet/Serve"
import { ScriptedChatModel } from "rivulet/Testing"

const poet = Runnable.sequence(
  ChatPrompt.make([["system", "You are a poet."], ["human", "A line about {topic}"]]),
  ChatModel.runnable,
  OutputParser.string
)
const app = Serve.make({
  chats: {
    poet: Serve.chat(poet, { input: ({ lastText }) => ({ topic: lastText }) })
  }
})

// A model that needs no key. An app would have the layer of a provider here.
const Model = ScriptedChatModel.layer([ScriptedChatModel.text("Goldfish dream of rivulets")])

const { close, fetch } = Serve.toFetch(app, Model)
const server = Http.createServer(Serve.toNode(fetch))
const port = await new Promise<number>((resolve) =>
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    resolve(typeof address === "object" && address !== null ? address.port : 0)
  })
)

// Any client of OpenAI's will do. This one is the library's own.
const Client = OpenAiCompatible.layer({ model: "poet", baseUrl: `http://127.0.0.1:${port}/v1` })
const program = ChatModel.stream("goldfish").pipe(
  Stream.runForEach(({ content }) => Effect.sync(() => process.stdout.write(content === "" ? "" : `${content}|`)))
)
await Effect.runPromise(program.pipe(Effect.provide(Client)))

await close()
server.close()
console.log("\nstopped")
