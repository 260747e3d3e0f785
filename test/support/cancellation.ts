// The consumer owns the connection: however it leaves, the server sees the connection close at once. For any provider.
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import type { Scope } from "effect"
import type { CallOptions, ChatModel } from "rivulet"
import { OpenAiScript, Script } from "rivulet/Testing"
import type { TestServer } from "rivulet/Testing"
import { serveCompatible } from "./openai.ts"
import { chatCompletions, messages, responsesApi } from "./wires.ts"

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
  /** The place in the wire at which the last token has arrived. */
  readonly tokensEnd: (wire: string) => number
  /** Tokens without end, one every millisecond. */
  readonly endless: Script.Script
  /** A body of more than 50 MiB: so many tokens of 6 characters. */
  readonly large: (tokens: number) => Script.Script
  readonly tokensOf50MiB: number
}

/** Three tokens and then silence, so that only the consumer can end the stream. */
const silentAfter = ({ abc, tokensEnd }: Subject): Script.Script =>
  Script.faultAt(abc, tokensEnd(new TextDecoder().decode(Script.bytesOf(abc))), Script.stall)

/** The first call loads the provider's modules, which can take longer than the shortest time limit here. */
const warm = (model: ChatModel.Service) => Stream.runDrain(Stream.take(model.stream("Hi"), 1))

/** Leaves an endless answer this many times, and returns the milliseconds after which each connection was closed. */
const leaveEndless = Effect.fnUntraced(function*({ endless, serve }: Subject, leave: Leave, times: number) {
  const { model, server } = yield* serve(endless)
  yield* warm(model)
  const took: Array<number> = []
  while (took.length < times) {
    yield* leave(model)
    const left = performance.now()
    const request = (yield* server.requests)[took.length + 1]
    // On a busy machine a time limit may pass before the request is sent; then there is nothing to close.
    if (request === undefined) continue
    const closed = yield* request.closed
    assert.strictEqual(closed.by, "client")
    took.push(closed.at - left)
  }
  yield* quiet(server)
  return took.toSorted((a, b) => a - b)
})

export const cancellation = (scripts: Subject): void => {
  const { serve } = scripts
  const threeTokens = silentAfter(scripts)

  describe("leaving a stream", () => {
    for (const [name, leave] of ways) {
      it.live(`${name} closes the connection of a silent server`, () =>
        Effect.gen(function*() {
          const { model, server } = yield* serve(threeTokens)
          yield* warm(model)
          for (let i = 0; i < 20; i++) yield* leave(model)
          // On a busy machine a time limit may end before its request has arrived.
          while ((yield* server.requests).length < 21) yield* leave(model)
          assert.strictEqual((yield* server.requests).length, 21)
          yield* quiet(server)
        }))

      it.live(`10 times by ${name}: all are closed, and soon`, () =>
        Effect.gen(function*() {
          const took = yield* leaveEndless(scripts, leave, 10)
          assert.isBelow(took[8] ?? Infinity, 100)
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
  })

  describe("a consumer that is slow", () => {
    it.live("leaves a stream of 50 MiB on the server's side of the socket", () =>
      Effect.gen(function*() {
        const large = scripts.large(scripts.tokensOf50MiB)
        const { model, server } = yield* serve(large, { timeout: { idle: "50 millis" } })
        const chunks = yield* Effect.promise(async () => {
          const iterator = Stream.toAsyncIterable(model.stream("Hi"))[Symbol.asyncIterator]()
          await iterator.next()
          return iterator
        })
        const request = yield* server.awaitRequest(0)
        yield* request.awaitBlocked()
        assert.isTrue(request.blocked)
        // The buffers of the two sockets hold the bytes that were sent; the client holds a read or so.
        assert.isBelow(request.bytesSent, 8 * 1024 * 1024)
        // A wait for the consumer is no silence of the server: the idle limit passed long ago.
        const next = yield* Effect.promise(() => chunks.next())
        assert.isFalse(next.done ?? false)
        yield* Effect.promise(async () => chunks.return?.())
        assert.strictEqual((yield* request.closed).by, "client")
      }))

    receivesAll(scripts, "gets all of it in the end", Math.round(scripts.tokensOf50MiB / 20))
  })
}

const receivesAll = ({ large, serve }: Subject, name: string, tokens: number, leastBytes = 0) =>
  it.live(name, () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve(large(tokens))
      const length = yield* Stream.runFold(model.stream("Hi"), () => 0, (sum, chunk) => sum + chunk.content.length)
      assert.strictEqual(length, tokens * " token".length)
      assert.isAbove((yield* (yield* server.awaitRequest(0)).closed).bytesSent, leastBytes)
    }), 60_000)

export const longCancellation = (scripts: Subject): void => {
  describe("leaving a stream", () => {
    for (const [name, leave] of ways) {
      it.live(`200 times by ${name}: all are closed, and in the time it should take`, () =>
        Effect.gen(function*() {
          const took = yield* leaveEndless(scripts, leave, 200)
          assert.isBelow(took[100] ?? Infinity, 2)
          assert.isBelow(took[198] ?? Infinity, 100)
        }), 60_000)
    }
  })

  describe("a consumer that is slow", () => {
    receivesAll(scripts, "gets all of 50 MiB in the end", scripts.tokensOf50MiB, 50 * 1024 * 1024)
  })
}

const { chat, responses } = OpenAiScript

/** One provider of each wire, and a preset whose quirk (tags around the reasoning) holds text back. */
export const subjects: Readonly<Record<"anthropic" | "openAiChat" | "openAiResponses" | "ollama", Subject>> = {
  anthropic: {
    serve: messages.serve,
    abc: Script.tokens(["a", "b", "c"]),
    tokensEnd: messages.tokensEnd,
    endless: Script.endless({ delay: "1 millis" }),
    large: (tokens) => Script.repeated(tokens),
    tokensOf50MiB: 440_000
  },
  openAiChat: {
    serve: chatCompletions.serve,
    abc: chat.tokens(["a", "b", "c"]),
    tokensEnd: chatCompletions.tokensEnd,
    endless: chat.endless({ delay: "1 millis" }),
    large: (tokens) => chat.repeated(tokens),
    tokensOf50MiB: 200_000
  },
  openAiResponses: {
    serve: responsesApi.serve,
    abc: responses.tokens(["a", "b", "c"]),
    tokensEnd: responsesApi.tokensEnd,
    endless: responses.endless({ delay: "1 millis" }),
    large: (tokens) => responses.repeated(tokens),
    tokensOf50MiB: 240_000
  },
  ollama: {
    serve: (script, options) => serveCompatible(script, { preset: "ollama", ...options }),
    abc: chat.tokens(["a", "b", "c"]),
    tokensEnd: chatCompletions.tokensEnd,
    endless: chat.endless({ delay: "1 millis" }),
    large: (tokens) => chat.repeated(tokens),
    tokensOf50MiB: 200_000
  }
}
