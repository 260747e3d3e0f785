// Chains of thousands of steps, and steps that lie in each other.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

type Counter = Runnable.Runnable<number, number>

const add: Counter = Runnable.fn((n: number) => n + 1)

/** A step, wrapped or put behind others this many times. */
const times = <A>(n: number, f: (step: A) => A, start: A): A => {
  let step = start
  for (let i = 0; i < n; i++) step = f(step)
  return step
}

describe("thousands of steps", () => {
  const rows: Readonly<Record<string, readonly [chain: () => Counter, output: number]>> = {
    "one behind the other": [() => times(3000, (step) => step.pipe(Runnable.andThen(add)), add), 3001],
    "one before the other": [() => times(3000, (step) => Runnable.sequence(add, step), add), 3001],
    "that work on chunks": [
      () => times(3000, (step) => step.pipe(Runnable.andThen(Runnable.map((n: number) => n + 1))), add),
      3001
    ],
    "around one": [
      () => times(3000, (step) => step.pipe(Runnable.withConfig({ tags: ["t"] }), Runnable.withListeners({})), add),
      1
    ]
  }
  for (const [name, [chain, output]] of Object.entries(rows)) {
    it.effect(name, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* chain().invoke(0), output)
      }))
  }

  it.effect("behind a model", () =>
    Effect.gen(function*() {
      const model = ScriptedChatModel.make(() => ScriptedChatModel.text(["a", "b"])).model
      const texts = times(
        2000,
        (step) => step.pipe(Runnable.andThen(Runnable.map((text: string) => text))),
        Runnable.sequence(model, OutputParser.string)
      )
      assert.strictEqual(yield* texts.invoke("q"), "ab")
    }))

  it("are drawn", () => {
    const { nodes } = Runnable.graph(times(3000, (step) => step.pipe(Runnable.andThen(add)), add))
    assert.strictEqual(nodes.length, 3003)
    assert.strictEqual(new Set(nodes.map(({ id }) => id)).size, 3003)
  })

  it("are put together without a look at all of them", () => {
    let looks = 0
    const step = new Proxy(add, {
      get: (target, key) => {
        looks++
        return Reflect.get(target, key) as unknown
      }
    })
    times(1000, (chain) => chain.pipe(Runnable.andThen(step)), add)
    assert.isAtMost(looks, 10_000)
  })
})

describe("steps that lie in each other", () => {
  const nestings: Readonly<
    Record<string, (step: Runnable.Runnable<number, unknown>) => Runnable.Runnable<number, unknown>>
  > = {
    parallel: (a) => Runnable.parallel({ a }),
    branch: (step) => Runnable.branch([], step),
    route: (a) => Runnable.route({ a }, () => "a") as unknown as Runnable.Runnable<number, unknown>,
    fallbacks: (step) => step.pipe(Runnable.withFallbacks([step])),
    "parallel in a sequence": (a) => Runnable.sequence(add, Runnable.parallel({ a }).pipe(Runnable.withConfig({})))
  }
  for (const [name, nest] of Object.entries(nestings)) {
    it.effect(`${name}: deeper than the stack takes is a defect with a name`, () =>
      Effect.gen(function*() {
        assert.isDefined(yield* times(300, nest, add).invoke(0))
        assert.throws(() => times(501, nest, add), /more than 500 levels deep/)
      }))
  }

  it("and what is no runnable is named", () => {
    assert.throws(
      () => Runnable.sequence(add, ((n: number) => n) as never),
      "Step 2 of a sequence is not a runnable: put a function into Runnable.fn"
    )
  })
})
