import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Schema, Stream } from "effect"
import { ChatModel, Message, Runnable, Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"
import { available, langChainRun, skipped } from "../support/langChainEvents.ts"

class NoSuchCity extends Schema.TaggedError<NoSuchCity>()("NoSuchCity", { city: Schema.String }) {}
class Broken extends Schema.TaggedError<Broken>()("Broken", {}) {}
class Thermometer extends Context.Service<Thermometer, { readonly read: Effect.Effect<number> }>()("Thermometer") {}

const add = Tool.make("add", {
  parameters: Schema.Struct({ x: Schema.Number, y: Schema.Number }),
  success: Schema.Number,
  handler: ({ x, y }) => Effect.succeed(x + y)
})

const count = Tool.make("count", {
  parameters: Schema.Struct({ to: Schema.Number }),
  success: Schema.Number,
  handler: ({ to }) => Stream.range(1, to)
})

/** What comes of a call of a model, and with which words bad arguments are turned down. */
const called = <A, E, R>(tool: Tool.Any<A, E, R>, args: Schema.Json) =>
  tool["~rivulet/Tool"].open({ type: "tool_call", id: "call_1", name: tool.name, args }).pipe(
    Effect.flatMap(Stream.runCollect)
  )

describe("as a step", () => {
  it.effect("takes typed parameters and gives a typed result", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* add.invoke({ x: 1, y: 2 }), 3)
      assert.deepStrictEqual(yield* Stream.runCollect(add.stream({ x: 1, y: 2 })), [3])
      const chain = Runnable.sequence(Runnable.fn((x: number) => ({ x, y: 1 })), add)
      assert.strictEqual(yield* chain.invoke(1), 2)
    }))

  it.effect("streams what the handler streams; the last value is the result", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Stream.runCollect(count.stream({ to: 3 })), [1, 2, 3])
      assert.strictEqual(yield* count.invoke({ to: 3 }), 3)
    }))

  it.effect("fails as its handler does, and needs what it needs", () =>
    Effect.gen(function*() {
      const read = Tool.make("read", {
        parameters: Schema.Struct({ city: Schema.String }),
        success: Schema.Number,
        failure: NoSuchCity,
        handler: ({ city }) =>
          city === "Atlantis"
            ? Effect.fail(new NoSuchCity({ city }))
            : Effect.flatMap(Thermometer, (thermometer) => thermometer.read)
      })
      assert.strictEqual(yield* read.invoke({ city: "Bern" }), 17)
      assert.strictEqual((yield* Effect.flip(read.invoke({ city: "Atlantis" }))).city, "Atlantis")
    }).pipe(Effect.provideService(Thermometer, { read: Effect.succeed(17) })))

  it.effect("a stream that ends without a value is a mistake in the handler", () =>
    Effect.gen(function*() {
      const empty = Tool.make("empty", { success: Schema.Number, handler: () => Stream.empty })
      const exit = yield* Effect.exit(empty.invoke({}))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }))

  it.effect("nothing runs before the stream does", () =>
    Effect.gen(function*() {
      let ran = 0
      const tool = Tool.make("tool", { handler: () => Effect.sync(() => void ran++) })
      const stream = tool.stream({})
      assert.strictEqual(ran, 0)
      yield* Stream.runDrain(stream)
      assert.strictEqual(ran, 1)
    }))
})

describe("events", () => {
  it.effect("of a tool that gives one value are the peer's", (context) =>
    Effect.gen(function*() {
      if (!available) return context.skip(skipped)
      const { events } = yield* eventsOf(add, { x: 1, y: 2 })
      const peer = langChainRun("d1-tool-call-bare-tool.v2.jsonl")
      assert.deepStrictEqual(
        events.map(({ data, event, name }) => ({ data, event, name })),
        peer.events.map(({ data, event, name }) => ({ data, event, name }))
      )
    }))

  it.effect("of a tool that streams tell each value", () =>
    Effect.gen(function*() {
      const { events } = yield* eventsOf(count, { to: 2 })
      balanced(events)
      assert.deepStrictEqual(events.map(({ data, event }) => [event, data]), [
        ["on_tool_start", { input: { to: 2 } }],
        ["on_tool_stream", { chunk: 1 }],
        ["on_tool_stream", { chunk: 2 }],
        ["on_tool_end", { output: 2 }]
      ])
    }))

  it.effect("tell a failure, and a handler that throws", () =>
    Effect.gen(function*() {
      const failing = Tool.make("failing", { handler: () => Effect.fail(new Broken()) })
      const throwing = Tool.make("throwing", {
        handler: (): Effect.Effect<void> => {
          throw new Error("a mistake")
        }
      })
      for (const [tool, error] of [[failing, { _tag: "Broken" }], [throwing, { message: "a mistake" }]] as const) {
        const { events } = yield* eventsOf<{}, void, unknown, never, void>(tool, {})
        balanced(events)
        const [, end] = events
        assert.isTrue(end?.event === "on_tool_error" && typeof end.data.error === "object")
        assert.deepInclude(end?.event === "on_tool_error" ? end.data.error : undefined, error)
      }
    }))
})

describe("called by a model", () => {
  it.effect("the result is JSON, and a text is itself", () =>
    Effect.gen(function*() {
      const say = Tool.make("say", { success: Schema.String, handler: () => Effect.succeed("17 degrees") })
      const when = Tool.make("when", {
        success: Schema.Struct({ at: Schema.Date }),
        handler: () => Effect.succeed({ at: new Date(0) })
      })
      const silent = Tool.make("silent", { handler: () => Effect.void })
      const dropped = Tool.make("dropped", { handler: () => Effect.succeed(1) })
      assert.deepStrictEqual(yield* called(say, {}), [
        { _tag: "Result", value: "17 degrees", content: "17 degrees" }
      ])
      assert.strictEqual((yield* called(when, {}))[0]?._tag, "Result")
      assert.deepInclude((yield* called(when, {}))[0], { content: `{"at":"1970-01-01T00:00:00.000Z"}` })
      for (const tool of [silent, dropped]) assert.deepInclude((yield* called(tool, {}))[0], { content: "" })
    }))

  it.effect("values on the way come before the result", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* called(count, { to: 2 }), [
        { _tag: "Progress", value: 1 },
        { _tag: "Progress", value: 2 },
        { _tag: "Result", value: 2, content: "2" }
      ])
    }))

  it.effect("a result can be shown as parts", () =>
    Effect.gen(function*() {
      const draw = Tool.make("draw", {
        success: Schema.String,
        handler: () => Effect.succeed("https://example.com/fish.png"),
        toModelOutput: (url) => [Message.text("Here"), Message.image({ url })]
      })
      const [output] = yield* called(draw, {})
      assert.deepInclude(output, {
        content: [Message.text("Here"), Message.image({ url: "https://example.com/fish.png" })]
      })
    }))

  it.effect("the arguments are decoded, and the handler knows the call", () =>
    Effect.gen(function*() {
      let seen: unknown
      const tool = Tool.make("tool", {
        parameters: Schema.Struct({ when: Schema.Date, n: Schema.NumberFromString }),
        handler: (parameters, call) => Effect.sync(() => void (seen = { ...parameters, ...call }))
      })
      yield* called(tool, { when: "1970-01-01T00:00:00.000Z", n: "3" })
      assert.deepStrictEqual(seen, { when: new Date(0), n: 3, id: "call_1" })
    }))

  it.effect("a null for what may be left out is taken for that: models that must name every key say so", () =>
    Effect.gen(function*() {
      let seen: unknown
      const tool = Tool.make("tool", {
        parameters: Schema.Struct({ city: Schema.String, days: Schema.optionalKey(Schema.Number) }),
        handler: (parameters) => Effect.sync(() => void (seen = parameters))
      })
      yield* called(tool, { city: "Bern", days: null })
      assert.deepStrictEqual(seen, { city: "Bern" })
    }))

  it.effect("arguments that do not fit are told with their place, all of them, and nothing runs", () =>
    Effect.gen(function*() {
      let ran = 0
      const tool = Tool.make("tool", {
        parameters: Schema.Struct({ city: Schema.String, days: Schema.Array(Schema.Number) }),
        handler: () => Effect.sync(() => void ran++)
      })
      const problem = yield* Effect.flip(called(tool, { city: 1, days: [1, "two"] }))
      for (const word of ["Expected string", `["city"]`, "Expected number", `["days"][1]`]) {
        assert.include(problem, word)
      }
      assert.include(yield* Effect.flip(called(tool, null)), "Expected object")
      const wrong = Array.from({ length: 10_000 }, () => "one")
      assert.isBelow((yield* Effect.flip(called(tool, { city: "Bern", days: wrong }))).length, 2200)
      assert.strictEqual(ran, 0)
    }))

  it.effect("what `failure` describes is told; what it does not stays a failure; defects stay defects", () =>
    Effect.gen(function*() {
      const how = Tool.make("how", {
        parameters: Schema.Struct({ how: Schema.Literals(["told", "untold", "defect"]) }),
        success: Schema.Number,
        failure: NoSuchCity,
        handler: ({ how }) =>
          how === "told"
            ? Effect.fail(new NoSuchCity({ city: "Atlantis" }))
            : how === "untold"
            ? Effect.fail(new Broken())
            : Effect.die("a mistake")
      })
      assert.deepStrictEqual(yield* called(how, { how: "told" }), [
        { _tag: "Failure", content: `{"_tag":"NoSuchCity","city":"Atlantis"}` }
      ])
      const untold: Broken | string = yield* Effect.flip(called(how, { how: "untold" }))
      assert.instanceOf(untold, Broken)
      const exit = yield* Effect.exit(called(how, { how: "defect" }))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }))

  it.effect("a failure after progress is told after it", () =>
    Effect.gen(function*() {
      const late = Tool.make("late", {
        success: Schema.Number,
        failure: Schema.String,
        handler: () => Stream.concat(Stream.make(1), Stream.fail("too late"))
      })
      assert.deepStrictEqual(yield* called(late, {}), [
        { _tag: "Progress", value: 1 },
        { _tag: "Failure", content: "too late" }
      ])
    }))

  it.effect("a result that is not of its schema is a mistake in the handler", () =>
    Effect.gen(function*() {
      const tool = Tool.make("tool", { success: Schema.Number, handler: () => Effect.succeed("one" as never) })
      const exit = yield* Effect.exit(called(tool, {}))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }))
})

describe("as the definition of a tool", () => {
  const weather = Tool.make("get_weather", {
    description: "The weather in a city",
    parameters: Schema.Struct({ city: Schema.String.annotate({ description: "Its name" }) }),
    success: Schema.Number,
    strict: true,
    providerOptions: { scripted: { eager: true } },
    handler: () => Effect.die("it is not to be run")
  })

  it.effect("a model is told of it, as plain data, and calls come back as data", () =>
    Effect.gen(function*() {
      const plain = { name: "plain", parameters: { type: "object" } }
      const answer = yield* ChatModel.invoke("Hi", { tools: [weather, plain] })
      assert.deepStrictEqual(answer.toolCalls.map(({ args, name }) => [name, args]), [["get_weather", {
        city: "Bern"
      }]])
      const [call] = yield* (yield* ScriptedChatModel.ScriptedChatModel).calls
      assert.deepStrictEqual(call?.options.tools, [
        {
          name: "get_weather",
          description: "The weather in a city",
          parameters: {
            type: "object",
            properties: { city: { type: "string", description: "Its name" } },
            required: ["city"],
            additionalProperties: false
          },
          strict: true,
          providerOptions: { scripted: { eager: true } }
        },
        plain
      ])
    }).pipe(Effect.provide(ScriptedChatModel.layer([
      ScriptedChatModel.toolCalls([{ name: "get_weather", args: { city: "Bern" } }])
    ]))))

  it.effect("a schema that JSON Schema has no words for fails before a request is made", () =>
    Effect.gen(function*() {
      const odd = Tool.make("odd", {
        parameters: Schema.Struct({ f: Schema.instanceOf(RegExp) }),
        handler: () => Effect.void
      })
      const error = yield* Effect.flip(ChatModel.invoke("Hi", { tools: [weather, odd] }))
      assert.strictEqual(error.reason._tag, "UnsupportedError")
      assert.deepInclude(error.reason, { field: "tools[1].parameters" })
      assert.include(error.reason.message, "f: it has no JSON form")
      assert.deepStrictEqual(yield* (yield* ScriptedChatModel.ScriptedChatModel).calls, [])
      assert.throws(() => odd.parameters, /odd have no JSON Schema: f:/)
    }).pipe(Effect.provide(ScriptedChatModel.layer([]))))

  it.effect("parameters that are no object fail likewise", () =>
    Effect.gen(function*() {
      for (const parameters of [Schema.String, Schema.NullOr(Schema.Struct({})), Schema.Array(Schema.String)]) {
        const odd = Tool.make("odd", { parameters, handler: () => Effect.void })
        const { reason } = yield* Effect.flip(ChatModel.invoke("Hi", { tools: [odd] }))
        assert.deepInclude(reason, { _tag: "UnsupportedError", field: "tools[0].parameters" })
        assert.include(reason.message, "must be an object")
      }
    }).pipe(Effect.provide(ScriptedChatModel.layer([]))))

  describe("several objects are told as one", () => {
    const At = Schema.Struct({ hour: Schema.Number }).annotate({ identifier: "At" })
    const tool = Tool.make("remind", {
      parameters: Schema.Union([
        Schema.Struct({ kind: Schema.Literal("once"), at: At, note: Schema.optionalKey(Schema.String) }),
        Schema.Union([
          Schema.Struct({ kind: Schema.Literal("daily"), at: At, days: Schema.Number }),
          Schema.Struct({ kind: Schema.Literal("never"), note: Schema.Number })
        ])
      ]),
      success: Schema.Json,
      handler: (parameters) => Effect.succeed(parameters)
    })

    it("with the keys of all, as providers take no union", () => {
      const { description, ...told } = tool.parameters
      assert.deepStrictEqual(told, {
        type: "object",
        properties: {
          kind: { type: "string", enum: ["once", "daily", "never"] },
          at: { $ref: "#/$defs/At" },
          note: { anyOf: [{ type: "string" }, { type: "number" }] },
          days: { type: "number" }
        },
        required: ["kind"],
        additionalProperties: false,
        $defs: {
          At: {
            type: "object",
            properties: { hour: { type: "number" } },
            required: ["hour"],
            additionalProperties: false
          }
        }
      })
      assert.match(String(description), /^fits one of these: \[\{"type":"object","properties":\{"kind":/)
    })

    it.effect("and read as what they are, with nulls for what is not there too", () =>
      Effect.gen(function*() {
        const at = { hour: 7 }
        const cases: ReadonlyArray<readonly [Schema.Json, Schema.Json]> = [
          [{ kind: "once", at, note: "Up!" }, { kind: "once", at, note: "Up!" }],
          [{ kind: "once", at, note: null, days: null }, { kind: "once", at }],
          [{ kind: "daily", at, note: null, days: 1 }, { kind: "daily", at, days: 1 }],
          [{ kind: "never", at: null, note: 1, days: null }, { kind: "never", note: 1 }]
        ]
        for (const [args, value] of cases) assert.deepInclude((yield* called(tool, args))[0], { value })
        assert.include(yield* Effect.flip(called(tool, { kind: "once", at: null })), `["at"]`)
      }))
  })

  it.effect("two of one name fail likewise", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(ChatModel.invoke("Hi", { tools: [weather, weather] }))
      assert.deepInclude(error.reason, { field: "tools[1].name" })
    }).pipe(Effect.provide(ScriptedChatModel.layer([]))))
})
