/** What `rivulet` does when it is asked for nothing: a song as it is streamed, broken off, and as events. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ChatModel from "../ChatModel.ts"
import { jsonLines } from "./events.ts"
import { defaultName, resolve } from "./models.ts"
import { dim, write } from "./output.ts"
import { show } from "./show.ts"

const prompt = "Write me a 1 verse song about goldfish on the moon"

const heading = (text: string) => write(`${dim(process.stdout, `# ${text}`)}\n`)

export const tour = Effect.gen(function*() {
  const model = yield* Effect.map(defaultName, resolve)
  yield* heading(`${JSON.stringify(prompt)}, streamed, a | between the chunks`)
  if (model.demo) {
    yield* heading("No API key is set, so an offline demo model answers; it came with Rivulet and knows nothing.")
  } else {
    yield* heading(`${model.name} answers.`)
  }
  yield* write("\n")
  yield* Effect.gen(function*() {
    yield* show({ input: prompt, delimiter: "|" })
    yield* write("\n")
    yield* heading("The same again, and after five chunks we leave; that closes the connection.")
    yield* write("\n")
    yield* show({ input: prompt, delimiter: "|", take: 5 })
    yield* write("\n")
    yield* heading("What happens meanwhile, as events in JSON; we leave after four.")
    yield* write("\n")
    yield* ChatModel.streamEvents(prompt, { version: "v1" }).pipe(
      Stream.take(4),
      Stream.runForEachArray((events) => write(jsonLines(events)))
    )
    yield* write("...Truncated\n")
  }).pipe(Effect.provide(model.layer))
  yield* write("\n")
  if (model.demo) {
    yield* heading("That was the demo model. For a real one set ANTHROPIC_API_KEY to a key from")
    yield* heading("https://console.anthropic.com/settings/keys and run this again, or ask it yourself:")
  } else {
    yield* heading("Ask it yourself:")
  }
  yield* heading("  rivulet stream \"any prompt\" --model anthropic:claude-haiku-4-5")
  yield* heading("or, in a checkout: npm start -- stream \"any prompt\". More: rivulet --help")
})
