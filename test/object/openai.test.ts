// Objects by OpenAI's strict schemas, in which every key is there, and null if it is left out.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { ChatModel, OutputParser } from "rivulet"
import { OpenAiScript } from "rivulet/Testing"
import { serveChat, serveCompatible } from "../support/openai.ts"

const { chat } = OpenAiScript

const Recipe = Schema.Struct({
  name: Schema.String,
  minutes: Schema.optionalKey(Schema.Int.check(Schema.isLessThan(600))),
  by: Schema.optionalKey(Schema.NullOr(Schema.String))
})

describe("OpenAI", () => {
  it.live("is asked for every key, and its nulls are read as keys left out", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serveChat(chat.text(`{"name":"Soup","minutes":null,"by":null}`))
      const step = ChatModel.object(model, { schema: Recipe })
      assert.deepStrictEqual(yield* step.invoke("Hi"), { name: "Soup", by: null })
      const { body } = yield* server.awaitRequest(0)
      assert.deepInclude(body, {
        response_format: {
          type: "json_schema",
          json_schema: {
            name: "answer",
            schema: {
              type: "object",
              properties: {
                name: { type: "string" },
                minutes: {
                  anyOf: [
                    { type: "integer", exclusiveMaximum: 600, description: "a value less than 600" },
                    { type: "null" }
                  ]
                },
                by: { anyOf: [{ type: "string" }, { type: "null" }] }
              },
              required: ["name", "minutes", "by"],
              additionalProperties: false
            },
            strict: true
          }
        }
      })
    }))

  it.live("calls a tool for what a strict schema cannot say, and tells a refusal from an answer", () =>
    Effect.gen(function*() {
      const Scores = Schema.Record(Schema.String, Schema.Int)
      const { model, server } = yield* serveChat([
        chat.toolCall({ name: "answer", args: { a: 1 } }),
        chat.refusal("I will not.")
      ])
      assert.deepStrictEqual(yield* ChatModel.object(model, { schema: Scores }).invoke("Hi"), { a: 1 })
      const { body } = yield* server.awaitRequest(0)
      assert.deepInclude(body, { tool_choice: { type: "function", function: { name: "answer" } } })
      const error = yield* Effect.flip(ChatModel.object(model, { schema: Recipe }).invoke("Hi"))
      assert.instanceOf(error, OutputParser.OutputParserError)
      assert.strictEqual(error.reason, "Refusal")
    }))

  it.live("has servers like it, and those that take no schema are asked for a call", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serveCompatible(chat.toolCall({ name: "answer", args: { name: "Soup" } }), {
        quirks: { noJsonSchema: true }
      })
      assert.deepStrictEqual(yield* ChatModel.object(model, { schema: Recipe }).invoke("Hi"), { name: "Soup" })
      assert.notProperty((yield* server.awaitRequest(0)).body, "response_format")
    }))
})
