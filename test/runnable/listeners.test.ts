import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Logger, Stream } from "effect"
import { OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"

const recording = () => {
  const seen: Array<readonly [string, unknown]> = []
  const note = (what: string) => (run: unknown) => Effect.sync(() => seen.push([what, run]))
  return {
    seen,
    listeners: {
      onStart: note("start"),
      onEnd: note("end"),
      onError: note("error"),
      onInterrupt: note("interrupt")
    }
  }
}

describe("withListeners", () => {
  it.effect("tells the start and the end of a run", () =>
    Effect.gen(function*() {
      const { listeners, seen } = recording()
      const double = Runnable.fn((n: number) => n * 2).pipe(
        Runnable.withConfig({ name: "double" }),
        Runnable.withListeners(listeners)
      )
      assert.strictEqual(yield* double.invoke(2), 4)
      assert.deepStrictEqual(seen, [
        ["start", { name: "double", input: 2 }],
        ["end", { name: "double", input: 2, output: 4 }]
      ])
    }))

  it.effect("tells a failure, and a defect by its cause", () =>
    Effect.gen(function*() {
      const { listeners, seen } = recording()
      const failing = Runnable.fn((n: number) => n > 0 ? Effect.fail("low" as const) : Effect.die("bug")).pipe(
        Runnable.withListeners(listeners)
      )
      assert.deepStrictEqual(yield* Effect.exit(failing.invoke(1)), Exit.fail("low"))
      assert.isTrue(Exit.hasDies(yield* Effect.exit(failing.invoke(0))))
      const name = "RunnableLambda"
      assert.deepStrictEqual(seen, [
        ["start", { name, input: 1 }],
        ["error", { name, input: 1, error: "low", cause: Cause.fail("low") }],
        ["start", { name, input: 0 }],
        ["error", { name, input: 0, error: undefined, cause: Cause.die("bug") }]
      ])
    }))

  it.effect("tells an interruption with what there was, once all is closed", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make(() => [
        ...ScriptedChatModel.text(["a", "b"]).slice(0, 2),
        ScriptedChatModel.stall
      ])
      const told: Array<unknown> = []
      const chain = Runnable.sequence(model, OutputParser.string).pipe(Runnable.withListeners({
        onInterrupt: (run) => Effect.map(calls, (calls) => told.push([run, calls.map((call) => call.state)]))
      }))
      const two = yield* Deferred.make<void>()
      let seen = 0
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(chain.stream("hi"), () => ++seen === 2 ? Deferred.succeed(two, undefined) : Effect.void)
      )
      yield* Deferred.await(two)
      yield* Fiber.interrupt(fiber)
      yield* Stream.runDrain(Stream.take(chain.stream("hi"), 1))
      const name = "RunnableSequence"
      assert.deepStrictEqual(told, [
        [{ name, input: "hi", partial: "ab" }, ["interrupted"]],
        [{ name, input: "hi", partial: "a" }, ["interrupted", "interrupted"]]
      ])
    }))

  it.effect("logs what an observer does wrong, and leaves the stream alone", () =>
    Effect.gen(function*() {
      const logged: Array<string> = []
      const logger = Logger.make(({ logLevel }) => {
        logged.push(logLevel)
      })
      const step = Runnable.fn((n: number) => n).pipe(Runnable.withListeners({
        onStart: () => Effect.fail("no"),
        onEnd: () => {
          throw new Error("thrown")
        }
      }))
      const result = yield* step.invoke(1).pipe(Effect.provide(Logger.layer([logger])))
      assert.strictEqual(result, 1)
      assert.deepStrictEqual(logged, ["Warn", "Warn"])
      const { events } = yield* eventsOf(step, 1).pipe(Effect.provide(Logger.layer([logger])))
      assert.deepStrictEqual(events.map((event) => event.event), ["on_chain_start", "on_chain_stream", "on_chain_end"])
      balanced(events)
    }))

  it.effect("keeps chunks as they come, and needs what its observers need", () =>
    Effect.gen(function*() {
      class Book extends Context.Service<Book, { readonly lines: Array<unknown> }>()("test/Book") {}
      const { model } = ScriptedChatModel.make(() => ScriptedChatModel.text(["a", "b"]))
      const parser = OutputParser.string.pipe(Runnable.withListeners({
        onStart: (run) => Effect.map(Book, ({ lines }) => lines.push(run)),
        onEnd: (run) => Effect.map(Book, ({ lines }) => lines.push(run))
      }))
      const book = Book.of({ lines: [] })
      const chunks = yield* Stream.runCollect(Runnable.sequence(model, parser).stream("hi")).pipe(
        Effect.provideService(Book, book)
      )
      assert.deepStrictEqual(chunks, ["a", "b", ""])
      assert.deepStrictEqual(book.lines, [{ name: "StrOutputParser" }, { name: "StrOutputParser", output: "ab" }])
    }))
})
