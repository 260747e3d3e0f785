/**
 * The tour, which `rivulet` without a command runs: a song as a stream, an interrupted stream, and the events of a run.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ChatModel from "../ChatModel.ts"
import { jsonLines } from "./events.ts"
import { defaultName, resolve } from "./models.ts"
import type { Model } from "./models.ts"
import { dim, write } from "./output.ts"
import { show } from "./show.ts"
import { wrapProse } from "./text.ts"

const prompt = "Write me a 1 verse song about goldfish on the moon"

/** A comment, each line of which begins with a hash. */
const heading = (text: string) => {
  const width = process.stdout.isTTY === true ? process.stdout.columns - "# ".length : undefined
  const lines = wrapProse(text, width).split("\n").map((line) => `${dim(process.stdout, `# ${line}`)}\n`)
  return write(lines.join(""))
}

/** Runs the tour with the default model. */
export const tour = Effect.gen(function*() {
  const model = resolve(yield* defaultName, "RIVULET_MODEL")
  yield* Effect.provide(parts(model), model.layer)
})

const parts = Effect.fnUntraced(function*(model: Model) {
  yield* heading(`${JSON.stringify(prompt)}, streamed, with a | between the chunks`)
  if (model.demo) {
    yield* heading("No API key is set, so the offline demo model of Rivulet answers. It knows nothing.")
  } else {
    yield* heading(`${model.name} answers.`)
  }
  yield* write("\n")
  yield* show({ input: prompt, delimiter: "|" })
  yield* write("\n")
  yield* heading("The same prompt, interrupted after five chunks, which closes the connection.")
  yield* write("\n")
  yield* show({ input: prompt, delimiter: "|", take: 5 })
  yield* write("\n")
  yield* heading("The first four events of the same call, as JSON.")
  yield* write("\n")
  yield* ChatModel.streamEvents(prompt, { version: "v1" }).pipe(
    Stream.take(4),
    Stream.runForEachArray((events) => write(jsonLines(events)))
  )
  yield* write("...Truncated\n\n")
  if (model.demo) {
    yield* heading(
      "That was the demo model. For a real model set ANTHROPIC_API_KEY to a key from " +
        "https://console.anthropic.com/settings/keys and run this again, or try a prompt of your own:"
    )
  } else {
    yield* heading("Try a prompt of your own:")
  }
  yield* heading("  rivulet stream \"any prompt\" --model anthropic:claude-haiku-4-5")
  yield* heading("or, in a checkout: npm start -- stream \"any prompt\". For more run: rivulet --help")
})
