// The consumer owns the connection: however it leaves, the server sees the connection close, at once. For any provider.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import type { Scope } from "effect"
import type { CallOptions, ChatModel } from "rivulet"
import { Script } from "rivulet/Testing"
import type { TestServer } from "rivulet/Testing"

type Leave = (model: ChatModel.Service) => Effect.Effect<unknown, unknown>

class Enough extends Error {}

const forAwait = (leave: () => void): Leave => (model) =>
  Effect.promise(async () => {
    let seen = 0
    for await (const _ of Stream.toAsyncIterable(model.stream("Hi"))) {
      if (++seen < 3) continue
      leave()
      break
    }
  })

const ways: ReadonlyArray<readonly [name: string, leave: Leave]> = [
  ["Stream.take", (model) => Stream.runDrain(Stream.take(model.stream("Hi"), 3))],
  ["a break in for await", forAwait(() => {})],
  ["a throw in for await", (model) => {
    const thrown = forAwait(() => {
      throw new Enough()
    })
    return Effect.ignoreCause(thrown(model))
  }],
  ["an interrupt", (model) =>
    Effect.gen(function*() {
      let seen = 0
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(model.stream("Hi"), () => ++seen === 3 ? Effect.interrupt : Effect.void)
      )
      yield* Fiber.await(fiber)
    })],
  ["an interrupt while it waits for the next token", (model) =>
    Effect.gen(function*() {
      let seen = 0
      const three = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(model.stream("Hi"), () => ++seen === 3 ? Deferred.succeed(three, undefined) : Effect.void)
      )
      yield* Deferred.await(three)
      yield* Fiber.interrupt(fiber)
    })],
  ["a failure downstream", (model) => {
    let seen = 0
    return model.stream("Hi").pipe(
      Stream.mapEffect(() => ++seen === 3 ? Effect.fail("enough" as const) : Effect.void),
      Stream.runDrain,
      Effect.flip,
      Effect.tap((error) => Effect.sync(() => assert.strictEqual(error, "enough")))
    )
  }],
  ["a timeout of the app's", (model) => Stream.runDrain(model.stream("Hi")).pipe(Effect.timeoutOption("20 millis"))],
  [
    "the total timeout",
    (model) => Stream.runDrain(model.stream("Hi", { timeout: { total: "20 millis" } })).pipe(Effect.flip)
  ]
]

const quiet = (server: TestServer.TestServer) =>
  Effect.gen(function*() {
    yield* server.awaitIdle
    for (const request of yield* server.requests) assert.strictEqual((yield* request.closed).by, "client")
  })

/** A provider's server and model, and answers on its wire. */
export interface Subject {
  readonly serve: (
    script: Script.Script,
    options?: CallOptions.CallOptions
  ) => Effect.Effect<
    { readonly server: TestServer.TestServer; readonly model: ChatModel.Service },
    unknown,
    Scope.Scope
  >
  /** A text of the tokens a, b and c. */
  readonly abc: Script.Script
  /** Where in the wire the last token has been told. */
  readonly tokensEnd: (wire: string) => number
  /** Tokens without end, one a millisecond. */
  readonly endless: Script.Script
  /** 50 MiB of text. */
  readonly large: Script.Script
}

/** Three tokens and then silence, so that only leaving can end it; nothing waits for a next token. */
const silentAfter = ({ abc, tokensEnd }: Subject): Script.Script =>
  Script.faultAt(abc, tokensEnd(new TextDecoder().decode(Script.bytesOf(abc))), Script.stall)

/** The first call loads what the provider needs, which may take longer than the shortest of the time limits here. */
const warm = (model: ChatModel.Service) => Stream.runDrain(Stream.take(model.stream("Hi"), 1))

export const leaving = (scripts: Subject): void => {
  const { serve } = scripts
  const threeTokens = silentAfter(scripts)

  describe("leaving a stream", () => {
    for (const [name, leave] of ways) {
      it.live(`${name} closes the connection of a silent server`, () =>
        Effect.gen(function*() {
          const { model, server } = yield* serve(threeTokens)
          yield* warm(model)
          for (let i = 0; i < 20; i++) yield* leave(model)
          assert.strictEqual((yield* server.requests).length, 21)
          yield* quiet(server)
        }))
    }

    it.live("before the headers aborts the request", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve(Script.silent)
        for (let i = 0; i < 20; i++) {
          const fiber = yield* Effect.forkChild(model.invoke("Hi"))
          yield* server.awaitRequest(i)
          yield* Fiber.interrupt(fiber)
        }
        yield* quiet(server)
      }))

    for (const [name, leave] of ways) {
      it.live(`200 times by ${name}: all are closed, and in the time it should take`, () =>
        Effect.gen(function*() {
          const { model, server } = yield* serve(scripts.endless)
          yield* warm(model)
          const took: Array<number> = []
          while (took.length < 200) {
            yield* leave(model)
            const left = performance.now()
            const request = (yield* server.requests)[took.length + 1]
            // On a busy machine a time limit may be over before the request is sent; then there is nothing to close.
            if (request === undefined) continue
            const closed = yield* request.closed
            assert.strictEqual(closed.by, "client")
            took.push(closed.at - left)
          }
          took.sort((a, b) => a - b)
          assert.isBelow(took[100] ?? Infinity, 2)
          assert.isBelow(took[198] ?? Infinity, 100)
        }), 60_000)
    }
  })

  describe("a consumer that is slow", () => {
    it.live("leaves a stream of 50 MiB on the server's side of the socket", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve(scripts.large, { timeout: { idle: "50 millis" } })
        const chunks = yield* Effect.promise(async () => {
          const iterator = Stream.toAsyncIterable(model.stream("Hi"))[Symbol.asyncIterator]()
          await iterator.next()
          return iterator
        })
        const request = yield* server.awaitRequest(0)
        yield* request.awaitBlocked()
        assert.isTrue(request.blocked)
        // What was sent is in the buffers of the two sockets; the client holds a read or so.
        assert.isBelow(request.bytesSent, 8 * 1024 * 1024)
        // Waiting for the consumer is no silence of the server: the idle limit has passed long since.
        const next = yield* Effect.promise(() => chunks.next())
        assert.isFalse(next.done ?? false)
        yield* Effect.promise(async () => chunks.return?.())
        assert.strictEqual((yield* request.closed).by, "client")
      }))

    it.live("gets all of it in the end", () =>
      Effect.gen(function*() {
        const { model } = yield* serve(scripts.large)
        const count = yield* Stream.runFold(
          model.stream("Hi"),
          () => 0,
          (length, chunk) => length + chunk.content.length
        )
        assert.isAbove(count, 440_000)
      }))
  })
}
