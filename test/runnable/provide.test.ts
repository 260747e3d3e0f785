// Services of one step: when a layer is built and released, and who sees what it provides.
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Result, Stream } from "effect"
import { ChatModel, ChatModelError, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"

const { fail, stall, text } = ScriptedChatModel

class Store extends Context.Service<Store, { readonly name: string }>()("test/Store") {}

/** A layer that counts its builds and releases. */
const counted = (name = "store") => {
  const seen = { built: 0, released: 0 }
  const layer = Layer.effect(
    Store,
    Effect.acquireRelease(
      Effect.sync(() => ({ name: `${name} ${++seen.built}` })),
      () => Effect.sync(() => seen.released++)
    )
  )
  return { layer, seen }
}

/** A step that tells which of the builds it sees. */
const named = Runnable.fn((text: string) => Effect.map(Store, ({ name }) => `${text}: ${name}`))

describe("a layer", () => {
  it.effect("is built when a run opens and released when it ends", () =>
    Effect.gen(function*() {
      const { layer, seen } = counted()
      const step = named.pipe(Runnable.provide(layer))
      const invoke = step.invoke("a")
      const stream = step.stream("b")
      assert.deepStrictEqual(seen, { built: 0, released: 0 })
      assert.strictEqual(yield* invoke, "a: store 1")
      assert.deepStrictEqual(seen, { built: 1, released: 1 })
      assert.deepStrictEqual(yield* Stream.runCollect(stream), ["b: store 2"])
      assert.deepStrictEqual(yield* Stream.runCollect(step.transform(Stream.make("c"))), ["c: store 3"])
      assert.deepStrictEqual(seen, { built: 3, released: 3 })
    }))

  for (
    const [how, reply, run] of [
      [
        "fails",
        [...text("a b c").slice(0, 2), fail(new ChatModelError.InternalProviderError({ message: "broken" }))],
        Stream.runDrain
      ],
      ["is left", text("a b c"), (stream: Stream.Stream<string, unknown>) => Stream.runDrain(Stream.take(stream, 1))],
      [
        "is interrupted",
        [...text("a b c").slice(0, 2), stall],
        (stream: Stream.Stream<string, unknown>) =>
          Effect.flatMap(
            Effect.forkChild(Stream.runDrain(stream)),
            (fiber) => Effect.andThen(Effect.yieldNow, Fiber.interrupt(fiber))
          )
      ]
    ] as const
  ) {
    it.effect(`is released after the step when the run ${how}`, () =>
      Effect.gen(function*() {
        const order: Array<string> = []
        const { model } = ScriptedChatModel.make(() => reply, { options: { maxRetries: 0 } })
        const closing = ChatModel.transform(model, {
          stream: (answer) => Stream.ensuring(answer, Effect.sync(() => order.push("step")))
        })
        const layer = Layer.effect(
          ChatModel.ChatModel,
          Effect.acquireRelease(Effect.succeed(closing), () => Effect.sync(() => order.push("layer")))
        )
        const chain = Runnable.sequence(ChatModel.runnable, OutputParser.string).pipe(Runnable.provide(layer))
        yield* Effect.exit<unknown, unknown, never>(run(chain.stream("Hi")))
        assert.deepStrictEqual(order, ["step", "layer"])
      }))
  }

  it.effect("is not built again if it is provided around the run", () =>
    Effect.gen(function*() {
      const { layer, seen } = counted()
      const step = named.pipe(Runnable.provide(layer))
      const both = yield* Effect.all([step.invoke("a"), step.invoke("b")]).pipe(Effect.provide(layer))
      assert.deepStrictEqual(both, ["a: store 1", "b: store 1"])
      assert.deepStrictEqual(seen, { built: 1, released: 1 })
    }))

  it.effect("that fails to build fails the run, which may be retried or have a fallback", () =>
    Effect.gen(function*() {
      let builds = 0
      const flaky = Layer.effect(
        Store,
        Effect.suspend(() => ++builds < 3 ? Effect.fail("down" as const) : Effect.succeed({ name: "up" }))
      )
      const step = named.pipe(Runnable.provide(flaky))
      assert.strictEqual(yield* Effect.flip(step.invoke("a")), "down")
      const fallback = step.pipe(Runnable.withFallbacks([Runnable.fn(() => "fallback")]))
      assert.strictEqual(yield* fallback.invoke("a"), "fallback")
      assert.strictEqual(yield* step.invoke("a"), "a: up")
    }))
})

describe("a batch", () => {
  it.effect("builds once for all inputs, and releases when all are done", () =>
    Effect.gen(function*() {
      const { layer, seen } = counted()
      const step = named.pipe(Runnable.provide(layer))
      const expected = ["a: store 1", "b: store 1", "c: store 1"].map(Result.succeed)
      assert.deepStrictEqual(yield* step.batch(["a", "b", "c"], { concurrency: 1 }), expected)
      assert.deepStrictEqual(seen, { built: 1, released: 1 })
      const completed = yield* Stream.runCollect(step.batchAsCompleted(["a", "b", "c"], { concurrency: 1 }))
      assert.deepStrictEqual(
        completed.map(([, result]) => result),
        ["a: store 2", "b: store 2", "c: store 2"].map(Result.succeed)
      )
      assert.deepStrictEqual(seen, { built: 2, released: 2 })
      yield* Stream.runDrain(Stream.take(step.batchAsCompleted(["a", "b", "c"]), 1))
      assert.deepStrictEqual(seen, { built: 3, released: 3 })
    }))

  it.effect("has a failure to build, or a defect of it, as the result of each input", () =>
    Effect.gen(function*() {
      let builds = 0
      const broken = <E>(cause: Effect.Effect<never, E>) =>
        named.pipe(Runnable.provide(Layer.effect(
          Store,
          Effect.suspend(() => {
            builds++
            return cause
          })
        )))
      assert.deepStrictEqual(yield* broken(Effect.fail("down")).batch(["a", "b"]), [
        Result.fail("down"),
        Result.fail("down")
      ])
      assert.strictEqual(builds, 1)
      const died = yield* Stream.runCollect(broken(Effect.die(new Error("bug"))).batchAsCompleted(["a", "b"]))
      for (const [, result] of died) {
        assert.isTrue(Result.isFailure(result))
        if (Result.isFailure(result)) assert.strictEqual(result.failure._tag, "RunnableDefectError")
      }
      assert.strictEqual(died.length, 2)
      assert.strictEqual(builds, 2)
    }))
})

describe("the steps before a step that works on chunks", () => {
  const Level = Context.Reference<string>("test/Level", { defaultValue: () => "default" })

  const scripted = (name: string) => ScriptedChatModel.make(() => text(["1", "2"]), { provider: name })
  /** For each slice the provider of the model, and the level, that the place sees. */
  const tell = (place: string, log: Array<string>) => (slice: string) =>
    Effect.gen(function*() {
      const { provider } = yield* ChatModel.ChatModel
      log.push(`${place} ${provider} ${yield* Level}`)
      return slice
    })

  it.effect("keep their services, references included, with each chunk", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const chain = Runnable.sequence(
        ChatModel.runnable,
        OutputParser.string,
        Runnable.map(tell("before", log)),
        Runnable.map(tell("inside", log)).pipe(
          Runnable.provide(Layer.mergeAll(
            Layer.succeed(ChatModel.ChatModel, scripted("inner").model),
            Layer.succeed(Level, "inner")
          ))
        ),
        Runnable.map(tell("after", log))
      )
      const outer = scripted("outer")
      const run = Effect.provideService(chain.invoke("Hi"), ChatModel.ChatModel, outer.model)
      // Two slices, and the chunk that ends the answer.
      const one = ["before outer default", "inside inner inner", "after outer default"]
      const expected = [...one, ...one, ...one]
      assert.strictEqual(yield* run, "12")
      assert.deepStrictEqual(log, expected)
      log.length = 0
      const { events } = yield* Effect.provideService(eventsOf(chain, "Hi"), ChatModel.ChatModel, outer.model)
      balanced(events)
      assert.deepStrictEqual(log, expected)
      assert.strictEqual((yield* outer.calls).length, 2)
    }))

  it.effect("so does a stream that is transformed", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const step = Runnable.map(tell("inside", log)).pipe(
        Runnable.provide(ChatModel.ChatModel.context(scripted("inner").model))
      )
      const source = Stream.make("1", "2").pipe(Stream.mapEffect(tell("before", log)))
      yield* Stream.runDrain(step.transform(source)).pipe(
        Effect.provideService(ChatModel.ChatModel, scripted("outer").model)
      )
      assert.deepStrictEqual(log, [
        "before outer default",
        "inside inner default",
        "before outer default",
        "inside inner default"
      ])
    }))
})

describe("events and graphs", () => {
  const chain = Runnable.sequence(ChatModel.runnable, OutputParser.string)
  const shown = (events: Effect.Success<ReturnType<typeof eventsOf>>["events"]) =>
    events.map(({ data, event, name, parent_ids, tags }) => [event, name, parent_ids.length, tags, data])

  it.effect("are those of the step", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => text("a b"))
      const layer = Layer.succeed(ChatModel.ChatModel, model)
      const provided = chain.pipe(Runnable.provide(layer))
      const { events } = yield* eventsOf(provided, "Hi")
      const { events: expected } = yield* Effect.provide(eventsOf(chain, "Hi"), layer)
      assert.deepStrictEqual(shown(events), shown(expected))
      assert.deepStrictEqual(Runnable.graph(provided), Runnable.graph(chain))
    }))

  it.effect("stay in their own run if the services were taken from another one", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => text("a b"))
      let taken: Context.Context<ChatModel.ChatModel> | undefined
      const take = Runnable.fn((_input: string) =>
        Effect.map(Effect.context<ChatModel.ChatModel>(), (services) => {
          taken = services
        })
      )
      yield* Effect.provideService(eventsOf(take, "Hi"), ChatModel.ChatModel, model)
      const { events } = yield* eventsOf(chain.pipe(Runnable.provide(taken!)), "Hi")
      balanced(events)
      const { events: expected } = yield* Effect.provideService(eventsOf(chain, "Hi"), ChatModel.ChatModel, model)
      assert.deepStrictEqual(shown(events), shown(expected))
    }))
})

describe("what is neither a layer nor a Context", () => {
  it("is named", () => {
    const provide = Runnable.provide as (services: unknown) => unknown
    assert.throws(() => provide(undefined), "Runnable.provide: give a layer or a Context, not undefined")
    assert.throws(() => provide({ model: "m" }), "Runnable.provide: give a layer or a Context, not an object")
    assert.isTrue(
      Exit.isSuccess(Effect.runSyncExit(Runnable.fn(() => 1).pipe(Runnable.provide(Layer.empty)).invoke(1)))
    )
  })
})
