import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, JsonPatch, Result, Schema, SchemaGetter, Stream } from "effect"
import { AIMessageChunk, ChatModelError, Message, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"
import { parsed } from "../support/jsonReference.ts"
import { cutUp, jsonText, makeRandom, mutated } from "../support/jsonTexts.ts"
import { available, skipped, streamCases } from "../support/langChainCases.ts"
import type { Parser } from "../support/parser.ts"

const { chunk, finish, stall, text } = ScriptedChatModel

const saying = (slices: ReadonlyArray<string>, options?: ScriptedChatModel.ReplyOptions) =>
  ScriptedChatModel.make(() => text(slices, options)).model

/** The failure of a parser that reads this answer, cut into small slices; whole or in pieces it is the same one. */
const failureOf = Effect.fnUntraced(function*(
  parser: Parser,
  answer: string,
  options?: ScriptedChatModel.ReplyOptions
) {
  const chain = Runnable.sequence(saying(answer.match(/.{1,2}/gsu) ?? [], options), parser)
  const error = yield* Effect.flip(Stream.runDrain(chain.stream("hi")))
  assert(error._tag === "OutputParserError")
  const whole = yield* Effect.flip(chain.invoke("hi"))
  assert(whole._tag === "OutputParserError")
  assert.deepStrictEqual(whole.issues, error.issues)
  assert.strictEqual(whole.reason, error.reason)
  return error
})

class Recipe extends Schema.Class<Recipe>("Recipe")({
  name: Schema.String,
  steps: Schema.Array(Schema.String)
}) {}

describe.skipIf(!available)(`the peer's streams${available ? "" : `, ${skipped}`}`, () => {
  for (const { diff, expected_chunks, id, input_chunks, parser } of streamCases) {
    if (parser !== "JsonOutputParser") continue
    it.effect(id, () =>
      Effect.gen(function*() {
        const slices = input_chunks.map((slice) => typeof slice === "string" ? slice : slice.content)
        const model = saying(slices)
        if (diff === true) {
          const chain = Runnable.sequence(model, OutputParser.json({ diff: true }))
          const patches = yield* Stream.runCollect(chain.stream("hi"))
          assert.deepStrictEqual<unknown>(patches, expected_chunks)
          assert.deepStrictEqual(yield* chain.invoke("hi"), JSON.parse(slices.join("")))
          return
        }
        const chain = Runnable.sequence(model, OutputParser.json())
        assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("hi")), expected_chunks)
        assert.deepStrictEqual(yield* chain.invoke("hi"), expected_chunks.at(-1))
      }))
  }
})

describe("json", () => {
  it.effect("streams what invoke gives, on any text in any pieces", () =>
    Effect.gen(function*() {
      const random = makeRandom(4)
      for (let i = 0; i < 300; i++) {
        const right = jsonText(random)
        const answer = i % 3 === 0
          ? `Well:\n\`\`\`json\n${right}\n\`\`\`\nDone.`
          : i % 3 === 1
          ? right
          : mutated(random, right)
        const slices = cutUp(random, answer)
        for (const prose of [true, false]) {
          const chain = Runnable.sequence(saying(slices), OutputParser.json({ prose }))
          const invoked = yield* Effect.result(chain.invoke("hi"))
          const streamed = yield* Effect.result(Stream.runCollect(chain.stream("hi")))
          if (Result.isSuccess(invoked)) {
            const values = Result.getOrThrow(streamed)
            assert.deepStrictEqual(values.at(-1), invoked.success, answer)
            assert.deepStrictEqual(yield* OutputParser.json({ prose }).invoke(Message.ai(answer)), invoked.success)
            if (!/"[^"]*"\s*:.*"[^"]*"\s*:/s.test(answer)) {
              values.forEach((value, at) => assert.notDeepEqual(value, values[at + 1], answer))
            }
          } else assert.isTrue(Result.isFailure(streamed), answer)
        }
      }
    }))

  it.effect("gives null, and a bare value, when the answer is over", () =>
    Effect.gen(function*() {
      for (const [answer, value] of [["null", null], ["42", 42], ["\"a\"", "a"]] as const) {
        const chain = Runnable.sequence(saying([...answer]), OutputParser.json())
        assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("hi")), [value])
        assert.strictEqual(yield* chain.invoke("hi"), value)
      }
    }))

  it.effect("ends at once where no JSON can come of it, and closes the model", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make([[...text(["{\"a\": 1", ", b"]).slice(0, 2), stall]])
      const results = yield* Stream.runCollect(
        Stream.result(Runnable.sequence(model, OutputParser.json({ prose: false })).stream("hi"))
      )
      assert.deepStrictEqual(Result.getOrThrow(results[0]!), { a: 1 })
      const error = Result.getOrThrow(Result.flip(results[1]!))
      assert(error._tag === "OutputParserError")
      assert.strictEqual(error.reason, "Malformed")
      assert.strictEqual(error.raw, "{\"a\": 1, b")
      assert.deepStrictEqual((yield* calls).map((call) => call.state), ["interrupted"])
    }))

  it.effect("streams patches that lead to the whole", () =>
    Effect.gen(function*() {
      const random = makeRandom(5)
      for (let i = 0; i < 200; i++) {
        const answer = jsonText(random)
        const chain = Runnable.sequence(saying(cutUp(random, answer)), OutputParser.json({ diff: true }))
        const patches = yield* Stream.runCollect(chain.stream("hi"))
        let value: Schema.Json = null
        for (const patch of patches) value = JsonPatch.apply(patch, value)
        assert.deepStrictEqual(value, parsed(answer), answer)
        assert.deepStrictEqual(yield* chain.invoke("hi"), value)
      }
    }))

  it.effect("tells the same in events", () =>
    Effect.gen(function*() {
      const chain = Runnable.sequence(saying(["{\"a\":", "1", "2}"]), OutputParser.json())
      const events = yield* Stream.runCollect(Runnable.streamEvents(chain, "hi", { includeTypes: ["parser"] }))
      assert.deepStrictEqual(events.map(({ event, name }) => [event, name]), [
        ["on_parser_start", "JsonOutputParser"],
        ["on_parser_stream", "JsonOutputParser"],
        ["on_parser_stream", "JsonOutputParser"],
        ["on_parser_stream", "JsonOutputParser"],
        ["on_parser_end", "JsonOutputParser"]
      ])
      assert.deepInclude(events.at(-1)?.data, { output: { a: 12 } })
      const told = yield* eventsOf(chain, "hi")
      balanced(told.events)
    }))
})

describe("schema", () => {
  it.effect("shows parts, and then the whole, decoded", () =>
    Effect.gen(function*() {
      const slices = ["{\"name\": \"So", "up\", \"steps\": [\"a\"", "]}"]
      const chain = Runnable.sequence(saying(slices), OutputParser.schema(Recipe))
      const values = yield* Stream.runCollect(chain.stream("hi"))
      assert.deepStrictEqual(values.slice(0, -1), [{ name: "So" }, { name: "Soup", steps: ["a"] }])
      assert.instanceOf(values.at(-1), Recipe)
      assert.deepStrictEqual(yield* chain.invoke("hi"), values.at(-1))
      assert.deepStrictEqual(
        yield* Stream.runCollect(OutputParser.schema(Recipe).stream(Message.ai(slices.join("")))),
        [
          values.at(-1)
        ]
      )
    }))

  it.effect("decodes any schema: transformations, unions, optionals, brands, recursion, dates", () =>
    Effect.gen(function*() {
      interface Tree {
        readonly at: Date
        readonly size: number & { readonly brand?: never }
        readonly under: ReadonlyArray<Tree>
      }
      const Tree = Schema.Struct({
        at: Schema.Date,
        size: Schema.NumberFromString,
        kind: Schema.optional(Schema.Union([Schema.Literal("leaf"), Schema.Number])),
        id: Schema.String.pipe(Schema.brand("Id")),
        under: Schema.Array(Schema.suspend((): Schema.Codec<unknown> => Tree))
      })
      const answer = `{"at": "2026-11-25T00:00:00.000Z", "size": "3", "id": "a", "under": [
        {"at": "2026-11-26T00:00:00.000Z", "size": "4", "kind": "leaf", "id": "b", "under": []}]}`
      const whole = yield* Runnable.sequence(saying([...answer]), OutputParser.schema(Tree)).invoke("hi")
      assert.deepStrictEqual<unknown>(whole, {
        at: new Date("2026-11-25"),
        size: 3,
        id: "a",
        under: [{ at: new Date("2026-11-26"), size: 4, kind: "leaf", id: "b", under: [] }]
      })
    }))

  it.effect("decodes with services", () =>
    Effect.gen(function*() {
      class Prefix extends Context.Service<Prefix, string>()("test/Prefix") {}
      const Prefixed = Schema.String.pipe(
        Schema.decode({
          decode: SchemaGetter.transformEffect((name: string) => Effect.map(Prefix, (prefix) => prefix + name)),
          encode: SchemaGetter.passthrough()
        })
      )
      const chain = Runnable.sequence(saying(["[\"a\", ", "\"b\"]"]), OutputParser.schema(Schema.Array(Prefixed)))
      const values = yield* Stream.runCollect(chain.stream("hi")).pipe(Effect.provideService(Prefix, ">"))
      assert.deepStrictEqual(values, [["a"], ["a", "b"], [">a", ">b"]])
    }))
})

describe("elements", () => {
  const Fish = Schema.Struct({ name: Schema.String, size: Schema.NumberFromString })
  const fishes = OutputParser.schema(Schema.Array(Fish), { elements: true })

  it.effect("come decoded, each as soon as it is whole", () =>
    Effect.gen(function*() {
      const reply = [
        ...text(["Sure:\n```json\n[{\"name\": \"koi\",", " \"size\": \"3\"}", ", {\"name\": \"carp\""]).slice(0, 3),
        stall
      ]
      const { calls, model } = ScriptedChatModel.make([reply])
      const first = yield* Stream.runCollect(Stream.take(Runnable.sequence(model, fishes).stream("hi"), 1))
      assert.deepStrictEqual(first, [{ name: "koi", size: 3 }])
      assert.deepStrictEqual((yield* calls).map((call) => call.state), ["interrupted"])
    }))

  it.effect("are the array in all", () =>
    Effect.gen(function*() {
      const answer = `[{"name": "koi", "size": "3"}, {"name": "carp", "size": "4"}]`
      const whole = [{ name: "koi", size: 3 }, { name: "carp", size: 4 }]
      for (const slices of [[answer], [...answer]]) {
        const chain = Runnable.sequence(saying(slices), fishes)
        assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("hi")), whole)
        assert.deepStrictEqual(yield* chain.invoke("hi"), whole)
      }
      assert.deepStrictEqual(yield* Runnable.sequence(saying(["[]"]), fishes).invoke("hi"), [])
    }))

  it.effect("end at the one that does not fit, after those that do", () =>
    Effect.gen(function*() {
      const slices = [`[{"name": "koi", "size": "3"}, {"name": 1}`]
      const { calls, model } = ScriptedChatModel.make([[...text(slices).slice(0, 1), stall]])
      const results = yield* Stream.runCollect(Stream.result(Runnable.sequence(model, fishes).stream("hi")))
      assert.deepStrictEqual(Result.getOrThrow(results[0]!), { name: "koi", size: 3 })
      const error = Result.getOrThrow(Result.flip(results[1]!))
      assert(error._tag === "OutputParserError")
      assert.deepStrictEqual([error.reason, error.issues.map(({ path }) => path)], ["Mismatch", [[1, "name"], [
        1,
        "size"
      ]]])
      assert.deepStrictEqual((yield* calls).map((call) => call.state), ["interrupted"])
    }))

  it.effect("are looked at in all as the schema says, and must be an array", () =>
    Effect.gen(function*() {
      const two = OutputParser.schema(Schema.Array(Schema.Number).check(Schema.isMinLength(2)), { elements: true })
      assert.deepStrictEqual(yield* Runnable.sequence(saying(["[1,2]"]), two).invoke("hi"), [1, 2])
      assert.strictEqual((yield* failureOf(two, "[1]")).reason, "Mismatch")
      assert.strictEqual((yield* failureOf(two, "{\"a\": [1, 2]}")).reason, "Mismatch")
      const some = OutputParser.schema(Schema.NonEmptyArray(Schema.Number), { elements: true })
      assert.strictEqual((yield* failureOf(some, "[]")).reason, "Mismatch")
    }))

  it.effect("of one array are never mixed with those of another", () =>
    Effect.gen(function*() {
      const numbers = OutputParser.schema(Schema.Array(Schema.Number), { elements: true })
      const results = yield* Stream.runCollect(
        Stream.result(
          Runnable.sequence(saying([..."[1, 2, oh no\n```json\n[3]\n```"]), numbers).stream("hi")
        )
      )
      assert.deepStrictEqual(results.map(Result.isSuccess), [true, true, false])
      const first = Runnable.sequence(saying([..."These:\n[1]\n```json\n[3]\n```"]), numbers)
      assert.deepStrictEqual(yield* Stream.runCollect(first.stream("hi")), [1])
    }))
})

describe("a failure", () => {
  const json = OutputParser.json()

  it.effect("says what does not fit, with the whole text and what was asked", () =>
    Effect.gen(function*() {
      const answer = "{\"name\": 1, \"steps\": [\"a\", 2]}"
      const error = yield* failureOf(OutputParser.schema(Recipe), answer)
      assert.strictEqual(error.reason, "Mismatch")
      assert.strictEqual(error.raw, answer)
      assert.deepStrictEqual(error.issues.map(({ path }) => path), [["name"], ["steps", 1]])
      for (const { message } of error.issues) assert.match(message, /string/)
      assert.include(error.expected, "\"steps\"")
      assert.deepStrictEqual(error.finish?.reason, "stop")
      assert.match(
        error.message,
        /^The answer does not fit the schema: name: Expected string.*; steps\[1\]: Expected string/
      )
    }))

  it.effect("asks for numbers where they are missing", () =>
    Effect.gen(function*() {
      const Sizes = Schema.Struct({
        a: Schema.Number,
        b: Schema.NullOr(Schema.Number),
        c: Schema.Int,
        d: Schema.Number
      })
      const error = yield* failureOf(OutputParser.schema(Sizes), `{"a": "x", "b": [], "c": 1.5, "d": true}`)
      assert.deepStrictEqual(error.issues, [
        { path: ["a"], message: "Expected number" },
        { path: ["b"], message: "Expected number | null" },
        { path: ["c"], message: "Expected an integer" },
        { path: ["d"], message: "Expected number" }
      ])
    }))

  it.effect("tells a limit, and who withheld it, from a model that wrote no JSON", () =>
    Effect.gen(function*() {
      const cut = yield* failureOf(json, "{\"a\": [1, ", { finish: "length" })
      assert.strictEqual(cut.reason, "CutOff")
      assert.include(cut.message, "The answer was cut off by a token limit")
      assert.deepStrictEqual(cut.issues[0]?.path, ["a", 1])
      assert.strictEqual((yield* failureOf(json, "", { finish: "length" })).reason, "CutOff")
      assert.strictEqual((yield* failureOf(json, "[1", { finish: "content_filter" })).reason, "CutOff")
      assert.strictEqual((yield* failureOf(json, "[1")).reason, "Malformed")
      assert.strictEqual((yield* failureOf(json, "I do not know")).reason, "Malformed")
      assert.strictEqual((yield* failureOf(json, "")).reason, "Malformed")
      // What is whole is whole, whatever ended the answer.
      for (const [slices, value] of [[["[1]"], [1]], [["12", "\n"], 12], [["true"], true], [["\"1\""], "1"]] as const) {
        const chain = Runnable.sequence(saying(slices, { finish: "length" }), json)
        assert.deepStrictEqual(yield* chain.invoke("hi"), value)
      }
    }))

  it.effect("tells a limit from a number that might have had more digits", () =>
    Effect.gen(function*() {
      for (const answer of ["12", "-0.5", "```json\n12"]) {
        const cut = yield* failureOf(json, answer, { finish: "length" })
        assert.strictEqual(cut.reason, "CutOff")
        assert.strictEqual(
          (yield* failureOf(OutputParser.schema(Schema.Number), answer, { finish: "length" })).reason,
          "CutOff"
        )
        assert.isNumber(yield* Runnable.sequence(saying([answer]), json).invoke("hi"))
      }
    }))

  it.effect("says that the model declined", () =>
    Effect.gen(function*() {
      const declined = yield* failureOf(json, "I will not", { finish: "refusal" })
      assert.deepStrictEqual([declined.reason, declined.issues], ["Refusal", [{ path: [], message: "I will not" }]])
      assert.strictEqual((yield* failureOf(json, "{}", { finish: "refusal" })).reason, "Refusal")
      const refusing = ScriptedChatModel.make(() => [
        chunk({ ...AIMessageChunk.empty, parts: [{ type: "refusal", index: 0, text: "No, " }] }),
        chunk({ ...AIMessageChunk.empty, parts: [{ type: "refusal", index: 0, text: "never" }] }),
        finish("stop")
      ]).model
      for (
        const run of [
          Runnable.sequence(refusing, json).invoke("hi"),
          Stream.runDrain(Runnable.sequence(refusing, json).stream("hi"))
        ]
      ) {
        const error = yield* Effect.flip(run)
        assert(error._tag === "OutputParserError")
        assert.deepStrictEqual([error.reason, error.issues[0]?.message], ["Refusal", "No, never"])
      }
    }))

  it.effect("says that it is too large", () =>
    Effect.gen(function*() {
      const small = OutputParser.json({ maxDepth: 2, maxLength: 20 })
      assert.strictEqual((yield* failureOf(small, "[[[1]]]")).reason, "TooLarge")
      assert.strictEqual((yield* failureOf(small, `[${"1,".repeat(20)}1]`)).reason, "TooLarge")
      assert.strictEqual((yield* failureOf(small, `[1]${" ".repeat(20)}`)).reason, "TooLarge")
    }))

  it.effect("of the model is the model's", () =>
    Effect.gen(function*() {
      const failing = ScriptedChatModel.make([[
        ...text(["[1"]).slice(0, 1),
        ScriptedChatModel.fail(new ChatModelError.TruncatedError({ message: "gone" }))
      ]]).model
      const error = yield* Effect.flip(Runnable.sequence(failing, json).invoke("hi"))
      assert.strictEqual(error._tag, "ChatModelError")
    }))

  it.effect("has a short message, of however much is wrong", () =>
    Effect.gen(function*() {
      const long = JSON.stringify(Array.from({ length: 200 }, (_, i) => `${i}`.repeat(100)))
      const error = yield* failureOf(OutputParser.schema(Schema.Array(Schema.Number)), long)
      assert.isBelow(error.message.length, 1500)
      assert.isAtMost(error.issues.length, 50)
      assert.strictEqual(error.raw, long)
      const codec = Schema.toCodecJson(OutputParser.OutputParserError)
      assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(Schema.encodeSync(codec)(error)), error)
    }))

  it.effect("has a short message, however deep it is wrong", () =>
    Effect.gen(function*() {
      const deep = `{"${"k".repeat(90)}":`.repeat(500)
      const error = yield* failureOf(json, deep)
      assert.isBelow(error.message.length, 500)
      assert.isAtLeast(error.issues[0]?.path.length ?? 0, 499)
    }))
})

describe("much JSON in small pieces", () => {
  it.effect("takes time in proportion, and shows parts that never change", () =>
    Effect.gen(function*() {
      const answer = JSON.stringify(Array.from({ length: 5000 }, (_, i) => ({ id: i, tags: ["a", "b"] })))
      const chain = Runnable.sequence(saying(answer.match(/.{1,10}/gs)!), OutputParser.json())
      const seen: Array<readonly [value: Schema.Json, length: number]> = []
      yield* chain.stream("hi").pipe(
        Stream.runForEach((value) => Effect.sync(() => seen.push([value, (value as ReadonlyArray<unknown>).length])))
      )
      for (const [value, length] of seen) assert.lengthOf(value as ReadonlyArray<unknown>, length)
      assert.deepStrictEqual(seen.at(-1)?.[0], JSON.parse(answer))
      assert.isAbove(seen.length, 100)
    }))
})
