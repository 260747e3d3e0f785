/**
 * The consumer owns the connection: however it leaves, it is closed, at once; and who reads slowly is waited for.
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

/** Reads both tokens, then leaves; what comes next is silence. */
const seen = (model: Service) => Stream.take(Stream.filter(model.stream("Hi"), (chunk) => chunk.content !== ""), 2)

const ways: ReadonlyArray<readonly [name: string, leave: Leave]> = [
  ["Stream.take", (model) => Stream.runDrain(seen(model))],
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

/** All requests were left, so many of them; fewer where time may have run out before one was made. */
const expectLeft = Effect.fnUntraced(function*(running: Running, requests: number, orFewer = false) {
  yield* running.idle
  const count = yield* running.count
  yield* check((is) =>
    is.ok(orFewer ? count > 1 && count <= requests : count === requests, `${count} requests were made`)
  )
  for (let i = 0; i < count; i++) {
    const left = yield* (yield* running.asked(i)).left
    yield* check((is) => is.ok(left, "the consumer closed it"))
  }
})

export const leaving = <S>(subject: Subject<S>): ReadonlyArray<Case> => [
  ...ways.map(([name, leave]) =>
    needs(subject, "stalls", `${name} closes the connection`, (stalls) =>
      Effect.gen(function*() {
        const running = yield* subject.start([stalls(tokens)], { maxRetries: 0 })
        // What a first call takes longer for is not to count.
        yield* Stream.runDrain(seen(running.model))
        for (let i = 0; i < 5; i++) yield* Effect.orDie(leave(running.model))
        yield* expectLeft(running, 6, name.includes("timeout"))
      }))
  ),

  needs(subject, "silent", "leaving before the headers aborts the request", (silent) =>
    Effect.gen(function*() {
      const running = yield* subject.start([silent], { maxRetries: 0 })
      const fiber = yield* Effect.forkChild(running.model.invoke("Hi"))
      yield* running.asked(0)
      yield* Fiber.interrupt(fiber)
      yield* expectLeft(running, 1)
    })),

  needs(subject, "endless", "a slow consumer is waited for, and not timed out", (endless) =>
    Effect.gen(function*() {
      const running = yield* subject.start([endless], { maxRetries: 0, timeout: { idle: "80 millis" } })
      const iterator = Stream.toAsyncIterable(running.model.stream("Hi"))[Symbol.asyncIterator]()
      yield* Effect.promise(() => iterator.next())
      yield* (yield* running.asked(0)).blocked
      const next = yield* Effect.promise(() => iterator.next())
      yield* check((is) => is.notEqual(next.done, true))
      yield* Effect.promise(async () => iterator.return?.())
      yield* expectLeft(running, 1)
    })),

  needs(subject, "endless", "many streams at once are left without a trace", (endless) =>
    Effect.gen(function*() {
      const running = yield* subject.start([endless], { maxRetries: 0 })
      yield* Effect.forEach(Array.from({ length: 50 }), () => Stream.runDrain(seen(running.model)), {
        concurrency: 10,
        discard: true
      })
      yield* expectLeft(running, 50)
    }))
]
