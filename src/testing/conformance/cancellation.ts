/**
 * Cases of cancellation: the consumer owns the connection, so it closes at once however the consumer ends the stream. A
 * slow consumer slows the provider.
 *
 * Part of the suite in `Conformance`. Must not import a provider or a server. The cases wait for the wall clock.
 *
 * @internal
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Service } from "../../ChatModel.ts"
import { check, needs, tokens } from "./check.ts"
import type { Case, Running, Subject } from "./subject.ts"

type Leave = (model: Service) => Effect.Effect<unknown, unknown>

/** Both tokens. The silence after them is not read. */
const bothTokens = (model: Service) =>
  Stream.take(Stream.filter(model.stream("Hi"), (chunk) => chunk.content !== ""), 2)

const ways: ReadonlyArray<readonly [name: string, leave: Leave]> = [
  ["Stream.take", (model) => Stream.runDrain(bothTokens(model))],
  ["a break in for await", (model) =>
    Effect.promise(async () => {
      for await (const chunk of Stream.toAsyncIterable(model.stream("Hi"))) if (chunk.content !== "") break
    })],
  ["an interrupt while it waits for the next token", (model) =>
    Effect.gen(function*() {
      const first = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(model.stream("Hi"), () => Deferred.succeed(first, undefined))
      )
      yield* Deferred.await(first)
      yield* Fiber.interrupt(fiber)
    })],
  ["a failure downstream", (model) =>
    model.stream("Hi").pipe(
      Stream.mapEffect(() => Effect.fail("enough" as const)),
      Stream.runDrain,
      Effect.flip
    )],
  ["a timeout of the app's", (model) => Stream.runDrain(model.stream("Hi")).pipe(Effect.timeoutOption("100 millis"))],
  [
    "the total timeout",
    (model) => Stream.runDrain(model.stream("Hi", { timeout: { total: "100 millis" } })).pipe(Effect.flip)
  ]
]

/** Expects this many requests, all cancelled, or fewer if a time limit can pass before a request is sent. */
const expectCancelled = Effect.fnUntraced(function*(running: Running, requests: number, orFewer = false) {
  yield* running.idle
  const count = yield* running.requestCount
  yield* check((is) =>
    is.ok(orFewer ? count > 1 && count <= requests : count === requests, `${count} requests were made`)
  )
  for (let i = 0; i < count; i++) {
    const cancelled = yield* (yield* running.request(i)).cancelled
    yield* check((is) => is.ok(cancelled, "the consumer closed the connection"))
  }
})

export const cancellation = <S>(subject: Subject<S>): ReadonlyArray<Case> => [
  ...ways.map(([name, leave]) =>
    needs(subject, "stalls", `${name} closes the connection`, (stalls) =>
      Effect.gen(function*() {
        const running = yield* subject.start([stalls(tokens)], { maxRetries: 0 })
        // The first call loads the provider, which can take longer than the time limits above.
        yield* Stream.runDrain(bothTokens(running.model))
        for (let i = 0; i < 5; i++) yield* Effect.orDie(leave(running.model))
        yield* expectCancelled(running, 6, name.includes("timeout"))
      }))
  ),

  needs(subject, "silent", "leaving before the headers aborts the request", (silent) =>
    Effect.gen(function*() {
      const running = yield* subject.start([silent], { maxRetries: 0 })
      const fiber = yield* Effect.forkChild(running.model.invoke("Hi"))
      yield* running.request(0)
      yield* Fiber.interrupt(fiber)
      yield* expectCancelled(running, 1)
    })),

  needs(subject, "endless", "a slow consumer is waited for, and not timed out", (endless) =>
    Effect.gen(function*() {
      const running = yield* subject.start([endless], { maxRetries: 0, timeout: { idle: "80 millis" } })
      const iterator = Stream.toAsyncIterable(running.model.stream("Hi"))[Symbol.asyncIterator]()
      yield* Effect.promise(() => iterator.next())
      yield* (yield* running.request(0)).blocked
      const next = yield* Effect.promise(() => iterator.next())
      yield* check((is) => is.notEqual(next.done, true))
      yield* Effect.promise(async () => iterator.return?.())
      yield* expectCancelled(running, 1)
    })),

  needs(subject, "endless", "many streams at once are left without a trace", (endless) =>
    Effect.gen(function*() {
      const running = yield* subject.start([endless], { maxRetries: 0 })
      yield* Effect.forEach(Array.from({ length: 50 }), () => Stream.runDrain(bothTokens(running.model)), {
        concurrency: 10,
        discard: true
      })
      yield* expectCancelled(running, 50)
    }))
]
