import { Effect } from "effect"
import type { Config, Layer, Scope } from "effect"
import { ModelRouting } from "rivulet"
import type { ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
import { ScriptedChatModel } from "rivulet/Testing"
import { describe, expect, test } from "tstyche"

declare const model: ChatModel.Service
declare const other: ChatModel.Service
declare const scoped: Effect.Effect<
  ChatModel.Service,
  "no such model",
  Scope.Scope | ScriptedChatModel.ScriptedChatModel
>
declare const mixed: readonly [ChatModel.Service | Effect.Effect<ChatModel.Service>]

describe("withFallbacks", () => {
  test("makes a model of models", () => {
    expect(model.pipe(ModelRouting.withFallbacks([other]))).type.toBe<ChatModel.Service>()
    expect(ModelRouting.withFallbacks([other, model])(model)).type.toBe<ChatModel.Service>()
    expect(ModelRouting.withFallbacks([other])).type.toBe<ChatModel.Wrapper>()
  })

  test("makes an effect of a model where one of the others is an effect", () => {
    expect(model.pipe(ModelRouting.withFallbacks([OpenAi.make({ model: "gpt" })])))
      .type.toBe<Effect.Effect<ChatModel.Service, Config.ConfigError>>()
    expect(model.pipe(ModelRouting.withFallbacks([other, OpenAi.make({ model: "gpt" }), scoped]))).type.toBe<
      Effect.Effect<
        ChatModel.Service,
        Config.ConfigError | "no such model",
        Scope.Scope | ScriptedChatModel.ScriptedChatModel
      >
    >()
  })

  test("makes a layer of a layer, with the errors and requirements of both", () => {
    expect(Anthropic.layer({ model: "claude" }).pipe(ModelRouting.withFallbacks([other])))
      .type.toBe<Layer.Layer<ChatModel.ChatModel, Config.ConfigError>>()
    expect(ScriptedChatModel.layer([]).pipe(ModelRouting.withFallbacks([OpenAi.make({ model: "gpt" })])))
      .type.toBe<Layer.Layer<ChatModel.ChatModel | ScriptedChatModel.ScriptedChatModel, Config.ConfigError>>()
    expect(Anthropic.layer({ model: "claude" }).pipe(ModelRouting.withFallbacks([scoped]))).type.toBe<
      Layer.Layer<ChatModel.ChatModel, Config.ConfigError | "no such model", ScriptedChatModel.ScriptedChatModel>
    >()
  })

  test("takes an effect of a model by map and flatMap", () => {
    expect(OpenAi.make({ model: "gpt" }).pipe(Effect.map(ModelRouting.withFallbacks([other]))))
      .type.toBe<Effect.Effect<ChatModel.Service, Config.ConfigError>>()
    expect(OpenAi.make({ model: "gpt" }).pipe(Effect.flatMap(ModelRouting.withFallbacks([scoped])))).type.toBe<
      Effect.Effect<
        ChatModel.Service,
        Config.ConfigError | "no such model",
        Scope.Scope | ScriptedChatModel.ScriptedChatModel
      >
    >()
  })

  test("takes models and effects of models only, and knows which is which", () => {
    expect(ModelRouting.withFallbacks).type.not.toBeCallableWith([])
    expect(ModelRouting.withFallbacks).type.not.toBeCallableWith(mixed)
    expect(ModelRouting.withFallbacks).type.not.toBeCallableWith([OpenAi.layer({ model: "gpt" })])
    expect(ModelRouting.withFallbacks).type.not.toBeCallableWith([Effect.succeed("gpt")])
    expect(ModelRouting.withFallbacks).type.not.toBeCallableWith([other], { when: ["RateLimit"] })
    expect(ModelRouting.withFallbacks).type.toBeCallableWith([other], { when: ["RateLimitError"] })
  })
})
