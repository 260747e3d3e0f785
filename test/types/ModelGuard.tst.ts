import { Context, Effect } from "effect"
import type { Config, Layer } from "effect"
import type { ChatModel } from "rivulet"
import { ModelGuard } from "rivulet"
import { describe, expect, test } from "tstyche"

class Words extends Context.Service<Words, { readonly bad: Effect.Effect<string> }>()("test/Words") {}

declare const model: ChatModel.Service
declare const layer: Layer.Layer<ChatModel.ChatModel | Words, Config.ConfigError, "key">

describe("withGuard", () => {
  test("with patterns a model stays a model, and a layer the same layer", () => {
    const guard = ModelGuard.withGuard({ patterns: ["a", /b/, { pattern: "c", stop: "c" }] })
    expect(guard(model)).type.toBe<ChatModel.Service>()
    expect(guard(layer)).type.toBe<typeof layer>()
  })

  test("with a check it needs the services of the check", () => {
    const guard = ModelGuard.withGuard({ check: () => Effect.as(Words, ModelGuard.pass) })
    expect(guard(model)).type.toBe<Effect.Effect<ChatModel.Service, never, Words>>()
    expect(ModelGuard.withGuard({ check: () => Effect.succeed(ModelGuard.pass) })(model)).type.toBe<
      Effect.Effect<ChatModel.Service>
    >()
  })

  test("takes patterns or a check, and a check fails as models do", () => {
    expect(ModelGuard.withGuard).type.not.toBeCallableWith({
      patterns: ["a"],
      check: () => Effect.succeed(ModelGuard.pass)
    })
    expect(ModelGuard.withGuard).type.not.toBeCallableWith({ check: () => Effect.fail("no") })
  })
})
