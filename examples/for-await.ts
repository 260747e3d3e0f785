// Streams in a `for await` loop. Leaving the loop closes the connection.
import { Stream } from "effect"
import { ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

const chunks = ChatModel.stream("Count to a thousand").pipe(
  Stream.provide(Anthropic.layer({ model: "claude-haiku-4-5" })),
  Stream.toAsyncIterable
)

let seen = 0
for await (const chunk of chunks) {
  process.stdout.write(chunk.content)
  if (++seen === 5) break
}
console.log(" ...that is enough")
