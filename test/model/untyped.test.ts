// Callers without types: a wrapper, an option or a hook that cannot work is named, where it is given if possible.
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Logger, References, Result } from "effect"
import {
  ChatModel,
  ChatPrompt,
  ModelBudget,
  ModelCache,
  ModelGuard,
  ModelLimits,
  ModelRouting,
  RunnableCache
} from "rivulet"
import { fails, says } from "../support/routing.ts"

/** A value of a caller without types. */
const any = <A>(value: unknown): A => value as A

const { model } = says("a")
const other = says("b").model

const invoke = (model: ChatModel.Service) => model.invoke("Hi")

/** The message of what was thrown, or of the defect of a call. */
const messageOf = (run: () => unknown): Effect.Effect<string> =>
  Effect.suspend(() => {
    const made = run()
    return Effect.isEffect(made) ? made as Effect.Effect<unknown> : Effect.void
  }).pipe(
    Effect.provide(RunnableCache.layerMemory({ capacity: 1 })),
    Effect.exit,
    Effect.map((exit) => {
      const error: unknown = Exit.isSuccess(exit) ? undefined : Cause.squash(exit.cause)
      return error instanceof TypeError ? error.message : `no TypeError: ${String(error)}`
    })
  )

const cases: { readonly [title: string]: readonly [run: () => unknown, message: RegExp] } = {
  "an effect of a model": [
    () => ModelCache.withSharing()(any<ChatModel.Service>(Effect.succeed(model))),
    /^A wrapper takes a model or a layer of one, not an effect: give it to Effect\.map/
  ],
  "an effect of a model, with other models": [
    () => ModelRouting.withFallbacks([Effect.succeed(other)])(any<ChatModel.Service>(Effect.succeed(model))),
    /not an effect: give it to Effect\.map/
  ],
  "nothing to wrap": [() => ModelLimits.withRateLimit({ concurrency: 1 })(any(undefined)), /not undefined$/],
  "a step that is no model": [
    () => ModelGuard.withGuard({ patterns: ["a"] })(any(ChatPrompt.make("Hi"))),
    /^A wrapper takes a model or a layer of one, not an object$/
  ],
  "hooks for a tag": [() => ChatModel.transform(any(ChatModel.ChatModel), {}), /^A wrapper takes a model/],
  "a fallback that is a prompt": [
    () => model.pipe(ModelRouting.withFallbacks([any<ChatModel.Service>(ChatPrompt.make("Hi"))])),
    /^withFallbacks: an object is no model/
  ],
  "a fallback whose effect gives no model": [
    () => model.pipe(ModelRouting.withFallbacks([Effect.succeed(any<ChatModel.Service>(5))])),
    /^withFallbacks: 5 is no model/
  ],
  "a reason in place of a list": [
    () => ModelRouting.withFallbacks([other], { when: any("OverloadedError") }),
    /^withFallbacks: when must be a list of reasons or a function, not "OverloadedError"$/
  ],
  "a reason that does not exist": [
    () => ModelRouting.withRouter([other], { when: any(["RateLimitError", "Overloaded"]) }),
    /^withRouter: when: "Overloaded" is no reason/
  ],
  "a strategy that does not exist": [
    () => ModelRouting.withRouter([other], { strategy: any("fastest") }),
    /^withRouter: strategy must be "random", "latency" or \{ weights: \[\.\.\.\] \}, not "fastest"$/
  ],
  "weights by name": [
    () => ModelRouting.withRouter([other], { strategy: { weights: any({ a: 1 }) } }),
    /^withRouter: strategy must be .* not an object$/
  ],
  "a cool-down that is a time": [
    () => ModelRouting.withRouter([other], { coolDown: any("10 seconds") }),
    /^withRouter: coolDown must have `failures` or `duration`, or be false, not "10 seconds"$/
  ],
  "a key that is no function": [
    () => ModelRouting.withRouter([other], { key: any("user") }),
    /^withRouter: key must be a function, not "user"$/
  ],
  "a key that returns a number": [
    () => invoke(model.pipe(ModelRouting.withRouter([other], { key: () => any(5) }))),
    /^withRouter: key must return a text, not 5$/
  ],
  "the key of a cache": [
    () => ModelCache.withCache({ keep: any(true) }),
    /^ModelCache\.withCache: keep must be a function, not true$/
  ],
  "the key of a budget": [
    () => ModelBudget.make({ tokens: 5, key: any("user") }),
    /^ModelBudget: key must be a function, not "user"$/
  ],
  "a budget without a key for a call": [
    () => invoke(model.pipe(ModelBudget.withBudget({ tokens: 5, key: () => any(undefined) }))),
    /^ModelBudget: key must return a text, not undefined$/
  ],
  "limits that are no list": [
    () => ModelLimits.withRateLimit({ limits: any({ requests: 1, window: "1 day" }) }),
    /^ModelLimits\.withRateLimit: limits must be a list, not an object$/
  ],
  "a guard with nothing": [() => ModelGuard.withGuard(any({})), /^withGuard: give either patterns or a check$/],
  "a guard with both": [
    () => ModelGuard.withGuard(any({ patterns: ["a"], check: () => Effect.succeed(ModelGuard.pass) })),
    /^withGuard: give either patterns or a check$/
  ],
  "a pattern in place of a list": [
    () => ModelGuard.withGuard({ patterns: any(/a/) }),
    /^withGuard: patterns must be a list, not an object$/
  ],
  "a rule without its pattern": [
    () => ModelGuard.withGuard({ patterns: ["a", any({ stop: "b" })] }),
    /^withGuard: patterns\[1\] must be a word/
  ],
  "a check that is no effect": [
    () =>
      Effect.flatMap(
        model.pipe(ModelGuard.withGuard({ check: () => any<Effect.Effect<ModelGuard.Verdict>>(ModelGuard.pass) })),
        invoke
      ),
    /^withGuard: check must return an effect, not an object$/
  ],
  "a check that gives no verdict": [
    () =>
      Effect.flatMap(
        model.pipe(ModelGuard.withGuard({ check: () => Effect.succeed(any<ModelGuard.Verdict>(true)) })),
        invoke
      ),
    /^withGuard: check must give ModelGuard\.pass, .* not true$/
  ],
  "a request hook that is no effect": [
    () => invoke(ChatModel.transform(model, { request: (request) => any(request) })),
    /^ChatModel\.transform: request must return an effect, not an object$/
  ],
  "facts without the code that applies them": [
    () =>
      ChatModel.make({
        provider: "local",
        model: "echo",
        facts: any({ rules: [{ match: ".", maxOutput: 9 }] }),
        generate: () => Effect.succeed({ content: "Hi" })
      }),
    /^ChatModel\.make: `facts` must be made by ModelFacts\.source$/
  ],
  "a stream hook without a stream": [
    () => invoke(ChatModel.transform(model, { stream: () => any(undefined) })),
    /^ChatModel\.transform: stream must return a stream, not undefined$/
  ],
  "a hook that is async": [
    () => invoke(ChatModel.transform(model, { answered: () => any(Promise.resolve()) })),
    /^ChatModel\.transform: answered must return an effect, not a Promise$/
  ]
}

describe("wrappers for callers without types", () => {
  for (const [title, [run, message]] of Object.entries(cases)) {
    it.effect(title, () => Effect.map(messageOf(run), (found) => assert.match(found, message)))
  }

  it.effect("every reason of an error may be given", () =>
    Effect.gen(function*() {
      const failing = fails("a").model.pipe(ModelRouting.withFallbacks([other], { when: ["OverloadedError"] }))
      assert.strictEqual((yield* failing.invoke("Hi")).content, "b!")
    }))

  it.effect("an onProgress that is no effect is a warning, and the answers stay", () => {
    const logged: Array<string> = []
    const logger = Logger.make(({ cause, message }) => {
      logged.push(`${String(message)} ${Cause.pretty(cause)}`)
    })
    return Effect.gen(function*() {
      const results = yield* model.batch(["Hi"], { onProgress: () => any(undefined) })
      assert.deepStrictEqual(results.map(Result.isSuccess), [true])
      assert.match(logged.join(), /onProgress must return an effect, not undefined/)
    }).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "Warn"))
  })
})
