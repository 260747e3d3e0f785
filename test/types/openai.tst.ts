import { Config, Redacted } from "effect"
import type { Effect, Layer } from "effect"
import type { ChatModel } from "rivulet"
import * as OpenAi from "rivulet/OpenAi"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { expect, test } from "tstyche"

test("OpenAI's options", () => {
  expect(OpenAi.layer({ model: "gpt-5-mini" })).type.toBe<Layer.Layer<ChatModel.ChatModel, Config.ConfigError>>()
  expect(OpenAi.layer).type.toBeCallableWith({ model: "gpt-5-mini", api: "chat", apiKey: Redacted.make("key") })
  expect(OpenAi.layer).type.not.toBeCallableWith({ model: "gpt-5-mini", api: "completions" })
  expect(OpenAi.layer).type.not.toBeCallableWith({ model: "gpt-5-mini", apiKey: "key" })
  expect(OpenAi.layer).type.not.toBeCallableWith({})
  expect<OpenAi.Api>().type.toBe<"responses" | "chat">()
  expect(OpenAi.serverTool).type.not.toBeCallableWith({ name: "web_search" })
})

test("neither knows the options of the other", () => {
  // @ts-expect-error 'preset' does not exist in type 'Options'
  OpenAi.layer({ model: "gpt-5-mini", preset: "ollama" })
  // @ts-expect-error 'quirks' does not exist in type 'Options'
  OpenAi.layer({ model: "gpt-5-mini", quirks: {} })
  // @ts-expect-error 'api' does not exist in type 'Options'
  OpenAiCompatible.layer({ model: "llama3.2", preset: "ollama", api: "chat" })
  // @ts-expect-error 'organization' does not exist in type 'Options'
  OpenAiCompatible.layer({ model: "llama3.2", preset: "ollama", organization: "org" })
})

test("a preset is a name or facts", () => {
  expect(OpenAiCompatible.layer).type.toBeCallableWith({ model: "llama3.2", preset: "ollama" })
  expect(OpenAiCompatible.layer).type.toBeCallableWith({ model: "llama3.2", baseUrl: "http://localhost:8000/v1" })
  expect(OpenAiCompatible.layer).type.toBeCallableWith({
    model: "m",
    preset: { name: "acme", quirks: { noDone: true } }
  })
  expect(OpenAiCompatible.layer).type.not.toBeCallableWith({ model: "m", preset: { baseUrl: "https://acme.example" } })
  expect(OpenAiCompatible.layer).type.not.toBeCallableWith({ model: "m", quirks: { noDone: "yes" } })
  // @ts-expect-error 'noDonne' does not exist in type 'Quirks'
  OpenAiCompatible.layer({ model: "m", quirks: { noDonne: true } })
  expect<OpenAiCompatible.PresetName>().type.toBeAssignableFrom<"azure" | "groq" | "snowflake">()
  expect<OpenAiCompatible.PresetName>().type.not.toBeAssignableFrom<"olama">()
})

test("settings from Config", () => {
  expect(OpenAi.makeConfig({ model: Config.String("MODEL") }))
    .type.toBe<Effect.Effect<ChatModel.Service, Config.ConfigError>>()
  expect(OpenAiCompatible.makeConfig({ model: Config.String("MODEL") }))
    .type.toBe<Effect.Effect<ChatModel.Service, Config.ConfigError>>()
  expect(OpenAi.layerConfig({ model: Config.String("MODEL"), organization: Config.String("ORG") }))
    .type.toBe<Layer.Layer<ChatModel.ChatModel, Config.ConfigError>>()
  expect(OpenAi.layerConfig).type.not.toBeCallableWith({ model: "gpt-5-mini" })
  expect(OpenAiCompatible.layerConfig({ model: Config.String("MODEL"), preset: Config.String("SERVER") }))
    .type.toBe<Layer.Layer<ChatModel.ChatModel, Config.ConfigError>>()
})
