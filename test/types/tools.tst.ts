// What is inferred of tools and agents, and what is not let through.
import { Context, Effect, Schema, Stream } from "effect"
import { Agent, ChatModel, Message, OutputParser, Runnable, Tool } from "rivulet"
import type { AIMessageChunk } from "rivulet"
import { expect } from "tstyche"

type Parts<S> = S extends Runnable.Runnable<infer In, infer Out, infer E, infer R, infer C, never>
  ? { in: In; out: Out; error: E; services: R; chunk: C }
  : never

class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { city: Schema.String }) {}
class Offline extends Schema.TaggedError<Offline>()("Offline", {}) {}
class Database extends Context.Service<Database, { readonly find: Effect.Effect<number, Offline> }>()("Database") {}

const weather = Tool.make("get_weather", {
  parameters: Schema.Struct({ city: Schema.String, days: Schema.optional(Schema.Number) }),
  success: Schema.Struct({ celsius: Schema.Number }),
  failure: NotFound,
  handler: ({ city, days }) => {
    expect(city).type.toBe<string>()
    expect(days).type.toBe<number | undefined>()
    return city === ""
      ? Effect.fail(new NotFound({ city }))
      : Effect.flatMap(Database, ({ find }) => Effect.map(find, (celsius) => ({ celsius })))
  }
})

// a tool is a step with all its handler can do and needs
expect<Parts<typeof weather>>().type.toBe<{
  in: { readonly city: string; readonly days?: number | undefined }
  out: { readonly celsius: number }
  error: NotFound | Offline
  services: Database
  chunk: { readonly celsius: number }
}>()
expect(weather.name).type.toBe<"get_weather">()
const next = Runnable.sequence(weather, Runnable.fn(({ celsius }: { readonly celsius: number }) => celsius))
expect<Parts<typeof next>["out"]>().type.toBe<number>()

// what has a schema is told to the model, and fails no agent
const told: Tool.Any<{ readonly celsius: number }, Offline, Database> = weather
expect(told).type.not.toBeAssignableTo<Tool.Any<unknown, never, Database>>()

// streams, and nothing to take or to give
const count = Tool.make("count", {
  success: Schema.Number,
  handler: (parameters) => {
    expect(parameters).type.toBe<{}>()
    return Stream.make(1, 2)
  }
})
expect<Parts<typeof count>>().type.toBe<{ in: {}; out: number; error: never; services: never; chunk: number }>()
const silent = Tool.make("silent", { handler: () => Effect.void })
expect<Parts<typeof silent>["out"]>().type.toBe<void>()

// what the handler gives is of the schema
Tool.make("wrong", {
  success: Schema.Number,
  // @ts-expect-error a text is no number
  handler: () => Effect.succeed("one")
})
Tool.make("wrong", {
  success: Schema.Number,
  // @ts-expect-error nor in a stream
  handler: () => Stream.make("one")
})
Tool.make("picture", {
  success: Schema.Struct({ url: Schema.String }),
  handler: () => Effect.succeed({ url: "" }),
  toModelOutput: ({ url }) => {
    expect(url).type.toBe<string>()
    return [Message.image({ url })]
  }
})

// models take tools as definitions
ChatModel.stream("Hi", { tools: [weather, count, { name: "plain", parameters: {} }] })

// calls while they are written
const calls = ChatModel.stream("Hi").pipe(Tool.partialCalls([weather, count]))
expect<Stream.Success<typeof calls>>().type.toBe<
  | {
    readonly id: string
    readonly name: "get_weather"
    readonly args: { readonly city?: string; readonly days?: number | null }
    readonly whole: boolean
  }
  | { readonly id: string; readonly name: "count"; readonly args: {}; readonly whole: boolean }
>()
const plain = Tool.partialCalls(ChatModel.stream("Hi"), [{ name: "plain", parameters: {} }])
expect<Stream.Success<typeof plain>["args"]>().type.toBe<Schema.Json>()

// an agent needs and fails with what its tools do, but for what the model is told
const agent = Agent.make({ tools: [weather, count], maxSteps: 4, temperature: 0 })
expect<Parts<typeof agent>["in"]>().type.toBe<ChatModel.ChatInput>()
expect<Parts<typeof agent>["out"]>().type.toBe<Agent.AgentResult>()
expect<Parts<typeof agent>["error"]>().type.toBe<Agent.AgentModelError | Agent.AgentToolError<Offline>>()
// Chunks and results have schemas.
expect<Parts<typeof agent>["chunk"]>().type.toBeAssignableTo<typeof Agent.Chunk.Type>()
expect<typeof Agent.Chunk.Type>().type.toBe<Agent.Chunk>()
expect<typeof Agent.AgentResult.Type>().type.toBeAssignableTo<Agent.Conversation>()
expect<Parts<typeof agent>["services"]>().type.toBe<ChatModel.ChatModel | Database>()
expect<Parts<typeof agent>["chunk"]["content"]>().type.toBe<string>()
expect<Parts<typeof agent>["chunk"]>().type.toBeAssignableFrom<AIMessageChunk.AIMessageChunk>()

class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
declare const given: ChatModel.Service
declare const either: ChatModel.Service | undefined
const withTag = Agent.make({ tools: [weather, count], model: Fast, temperature: 0 })
expect<Parts<typeof withTag>["services"]>().type.toBe<Fast | Database>()
const withModel = Agent.make({ tools: [count], model: given })
expect<Parts<typeof withModel>["services"]>().type.toBe<never>()
expect(Effect.runPromise).type.toBeCallableWith(withModel.invoke("Hi"))
const withNone = Agent.make({ tools: [count], model: undefined })
expect<Parts<typeof withNone>["services"]>().type.toBe<ChatModel.ChatModel>()
const withEither = Agent.make({ tools: [count], model: either })
expect<Parts<typeof withEither>["services"]>().type.toBe<ChatModel.ChatModel>()
expect(Agent.make).type.not.toBeCallableWith({ tools: [], model: "claude" })
expect(Agent.make).type.not.toBeCallableWith({ tools: [], model: Database })

const simple = Agent.make({ tools: [count, silent] })
expect<Parts<typeof simple>["error"]>().type.toBe<Agent.AgentModelError>()
expect<Parts<typeof simple>["services"]>().type.toBe<ChatModel.ChatModel>()
Stream.runForEach(simple.stream("Hi"), (chunk) => {
  if (chunk._tag === "ToolResultChunk" && !chunk.isError && chunk.name === "count") {
    expect(chunk.value).type.toBe<number>()
  }
  if (chunk._tag === "ToolProgressChunk" && chunk.name === "silent") expect(chunk.value).type.toBe<void>()
  return Effect.void
})

// errors are caught by their tags and reasons, with the conversation
agent.invoke("Hi").pipe(
  Effect.catchTag("ChatModelError", (error) => {
    expect(error.conversation).type.toBe<Agent.Conversation>()
    return Effect.fail(error.reason)
  }),
  Effect.catchReason("AgentToolError", "Offline", (reason) => {
    expect(reason).type.toBe<Offline>()
    return Effect.succeed(undefined)
  })
)

// what the app decides has its failures and needs as well
const asking = Agent.make({
  tools: [count],
  approve: (call, { messages }) => {
    expect(call).type.toBe<Message.ToolCall>()
    expect(messages).type.toBe<ReadonlyArray<Message.Message>>()
    return call.id === "" ? "suspend" : Effect.flatMap(Database, () => Effect.succeed({ deny: "no" }))
  },
  stopWhen: ({ steps }) => steps.length > 3 ? Effect.fail(new Offline()) : steps.length > 2,
  onStep: ({ results }) => Effect.andThen(Database, Effect.log(results.length))
})
expect<Parts<typeof asking>["error"]>().type.toBe<Agent.AgentModelError | Offline>()
expect<Parts<typeof asking>["services"]>().type.toBe<ChatModel.ChatModel | Database>()
Agent.make({
  tools: [count],
  // @ts-expect-error there is no such decision
  approve: () => "maybe"
})
Agent.make({
  tools: [count],
  // @ts-expect-error nor in an effect
  approve: () => Effect.succeed("maybe")
})
// literals stay decisions within effects
const literal = Agent.make({
  tools: [count],
  approve: (call) => call.id === "" ? Effect.as(Database, "suspend") : Effect.succeed("approve")
})
expect<Parts<typeof literal>["services"]>().type.toBe<ChatModel.ChatModel | Database>()
// @ts-expect-error a definition alone cannot be run
Agent.make({ tools: [{ name: "plain", parameters: {} }] })
// @ts-expect-error there is no such option
Agent.make({ tools: [], maxStep: 3 })
Agent.make({ tools: [{ type: "provider", provider: "anthropic", definition: { type: "web_search" } }, count] })
// @ts-expect-error an agent's result is no message
Runnable.sequence(agent, OutputParser.string)
