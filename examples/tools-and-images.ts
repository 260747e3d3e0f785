// Asks about an image and offers a tool. The model's calls come back as data, and the program answers them itself.
import { Console, Effect } from "effect"
import { ChatModel, Message } from "rivulet"
import type { CallOptions } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

const weather: CallOptions.ToolDefinition = {
  name: "weather",
  description: "The temperature of a city, in degrees Celsius",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"]
  }
}

// A PNG of one red pixel. An image can also be a URL or the id of an uploaded file.
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"

const program = Effect.gen(function*() {
  const question = Message.human([
    Message.text("Which city's flag has this colour, and how warm is it there?"),
    Message.image({ data: pixel, mediaType: "image/png" })
  ])
  const answer = yield* ChatModel.invoke([question], { tools: [weather] })
  yield* Console.log(answer.finish.reason, answer.toolCalls.map(({ args, name }) => `${name}(${JSON.stringify(args)})`))

  // Send the answer back unchanged, followed by a result for each call.
  const results = answer.toolCalls.map((call) => Message.tool({ toolCallId: call.id, content: "17 degrees" }))
  const last = yield* ChatModel.invoke([question, answer, ...results], { tools: [weather] })
  yield* Console.log(last.finish.reason, last.content)
})

await Effect.runPromise(program.pipe(Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))))
