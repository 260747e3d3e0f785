import { Schema } from "effect"
import type { Effect, Option, Stream } from "effect"
import { ChatModel, ChatPrompt, Runnable } from "rivulet"
import type { ChatModelError, Message, OutputParser, PartialJson, Usage } from "rivulet"
import { describe, expect, it } from "tstyche"

const Event = Schema.Struct({ name: Schema.String, day: Schema.Date, note: Schema.optionalKey(Schema.String) })
type Event = typeof Event.Type

describe("an object", () => {
  it("is of the schema's type, with its message", () => {
    expect(ChatModel.generateObject("Hi", { schema: Event })).type.toBe<
      Effect.Effect<
        ChatModel.GeneratedObject<Event>,
        ChatModelError.ChatModelError | OutputParser.OutputParserError,
        ChatModel.ChatModel
      >
    >()
    expect<ChatModel.GeneratedObject<Event>["value"]["day"]>().type.toBe<Date>()
    expect<ChatModel.GeneratedObject<Event>["message"]>().type.toBe<Message.AIMessage>()
    expect<ChatModel.GeneratedObject<Event>["usage"]>().type.toBe<Usage.Usage | undefined>()
    expect<ChatModel.GeneratedObject<Event>>().type.not.toHaveProperty("_tag")
  })

  it("is another type while it comes", () => {
    const stream = ChatModel.streamObject("Hi", { schema: Event })
    type Chunk = Stream.Success<typeof stream>
    type Part = Extract<Chunk, { readonly _tag: "Partial" }>
    expect<Part["value"]["day"]>().type.toBe<string | undefined>()
    expect<Part["value"]>().type.toBe<PartialJson.DeepPartialJson<typeof Event.Encoded>>()
    expect<Extract<Chunk, { readonly _tag: "Object" }>["value"]>().type.toBe<Event>()
  })

  it("is JSON while it comes", () => {
    interface Odd {
      readonly id: bigint
      readonly bytes?: Uint8Array | undefined
      readonly map: ReadonlyMap<string, number>
      readonly maybe: Option.Option<number>
      readonly list: readonly [{ readonly kind: "a" | "b" }, ...Array<URL>]
      readonly any: unknown
    }
    expect<PartialJson.DeepPartialJson<Odd>>().type.toBe<{
      readonly id?: string
      readonly bytes?: string | null
      readonly map?: Schema.Json
      readonly maybe?: Schema.Json
      readonly list?: ReadonlyArray<string | { readonly kind?: string }>
      readonly any?: Schema.Json
    }>()
  })

  it("has strings and numbers where the schema has literals, as their end may not have arrived", () => {
    expect<
      PartialJson.DeepPartialJson<
        { readonly state: "open" | "closed" | null; readonly size: 1 | 12; readonly on: true }
      >
    >()
      .type.toBe<{ readonly state?: string | null; readonly size?: number; readonly on?: true }>()
  })

  it("needs what its schema needs, and the model unless it is given", () => {
    const model = null as unknown as ChatModel.Service
    const step = ChatModel.object({ schema: Event })
    expect(step.invoke("Hi")).type.toBe<
      Effect.Effect<Event, ChatModelError.ChatModelError | OutputParser.OutputParserError, ChatModel.ChatModel>
    >()
    const own = ChatModel.object(model, { schema: Event, maxTokens: 5 })
    expect(own.invoke("Hi")).type.toBe<
      Effect.Effect<Event, ChatModelError.ChatModelError | OutputParser.OutputParserError>
    >()
    const chain = Runnable.sequence(ChatPrompt.make("About {topic}"), own)
    expect(chain.invoke).type.toBeCallableWith({ topic: "fish" })
    expect(chain.invoke).type.not.toBeCallableWith({ other: "fish" })
  })

  it("takes the options of a call but those that are its own", () => {
    expect(ChatModel.generateObject).type.toBeCallableWith("Hi", { schema: Event, temperature: 0, method: "tool" })
    expect(ChatModel.generateObject).type.not.toBeCallableWith("Hi", { schema: Event, method: "xml" })
    expect(ChatModel.generateObject).type.not.toBeCallableWith("Hi", {
      schema: Event,
      responseFormat: { type: "json" }
    })
    expect(ChatModel.generateObject).type.not.toBeCallableWith("Hi", {})
  })
})
