import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import {
  AIMessageChunk,
  Capabilities,
  ChatModel,
  ChatModelError,
  Message,
  ModelRouting,
  OutputParser,
  Runnable
} from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../../support/events.ts"
import { busy, contentOf, counts, fails, limited, reasons, says, scripted, wrong } from "../../support/routing.ts"

const { chunk, delay, fail, finish, stall, text } = ScriptedChatModel
const { answeredBy, withFallbacks } = ModelRouting

describe("a fallback is asked", () => {
  const byDefault = new Set(Object.keys(reasons))
  byDefault.delete("InvalidRequestError")
  byDefault.delete("ContentPolicyError")
  for (const [tag, reason] of Object.entries(reasons)) {
    it.effect(`after ${tag}: ${byDefault.has(tag)}`, () =>
      Effect.gen(function*() {
        const [a, b] = [fails("a", reason), says("b")]
        const result = yield* Effect.result(a.model.pipe(withFallbacks([b.model])).invoke("Hi"))
        assert.strictEqual(result._tag, byDefault.has(tag) ? "Success" : "Failure")
        assert.deepStrictEqual(yield* counts(a, b), [1, byDefault.has(tag) ? 1 : 0])
      }))
  }

  it.effect("after the reasons of a list, and no other", () =>
    Effect.gen(function*() {
      const when = ["OverloadedError", "InvalidRequestError"] as const
      for (const [reason, asked] of [[busy, 1], [wrong, 1], [limited, 0]] as const) {
        const b = says("b")
        yield* Effect.ignore(fails("a", reason).model.pipe(withFallbacks([b.model], { when })).invoke("Hi"))
        assert.deepStrictEqual(yield* counts(b), [asked])
      }
    }))

  it.effect("after the failures for which a function says so", () =>
    Effect.gen(function*() {
      const b = says("b")
      const when = (error: ChatModelError.ChatModelError) => error.model === "a"
      assert.strictEqual((yield* fails("a").model.pipe(withFallbacks([b.model], { when })).invoke("Hi")).content, "b!")
      assert.isTrue(
        Exit.isFailure(yield* Effect.exit(fails("c").model.pipe(withFallbacks([b.model], { when })).invoke("Hi")))
      )
    }))

  it.effect("if a function throws or gives an effect, that is a defect", () =>
    Effect.gen(function*() {
      const throwing = () => {
        throw new Error("bug")
      }
      // For callers without types.
      const effect = (() => Effect.succeed(true)) as unknown as () => boolean
      for (const when of [throwing, effect]) {
        const b = says("b")
        const exit = yield* Effect.exit(fails("a").model.pipe(withFallbacks([b.model], { when })).invoke("Hi"))
        assert.isTrue(Exit.hasDies(exit))
        assert.deepStrictEqual(yield* counts(b), [0])
      }
    }))

  it.effect("in order, each after its own retries", () =>
    Effect.gen(function*() {
      const options = { options: { maxRetries: 2 } }
      const [a, b, c] = [fails("a", busy, options), fails("b", limited, options), says("c", options)]
      const call = yield* Effect.forkChild(a.model.pipe(withFallbacks([b.model, c.model])).invoke("Hi"))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(call)).content, "c!")
      assert.deepStrictEqual(yield* counts(a, b, c), [3, 3, 1])
    }))

  it.effect("never after the first chunk", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[chunk(AIMessageChunk.text("once")), fail(busy)]])
      const b = says("b")
      const model = a.model.pipe(withFallbacks([b.model]))
      const shown: Array<string> = []
      const error = yield* Effect.flip(
        Stream.runForEach(model.stream("Hi"), ({ content }) => Effect.sync(() => shown.push(content)))
      )
      assert.deepStrictEqual(shown, ["once"])
      assert.deepStrictEqual([error.reason, error.partial?.content, error.attempts], [busy, "once", undefined])
      assert.strictEqual((yield* Effect.flip(model.invoke("Hi"))).partial?.content, "once")
      assert.deepStrictEqual(yield* counts(b), [0])
    }))

  it.effect("after an answer that ended before its first chunk", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[chunk({ ...AIMessageChunk.empty, id: "msg_1" })]])
      const answer = yield* a.model.pipe(withFallbacks([says("b").model])).invoke("Hi")
      assert.deepStrictEqual([answer.id, answer.content], ["", "b!"])
    }))

  it.effect("not after a defect", () =>
    Effect.gen(function*() {
      const a = ChatModel.make({ provider: "test", model: "a", stream: () => Stream.die("bug") })
      const b = says("b")
      const exit = yield* Effect.exit(a.pipe(withFallbacks([b.model])).invoke("Hi"))
      assert.deepStrictEqual(Exit.isFailure(exit) && Cause.squash(exit.cause), "bug")
      assert.deepStrictEqual(yield* counts(b), [0])
    }))

  it.effect("not after a failure with a defect", () =>
    Effect.gen(function*() {
      const failure = new ChatModelError.ChatModelError({ provider: "test", model: "a", reason: reasons.NotFoundError })
      const cause = Cause.combine(Cause.fail(failure), Cause.die("bug"))
      const a = ChatModel.make({ provider: "test", model: "a", stream: () => Stream.failCause(cause) })
      const b = says("b")
      const exit = yield* Effect.exit(a.pipe(withFallbacks([b.model])).invoke("Hi"))
      assert.isTrue(Exit.hasDies(exit))
      assert.deepStrictEqual(yield* counts(b), [0])
    }))

  it.effect("not after an interruption", () =>
    Effect.gen(function*() {
      const [a, b] = [scripted("a", [[stall]]), says("b")]
      const call = yield* Effect.forkChild(a.model.pipe(withFallbacks([b.model])).invoke("Hi"))
      yield* a.awaitCall(1)
      yield* Fiber.interrupt(call)
      assert.strictEqual((yield* a.calls)[0]?.state, "interrupted")
      assert.deepStrictEqual(yield* counts(b), [0])
    }))

  it.effect("within the time limit of the whole call", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[delay("3 seconds"), fail(busy)]])
      const b = scripted("b", [[stall]])
      const model = a.model.pipe(withFallbacks([b.model]))
      const call = yield* Effect.forkChild(Effect.flip(model.invoke("Hi", { timeout: { total: "5 seconds" } })))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(call)
      assert.deepStrictEqual(error.attempts?.map(({ model, reason }) => [model, reason._tag]), [
        ["a", "OverloadedError"],
        ["b", "TimeoutError"]
      ])
      assert.deepStrictEqual((yield* b.calls)[0]?.options.timeout, { total: 2000 })
    }))

  it.effect("not if that time is up, but after the limit of one model", () =>
    Effect.gen(function*() {
      const a = scripted("a", [[stall]], { options: { timeout: { total: "2 seconds" } } })
      const b = says("b")
      const model = a.model.pipe(withFallbacks([b.model]))
      const limited = yield* Effect.forkChild(Effect.flip(model.invoke("Hi", { timeout: { total: "1 seconds" } })))
      yield* TestClock.adjust("1 seconds")
      assert.deepInclude((yield* Fiber.join(limited)).reason, { _tag: "TimeoutError", phase: "total" })
      assert.deepStrictEqual(yield* counts(b), [0])
      const free = yield* Effect.forkChild(model.invoke("Hi"))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(free)).content, "b!")
    }))

  it.effect("as often as the list has it", () =>
    Effect.gen(function*() {
      const a = fails("a")
      const error = yield* Effect.flip(a.model.pipe(withFallbacks([a.model, a.model])).invoke("Hi"))
      assert.lengthOf(error.attempts ?? [], 3)
    }))
})

describe("the error if no model answers", () => {
  it.effect("is the last failure, and says who failed and why, all of them", () =>
    Effect.gen(function*() {
      const model = fails("a").model.pipe(withFallbacks([fails("b", limited).model, fails("c", wrong).model]))
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.deepStrictEqual([error.provider, error.model, error.reason], ["test", "c", wrong])
      assert.deepStrictEqual(error.attempts, [
        { provider: "test", model: "a", reason: busy },
        { provider: "test", model: "b", reason: limited },
        { provider: "test", model: "c", reason: wrong }
      ])
      assert.strictEqual(
        error.message,
        "3 attempts failed: OverloadedError from test/a: Too busy; RateLimitError from test/b: Slowly; " +
          "InvalidRequestError from test/c: No such option"
      )
      assert.isFalse(error.isRetryable)
      const streamed = yield* Effect.flip(Stream.runDrain(model.stream("Hi")))
      assert.deepStrictEqual(streamed.attempts, error.attempts)
      assert.strictEqual(
        yield* model.invoke("Hi").pipe(
          Effect.map(() => ""),
          Effect.catchReason("ChatModelError", "InvalidRequestError", ({ message }) => Effect.succeed(message))
        ),
        "No such option"
      )
    }))

  it.effect("is the only failure as it is, if no other model was asked", () =>
    Effect.gen(function*() {
      const a = fails("a", wrong)
      const bare = yield* Effect.flip(a.model.invoke("Hi"))
      const error = yield* Effect.flip(a.model.pipe(withFallbacks([says("b").model])).invoke("Hi"))
      assert.isUndefined(error.attempts)
      assert.strictEqual(error.message, bare.message)
    }))

  it.effect("is plain JSON, with all attempts", () =>
    Effect.gen(function*() {
      const model = fails("a").model.pipe(withFallbacks([fails("b", limited).model]))
      const error = yield* Effect.flip(model.invoke("Hi"))
      const codec = Schema.toCodecJson(ChatModelError.ChatModelError)
      const json = JSON.stringify(yield* Schema.encodeEffect(codec)(error))
      const decoded = yield* Schema.decodeUnknownEffect(codec)(JSON.parse(json))
      assert.deepStrictEqual(decoded.attempts, error.attempts)
      assert.strictEqual(decoded.message, error.message)
    }))

  it.effect("has the attempts of wrappers inside in one list", () =>
    Effect.gen(function*() {
      const inner = fails("b").model.pipe(withFallbacks([fails("c").model]))
      for (
        const model of [
          fails("a").model.pipe(withFallbacks([inner, fails("d").model])),
          fails("a").model.pipe(withFallbacks([fails("b").model]), withFallbacks([fails("c").model, fails("d").model]))
        ]
      ) {
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.deepStrictEqual(error.attempts?.map(({ model }) => model), ["a", "b", "c", "d"])
      }
    }))

  it.effect("keeps the data of each provider, and the part of the last answer", () =>
    Effect.gen(function*() {
      const failing = (model: string, requestId: string) =>
        ChatModel.make({
          provider: "test",
          model,
          stream: () => {
            const error = new ChatModelError.ChatModelError({ provider: "test", model, reason: limited })
            const head = { ...AIMessageChunk.empty, id: model, metadata: { requestId } }
            return Stream.concat(Stream.succeed(head), Stream.fail(error))
          },
          options: { maxRetries: 0 }
        })
      const error = yield* Effect.flip(failing("a", "r1").pipe(withFallbacks([failing("b", "r2")])).invoke("Hi"))
      assert.deepStrictEqual(error.attempts?.map(({ metadata }) => metadata), [{ requestId: "r1" }, {
        requestId: "r2"
      }])
      assert.deepStrictEqual([error.requestId, error.partial?.id], ["r2", "b"])
      assert.match(error.message, /r1.*r2/)
    }))

  it.effect("is in the error event", () =>
    Effect.gen(function*() {
      const model = fails("a").model.pipe(withFallbacks([fails("b").model]))
      const { events } = yield* eventsOf(model, "Hi")
      balanced(events)
      assert.deepStrictEqual(events.map(({ event }) => event), ["on_chat_model_start", "on_chat_model_error"])
      assert.containsSubset(events.at(-1)?.data, { error: { attempts: [{ model: "a" }, { model: "b" }] } })
    }))
})

describe("the model that answered", () => {
  const b = { provider: "test", model: "b" }

  it.effect("is in the first chunk, in the message and in the end event, and in no other chunk", () =>
    Effect.gen(function*() {
      const model = fails("a").model.pipe(withFallbacks([says("b").model]))
      const [first, ...rest] = yield* Stream.runCollect(model.stream("Hi"))
      assert.deepStrictEqual(answeredBy(first!), b)
      for (const chunk of rest) assert.isUndefined(chunk.metadata)
      assert.deepStrictEqual(answeredBy(yield* model.invoke("Hi")), b)
      const chain = Runnable.sequence(model, OutputParser.string)
      for (const [self, name] of [[model, "test"], [chain, "test"]] as const) {
        const { events } = yield* eventsOf<string, unknown, ChatModelError.ChatModelError, never, unknown>(self, "Hi")
        const end = events.find(({ event }) => event === "on_chat_model_end")
        assert.containsSubset(end, { name, data: { output: { metadata: { answeredBy: b } } } })
      }
    }))

  it.effect("is said by models of all kinds", () =>
    Effect.gen(function*() {
      const whole = ChatModel.make({
        provider: "test",
        model: "b",
        generate: () => Effect.succeed({ content: "Hi", metadata: { mood: "good" } })
      })
      // A service that the package has not made.
      const own: ChatModel.Service = { ...says("b").model }
      const hooked = ChatModel.transform(says("b").model, { stream: (answer) => answer })
      for (const other of [whole, own, hooked]) {
        const model = fails("a").model.pipe(withFallbacks([other]))
        assert.deepStrictEqual(answeredBy(yield* model.invoke("Hi")), b)
        const message = AIMessageChunk.toMessage(yield* Stream.runCollect(model.stream("Hi")))
        assert.deepStrictEqual(message && answeredBy(message), b)
      }
      const answer = yield* fails("a").model.pipe(withFallbacks([whole])).invoke("Hi")
      assert.deepStrictEqual(answer.metadata, { mood: "good", answeredBy: b })
    }))

  it.effect("is the innermost one, and the first one too", () =>
    Effect.gen(function*() {
      const inner = fails("c").model.pipe(withFallbacks([says("b").model]))
      const model = fails("a").model.pipe(withFallbacks([inner]))
      assert.deepStrictEqual(answeredBy(yield* model.invoke("Hi")), b)
      assert.deepStrictEqual(answeredBy(yield* says("b").model.pipe(withFallbacks([inner])).invoke("Hi")), b)
    }))

  it.effect("is not said by a bare model, nor by what is no name", () =>
    Effect.gen(function*() {
      assert.isUndefined(answeredBy(yield* says("a").model.invoke("Hi")))
      for (const said of ["me", null, { provider: "test" }, { provider: 1, model: "a" }, ["a"]]) {
        assert.isUndefined(answeredBy({ ...AIMessageChunk.empty, metadata: { answeredBy: said } }))
      }
    }))
})

describe("the resulting model", () => {
  it.effect("gives the options of a call to whichever model runs, over its own", () =>
    Effect.gen(function*() {
      const a = fails("a", busy, { options: { temperature: 1, maxTokens: 10 } })
      const b = says("b", { options: { temperature: 0, topK: 3 } })
      const model = a.model.pipe(withFallbacks([b.model]))
      assert.deepStrictEqual(model.options, a.model.options)
      yield* model.invoke("Hi", { maxTokens: 5 })
      const [called] = yield* b.calls
      const { maxTokens, temperature, topK } = called?.options ?? {}
      assert.deepStrictEqual({ maxTokens, temperature, topK }, { maxTokens: 5, temperature: 0, topK: 3 })
    }))

  it("can do what all models can", () => {
    const a = says("a", { capabilities: { tools: true, imageInput: true } }).model
    const b = ChatModel.make({
      provider: "test",
      model: "b",
      capabilities: { tools: true, structuredOutput: true },
      supportsSchema: ({ type }) => type === "object",
      generate: () => Effect.succeed({ content: "Hi" })
    })
    const model = a.pipe(withFallbacks([b]))
    assert.deepStrictEqual(model.capabilities, Capabilities.make({ tools: true }))
    assert.isFalse(model.supportsSchema({ type: "object" }))
    const all = says("a").model.pipe(withFallbacks([b]))
    assert.isTrue(all.supportsSchema({ type: "object" }))
    assert.isFalse(all.supportsSchema({ type: "array" }))
  })

  it.effect("asks the model that can, if the first one cannot", () =>
    Effect.gen(function*() {
      const [blind, seeing] = [says("blind", { capabilities: {} }), says("seeing")]
      const image = Message.human([{ type: "image", source: { type: "url", url: "https://example.org/fish.png" } }])
      const answer = yield* blind.model.pipe(withFallbacks([seeing.model])).invoke([image])
      assert.strictEqual(answer.content, "seeing!")
      assert.deepStrictEqual(yield* counts(blind, seeing), [0, 1])
    }))

  it.effect("takes batches, with a result for each input", () =>
    Effect.gen(function*() {
      const a = ScriptedChatModel.make(
        ({ messages }) => messages[0]?.content === "fail" ? [fail(busy)] : text("a"),
        { options: { maxRetries: 0 } }
      )
      const model = a.model.pipe(withFallbacks([says("b").model]))
      const results = yield* model.batch(["Hi", "fail"])
      assert.deepStrictEqual(results.map((result) => result._tag === "Success" && result.success.content), ["a", "b!"])
    }))
})

describe("the other models", () => {
  it.effect("may be effects, which run when the wrapper is applied", () =>
    Effect.gen(function*() {
      let made = 0
      const make = Effect.sync(() => {
        made++
        return says("b").model
      })
      const model = yield* fails("a").model.pipe(withFallbacks([make]))
      assert.strictEqual((yield* model.invoke("Hi")).content, "b!")
      assert.strictEqual((yield* model.invoke("Hi")).content, "b!")
      assert.strictEqual(made, 1)
      const failing = fails("a").model.pipe(withFallbacks([says("b").model, Effect.fail("no key")]))
      assert.strictEqual(yield* Effect.flip(failing), "no key")
    }))

  it.effect("are added to the model of a layer, whose other services stay", () =>
    Effect.gen(function*() {
      const layer = ScriptedChatModel.layer([[fail(busy)]], { options: { maxRetries: 0 } })
      const test = Effect.gen(function*() {
        const content = (yield* ChatModel.invoke("Hi")).content
        return [content, (yield* (yield* ScriptedChatModel.ScriptedChatModel).calls).length] as const
      })
      for (
        const others of [
          layer.pipe(withFallbacks([says("b").model])),
          layer.pipe(withFallbacks([Effect.sync(() => says("b").model)]))
        ]
      ) {
        assert.deepStrictEqual(yield* Effect.provide(test, Layer.fresh(others)), ["b!", 1])
      }
    }))

  it("must be models, and at least one", () => {
    // For callers without types.
    const untyped = withFallbacks as (models: unknown) => unknown
    assert.throws(() => untyped([]), /withFallbacks: give a list of at least one other model/)
    assert.throws(() => untyped(says("b").model), /withFallbacks: give a list/)
    assert.throws(() => untyped([Layer.empty]), /withFallbacks: .* is no model: give models, or effects/)
  })
})

it.effect("the whole answer is one model's", () =>
  Effect.gen(function*() {
    const model = scripted("a", [[delay("1 second"), fail(busy)]]).model.pipe(
      withFallbacks([scripted("b", [[chunk(AIMessageChunk.text("b")), delay("1 second"), finish()]]).model])
    )
    const call = yield* Effect.forkChild(Stream.runCollect(model.stream("Hi")))
    yield* TestClock.adjust("2 seconds")
    assert.strictEqual(contentOf(yield* Fiber.join(call)), "b")
  }))
