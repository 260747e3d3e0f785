// Options and instructions that a model has for all of its calls.
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Exit, Layer, Schema, Stream } from "effect"
import { Agent, CallOptions, ChatModel, Message, Tool } from "rivulet"
import { Script, ScriptedChatModel } from "rivulet/Testing"
import { serve } from "../support/anthropic.ts"
import { eventsOf } from "../support/events.ts"

const { text } = ScriptedChatModel

/** The options and the messages of the last request that a model sends for a call. */
const asked = (
  wrap: (model: ChatModel.Service) => ChatModel.Service,
  call?: CallOptions.CallOptions,
  own?: CallOptions.CallOptions,
  input: ChatModel.ChatInput = "Hi"
) =>
  Effect.gen(function*() {
    const { calls, model } = ScriptedChatModel.make(() => text("Hello"), { options: own })
    const wrapped = wrap(model)
    yield* Stream.runDrain(wrapped.stream(input, call))
    return { ...(yield* calls).at(-1)!, model: wrapped }
  })

const maybe = <A>(value: Arbitrary.Arbitrary<A>): Arbitrary.Arbitrary<A | undefined> =>
  Arbitrary.flatMap(
    Arbitrary.schema(Schema.Boolean),
    (given): Arbitrary.Arbitrary<A | undefined> => given ? value : Arbitrary.map(value, () => undefined)
  )

const number = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 })))

/** Options of which any may be undefined, as they are if an app passes on what it was given. */
const anyOptions = Arbitrary.map(
  Arbitrary.all({
    maxTokens: maybe(number),
    topK: maybe(number),
    idle: maybe(number),
    total: maybe(number),
    x: maybe(number)
  }),
  ({ idle, maxTokens, topK, total, x }): CallOptions.CallOptions => ({
    maxTokens,
    topK,
    timeout: { idle, total },
    ...(x === undefined ? undefined : { providerOptions: { scripted: { x } } })
  })
)

describe("withDefaults", () => {
  it.effect.prop(
    "an option is that of the call, or else the default, or else the model's own",
    [anyOptions, anyOptions, anyOptions],
    ([call, defaults, own]) =>
      Effect.gen(function*() {
        const { model, options } = yield* asked(ChatModel.withDefaults(defaults), call, own)
        const values = (options: CallOptions.CallOptions | undefined) => [
          options?.maxTokens,
          options?.topK,
          options?.timeout?.idle,
          options?.timeout?.total,
          options?.providerOptions?.["scripted"]?.["x"]
        ]
        const [first, second, third] = [values(call), values(defaults), values(own)]
        assert.deepStrictEqual(values(options), first.map((value, i) => value ?? second[i] ?? third[i]))
        assert.deepStrictEqual(values(model.options), second.map((value, i) => value ?? third[i]))
      })
  )

  it.effect.prop(
    "two of them are the one with both, the outer one over the inner one",
    [anyOptions, anyOptions],
    ([a, b]) =>
      Effect.gen(function*() {
        const two = yield* asked((model) => model.pipe(ChatModel.withDefaults(a), ChatModel.withDefaults(b)))
        const one = yield* asked(ChatModel.withDefaults(CallOptions.merge(a, b)))
        assert.deepStrictEqual(two.options, one.options)
        assert.deepStrictEqual(two.model.options, one.model.options)
      })
  )

  it.effect("holds for invoke, batch and chains, too", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make(() => text("Hello"))
      const brief = model.pipe(ChatModel.withDefaults({ maxTokens: 5 }))
      yield* brief.invoke("Hi")
      yield* brief.batch(["Hi"])
      yield* Stream.runDrain(brief.transform(Stream.make("Hi")))
      assert.deepStrictEqual((yield* calls).map(({ options }) => options.maxTokens), [5, 5, 5])
    }))

  it.effect("a layer keeps its other services", () =>
    Effect.gen(function*() {
      yield* ChatModel.invoke("Hi")
      const { calls } = yield* ScriptedChatModel.ScriptedChatModel
      assert.strictEqual((yield* calls)[0]?.options.maxTokens, 5)
    }).pipe(
      Effect.provide(ScriptedChatModel.layer(() => text("Hello")).pipe(ChatModel.withDefaults({ maxTokens: 5 })))
    ))

  it.effect("an agent sees a default that forces a tool, and lets the model answer after its call", () =>
    Effect.gen(function*() {
      const look = Tool.make("look", { parameters: Schema.Struct({}), handler: () => Effect.succeed("seen") })
      const { calls, model } = ScriptedChatModel.make([
        ScriptedChatModel.toolCalls([{ name: "look", args: {} }]),
        text("Done")
      ])
      const forced = model.pipe(ChatModel.withDefaults({ toolChoice: "required" }))
      yield* Agent.make({ tools: [look] }).invoke("Hi").pipe(Effect.provideService(ChatModel.ChatModel, forced))
      assert.deepStrictEqual((yield* calls).map(({ options }) => options.toolChoice), ["required", "auto"])
    }))
})

describe("where a model cannot do two things at once", () => {
  const thinking = { reasoning: { effort: "high" } } as const
  const tools = [{ name: "look", parameters: { type: "object", properties: {} } }]
  const forced = { tools, toolChoice: "required" } as const

  /** What Claude is asked, which cannot be forced to call a tool while it reasons; undefined if nothing is sent. */
  const sent = (
    wrap: (model: ChatModel.Service) => ChatModel.Service,
    own: CallOptions.CallOptions,
    call: CallOptions.CallOptions
  ) =>
    Effect.gen(function*() {
      const { model, server } = yield* serve(Script.text("Hello"), { model: "claude-opus-4-6", ...own })
      const exit = yield* Effect.exit(wrap(model).invoke("Hi", call))
      if (Exit.isFailure(exit)) return undefined
      const body = (yield* server.awaitRequest(0)).body as { readonly [key: string]: unknown }
      return [body["tool_choice"], body["thinking"]]
    })

  it.live("a default gives way to the call, as an option of the model itself does", () =>
    Effect.gen(function*() {
      const expected = yield* sent((model) => model, thinking, forced)
      assert.deepStrictEqual(expected?.[0], { type: "any" })
      const wrappers: ReadonlyArray<(model: ChatModel.Service) => ChatModel.Service> = [
        ChatModel.withDefaults(thinking),
        (model) => model.pipe(ChatModel.withDefaults(thinking), ChatModel.withDefaults({ maxTokens: 500 })),
        (model) => model.pipe(ChatModel.withDefaults({ maxTokens: 500 }), ChatModel.withDefaults(thinking)),
        (model) =>
          ChatModel.transform(model, {
            request: ({ messages, options }) => Effect.succeed({ messages, options: { ...options } })
          }).pipe(ChatModel.withDefaults(thinking))
      ]
      for (const wrap of wrappers) assert.deepStrictEqual(yield* sent(wrap, {}, forced), expected)
    }))

  it.live("two wishes of the call exclude each other, whatever the defaults are", () =>
    Effect.gen(function*() {
      const call = { ...thinking, ...forced }
      assert.isUndefined(yield* sent((model) => model, {}, call))
      assert.isUndefined(yield* sent(ChatModel.withDefaults({ maxTokens: 500 }), {}, call))
      // The same words in the defaults take nothing from the call.
      assert.isUndefined(yield* sent(ChatModel.withDefaults(thinking), {}, call))
      assert.isUndefined(yield* sent(ChatModel.withDefaults(forced), {}, call))
    }))
})

describe("withSystem", () => {
  const contents = (messages: ReadonlyArray<Message.Message>) => messages.map(({ _tag, content }) => [_tag, content])

  it.effect("comes before the conversation, with the system messages that it has", () =>
    Effect.gen(function*() {
      const { messages } = yield* asked(ChatModel.withSystem("house"), undefined, undefined, [
        ["system", "own"],
        ["human", "Hi"]
      ])
      assert.deepStrictEqual(contents(messages), [
        ["SystemMessage", "house"],
        ["SystemMessage", "own"],
        ["HumanMessage", "Hi"]
      ])
    }))

  it.effect("the inner one of two comes first", () =>
    Effect.gen(function*() {
      const { messages } = yield* asked((model) =>
        model.pipe(ChatModel.withSystem("inner"), ChatModel.withSystem("outer"))
      )
      assert.deepStrictEqual(contents(messages).map(([, content]) => content), ["inner", "outer", "Hi"])
    }))

  it.effect("takes parts with settings for a provider", () =>
    Effect.gen(function*() {
      const parts = [Message.text("long", { providerOptions: { anthropic: { cache_control: { type: "ephemeral" } } } })]
      const { messages } = yield* asked(ChatModel.withSystem(parts))
      assert.deepStrictEqual(messages[0], Message.system(parts))
    }))

  it.effect("events show one model, and the conversation without it", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => text("Hello"))
      const { events: bare } = yield* eventsOf(model, "Hi")
      const { events } = yield* eventsOf(
        model.pipe(ChatModel.withSystem("secret"), ChatModel.withDefaults({ topK: 1 })),
        "Hi"
      )
      assert.deepStrictEqual(
        events.map(({ data, event, name }) => [event, name, data]),
        bare.map(({ data, event, name }) => [event, name, data])
      )
    }))

  it.effect("an agent's own instructions come after it, and its conversation has neither", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make(() => text("Hello"))
      const result = yield* Agent.make({ tools: [], system: "agent" }).invoke("Hi").pipe(
        Effect.provide(Layer.succeed(ChatModel.ChatModel, model).pipe(ChatModel.withSystem("house")))
      )
      assert.deepStrictEqual(contents((yield* calls)[0]!.messages).map(([, content]) => content), [
        "house",
        "agent",
        "Hi"
      ])
      assert.deepStrictEqual(contents(result.messages).map(([, content]) => content), ["Hi", "Hello"])
    }))
})
