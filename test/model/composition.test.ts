// Wrappers compose in any order: the result is one model.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule, Stream } from "effect"
import type { Scope } from "effect"
import { TestClock } from "effect/testing"
import type { ChatModel } from "rivulet"
import { ChatModelError, ModelBudget, ModelCache, ModelGuard, ModelLimits, ModelRouting, RunnableCache } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { cancellation, subjects } from "../support/cancellation.ts"
import { balanced, eventsOf } from "../support/events.ts"
import { says } from "../support/routing.ts"
import { wrapperLaws } from "../support/wrapperLaws.ts"

const { delay, fail, text } = ScriptedChatModel

type Wrap = (model: ChatModel.Service) => Effect.Effect<ChatModel.Service, never, RunnableCache.RunnableCache>

const wrappers: { readonly [name: string]: () => Wrap } = {
  cache: () => ModelCache.withCache(),
  sharing: () => (model) => Effect.succeed(ModelCache.withSharing()(model)),
  limit: () => (model) =>
    Effect.succeed(
      ModelLimits.withRateLimit({ requestsPerMinute: 10_000, tokensPerMinute: 1e9, concurrency: 500 })(model)
    ),
  budget: () => (model) => Effect.succeed(ModelBudget.withBudget({ tokens: 1e9 })(model)),
  fallbacks: () => (model) =>
    Effect.succeed(ModelRouting.withFallbacks([says("other").model], { when: ["AuthenticationError"] })(model)),
  guard: () => (model) => Effect.succeed(ModelGuard.withGuard({ patterns: ["secret"] })(model))
}

const permutations = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  items.length <= 1
    ? [items]
    : items.flatMap((item, i) =>
      permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((others) => [item, ...others])
    )

/** A model in these wrappers, from the inside out, with a cache of its own. */
const wrapped = (names: ReadonlyArray<string>, model: ChatModel.Service) =>
  names.reduce<ReturnType<Wrap>>(
    (inner, name) => Effect.flatMap(inner, wrappers[name]!()),
    Effect.succeed(model)
  ).pipe(
    Effect.provide(RunnableCache.layerMemory({ capacity: 100 }), { local: true })
  )

const names = Object.keys(wrappers)

const pairs = names.flatMap((inner) => names.filter((outer) => outer !== inner).map((outer) => [inner, outer]))

/** Each two in either order, and an even choice of the orders of all, as all 720 take a minute. */
const orders = [...pairs, ...permutations(names).filter((_, i) => i % 31 === 0)]

describe("wrappers in any order", () => {
  it("are each two in either order, and some orders of all", () => {
    assert.lengthOf(new Set(orders.map((order) => order.join())), 30 + 24)
  })

  it.effect("has one run in its events, and the answer of the model", () =>
    Effect.gen(function*() {
      const { events: expected } = yield* eventsOf(ScriptedChatModel.make(() => text("Hello world")).model, "Hi")
      for (const order of orders) {
        const { calls, model } = ScriptedChatModel.make(() => text("Hello world"))
        const { events } = yield* eventsOf(yield* wrapped(order, model), "Hi")
        balanced(events)
        const names = (all: typeof events) =>
          all.map(({ event, name }) => `${event} ${name}`).filter((name, i, names) => name !== names[i - 1])
        assert.deepStrictEqual(names(events), names(expected), order.join())
        const end = events.at(-1)
        assert.strictEqual(end?.event === "on_chat_model_end" ? end.data.output.content : "", "Hello world")
        assert.lengthOf(yield* calls, 1)
      }
    }))

  it.effect("does not multiply retries", () =>
    Effect.gen(function*() {
      for (const order of orders) {
        const { calls, model } = ScriptedChatModel.make(() => [
          fail(new ChatModelError.OverloadedError({ message: "busy" }))
        ], { options: { maxRetries: 2, retrySchedule: Schedule.spaced("1 second") } })
        let retries = 0
        const call = yield* Effect.forkChild(Effect.flip(
          (yield* wrapped(order, model)).invoke("Hi", { onRetry: () => Effect.sync(() => retries++) })
        ))
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* Fiber.join(call)).reason._tag, "OverloadedError")
        assert.deepStrictEqual([retries, (yield* calls).length], [2, 3], order.join())
      }
    }))

  it.effect("stops the request when its consumer leaves", () =>
    Effect.gen(function*() {
      for (const order of orders) {
        const { calls, model } = ScriptedChatModel.make(() => [...text("Hello wide ").slice(0, -1), delay("1 hour")])
        yield* Stream.runDrain(Stream.take((yield* wrapped(order, model)).stream("Hi"), 1))
        assert.deepStrictEqual((yield* calls).map(({ state }) => state), ["interrupted"], order.join())
      }
    }))
})

// A guard holds text back, so its chunks are others.
const inside = (model: ChatModel.Service): Effect.Effect<ChatModel.Service, never, Scope.Scope> =>
  wrapped(["budget", "limit", "fallbacks", "sharing", "cache"], model)

describe("all wrappers that leave the chunks alone", () => {
  wrapperLaws(inside)
})

describe("the same, inside out", () => {
  wrapperLaws((model) => wrapped(["cache", "sharing", "fallbacks", "limit", "budget"], model))
})

describe("a model in all wrappers", () => {
  const { anthropic } = subjects
  cancellation({
    ...anthropic,
    serve: (script, options) =>
      Effect.flatMap(
        anthropic.serve(script, options),
        ({ model, server }) => Effect.map(inside(model), (model) => ({ model, server }))
      )
  })
})
