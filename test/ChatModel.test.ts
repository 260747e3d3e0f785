import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer, Result, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AIMessageChunk, ChatModel, ChatModelError, Message } from "rivulet"
import type { CallOptions } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { chunk, delay, fail, finish, make, stall, text } = ScriptedChatModel

const overloaded = new ChatModelError.OverloadedError({ message: "busy" })
const usage = { inputTokens: 3, outputTokens: 1, totalTokens: 4 }

describe("make", () => {
  it.effect("with generate alone streams one chunk, the whole answer", () =>
    Effect.gen(function*() {
      const model = ChatModel.make({
        provider: "p",
        model: "m",
        generate: ({ messages }) => Effect.succeed({ content: `${messages.length} messages`, usage })
      })
      const chunks = yield* Stream.runCollect(model.stream([Message.human("Hi")]))
      assert.deepStrictEqual(chunks, [{
        ...AIMessageChunk.text("1 messages"),
        finish: { reason: "stop", raw: "" },
        usage
      }])
      assert.strictEqual((yield* model.invoke("Hi")).content, "1 messages")
      assert.isFalse(model.capabilities.tokenStreaming)
    }))

  it.effect("with both streams by the one and invokes by the other", () =>
    Effect.gen(function*() {
      const model = ChatModel.make({
        provider: "p",
        model: "m",
        generate: () => Effect.succeed({ content: "whole" }),
        stream: () =>
          Stream.make(AIMessageChunk.text("streamed"), { ...AIMessageChunk.empty, finish: { reason: "stop", raw: "" } })
      })
      assert.strictEqual((yield* model.invoke("Hi")).content, "whole")
      assert.strictEqual((yield* Stream.runCollect(model.stream("Hi")))[0]?.content, "streamed")
    }))

  it.effect("fails a stream that ends without a finish, or goes on after one", () =>
    Effect.gen(function*() {
      const cut = yield* Effect.flip(
        make([[chunk(AIMessageChunk.text("Hel"))]], { options: { maxRetries: 0 } }).model.invoke("Hi")
      )
      assert.strictEqual(cut.reason._tag, "TruncatedError")
      assert.strictEqual(cut.partial?.content, "Hel")
      const more = yield* Effect.flip(
        make([[...text("Hello"), chunk(AIMessageChunk.text("again"))]]).model.invoke("Hi")
      )
      assert.strictEqual(more.reason._tag, "MalformedResponseError")
    }))

  it.effect("runs nothing before the stream is run", () =>
    Effect.gen(function*() {
      const { calls, model } = make([text("Hi")])
      const stream = model.stream("Hi")
      const invoke = model.invoke("Hi")
      assert.deepStrictEqual(yield* calls, [])
      yield* Stream.runDrain(stream)
      yield* Effect.exit(invoke)
      assert.strictEqual((yield* calls).length, 2)
    }))

  it.effect("joins what carries only id, usage or metadata to the first chunk that carries more", () =>
    Effect.gen(function*() {
      const start = { ...AIMessageChunk.empty, id: "m1", usage, metadata: { provider: "p" } }
      const { model } = make([[chunk(start), ...text("Hi")]])
      const [first] = yield* Stream.runCollect(model.stream("Hi"))
      assert.deepStrictEqual(first, { ...start, content: "Hi", parts: [{ type: "text", index: 0, text: "Hi" }] })
    }))
})

describe("invoke is the fold of stream", () => {
  it.effect("for text, tools and failures", () =>
    Effect.gen(function*() {
      for (
        const reply of [
          text("Hello big world", { usage }),
          ScriptedChatModel.toolCalls([{ name: "weather", args: { city: "Rome" } }], { text: "Let me look" })
        ]
      ) {
        const { model } = make(() => reply)
        const folded = AIMessageChunk.toMessage(yield* Stream.runCollect(model.stream("Hi")))
        assert.deepStrictEqual(folded, yield* model.invoke("Hi"))
      }
      const broken = make(() => [...text("Hello big world").slice(0, 2), fail(overloaded)])
      const [a, b] = [
        yield* Effect.flip(Stream.runDrain(broken.model.stream("Hi"))),
        yield* Effect.flip(broken.model.invoke("Hi"))
      ]
      assert.deepStrictEqual(a.partial, b.partial)
      assert.strictEqual(a.partial?.content, "Hello big")
    }))
})

describe("retries", () => {
  const run = (replies: ReadonlyArray<ScriptedChatModel.Reply>, options?: CallOptions.CallOptions) =>
    Effect.gen(function*() {
      const { calls, model } = make(replies)
      const fiber = yield* Effect.forkChild(Effect.result(Stream.runCollect(model.stream("Hi", options))))
      yield* TestClock.adjust("10 minutes")
      return { result: yield* Fiber.join(fiber), tries: (yield* calls).length }
    })

  it.effect("happen before the first chunk", () =>
    Effect.gen(function*() {
      const { result, tries } = yield* run([[fail(overloaded)], [fail(overloaded)], text("Hello")])
      assert.isTrue(Result.isSuccess(result))
      assert.strictEqual(tries, 3)
    }))

  it.effect("and when only an id or usage has come, as with an overload inside a 200", () =>
    Effect.gen(function*() {
      const start = chunk({ ...AIMessageChunk.empty, id: "m1", usage })
      const { result, tries } = yield* run([[start, fail(overloaded)], text("Hello")])
      assert.isTrue(Result.isSuccess(result))
      assert.strictEqual(tries, 2)
    }))

  it.effect("but never after it", () =>
    Effect.gen(function*() {
      const { result, tries } = yield* run([[...text("Hello world").slice(0, 1), fail(overloaded)], text("Hello")])
      assert.strictEqual(tries, 1)
      assert.strictEqual(Result.isFailure(result) && result.failure.partial?.content, "Hello")
    }))

  it.effect("are no more than maxRetries, and only for what is worth it", () =>
    Effect.gen(function*() {
      const busy = Array.from({ length: 9 }, () => [fail(overloaded)])
      assert.strictEqual((yield* run(busy)).tries, 3)
      assert.strictEqual((yield* run(busy, { maxRetries: 0 })).tries, 1)
      assert.strictEqual((yield* run(busy, { maxRetries: 5 })).tries, 6)
      assert.strictEqual((yield* run(busy, { maxRetries: 5, retrySchedule: Schedule.recurs(1) })).tries, 2)
      const denied = [[fail(new ChatModelError.AuthenticationError({ message: "no" }))]]
      assert.strictEqual((yield* run(denied)).tries, 1)
    }))

  it.effect("wait as long as the provider asks, if that is not too long", () =>
    Effect.gen(function*() {
      const after = (
        seconds: number
      ) => [fail(new ChatModelError.RateLimitError({ message: "slow down", retryAfter: Duration.seconds(seconds) }))]
      const { calls, model } = make([after(30), text("Hello")])
      const fiber = yield* Effect.forkChild(model.invoke("Hi"))
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual((yield* calls).length, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber)).content, "Hello")
      const long = yield* run([after(61), text("Hello")])
      assert.strictEqual(long.tries, 1)
      assert.isTrue(Result.isFailure(long.result) && long.result.failure.retryAfter !== undefined)
    }))

  it.effect("are reported before each wait, with the failure and the time", () =>
    Effect.gen(function*() {
      const busy = [fail(new ChatModelError.RateLimitError({ message: "slow", retryAfter: Duration.seconds(30) }))]
      const heard: Array<readonly [retry: number, reason: string, delay: number]> = []
      const onRetry: CallOptions.CallOptions["onRetry"] = ({ delay, error, retry }) =>
        Effect.andThen(
          Effect.sync(() => heard.push([retry, error.reason._tag, Duration.toMillis(delay)])),
          // A failure of the observer is not the call's.
          retry === 1 ? Effect.die("no") : Effect.void
        )
      const { result } = yield* run([busy, busy, busy], { onRetry })
      assert.isTrue(Result.isFailure(result) && result.failure.reason._tag === "RateLimitError")
      assert.deepStrictEqual(heard, [[1, "RateLimitError", 30_000], [2, "RateLimitError", 30_000]])
      // None follows the last attempt, and none follows a failure that is not retried.
      yield* run([[fail(new ChatModelError.AuthenticationError({ message: "no" }))]], { onRetry })
      assert.lengthOf(heard, 2)
    }))
})

describe("time limits", () => {
  const limit = (
    reply: ScriptedChatModel.Reply,
    timeout: CallOptions.TimeoutOptions | undefined,
    wait: Duration.Input
  ) =>
    Effect.gen(function*() {
      const { calls, model } = make([reply])
      const fiber = yield* Effect.forkChild(
        Effect.flip(Stream.runDrain(model.stream("Hi", { maxRetries: 0, timeout })))
      )
      yield* TestClock.adjust(wait)
      const exit = fiber.pollUnsafe()
      yield* Fiber.interrupt(fiber)
      const error = exit?._tag === "Success" ? exit.value : undefined
      return { phase: error?.reason._tag === "TimeoutError" ? error.reason.phase : undefined, calls: yield* calls }
    })

  it.effect("are on by default", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* limit([stall], undefined, "119 seconds")).phase, undefined)
      assert.strictEqual((yield* limit([stall], undefined, "120 seconds")).phase, "first_chunk")
      const hello = chunk(AIMessageChunk.text("Hello"))
      assert.strictEqual((yield* limit([hello, stall], undefined, "59 seconds")).phase, undefined)
      assert.strictEqual((yield* limit([hello, stall], undefined, "60 seconds")).phase, "idle")
    }))

  it.effect("can be set, and switched off", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* limit([stall], { firstChunk: "5 seconds" }, "5 seconds")).phase, "first_chunk")
      const off = { connect: false, firstChunk: false, idle: false } as const
      assert.strictEqual((yield* limit([stall], off, "10 days")).phase, undefined)
      assert.strictEqual((yield* limit([stall], { ...off, total: "1 hour" }, "1 hour")).phase, "total")
    }))

  it.effect("start anew with each chunk, and end what runs", () =>
    Effect.gen(function*() {
      const slow = text("one two three four", { delay: "40 seconds" })
      assert.strictEqual((yield* limit(slow, undefined, "10 minutes")).phase, undefined)
      const { calls, phase } = yield* limit(slow, { total: "100 seconds" }, "100 seconds")
      assert.strictEqual(phase, "total")
      assert.strictEqual(calls[0]?.state, "interrupted")
    }))

  it.effect("do not run while the consumer is busy", () =>
    Effect.gen(function*() {
      const { model } = make([text("one two")])
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(model.stream("Hi"), () => Effect.sleep("10 minutes"))
      )
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)
    }))

  it.effect("give each try its own time", () =>
    Effect.gen(function*() {
      const { calls, model } = make([[stall], [stall], text("Hello")])
      const answer = yield* Effect.forkChild(model.invoke("Hi", { timeout: { firstChunk: "1 second" } }))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(answer)).content, "Hello")
      assert.deepStrictEqual((yield* calls).map(({ state }) => state), ["interrupted", "interrupted", "done"])
    }))

  it.effect("count retries into the total", () =>
    Effect.gen(function*() {
      const { calls, model } = make([[delay("40 seconds"), fail(overloaded)], [stall]])
      const fiber = yield* Effect.forkChild(Effect.flip(model.invoke("Hi", { timeout: { total: "1 minute" } })))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason._tag === "TimeoutError" && error.reason.phase, "total")
      assert.strictEqual((yield* calls).length, 2)
    }))
})

describe("batch", () => {
  const echo = ChatModel.make({
    provider: "p",
    model: "echo",
    generate: ({ messages }) => {
      const said = String(messages[0]?._tag === "HumanMessage" ? messages[0].content : "")
      return said === "bad"
        ? Effect.fail(new ChatModelError.ChatModelError({ provider: "p", model: "echo", reason: overloaded }))
        : Effect.as(Effect.sleep(Duration.seconds(10 - said.length)), { content: said })
    }
  })

  it.effect("gives one result for each input, in order, whatever fails", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(echo.batch(["a", "bad", "ccc"], { concurrency: 2, maxRetries: 0 }))
      yield* TestClock.adjust("1 minute")
      const results = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        results.map((result) => Result.isSuccess(result) ? result.success.content : result.failure.reason._tag),
        ["a", "OverloadedError", "ccc"]
      )
    }))

  it.effect("gives them as they are ready, with their index", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Stream.runCollect(echo.batchAsCompleted(["a", "bbbb", "cc"])))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* Fiber.join(fiber)).map(([index]) => index), [1, 2, 0])
    }))

  it.effect("runs no more at once than it may", () =>
    Effect.gen(function*() {
      const { calls, model } = make(() => text("slow", { delay: "1 second" }))
      const inputs = Array.from({ length: 20 }, (_, i) => `input ${i}`)
      for (const [concurrency, expected] of [[undefined, 8], [3, 3]] as const) {
        const before = (yield* calls).length
        const fiber = yield* Effect.forkChild(model.batch(inputs, { concurrency }))
        yield* TestClock.adjust("500 millis")
        assert.strictEqual((yield* calls).length - before, expected)
        yield* Fiber.interrupt(fiber)
        assert.isTrue((yield* calls).every((call) => call.state !== "open"))
      }
    }))
})

describe("several models in one app", () => {
  class Fast extends Context.Service<Fast, ChatModel.Service>()("test/Fast") {}

  it.effect("have a tag each", () =>
    Effect.gen(function*() {
      const fast = yield* Fast
      assert.strictEqual((yield* fast.invoke("Hi")).content, "fast")
      assert.strictEqual((yield* ChatModel.invoke("Hi")).content, "slow")
    }).pipe(Effect.provide(Layer.mergeAll(
      Layer.succeed(Fast, make([text("fast")]).model),
      ScriptedChatModel.layer([text("slow")])
    ))))
})

describe("bad input", () => {
  const { calls, model } = make(() => text("never asked"))

  const cases: ReadonlyArray<readonly [field: string, input: ChatModel.ChatInput, options?: CallOptions.CallOptions]> =
    [
      ["messages[0].content", ""],
      ["messages[0].content", " \n"],
      ["messages", []],
      ["messages", [Message.system("Be kind")]],
      ["messages[1].content", [["system", "Be kind"], ["human", ""]]],
      ["messages[0].content", [Message.human([])]],
      ["messages[1].toolCallId", [Message.human("Hi"), Message.tool({ toolCallId: "nobody", content: "42" })]],
      ["maxTokens", "Hi", { maxTokens: -1 }],
      ["maxTokens", "Hi", { maxTokens: 1.5 }],
      ["temperature", "Hi", { temperature: NaN }],
      ["topP", "Hi", { topP: 2 }],
      ["topK", "Hi", { topK: 0 }],
      ["maxRetries", "Hi", { maxRetries: -1 }],
      ["stopSequences", "Hi", { stopSequences: [""] }],
      ["reasoning", "Hi", { reasoning: { effort: "low", budgetTokens: 5 } }],
      ["timeout.idle", "Hi", { timeout: { idle: 0 } }],
      ["toolChoice", "Hi", { toolChoice: "required" }],
      ["tools[1].name", "Hi", { tools: [{ name: "a", parameters: {} }, { name: "a", parameters: {} }] }]
    ]
  for (const [field, input, options] of cases) {
    it.effect(`${field}: ${JSON.stringify(options ?? input)} is refused before a request`, () =>
      Effect.gen(function*() {
        for (
          const error of [
            yield* Effect.flip(model.invoke(input, options)),
            yield* Effect.flip(Stream.runDrain(model.stream(input, options)))
          ]
        ) {
          assert.strictEqual(error.reason._tag, "InvalidRequestError")
          assert.propertyVal(error.reason, "field", field)
          assert.include(error.message, field)
        }
        assert.deepStrictEqual(yield* calls, [])
      }))
  }

  it.effect("a model without a name", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(make([], { model: "" }).model.invoke("Hi"))
      assert.propertyVal(error.reason, "field", "model")
    }))
})

it.effect("nothing left over: finish is a step of its own", () =>
  Effect.gen(function*() {
    const { model } = make([[chunk(AIMessageChunk.text("a")), finish("length", { usage })]])
    const message = yield* model.invoke("Hi")
    assert.deepStrictEqual(message.finish, { reason: "length", raw: "length" })
    assert.deepStrictEqual(message.usage, usage)
  }))
