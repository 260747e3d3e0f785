// Streams a song token by token, with "|" between the tokens, and prints why the message ended.
import { Effect, Stream } from "effect"
import { ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

const song = ChatModel.stream("Write me a 1 verse song about goldfish on the moon").pipe(
  Stream.runForEach((chunk) =>
    Effect.sync(() => {
      process.stdout.write(`${chunk.content}|`)
      if (chunk.finish !== undefined) console.log(`\n${chunk.finish.reason}, ${chunk.usage?.outputTokens} tokens`)
    })
  )
)

await Effect.runPromise(song.pipe(Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))))
