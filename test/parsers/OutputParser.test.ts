import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { Message, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const saying = (slices: ReadonlyArray<string>) => ScriptedChatModel.make(() => ScriptedChatModel.text(slices)).model

const Slices = Schema.Array(
  Schema.Literals(["a", "\n", "\r", "\r\n", "\n\r", "é\n", "\ud83d", "\udc20", "🐠", " ", ""])
)

describe("bytes", () => {
  it.effect.prop("are the text in UTF-8, however it was cut", [Slices], ([slices]) =>
    Effect.gen(function*() {
      const expected = new TextEncoder().encode(slices.join(""))
      const chain = Runnable.sequence(saying(slices), OutputParser.bytes)
      const streamed = yield* Stream.runCollect(chain.stream("hi"))
      assert.deepStrictEqual(Buffer.concat(streamed), Buffer.from(expected))
      assert.isTrue(streamed.every((slice) => slice.length > 0))
      assert.deepStrictEqual(yield* chain.invoke("hi"), expected)
      assert.deepStrictEqual(yield* OutputParser.bytes.invoke(Message.ai(slices.join(""))), expected)
    }))

  it.effect("come slice by slice", () =>
    Effect.gen(function*() {
      const chain = Runnable.sequence(saying(["gold", "", "fish\ud83d", "\udc20"]), OutputParser.bytes)
      const text = yield* Stream.runCollect(Stream.map(chain.stream("hi"), (slice) => Buffer.from(slice).toString()))
      assert.deepStrictEqual(text, ["gold", "fish", "🐠"])
    }))
})

describe("lines", () => {
  /** By definition: every line end is one, and what follows the last is a line if there is any. */
  const linesOf = (text: string) => {
    const lines = text.split(/\r\n|\r|\n/)
    return lines.at(-1) === "" ? lines.slice(0, -1) : lines
  }

  it.effect.prop("are those of the text, however it was cut", [Slices], ([slices]) =>
    Effect.gen(function*() {
      const expected = linesOf(slices.join(""))
      const chain = Runnable.sequence(saying(slices), OutputParser.lines)
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("hi")), expected)
      assert.deepStrictEqual(yield* chain.invoke("hi"), expected)
      assert.deepStrictEqual(yield* OutputParser.lines.invoke(Message.ai(slices.join(""))), expected)
    }))

  it.effect("come as soon as they are complete", () =>
    Effect.gen(function*() {
      const reply = [...ScriptedChatModel.text(["one\r", "\ntw", "o\nthr"]).slice(0, 3), ScriptedChatModel.stall]
      const { calls, model } = ScriptedChatModel.make([reply])
      const chain = Runnable.sequence(model, OutputParser.lines)
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(chain.stream("hi"), 2)), ["one", "two"])
      assert.deepStrictEqual((yield* calls).map((call) => call.state), ["interrupted"])
    }))

  it.effect("are told in events one by one, and in all", () =>
    Effect.gen(function*() {
      const chain = Runnable.sequence(saying(["a\nb\n", "c"]), OutputParser.lines)
      const events = yield* Stream.runCollect(Runnable.streamEvents(chain, "hi", { includeTypes: ["parser"] }))
      assert.deepStrictEqual(
        events.filter((event) => event.event === "on_parser_stream").map((event) => event.data),
        [{ chunk: "a" }, { chunk: "b" }, { chunk: "c" }]
      )
      assert.deepInclude(events.at(-1)?.data, { output: ["a", "b", "c"] })
      const next = Runnable.fn((lines: ReadonlyArray<string>) => lines.length)
      assert.strictEqual(yield* Runnable.sequence(saying(["a\nb\n", "c"]), OutputParser.lines, next).invoke("hi"), 3)
    }))
})
