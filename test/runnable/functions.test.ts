// What a function that makes a step may return.
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Stream } from "effect"
import { OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"

const model = ScriptedChatModel.make(() => ScriptedChatModel.text(["{\"a\": \"x", "y\"}"])).model

type F = (input: unknown) => unknown
const untyped = Runnable as unknown as Readonly<Record<"fn" | "map", (f: F) => Runnable.Runnable<string, unknown>>>

const steps: Readonly<Record<string, (f: F) => Runnable.Runnable<string, unknown, unknown, never, unknown, never>>> = {
  fn: (f) => untyped.fn(f),
  map: (f) => untyped.map(f),
  "map behind a step": (f) =>
    Runnable.sequence(Runnable.passthrough<string>(), untyped.map(f) as Runnable.Runnable<unknown, unknown>),
  retriever: (f) => Runnable.retriever("R", f as () => ReadonlyArray<string>),
  "branch condition": (f) =>
    Runnable.branch([[f as () => boolean, Runnable.fn(() => "done!")]], Runnable.fn(() => "otherwise")),
  "route selection": (f) => Runnable.route({ "done!": Runnable.fn(() => "done!") }, f as () => string)
}

describe("a function may return a value, an effect or a promise", () => {
  const returns: Readonly<Record<string, F>> = {
    value: () => "done!",
    effect: () => Effect.succeed("done!"),
    "effect that waits": () => Effect.delay(Effect.succeed("done!"), 0),
    promise: () => Promise.resolve("done!"),
    "async function": async () => "done!"
  }
  for (const [name, make] of Object.entries(steps)) {
    for (const [what, f] of Object.entries(returns)) {
      it.live(`${name}, ${what}`, () =>
        Effect.gen(function*() {
          assert.strictEqual(yield* make(f).invoke("q"), "done!")
          balanced((yield* eventsOf(make(f), "q")).events)
        }))
    }

    it.live(`${name}: a promise that rejects is a typed failure`, () =>
      Effect.gen(function*() {
        const boom = new Error("boom")
        const exit = yield* Effect.exit(make(() => Promise.reject(boom)).invoke("q"))
        const error = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : undefined
        assert.isTrue(error?._tag === "Some" && Cause.isUnknownError(error.value) && error.value.cause === boom)
        assert.strictEqual(error?._tag === "Some" && (error.value as Error).message, "boom")
      }))

    it.live(`${name}: an exception of a function stays a defect`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(
          make(() => {
            throw new Error("bug")
          }).invoke("q")
        )
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      }))

    it.live(`${name}: the signal of a promise is aborted when the run is left`, () =>
      Effect.gen(function*() {
        const started = yield* Deferred.make<AbortSignal>()
        const waiting = ((_input: unknown, signal: AbortSignal) => {
          queueMicrotask(() => Deferred.doneUnsafe(started, Effect.succeed(signal)))
          return new Promise(() => {})
        }) as F
        const fiber = yield* Effect.forkChild(make(waiting).invoke("q"))
        const signal = yield* Deferred.await(started)
        assert.isFalse(signal.aborted)
        yield* Fiber.interrupt(fiber)
        assert.isTrue(signal.aborted)
      }))
  }
})

describe("a function of chunks that returns effects or promises", () => {
  it.live("takes one chunk after the other", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const chain = Runnable.sequence(
        ScriptedChatModel.make(() => ScriptedChatModel.text(["a", "b", "c"])).model,
        OutputParser.string,
        Runnable.map(async (text: string) => {
          order.push(`start ${text}`)
          await new Promise((resolve) => setTimeout(resolve, text === "a" ? 5 : 0))
          order.push(`end ${text}`)
          return text.toUpperCase()
        })
      )
      assert.strictEqual(yield* chain.invoke("q"), "ABC")
      assert.deepStrictEqual(order.slice(0, 6), ["start a", "end a", "start b", "end b", "start c", "end c"])
    }))

  it.live("has the output of all cuts", () =>
    Effect.gen(function*() {
      const name = (value: unknown) => (value as { readonly a?: string }).a ?? ""
      const json = Runnable.sequence(model, OutputParser.json())
      const both = Runnable.sequence(model, Runnable.parallel({ json: OutputParser.json() }))
      assert.strictEqual(yield* Runnable.sequence(json, Runnable.map(async (v: unknown) => name(v))).invoke("q"), "xy")
      assert.strictEqual(
        yield* Runnable.sequence(json, Runnable.map((v: unknown) => Effect.succeed(name(v)))).invoke("q"),
        "xy"
      )
      assert.strictEqual(
        yield* Runnable.sequence(both, Runnable.map(async (v: { readonly json: unknown }) => name(v.json))).invoke("q"),
        "xy"
      )
    }))

  for (const [what, f] of Object.entries<F>({ stream: () => Stream.make(1), runnable: () => model })) {
    it.effect(`does not take a ${what}, and says what does`, () =>
      Effect.gen(function*() {
        for (const step of [steps["map"]!(f), steps["map behind a step"]!(f)]) {
          const exit = yield* Effect.exit(step.invoke("q"))
          assert.match(
            String(Exit.isFailure(exit) && Cause.squash(exit.cause)),
            /use Runnable\.transform or Runnable\.fn/
          )
        }
      }))
  }
})

describe("fn of a stream", () => {
  it.effect("streams, and joins its chunks", () =>
    Effect.gen(function*() {
      const step = Runnable.fn((text: string) => Stream.make(text, "b", "c"))
      assert.deepStrictEqual(yield* Stream.runCollect(step.stream("a")), ["a", "b", "c"])
      assert.strictEqual(yield* step.invoke("a"), "abc")
      balanced((yield* eventsOf(step, "a")).events)
    }))

  it.effect("fails as it does", () =>
    Effect.gen(function*() {
      const step = Runnable.fn((_text: string) => Stream.concat(Stream.make("a"), Stream.fail("no" as const)))
      assert.strictEqual(yield* Effect.flip(step.invoke("a")), "no")
    }))
})

describe("observers", () => {
  it.live("may return a promise, which is awaited, or nothing", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const step = Runnable.fn((text: string) => text).pipe(Runnable.withListeners({
        onStart: () => void seen.push("start"),
        onEnd: async () => {
          await Promise.resolve()
          seen.push("end")
        }
      }))
      assert.strictEqual(yield* step.invoke("a"), "a")
      assert.deepStrictEqual(seen, ["start", "end"])
    }))
})

describe("what a function without types may not give is named", () => {
  const stream = Stream.make("a")
  const inner = Runnable.fn((text: string) => text)
  const within = /within an effect or a promise: return it itself/
  const transform = (f: F) => () => Runnable.transform("T", f as () => Stream.Stream<unknown>)
  for (
    const [what, make, words] of [
      ["a promise of a stream", () => untyped.fn(async () => stream), within],
      ["an effect of a stream", () => untyped.fn(() => Effect.succeed(stream)), within],
      ["a promise of a runnable", () => untyped.fn(async () => inner), within],
      ["a retriever's stream", () => steps["retriever"]!(() => stream), within],
      ["an async generator", () =>
        untyped.fn(async function*() {
          yield "a"
        }), /Stream\.fromAsyncIterable/],
      ["a transform's promise", transform(async () => stream), /the transform T returned a Promise/],
      ["a transform's value", transform(() => "a"), /the transform T returned "a"/],
      ["a function in parallel", () => Runnable.parallel({ a: (() => "a") as never }), /step "a" is a function/],
      ["a function in assign", () => Runnable.assign({ a: (() => "a") as never }), /step "a" is a function/]
    ] as ReadonlyArray<
      readonly [string, () => Runnable.Runnable<string, unknown, unknown, never, unknown, never>, RegExp]
    >
  ) {
    it.live(what, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(Effect.suspend(() => make().invoke("q")))
        assert.match(String(Exit.isFailure(exit) && Cause.squash(exit.cause)), words)
      }))
  }
})

describe("a function whose result is used at once", () => {
  it.effect("is a defect if it returns a promise", () =>
    Effect.gen(function*() {
      const step = Runnable.fn((_text: string) => Effect.fail("no")).pipe(
        Runnable.withRetry({ while: (async () => true) as never })
      )
      const exit = yield* Effect.exit(step.invoke("a"))
      assert.match(String(Exit.isFailure(exit) && Cause.squash(exit.cause)), /withRetry: while must return a value/)
    }))
})
