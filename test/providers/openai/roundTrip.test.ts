// A conversation that was begun at one provider goes on at another.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { ChatModel } from "rivulet"
import { Message } from "rivulet"
import { OpenAiScript, Script } from "rivulet/Testing"
import type { TestServer } from "rivulet/Testing"
import { serve as serveAnthropic } from "../../support/anthropic.ts"
import { serveChat, serveCompatible } from "../../support/openai.ts"

const { chat } = OpenAiScript

interface Body {
  readonly messages: ReadonlyArray<Readonly<Record<string, unknown>>>
}

const ask = Message.human("Where am I?")
const goOn = Message.human("Go on")

/** Asks one model, and goes on with another: what that was sent of the answer, and what was left out. */
const handedOn = Effect.fnUntraced(function*(
  from: { readonly model: ChatModel.Service },
  to: { readonly model: ChatModel.Service; readonly server: TestServer.TestServer }
) {
  const first = yield* from.model.invoke([ask])
  const results = first.toolCalls.map(({ id }) => Message.tool({ toolCallId: id, content: "Bern" }))
  const second = yield* to.model.invoke([ask, first, ...results, goOn])
  const { messages } = (yield* to.server.awaitRequest(0)).body as Body // parsed from JSON
  return { messages, warnings: second.metadata?.["warnings"], second }
})

const claude = Script.message({
  blocks: [
    { type: "thinking", tokens: ["Hm"], signature: "c2ln" },
    { type: "redacted_thinking", data: "opaque" },
    { type: "text", tokens: ["Let me look."] },
    { type: "tool_use", id: "toolu_1", name: "locate", args: { precise: true } }
  ]
})

const gpt = chat.message({
  blocks: [
    { type: "text", tokens: ["Let me look."] },
    { type: "tool_call", id: "call_1", name: "locate", args: { precise: true } }
  ]
})

const deepseek = chat.message({
  blocks: [
    { type: "reasoning", tokens: ["Hm"] },
    { type: "text", tokens: ["Let me look."] },
    { type: "tool_call", id: "call_1", name: "locate", args: { precise: true } }
  ]
})

const chatTurn = (id: string) => ({
  role: "assistant",
  content: "Let me look.",
  tool_calls: [{ id, type: "function", function: { name: "locate", arguments: "{\"precise\":true}" } }]
})

const claudeTurn = (id: string) => ({
  role: "assistant",
  content: [
    { type: "text", text: "Let me look." },
    { type: "tool_use", id, name: "locate", input: { precise: true } }
  ]
})

describe("from one provider to another", () => {
  it.live("Anthropic, then Chat Completions: what only Anthropic can read stays behind, and it is told", () =>
    Effect.gen(function*() {
      const to = yield* serveChat(chat.text("In Bern"))
      const { messages, second, warnings } = yield* handedOn(yield* serveAnthropic(claude), to)
      assert.deepStrictEqual(messages, [
        { role: "user", content: "Where am I?" },
        chatTurn("toolu_1"),
        { role: "tool", tool_call_id: "toolu_1", content: "Bern" },
        { role: "user", content: "Go on" }
      ])
      assert.deepStrictEqual(warnings, [
        { field: "messages[1]", reason: "reasoning was left out, as it comes from anthropic" }
      ])
      assert.strictEqual(second.content, "In Bern")
    }))

  it.live("Chat Completions, then Anthropic", () =>
    Effect.gen(function*() {
      const to = yield* serveAnthropic(Script.text("In Bern"))
      const { messages, second, warnings } = yield* handedOn(yield* serveChat(gpt), to)
      assert.deepStrictEqual(messages[1], claudeTurn("call_1"))
      assert.isUndefined(warnings)
      assert.strictEqual(second.content, "In Bern")
    }))

  it.live("DeepSeek, then Anthropic: its reasoning is not Anthropic's", () =>
    Effect.gen(function*() {
      const to = yield* serveAnthropic(Script.text("In Bern"))
      const { messages, warnings } = yield* handedOn(yield* serveCompatible(deepseek, { preset: "deepseek" }), to)
      assert.deepStrictEqual(messages[1], claudeTurn("call_1"))
      assert.deepStrictEqual(warnings, [
        { field: "messages[1]", reason: "reasoning was left out, as it comes from deepseek" }
      ])
    }))

  it.live("DeepSeek, then Mistral: its reasoning stays behind, and the ids are of Mistral's kind", () =>
    Effect.gen(function*() {
      const to = yield* serveCompatible(chat.text("In Bern"), { preset: "mistral" })
      const { messages, warnings } = yield* handedOn(yield* serveCompatible(deepseek, { preset: "deepseek" }), to)
      const id = String(messages[2]?.["tool_call_id"])
      assert.match(id, /^[a-z0-9]{9}$/)
      assert.deepStrictEqual(messages[1], chatTurn(id))
      assert.deepStrictEqual(warnings, [
        { field: "messages[1]", reason: "reasoning was left out, as it comes from deepseek" }
      ])
    }))

  it.live("DeepSeek, then itself: its reasoning goes back, as it must", () =>
    Effect.gen(function*() {
      const to = yield* serveCompatible(chat.text("In Bern"), { preset: "deepseek" })
      const { messages, warnings } = yield* handedOn(yield* serveCompatible(deepseek, { preset: "deepseek" }), to)
      assert.deepStrictEqual(messages[1], { ...chatTurn("call_1"), reasoning_content: "Hm" })
      assert.isUndefined(warnings)
    }))
})
