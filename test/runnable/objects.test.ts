import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { AIMessageChunk, Message, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"

const answer = (slices: ReadonlyArray<string>) =>
  Runnable.sequence(
    Runnable.fn(({ q }: { readonly q: string }) => q),
    ScriptedChatModel.make(() => ScriptedChatModel.text(slices)).model,
    OutputParser.string
  )

describe("assign", () => {
  it.effect("gives the input's keys first, then objects with one key as they come", () =>
    Effect.gen(function*() {
      const chain = Runnable.sequence(
        Runnable.passthrough<{ readonly q: string; readonly n: number }>(),
        Runnable.assign({ a: answer(["x", "y"]) })
      )
      const input = { q: "why", n: 1 }
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream(input)), [
        input,
        { a: "x" },
        { a: "y" },
        { a: "" }
      ])
      assert.deepStrictEqual(yield* chain.invoke(input), { q: "why", n: 1, a: "xy" })
    }))

  it.effect("replaces a key of the input, and leaves the other values as they are", () =>
    Effect.gen(function*() {
      const messages = [Message.human("hi")]
      const chain = Runnable.sequence(
        Runnable.passthrough<{ readonly q: string; readonly messages?: ReadonlyArray<Message.Message> }>(),
        Runnable.assign({ q: answer(["new"]) })
      )
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream({ q: "old" })), [{ q: "new" }, { q: "" }])
      const whole = yield* chain.invoke({ q: "old", messages })
      assert.strictEqual(whole.q, "new")
      assert.strictEqual(whole.messages, messages)
    }))

  it.effect("runs its steps in a RunnableMap inside a RunnableAssign", () =>
    Effect.gen(function*() {
      const chain = Runnable.assign({ a: Runnable.fn((_input: { readonly q: string }) => 1) })
      const { events } = yield* eventsOf(chain, { q: "why" })
      balanced(events)
      const starts = events.filter((event) => event.event.endsWith("_start"))
      assert.deepStrictEqual(starts.map(({ name, parent_ids, tags }) => [name, parent_ids.length, tags]), [
        ["RunnableAssign", 0, []],
        ["RunnableMap", 1, []],
        ["RunnableLambda", 2, ["map:key:a"]]
      ])
      assert.deepStrictEqual(
        events.flatMap((event) => event.event === "on_chain_end" ? [[event.name, event.data.output]] : []),
        [["RunnableLambda", 1], ["RunnableMap", { a: 1 }], ["RunnableAssign", { q: "why", a: 1 }]]
      )
    }))
})

describe("pick", () => {
  const both = Runnable.parallel({ a: answer(["x", "y"]), b: answer(["z"]) })

  it.effect("of one key gives its values as they come", () =>
    Effect.gen(function*() {
      const chain = Runnable.sequence(both, Runnable.pick("a"))
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream({ q: "?" })), ["x", "y", ""])
      const { events } = yield* eventsOf(chain, { q: "?" })
      balanced(events)
      const picks = events.filter((event) => event.name === "RunnablePick")
      assert.deepStrictEqual(picks.map((event) => [event.event, event.data]), [
        ["on_chain_start", {}],
        ["on_chain_stream", { chunk: "x" }],
        ["on_chain_stream", { chunk: "y" }],
        ["on_chain_stream", { chunk: "" }],
        ["on_chain_end", { output: "xy", input: { a: "xy", b: "z" } }]
      ])
    }))

  it.effect("of some keys gives an object of them", () =>
    Effect.gen(function*() {
      const pick = Runnable.sequence(
        Runnable.passthrough<{ readonly a: number; readonly b: number; readonly c?: number }>(),
        Runnable.pick(["a", "c"])
      )
      assert.deepStrictEqual(yield* pick.invoke({ a: 1, b: 2 }), { a: 1 })
      const chain = Runnable.sequence(both, Runnable.pick(["b"]))
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream({ q: "?" })), [{ b: "z" }, { b: "" }])
    }))

  it.effect("gives nothing for a key that never comes", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Stream.runCollect(Runnable.pick("a").stream({})), [])
      assert.isUndefined(yield* Runnable.pick("a").invoke({ a: undefined }))
      // What every object inherits is no key of it.
      assert.isUndefined(yield* Runnable.pick("toString").invoke({}))
    }))

  it.effect("folds as the step before it does, and so does passthrough", () =>
    Effect.gen(function*() {
      // By its looks it is a slice of an answer; but it is what the input has there, and stays as it is.
      const m = AIMessageChunk.text("whole")
      const kept = Runnable.assign({
        a: Runnable.fn((input: { readonly m: AIMessageChunk.AIMessageChunk }) => input.m.id)
      })
      assert.strictEqual(yield* Runnable.sequence(kept, Runnable.pick("m")).invoke({ m }), m)
      assert.deepStrictEqual(yield* Runnable.sequence(kept, Runnable.pick(["m"])).invoke({ m }), { m })
      const through = Runnable.sequence(kept, Runnable.passthrough())
      assert.deepStrictEqual(yield* through.invoke({ m }), { a: "", m })
      const { events } = yield* eventsOf(through, { m })
      const end = events.find((event) => event.event === "on_chain_end" && event.name === "RunnablePassthrough")
      assert.deepStrictEqual(end?.data, { output: { a: "", m }, input: { a: "", m } })
    }))
})

describe("parallel", () => {
  it.effect("has the value of no chunks for a branch that gives none", () =>
    Effect.gen(function*() {
      const nothing = Runnable.sequence(
        Runnable.transform("Nothing", (_input: Stream.Stream<unknown>): Stream.Stream<never> => Stream.empty),
        OutputParser.string
      )
      const branches = { none: nothing, one: Runnable.fn((_input: unknown) => 1) }
      assert.strictEqual(yield* nothing.invoke(0), "")
      assert.deepStrictEqual(yield* Runnable.parallel(branches).invoke(0), { none: "", one: 1 })
      assert.deepStrictEqual(yield* Runnable.assign(branches).invoke({ none: "old" }), { none: "", one: 1 })
    }))
})
