import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema, Stream } from "effect"
import { ChatModelError, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"

const { text } = ScriptedChatModel

const Recipe = Schema.Struct({ name: Schema.String, steps: Schema.Array(Schema.String) })

const model = (...answers: ReadonlyArray<ScriptedChatModel.Reply>) => ScriptedChatModel.make(answers)

/** A chain of a model that says the first answer, and one that is asked to put it right. */
const chainOf = (first: ScriptedChatModel.Reply, ...others: ReadonlyArray<ScriptedChatModel.Reply>) => {
  const fixer = model(...others)
  const parser = OutputParser.schema(Recipe).pipe(OutputParser.withFixing(fixer.model))
  return { chain: Runnable.sequence(model(first, first).model, parser), calls: fixer.calls }
}

describe("withFixing", () => {
  it.effect("leaves a right answer alone", () =>
    Effect.gen(function*() {
      const { calls, chain } = chainOf(text(["{\"name\": \"Soup\",", " \"steps\": []}"]))
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("hi")), [
        { name: "Soup" },
        { name: "Soup", steps: [] },
        { name: "Soup", steps: [] }
      ])
      assert.deepStrictEqual(yield* calls, [])
    }))

  it.effect("shows of the second answer only the whole, when some of the first was shown", () =>
    Effect.gen(function*() {
      const wrong = text(["{\"name\": \"Soup\",", " \"steps\": 3}"])
      const right = text(["{\"name\": \"Soup\", ", "\"steps\": [\"3\"]}"])
      const { calls, chain } = chainOf(wrong, right, right)
      assert.deepStrictEqual<unknown>(yield* Stream.runCollect(chain.stream("hi")), [
        { name: "Soup" },
        { name: "Soup", steps: 3 },
        { name: "Soup", steps: ["3"] }
      ])
      assert.deepStrictEqual(yield* chain.invoke("hi"), { name: "Soup", steps: ["3"] })
      const asked = (yield* calls).map(({ messages }) => String(messages[0]?.content))
      assert.lengthOf(asked, 2)
      assert.include(asked[0], "{\"name\": \"Soup\", \"steps\": 3}")
      assert.include(asked[0], "- at [\"steps\"]: Expected array")
      assert.include(asked[0], "\"type\":\"object\"")
    }))

  it.effect("shows all of the second answer when nothing of the first was", () =>
    Effect.gen(function*() {
      const { chain } = chainOf(text("I think soup is nice."), text(["{\"name\": \"So", "up\", \"steps\": []}"]))
      assert.deepStrictEqual<unknown>(yield* Stream.runCollect(chain.stream("hi")), [
        { name: "So" },
        { name: "Soup", steps: [] },
        { name: "Soup", steps: [] }
      ])
    }))

  it.effect("asks once", () =>
    Effect.gen(function*() {
      const { calls, chain } = chainOf(text("No."), text("Still no JSON."))
      const error = yield* Effect.flip(chain.invoke("hi"))
      assert(error._tag === "OutputParserError")
      assert.strictEqual(error.raw, "Still no JSON.")
      assert.lengthOf(yield* calls, 1)
    }))

  it.effect("asks nothing after a refusal, or of an answer that was cut off", () =>
    Effect.gen(function*() {
      for (const finish of ["refusal", "length"] as const) {
        const { calls, chain } = chainOf(text("{\"name\": ", { finish }))
        const error = yield* Effect.flip(chain.invoke("hi"))
        assert.strictEqual(error._tag, "OutputParserError")
        assert.deepStrictEqual(yield* calls, [])
      }
    }))

  it.effect("has nothing put right after the first element", () =>
    Effect.gen(function*() {
      const fixer = model(text("[1, 2]"), text("[1, 2]"))
      const numbers = OutputParser.schema(Schema.Array(Schema.Number), { elements: true })
      const run = (answer: string) =>
        Stream.runCollect(
          Stream.result(
            Runnable.sequence(model(text([answer])).model, OutputParser.withFixing(numbers, fixer.model)).stream("hi")
          )
        )
      const late = yield* run("[1, true]")
      assert.deepStrictEqual(late.map(Result.isSuccess), [true, false])
      assert.deepStrictEqual(yield* fixer.calls, [])
      assert.deepStrictEqual(yield* run("[true, 1]"), [Result.succeed(1), Result.succeed(2)])
    }))

  it.effect("takes a prompt of one's own", () =>
    Effect.gen(function*() {
      const fixer = model(text("{\"a\": 1}"))
      const parser = OutputParser.json().pipe(
        OutputParser.withFixing(fixer.model, { prompt: ({ reason }) => [["system", reason], ["human", "Again"]] })
      )
      assert.deepStrictEqual(yield* Runnable.sequence(model(text("No")).model, parser).invoke("hi"), { a: 1 })
      assert.deepStrictEqual((yield* fixer.calls)[0]?.messages.map(({ content }) => content), ["Malformed", "Again"])
    }))

  it.effect("fails with what the models fail with", () =>
    Effect.gen(function*() {
      const gone = [ScriptedChatModel.fail(new ChatModelError.QuotaExhaustedError({ message: "gone" }))]
      const asked = yield* Effect.flip(chainOf(text("No"), gone).chain.invoke("hi"))
      assert.strictEqual(asked._tag, "ChatModelError")
      const { calls, chain } = chainOf(gone, text("{}"))
      assert.strictEqual((yield* Effect.flip(chain.invoke("hi")))._tag, "ChatModelError")
      assert.deepStrictEqual(yield* calls, [])
    }))

  it.effect("leaves a failure of a parser before it alone", () =>
    Effect.gen(function*() {
      const fixer = model(text("{}"))
      const failing = Runnable.sequence(model(text("No")).model, OutputParser.json())
      const again = Runnable.fn((value: Schema.Json) => Effect.succeed(JSON.stringify(value)))
      const chain = Runnable.sequence(failing, again, model(text("{}")).model)
      const error = yield* Effect.flip(
        Runnable.sequence(chain, OutputParser.json().pipe(OutputParser.withFixing(fixer.model))).invoke("hi")
      )
      assert.strictEqual(error._tag, "OutputParserError")
      assert.deepStrictEqual(yield* fixer.calls, [])
    }))

  it.effect("tells of both answers in balanced events", () =>
    Effect.gen(function*() {
      const { chain } = chainOf(text("No"), text("{\"name\": \"Soup\", \"steps\": []}"))
      const { events } = yield* eventsOf(chain, "hi")
      balanced(events)
      const byId = new Map(events.map(({ name, run_id }) => [run_id, name]))
      const starts = events.filter(({ event }) => event.endsWith("_start"))
      assert.sameDeepMembers(
        starts.map(({ name, parent_ids }) => [...parent_ids.slice(1).map((id) => byId.get(id)), name]),
        [
          ["RunnableSequence"],
          ["scripted"],
          ["OutputFixingParser"],
          ["OutputFixingParser", "StructuredOutputParser"],
          ["OutputFixingParser", "RunnableSequence"],
          ["OutputFixingParser", "RunnableSequence", "scripted"],
          ["OutputFixingParser", "RunnableSequence", "StructuredOutputParser"]
        ]
      )
    }))
})
