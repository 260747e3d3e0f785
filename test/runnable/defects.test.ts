// Exceptions of functions, and options without a meaning.
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Result, Stream } from "effect"
import {
  Agent,
  ChatHistory,
  ChatModel,
  ChatPrompt,
  OutputParser,
  PartialJson,
  RunEvent,
  Runnable,
  RunnableCache
} from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"

describe("a defect of one input of a batch is its result, and the others keep theirs", () => {
  const bug = new Error("row 2")
  const throwing = (n: number) => {
    if (n === 2) throw bug
    return n
  }
  const rows: Readonly<Record<string, Runnable.Runnable<number, unknown, unknown, never, unknown, never>>> = {
    fn: Runnable.fn(throwing),
    map: Runnable.map(throwing),
    "fn of an effect": Runnable.fn((n: number) => Effect.sync(() => throwing(n))),
    transform: Runnable.transform("T", (chunks: Stream.Stream<number>) => Stream.map(chunks, throwing)),
    sequence: Runnable.sequence(Runnable.passthrough<number>(), Runnable.fn(throwing)),
    parallel: Runnable.parallel({ a: Runnable.fn(throwing) }),
    withRetry: Runnable.fn(throwing).pipe(Runnable.withRetry()),
    withTimeout: Runnable.fn(throwing).pipe(Runnable.withTimeout("1 minute")),
    branch: Runnable.branch([[(n: number) => throwing(n) === 0, Runnable.fn(throwing)]], Runnable.fn(throwing)),
    route: Runnable.route({ a: Runnable.fn(throwing) }, () => "a")
  }
  for (const [name, step] of Object.entries(rows)) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const completed = yield* Stream.runCollect(step.batchAsCompleted([1, 2, 3]))
        const ordered = completed.toSorted(([a], [b]) => a - b).map(([, result]) => result)
        for (const results of [yield* step.batch([1, 2, 3]), ordered]) {
          assert.deepStrictEqual(results.map(Result.isSuccess), [true, false, true])
          const error = Result.isFailure(results[1]!) ? results[1].failure : undefined
          assert.instanceOf(error, Runnable.RunnableDefectError)
          assert.strictEqual(error.cause, bug)
          assert.include(error.message, "row 2")
        }
      }))
  }

  it.effect("a variable that is null", () =>
    Effect.gen(function*() {
      const rows = yield* ChatPrompt.make("{a}").batch([{ a: "1" }, { a: null as never }, { a: "3" }])
      assert.deepStrictEqual(rows.map(Result.isSuccess), [true, false, true])
    }))

  it.effect("a model, as an error of the model", () =>
    Effect.gen(function*() {
      const model = ChatModel.make({
        provider: "local",
        model: "m",
        generate: ({ messages }) => messages[0]?.content === "2" ? Effect.die(bug) : Effect.succeed({ content: "fine" })
      })
      const results = yield* model.batch(["1", "2", "3"])
      assert.deepStrictEqual(results.map(Result.isSuccess), [true, false, true])
      const error = Result.isFailure(results[1]!) ? results[1].failure : undefined
      assert.strictEqual(error?.reason._tag, "UnknownError")
      assert.strictEqual(error?.cause, bug)
    }))

  it.effect("an interruption ends the batch", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Runnable.fn((_input: number) => Effect.interrupt).batch([1, 2]))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
    }))
})

describe("a defect", () => {
  it.effect("ends a step with fallbacks", () =>
    Effect.gen(function*() {
      const step = Runnable.fn((_input: string): string => {
        throw new Error("bug")
      }).pipe(Runnable.withFallbacks([Runnable.fn(() => "fallback")]))
      const exit = yield* Effect.exit(step.invoke("q"))
      assert.strictEqual(Exit.isFailure(exit) && String(Cause.squash(exit.cause)), "Error: bug")
    }))

  it.effect("of a function of the stream of chunks is in its own events", () =>
    Effect.gen(function*() {
      const step = Runnable.transform("T", (_input: Stream.Stream<string>): Stream.Stream<string> => {
        throw new Error("bug")
      })
      for (const chain of [step, Runnable.sequence(Runnable.fn((text: string) => text), step)]) {
        const { events } = yield* eventsOf(chain, "q")
        balanced(events)
        assert.deepStrictEqual(events.filter(({ name }) => name === "T").map(({ event }) => event), [
          "on_chain_start",
          "on_chain_error"
        ])
      }
    }))
})

describe("an option without a meaning is a defect that names it", () => {
  const step = Runnable.fn((n: number) => n)
  const durations = [Number.NaN, -1, 0, "soon" as never, { seconds: Number.NaN }]
  const wrong: Readonly<Record<string, readonly [make: (value: never) => unknown, values: ReadonlyArray<unknown>]>> = {
    "withRateLimit: limit": [(limit) => Runnable.withRateLimit({ limit, window: 1 }), [
      Number.NaN,
      0,
      -1,
      "2",
      undefined
    ]],
    "withRateLimit: window": [(window) => Runnable.withRateLimit({ limit: 1, window }), durations],
    "withTimeout: duration": [(limit) => Runnable.withTimeout(limit), durations],
    "withRetry: times": [(times) => Runnable.withRetry({ times }), [Number.NaN, -1, "2"]],
    concurrency: [(concurrency) => Runnable.each(step, { concurrency }), [Number.NaN, 0, -1, "2"]],
    "layerMemory: capacity": [(capacity) => RunnableCache.layerMemory({ capacity }), [Number.NaN, -1, undefined]],
    "layerMemory: timeToLive": [(timeToLive) => RunnableCache.layerMemory({ capacity: 1, timeToLive }), durations],
    "withHistory: sessionId": [
      (sessionId) =>
        Effect.runSync(
          ChatHistory.withHistory(ScriptedChatModel.make([]).model, { sessionId }).invoke("q").pipe(
            Effect.provide(ChatHistory.layerMemory)
          )
        ),
      [() => "s", undefined, 1]
    ],
    maxLength: [(maxLength) => PartialJson.parser({ maxLength }), [Number.NaN, -1, "2"]],
    maxDepth: [(maxDepth) => PartialJson.parser({ maxDepth }), [Number.NaN, -1, "2"]],
    "The agent's maxSteps": [
      (maxSteps) =>
        Effect.runSync(
          Agent.make({ tools: [], maxSteps }).invoke("q").pipe(Effect.provide(ScriptedChatModel.layer([])))
        ),
      [Number.NaN, 0, -1, "2"]
    ],
    "encodeSse: heartbeat": [(heartbeat) => RunEvent.encodeSse(Stream.empty, { heartbeat }), durations]
  }
  for (const [name, [make, values]] of Object.entries(wrong)) {
    it(name, () => {
      for (const value of values) assert.throws(() => make(value as never), `${name} must be`)
    })
  }

  it.effect("concurrency of batches", () =>
    Effect.gen(function*() {
      for (const concurrency of [Number.NaN, 0]) {
        for (
          const run of [
            step.batch([1], { concurrency }),
            Stream.runDrain(step.batchAsCompleted([1], { concurrency }))
          ]
        ) {
          const exit = yield* Effect.exit(run)
          assert.include(String(Exit.isFailure(exit) && Cause.squash(exit.cause)), "concurrency must be")
        }
      }
    }))

  it.effect("but an infinite limit is none", () =>
    Effect.gen(function*() {
      const free = step.pipe(
        Runnable.withRateLimit({ limit: Infinity, window: "1 second" }),
        Runnable.withTimeout(Infinity)
      )
      assert.strictEqual((yield* free.batch([1, 2, 3], { concurrency: Infinity })).length, 3)
    }))
})

describe("events of events", () => {
  const model = ScriptedChatModel.make(() => ScriptedChatModel.text("a b")).model
  const inner = Runnable.sequence(model, OutputParser.string).pipe(Runnable.withConfig({ tags: ["inner"] }))
  const outer = (seen: Array<RunEvent.RunEvent>, options?: Runnable.EventOptions) =>
    Runnable.fn((text: string) =>
      Stream.runForEach(Runnable.streamEvents(inner, text, options), (event) => Effect.sync(() => seen.push(event)))
    )
  const shape = (events: ReadonlyArray<RunEvent.RunEvent>) =>
    events.map(({ event, name, tags }) => ({ event, name, tags }))

  it.effect("inside a step, both readers see the inner runs", () =>
    Effect.gen(function*() {
      const seen: Array<RunEvent.RunEvent> = []
      const { events } = yield* eventsOf(outer(seen), "q")
      balanced(events)
      balanced(seen)
      assert.deepStrictEqual(shape(seen), shape((yield* eventsOf(inner, "q")).events))
      assert.deepStrictEqual(shape(events.slice(1, -1).filter(({ name }) => name !== "RunnableLambda")), shape(seen))
      const root = events[0]!.run_id
      assert.isTrue(events.slice(1, -1).every(({ parent_ids, run_id }) => run_id === root || parent_ids[0] === root))
      assert.deepStrictEqual(seen[0]!.parent_ids, [])
    }))

  it.effect("each reader has its own filter", () =>
    Effect.gen(function*() {
      const seen: Array<RunEvent.RunEvent> = []
      const { events } = yield* eventsOf(outer(seen, { includeTypes: ["parser"] }), "q", {
        includeTypes: ["chat_model"]
      })
      assert.deepStrictEqual([...new Set(seen.map(({ name }) => name))], ["StrOutputParser"])
      assert.deepStrictEqual([...new Set(events.map(({ name }) => name))], ["scripted"])
    }))

  it.effect("an inner reader that leaves early leaves the outer one balanced", () =>
    Effect.gen(function*() {
      const taking = Runnable.fn((text: string) => Stream.runDrain(Stream.take(Runnable.streamEvents(inner, text), 3)))
      balanced((yield* eventsOf(taking, "q")).events)
    }))
})
