// What holds for all wrappers of several models: the laws of every wrapper, and that an answer is whole and one model's.
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import {
  AIMessageChunk,
  ChatModel,
  ChatModelError,
  ModelCache,
  ModelGuard,
  ModelLimits,
  ModelRouting,
  OutputParser,
  Runnable,
  RunnableCache
} from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../../support/events.ts"
import { busy, dead, fails, reasons, says, scripted } from "../../support/routing.ts"
import { wrapperLaws } from "../../support/wrapperLaws.ts"

const { answeredBy, withFallbacks, withHedge, withRouter } = ModelRouting
const { chunk, delay, fail, finish, stall } = ScriptedChatModel

const wrappers: { readonly [name: string]: (model: ChatModel.Service) => ChatModel.Service } = {
  "withFallbacks that are not asked": withFallbacks([says("b").model], { when: [] }),
  "a fallback": (model) => dead(model).pipe(withFallbacks([model])),
  "withRouter of the first model": withRouter([says("b").model], { strategy: { weights: [1, 0] }, when: [] }),
  "withRouter of another model": (model) =>
    dead(model).pipe(withRouter([model], { strategy: { weights: [1, 0] }, coolDown: false })),
  "withHedge that needs no second request": withHedge("1 hour"),
  "withHedge by another model": (model) => dead(model).pipe(withHedge("1 hour", { models: [model] })),
  "a fallback with other wrappers inside and outside": (model) =>
    dead(model).pipe(
      withFallbacks([
        model.pipe(ModelLimits.withRateLimit({ requestsPerMinute: 100 }), ChatModel.withDefaults({ topP: 1 }))
      ]),
      ModelCache.withSharing()
    ),
  "all of them": (model) =>
    dead(model).pipe(
      withHedge("1 hour"),
      withFallbacks([
        dead(model).pipe(
          withHedge("1 hour", { models: [dead(model).pipe(withRouter([model], { strategy: { weights: [1, 0] } }))] })
        )
      ])
    )
}

for (const [name, wrap] of Object.entries(wrappers)) {
  describe(name, () => wrapperLaws((model) => Effect.succeed(wrap(model))))
}

describe("with other wrappers", () => {
  it.effect("an answer from a cache says which model gave it", () =>
    Effect.gen(function*() {
      const [a, b] = [says("a"), says("b")]
      const model = yield* dead(a.model).pipe(withFallbacks([b.model]), ModelCache.withCache())
      for (let i = 0; i < 2; i++) {
        assert.deepStrictEqual(answeredBy(yield* model.invoke("Hi")), { provider: "test", model: "b" })
      }
      assert.lengthOf(yield* b.calls, 1)
    }).pipe(Effect.provide(RunnableCache.layerMemory({ capacity: 10 }))))

  it.effect("an error keeps its attempts, also with a part of an answer", () =>
    Effect.gen(function*() {
      const broken = scripted("b", [[chunk({ ...AIMessageChunk.empty, id: "msg_1" }), fail(busy)]])
      const model = fails("a").model.pipe(
        withFallbacks([broken.model]),
        ModelGuard.withGuard({ patterns: ["a secret"] }),
        ModelCache.withSharing()
      )
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.deepStrictEqual(error.attempts?.map(({ model }) => model), ["a", "b"])
    }))
})

// -----------------------------------------------------------------------------
// random failures
// -----------------------------------------------------------------------------

const Failure = Schema.Literals(["OverloadedError", "NetworkError", "AuthenticationError", "InvalidRequestError"])

/** One request of a model: how long it takes, how many tokens come, and how it ends. */
const Request = Schema.Struct({
  first: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 })),
  tokens: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 })),
  between: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 })),
  end: Schema.Union([Schema.Literals(["whole", "truncated", "stall"]), Failure])
})

/** A model: its requests, of which the last is repeated, and its retries. */
const Model = Schema.Struct({
  requests: Schema.Array(Request).check(Schema.isBetweenLength(1, 4)),
  maxRetries: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 }))
})

const Models = Schema.Array(Model).check(Schema.isBetweenLength(2, 4))

/** A model whose tokens are a letter of its own and their number. */
const scriptedOf = ({ maxRetries, requests }: typeof Model.Type, index: number) => {
  const letter = String.fromCharCode(97 + index)
  let next = 0
  return ScriptedChatModel.make(() => {
    const { between, end, first, tokens } = requests[Math.min(next++, requests.length - 1)]!
    const text = Array.from({ length: tokens }, (_, i) => [
      delay(Duration.seconds(i === 0 ? first : between)),
      chunk(AIMessageChunk.text(`${letter}${i}`))
    ]).flat()
    const ends = end === "whole"
      ? [finish()]
      : end === "truncated"
      ? []
      : end === "stall"
      ? [stall]
      : [fail(reasons[end])]
    return [...text, ...ends]
  }, { provider: "test", model: letter, options: { maxRetries } })
}

type Scripted = ReturnType<typeof scriptedOf>

const compositions: {
  readonly [name: string]: (models: readonly [Scripted, Scripted, ...ReadonlyArray<Scripted>]) => ChatModel.Service
} = {
  withFallbacks: ([a, b, ...rest]) => a.model.pipe(withFallbacks([b.model, ...rest.map(({ model }) => model)])),
  "withRouter by chance": ([a, b, ...rest]) => a.model.pipe(withRouter([b.model, ...rest.map(({ model }) => model)])),
  "withRouter by latency": ([a, b, ...rest]) =>
    a.model.pipe(withRouter([b.model, ...rest.map(({ model }) => model)], { strategy: "latency" })),
  withHedge: ([a, b, ...rest]) =>
    a.model.pipe(withHedge("1 seconds", { models: [b.model, ...rest.map(({ model }) => model)] })),
  "withHedge of one model": ([a]) => a.model.pipe(withHedge("1 seconds", { max: 3 })),
  "fallbacks outside a hedge": ([a, b, c = b]) =>
    a.model.pipe(withHedge("1 seconds", { models: [b.model] }), withFallbacks([c.model])),
  "a hedge outside fallbacks": ([a, b, c = b]) =>
    a.model.pipe(withFallbacks([b.model]), withHedge("1 seconds", { models: [c.model] })),
  "a router of hedged models": ([a, b]) =>
    a.model.pipe(withHedge("2 seconds"), withRouter([b.model.pipe(withHedge("1 seconds"))]))
}

/** The letters of a text, each once. */
const letters = (text: string) => new Set(text.replace(/[0-9]/g, ""))

/** Whether a text is the start of what a model says. */
const isStart = (text: string) =>
  text === Array.from(text.slice(0, text.length / 2), (_, i) => `${text[0]}${i}`).join("")

describe("with models that fail at random", () => {
  for (const [name, compose] of Object.entries(compositions)) {
    it.effect.prop(
      `${name}: an answer is whole and one model's, and every request is closed`,
      [Models],
      ([[a, b, ...rest]]) =>
        Effect.gen(function*() {
          const models = [
            scriptedOf(a!, 0),
            scriptedOf(b!, 1),
            ...rest.map((each, i) => scriptedOf(each, i + 2))
          ] as const
          const model = compose(models)
          const chain = Runnable.sequence(model, OutputParser.string)
          let shown: Array<AIMessageChunk.AIMessageChunk> = []
          const streamed = Stream.runForEach(
            Stream.suspend(() => {
              shown = []
              return model.stream("Hi")
            }),
            (chunk) => Effect.sync(() => shown.push(chunk))
          )
          const settled = <A, E>(effect: Effect.Effect<A, E>) =>
            Effect.gen(function*() {
              const fiber = yield* Effect.forkChild(Effect.exit(effect))
              // A step may sleep only after the clock has moved.
              while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("10 minutes")
              const exit = yield* Fiber.join(fiber)
              for (const { calls } of models) {
                for (const { state } of yield* calls) assert.notStrictEqual(state, "open")
              }
              return exit
            })

          const exit = yield* settled(streamed)
          const content = shown.map(({ content }) => content).join("")
          assert.isAtMost(letters(content).size, 1)
          assert.isTrue(isStart(content), content)
          if (Exit.isSuccess(exit)) {
            const message = AIMessageChunk.toMessage(shown)
            assert.strictEqual(message?.content, content)
            const by = answeredBy(message)
            assert.isDefined(by)
            if (content !== "") assert.deepStrictEqual(letters(content), new Set([by.model]))
            const asked = yield* Effect.forEach(models, ({ calls }) => calls)
            const answered = asked[by.model.charCodeAt(0) - 97]
            assert.isTrue(answered?.some(({ state }) => state === "done"))
          } else {
            const error = yield* Effect.flip(exit)
            assert.instanceOf(error, ChatModelError.ChatModelError)
            assert.strictEqual(error.partial?.content ?? "", content)
            for (const attempt of error.attempts ?? []) assert.include(error.message, attempt.reason.message)
          }

          const invoked = yield* settled(model.invoke("Hi"))
          if (Exit.isSuccess(invoked)) {
            assert.isAtMost(letters(invoked.value.content).size, 1)
            assert.isDefined(answeredBy(invoked.value))
          }

          for (const self of [model, chain]) {
            const watched = yield* settled(
              eventsOf<string, unknown, ChatModelError.ChatModelError, never, unknown>(self, "Hi")
            )
            const { events } = yield* watched
            balanced(events)
            assert.lengthOf(events.filter(({ event }) => event === "on_chat_model_start"), 1)
          }
        }),
      { arbitrary: { runs: 50 } }
    )
  }
})
