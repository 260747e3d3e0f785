import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Stream } from "effect"
import { AIMessageChunk, ChatModelError, Runnable, RunnableCache } from "rivulet"
import type { RunEvent } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { combinators } from "../support/combinators.ts"
import { balanced, eventsOf } from "../support/events.ts"

const { chunk, fail, stall, text } = ScriptedChatModel

const ends = text(["a", "b\n", "c"])
const breaks = [
  chunk(AIMessageChunk.text("a")),
  fail(new ChatModelError.InternalProviderError({ message: "exploded" }))
]
const stalls = [chunk(AIMessageChunk.text("a")), chunk(AIMessageChunk.text("b")), stall]

const scripted = (reply: ScriptedChatModel.Reply) => {
  const asked = Deferred.makeUnsafe<void>()
  const scripted = ScriptedChatModel.make(() => {
    Deferred.doneUnsafe(asked, Exit.void)
    return reply
  }, { options: { maxRetries: 0 } })
  const closed = Effect.map(scripted.calls, (calls) => {
    assert.isNotEmpty(calls)
    for (const call of calls) assert.notStrictEqual(call.state, "open")
    return calls.map((call) => call.state)
  })
  return { ...scripted, asked: Deferred.await(asked), closed }
}

const cache = RunnableCache.layerMemory({ capacity: 10 })

const endOf = (events: ReadonlyArray<RunEvent.RunEvent>, name: string) =>
  events.filter((event) => event.name === name && !/_(start|stream)$/.test(event.event)).map((event) => event.event)

for (const { before = 0, make, name } of combinators) {
  describe(name, () => {
    it.effect("at its natural end", () =>
      Effect.gen(function*() {
        const { closed, model } = scripted(ends)
        const { events, exit } = yield* eventsOf(make(model), "hi")
        assert.isTrue(Exit.isSuccess(exit))
        assert.notInclude(yield* closed, "failed")
        assert.notInclude(yield* closed, "interrupted")
        balanced(events)
      }).pipe(Effect.provide(cache)))

    it.effect("when the consumer breaks off", () =>
      Effect.gen(function*() {
        const plain = scripted(ends)
        yield* Stream.runDrain(Stream.take(make(plain.model).stream("hi"), before + 1))
        yield* plain.closed
        // The one that leaves is a step itself, so that the events are there to the end.
        const { closed, model } = scripted(ends)
        const chain = Runnable.sequence(
          make(model).pipe(Runnable.withConfig({ name: "it" })),
          Runnable.transform("Taking", (chunks: Stream.Stream<unknown>) => Stream.take(chunks, before + 1))
        )
        const { events, exit } = yield* eventsOf(chain, "hi")
        assert.isTrue(Exit.isSuccess(exit))
        yield* closed
        balanced(events)
      }).pipe(Effect.provide(cache)))

    it.effect("when it fails", () =>
      Effect.gen(function*() {
        const plain = scripted(breaks)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(make(plain.model).invoke("hi"))))
        assert.include(yield* plain.closed, "failed")
        const { closed, model } = scripted(breaks)
        const { events, exit } = yield* eventsOf(make(model), "hi")
        assert.isTrue(Exit.isFailure(exit))
        yield* closed
        assert.include(endOf(events, "scripted"), "on_chat_model_error")
        balanced(events)
      }).pipe(Effect.provide(cache)))

    it.effect("when it is interrupted", () =>
      Effect.gen(function*() {
        const plain = scripted(stalls)
        const fiber = yield* Effect.forkChild(make(plain.model).invoke("hi"))
        yield* plain.asked
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual([...new Set(yield* plain.closed)], ["interrupted"])
        // A step beside it fails, so that it is interrupted while the events are read.
        const { asked, closed, model } = scripted(stalls)
        const chain = Runnable.parallel({
          it: make(model),
          stop: Runnable.fn((_input: string) => Effect.andThen(asked, Effect.fail("stop" as const)))
        })
        const { events, exit } = yield* eventsOf(chain, "hi")
        assert.isTrue(Exit.isFailure(exit))
        assert.deepStrictEqual([...new Set(yield* closed)], ["interrupted"])
        assert.include(endOf(events, "scripted"), "on_chat_model_interrupted")
        balanced(events)
      }).pipe(Effect.provide(cache)))

    it.effect("when its reader of events is interrupted", () =>
      Effect.gen(function*() {
        const { asked, closed, model } = scripted(stalls)
        const fiber = yield* Effect.forkChild(Stream.runDrain(Runnable.streamEvents(make(model), "hi")))
        yield* asked
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual([...new Set(yield* closed)], ["interrupted"])
      }).pipe(Effect.provide(cache)))
  })
}
