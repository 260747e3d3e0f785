// What Anthropic really answered, read as values.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema, Stream } from "effect"
import { ChatModel, OutputParser } from "rivulet"
import { Script } from "rivulet/Testing"
import { serve } from "../support/anthropic.ts"
import { available, recordings, skipped } from "../support/recordings.ts"

const Characters = Schema.Struct({
  characters: Schema.Array(
    Schema.Struct({
      name: Schema.NonEmptyString,
      class: Schema.Literals(["warrior", "mage", "thief", "cleric"]),
      description: Schema.String
    })
  )
})

const Weather = Schema.Struct({
  elements: Schema.Array(
    Schema.Struct({ location: Schema.String, temperature: Schema.Finite, condition: Schema.String })
  )
})
const weather = { elements: [{ location: "San Francisco", temperature: 58, condition: "sunny" }] }

describe.skipIf(!available)(`recorded objects${available ? "" : ` (${skipped})`}`, () => {
  const bytesOf = (name: string) => {
    const recording = recordings("messages").find((each) => each.name.includes(name))
    assert.isDefined(recording, name)
    return recording.bytes
  }
  const read = Effect.fnUntraced(function*<S extends Schema.Constraint>(
    name: string,
    cut: number | undefined,
    options: ChatModel.ObjectOptions<S>
  ) {
    const { model } = yield* serve(Script.body(bytesOf(name), { cut }))
    return yield* ChatModel.streamObject("Hi", options).pipe(
      Stream.runCollect,
      Effect.provideService(ChatModel.ChatModel, model),
      Effect.result
    )
  })

  for (const cut of [undefined, 61, 1]) {
    const pieces = `in pieces of ${cut ?? "any"} bytes`

    it.live(`an answer held to a schema, ${pieces}`, () =>
      Effect.gen(function*() {
        const chunks = Result.getOrThrow(yield* read("json-output-format.1", cut, { schema: Characters }))
        const last = chunks.at(-1)
        assert.strictEqual(last?._tag, "Object")
        assert.deepStrictEqual(last?.value.characters?.map((each) => each.class), ["warrior", "mage", "thief"])
        assert.isAbove(chunks.length, cut === undefined ? 1 : 20)
        if (last?._tag === "Object") assert.strictEqual(last.message.content, JSON.stringify(last.value))
      }))

    for (const name of ["json-tool.1", "json-tool.2"]) {
      it.live(`the call of a tool (${name}), ${pieces}`, () =>
        Effect.gen(function*() {
          const chunks = Result.getOrThrow(
            yield* read(name, cut, { schema: Weather, method: "tool", name: "json" })
          )
          const last = chunks.at(-1)
          assert.deepStrictEqual(last?.value, weather)
          if (last?._tag === "Object") assert.strictEqual(last.usage?.outputTokens, 47)
        }))
    }

    it.live(`the call of another tool, ${pieces}`, () =>
      Effect.gen(function*() {
        const tools = [{ name: "weather", parameters: { type: "object" } }]
        const result = yield* read("json-other-tool.1", cut, { schema: Weather, method: "tool", name: "json", tools })
        const error = Result.getOrThrow(Result.flip(result))
        assert.instanceOf(error, OutputParser.OutputParserError)
        assert.deepInclude(error, { reason: "Malformed", raw: "" })
        assert.strictEqual(error.usage?.outputTokens, 28)
      }))
  }
})
