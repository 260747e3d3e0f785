// What a handler may return, and what of it is a failure or a defect.
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Schema, Stream } from "effect"
import { Agent, Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { layer, text, toolCalls } = ScriptedChatModel

class NoSuchCity extends Schema.TaggedError<NoSuchCity>()("NoSuchCity", { city: Schema.String }) {}

const options = {
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Struct({ celsius: Schema.Number }),
  failure: NoSuchCity
}
const warm = (city: string) => {
  if (city === "Atlantis") throw new NoSuchCity({ city })
  if (city === "") throw new Error("a mistake")
  return { celsius: 17 }
}
const tools = [
  ["a value", Tool.make("weather", { ...options, handler: ({ city }) => warm(city) })],
  ["a promise", Tool.make("weather", { ...options, handler: async ({ city }) => warm(city) })],
  [
    "a promise that takes its time",
    Tool.make("weather", {
      ...options,
      handler: async ({ city }) => {
        await Promise.resolve()
        return warm(city)
      }
    })
  ],
  [
    "an effect",
    Tool.make("weather", {
      ...options,
      handler: ({ city }) =>
        Effect.catchDefect(
          Effect.sync(() => warm(city)),
          (error) => error instanceof NoSuchCity ? Effect.fail(error) : Effect.die(error)
        )
    })
  ],
  [
    "a stream",
    Tool.make("weather", {
      ...options,
      handler: ({ city }) =>
        Stream.fromEffect(Effect.try({
          try: () => warm(city),
          catch: (error) => error as NoSuchCity
        })).pipe(Stream.catchIf((error) => !(error instanceof NoSuchCity), (error) => Stream.die(error)))
    })
  ],
  [
    "a value or a promise",
    Tool.make("weather", {
      ...options,
      handler: ({ city }) => city === "Bern" ? warm(city) : Promise.resolve().then(() => warm(city))
    })
  ]
] as const

describe("a handler that returns", () => {
  for (const [title, tool] of tools) {
    it.effect(`${title} gives its result, as a step and to an agent`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* tool.invoke({ city: "Bern" }), { celsius: 17 })
        const { messages } = yield* Agent.make({ tools: [tool] }).invoke("Hi")
        assert.deepInclude(messages[2], { content: `{"celsius":17}` })
      }).pipe(Effect.provide(layer([toolCalls([{ name: "weather", args: { city: "Bern" } }]), text("Done")]))))

    it.effect(`${title} fails with what its schema describes, and dies with anything else`, () =>
      Effect.gen(function*() {
        const failed: NoSuchCity = yield* Effect.flip(tool.invoke({ city: "Atlantis" }))
        assert.strictEqual(failed.city, "Atlantis")
        const exit = yield* Effect.exit(tool.invoke({ city: "" }))
        assert.include(
          Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? String(Cause.squash(exit.cause)) : "",
          "a mistake"
        )
        const { messages } = yield* Agent.make({ tools: [tool], onToolDefect: "tell" }).invoke("Hi")
        assert.deepInclude(messages[2], { content: `{"_tag":"NoSuchCity","city":"Atlantis"}`, isError: true })
        assert.deepInclude(messages[3], { content: "The tool weather failed: a mistake", isError: true })
      }).pipe(Effect.provide(layer([
        toolCalls(["Atlantis", ""].map((city) => ({ name: "weather", args: { city } }))),
        text("Sorry")
      ]))))
  }
})

it.effect("the signal of a call is aborted when the call is interrupted", () =>
  Effect.gen(function*() {
    let signal: AbortSignal | undefined
    const started = yield* Deferred.make<void>()
    const slow = Tool.make("slow", {
      handler: (_, call) =>
        new Promise<void>(() => {
          signal = call.signal
          Deferred.doneUnsafe(started, Effect.void)
        })
    })
    const fiber = yield* Effect.forkChild(Agent.make({ tools: [slow] }).invoke("Hi"))
    yield* Deferred.await(started)
    assert.isFalse(signal?.aborted)
    yield* Fiber.interrupt(fiber)
    assert.isTrue(signal?.aborted)
  }).pipe(Effect.provide(layer([toolCalls([{ name: "slow", args: {} }])]))))
