// What is inferred of the schemas of other libraries: the output for whoever reads, the input for whoever writes.
import { toStandardJsonSchema } from "@valibot/to-json-schema"
import { type } from "arktype"
import { Effect, Schema } from "effect"
import type { Stream } from "effect"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import { ChatModel, OutputParser, Tool } from "rivulet"
import type { ChatModelError, PartialJson, Runnable } from "rivulet"
import { describe, expect, it } from "tstyche"
import * as v from "valibot"
import * as z from "zod"

type Output = { name: string; portions: number }
type Input = { name: string; portions?: number | undefined }

const schemas = {
  zod: z.object({ name: z.string(), portions: z.number().default(4) }),
  valibot: toStandardJsonSchema(v.object({ name: v.string(), portions: v.optional(v.number(), 4) })),
  arktype: type({ name: "string", portions: "number = 4" })
}

describe("an object", () => {
  it("is the output of the schema", () => {
    type Made<S extends StandardSchemaV1> = Effect.Effect<
      ChatModel.GeneratedObject<StandardSchemaV1.InferOutput<S>>,
      ChatModelError.ChatModelError | OutputParser.OutputParserError,
      ChatModel.ChatModel
    >
    const zod = ChatModel.generateObject("Hi", { schema: schemas.zod })
    expect(zod).type.toBe<Made<typeof schemas.zod>>()
    expect<Effect.Success<typeof zod>["value"]>().type.toBe<Output>()
    const valibot = ChatModel.generateObject("Hi", { schema: schemas.valibot })
    expect<Effect.Success<typeof valibot>["value"]>().type.toBe<Output>()
    const arktype = ChatModel.generateObject("Hi", { schema: schemas.arktype })
    expect<Effect.Success<typeof arktype>["value"]>().type.toBe<Output>()
  })

  it("is a part of the input while it comes", () => {
    const stream = ChatModel.streamObject("Hi", { schema: schemas.zod })
    type Part = Extract<Stream.Success<typeof stream>, { readonly _tag: "Partial" }>
    expect<Part["value"]>().type.toBe<PartialJson.DeepPartialJson<Input>>()
    const step = ChatModel.object({ schema: schemas.arktype })
    expect<typeof step extends Runnable.Runnable<infer _, infer A, infer __, infer R, infer ___> ? [A, R] : never>()
      .type.toBe<[Output, ChatModel.ChatModel]>()
  })

  it("is parsed to the same", () => {
    const zod = OutputParser.schema(schemas.zod)
    const valibot = OutputParser.schema(schemas.valibot)
    const arktype = OutputParser.schema(schemas.arktype)
    type Value<P> = P extends Runnable.Runnable<infer _, infer A, infer __, infer R, infer C, infer ___> ? [A, R, C]
      : never
    type Expected = [Output, never, Output | PartialJson.DeepPartialJson<Input>]
    expect<Value<typeof zod>[0]>().type.toBe<Output>()
    expect<Value<typeof zod>[1]>().type.toBe<never>()
    expect<Value<typeof valibot>[0]>().type.toBe<Output>()
    expect<Value<typeof arktype>>().type.toBe<Expected>()
  })

  it("has no elements that are decoded one by one", () => {
    // @ts-expect-error No overload matches this call
    OutputParser.schema(z.array(z.string()), { elements: true })
  })
})

describe("a tool", () => {
  it("takes the output of its parameters, and gives the output of what its handler returns", () => {
    const zod = Tool.make("zod", {
      parameters: schemas.zod,
      success: schemas.zod,
      handler: (parameters) => {
        expect(parameters).type.toBe<Output>()
        return Effect.succeed({ name: parameters.name })
      },
      toModelOutput: (result) => {
        expect(result).type.toBe<Output>()
        return result.name
      }
    })
    expect(zod.invoke).type.toBeCallableWith({ name: "soup", portions: 2 })
    expect(zod.invoke({ name: "soup", portions: 2 })).type.toBe<Effect.Effect<Output>>()
    const valibot = Tool.make("valibot", {
      parameters: schemas.valibot,
      success: v.number(),
      handler: async ({ portions }) => portions
    })
    expect(valibot.invoke({ name: "soup", portions: 2 })).type.toBe<Effect.Effect<number>>()
    const arktype = Tool.make("arktype", {
      parameters: schemas.arktype,
      success: type("string"),
      handler: ({ name }) => name
    })
    expect(arktype.invoke({ name: "soup", portions: 2 })).type.toBe<Effect.Effect<string>>()
    const calls = ChatModel.stream("Hi").pipe(Tool.partialCalls([zod]))
    expect<Stream.Success<typeof calls>["args"]>().type.toBe<PartialJson.DeepPartialJson<Input>>()
  })

  it("returns what its schema accepts", () => {
    Tool.make("wrong", {
      success: z.number(),
      // @ts-expect-error is not assignable
      handler: () => Effect.succeed("one")
    })
  })

  it("mixes schemas", () => {
    const mixed = Tool.make("mixed", {
      parameters: z.object({ day: z.string() }),
      success: Schema.Number,
      handler: ({ day }) => day.length
    })
    expect(mixed.invoke({ day: "Monday" })).type.toBe<Effect.Effect<number>>()
  })
})

describe("an Effect schema stays what it is", () => {
  it("also in a generic function, and as a Standard Schema", () => {
    const generic = <S extends Schema.Constraint>(
      schema: S
    ): Effect.Effect<S["Type"], unknown, ChatModel.ChatModel | S["DecodingServices"]> =>
      Effect.map(ChatModel.generateObject("Hi", { schema }), ({ value }) => value)
    expect(generic(Schema.Date)).type.toBe<Effect.Effect<Date, unknown, ChatModel.ChatModel>>()
    const both = ChatModel.generateObject("Hi", {
      schema: Schema.toStandardSchemaV1(Schema.Struct({ day: Schema.Date }))
    })
    expect<Effect.Success<typeof both>["value"]>().type.toBe<{ readonly day: Date }>()
  })
})
