// What parsers give, and what they show before it is whole.
import { Context, Effect, Schema, SchemaGetter, Stream } from "effect"
import type { JsonPatch } from "effect"
import { ChatModel, ChatPrompt, OutputParser, PartialJson, Runnable } from "rivulet"
import type { AIMessageChunk, ChatModelError, Message } from "rivulet"
import { describe, expect, test } from "tstyche"

class Recipe extends Schema.Class<Recipe>("Recipe")({
  name: Schema.String,
  steps: Schema.Array(Schema.Struct({ text: Schema.String, minutes: Schema.NumberFromString }))
}) {}

type PartialRecipe = {
  readonly name?: string
  readonly steps?: ReadonlyArray<{ readonly text?: string; readonly minutes?: string }>
}

describe("DeepPartial", () => {
  test("objects are optional at any depth, arrays hold parts", () => {
    expect<PartialJson.DeepPartial<(typeof Recipe)["Encoded"]>>().type.toBe<PartialRecipe>()
    expect<PartialJson.DeepPartial<readonly [string, { readonly a: number }]>>().type.toBe<
      ReadonlyArray<string | { readonly a?: number }>
    >()
    expect<PartialJson.DeepPartial<{ readonly a: string | { readonly b: 1 } | null }>>().type.toBe<
      { readonly a?: string | { readonly b?: number } | null }
    >()
  })

  test("what is no plain data is as it is", () => {
    interface Whole {
      readonly at: Date
      readonly bytes: Uint8Array
      readonly all: ReadonlyMap<string, { readonly a: 1 }>
    }
    expect<PartialJson.DeepPartial<Whole>>().type.toBe<Partial<Whole>>()
  })

  test("a literal or a brand is a string or a number, as its end may not have arrived", () => {
    expect<PartialJson.DeepPartial<"open" | 12 | true>>().type.toBe<string | number | true>()
    expect<PartialJson.DeepPartial<string & { readonly "~brand": "Id" }>>().type.toBe<string>()
  })

  test("recursion, unknown and Json", () => {
    interface Tree {
      readonly size: number
      readonly under: ReadonlyArray<Tree>
    }
    const part: PartialJson.DeepPartial<Tree> = { under: [{}, { size: 1, under: [{}] }] }
    expect(part.under?.[0]?.under?.[0]?.size).type.toBe<number | undefined>()
    expect<PartialJson.DeepPartial<unknown>>().type.toBe<unknown>()
    expect<Schema.Json>().type.toBeAssignableTo<PartialJson.DeepPartial<Schema.Json>>()
  })
})

describe("schema", () => {
  test("streams parts of the encoded form and the whole, and gives the whole", () => {
    expect(OutputParser.schema(Recipe)).type.toBe<
      Runnable.Runnable<
        Message.AIMessage,
        Recipe,
        OutputParser.OutputParserError,
        never,
        PartialRecipe | Recipe,
        AIMessageChunk.AIMessageChunk
      >
    >()
    const chain = Runnable.sequence(
      ChatPrompt.make("A recipe for {dish}"),
      ChatModel.runnable,
      OutputParser.schema(Recipe)
    )
    expect(chain.invoke({ dish: "soup" })).type.toBe<
      Effect.Effect<Recipe, ChatModelError.ChatModelError | OutputParser.OutputParserError, ChatModel.ChatModel>
    >()
    chain.stream({ dish: "soup" }).pipe(Stream.map((partial) => {
      expect(partial.name).type.toBe<string | undefined>()
      expect(partial.steps?.length).type.toBe<number | undefined>()
    }))
    // What JSON has no form for is shown in the form it has there.
    OutputParser.schema(Schema.Struct({ at: Schema.Date })).pipe((parser) =>
      expect(parser.stream).type.toBe<
        (
          input: Message.AIMessage
        ) => Stream.Stream<{ readonly at?: string } | { readonly at: Date }, OutputParser.OutputParserError>
      >()
    )
    // A part is not taken for the whole.
    const wholes = (_recipe: Recipe) => 1
    // @ts-expect-error not assignable
    chain.stream({ dish: "soup" }).pipe(Stream.map(wholes))
  })

  test("elements are whole", () => {
    const parser = OutputParser.schema(Schema.Array(Recipe), { elements: true })
    expect(parser).type.toBe<
      Runnable.Runnable<
        Message.AIMessage,
        ReadonlyArray<Recipe>,
        OutputParser.OutputParserError,
        never,
        Recipe,
        AIMessageChunk.AIMessageChunk
      >
    >()
    expect(OutputParser.schema).type.not.toBeCallableWith(Recipe, { elements: true })
  })

  test("services are needed where the schema needs them", () => {
    class Prefix extends Context.Service<Prefix, string>()("test/Prefix") {}
    const Prefixed = Schema.String.pipe(
      Schema.decode({
        decode: SchemaGetter.transformEffect((name: string) => Effect.map(Prefix, (prefix) => prefix + name)),
        encode: SchemaGetter.passthrough()
      })
    )
    expect(OutputParser.schema(Prefixed).invoke).type.toBe<
      (input: Message.AIMessage) => Effect.Effect<string, OutputParser.OutputParserError, Prefix>
    >()
  })
})

test("the other parsers", () => {
  type Parser<A, Chunk> = Runnable.Runnable<
    Message.AIMessage,
    A,
    OutputParser.OutputParserError,
    never,
    Chunk,
    AIMessageChunk.AIMessageChunk
  >
  expect(OutputParser.json()).type.toBe<Parser<Schema.Json, Schema.Json>>()
  expect(OutputParser.json({ prose: false })).type.toBe<Parser<Schema.Json, Schema.Json>>()
  expect(OutputParser.json({ diff: true })).type.toBe<Parser<Schema.Json, JsonPatch.JsonPatch>>()
  expect(OutputParser.xml({ root: "a" })).type.toBe<Parser<OutputParser.Xml, OutputParser.Xml>>()
  type Pair = { readonly score: string; readonly reason: string }
  expect(OutputParser.regex(/(.)(.)/, { keys: ["score", "reason"] })).type.toBe<Parser<Pair, Pair>>()
  expect(OutputParser.list("comma").invoke).type.toBe<
    (input: Message.AIMessage) => Effect.Effect<ReadonlyArray<string>>
  >()
  expect(OutputParser.list).type.not.toBeCallableWith("commas")
})

test("withFixing adds what the model needs and fails with", () => {
  const fixed = OutputParser.schema(Recipe).pipe(OutputParser.withFixing(ChatModel.runnable))
  expect(fixed.invoke).type.toBe<
    (
      input: Message.AIMessage
    ) => Effect.Effect<
      Recipe,
      OutputParser.OutputParserError | ChatModelError.ChatModelError,
      ChatModel.ChatModel
    >
  >()
  expect(OutputParser.withFixing(OutputParser.json(), ChatModel.runnable).invoke).type.toBe<
    (
      input: Message.AIMessage
    ) => Effect.Effect<
      Schema.Json,
      OutputParser.OutputParserError | ChatModelError.ChatModelError,
      ChatModel.ChatModel
    >
  >()
})

test("PartialJson", () => {
  expect(PartialJson.parse("{")).type.toBe<Effect.Effect<Schema.Json, PartialJson.PartialJsonError>>()
  expect(PartialJson.parser().value()).type.toBe<Schema.Json | undefined>()
  expect(PartialJson.values(Stream.make("{", "}"))).type.toBe<
    Stream.Stream<Schema.Json, PartialJson.PartialJsonError>
  >()
})
