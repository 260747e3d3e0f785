// Nothing floats: whatever fails while nobody looks, no rejection goes unhandled.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import type { ChatModel } from "rivulet"
import { Script } from "rivulet/Testing"
import { serve } from "../../support/anthropic.ts"

const failing: ReadonlyArray<readonly [name: string, script: Script.Script]> = [
  ["an error status", Script.status(500)],
  ["a reset before the headers", Script.resetBeforeHeaders],
  ["a reset in mid-body", Script.make([Script.delay("5 millis"), Script.reset])],
  ["a truncated body", Script.make([])],
  ["an error event", Script.make([Script.errorEvent("overloaded_error", "busy")])],
  ["a malformed frame", Script.body("data: {\n\n")]
]

const uses: ReadonlyArray<readonly [name: string, use: (model: ChatModel.Service) => Effect.Effect<unknown>]> = [
  [
    "a stream and an invoke that are never run",
    (model) => Effect.sync(() => [model.stream("Hi"), model.invoke("Hi"), Stream.toAsyncIterable(model.stream("Hi"))])
  ],
  [
    "a fiber that nobody joins",
    (model) => Effect.forkChild(Effect.exit(model.invoke("Hi"))).pipe(Effect.flatMap(Fiber.await))
  ],
  ["an iterator that is dropped after its failure", (model) =>
    Effect.promise(async () => {
      const iterator = Stream.toAsyncIterable(model.stream("Hi"))[Symbol.asyncIterator]()
      await iterator.next().then(() => assert.fail("it should fail"), () => {})
    })],
  [
    "an interrupt while the failure is under way",
    (model) =>
      Effect.flatMap(
        Effect.forkChild(model.invoke("Hi")),
        (fiber) => Effect.andThen(Effect.yieldNow, Fiber.interrupt(fiber))
      )
  ]
]

describe("no rejection goes unhandled", () => {
  for (const [name, script] of failing) {
    it.live(`by ${name}`, () =>
      Effect.gen(function*() {
        const rejections: Array<unknown> = []
        const note = (reason: unknown) => rejections.push(reason)
        process.on("unhandledRejection", note)
        yield* Effect.addFinalizer(() => Effect.sync(() => process.off("unhandledRejection", note)))
        const { model, server } = yield* serve(script)
        for (const [, use] of uses) yield* use(model)
        yield* server.awaitIdle
        // Node tells of unhandled rejections once the microtasks of a turn are done.
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(() => setImmediate(resolve))))
        assert.deepStrictEqual(rejections, [])
      }))
  }

  it.live("and nothing is sent by what is not run", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve(Script.text("Hello"))
      const [, use] = uses[0] ?? assert.fail()
      yield* use(model)
      assert.deepStrictEqual(yield* server.requests, [])
    }))
})
