import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { available, skipped, streamCases } from "./support/peerCases.ts"

const saying = (slices: ReadonlyArray<string>, options?: ScriptedChatModel.ReplyOptions) =>
  ScriptedChatModel.make(() => ScriptedChatModel.text(slices, options)).model

const slicesOf = (chunks: ReadonlyArray<string | { readonly content: string }>) =>
  chunks.map((chunk) => typeof chunk === "string" ? chunk : chunk.content)

describe.skipIf(!available)(`the peer's streams${available ? "" : `, ${skipped}`}`, () => {
  for (const { diff, expected_chunks, id, input_chunks, parser } of streamCases) {
    if (parser !== "JsonOutputParser" || diff === true) continue
    it.effect(id, () =>
      Effect.gen(function*() {
        const chain = Runnable.sequence(saying(slicesOf(input_chunks)), OutputParser.json())
        assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("hi")), expected_chunks)
        assert.deepStrictEqual(yield* chain.invoke("hi"), expected_chunks.at(-1))
      }))
  }
})

class Recipe extends Schema.Class<Recipe>("Recipe")({
  name: Schema.String,
  steps: Schema.Array(Schema.String)
}) {}

describe("schema", () => {
  it.effect("shows parts, and then the whole, decoded", () =>
    Effect.gen(function*() {
      const chain = Runnable.sequence(
        saying(["{\"name\": \"So", "up\", \"steps\": [\"a\"", "]}"]),
        OutputParser.schema(Recipe)
      )
      const values = yield* Stream.runCollect(chain.stream("hi"))
      assert.deepStrictEqual(values.slice(0, -1), [{ name: "So" }, { name: "Soup", steps: ["a"] }])
      assert.instanceOf(values.at(-1), Recipe)
      assert.deepStrictEqual(yield* chain.invoke("hi"), values.at(-1))
    }))

  it.effect("fails with what does not fit", () =>
    Effect.gen(function*() {
      const chain = Runnable.sequence(saying(["{\"name\": 1, \"steps\": [\"a\", 2]}"]), OutputParser.schema(Recipe))
      const error = yield* Effect.flip(chain.invoke("hi"))
      assert(error._tag === "OutputParserError")
      assert.strictEqual(error.reason, "Mismatch")
      assert.deepStrictEqual(error.issues.map(({ path }) => path), [["name"], ["steps", 1]])
    }))
})
