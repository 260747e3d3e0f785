// What a model is told of a schema, and how Anthropic is told it.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { ChatModel, ChatModelError } from "rivulet"
import type { CallOptions } from "rivulet"
import { Script, ScriptedChatModel } from "rivulet/Testing"
import { serve } from "../support/anthropic.ts"

/** The JSON Schema that a model which knows all of it is given. */
const told = Effect.fnUntraced(function*(schema: Schema.Constraint) {
  const { calls, model } = ScriptedChatModel.make([ScriptedChatModel.text("")])
  yield* Effect.exit(ChatModel.object(model, { schema }).invoke("Hi") as Effect.Effect<unknown>)
  const format = (yield* calls)[0]?.options.responseFormat
  return format?.type === "json_schema" ? format.schema : undefined
})

const object = (properties: Record<string, unknown>, required = Object.keys(properties)) => ({
  type: "object",
  properties,
  ...(required.length === 0 ? undefined : { required }),
  additionalProperties: false
})

class Person extends Schema.Class<Person>("app/Person")({
  name: Schema.String.annotate({ description: "Full name" }),
  born: Schema.Date.annotate({ description: "Day of birth" })
}) {}
const person = object({
  name: { type: "string", description: "Full name" },
  born: { type: "string", format: "date-time", description: "Day of birth" }
})

interface Tree {
  readonly kids: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({
  kids: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
}).annotate({ identifier: "Tree" })
const tree = object({ kids: { type: "array", items: { $ref: "#/$defs/Tree" } } })

describe("a model is told", () => {
  for (
    const [what, schema, expected] of [
      ["a class, with its parts' descriptions", Person, person],
      [
        "a definition for what is named, and what is said of it where it is used",
        Schema.Struct({
          author: Person.annotate({ description: "Who wrote it" }),
          editor: Person.annotateKey({ description: "Who read it", title: "Ed" }),
          others: Schema.Array(Person)
        }),
        {
          ...object({
            author: { $ref: "#/$defs/app_Person", description: "Who wrote it" },
            editor: { $ref: "#/$defs/app_Person", title: "Ed", description: "Who read it" },
            others: { type: "array", items: { $ref: "#/$defs/app_Person" } }
          }),
          $defs: { app_Person: person }
        }
      ],
      ["recursion by a reference, at the root too", Tree, { ...tree, $defs: { Tree: tree } }],
      [
        "numbers that are numbers, with their bounds",
        Schema.Struct({
          any: Schema.Number,
          more: Schema.Number.check(Schema.isGreaterThan(3)),
          whole: Schema.Int,
          maybe: Schema.optional(Schema.Number)
        }),
        object({
          any: { type: "number" },
          more: { type: "number", exclusiveMinimum: 3, description: "a value greater than 3" },
          whole: { type: "integer" },
          maybe: { anyOf: [{ type: "number" }, { type: "null" }] }
        }, ["any", "more", "whole"])
      ],
      [
        "checks that JSON Schema has not, in words",
        Schema.Struct({
          name: Schema.String.annotate({ description: "A name" }).check(
            Schema.isMinLength(3),
            Schema.makeFilter((name) => name !== "me", { description: "not mine" })
          )
        }).check(Schema.makeFilter(() => true, { description: "all of one person" })),
        {
          ...object({
            name: { type: "string", description: "A name; a value with a length of at least 3; not mine" }
          }),
          description: "all of one person"
        }
      ],
      ["an object without anything in it", Schema.Struct({}), object({})],
      [
        "a key named __proto__",
        Schema.Struct({ ["__proto__"]: Schema.Int }),
        object({ ["__proto__"]: { type: "integer" } })
      ],
      [
        "what is no object, in one",
        Schema.Literals(["a", "b"]),
        object({ value: { type: "string", enum: ["a", "b"] } })
      ]
    ] as const
  ) {
    it.effect(what, () => Effect.map(told(schema), (schema) => assert.deepStrictEqual(schema, expected)))
  }
})

/** What of a schema, sent as it is or as that of a strict tool, reaches Anthropic; or why it does not. */
const sent = Effect.fnUntraced(function*(schema: object, options?: CallOptions.CallOptions) {
  const { model, server } = yield* serve(Script.text("{}"))
  const result = yield* Effect.result(
    model.invoke("Hi", { responseFormat: { type: "json_schema", schema: { ...schema } }, ...options })
  )
  if (result._tag === "Failure") {
    assert.deepStrictEqual(yield* server.requests, [])
    return result.failure
  }
  const [request] = yield* server.requests
  return request?.body as {
    readonly output_config: { readonly format: unknown }
    readonly tools: ReadonlyArray<unknown>
  }
})

const format = (schema: object) =>
  Effect.map(sent(schema), (body) => {
    assert.isFalse(body instanceof ChatModelError.ChatModelError)
    return "output_config" in body ? body.output_config.format : undefined
  })

describe("Anthropic is told", () => {
  it.live("in words what it has no keywords for", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* format({
          $schema: "https://json-schema.org/draft/2020-12/schema",
          type: "object",
          properties: {
            age: { type: "integer", minimum: 0, maximum: 150, description: "In years" },
            site: { type: "string", format: "uri", maxLength: 50 },
            word: { type: "string", format: "regex" },
            some: { type: "array", items: { type: "string" }, minItems: 1, maxItems: 3 },
            many: { type: "array", items: { type: ["string", "null"] }, minItems: 2 },
            pair: { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }], minItems: 2, items: false },
            never: { not: {} },
            kind: { enum: ["a", 1], default: "a" }
          },
          required: ["age"]
        }),
        {
          type: "json_schema",
          schema: object({
            age: { type: "integer", description: "In years; minimum: 0, maximum: 150" },
            site: { type: "string", format: "uri", description: "maxLength: 50" },
            word: { type: "string", description: "format: \"regex\"" },
            some: { type: "array", items: { type: "string" }, minItems: 1, description: "maxItems: 3" },
            many: {
              type: "array",
              items: { anyOf: [{ type: "string" }, { type: "null" }] },
              description: "minItems: 2"
            },
            pair: {
              type: "array",
              items: { anyOf: [{ type: "string" }, { type: "integer" }] },
              description: "items in this order: [{\"type\":\"string\"},{\"type\":\"integer\"}]; minItems: 2"
            },
            kind: { enum: ["a", 1], description: "default: \"a\"" }
          }, ["age"])
        }
      )
    }))

  it.live("definitions, and a copy where something is said of their use", () =>
    Effect.gen(function*() {
      const item = { type: "object", properties: { a: { type: "string" } } }
      const closed = { ...item, additionalProperties: false }
      assert.deepStrictEqual(
        yield* format({
          $ref: "#/$defs/Root",
          $defs: {
            Item: item,
            Root: {
              type: "object",
              properties: { one: { $ref: "#/$defs/Item" }, two: { $ref: "#/$defs/Item", description: "The other" } },
              required: ["one", "two"]
            }
          }
        }),
        {
          type: "json_schema",
          schema: {
            ...object({ one: { $ref: "#/$defs/Item" }, two: { ...closed, description: "The other" } }),
            $defs: { Item: closed }
          }
        }
      )
    }))

  for (
    const [what, schema, field, why] of [
      ["keys of any name", { type: "object", additionalProperties: { type: "string" } }, "", /any name/],
      ["any object", object({ a: { type: "object" } }), " (a)", /any object/],
      ["any value", object({ a: { type: "array", items: {} } }), " (a[])", /any value/],
      ["recursion", { ...tree, $defs: { Tree: tree } }, " (kids[])", /refers to itself/],
      ["what something is not", object({ a: { not: { type: "string" } } }), " (a)", /excludes values/]
    ] as const
  ) {
    it.live(`nothing, where it cannot hold a model to it: ${what}`, () =>
      Effect.gen(function*() {
        const error = yield* sent(schema)
        assert.instanceOf(error, ChatModelError.ChatModelError)
        assert.strictEqual(error.reason._tag, "UnsupportedError")
        assert.strictEqual("field" in error.reason && error.reason.field, `responseFormat.schema${field}`)
        assert.match(error.message, why)
        const tool = { name: "t", parameters: schema, strict: true }
        const same = yield* sent(schema, { tools: [tool], responseFormat: undefined })
        assert.instanceOf(same, ChatModelError.ChatModelError)
        // A tool that need not be strict may have any schema.
        const loose = yield* sent(schema, { tools: [{ ...tool, strict: false }], responseFormat: undefined })
        assert.isFalse(loose instanceof ChatModelError.ChatModelError)
      }))
  }

  it.live("nothing, where a reference leads nowhere, as no provider takes it: in tools that are not strict neither", () =>
    Effect.gen(function*() {
      const schema = object({ a: { $ref: "#/$defs/Nothing" } })
      const tools = (strict: boolean) => ({
        tools: [{ name: "t", parameters: schema, strict }],
        responseFormat: undefined
      })
      for (
        const [error, tag, field] of [
          [yield* sent(schema), "UnsupportedError", "responseFormat.schema (a)"],
          [yield* sent(schema, tools(true)), "InvalidRequestError", "tools[0].parameters"],
          [yield* sent(schema, tools(false)), "InvalidRequestError", "tools[0].parameters"]
        ] as const
      ) {
        assert.instanceOf(error, ChatModelError.ChatModelError)
        assert.strictEqual(error.reason._tag, tag)
        assert.strictEqual("field" in error.reason && error.reason.field, field)
        assert.match(error.message, /#\/\$defs\/Nothing does not exist/)
      }
    }))

  it.live("a tool where the schema is too much for its answers", () =>
    Effect.gen(function*() {
      const args = { all: { a: 1, b: 2 } }
      const { model, server } = yield* serve(Script.toolCall({ name: "answer", args }, { text: "Here {you} are." }))
      const schema = Schema.Struct({ all: Schema.Record(Schema.String, Schema.Int) })
      assert.deepStrictEqual(yield* ChatModel.object(model, { schema }).invoke("Hi"), args)
      const [request] = yield* server.requests
      assert.deepInclude(request?.body, {
        tool_choice: { type: "tool", name: "answer", disable_parallel_tool_use: true },
        tools: [{
          name: "answer",
          description: "Gives the answer.",
          input_schema: object({ all: { type: "object", additionalProperties: { type: "integer" } } })
        }]
      })
    }))

  it.live("no tool that it must call while it reasons", () =>
    Effect.gen(function*() {
      for (const reasoning of [{ budgetTokens: 2000 }, { effort: "high" }] as const) {
        const { model, server } = yield* serve(Script.text("{}"))
        const step = ChatModel.object(model, { schema: Schema.Struct({}), method: "tool", reasoning })
        const error = yield* Effect.flip(step.invoke("Hi"))
        assert.instanceOf(error, ChatModelError.ChatModelError)
        assert.strictEqual("field" in error.reason && error.reason.field, "toolChoice")
        assert.deepStrictEqual(yield* server.requests, [])
        // It may well reason before it answers in the form it is held to.
        yield* ChatModel.object(model, { schema: Schema.Struct({}), reasoning }).invoke("Hi")
      }
    }))
})
