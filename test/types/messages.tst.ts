import type { Schema } from "effect"
import { AIMessageChunk, Message } from "rivulet"
import type { Finish, Usage } from "rivulet"
import { expect, test } from "tstyche"

test("a whole message has a finish, a partial one may have", () => {
  expect<Message.AIMessage["finish"]>().type.toBe<Finish.Finish>()
  expect<Message.PartialAIMessage["finish"]>().type.toBe<Finish.Finish | undefined>()
  expect<Message.AIMessage>().type.not.toBeAssignableFrom<Message.PartialAIMessage>()
  expect<Message.PartialAIMessage>().type.not.toBeAssignableFrom<Message.AIMessage>()
})

test("folding chunks may give either", () => {
  expect(AIMessageChunk.toMessage([])).type.toBe<Message.AIMessage | Message.PartialAIMessage>()
})

test("chunks are joined data-first and data-last", () => {
  const chunk = AIMessageChunk.text("a")
  expect(AIMessageChunk.concat(chunk, chunk)).type.toBe<AIMessageChunk.AIMessageChunk>()
  expect(AIMessageChunk.concat(chunk)).type.toBe<
    (
      self: AIMessageChunk.AIMessageChunk
    ) => AIMessageChunk.AIMessageChunk
  >()
})

test("deltas and parts are told apart by their type", () => {
  type Delta<Type extends AIMessageChunk.Delta["type"]> = Extract<AIMessageChunk.Delta, { readonly type: Type }>
  expect<Delta<"tool_call">["args"]>().type.toBe<string>()
  expect<Message.ToolCall["args"]>().type.toBe<Schema.Json>()
  expect<Delta<"text">>().type.not.toHaveProperty("args")
  expect<AIMessageChunk.Delta["index"]>().type.toBe<number>()
  expect<Message.AIPart["type"]>().type.toBe<
    | "text"
    | "reasoning"
    | "tool_call"
    | "invalid_tool_call"
    | "server_tool_call"
    | "server_tool_result"
    | "citation"
    | "file"
    | "refusal"
    | "unknown"
  >()
})

test("the reasons a message can end for", () => {
  expect<Finish.Reason>().type.toBe<
    "stop" | "length" | "tool_calls" | "content_filter" | "refusal" | "pause" | "other"
  >()
  expect<AIMessageChunk.AIMessageChunk["usage"]>().type.toBe<Usage.Usage | undefined>()
})

test("messages by hand", () => {
  expect(Message.human).type.toBeCallableWith("Hi")
  expect(Message.human).type.toBeCallableWith([Message.text("Hi"), Message.image({ url: "https://example.com/a.png" })])
  expect(Message.system).type.not.toBeCallableWith([Message.image({ url: "https://example.com/a.png" })])
  expect(Message.tool).type.toBeCallableWith({ toolCallId: "call_1", content: "42" })
  expect(Message.tool).type.not.toBeCallableWith({ content: "42" })
  expect(Message.image).type.toBeCallableWith({ data: new Uint8Array(), mediaType: "image/png" })
  // Bytes say nothing of what they are.
  expect(Message.image).type.not.toBeCallableWith({ data: new Uint8Array() })
  expect(Message.image).type.not.toBeCallableWith({ text: "no picture" })
  expect(Message.file).type.toBeCallableWith({ text: "Plain text", name: "notes.txt" })
})

test("messages are read-only data", () => {
  const message = Message.human("Hi")
  // @ts-expect-error Cannot assign to 'content' because it is a read-only property
  message.content = "Bye"
})
