// An answer that a limit has cut off before its text began says that the reasoning did it.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { ChatModel } from "rivulet"
import type { Message } from "rivulet"
import { OpenAiScript, Script, ScriptedChatModel } from "rivulet/Testing"
import { serve as serveMessages } from "../support/anthropic.ts"
import { serveChat } from "../support/openai.ts"
import { serve as serveResponses } from "../support/responses.ts"

const { chat, responses } = OpenAiScript

const warningsOf = ({ metadata }: Message.AIMessage) => metadata?.["warnings"]

const used = (limit: string) =>
  `Reasoning used up ${limit} before the text began: give more maxTokens or less reasoning`

const thinking = { type: "thinking", tokens: ["Hm, ", "let me see"] } as const

describe("an answer without text that a limit has ended", () => {
  it.live("warns of its limit, in the last chunk and in the message", () =>
    Effect.gen(function*() {
      const script = Script.message({ blocks: [thinking], stopReason: "max_tokens", model: "claude-opus-5" })
      const { model } = yield* serveMessages(script, { model: "claude-opus-5", maxTokens: 2000 })
      const warnings = [{ field: "maxTokens", given: 2000, reason: used("the limit of 2000 tokens") }]
      const message = yield* model.invoke("Hi")
      assert.strictEqual(message.finish.reason, "length")
      assert.deepStrictEqual(warningsOf(message), warnings)
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      assert.deepStrictEqual(chunks.flatMap(({ metadata }) => metadata?.["warnings"] ?? []), warnings)
    }))

  it.live("on each wire, and by what a model is known to do", () =>
    Effect.gen(function*() {
      const limited = used("the limit of 128000 tokens")
      const silent = yield* serveMessages(Script.message({ blocks: [], stopReason: "max_tokens" }), {
        model: "claude-opus-5"
      })
      assert.deepStrictEqual(warningsOf(yield* silent.model.invoke("Hi")), [
        { field: "maxTokens", given: null, reason: limited }
      ])
      const reasoned = { completion_tokens_details: { reasoning_tokens: 50 } }
      const completions = yield* serveChat(chat.message({ blocks: [], finishReason: "length", usage: reasoned }), {
        model: "gpt-test",
        maxTokens: 50
      })
      assert.deepStrictEqual(warningsOf(yield* completions.model.invoke("Hi")), [
        { field: "maxTokens", given: 50, reason: used("the limit of 50 tokens") }
      ])
      const incomplete = yield* serveResponses(
        responses.message({ blocks: [{ type: "reasoning", tokens: ["Hm"] }], incomplete: "max_output_tokens" }),
        { model: "gpt-test" }
      )
      assert.deepStrictEqual(warningsOf(yield* incomplete.model.invoke("Hi")), [
        { field: "maxTokens", given: null, reason: used("the limit of tokens") }
      ])
    }))

  it.live("keeps the warnings of the request", () =>
    Effect.gen(function*() {
      const script = Script.message({ blocks: [thinking], stopReason: "max_tokens" })
      const { model } = yield* serveMessages(script, { model: "claude-opus-5", maxTokens: 2000, temperature: 0 })
      const warnings = warningsOf(yield* model.invoke("Hi"))
      assert.deepStrictEqual((warnings as ReadonlyArray<{ field: string }>).map(({ field }) => field), [
        "temperature",
        "maxTokens"
      ])
    }))
})

describe("there is no such warning", () => {
  const none = (script: Script.Script, model = "claude-opus-5") =>
    Effect.gen(function*() {
      const served = yield* serveMessages(script, { model })
      assert.isUndefined(warningsOf(yield* served.model.invoke("Hi")))
    })

  it.live("if text or a call had begun", () =>
    Effect.gen(function*() {
      const stopReason = "max_tokens"
      yield* none(Script.message({ blocks: [thinking, { type: "text", tokens: ["Hi"] }], stopReason }))
      yield* none(Script.message({ blocks: [{ type: "tool_use", name: "look", args: "{\"a" }], stopReason }))
    }))

  it.live("if the answer ended by itself", () => none(Script.message({ blocks: [thinking] })))

  it.live("if nothing tells that the model reasons", () =>
    Effect.gen(function*() {
      const script = chat.message({ blocks: [], finishReason: "length" })
      for (const model of ["gpt-test", "gpt-4o"]) {
        const served = yield* serveChat(script, { model })
        assert.isUndefined(warningsOf(yield* served.model.invoke("Hi")), model)
      }
      const { model } = ScriptedChatModel.make(() => ScriptedChatModel.text("", { finish: "length" }))
      assert.isUndefined(warningsOf(yield* ChatModel.withDefaults({ maxTokens: 5 })(model).invoke("Hi")))
    }))
})
