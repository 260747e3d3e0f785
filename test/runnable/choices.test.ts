import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
import { OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"

const says = (slices: ReadonlyArray<string>) => {
  const { calls, model } = ScriptedChatModel.make(() => ScriptedChatModel.text(slices))
  return { calls, step: Runnable.sequence(model, OutputParser.string) }
}

describe("branch", () => {
  it.effect("runs the step of the first condition that holds, and no other", () =>
    Effect.gen(function*() {
      const [one, two, other] = [says(["1"]), says(["2", "2"]), says(["3"])]
      const asked: Array<string> = []
      const when = (name: string, holds: (text: string) => boolean) => (text: string) => {
        asked.push(name)
        return holds(text)
      }
      const chain = Runnable.branch([
        [when("one", (text) => text.startsWith("1")), one.step],
        [(text) => Effect.sync(() => when("two", (text) => text.startsWith("2"))(text)), two.step]
      ], other.step)
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("2")), ["2", "2", ""])
      assert.deepStrictEqual(asked, ["one", "two"])
      assert.strictEqual(yield* chain.invoke("1"), "1")
      assert.strictEqual(yield* chain.invoke("x"), "3")
      assert.deepStrictEqual([yield* one.calls, yield* two.calls, yield* other.calls].map((calls) => calls.length), [
        1,
        1,
        1
      ])
    }))

  it.effect("tags what it runs with its place", () =>
    Effect.gen(function*() {
      const chain = Runnable.branch([[(n: number) => n > 0, Runnable.fn((n: number) => n)]], Runnable.fn(() => 0))
      for (const [input, tag] of [[1, "branch:1"], [-1, "branch:default"]] as const) {
        const { events } = yield* eventsOf(chain, input)
        balanced(events)
        const starts = events.filter((event) => event.event === "on_chain_start")
        assert.deepStrictEqual(starts.map(({ name, tags }) => [name, tags]), [
          ["RunnableBranch", []],
          ["RunnableLambda", ["condition:1"]],
          ["RunnableLambda", [tag]]
        ])
      }
    }))

  it.effect("fails as its condition does, before anything runs", () =>
    Effect.gen(function*() {
      const one = says(["1"])
      const chain = Runnable.branch([[(_input: string) => Effect.fail("unsure" as const), one.step]], one.step)
      const { events, exit } = yield* eventsOf(chain, "x")
      assert.deepStrictEqual(exit, Exit.fail("unsure"))
      assert.deepStrictEqual(events.map(({ event, name }) => [event, name]), [
        ["on_chain_start", "RunnableBranch"],
        ["on_chain_start", "RunnableLambda"],
        ["on_chain_error", "RunnableLambda"],
        ["on_chain_error", "RunnableBranch"]
      ])
      assert.deepStrictEqual(yield* one.calls, [])
      const throws = Runnable.branch([[(_input: string): boolean => {
        throw new Error("bug")
      }, one.step]], one.step)
      assert.isTrue(Exit.hasDies(yield* Effect.exit(throws.invoke("x"))))
    }))

  it.effect("folds a model's chunks to its message", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => ScriptedChatModel.text(["a", "b"]))
      const message = yield* Runnable.branch([[() => false, model]], model).invoke("hi")
      assert.strictEqual(message._tag, "AIMessage")
      assert.strictEqual(message.content, "ab")
    }))
})

describe("route", () => {
  const routes = { a: Runnable.fn((text: string) => `a ${text}`), b: says(["b", "b"]).step }
  const chain = Runnable.route(routes, (text: string) => text)

  it.effect("runs the step of the key, and streams", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* chain.invoke("a"), "a a")
      const { events } = yield* eventsOf(chain, "b")
      balanced(events)
      assert.deepStrictEqual(
        events.flatMap((event) =>
          event.name === "RouterRunnable" && event.event === "on_chain_stream" ? [event.data] : []
        ),
        [{ chunk: "b" }, { chunk: "b" }, { chunk: "" }]
      )
      assert.deepStrictEqual(
        events.find((event) => event.event === "on_chain_start" && event.name === "RunnableSequence")?.tags,
        ["route:b"]
      )
    }))

  it.effect("fails for a key that no step has, what every object inherits included", () =>
    Effect.gen(function*() {
      for (const key of ["c", "toString", "__proto__"]) {
        const error = yield* Effect.flip(chain.invoke(key))
        assert.instanceOf(error, Runnable.RouteError)
        assert.deepStrictEqual([error.key, error.known], [key, ["a", "b"]])
        assert.include(error.message, JSON.stringify(key))
      }
      const { events } = yield* eventsOf(chain, "c")
      assert.deepStrictEqual(events.at(-1)?.event, "on_chain_error")
    }))
})
