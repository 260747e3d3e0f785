// Schemas of other libraries, in objects, parsers and tools.
import { assert, describe, it } from "@effect/vitest"
import { toStandardJsonSchema } from "@valibot/to-json-schema"
import { type } from "arktype"
import { Effect, Result, Schema, Stream } from "effect"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import { Agent, ChatModel, OutputParser, Runnable, Tool } from "rivulet"
import { Script, ScriptedChatModel } from "rivulet/Testing"
import * as v from "valibot"
import * as z from "zod"
import { serve } from "../support/anthropic.ts"

const { text, toolCalls } = ScriptedChatModel

/** A name, a number with a default, and a number that is at least 1. */
const libraries = {
  zod: z.object({ name: z.string(), portions: z.number().default(4), minutes: z.number().min(1) }),
  valibot: toStandardJsonSchema(
    v.object({ name: v.string(), portions: v.optional(v.number(), 4), minutes: v.pipe(v.number(), v.minValue(1)) })
  ),
  arktype: type({ name: "string", portions: "number = 4", minutes: "number >= 1" })
}
type Soup = { readonly name: string; readonly portions: number; readonly minutes: number }
const each = Object.entries<StandardSchemaV1<unknown, Soup>>(libraries)

const given = { name: "Soup", minutes: 20 }
const made = { name: "Soup", portions: 4, minutes: 20 }
const wrong = { name: 7, minutes: 0 }

const generate = <S extends StandardSchemaV1>(schema: S, reply: unknown, structuredOutput = false) => {
  const { calls, model } = ScriptedChatModel.make([text(JSON.stringify(reply))], {
    capabilities: { structuredOutput },
    options: { maxRetries: 0 }
  })
  return {
    calls,
    value: ChatModel.generateObject("Hi", { schema }).pipe(
      Effect.map(({ value }) => value),
      Effect.provideService(ChatModel.ChatModel, model)
    ),
    chunks: ChatModel.streamObject("Hi", { schema }).pipe(
      Stream.runCollect,
      Effect.provideService(ChatModel.ChatModel, model)
    )
  }
}

const parse = <S extends StandardSchemaV1>(schema: S, reply: string) => {
  const { model } = ScriptedChatModel.make([text(reply)])
  return Runnable.sequence(ChatModel.runnable, OutputParser.schema(schema)).invoke("Hi").pipe(
    Effect.provideService(ChatModel.ChatModel, model)
  )
}

const pathsOf = (error: unknown) =>
  // Libraries have their own order.
  error instanceof OutputParser.OutputParserError
    ? [error.reason, ...error.issues.map(({ path }) => path.join(".")).toSorted()]
    : [error]

describe("an object", () => {
  for (const [library, schema] of each) {
    it.effect(`of ${library} is the output, and the model is shown the input`, () =>
      Effect.gen(function*() {
        const { calls, value } = generate(schema, given, true)
        assert.deepStrictEqual(yield* value, made)
        const format = (yield* calls)[0]?.options.responseFormat
        const shown = format?.type === "json_schema" ? format.schema : {}
        assert.hasAllKeys(shown["properties"], ["name", "portions", "minutes"])
        assert.sameMembers(shown["required"] as Array<string>, ["name", "minutes"])
        assert.notProperty(shown, "$schema")
      }))

    it.effect(`of ${library} fails with the paths of all issues`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(generate(schema, wrong).value)
        assert.deepStrictEqual(pathsOf(error), ["Mismatch", "minutes", "name"])
      }))
  }

  it.effect("comes as unchecked parts of the input, and then as the output", () =>
    Effect.gen(function*() {
      const chunks = yield* generate(libraries.zod, given).chunks
      assert.deepInclude(chunks[0], { _tag: "Partial", value: given })
      assert.deepInclude(chunks.at(-1), { _tag: "Object", value: made })
    }))

  it.effect("is wrapped where it is none, with references that still lead to their targets", () =>
    Effect.gen(function*() {
      interface Tree {
        readonly name: string
        readonly trees: ReadonlyArray<Tree>
      }
      const Tree: z.ZodType<Tree> = z.object({
        name: z.string(),
        get trees() {
          return z.array(Tree)
        }
      })
      const { calls, value } = generate(
        z.array(Tree),
        { value: [{ name: "a", trees: [{ name: "b", trees: [] }] }] },
        true
      )
      assert.deepStrictEqual(yield* value, [{ name: "a", trees: [{ name: "b", trees: [] }] }])
      const format = (yield* calls)[0]?.options.responseFormat
      const shown = format?.type === "json_schema" ? format.schema : {}
      const key = Object.keys(shown["$defs"] as object)[0]!
      assert.deepStrictEqual(shown["properties"], { value: { type: "array", items: { $ref: `#/$defs/${key}` } } })
      const rest = generate(z.union([z.string(), z.array(z.string())]), { value: 1 })
      assert.deepStrictEqual(pathsOf(yield* Effect.flip(rest.value)), ["Mismatch", "value"])
    }))

  it.effect("may be validated by a promise", () =>
    Effect.gen(function*() {
      const Name = z.object({ name: z.string().refine((name) => Promise.resolve(name !== "Stone"), "No such dish") })
      assert.deepStrictEqual(yield* generate(Name, { name: "Soup" }).value, { name: "Soup" })
      const error = yield* Effect.flip(generate(Name, { name: "Stone" }).value)
      assert.include(error.message, "name: No such dish")
    }))

  it.effect("is mended as one of an Effect schema is", () =>
    Effect.gen(function*() {
      const schema = z.object({ note: z.string().optional(), list: z.array(z.number()) })
      assert.deepStrictEqual(yield* generate(schema, { note: null, list: "[1]" }).value, { list: [1] })
    }))

  for (
    const [title, schema, words] of [
      [
        "valibot has the converter for",
        v.object({ name: v.string() }),
        "toStandardJsonSchema of @valibot/to-json-schema"
      ],
      ["the library cannot express", z.object({ day: z.date() }), "Date cannot be represented in JSON Schema"],
      [
        "the library has no converter for",
        { "~standard": { version: 1, vendor: "acme", validate: (value: unknown) => ({ value }) } } as const,
        "use a version of acme with Standard JSON Schema"
      ]
    ] as const
  ) {
    it.effect(`without a JSON Schema fails before a request, in words that help: one that ${title}`, () =>
      Effect.gen(function*() {
        const { calls, value } = generate<StandardSchemaV1>(schema, {})
        const error = yield* Effect.flip(value)
        assert.include(error.message, `schema: it has no JSON Schema: `)
        assert.include(error.message, words)
        assert.isEmpty(yield* calls)
      }))
  }

  it.effect("is decoded by Effect where the schema is one of Effect too", () =>
    Effect.gen(function*() {
      const schema = Schema.toStandardSchemaV1(Schema.Struct({ day: Schema.Date }))
      const { day } = yield* generate(schema, { day: "2026-11-27T00:00:00.000Z" }).value
      assert.deepStrictEqual(day, new Date("2026-11-27T00:00:00.000Z"))
    }))
})

describe("a parser", () => {
  for (const [library, schema] of each) {
    it.effect(`of ${library} gives the output of the first value that fits`, () =>
      Effect.gen(function*() {
        const answer = `Not ${JSON.stringify(wrong)} but ${JSON.stringify(given)}.`
        assert.deepStrictEqual(yield* parse(schema, answer), made)
        const error = yield* Effect.flip(parse(schema, JSON.stringify(wrong)))
        assert.deepStrictEqual(pathsOf(error), ["Mismatch", "minutes", "name"])
      }))
  }

  it.effect("needs no JSON Schema", () =>
    Effect.gen(function*() {
      const day = new Date("2026-11-27T00:00:00.000Z")
      assert.deepStrictEqual(yield* parse(z.object({ day: z.coerce.date() }), `{"day":"${day.toJSON()}"}`), { day })
      assert.deepStrictEqual(yield* parse(v.object({ n: v.number() }), `{"n":1}`), { n: 1 })
    }))

  it.effect("says of an integer that a number cannot hold what it is", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(parse(z.object({ id: z.number() }), `{"id":2512292042121000001}`))
      assert.deepStrictEqual(pathsOf(error), ["Mismatch", "id"])
      assert.include(error.message, "2512292042121000001")
    }))
})

describe("a tool", () => {
  const soupTool = (schema: StandardSchemaV1<unknown, Soup>) => {
    const got: Array<unknown> = []
    const tool = Tool.make("cook", {
      parameters: schema,
      success: schema,
      handler: (soup) =>
        Effect.sync(() => {
          got.push(soup)
          return { name: soup.name.toUpperCase(), minutes: 1 }
        })
    })
    return { got, tool }
  }

  const converse = (tool: Tool.Any<unknown, never, never>, args: Schema.Json) => {
    const { model } = ScriptedChatModel.make([toolCalls([{ name: tool.name, args }]), text("Done")])
    return Agent.make({ tools: [tool] }).invoke("Cook").pipe(
      Effect.map(({ messages }) => messages.find((message) => message._tag === "ToolMessage")?.content),
      Effect.provideService(ChatModel.ChatModel, model)
    )
  }

  for (const [library, schema] of each) {
    it.effect(`of ${library} gets the output of its parameters, and its result is the output of what it returns`, () =>
      Effect.gen(function*() {
        const { got, tool } = soupTool(schema)
        const content = yield* converse(tool, given)
        assert.deepStrictEqual(got, [made])
        assert.deepStrictEqual(JSON.parse(String(content)), { name: "SOUP", portions: 4, minutes: 1 })
        assert.deepStrictEqual(yield* tool.invoke(made), { name: "SOUP", portions: 4, minutes: 1 })
      }))

    it.effect(`of ${library} is not run with arguments that do not fit, and the model is told where`, () =>
      Effect.gen(function*() {
        const { got, tool } = soupTool(schema)
        const content = String(yield* converse(tool, wrong))
        assert.isEmpty(got)
        assert.include(content, "The arguments do not fit the schema.")
        assert.include(content, `at ["name"]`)
        assert.include(content, `at ["minutes"]`)
      }))
  }

  it.effect("may stream, return a promise or a value, and every value is the output", () =>
    Effect.gen(function*() {
      const doubled = z.number().transform(async (n) => n * 2)
      for (
        const [tool, values] of [
          [Tool.make("double", { success: doubled, handler: () => Stream.make(1, 2) }), [2, 4]],
          [Tool.make("double", { success: doubled, handler: () => Promise.resolve(3) }), [6]],
          [Tool.make("double", { success: doubled, handler: () => 4 }), [8]],
          [Tool.make("double", { success: doubled, handler: () => Effect.succeed(5) }), [10]]
        ] as const
      ) {
        assert.deepStrictEqual<ReadonlyArray<number>>(yield* Stream.runCollect(tool.stream({})), values)
        assert.strictEqual(yield* converse(tool, {}), String(values.at(-1)))
      }
    }))

  it.effect("whose result does not fit has a defect, as a handler is held to its types", () =>
    Effect.gen(function*() {
      const tool = Tool.make("wrong", { success: z.number().max(1), handler: () => 2 })
      const exit = yield* Effect.exit(tool.invoke({}))
      assert.include(String(exit), "Too big")
    }))

  it.effect("without a JSON Schema fails the call before a request", () =>
    Effect.gen(function*() {
      const tool = Tool.make("plain", { parameters: v.object({ name: v.string() }), handler: () => Effect.void })
      const { calls, model } = ScriptedChatModel.make([text("Hi")])
      const error = yield* Effect.flip(model.invoke("Hi", { tools: [tool] }))
      assert.include(error.message, "tools[0].parameters: it has no JSON Schema: wrap it with toStandardJsonSchema")
      assert.isEmpty(yield* calls)
      assert.isTrue(Result.isFailure(Result.try(() => tool.parameters)))
    }))

  it.live("goes over the wire", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve([
        Script.message({
          blocks: [{ type: "tool_use", id: "toolu_1", name: "cook", args: given }]
        }),
        Script.text("Done")
      ])
      const { got, tool } = soupTool(libraries.zod)
      const { content } = yield* Agent.make({ tools: [tool] }).invoke("Cook").pipe(
        Effect.provideService(ChatModel.ChatModel, model)
      )
      assert.strictEqual(content, "Done")
      assert.deepStrictEqual(got, [made])
      const body = (yield* server.requests)[0]?.body
      assert.deepStrictEqual((body as { readonly tools?: unknown } | undefined)?.tools, [{
        name: "cook",
        input_schema: {
          type: "object",
          properties: {
            name: { type: "string" },
            portions: { type: "number", default: 4 },
            minutes: { type: "number", minimum: 1 }
          },
          required: ["name", "minutes"]
        }
      }])
    }))
})
