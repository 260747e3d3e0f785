import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Logger, Random, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AIMessageChunk, ChatModel, ChatModelError, ModelRouting } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { busy, contentOf, counts, fails, reasons, says, scripted, wrong } from "../../support/routing.ts"

const { chunk, delay, fail, finish, stall, text } = ScriptedChatModel
const { answeredBy, withRouter } = ModelRouting

/** The names of the models that answer a number of calls, one after the other. */
const answers = (model: ChatModel.Service, count: number, input = "Hi") =>
  Effect.replicateEffect(Effect.map(model.invoke(input), (message) => answeredBy(message)?.model), count)

/** The name of the model that answers one call, whatever time it takes. */
const answer = (model: ChatModel.Service) =>
  Effect.gen(function*() {
    const call = yield* Effect.forkChild(answers(model, 1))
    yield* TestClock.adjust("1 minute")
    return (yield* Fiber.join(call))[0]
  })

const tally = (names: ReadonlyArray<string | undefined>) => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[String(name)] = (counts[String(name)] ?? 0) + 1
  return counts
}

/** A model that fails as long as it is told to. */
const fragile = (name: string, reason: ChatModelError.Reason = busy) => {
  const state = { broken: true, reason }
  const made = ScriptedChatModel.make(() => state.broken ? [fail(state.reason)] : text([name, "!"]), {
    provider: "test",
    model: name,
    options: { maxRetries: 0 }
  })
  return { ...made, state }
}

describe("by chance", () => {
  const names = (weights: ReadonlyArray<number> | undefined, seed: string, count = 600) => {
    const model = says("a").model.pipe(
      withRouter([says("b").model, says("c").model], weights === undefined ? {} : { strategy: { weights } })
    )
    return answers(model, count).pipe(Random.withSeed(seed))
  }

  it.effect("each model gets as many calls as its weight says", () =>
    Effect.gen(function*() {
      const { a = 0, b = 0, c = 0 } = tally(yield* names([5, 3, 2], "fish"))
      assert.strictEqual(a + b + c, 600)
      assert.isAtMost(Math.abs(a - 300), 40)
      assert.isAtMost(Math.abs(b - 180), 40)
      assert.isAtMost(Math.abs(c - 120), 40)
    }))

  it.effect("all weights are equal by default", () =>
    Effect.gen(function*() {
      for (const count of Object.values(tally(yield* names(undefined, "fish")))) {
        assert.isAtMost(Math.abs(count - 200), 40)
      }
    }))

  it.effect("the choices are those of the Random service", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* names([1, 1, 1], "a", 50), yield* names([1, 1, 1], "a", 50))
      assert.notDeepEqual(yield* names([1, 1, 1], "a", 50), yield* names([1, 1, 1], "b", 50))
    }))

  it.effect("a model of weight 0 is asked when the others fail", () =>
    Effect.gen(function*() {
      const [a, b, c] = [fragile("a"), says("b"), says("c")]
      const model = a.model.pipe(withRouter([b.model, c.model], { strategy: { weights: [1, 0, 0] } }))
      assert.deepStrictEqual(yield* answers(model, 1), ["b"])
      a.state.broken = false
      assert.deepStrictEqual(yield* answers(model, 20), Array.from({ length: 20 }, () => "a"))
    }))

  it("wrong weights are told when the router is made", () => {
    const weights = (...weights: ReadonlyArray<number>) => () =>
      withRouter([says("b").model], { strategy: { weights } })
    assert.throws(weights(1), /one for each of the 2 models/)
    assert.throws(weights(1, -1), /must be a number of at least 0/)
    assert.throws(weights(1, NaN), /must be a number of at least 0/)
    assert.throws(weights(0, 0), /a sum above zero/)
    assert.throws(weights(1, Infinity), /not infinite/)
  })
})

describe("by latency", () => {
  const slow = (name: string, ...times: ReadonlyArray<Duration.Input>) =>
    scripted(name, times.map((time) => [delay(time), ...text([name])]))

  it.effect("models without a measurement go first, then the fastest", () =>
    Effect.gen(function*() {
      const [a, b, c] = [slow("a", "3 seconds"), slow("b", "1 second"), slow("c", "2 seconds")]
      const model = a.model.pipe(withRouter([b.model, c.model], { strategy: "latency" }))
      const names = []
      for (let i = 0; i < 10; i++) names.push(yield* answer(model))
      assert.deepStrictEqual(names, ["a", "b", "c", "b", "b", "b", "b", "b", "b", "b"])
    }))

  it.effect("calls at the same time measure different models", () =>
    Effect.gen(function*() {
      const models = [slow("a", "3 seconds"), slow("b", "1 second"), slow("c", "2 seconds")] as const
      const model = models[0].model.pipe(withRouter([models[1].model, models[2].model], { strategy: "latency" }))
      const calls = yield* Effect.forkChild(Effect.all([answers(model, 1), answers(model, 1), answers(model, 1)], {
        concurrency: 3
      }))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(calls)
      assert.deepStrictEqual(yield* counts(...models), [1, 1, 1])
    }))

  it.effect("while a model is measured, the other calls go to those that are known", () =>
    Effect.gen(function*() {
      const [a, b] = [slow("a", "1 second"), scripted("b", [[stall]])]
      const model = a.model.pipe(withRouter([b.model], { strategy: "latency" }))
      assert.strictEqual(yield* answer(model), "a")
      yield* Effect.forkChild(model.invoke("Hi"))
      yield* b.awaitCall(1)
      assert.deepStrictEqual([yield* answer(model), yield* answer(model)], ["a", "a"])
      assert.deepStrictEqual(yield* counts(b), [1])
    }))

  it.effect("a model that was left out is measured anew", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[delay("3 seconds"), ...text("a")], [fail(busy)], text("a")])
      const b = slow("b", "1 second")
      const model = a.model.pipe(withRouter([b.model], { strategy: "latency", coolDown: { failures: 1 } }))
      const names = []
      for (let i = 0; i < 22; i++) names.push(yield* answer(model))
      assert.deepStrictEqual(yield* counts(a), [4])
      assert.deepStrictEqual(names.slice(0, 3), ["a", "b", "b"])
      // The twentieth call measures `a` again, which fails.
      assert.deepStrictEqual(names.slice(-4), ["b", "b", "a", "a"])
    }))

  it.effect("it is the time to the first chunk, and not of the whole answer", () =>
    Effect.gen(function*() {
      const first = (name: string, before: Duration.Input, after: Duration.Input) =>
        scripted(name, [[delay(before), chunk(AIMessageChunk.text(name)), delay(after), finish()]])
      const a = first("a", "2 seconds", 0)
      const b = first("b", "1 second", "30 seconds")
      const model = a.model.pipe(withRouter([b.model], { strategy: "latency" }))
      const names = []
      for (let i = 0; i < 4; i++) names.push(yield* answer(model))
      assert.deepStrictEqual(names, ["a", "b", "b", "b"])
    }))

  it.effect("it is a moving average", () =>
    Effect.gen(function*() {
      // 1, then 1 + 0.3 * 9 = 3.7 seconds, which is more than 2.
      const a = slow("a", "1 second", "10 seconds", "1 second")
      const b = slow("b", "2 seconds")
      const model = a.model.pipe(withRouter([b.model], { strategy: "latency" }))
      const names = []
      for (let i = 0; i < 5; i++) names.push(yield* answer(model))
      assert.deepStrictEqual(names, ["a", "b", "a", "b", "b"])
    }))

  it.effect("a model that was slow once gets another chance", () =>
    Effect.gen(function*() {
      const a = slow("a", "60 seconds", "1 millis")
      const b = slow("b", "1 second")
      const model = a.model.pipe(withRouter([b.model], { strategy: "latency" }))
      const names = []
      for (let i = 0; i < 200; i++) names.push(yield* answer(model))
      const { a: asked = 0 } = tally(names)
      // Once at first, then one call in twenty until its average is the lower one.
      assert.deepStrictEqual(names.indexOf("a", 1), 19)
      assert.isAbove(asked, 10)
    }))
})

describe("by key", () => {
  const keyed = (names: readonly [string, ...Array<string>], options?: Partial<ModelRouting.RouterOptions>) => {
    const [first, second, ...rest] = names.map((name) => says(name))
    const model = first!.model.pipe(withRouter([second!.model, ...rest.map(({ model }) => model)], {
      key: ({ messages }) => String(messages[0]?.content),
      ...options
    }))
    return (key: string) => Effect.map(answers(model, 1, key), ([name]) => name)
  }
  it.effect("a call whose key is null is routed by the strategy, as one without a key", () =>
    Effect.gen(function*() {
      const weights = { strategy: { weights: [0.001, 1000] } } as const
      // Callers without types may return null.
      const keyless = (none: null | undefined) => keyed(["a", "b"], { ...weights, key: () => none as undefined })("any")
      assert.deepStrictEqual([yield* keyless(null), yield* keyless(undefined)], ["b", "b"])
    }))

  const keys = Array.from({ length: 600 }, (_, i) => `user ${i}`)

  it.effect("the same key goes to the same model, in every process and order of models", () =>
    Effect.gen(function*() {
      const [one, other] = [keyed(["a", "b", "c"]), keyed(["c", "a", "b"])]
      const first = yield* Effect.forEach(keys, one)
      assert.deepStrictEqual(yield* Effect.forEach(keys, one), first)
      assert.deepStrictEqual(yield* Effect.forEach(keys, other), first)
      for (const count of Object.values(tally(first))) assert.isAtMost(Math.abs(count - 200), 50)
    }))

  it.effect("a model that goes moves no key of the others", () =>
    Effect.gen(function*() {
      const before = yield* Effect.forEach(keys, keyed(["a", "b", "c"]))
      const after = yield* Effect.forEach(keys, keyed(["a", "b"]))
      for (const [i, name] of before.entries()) if (name !== "c") assert.strictEqual(after[i], name)
      assert.hasAllKeys(tally(after.filter((_, i) => before[i] === "c")), ["a", "b"])
    }))

  it.effect("weights hold for keys", () =>
    Effect.gen(function*() {
      const { a = 0 } = tally(yield* Effect.forEach(keys, keyed(["a", "b"], { strategy: { weights: [3, 1] } })))
      assert.isAtMost(Math.abs(a - 450), 50)
    }))

  it.effect("models of the same name are told apart", () =>
    Effect.gen(function*() {
      const models = [says("a"), says("a"), says("a")] as const
      const model = models[0].model.pipe(
        withRouter([models[1].model, models[2].model], { key: ({ messages }) => String(messages[0]?.content) })
      )
      yield* Effect.forEach(keys, (key) => model.invoke(key))
      for (const count of yield* counts(...models)) assert.isAtMost(Math.abs(count - 200), 50)
    }))

  it.effect("while the model of a key fails, the key goes to one other, and then back", () =>
    Effect.gen(function*() {
      const [a, b, c] = [fragile("a"), says("b"), says("c")]
      const model = a.model.pipe(withRouter([b.model, c.model], {
        key: ({ options }) => options.metadata?.["user_id"],
        coolDown: { failures: 2, duration: "10 seconds" }
      }))
      a.state.broken = false
      const ask = (id: string) =>
        Effect.map(model.invoke("Hi", { metadata: { user_id: id } }), (message) => answeredBy(message)?.model)
      const users = yield* Effect.filter(keys.slice(0, 50), (key) => Effect.map(ask(key), (name) => name === "a"))
      assert.isAbove(users.length, 5)
      a.state.broken = true
      const moved = yield* Effect.forEach(users, ask)
      assert.hasAllKeys(tally(moved), ["b", "c"])
      const asked = (yield* counts(a))[0]
      assert.deepStrictEqual(yield* Effect.forEach(users, ask), moved)
      assert.deepStrictEqual(yield* counts(a), [asked])
      a.state.broken = false
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(tally(yield* Effect.forEach(users, ask)), { a: users.length })
    }))

  it.effect("a call without a key follows the strategy", () =>
    Effect.gen(function*() {
      const model = says("a").model.pipe(withRouter([says("b").model], { key: () => undefined }))
      assert.hasAllKeys(tally(yield* answers(model, 50).pipe(Random.withSeed("fish"))), ["a", "b"])
    }))

  it.effect("a key function that throws or gives an effect is a defect", () =>
    Effect.gen(function*() {
      const throwing = () => {
        throw new Error("bug")
      }
      // For callers without types.
      const effect = (() => Effect.succeed("a")) as unknown as () => string
      for (const key of [throwing, effect]) {
        const model = says("a").model.pipe(withRouter([says("b").model], { key }))
        assert.isTrue(Exit.hasDies(yield* Effect.exit(model.invoke("Hi"))))
      }
    }))
})

describe("a model that fails", () => {
  /** A router that asks `a` first while it is healthy. */
  const routed = (
    a: ScriptedChatModel.ScriptedChatModel["Service"],
    options?: Partial<ModelRouting.RouterOptions>,
    b = says("b")
  ) => a.model.pipe(withRouter([b.model], { strategy: { weights: [1, 0] }, ...options }))

  it.effect("is left out after three failures in a row, for a time that doubles up to its longest", () =>
    Effect.gen(function*() {
      const a = fragile("a")
      const model = routed(a, { coolDown: { duration: "10 seconds", maxDuration: "30 seconds" } })
      const asked = Effect.gen(function*() {
        const [before = 0] = yield* counts(a)
        assert.deepStrictEqual(yield* answers(model, 5), ["b", "b", "b", "b", "b"])
        const [after = 0] = yield* counts(a)
        return after - before
      })
      assert.strictEqual(yield* asked, 3)
      for (const seconds of [10, 20, 30, 30]) {
        yield* TestClock.adjust(Duration.millis(seconds * 1000 - 1))
        assert.strictEqual(yield* asked, 0, `${seconds} seconds`)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* asked, 1, `${seconds} seconds`)
      }
      yield* TestClock.adjust("30 seconds")
      a.state.broken = false
      assert.deepStrictEqual(yield* answers(model, 3), ["a", "a", "a"])
      a.state.broken = true
      assert.strictEqual(yield* asked, 3)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* asked, 1, "the time begins anew")
    }))

  it.effect("is not left out after failures with answers between them", () =>
    Effect.gen(function*() {
      const a = fragile("a")
      const model = routed(a)
      for (let i = 0; i < 5; i++) {
        a.state.broken = true
        yield* answers(model, 2)
        a.state.broken = false
        assert.deepStrictEqual(yield* answers(model, 1), ["a"])
      }
    }))

  it.effect("is tried by one call at a time", () =>
    Effect.gen(function*() {
      const hanging = { on: false }
      const a = ScriptedChatModel.make(() => hanging.on ? [stall] : [fail(busy)], {
        provider: "test",
        model: "a",
        options: { maxRetries: 0 }
      })
      const model = routed(a)
      yield* answers(model, 3)
      yield* TestClock.adjust("10 seconds")
      hanging.on = true
      const probe = yield* Effect.forkChild(model.invoke("Hi"))
      yield* a.awaitCall(4)
      assert.deepStrictEqual(yield* answers(model, 3), ["b", "b", "b"])
      // A call that was left says nothing, so the next one tries again.
      yield* Fiber.interrupt(probe)
      const next = yield* Effect.forkChild(model.invoke("Hi"))
      yield* a.awaitCall(5)
      yield* Fiber.interrupt(next)
    }))

  it.effect("is left out at once after `failures: 1`, and never with `false`", () =>
    Effect.gen(function*() {
      const [once, never] = [fragile("a"), fragile("a")]
      yield* answers(routed(once, { coolDown: { failures: 1 } }), 10)
      yield* answers(routed(never, { coolDown: false }), 10)
      assert.deepStrictEqual(yield* counts(once, never), [1, 10])
    }))

  it.effect("is left out as long as the provider asks for", () =>
    Effect.gen(function*() {
      const retryAfter = Duration.minutes(2)
      const a = fragile("a", new ChatModelError.RateLimitError({ message: "Slowly", retryAfter }))
      const model = routed(a)
      yield* answers(model, 3)
      yield* TestClock.adjust("119 seconds")
      yield* answers(model, 1)
      assert.deepStrictEqual(yield* counts(a), [3])
      yield* TestClock.adjust("1 seconds")
      yield* answers(model, 1)
      assert.deepStrictEqual(yield* counts(a), [4])
    }))

  it.effect("after its first chunk counts, and the failure is the call's", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[chunk(AIMessageChunk.text("once")), fail(busy)]])
      const model = routed(a)
      for (let i = 0; i < 3; i++) {
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.deepStrictEqual([error.model, error.partial?.content, error.attempts], ["a", "once", undefined])
      }
      assert.deepStrictEqual(yield* answers(model, 3), ["b", "b", "b"])
    }))

  it.effect("because of the request, or of the caller's time limit, is not left out", () =>
    Effect.gen(function*() {
      const { BudgetExceededError, ContextLengthError, ContentPolicyError, InvalidRequestError, UnsupportedError } =
        reasons
      const total = new ChatModelError.TimeoutError({ message: "Too late", phase: "total" })
      const neutral: ReadonlyArray<ChatModelError.Reason> = [
        BudgetExceededError,
        ContextLengthError,
        ContentPolicyError,
        InvalidRequestError,
        UnsupportedError,
        total
      ]
      for (const reason of [...Object.values(reasons), total]) {
        const a = fragile("a", reason)
        const model = routed(a)
        yield* Effect.replicateEffect(Effect.exit(model.invoke("Hi")), 5)
        assert.deepStrictEqual(yield* counts(a), [neutral.includes(reason) ? 5 : 3], reason._tag)
      }
    }))

  it.effect("is told by one warning", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
      yield* answers(routed(fragile("a")), 5).pipe(Effect.provide(Logger.layer([logger])))
      assert.deepStrictEqual(lines, ["Warn test/a is left out for 10s: OverloadedError from test/a: Too busy"])
    }))

  it.effect("is asked all the same if all models are left out, the one whose time ends first before the others", () =>
    Effect.gen(function*() {
      const [a, b] = [fragile("a"), fragile("b")]
      b.state.broken = false
      const model = routed(a, { coolDown: { duration: "10 seconds" } }, b)
      yield* answers(model, 3)
      yield* TestClock.adjust("10 seconds")
      yield* answers(model, 1)
      b.state.broken = true
      yield* Effect.replicateEffect(Effect.exit(model.invoke("Hi")), 3)
      assert.deepStrictEqual(yield* counts(a, b), [4, 7])
      // The time of `a` ends after 20 seconds, that of `b` after 10.
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.deepStrictEqual(error.attempts?.map(({ model }) => model), ["b", "a"])
      // Now that of `a` ends after 40 seconds, and that of `b` after 20. An answer ends it at once.
      b.state.broken = false
      assert.deepStrictEqual(yield* answers(model, 3), ["b", "b", "b"])
    }))

  it.effect("does not count for calls that began before it was left out", () =>
    Effect.gen(function*() {
      const late = scripted("a", [[delay("5 seconds"), fail(busy)]])
      const model = routed(late, { coolDown: { failures: 2, duration: "10 seconds" } })
      yield* Effect.replicateEffect(Effect.forkChild(model.invoke("Hi")), 10)
      yield* late.awaitCall(10)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* counts(late), [10])
      // Two of the ten failures have left it out for 10 seconds; the others have not doubled that.
      yield* TestClock.adjust("9999 millis")
      assert.deepStrictEqual(yield* answers(model, 1), ["b"])
      yield* TestClock.adjust("1 millis")
      yield* Effect.forkChild(model.invoke("Hi"))
      yield* late.awaitCall(11)
    }))

  it.effect("is not back with the answer of a call that began before", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[delay("5 seconds"), ...text("a")], [fail(busy)]])
      const model = routed(a)
      const early = yield* Effect.forkChild(model.invoke("Hi"))
      yield* a.awaitCall(1)
      yield* answers(model, 3)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(early)).content, "a")
      assert.deepStrictEqual(yield* answers(model, 2), ["b", "b"])
      assert.deepStrictEqual(yield* counts(a), [4])
    }))

  it("wrong options are told when the router is made", () => {
    const coolDown = (coolDown: ModelRouting.CoolDownOptions) => () => withRouter([says("b").model], { coolDown })
    assert.throws(coolDown({ failures: 0 }), /coolDown: failures must be a number of at least 1/)
    assert.throws(coolDown({ duration: 0 }), /coolDown: duration must be a duration above zero/)
    assert.throws(coolDown({ maxDuration: NaN }), /coolDown: maxDuration must be a duration above zero/)
  })
})

describe("a call", () => {
  it.effect("asks the next healthy model when one fails, and names all that failed", () =>
    Effect.gen(function*() {
      const model = fails("a").model.pipe(withRouter([fails("b").model, fails("c").model]))
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.sameMembers(error.attempts?.map(({ model }) => model) ?? [], ["a", "b", "c"])
    }))

  it.effect("does not go on after failures that are not in `when`", () =>
    Effect.gen(function*() {
      const b = says("b")
      const strategy = { weights: [1, 0] }
      const model = fails("a", wrong).model.pipe(withRouter([b.model], { strategy }))
      assert.deepStrictEqual((yield* Effect.flip(model.invoke("Hi"))).reason, wrong)
      const own = fails("a").model.pipe(withRouter([b.model], { strategy, when: ["RateLimitError"] }))
      assert.deepStrictEqual((yield* Effect.flip(own.invoke("Hi"))).reason, busy)
      assert.deepStrictEqual(yield* counts(b), [0])
    }))

  it.effect("that is left after its first chunk was answered", () =>
    Effect.gen(function*() {
      const a = fragile("a")
      const model = a.model.pipe(withRouter([says("b").model], { strategy: { weights: [1, 0] } }))
      yield* answers(model, 2)
      a.state.broken = false
      yield* Stream.runDrain(Stream.take(model.stream("Hi"), 1))
      a.state.broken = true
      yield* answers(model, 4)
      assert.deepStrictEqual(yield* counts(a), [6])
    }))

  it.effect("has the state of the layer or the model that was wrapped", () =>
    Effect.gen(function*() {
      const wrap = withRouter([says("b").model], { strategy: { weights: [1, 0] } })
      const [one, other] = [fragile("a"), fragile("a")]
      yield* answers(one.model.pipe(wrap), 3)
      assert.deepStrictEqual(yield* counts(one), [3])
      yield* answers(other.model.pipe(wrap), 5)
      assert.deepStrictEqual(yield* counts(other), [3])
      const layer = Layer.succeed(ChatModel.ChatModel, one.model).pipe(wrap)
      yield* Effect.flatMap(ChatModel.ChatModel, (model) => answers(model, 3)).pipe(Effect.provide(layer))
      assert.deepStrictEqual(yield* counts(one), [6])
    }))
})

const Outcomes = Schema.Array(Schema.Literals(["answer", "fail", "break", "invalid"])).check(Schema.isMinLength(1))
const Waits = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 })))

interface Visit {
  readonly second: number
  readonly outcome: string | undefined
}

/** The second until which a model with these visits is left out. */
const leftOutUntil = (visits: ReadonlyArray<Visit>): number => {
  let [row, times, until] = [0, 0, 0]
  for (const { outcome, second } of visits) {
    if (outcome === "answer") [row, times] = [0, 0]
    if (outcome !== "fail" && outcome !== "break") continue
    if (++row >= 3) until = second + 10 * 2 ** times++
  }
  return row >= 3 ? until : 0
}

it.effect.prop(
  "while a model is healthy, no other one is asked before its time, and every answer is whole",
  [Outcomes, Outcomes, Waits],
  ([first, second, waits]) =>
    Effect.gen(function*() {
      let now = 0
      const make = (name: string, outcomes: ReadonlyArray<string>) => {
        const visits: Array<Visit> = []
        const { model } = ScriptedChatModel.make(() => {
          const outcome = outcomes[visits.length % outcomes.length]
          visits.push({ second: now, outcome })
          const broken = outcome === "fail" ? [fail(busy)] : [chunk(AIMessageChunk.text(name)), fail(busy)]
          return outcome === "answer" ? text([name, "!"]) : outcome === "invalid" ? [fail(wrong)] : broken
        }, { provider: "test", model: name, options: { maxRetries: 0 } })
        return { model, visits }
      }
      const models = [make("a", first), make("b", second)] as const
      const model = models[0].model.pipe(
        withRouter([models[1].model], { coolDown: { duration: "10 seconds", maxDuration: "1 day" } })
      )
      for (const wait of [...waits, 0, 0, 0]) {
        const before = models.map(({ visits }) => ({ count: visits.length, until: leftOutUntil(visits) }))
        const exit = yield* Effect.exit(Stream.runCollect(model.stream("Hi")))
        const asked = models.map(({ visits }, i) => visits.length - (before[i]?.count ?? 0))
        for (const count of asked) assert.isAtMost(count, 1)
        if (before.some(({ until }) => until <= now)) {
          for (const [i, { until }] of before.entries()) if (until > now) assert.strictEqual(asked[i], 0)
        }
        if (Exit.isSuccess(exit)) assert.oneOf(contentOf(exit.value), ["a!", "b!"])
        now += wait
        yield* TestClock.adjust(Duration.seconds(wait))
      }
    })
)
