// `for await` reads the same stream outside Effect. Leaving the loop closes the connection before the next statement.
import { Stream } from "effect"
import { ChatModel } from "rivulet"
import { layer, print } from "./model.ts"

const chunks = Stream.toAsyncIterable(
  ChatModel.stream("Count the waves").pipe(Stream.provide(layer()))
)

let count = 0
for await (const chunk of chunks) {
  if (chunk.content !== "") print({ content: chunk.content })
  if (++count === 5) break
}
print({ left: count })
