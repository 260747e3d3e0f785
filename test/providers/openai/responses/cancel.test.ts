// The consumer of a Responses stream owns the connection.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import type { ChatModel } from "rivulet"
import { OpenAiScript } from "rivulet/Testing"
import { serve } from "../../../support/responses.ts"

type Leave = (model: ChatModel.Service) => Effect.Effect<unknown, unknown>

const ways: ReadonlyArray<readonly [name: string, leave: Leave]> = [
  ["Stream.take", (model) => Stream.runDrain(Stream.take(model.stream("Hi"), 3))],
  ["a break in for await", (model) =>
    Effect.promise(async () => {
      let seen = 0
      for await (const _ of Stream.toAsyncIterable(model.stream("Hi"))) if (++seen === 3) break
    })],
  ["an interrupt", (model) =>
    Effect.gen(function*() {
      let seen = 0
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(model.stream("Hi"), () => ++seen === 3 ? Effect.interrupt : Effect.void)
      )
      yield* Fiber.await(fiber)
    })],
  ["a failure downstream", (model) => {
    let seen = 0
    return Effect.flip(
      Stream.runForEach(model.stream("Hi"), () => ++seen === 3 ? Effect.fail("enough" as const) : Effect.void)
    )
  }]
]

describe("leaving a stream", () => {
  for (const [name, leave] of ways) {
    it.live(`200 times by ${name} closes 200 connections`, () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve(OpenAiScript.responses.endless({ delay: "1 millis" }))
        for (let i = 0; i < 200; i++) {
          yield* leave(model)
          const closed = yield* (yield* server.awaitRequest(i)).closed
          assert.strictEqual(closed.by, "client")
        }
        yield* server.awaitIdle
        assert.strictEqual((yield* server.requests).length, 200)
      }), 60_000)
  }
})

describe("a consumer that is slow", () => {
  it.live("leaves a stream of 50 MiB on the server's side of the socket", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve(OpenAiScript.responses.repeated(240_000), {
        timeout: { idle: "50 millis" }
      })
      const chunks = yield* Effect.promise(async () => {
        const iterator = Stream.toAsyncIterable(model.stream("Hi"))[Symbol.asyncIterator]()
        await iterator.next()
        return iterator
      })
      const request = yield* server.awaitRequest(0)
      yield* request.awaitBlocked()
      // What was sent is in the buffers of the two sockets; the client holds a read or so.
      assert.isBelow(request.bytesSent, 8 * 1024 * 1024)
      // Waiting for the consumer is no silence of the server: the idle limit has passed long since.
      assert.isFalse((yield* Effect.promise(() => chunks.next())).done ?? false)
      yield* Effect.promise(async () => chunks.return?.())
      assert.strictEqual((yield* request.closed).by, "client")
    }))

  it.live("loses none of it", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve(OpenAiScript.responses.repeated(240_000))
      const length = yield* Stream.runFold(model.stream("Hi"), () => 0, (sum, chunk) => sum + chunk.content.length)
      assert.strictEqual(length, 240_000 * " token".length)
      assert.isAbove((yield* (yield* server.awaitRequest(0)).closed).bytesSent, 50 * 1024 * 1024)
    }), 60_000)
})
