// Chains over models that take time, under a test's clock.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"

const slow = () => ScriptedChatModel.make(() => ScriptedChatModel.text(["a", "b", "c"], { delay: "1 second" }))
const answer = (model: ReturnType<typeof slow>["model"]) => Runnable.sequence(model, OutputParser.string)

const chains: Readonly<
  Record<string, (model: ReturnType<typeof slow>["model"]) => Runnable.Runnable<string, unknown, unknown>>
> = {
  "a model": answer,
  parallel: (model) => Runnable.parallel({ a: answer(model), b: answer(model) }),
  "parallel in parallel": (model) => Runnable.parallel({ a: Runnable.parallel({ b: answer(model) }) }),
  assign: (model) =>
    Runnable.sequence(
      Runnable.fn((q: string) => ({ q })),
      Runnable.assign({ a: Runnable.sequence(Runnable.fn(({ q }: { readonly q: string }) => q), answer(model)) })
    ),
  "parallel before a function": (model) =>
    Runnable.sequence(Runnable.parallel({ a: answer(model) }), Runnable.fn(({ a }: { readonly a: string }) => a)),
  "parallel, retried": (model) => Runnable.parallel({ a: answer(model).pipe(Runnable.withRetry()) }),
  "a branch": (model) => Runnable.branch([], Runnable.parallel({ a: answer(model) }))
}

describe("a chain that is invoked ends when the clock has moved by the time of its model", () => {
  for (const [name, make] of Object.entries(chains)) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(make(slow().model).invoke("q"))
        yield* TestClock.adjust("3 seconds")
        assert.isDefined(fiber.pollUnsafe())
        yield* Fiber.join(fiber)
      }))
  }

  it.effect("with the output and the events of one that is streamed", () =>
    Effect.gen(function*() {
      const fast = ScriptedChatModel.make(() => ScriptedChatModel.text(["a", "b"])).model
      for (const [name, make] of Object.entries(chains)) {
        const chain = make(fast)
        const streamed = yield* eventsOf(chain, "q")
        const invoked = yield* eventsOf(Runnable.fn((q: string) => chain.invoke(q)), "q")
        balanced(invoked.events)
        const output = yield* chain.invoke("q")
        for (const { events } of [streamed, invoked]) {
          assert.deepStrictEqual((events.at(-1)!.data as { readonly output: unknown }).output, output, name)
        }
        const ends = (events: typeof invoked.events) =>
          events.filter(({ event }) => event.endsWith("_end")).map(({ name }) => name).toSorted()
        const steps = ends(invoked.events)
        steps.splice(steps.indexOf("RunnableLambda"), 1)
        if (name !== "assign" && name !== "parallel, retried") {
          assert.deepStrictEqual(steps, ends(streamed.events), name)
        }
      }
    }))

  it.effect("the failure of one branch stops the others", () =>
    Effect.gen(function*() {
      const scripted = slow()
      const chain = Runnable.parallel({
        a: answer(scripted.model),
        b: Runnable.fn((_q: string) => Effect.delay(Effect.fail("no" as const), "1500 millis"))
      })
      const fiber = yield* Effect.forkChild(Effect.flip(chain.invoke("q")))
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual(yield* Fiber.join(fiber), "no")
      assert.strictEqual((yield* scripted.calls)[0]?.state, "interrupted")
    }))
})

describe("awaitCall", () => {
  it.effect("waits for a call by its number, and has it", () =>
    Effect.gen(function*() {
      const scripted = slow()
      const waiting = yield* Effect.forkChild(scripted.awaitCall(2))
      const chain = Runnable.sequence(answer(scripted.model), answer(scripted.model))
      const running = yield* Effect.forkChild(chain.invoke("q"))
      assert.strictEqual((yield* scripted.awaitCall(1)).messages[0]?.content, "q")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(waiting)).messages[0]?.content, "abc")
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(running), "abc")
    }))
})
