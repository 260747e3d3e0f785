import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Result, Schedule, Stream } from "effect"
import { AIMessageChunk, ChatModelError, OutputParser, Runnable, RunnableCache } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { combinators } from "../support/combinators.ts"
import type { Row } from "../support/combinators.ts"
import { balanced, eventsOf } from "../support/events.ts"

const { chunk, fail, text } = ScriptedChatModel

/** The same answer cut in different ways, a slice for each letter of the question. */
const echo = ScriptedChatModel.make(
  ({ messages }) => text(messages.map((message) => String(message.content)).join("").split(/(?<=.)/))
).model

const questions = ["a", "ab", "a longer\nquestion", "ß∂ƒ 🐟"]

/** An independent fold of what is streamed. */
const fold = (folds: Row["folds"], chunks: ReadonlyArray<unknown>): unknown => {
  switch (folds) {
    case "text":
      return chunks.join("")
    case "message":
      return AIMessageChunk.toMessage(chunks as ReadonlyArray<AIMessageChunk.AIMessageChunk>)
    case "list":
      return chunks
    case "last":
      return chunks.at(-1)
    case "object": {
      const whole: Record<string, string> = {}
      for (const chunk of chunks as ReadonlyArray<Record<string, string>>) {
        for (const [key, slice] of Object.entries(chunk)) whole[key] = (whole[key] ?? "") + slice
      }
      return whole
    }
  }
}

const none = RunnableCache.layerMemory({ capacity: 0 })

for (const { folds, make, name } of combinators) {
  describe(name, () => {
    it.effect("invoke is the fold of stream, and of transform", () =>
      Effect.gen(function*() {
        const chain = make(echo)
        for (const question of questions) {
          const invoked = yield* chain.invoke(question)
          assert.deepStrictEqual(fold(folds, yield* Stream.runCollect(chain.stream(question))), invoked)
          // What takes chunks gets the whole as one of them; no chain of these works on slices of a question.
          const transformed = yield* Stream.runCollect(
            chain.transform(Stream.succeed(question) as Stream.Stream<never>)
          )
          assert.deepStrictEqual(fold(folds, transformed), invoked)
        }
      }).pipe(Effect.provide(none)))

    it.effect("batch is invoking one by one", () =>
      Effect.gen(function*() {
        const chain = make(echo)
        const one = yield* Effect.forEach(questions, (question) => Effect.result(chain.invoke(question)))
        assert.deepStrictEqual(yield* chain.batch(questions, { concurrency: 2 }), one)
        const completed = yield* Stream.runCollect(chain.batchAsCompleted(questions, { concurrency: 2 }))
        assert.deepStrictEqual(completed.toSorted(([a], [b]) => a - b).map(([, result]) => result), one)
        assert.isTrue(one.every(Result.isSuccess))
      }).pipe(Effect.provide(none)))

    it.effect("passthrough before and behind it changes nothing", () =>
      Effect.gen(function*() {
        const chain = make(echo)
        const left = Runnable.sequence(Runnable.passthrough<string, never>(), chain)
        const right = Runnable.sequence(chain, Runnable.passthrough<unknown, unknown>())
        for (const question of questions) {
          const chunks = yield* Stream.runCollect(chain.stream(question))
          const invoked = yield* chain.invoke(question)
          assert.deepStrictEqual(yield* Stream.runCollect(left.stream(question)), chunks)
          assert.deepStrictEqual(yield* Stream.runCollect(right.stream(question)), chunks)
          assert.deepStrictEqual(yield* left.invoke(question), invoked)
          assert.deepStrictEqual(yield* right.invoke(question), invoked)
        }
      }).pipe(Effect.provide(none)))
  })
}

describe("a step that chooses what it gives on folds as that does", () => {
  const list = Runnable.sequence(echo, OutputParser.lines)
  const lines = "a\nb"
  const chosen: Readonly<Record<string, Runnable.Runnable<string, unknown, unknown, never, unknown>>> = {
    fn: Runnable.fn((_input: string) => list),
    branch: Runnable.branch([[(input: string) => input === "", Runnable.fn(() => ["other"])]], list),
    route: Runnable.route({ list, text: Runnable.sequence(echo, OutputParser.string) }, () => "list")
  }
  const whole = ["a", "b"]
  for (const [name, choosing] of Object.entries(chosen)) {
    const around = {
      alone: choosing,
      "behind a passthrough": Runnable.sequence(choosing, Runnable.passthrough<unknown, unknown>()),
      "in a function": Runnable.fn((_input: string) => choosing),
      withRetry: choosing.pipe(Runnable.withRetry()),
      withConfig: choosing.pipe(Runnable.withConfig({ tags: ["t"] })),
      withTimeout: choosing.pipe(Runnable.withTimeout("1 minute")),
      withCache: choosing.pipe(Runnable.withCache({ name }))
    }
    for (const [place, step] of Object.entries(around)) {
      it.effect(`${name}, ${place}`, () =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* step.invoke(lines), whole)
          assert.deepStrictEqual(yield* step.invoke(lines), whole)
          const { events } = yield* eventsOf(step, lines)
          for (const { data, event, name, tags } of events) {
            if (event.endsWith("_end") && name !== "scripted" && !tags.includes("condition:1")) {
              assert.deepStrictEqual((data as { readonly output: unknown }).output, whole, name)
            }
          }
        }).pipe(Effect.provide(RunnableCache.layerMemory({ capacity: 10 }))))
    }

    it.effect(`${name}, in objects`, () =>
      Effect.gen(function*() {
        const both = Runnable.parallel({ list: choosing, length: Runnable.fn((input: string) => input.length) })
        assert.deepStrictEqual(yield* both.invoke(lines), { list: whole, length: 3 })
        const assigned = Runnable.sequence(
          Runnable.fn((q: string) => ({ q })),
          Runnable.assign({ list: Runnable.sequence(Runnable.fn(({ q }: { readonly q: string }) => q), choosing) })
        )
        assert.deepStrictEqual(yield* assigned.invoke(lines), { q: lines, list: whole })
        assert.deepStrictEqual(yield* Runnable.sequence(both, Runnable.pick("list")).invoke(lines), whole)
        assert.deepStrictEqual(yield* Runnable.sequence(both, Runnable.pick(["list"])).invoke(lines), {
          list: whole
        })
      }))
  }

  it.effect("withFallbacks, as the step that answered", () =>
    Effect.gen(function*() {
      const failing = Runnable.fn((_input: string): Effect.Effect<ReadonlyArray<string>, "no"> => Effect.fail("no"))
      const fallback = Runnable.fn((_input: string): Runnable.Runnable<string, ReadonlyArray<string>> =>
        Runnable.fn(() => whole)
      )
      assert.deepStrictEqual(yield* failing.pipe(Runnable.withFallbacks([fallback])).invoke(lines), whole)
    }))

  it.effect("a value that looks like a chunk stays what it is", () =>
    Effect.gen(function*() {
      const step = Runnable.fn((text: string) => AIMessageChunk.text(text))
      assert.deepStrictEqual(yield* step.invoke("a"), AIMessageChunk.text("a"))
    }))
})

describe("a sequence of steps that work on chunks", () => {
  it.effect("works on chunks too, however it is wrapped", () =>
    Effect.gen(function*() {
      const louder = Runnable.sequence(OutputParser.string, Runnable.map((slice: string) => slice.toUpperCase()))
      const wrapped = louder.pipe(Runnable.withConfig({ name: "Louder" }), Runnable.withTimeout("1 minute"))
      const chain = Runnable.sequence(echo, wrapped)
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("abc")), ["A", "B", "C", ""])
      const { events } = yield* eventsOf(chain, "abc")
      balanced(events)
      // The chunks are told by the steps inside.
      const own = events.filter(({ name }) => name === "Louder")
      assert.deepStrictEqual(own.map(({ event }) => event), ["on_chain_start", "on_chain_end"])
      const [start, end] = own
      assert.deepStrictEqual(start?.data, {})
      assert.propertyVal((end?.data as { readonly input: object } | undefined)?.input, "content", "abc")
    }))
})

describe("sequence", () => {
  const doubled = Runnable.map((slice: string) => slice + slice)
  const marked = Runnable.transform(
    "Marked",
    (slices: Stream.Stream<string>) => Stream.concat(slices, Stream.make("!"))
  )
  const counted = Runnable.fn((whole: string) => `${whole.length}`)
  const steps = [doubled, marked, counted, OutputParser.string, Runnable.passthrough<string>()] as const

  it.effect("is associative: the same chunks, the same whole, the same events", () =>
    Effect.gen(function*() {
      const strings = [steps[0], steps[1], steps[2], steps[4]]
      for (const a of strings) {
        for (const b of strings) {
          for (const c of strings) {
            const left = Runnable.sequence(Runnable.sequence(a, b), c)
            const right = Runnable.sequence(a, Runnable.sequence(b, c))
            for (const input of ["", "x", "xyz"]) {
              assert.deepStrictEqual(
                yield* Stream.runCollect(left.stream(input)),
                yield* Stream.runCollect(right.stream(input))
              )
              assert.deepStrictEqual(yield* left.invoke(input), yield* right.invoke(input))
            }
            const [l, r] = [yield* eventsOf(left, "x"), yield* eventsOf(right, "x")]
            const plain = (events: typeof l.events) =>
              events.map(({ data, event, name, tags }) => [event, name, tags, data])
            assert.deepStrictEqual(plain(l.events), plain(r.events))
            balanced(l.events)
          }
        }
      }
    }))
})

const exploded = new ChatModelError.InternalProviderError({ message: "exploded" })
const lateFailure = [chunk(AIMessageChunk.text("a")), fail(exploded)]

describe("withRetry and withFallbacks", () => {
  it.effect("run nothing again after the first chunk", () =>
    Effect.gen(function*() {
      const once = ScriptedChatModel.make(() => lateFailure, { options: { maxRetries: 0 } })
      const other = ScriptedChatModel.make(() => text("other"))
      const answer = Runnable.sequence(once.model, OutputParser.string)
      const chains = [
        answer.pipe(Runnable.withRetry({ schedule: Schedule.recurs(5), times: 5 })),
        answer.pipe(Runnable.withFallbacks([Runnable.sequence(other.model, OutputParser.string)]))
      ]
      for (const chain of chains) {
        const shown: Array<string> = []
        const exit = yield* Effect.exit(
          Stream.runForEach(chain.stream("hi"), (slice) => Effect.sync(() => shown.push(slice)))
        )
        assert.isTrue(Exit.isFailure(exit))
        assert.deepStrictEqual(shown, ["a"])
      }
      assert.strictEqual((yield* once.calls).length, 2)
      assert.strictEqual((yield* other.calls).length, 0)
    }))

  it.effect("before it run again, once the one that failed is closed", () =>
    Effect.gen(function*() {
      const open: Array<number> = []
      let tries = 0
      let running = 0
      const flaky = Runnable.transform("Flaky", (_input: Stream.Stream<string>) =>
        Stream.suspend(() => {
          open.push(++running)
          return ++tries < 3 ? Stream.fail("no" as const) : Stream.make("yes")
        }).pipe(Stream.ensuring(Effect.sync(() => running--))))
      assert.strictEqual(
        yield* flaky.pipe(Runnable.withRetry({ schedule: Schedule.recurs(5) })).invoke("hi"),
        "yes"
      )
      assert.deepStrictEqual(open, [1, 1, 1])
      tries = 1
      assert.strictEqual(yield* flaky.pipe(Runnable.withFallbacks([flaky])).invoke("hi"), "yes")
    }))

  it.effect("withFallbacks keeps every failure, in order", () =>
    Effect.gen(function*() {
      const failing = (why: string) => Runnable.fn((_input: string): Effect.Effect<string, string> => Effect.fail(why))
      const chain = failing("one").pipe(Runnable.withFallbacks([failing("two"), failing("three")]))
      const exit = yield* Effect.exit(chain.invoke("hi"))
      assert.isTrue(Exit.isFailure(exit))
      if (Exit.isFailure(exit)) {
        assert.deepStrictEqual(exit.cause.reasons.map((reason) => Cause.isFailReason(reason) ? reason.error : reason), [
          "one",
          "two",
          "three"
        ])
      }
    }))
})
