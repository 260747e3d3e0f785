import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Option, Result, Schema, SchemaGetter, Stream } from "effect"
import { ChatModel, ChatModelError, ChatPrompt, OutputParser, Runnable } from "rivulet"
import type { Capabilities } from "rivulet"
import { Script, ScriptedChatModel } from "rivulet/Testing"
import { serve } from "../support/anthropic.ts"
import { balanced, eventsOf } from "../support/events.ts"

const { chunk, finish, text, toolCalls } = ScriptedChatModel

class Recipe extends Schema.Class<Recipe>("Recipe")({
  name: Schema.String,
  steps: Schema.Array(Schema.String),
  made: Schema.Date,
  note: Schema.optionalKey(Schema.String)
}) {}

const soup = { name: "Soup", steps: ["Cut", "Cook"], made: "2026-11-24T10:00:00.000Z" }
const json = JSON.stringify(soup)
const decoded = new Recipe({ name: "Soup", steps: ["Cut", "Cook"], made: new Date(soup.made) })

/** What a scripted model says, and what it was asked. */
const scripted = (replies: ScriptedChatModel.Replies, capabilities?: Partial<Capabilities.Capabilities>) => {
  const { calls, model } = ScriptedChatModel.make(replies, { capabilities, options: { maxRetries: 0 } })
  return {
    asked: Effect.map(calls, (calls) => calls.at(-1)!),
    generate: <S extends Schema.Constraint>(options: ChatModel.ObjectOptions<S>, input: ChatModel.ChatInput = "Hi") =>
      Effect.provideService(ChatModel.generateObject(input, options), ChatModel.ChatModel, model),
    stream: <S extends Schema.Constraint>(options: ChatModel.ObjectOptions<S>, input: ChatModel.ChatInput = "Hi") =>
      Stream.provideService(ChatModel.streamObject(input, options), ChatModel.ChatModel, model),
    model
  }
}

/** The form, the tool that must be called, whether several may be, and how many instructions there are. */
const requests = {
  native: ["json_schema", undefined, undefined, 0] as ReadonlyArray<unknown>,
  tool: [undefined, { name: "answer" }, false, 0],
  json: [undefined, undefined, undefined, 1]
}

describe("the method", () => {
  for (
    const [method, capabilities, reply] of [
      ["native", { structuredOutput: true, tools: true }, text(json)],
      ["tool", { tools: true, parallelToolCalls: true }, toolCalls([{ name: "answer", args: soup }])],
      ["json", {}, text(json)]
    ] as const
  ) {
    it.effect(`is ${method} where that is the best there is`, () =>
      Effect.gen(function*() {
        const { asked, generate } = scripted([reply], capabilities)
        const { value } = yield* generate({ schema: Recipe, temperature: 0 })
        assert.deepStrictEqual(value, decoded)
        const { messages, options } = yield* asked
        assert.strictEqual(options.temperature, 0)
        const { parallelToolCalls, responseFormat, toolChoice } = options
        const told = messages.filter((message) => message._tag === "SystemMessage").length
        assert.deepStrictEqual(
          [responseFormat?.type, toolChoice, parallelToolCalls, told],
          requests[method]
        )
      }))
  }

  it.effect("is the one that is asked for", () =>
    Effect.gen(function*() {
      const { asked, generate } = scripted([toolCalls([{ name: "recipe", args: soup }])])
      const { value } = yield* generate({ schema: Recipe, method: "tool", name: "recipe", description: "A recipe." })
      assert.deepStrictEqual(value, decoded)
      const { options } = yield* asked
      assert.deepInclude(options.tools?.[0], { name: "recipe", description: "A recipe." })
    }))

  for (const method of ["native", "tool"] as const) {
    it.effect(`${method} fails before the request where the model has it not`, () =>
      Effect.gen(function*() {
        const { generate, model } = scripted([], {})
        const error = yield* Effect.flip(generate({ schema: Recipe, method }))
        assert.instanceOf(error, ChatModelError.ChatModelError)
        assert.strictEqual(error.reason._tag, "UnsupportedError")
        assert.strictEqual("field" in error.reason && error.reason.field, "method")
        assert.deepStrictEqual([error.provider, error.model], [model.provider, model.model])
      }))
  }

  it.effect("is the next one where the provider does not know all the schema needs", () =>
    Effect.gen(function*() {
      const asked: Array<string | undefined> = []
      const model = ChatModel.make({
        provider: "p",
        model: "m",
        capabilities: { structuredOutput: true },
        supportsSchema: () => false,
        generate: ({ options }) => {
          asked.push(options.responseFormat?.type)
          return Effect.succeed({ content: json })
        }
      })
      const step = ChatModel.object(model, { schema: Recipe })
      assert.deepStrictEqual(yield* step.invoke("Hi"), decoded)
      assert.deepStrictEqual(asked, [undefined])
    }))

  it.effect("json puts the schema behind the instructions, and reads through prose", () =>
    Effect.gen(function*() {
      const { asked, generate } = scripted([text(`Here you are:\n\`\`\`json\n${json}\n\`\`\`\nEnjoy!`)], {})
      const { message, value } = yield* generate({ schema: Recipe, description: "For one." }, [
        ["system", "You cook."],
        ["human", "Soup?"]
      ])
      assert.deepStrictEqual(value, decoded)
      assert.include(message.content, "Enjoy!")
      const { messages } = yield* asked
      assert.deepStrictEqual(messages.map(({ _tag }) => _tag), ["SystemMessage", "SystemMessage", "HumanMessage"])
      assert.match(String(messages[1]?.content), /For one\..*JSON Schema.*"steps"/s)
    }))
})

describe("the value", () => {
  it.effect("shows what has come, and then the whole with its message", () =>
    Effect.gen(function*() {
      const usage = { inputTokens: 3, outputTokens: 4, totalTokens: 7 }
      for (const method of ["native", "tool", "json"] as const) {
        const reply = method === "tool" ? toolCalls([{ name: "answer", args: soup }], { usage }) : text(json, { usage })
        const { generate, stream } = scripted(() => reply)
        const chunks = yield* Stream.runCollect(stream({ schema: Recipe, method }))
        const last = chunks.at(-1)
        assert.isTrue(chunks.slice(0, -1).every((chunk) => chunk._tag === "Partial"))
        assert.isAbove(chunks.length, 1)
        assert.deepStrictEqual(Object.keys(chunks[0]?.value ?? {})[0], "name")
        assert.strictEqual(last?._tag, "Object")
        if (last?._tag !== "Object") return
        assert.deepStrictEqual(last.value, decoded)
        assert.deepStrictEqual(last.usage, usage)
        assert.deepStrictEqual(last.message.finish.reason, method === "tool" ? "tool_calls" : "stop")
        const { message, value } = yield* generate({ schema: Recipe, method })
        assert.deepStrictEqual([value, message], [last.value, last.message])
      }
    }))

  it.effect("that is no object is asked for in one, and taken out of it", () =>
    Effect.gen(function*() {
      const names = scripted([text(`{"value": ["a", "b"]}`)])
      const chunks = yield* Stream.runCollect(names.stream({ schema: Schema.Array(Schema.String) }))
      assert.deepStrictEqual(chunks.at(-1)?.value, ["a", "b"])
      assert.isTrue(chunks.every(({ value }) => Array.isArray(value)))
      const { options } = yield* names.asked
      assert.deepInclude(options.responseFormat?.type === "json_schema" ? options.responseFormat.schema : {}, {
        type: "object",
        required: ["value"]
      })
      const either = scripted([toolCalls([{ name: "answer", args: { value: 1 } }])], { tools: true })
      assert.strictEqual((yield* either.generate({ schema: Schema.Union([Schema.String, Schema.Int]) })).value, 1)
    }))

  it.effect("takes null for what is left out, where null is nothing else", () =>
    Effect.gen(function*() {
      const A = Schema.TaggedStruct("A", { x: Schema.optionalKey(Schema.String), y: Schema.optionalKey(Schema.Null) })
      const B = Schema.TaggedStruct("B", { x: Schema.NullOr(Schema.String) })
      const All = Schema.Struct({ all: Schema.Array(Schema.Union([A, B])), by: Schema.Record(Schema.String, A) })
      const { generate } = scripted([
        text(JSON.stringify({
          all: [{ _tag: "A", x: null, y: null }, { _tag: "B", x: null }],
          by: { k: { _tag: "A", x: null } }
        }))
      ])
      assert.deepStrictEqual((yield* generate({ schema: All })).value, {
        all: [{ _tag: "A", y: null }, { _tag: "B", x: null }],
        by: { k: { _tag: "A" } }
      })
    }))

  it.effect("is the arguments of its own call, among words and other calls", () =>
    Effect.gen(function*() {
      const { asked, generate } = scripted([
        toolCalls([{ name: "look", args: { a: 1 } }, { name: "answer", args: soup }, {
          name: "answer",
          args: { name: "Not this" }
        }], { text: "Let me {see}." })
      ])
      const look = { name: "look", parameters: { type: "object" } }
      const { value } = yield* generate({ schema: Recipe, method: "tool", tools: [look] })
      assert.deepStrictEqual(value, decoded)
      const { options } = yield* asked
      assert.deepStrictEqual(options.tools?.map((tool) => "name" in tool && tool.name), ["look", "answer"])
    }))

  it.effect("has every form that JSON has not", () =>
    Effect.gen(function*() {
      const Odd = Schema.Struct({
        big: Schema.BigInt,
        bytes: Schema.Uint8Array,
        maybe: Schema.Option(Schema.Date),
        map: Schema.ReadonlyMap(Schema.String, Schema.Int),
        url: Schema.URL,
        brand: Schema.String.pipe(Schema.brand("Id")),
        number: Schema.NumberFromString
      })
      const value = {
        big: 12345678901234567890n,
        bytes: Uint8Array.of(1, 2, 3),
        maybe: Option.some(new Date(0)),
        map: new Map([["a", 1]]),
        url: new URL("https://example.com/a"),
        brand: "x" as typeof Odd.Type["brand"],
        number: 4.5
      }
      const encoded = Schema.encodeSync(Schema.toCodecJson(Odd))(value)
      const { generate } = scripted([text(JSON.stringify(encoded))])
      assert.deepStrictEqual((yield* generate({ schema: Odd })).value, value)
    }))

  it.effect("may need services", () =>
    Effect.gen(function*() {
      class Greeting extends Context.Service<Greeting, string>()("test/Greeting") {}
      const Greeted = Schema.String.pipe(
        Schema.decodeTo(Schema.String, {
          decode: SchemaGetter.transformEffect((name) => Effect.map(Greeting, (greeting) => `${greeting}, ${name}`)),
          encode: SchemaGetter.passthrough()
        })
      )
      const { generate } = scripted([text(`{"value": "Ann"}`)])
      const { value } = yield* Effect.provideService(generate({ schema: Greeted }), Greeting, "Hello")
      assert.strictEqual(value, "Hello, Ann")
    }))
})

const failures = Effect.fnUntraced(function*(
  reply: ScriptedChatModel.Reply,
  method: ChatModel.ObjectMethod,
  schema: Schema.Constraint = Recipe
) {
  const { generate, stream } = scripted(() => reply)
  const error = yield* Effect.flip(generate({ schema: schema as typeof Recipe, method }))
  const streamed = yield* Effect.flip(Stream.runDrain(stream({ schema: schema as typeof Recipe, method })))
  assert.deepStrictEqual(streamed, error)
  assert.instanceOf(error, OutputParser.OutputParserError)
  return error
})

describe("an answer that is no value", () => {
  const half = json.slice(0, 30)
  const cutCall = (args: string, end = true): ScriptedChatModel.Reply => [
    chunk({
      _tag: "AIMessageChunk",
      id: "",
      content: "",
      parts: [{ type: "tool_call", index: 0, id: "c", name: "answer", args, ...(end ? { end } : undefined) }]
    }),
    finish("length", { usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } })
  ]

  it.effect("was cut off", () =>
    Effect.gen(function*() {
      const usage = { inputTokens: 1, outputTokens: 2, totalTokens: 3 }
      for (const method of ["native", "json"] as const) {
        const error = yield* failures(text(half, { finish: "length", usage }), method)
        assert.deepInclude(error, { reason: "CutOff", raw: half, usage })
        assert.strictEqual(error.finish?.reason, "length")
      }
      for (const reply of [cutCall(half), cutCall(half, false), cutCall(json, false), cutCall("")]) {
        assert.deepInclude(yield* failures(reply, "tool"), { reason: "CutOff", usage })
      }
      assert.strictEqual((yield* failures(text("", { finish: "length" }), "tool")).reason, "CutOff")
      assert.strictEqual((yield* failures(text(half, { finish: "content_filter" }), "native")).reason, "CutOff")
    }))

  it.live("was cut off on the wire", () =>
    Effect.gen(function*() {
      const { model } = yield* serve([
        Script.toolCall({ name: "answer", args: half }, { stopReason: "max_tokens" }),
        Script.text(half, { stopReason: "max_tokens" }),
        Script.text("I will not.", { stopReason: "refusal" })
      ])
      const error = (method: ChatModel.ObjectMethod) =>
        Effect.flip(ChatModel.object(model, { schema: Recipe, method }).invoke("Hi"))
      assert.deepInclude(yield* error("tool"), { _tag: "OutputParserError", reason: "CutOff", raw: half })
      assert.deepInclude(yield* error("native"), { _tag: "OutputParserError", reason: "CutOff", raw: half })
      assert.deepInclude(yield* error("native"), { _tag: "OutputParserError", reason: "Refusal", raw: "I will not." })
    }))

  it.effect("is a refusal", () =>
    Effect.gen(function*() {
      for (const method of ["native", "tool", "json"] as const) {
        const error = yield* failures(text("I will not.", { finish: "refusal" }), method)
        assert.deepInclude(error, { reason: "Refusal", raw: "I will not." })
      }
      // One that has whole JSON in it is one, too.
      assert.strictEqual((yield* failures(text(json, { finish: "refusal" }), "native")).reason, "Refusal")
      const part: ScriptedChatModel.Reply = [
        chunk({ _tag: "AIMessageChunk", id: "", content: "", parts: [{ type: "refusal", index: 0, text: "No." }] }),
        finish("stop")
      ]
      assert.include((yield* failures(part, "native")).message, "No.")
    }))

  it.effect("calls nothing, or something else", () =>
    Effect.gen(function*() {
      const words = yield* failures(text("Soup is easy."), "tool")
      assert.deepInclude(words, { reason: "Malformed", raw: "Soup is easy." })
      const other = yield* failures(toolCalls([{ name: "look", args: {} }]), "tool")
      assert.strictEqual(other.reason, "Malformed")
      assert.include(other.message, "answer")
    }))

  it.effect("is no JSON, or does not fit", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* failures(text("Soup."), "native")).reason, "Malformed")
      const wrong = yield* failures(text(JSON.stringify({ ...soup, steps: ["a", 1], made: "soon" })), "native")
      assert.strictEqual(wrong.reason, "Mismatch")
      assert.deepInclude(wrong.issues.map(({ path }) => path), ["steps", 1])
      const broken: ScriptedChatModel.Reply = [
        chunk({
          _tag: "AIMessageChunk",
          id: "",
          content: "",
          parts: [{ type: "tool_call", index: 0, id: "c", name: "answer", args: half, end: true }]
        }),
        finish("tool_calls")
      ]
      assert.deepInclude(yield* failures(broken, "tool"), { reason: "Malformed", raw: half })
    }))

  it.effect("never comes, where the model fails: then that is the failure", () =>
    Effect.gen(function*() {
      const reason = new ChatModelError.OverloadedError({ message: "Too busy" })
      const { generate } = scripted([[...text(half).slice(0, -1), ScriptedChatModel.fail(reason)]])
      const error = yield* Effect.flip(generate({ schema: Recipe }))
      assert.instanceOf(error, ChatModelError.ChatModelError)
      assert.strictEqual(error.reason._tag, "OverloadedError")
      assert.strictEqual(error.partial?.content, half)
    }))
})

describe("a schema that has no JSON form", () => {
  for (
    const [name, schema, field] of [
      ["a class of somebody's", Schema.Struct({ a: Schema.Array(Schema.instanceOf(RegExp)) }), "schema (a[])"],
      ["a key that is a symbol", Schema.Struct({ [Symbol.for("x")]: Schema.String }), "schema (Symbol(x))"]
    ] as const
  ) {
    it.effect(`${name}: fails before the request, with its place`, () =>
      Effect.gen(function*() {
        const { generate } = scripted([])
        const result = yield* Effect.result(generate({ schema: schema as Schema.Constraint }) as Effect.Effect<unknown>)
        const error = Result.getOrThrow(Result.flip(result)) as ChatModelError.ChatModelError
        assert.strictEqual(error.reason._tag, "UnsupportedError")
        assert.strictEqual("field" in error.reason && error.reason.field, field)
      }))
  }
})

describe("in a chain", () => {
  const chain = Runnable.sequence(ChatPrompt.make("A recipe for {dish}"), ChatModel.object({ schema: Recipe }))

  it.effect("streams what has come, and last the value; every run is told", () =>
    Effect.gen(function*() {
      const chunks = yield* Stream.runCollect(chain.stream({ dish: "soup" }))
      assert.instanceOf(chunks.at(-1), Recipe)
      assert.deepStrictEqual(yield* chain.invoke({ dish: "soup" }), chunks.at(-1))
      const { events } = yield* eventsOf(chain, { dish: "soup" })
      balanced(events)
      const started = events.filter(({ event }) => event.endsWith("_start"))
      assert.deepStrictEqual(started.map(({ event, name }) => [event, name]), [
        ["on_chain_start", "RunnableSequence"],
        ["on_prompt_start", "ChatPromptTemplate"],
        ["on_chain_start", "GenerateObject"],
        ["on_chat_model_start", "scripted"],
        ["on_parser_start", "ObjectOutputParser"]
      ])
      const [, , step, model, parser] = started
      for (const child of [model, parser]) assert.strictEqual(child?.parent_ids.at(-1), step?.run_id)
    }).pipe(Effect.provide(ScriptedChatModel.layer(() => text(json)))))

  it.live("closes the connection of a reader that leaves, and of an answer that cannot be right", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve([Script.endless({ token: "[" }), endless])
      const step = ChatModel.object(model, { schema: Recipe })
      const error = yield* Effect.flip(step.invoke("Hi"))
      assert.instanceOf(error, OutputParser.OutputParserError)
      assert.strictEqual(error.reason, "TooLarge")
      assert.strictEqual((yield* Stream.runCollect(Stream.take(step.stream("Hi"), 1))).length, 1)
      for (const request of yield* server.requests) assert.strictEqual((yield* request.closed).by, "client")
    }))
})

const endless = Script.make([...Script.text(json.slice(0, 20)).steps.slice(0, -3), Script.stall])
