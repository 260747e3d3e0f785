import { Config, Redacted } from "effect"
import type { Effect, Layer } from "effect"
import { ChatModel } from "rivulet"
import type { CallOptions } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { ScriptedChatModel } from "rivulet/Testing"
import { expect, test } from "tstyche"

test("tool choice", () => {
  expect<CallOptions.ToolChoice>().type.toBe<"auto" | "required" | "none" | { readonly name: string }>()
  expect(ChatModel.stream).type.toBeCallableWith("Hi", { toolChoice: { name: "weather" } })
  expect(ChatModel.stream).type.not.toBeCallableWith("Hi", { toolChoice: "any" })
})

test("tools", () => {
  expect<CallOptions.CallOptions["tools"]>().type.toBeAssignableFrom([
    { name: "weather", parameters: { type: "object" as const } },
    Anthropic.serverTool({ type: "web_search_20250305", name: "web_search" })
  ])
  expect(ChatModel.stream).type.not.toBeCallableWith("Hi", { tools: [{ name: "weather" }] })
  expect(Anthropic.serverTool).type.not.toBeCallableWith({ name: "web_search" })
})

test("options that do not exist are found at once", () => {
  expect(ChatModel.stream).type.not.toBeCallableWith("Hi", { maxTokens: "100" })
  // @ts-expect-error 'max_tokens' does not exist in type 'CallOptions'
  ChatModel.stream("Hi", { max_tokens: 100 })
  // @ts-expect-error 'concurrency' does not exist in type 'CallOptions'
  ChatModel.stream("Hi", { concurrency: 2 })
})

test("time limits are durations or off", () => {
  expect(ChatModel.stream).type.toBeCallableWith("Hi", { timeout: { idle: "30 seconds", connect: false, total: 5000 } })
  expect(ChatModel.stream).type.not.toBeCallableWith("Hi", { timeout: { idle: "soon" } })
  expect(ChatModel.stream).type.not.toBeCallableWith("Hi", { timeout: { idle: true } })
  expect(ChatModel.stream).type.not.toBeCallableWith("Hi", { timeout: "30 seconds" })
})

test("a key is redacted", () => {
  expect(Anthropic.layer).type.toBeCallableWith({ model: "claude-haiku-4-5", apiKey: Redacted.make("key") })
  expect(Anthropic.layer).type.not.toBeCallableWith({ model: "claude-haiku-4-5", apiKey: "key" })
  expect(Anthropic.layer).type.not.toBeCallableWith({})
})

test("settings from Config", () => {
  expect(Anthropic.makeConfig({ model: Config.String("MODEL") }))
    .type.toBe<Effect.Effect<ChatModel.Service, Config.ConfigError>>()
  expect(Anthropic.layerConfig({ model: Config.String("MODEL"), apiKey: Config.Redacted("KEY") }))
    .type.toBe<Layer.Layer<ChatModel.ChatModel, Config.ConfigError>>()
  expect(Anthropic.layerConfig).type.not.toBeCallableWith({ model: "claude-haiku-4-5" })
})

test("a scripted model stands in for any other", () => {
  expect(ScriptedChatModel.layer([ScriptedChatModel.text("Hello")]))
    .type.toBe<Layer.Layer<ChatModel.ChatModel | ScriptedChatModel.ScriptedChatModel>>()
})
