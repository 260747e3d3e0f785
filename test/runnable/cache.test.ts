import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AIMessageChunk, ChatModelError, ChatPrompt, OutputParser, Runnable, RunnableCache } from "rivulet"
import type { ChatModel, Finish } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"

const { chunk, fail, finish, text, toolCalls } = ScriptedChatModel

const memory = (options: Partial<RunnableCache.MemoryOptions> = {}) =>
  Effect.provide(RunnableCache.layerMemory({ capacity: 10, ...options }))

/** A step that counts its runs. */
const counting = <In>(f: (input: In) => ReadonlyArray<string>) => {
  const ran: Array<In> = []
  const step = Runnable.transform("Step", (inputs: Stream.Stream<In>) =>
    Stream.flatMap(inputs, (input) => {
      ran.push(input)
      return Stream.fromIterable(f(input), { chunkSize: 1 })
    }))
  return { ran, step }
}

describe("withCache", () => {
  it.effect("replays the same chunks, without running", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make([text(["a", "b"])])
      const cached = model.pipe(Runnable.withCache({ name: "model" }))
      const chunks = yield* Stream.runCollect(cached.stream("hi"))
      assert.deepStrictEqual(yield* Stream.runCollect(cached.stream("hi")), chunks)
      assert.strictEqual((yield* cached.invoke("hi")).content, "ab")
      assert.strictEqual((yield* calls).length, 1)
    }).pipe(memory()))

  it.effect("shows a run from the cache as one of the step, with nothing inside", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make([text(["a", "b"])])
      const cached = Runnable.sequence(model, OutputParser.string).pipe(Runnable.withCache({ name: "answer" }))
      const outer = Runnable.sequence(Runnable.passthrough<string>(), cached)
      yield* cached.invoke("hi")
      const { events } = yield* eventsOf(outer, "hi")
      balanced(events)
      const inner = events.filter((event) => event.tags.includes("seq:step:2"))
      assert.deepStrictEqual(inner.map(({ data, event, name }) => [event, name, data]), [
        ["on_chain_start", "RunnableSequence", { input: "hi" }],
        ["on_chain_end", "RunnableSequence", { output: "ab", input: "hi" }]
      ])
    }).pipe(memory()))

  it.effect("keeps no failure, and no run that was left", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make([
        [fail(new ChatModelError.InternalProviderError({ message: "no" }))],
        text(["a", "b"]),
        text(["c"])
      ], { options: { maxRetries: 0 } })
      const cached = Runnable.sequence(model, OutputParser.string).pipe(Runnable.withCache({ name: "answer" }))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(cached.invoke("hi"))))
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(cached.stream("hi"), 1)), ["a"])
      assert.strictEqual(yield* cached.invoke("hi"), "c")
      assert.strictEqual(yield* cached.invoke("hi"), "c")
      assert.strictEqual((yield* calls).length, 3)
    }).pipe(memory()))

  it.effect("tells inputs apart by their data alone", () =>
    Effect.gen(function*() {
      const { ran, step } = counting((_input: unknown) => ["x"])
      const cached = step.pipe(Runnable.withCache({ name: "step" }))
      const different: ReadonlyArray<unknown> = [
        "1",
        1,
        [1],
        ["1"],
        { a: 1 },
        { a: "1" },
        { a: { b: 1 } },
        { "a:{\"b\"": 1 },
        null,
        "null",
        true,
        new Uint8Array([1, 2]),
        [1, 2],
        "bytes(1,2)",
        1n,
        {}
      ]
      for (const input of different) yield* cached.invoke(input)
      assert.strictEqual(ran.length, different.length)
    }).pipe(memory({ capacity: 100 })))

  it.effect("minds neither the order of keys nor those that are undefined", () =>
    Effect.gen(function*() {
      const { ran, step } = counting((_input: unknown) => ["x"])
      const cached = step.pipe(Runnable.withCache({ name: "step" }))
      yield* cached.invoke({ a: 1, b: { c: 2, d: [3] } })
      yield* cached.invoke({ b: { d: [3], c: 2 }, e: undefined, a: 1 })
      assert.strictEqual(ran.length, 1)
    }).pipe(memory()))

  it.effect("runs an input that is no plain data, and says so", () =>
    Effect.gen(function*() {
      const { ran, step } = counting((_input: unknown) => ["x"])
      const cached = step.pipe(Runnable.withCache({ name: "step" }))
      const circle: Record<string, unknown> = {}
      circle["self"] = circle
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => {
        logged.push(message)
      })
      for (const input of [new Map(), [() => 1], circle, new Map()]) {
        yield* cached.invoke(input).pipe(Effect.provide(Logger.layer([logger])))
      }
      assert.strictEqual(ran.length, 4)
      assert.strictEqual(logged.length, 4)
      assert.include(String(logged[0]), "step runs without its cache")
    }).pipe(memory()))

  it.effect("goes by a key of one's own, and keeps steps of two names apart", () =>
    Effect.gen(function*() {
      const { ran, step } = counting((text: string) => [text])
      const lower = step.pipe(Runnable.withCache({ name: "lower", key: (text) => text.toLowerCase() }))
      const upper = step.pipe(Runnable.withCache({ name: "upper", key: (text) => text.toLowerCase() }))
      assert.strictEqual(yield* lower.invoke("A"), "A")
      assert.strictEqual(yield* lower.invoke("a"), "A")
      assert.strictEqual(yield* upper.invoke("a"), "a")
      assert.deepStrictEqual(ran, ["A", "a"])
    }).pipe(memory()))
})

describe("the answers that withCache keeps", () => {
  const whole = text("Once upon a time.")
  const cut = (reason: Finish.Reason) => [...text("Once upon").slice(0, -1), finish(reason)]
  const answers = {
    "cut off by a limit": cut("length"),
    refused: cut("refusal"),
    paused: cut("pause"),
    "ended for a reason nobody knows": cut("other"),
    filtered: [finish("content_filter")],
    empty: [finish("stop")],
    blank: text(" \n"),
    "nothing but reasoning": [
      chunk({ ...AIMessageChunk.empty, parts: [{ type: "reasoning", index: 0, text: "Hm" }] }),
      finish("stop")
    ]
  }
  const chains = {
    "the model": (model: ChatModel.Service) => Runnable.sequence(model, OutputParser.string),
    "a chain": (model: ChatModel.Service) =>
      Runnable.sequence(Runnable.fn((q: string) => ({ q })), ChatPrompt.make("{q}"), model, OutputParser.string),
    "a branch of parallel": (model: ChatModel.Service) =>
      Runnable.sequence(Runnable.parallel({ a: Runnable.sequence(model, OutputParser.string) }), Runnable.pick("a")),
    "a function": (model: ChatModel.Service) =>
      Runnable.fn((input: string) => Effect.map(model.invoke(input), ({ content }) => content))
  }
  const keeps = (
    chain: (model: ChatModel.Service) => Runnable.Chain<string, string, ChatModelError.ChatModelError>,
    first: ScriptedChatModel.Reply,
    options: Pick<Runnable.CacheOptions<unknown>, "keep"> = {}
  ) =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make([first, whole])
      const cached = chain(model).pipe(Runnable.withCache({ name: "story", key: () => "", ...options }))
      const outer = cached.pipe(Runnable.withCache({ name: "outer", key: () => "" }))
      yield* outer.invoke("q")
      yield* outer.invoke("q")
      return (yield* calls).length === 1
    }).pipe(memory())

  for (const [where, chain] of Object.entries(chains)) {
    for (const [name, answer] of Object.entries(answers)) {
      it.effect(`${where}: not one that is ${name}`, () =>
        Effect.map(keeps(chain, answer), (kept) => assert.isFalse(kept)))
    }
    it.effect(`${where}: a whole one`, () => Effect.map(keeps(chain, whole), (kept) => assert.isTrue(kept)))
  }
  it.effect("one with calls of tools", () =>
    Effect.map(keeps(chains["the model"], toolCalls([{ name: "t", args: {} }])), (kept) => assert.isTrue(kept)))
  it.effect("what keep allows", () =>
    Effect.map(
      keeps(chains["a chain"], cut("length"), { keep: ({ finish }) => finish.reason === "length" }),
      // The step around it has no such rule.
      (kept) => assert.isTrue(kept)
    ))
})

describe("a store that fails", () => {
  const throwing = (): never => {
    throw new Error("down")
  }
  const failing = {
    "dies when it is asked": { get: () => Effect.die("down"), set: () => Effect.void },
    "throws when it is asked": {
      get: () =>
        Effect.sync((): undefined => {
          throw new Error("down")
        }),
      set: () => Effect.void
    },
    "dies when it stores": { get: () => Effect.succeed(undefined), set: () => Effect.die("down") },
    "throws before it returns an effect": { get: throwing, set: () => Effect.void },
    "throws before it returns an effect that stores": { get: () => Effect.succeed(undefined), set: throwing },
    "returns a promise that rejects": { get: () => Promise.reject(new Error("down")), set: () => Effect.void },
    "gives what is no run": { get: () => Effect.succeed("down"), set: () => Effect.void }
  }
  for (const [name, store] of Object.entries(failing)) {
    it.effect(`${name}: the step runs, and a warning is logged`, () =>
      Effect.gen(function*() {
        const logged: Array<string> = []
        const logger = Logger.make(({ cause, message }) => {
          logged.push(`${String(message)} ${String(Cause.squash(cause))}`)
        })
        const { step } = counting((text: string) => [text])
        const cached = step.pipe(Runnable.withCache({ name: "step" }))
        const answer = yield* cached.invoke("a").pipe(
          // Stores without types may give anything.
          Effect.provideService(RunnableCache.RunnableCache, store as RunnableCache.RunnableCache["Service"]),
          Effect.provide(Logger.layer([logger]))
        )
        assert.strictEqual(answer, "a")
        assert.strictEqual(logged.length, 1)
        assert.match(logged[0]!, /The cache of step failed.*down/)
      }))
  }

  it.effect("names and keys that run together are two keys", () =>
    Effect.gen(function*() {
      const keys: Array<string> = []
      const store = { get: (key: string) => Effect.sync((): undefined => void keys.push(key)), set: () => Effect.void }
      const { step } = counting((text: string) => [text])
      for (const [name, part] of [["a", "b:c"], ["a:b", "c"], ["a\",\"b", "c"], ["a", "b\",\"c"]] as const) {
        yield* step.pipe(Runnable.withCache({ name, key: () => part })).invoke("x").pipe(
          Effect.provideService(RunnableCache.RunnableCache, store)
        )
      }
      assert.strictEqual(new Set(keys).size, 4)
    }))
})

describe("layerMemory", () => {
  const { ran, step } = counting((text: string) => [text])
  const cached = step.pipe(Runnable.withCache({ name: "step" }))
  const runs = (inputs: ReadonlyArray<string>) =>
    Effect.map(
      Effect.forEach(inputs, (input) => {
        ran.length = 0
        return Effect.map(cached.invoke(input), () => ran.length === 1)
      }),
      (fresh) => fresh
    )

  it.effect("holds so many runs, and drops the one used longest ago", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* runs(["a", "b", "a", "c", "a", "b"]), [true, true, false, true, false, true])
    }).pipe(memory({ capacity: 2 })))

  it.effect("holds them so long", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* runs(["a"]), [true])
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* runs(["a"]), [false])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* runs(["a"]), [true])
    }).pipe(memory({ timeToLive: "1 minute" })))
})
