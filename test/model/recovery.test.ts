// Answers that go on after a failure in their middle.
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Exit, Fiber, Layer, Schedule, Schema, Stream } from "effect"
import type { Scope } from "effect"
import { TestClock } from "effect/testing"
import {
  Agent,
  AIMessageChunk,
  ChatModel,
  ChatModelError,
  Message,
  ModelGuard,
  ModelRecovery,
  OutputParser,
  Runnable,
  Tool
} from "rivulet"
import type { CallOptions } from "rivulet"
import { OpenAiScript, Script, ScriptedChatModel } from "rivulet/Testing"
import type { TestServer } from "rivulet/Testing"
import { continuesByDefault } from "../../src/internal/model/recovery/continues.ts"
import {
  begunIn,
  brokenAt,
  keeperOf,
  serveCompatible,
  serveMessages,
  serveOpenAi,
  writerOf
} from "../support/broken.ts"
import { balanced, eventsOf } from "../support/events.ts"

const { chat, responses } = OpenAiScript

const number = (maximum: number) => Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum })))

const whole = "Once upon a time, in a bowl,\n\n  there was a 🐠 fish.\n  It swam round and round \"and\" round.\n"

const contents = (chunks: ReadonlyArray<AIMessageChunk.AIMessageChunk>) => chunks.map(({ content }) => content).join("")

const markersIn = (chunks: ReadonlyArray<AIMessageChunk.AIMessageChunk>) =>
  chunks.flatMap(({ recovery }) => recovery === undefined ? [] : [recovery])

/** A call, and all that a reader of it saw. */
const read = (model: ChatModel.Service) =>
  Effect.gen(function*() {
    const chunks: Array<AIMessageChunk.AIMessageChunk> = []
    const exit = yield* Effect.exit(
      Stream.runForEach(model.stream("Tell me a story"), (chunk) => Effect.sync(() => chunks.push(chunk)))
    )
    return { chunks, exit, error: Exit.isFailure(exit) ? yield* Effect.flip(exit) : undefined }
  })

type Serve = (...replies: readonly [TestServer.Reply, ...Array<TestServer.Reply>]) => Effect.Effect<
  { readonly server: TestServer.TestServer; readonly model: ChatModel.Service },
  unknown,
  Scope.Scope
>

const writers: ReadonlyArray<readonly [name: string, serve: Serve, reply: TestServer.Reply]> = [
  ["Anthropic's older models", serveMessages("claude-haiku-4-5"), writerOf(whole, Script.tokens)],
  ["Ollama", serveCompatible("ollama"), writerOf(whole, chat.tokens)],
  ["Mistral, which repeats the beginning", serveCompatible("mistral"), writerOf(whole, chat.tokens, { echoes: true })]
]

describe("an answer that the model goes on with", () => {
  for (const [name, serve, reply] of writers) {
    it.live.prop(
      `is whole, and shows no text twice, wherever it breaks: ${name}`,
      [number(9999), number(9999), number(6), number(6)],
      ([first, second, how, next]) =>
        Effect.gen(function*() {
          const { model, server } = yield* serve(brokenAt(reply, first, how), brokenAt(reply, second, next), reply)
          const { chunks, error } = yield* read(model.pipe(ModelRecovery.withRecovery({ attempts: 10 })))
          const requests = yield* server.requests
          const begun = requests.map(begunIn)
          const markers = markersIn(chunks)
          if (error !== undefined) {
            // White space alone cannot be gone on with.
            assert.strictEqual(contents(chunks).trim(), "", String(error))
            return
          }
          assert.strictEqual(contents(chunks), whole)
          assert.strictEqual(chunks.filter(({ finish }) => finish !== undefined).length, 1)
          const message = AIMessageChunk.toMessage(chunks)
          assert.strictEqual(message.content, whole)
          assert.deepStrictEqual(message.parts, [{ type: "text", text: whole }])
          assert.isAtMost(new Set(chunks.map(({ id }) => id)).size, 1)
          for (const { _tag } of markers) assert.strictEqual(_tag, "Continued")
          assert.strictEqual(markers.length > 0, begun.some((text) => text !== ""))
          const history = message.metadata?.["recovery"]
          assert.strictEqual(Array.isArray(history) ? history.length : 0, begun.filter((text) => text !== "").length)
          yield* server.awaitIdle
        }).pipe(Effect.scoped),
      { arbitrary: { runs: 15 } }
    )
  }
})

const tokens = whole.match(/\s*\S{1,4}|\s+$/gu) ?? []

const restarting: ReadonlyArray<readonly [name: string, serve: Serve, script: Script.Script]> = [
  ["Anthropic's newer models", serveMessages("claude-opus-5"), Script.tokens(tokens)],
  ["Chat Completions", serveOpenAi({ api: "chat" }), chat.tokens(tokens)],
  ["Responses", serveOpenAi({}), responses.tokens(tokens)]
]

describe("an answer that has to begin anew", () => {
  for (const [name, serve, script] of restarting) {
    it.live.prop(
      `is whole for invoke, wherever it breaks: ${name}`,
      [number(99_999), number(99_999), number(6), number(6)],
      ([first, second, how, next]) =>
        Effect.gen(function*() {
          const { model, server } = yield* serve(brokenAt(script, first, how), brokenAt(script, second, next), script)
          const message = yield* model.pipe(ModelRecovery.withRecovery({ attempts: 10 })).invoke("Hi")
          assert.strictEqual(message.content, whole)
          assert.deepStrictEqual(message.parts.map((each) => "text" in each ? each.text : ""), [whole])
          for (const request of yield* server.requests) {
            assert.deepStrictEqual(request.body, (yield* server.requests)[0]?.body)
          }
          yield* server.awaitIdle
        }).pipe(Effect.scoped),
      { arbitrary: { runs: 10 } }
    )
  }
})

describe("a response that OpenAI keeps", () => {
  const script = responses.message({
    blocks: [
      { type: "reasoning", tokens: ["Hm", " so"], encrypted: "gAAAA" },
      { type: "text", tokens: whole.match(/\s*\S+/gu) ?? [] },
      { type: "tool_call", id: "call_1", name: "look", args: { where: "bowl" } }
    ]
  })
  const serve = serveOpenAi({ providerOptions: { openai: { background: true } } })
  const undisturbed = Effect.gen(function*() {
    const { model } = yield* serve(script)
    return yield* model.invoke("Hi")
  }).pipe(Effect.scoped)

  for (const again of [0, 3]) {
    it.live.prop(
      `is the same message, wherever it breaks${again === 0 ? "" : ", also if events come again"}`,
      [number(99_999), number(99_999), number(6), number(6)],
      ([first, second, how, next]) =>
        Effect.gen(function*() {
          const reply = keeperOf(script, { again })
          const { model, server } = yield* serve(brokenAt(reply, first, how), brokenAt(reply, second, next), reply)
          const { chunks, error } = yield* read(model.pipe(ModelRecovery.withRecovery({ attempts: 10 })))
          assert.isUndefined(error)
          const expected = yield* undisturbed
          const { metadata, ...message } = AIMessageChunk.toMessage(chunks)
          const { metadata: _, ...same } = expected
          assert.deepStrictEqual(message, same)
          assert.strictEqual(contents(chunks), whole.trimEnd())
          for (const { _tag } of markersIn(chunks)) assert.strictEqual(_tag, "Resumed")
          const requests = yield* server.requests
          assert.isAtLeast(requests.filter(({ method }) => method === "POST").length, 1)
          const resumed = requests.filter(({ method }) => method === "GET").length
          const history = metadata?.["recovery"]
          assert.strictEqual(Array.isArray(history) ? history.length : 0, resumed)
        }).pipe(Effect.scoped),
      { arbitrary: { runs: 15 } }
    )
  }
})

// -----------------------------------------------------------------------------
// one thing at a time
// -----------------------------------------------------------------------------

const { chunk, fail, finish, stall, text, toolCalls } = ScriptedChatModel

const lost = new ChatModelError.NetworkError({ message: "lost" })
const busy = new ChatModelError.OverloadedError({ message: "busy" })

const noWait = { retrySchedule: Schedule.recurs(100), maxRetries: 1 }

/** A scripted model with a provider's name, so that the table knows it. */
const scripted = (provider: string, ...replies: ReadonlyArray<ScriptedChatModel.Reply>) =>
  ScriptedChatModel.make(replies, { provider, model: "m", options: noWait })

const usage = (inputTokens: number, outputTokens: number) => ({
  inputTokens,
  outputTokens,
  totalTokens: inputTokens + outputTokens
})

const part = (...parts: ReadonlyArray<AIMessageChunk.Delta>) => chunk({ ...AIMessageChunk.empty, parts })
const says = (content: string, fields?: Partial<AIMessageChunk.AIMessageChunk>) =>
  chunk({ ...AIMessageChunk.text(content), ...fields })

const thinking = (words: string) => part({ type: "reasoning", index: 0, text: words })

const recovery = ModelRecovery.withRecovery()
const anyRestart = ModelRecovery.withRecovery({ restart: "always" })

const marker = (
  _tag: ModelRecovery.Marker["_tag"],
  attempt: number,
  provider: string,
  reason: ChatModelError.Reason
) => ({
  _tag,
  attempt,
  error: { provider, model: "m", reason: reason._tag, message: reason.message }
})

describe("a restart", () => {
  const first = [says("gold", { usage: usage(5, 1) }), says("fish"), fail(lost)]
  const second = [says("koi", { usage: usage(5, 1), id: "m2" }), says(" carp"), finish("stop", { usage: usage(5, 3) })]

  it.effect("of invoke and batch, which show nothing before the end, is taken", () =>
    Effect.gen(function*() {
      const { calls, model } = scripted("p", first, second, first, second)
      const message = yield* recovery(model).invoke("Hi")
      assert.deepStrictEqual([message.content, message.id], ["koi carp", "m2"])
      assert.deepStrictEqual(message.usage, usage(10, 4))
      assert.deepStrictEqual(message.metadata, { recovery: [marker("Restarted", 1, "p", lost)] })
      const [result] = yield* recovery(model).batch(["Hi"])
      assert.strictEqual(result?._tag === "Success" ? result.success.content : "", "koi carp")
      assert.lengthOf(yield* calls, 4)
    }))

  it.effect("of a stream is not, once text was shown: the failure has what was shown", () =>
    Effect.gen(function*() {
      const { calls, model } = scripted("p", first, second)
      const { chunks, error } = yield* read(recovery(model))
      assert.strictEqual(contents(chunks), "goldfish")
      assert.strictEqual(error?.reason, lost)
      assert.strictEqual(error?.partial?.content, "goldfish")
      assert.isUndefined(error?.metadata)
      assert.lengthOf(yield* calls, 1)
    }))

  it.effect("of a stream is taken while only reasoning was shown, and the fold has none of it", () =>
    Effect.gen(function*() {
      const { model } = scripted("p", [thinking("hm"), thinking(" so"), fail(busy)], [thinking("ah"), ...second])
      const { chunks } = yield* read(recovery(model))
      assert.deepStrictEqual(markersIn(chunks), [marker("Restarted", 1, "p", busy)])
      const message = AIMessageChunk.toMessage(chunks)
      assert.deepStrictEqual(message.parts.map((each) => "text" in each ? each.text : ""), ["ah", "koi carp"])
    }))

  it.effect("is taken whenever the app says so, and the fold of the stream is invoke", () =>
    Effect.gen(function*() {
      const { model } = scripted("p", first, second, first, second, first, second)
      const { chunks } = yield* read(anyRestart(model))
      assert.deepStrictEqual(chunks.map(({ content, recovery }) => recovery?._tag ?? content), [
        "gold",
        "fish",
        "Restarted",
        "koi",
        " carp",
        ""
      ])
      const folded = AIMessageChunk.toMessage(chunks)
      const message = yield* anyRestart(model).invoke("Hi")
      assert.deepStrictEqual(folded, message)
      assert.deepStrictEqual(message.usage, usage(10, 4))
      const { events } = yield* eventsOf(anyRestart(model), "Hi")
      balanced(events)
      assert.deepStrictEqual(events.map(({ event }) => event), [
        "on_chat_model_start",
        ...chunks.map(() => "on_chat_model_stream" as const),
        "on_chat_model_end"
      ])
      assert.deepStrictEqual(events.at(-1)?.data, { output: message })
    }))

  it.effect("is never taken if the app says so", () =>
    Effect.gen(function*() {
      const { calls, model } = scripted("p", first, second)
      const never = ModelRecovery.withRecovery({ restart: "never" })
      assert.strictEqual((yield* Effect.flip(never(model).invoke("Hi"))).reason, lost)
      assert.lengthOf(yield* calls, 1)
    }))

  it.effect("is never taken after the provider has run a tool", () =>
    Effect.gen(function*() {
      const { calls, model } = scripted("ollama", [
        part({ type: "server_tool_call", index: 0, id: "s", name: "pay", args: "{}", end: true }),
        fail(lost)
      ], second)
      assert.strictEqual((yield* Effect.flip(anyRestart(model).invoke("Hi"))).reason, lost)
      assert.lengthOf(yield* calls, 1)
    }))

  it.effect("shows the marker only when the model answers, so what was shown stays if it does not", () =>
    Effect.gen(function*() {
      const { model } = scripted("p", first, [fail(busy)], [
        fail(new ChatModelError.AuthenticationError({ message: "no" }))
      ])
      const { chunks, error } = yield* read(anyRestart(model))
      assert.deepStrictEqual(markersIn(chunks), [])
      assert.strictEqual(error?.reason, lost)
      assert.strictEqual(error?.partial?.content, "goldfish")
      assert.deepStrictEqual(error?.attempts?.map(({ reason }) => reason.message), ["lost", "busy", "no"])
    }))

  it.effect("makes parsers of values begin anew, and parsers of text fail, once they have emitted some", () =>
    Effect.gen(function*() {
      const broken = [says("[{\"a\":1},"), says("{\"a\":"), fail(lost)]
      const answer = text("[{\"a\":3},{\"a\":4}]")
      const A = Schema.Struct({ a: Schema.Number })
      const chain = <A, E, C>(
        parser: Runnable.Runnable<Message.AIMessage, A, E, never, C, AIMessageChunk.AIMessageChunk>
      ) => Runnable.sequence(anyRestart(scripted("p", broken, answer, broken, answer).model), parser)
      for (const parser of [OutputParser.json(), OutputParser.schema(Schema.Array(A))]) {
        const values = chain<unknown, unknown, unknown>(parser)
        assert.deepStrictEqual(yield* values.invoke("Hi"), [{ a: 3 }, { a: 4 }])
        assert.deepStrictEqual((yield* Stream.runCollect(values.stream("Hi"))).at(-1), [{ a: 3 }, { a: 4 }])
      }
      for (
        const parser of [
          OutputParser.string,
          OutputParser.bytes,
          OutputParser.list("comma"),
          OutputParser.json({ diff: true }),
          OutputParser.schema(Schema.Array(A), { elements: true })
        ]
      ) {
        const texts = chain<unknown, unknown, unknown>(parser)
        const emitted: Array<unknown> = []
        const error = yield* Effect.flip(
          Stream.runForEach(texts.stream("Hi"), (each) => Effect.sync(() => emitted.push(each)))
        )
        assert.isNotEmpty(emitted)
        assert.instanceOf(error, ChatModelError.ChatModelError)
        assert.match(error.message, /^TruncatedError from p\/m: The answer began anew .* \(NetworkError: lost\)$/)
        assert.deepStrictEqual(yield* Effect.flip(texts.invoke("Hi")), error, "invoke is the fold of stream")
      }
      // Nothing was emitted of reasoning.
      const { model } = scripted("p", [thinking("hm"), fail(lost)], text("koi"))
      assert.strictEqual(yield* Runnable.sequence(recovery(model), OutputParser.string).invoke("Hi"), "koi")
    }))

  it.effect("of an object, of partial calls and of an agent leaves nothing of what broke", () =>
    Effect.gen(function*() {
      const broken = [says("{\"a\":"), fail(lost)]
      const object = ChatModel.generateObject("Hi", { schema: Schema.Struct({ a: Schema.Number }) }).pipe(
        Effect.provideService(ChatModel.ChatModel, anyRestart(scripted("p", broken, text("{\"a\":1}")).model))
      )
      assert.deepStrictEqual((yield* object).value, { a: 1 })
      let runs = 0
      const look = Tool.make("look", {
        parameters: Schema.Struct({ at: Schema.String }),
        success: Schema.String,
        handler: () =>
          Effect.sync(() => {
            runs++
            return "seen"
          })
      })
      const call = toolCalls([{ name: "look", args: { at: "bowl" } }])
      const model = anyRestart(scripted("p", [...call.slice(0, -1), fail(lost)], call, text("Done")).model)
      const agent = Agent.make({ tools: [look] }).pipe(Runnable.provide(Layer.succeed(ChatModel.ChatModel, model)))
      const chunks = yield* Stream.runCollect(agent.stream("Hi"))
      assert.strictEqual(runs, 1, "no call is run twice")
      const end = chunks.at(-1)!
      assert.deepStrictEqual(
        end._tag === "AgentEndChunk" ? end.result.messages.map(({ content }) => content) : [],
        ["Hi", "", "seen", "Done"]
      )
    }))
})

describe("a continuation", () => {
  it.effect("asks with the text so far, and repeats no white space", () =>
    Effect.gen(function*() {
      for (
        const [shown, rest, all] of [
          ["one two ", " three", "one two three"],
          ["one\n\n", "\n\n two", "one\n\n two"],
          ["one\n\n", "\n two", "one\n\n two"],
          ["one ", "two", "one two"],
          ["one", " two", "one two"],
          ["one ", "", "one "]
        ] as const
      ) {
        const { calls, model } = scripted("ollama", [says(shown), fail(lost)], text([...rest]))
        const { chunks } = yield* read(recovery(model))
        assert.strictEqual(contents(chunks), all)
        const asked = (yield* calls)[1]!
        assert.deepStrictEqual(asked.messages, [Message.human("Tell me a story"), Message.ai(shown.trimEnd())])
        assert.strictEqual(asked.options.maxRetries, 0)
      }
    }))

  it.effect("goes on with the block, the id and the usage of the answer", () =>
    Effect.gen(function*() {
      const { model } = scripted(
        "ollama",
        [says("gold", { id: "m1", usage: usage(5, 1) }), fail(lost)],
        [
          says("fish", { id: "m2", usage: usage(6, 1) }),
          part({ type: "tool_call", index: 1, id: "c", name: "f", args: "{}", end: true }),
          says(" and koi", { parts: [{ type: "text", index: 2, text: " and koi" }] }),
          finish("tool_calls", { usage: { ...usage(6, 4), raw: { own: 1 } } })
        ]
      )
      const { chunks } = yield* read(recovery(model))
      assert.deepStrictEqual(new Set(chunks.map(({ id }) => id)), new Set(["m1"]))
      const message = AIMessageChunk.toMessage(chunks)
      assert.deepStrictEqual(message.parts, [
        { type: "text", text: "goldfish" },
        { type: "tool_call", id: "c", name: "f", args: {} },
        { type: "text", text: " and koi" }
      ])
      assert.deepStrictEqual(message.usage, { ...usage(11, 5), raw: { own: 1 } })
      assert.deepStrictEqual(markersIn(chunks), [marker("Continued", 1, "ollama", lost)])
    }))

  it.effect("goes on with an answer that the app began", () =>
    Effect.gen(function*() {
      const { calls, model } = scripted("ollama", [says(" a fish"), fail(lost)], text(" swam"))
      assert.strictEqual((yield* recovery(model).invoke([["human", "Hi"], ["ai", "Once"]])).content, " a fish swam")
      assert.deepStrictEqual((yield* calls)[1]!.messages, [Message.human("Hi"), Message.ai("Once a fish")])
      const echoing = scripted("mistral", [says("Once"), says(" a fish"), fail(lost)], text(["Once a fish", " swam"]))
      assert.strictEqual(
        (yield* recovery(echoing.model).invoke([["human", "Hi"], ["ai", "Once"]])).content,
        "Once a fish swam"
      )
      assert.deepStrictEqual((yield* echoing.calls)[1]!.messages, [Message.human("Hi"), Message.ai("Once a fish")])
    }))

  it.effect("of a model that repeats the beginning may leave it out, too", () =>
    Effect.gen(function*() {
      for (const rest of [["gold", "fish", " swim"], [" swim"], ["goldfish swim"], ["go", " swim"]]) {
        const { model } = scripted("mistral", [says("goldfish"), fail(lost)], text(rest))
        const expected = rest[0] === "go" ? "goldfishgo swim" : "goldfish swim"
        assert.strictEqual((yield* recovery(model).invoke("Hi")).content, expected)
      }
    }))

  it.effect("is not asked for where the request or the answer has more than text", () =>
    Effect.gen(function*() {
      const never = ModelRecovery.withRecovery({ restart: "never" })
      const breaking = (options: CallOptions.CallOptions, ...steps: ReadonlyArray<ScriptedChatModel.Step>) =>
        Effect.gen(function*() {
          const { calls, model } = scripted("ollama", [...steps, fail(lost)], text("again"))
          yield* Effect.flip(never(model).invoke("Hi", options))
          assert.lengthOf(yield* calls, 1)
        })
      const tools = [{ name: "f", parameters: { type: "object" } }]
      yield* breaking({ responseFormat: { type: "json" } }, says("{"))
      yield* breaking({ reasoning: { effort: "low" } }, says("a"))
      yield* breaking({ tools, toolChoice: "required" }, says("a"))
      yield* breaking({}, thinking("hm"), says("a", { parts: [{ type: "text", index: 1, text: "a" }] }))
      yield* breaking({}, says("a"), part({ type: "tool_call", index: 1, id: "c", name: "f", args: "{" }))
      yield* breaking({}, says(" \n"))
    }))

  it.effect("gives way to a restart where the model refuses it", () =>
    Effect.gen(function*() {
      const refused = new ChatModelError.InvalidRequestError({ message: "no prefill" })
      const { calls, model } = scripted("ollama", [says("gold"), fail(lost)], [fail(refused)], text("koi"))
      const message = yield* recovery(model).invoke("Hi")
      assert.strictEqual(message.content, "koi")
      assert.deepStrictEqual(message.metadata?.["recovery"], [
        marker("Continued", 1, "ollama", lost),
        marker("Restarted", 2, "ollama", refused)
      ])
      assert.deepStrictEqual((yield* calls)[2]!.messages, [Message.human("Hi")])
    }))

  it("is known of models by their makers' word", () => {
    const known: ReadonlyArray<readonly [provider: string, model: string, continues: boolean | "echoes"]> = [
      ["anthropic", "claude-3-5-sonnet-20241022", true],
      ["anthropic", "claude-3-7-sonnet-latest", true],
      ["anthropic", "claude-instant-1.2", true],
      ["anthropic", "claude-2.1", true],
      ["anthropic", "claude-sonnet-4-20250514", true],
      ["anthropic", "claude-opus-4-1-20250805", true],
      ["anthropic", "claude-haiku-4-5", true],
      ["anthropic", "claude-sonnet-4-5@20250929", true],
      ["anthropic", "us.anthropic.claude-opus-4-5-20251101-v1:0", true],
      ["anthropic", "claude-opus-4-6", false],
      ["anthropic", "claude-sonnet-4-6-20260217", false],
      ["anthropic", "claude-opus-4-7", false],
      ["anthropic", "claude-opus-4-10", false],
      ["anthropic", "claude-opus-5", false],
      ["anthropic", "claude-haiku-5-5", false],
      ["anthropic", "claude-fable-5", false],
      ["mistral", "mistral-small-latest", "echoes"],
      ["groq", "llama-3.3-70b-versatile", true],
      ["groq", "openai/gpt-oss-120b", false],
      ["vllm", "any", true],
      ["openai", "gpt-5", false],
      ["openrouter", "anthropic/claude-haiku-4.5", false],
      ["scripted", "claude-haiku-4-5", false]
    ]
    for (const [provider, model, continues] of known) {
      const service = ScriptedChatModel.make([], { provider, model }).model
      assert.strictEqual(continuesByDefault(service), continues, `${provider} ${model}`)
    }
  })

  it.live("is marked as each server wants it", () =>
    Effect.gen(function*() {
      for (
        const [preset, field, marked] of [
          ["mistral", "prefix", { role: "assistant", content: "Once", prefix: true }],
          ["moonshotai", "partial", { role: "assistant", content: "Once", partial: true }],
          ["alibaba", "partial", { role: "assistant", content: "Once", partial: true }],
          ["vllm", "continue_final_message", { role: "assistant", content: "Once" }],
          ["groq", "nothing", { role: "assistant", content: "Once" }]
        ] as const
      ) {
        const { model, server } = yield* serveCompatible(preset)(chat.text("upon"))
        yield* model.invoke([["human", "Hi"], ["ai", "Hello"], ["human", "A story"], ["ai", "Once"]])
        const { body } = (yield* server.requests)[0]! as { readonly body: { readonly [field: string]: unknown } }
        const messages = body["messages"] as ReadonlyArray<unknown>
        assert.deepStrictEqual(messages.at(-1), marked)
        assert.deepStrictEqual(messages[1], { role: "assistant", content: "Hello" })
        assert.strictEqual(body["continue_final_message"], field === "continue_final_message" ? true : undefined)
        assert.strictEqual(body["add_generation_prompt"], field === "continue_final_message" ? false : undefined)
      }
    }).pipe(Effect.scoped))
})

describe("the attempts", () => {
  it.effect("are as many as asked for, wait as retries do, and honour what the provider asks for", () =>
    Effect.gen(function*() {
      const slow = new ChatModelError.OverloadedError({ message: "slow", retryAfter: Duration.seconds(20) })
      const gone = new ChatModelError.NetworkError({ message: "gone" })
      const { awaitCall, calls, model } = ScriptedChatModel.make(
        [[says("a"), fail(lost)], [says("b"), fail(slow)], [says("c"), fail(gone)], text("d")],
        { provider: "ollama", options: { retrySchedule: Schedule.spaced("5 seconds") } }
      )
      const fiber = yield* Effect.forkChild(read(model.pipe(ModelRecovery.withRecovery({ attempts: 2 }))))
      yield* awaitCall(1)
      yield* TestClock.adjust("4999 millis")
      assert.lengthOf(yield* calls, 1)
      yield* TestClock.adjust("1 millis")
      yield* awaitCall(2)
      yield* TestClock.adjust("19999 millis")
      assert.lengthOf(yield* calls, 2)
      yield* TestClock.adjust("1 millis")
      const { chunks, error } = yield* Fiber.join(fiber)
      assert.strictEqual(contents(chunks), "abc")
      assert.lengthOf(yield* calls, 3)
      assert.strictEqual(error?.reason, gone)
      assert.strictEqual(error?.partial?.content, "abc")
      assert.lengthOf(markersIn(chunks), 2)
      assert.deepStrictEqual(error?.attempts?.map(({ reason }) => reason.message), ["lost", "slow", "gone"])
    }))

  it.effect("have no retries of their own, and none before the first chunk", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make(() => [fail(busy)], {
        provider: "ollama",
        options: { ...noWait, maxRetries: 2 }
      })
      const error = yield* Effect.flip(recovery(model).invoke("Hi"))
      assert.lengthOf(yield* calls, 3)
      assert.isUndefined(error.metadata)
      const later = scripted("ollama", [says("a"), fail(lost)], [fail(busy)], [fail(busy)], text("b"))
      yield* Effect.flip(recovery(later.model).invoke("Hi"))
      assert.lengthOf(yield* later.calls, 3)
    }))

  it.effect("come after the failures that the app names, and after no other", () =>
    Effect.gen(function*() {
      const limited = new ChatModelError.RateLimitError({ message: "slow down" })
      const { calls, model } = scripted(
        "ollama",
        [says("a"), fail(limited)],
        text("b"),
        [says("a"), fail(limited)],
        text("b")
      )
      assert.strictEqual((yield* Effect.flip(recovery(model).invoke("Hi"))).reason, limited)
      assert.lengthOf(yield* calls, 1)
      const all = ModelRecovery.withRecovery({ when: ({ isRetryable }) => isRetryable })
      const { model: other } = scripted("ollama", [says("a"), fail(limited)], text("b"))
      assert.strictEqual((yield* all(other).invoke("Hi")).content, "ab")
      const none = scripted("ollama", [says("a"), fail(lost)], text("b"))
      const error = yield* Effect.flip(none.model.pipe(ModelRecovery.withRecovery({ attempts: 0 })).invoke("Hi"))
      assert.strictEqual(error.partial?.content, "a")
    }))

  it.effect("share the time limit of the call", () =>
    Effect.gen(function*() {
      const { awaitCall, calls, model } = ScriptedChatModel.make(
        [[ScriptedChatModel.delay("3 seconds"), says("a"), fail(lost)], [says("b"), stall]],
        {
          provider: "ollama",
          options: { retrySchedule: Schedule.spaced("1 second"), timeout: { total: "10 seconds" } }
        }
      )
      const fiber = yield* Effect.forkChild(read(recovery(model)))
      yield* awaitCall(1)
      yield* TestClock.adjust("4 seconds")
      yield* awaitCall(2)
      assert.strictEqual((yield* calls)[1]!.options.timeout?.total, 6000)
      yield* TestClock.adjust("6 seconds")
      const { error } = yield* Fiber.join(fiber)
      assert.deepInclude(error?.reason, { _tag: "TimeoutError", phase: "total" })
      // A wait that is longer than what is left is not begun.
      const short = ScriptedChatModel.make([[says("a"), fail(lost)], text("b")], {
        provider: "ollama",
        options: { retrySchedule: Schedule.spaced("10 seconds"), timeout: { total: "10 seconds" } }
      })
      assert.strictEqual((yield* Effect.flip(recovery(short.model).invoke("Hi"))).reason, lost)
    }))

  it.live("are closed when the reader leaves, during an answer and during a wait", () =>
    Effect.gen(function*() {
      const endless = { ...Script.endless({ token: " and" }), coalesce: false }
      const { model, server } = yield* serveMessages("claude-haiku-4-5")(
        Script.faultAt(Script.tokens(["one", " two", " three"]), 1100, Script.truncate),
        endless
      )
      yield* recovery(model).stream("Hi").pipe(
        Stream.takeUntil(({ recovery }) => recovery !== undefined),
        Stream.runDrain
      )
      yield* server.awaitIdle
      const requests = yield* server.requests
      assert.lengthOf(requests, 2)
      assert.strictEqual((yield* requests[1]!.closed).by, "client")
      yield* server.enqueue(Script.faultAt(Script.tokens(["one", " two", " three"]), 1100, Script.truncate))
      const waiting = recovery(model).invoke("Hi", { retrySchedule: Schedule.spaced("1 hour") })
      const exit = yield* Effect.exit(Effect.timeout(waiting, "300 millis"))
      assert.isTrue(Exit.isFailure(exit))
      yield* server.awaitIdle
      assert.lengthOf(yield* server.requests, 3)
    }).pipe(Effect.scoped))

  it.live("to resume are followed by other ways where the provider has not kept the response", () =>
    Effect.gen(function*() {
      const answer = responses.tokens(["one", " two", " three"])
      const broken = Script.faultAt(answer, 2200, Script.truncate)
      const serve = serveOpenAi({ providerOptions: { openai: { background: true } } })
      const { model, server } = yield* serve(broken, OpenAiScript.status(404), answer)
      const message = yield* model.pipe(ModelRecovery.withRecovery({ attempts: 2 })).invoke("Hi")
      assert.strictEqual(message.content, "one two three")
      assert.deepStrictEqual((yield* server.requests).map(({ method }) => method), ["POST", "GET", "POST"])
      const history = message.metadata?.["recovery"] as ReadonlyArray<{ readonly _tag: string }>
      assert.deepStrictEqual(history.map(({ _tag }) => _tag), ["Resumed", "Restarted"])
      // Without the background there is nothing to resume, and without the wrapper nobody asks.
      const plain = yield* serveOpenAi({})(broken, answer)
      yield* Effect.flip(plain.model.pipe(ModelRecovery.withRecovery({ restart: "never" })).invoke("Hi"))
      assert.lengthOf(yield* plain.server.requests, 1)
      const bare = yield* serve(broken, answer)
      yield* Effect.flip(bare.model.invoke("Hi"))
      assert.lengthOf(yield* bare.server.requests, 1)
    }).pipe(Effect.scoped))
})

describe("with other wrappers", () => {
  const guard = ModelGuard.withGuard({ patterns: ["secret"], replacement: "-" })

  it.effect.prop(
    "a guard sees what a break parts, in either order",
    [number(14), number(14)],
    ([first, second]) =>
      Effect.gen(function*() {
        const said = "a secret here."
        // A model that goes on from wherever it is asked to.
        const making = () => {
          let request = 0
          return ScriptedChatModel.make(({ messages }) => {
            const last = messages.at(-1)!
            const begun = last._tag === "AIMessage" ? last.content : ""
            const at = [first, second][request++]
            const end = at === undefined ? said.length : Math.max(begun.length + 1, at)
            const hidden = said.startsWith(begun)
              ? said.slice(begun.length)
              : said.slice(begun.replace("-", "secret").length)
            const piece = hidden.slice(0, end)
            return at === undefined || piece.length === hidden.length
              ? text([...hidden])
              : [...[...piece].map((letter) => says(letter)), fail(lost)]
          }, { provider: "ollama", options: noWait }).model
        }
        const outside = yield* read(making().pipe(ModelRecovery.withRecovery(), guard))
        assert.isUndefined(outside.error)
        assert.strictEqual(contents(outside.chunks), "a - here.")
        const inside = yield* read(making().pipe(guard, ModelRecovery.withRecovery()))
        assert.isUndefined(inside.error)
        assert.strictEqual(contents(inside.chunks), "a - here.")
      })
  )

  it.effect("a guard forgets what a restart takes back", () =>
    Effect.gen(function*() {
      const { model } = scripted("p", [says("a sec"), says("ret b se"), fail(lost)], text(["cret", " koi"]))
      const message = yield* model.pipe(anyRestart, guard).invoke("Hi")
      assert.strictEqual(message.content, "cret koi")
      assert.deepStrictEqual(message.metadata?.["recovery"], [marker("Restarted", 1, "p", lost)])
    }))

  it.effect("capabilities, options and layers are those of the model", () =>
    Effect.gen(function*() {
      const { model } = scripted("ollama", [says("a"), fail(lost)], text("b"))
      const wrapped = recovery(model)
      assert.deepStrictEqual([wrapped.options, wrapped.capabilities], [model.options, model.capabilities])
      const Model = ScriptedChatModel.layer([[says("a"), fail(lost)], text("b")], { options: noWait }).pipe(
        ModelRecovery.withRecovery({ continues: () => true })
      )
      assert.strictEqual((yield* ChatModel.invoke("Hi").pipe(Effect.provide(Model))).content, "ab")
    }))

  it.effect("the marker goes through JSON", () =>
    Effect.gen(function*() {
      const { model } = scripted("ollama", [says("a"), fail(lost)], text("b"))
      const { chunks } = yield* read(recovery(model))
      const Codec = Schema.fromJsonString(Schema.toCodecJson(AIMessageChunk.AIMessageChunk))
      for (const each of chunks) {
        assert.deepStrictEqual(Schema.decodeSync(Codec)(Schema.encodeSync(Codec)(each)), each)
      }
      assert.lengthOf(markersIn(chunks), 1)
    }))
})
