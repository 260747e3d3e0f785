/**
 * Tests of apps with Vitest: every test gets a model of its own, which has a script or answers by itself.
 *
 * **When to use**
 *
 * Use {@link layer} in the place of `layer` of `@effect/vitest`, which shares one model, with its script and its record of
 * requests, between all tests of a block. `rivulet/Testing` has the same models for other test runners.
 *
 * **Example** (The first test of a chain)
 *
 * ```ts
 * import { assert } from "@effect/vitest"
 * import { Effect } from "effect"
 * import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
 * import { expectAsked, layer } from "rivulet/Vitest"
 *
 * const chain = Runnable.sequence(ChatPrompt.make("Translate: {text}"), ChatModel.runnable, OutputParser.string)
 *
 * layer({ answers: ["goldfish"] })((it) =>
 *   it.effect("translates", () => Effect.gen(function*() {
 *     assert.strictEqual(yield* chain.invoke({ text: "poisson rouge" }), "goldfish")
 *     yield* expectAsked({ human: "Translate: poisson rouge" })
 *   })))
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import { describe, it as base } from "@effect/vitest"
import type { API, Vitest } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ChatModel, ChatRequest } from "./ChatModel.ts"
import { forbidLiveCalls } from "./internal/http/transport.ts"
import * as AutoChatModel from "./testing/AutoChatModel.ts"
import * as ScriptedChatModel from "./testing/ScriptedChatModel.ts"

export { expectAsked } from "./testing/asked.ts"
export type { Asked } from "./testing/asked.ts"

/** An answer of the model: a text, or a reply of `Testing.ScriptedChatModel`, such as `toolCalls`. */
export type Answer = string | ScriptedChatModel.Reply

/** Options of a model with a script. */
export interface ScriptOptions extends ScriptedChatModel.Options {
  /**
   * The answers of each test, in order, or a function that returns the answer to each request. A request without an answer
   * fails with `UnknownError`.
   */
  readonly answers: ReadonlyArray<Answer> | ((request: ChatRequest) => Answer)
}

/** Options of a model that answers by itself. */
export interface AutoOptions extends AutoChatModel.SeedOptions {
  /** Without answers the model answers by itself. */
  readonly answers?: undefined
}

/** Options of tests of an app that has layers. */
export interface AppOptions<A, E> {
  /** Layers of the app, which may require the model. They are built for each test, which may require their services. */
  readonly app: Layer.Layer<A, E, Model>
}

/** The services that tests of {@link layer} may require besides their own: the model, and its requests. */
export type Model = ChatModel | ScriptedChatModel.ScriptedChatModel

/** The tests of a block, as those of `@effect/vitest`. Their effects may require the model and what it is needed for. */
export type Methods<R, Shared = never> = API & {
  /** Declares a test that is an effect, with `TestClock`, `TestConsole` and a scope. */
  readonly effect: Vitest.Tester<R | Shared | Scope.Scope>
  /** Declares a property of values that are not run as effects. */
  readonly prop: Vitest.MethodsNonLive["prop"]
  /** Runs an effect again if it fails. */
  readonly flakyTest: Vitest.MethodsNonLive["flakyTest"]
  /** Shares a layer between tests, which does not require the model. */
  readonly layer: <A, E>(layer: Layer.Layer<A, E, Shared>, options?: {
    /** Whether the tests of a named block run at the same time. Default: as those around it. */
    readonly concurrent?: boolean
    /** The time limit of building the layer. Default: that of Vitest. */
    readonly timeout?: Duration.Input
  }) => Block<R, Shared | A>
}

/** Declares a block of tests, which has a name or is part of the block around it. */
export interface Block<R, Shared = never> {
  /** Declares tests without a block of their own. */
  (tests: (it: Methods<R, Shared>) => void): void
  /** Declares a block of tests with a name. */
  (name: string, tests: (it: Methods<R, Shared>) => void): void
}

/**
 * Declares tests that have a model, for their app and for {@link expectAsked}. Each test, and each run of a property, has a
 * new one: its script begins with the first answer, and it has not been asked anything.
 *
 * **Details**
 *
 * With `answers` the model is a `ScriptedChatModel`, and otherwise an `AutoChatModel`. `app` are layers of the app that may
 * require the model; they are built for each test. A call of another model to a real provider fails, as `forbidLiveCalls` of
 * `rivulet/Testing` says.
 *
 * **Example** (A tool is called, and the next test begins anew)
 *
 * ```ts
 * import { assert } from "@effect/vitest"
 * import { Effect, Schema } from "effect"
 * import { Agent, Tool } from "rivulet"
 * import { ScriptedChatModel } from "rivulet/Testing"
 * import { expectAsked, layer } from "rivulet/Vitest"
 *
 * const weather = Tool.make("weather", { success: Schema.String, handler: () => Effect.succeed("21 degrees") })
 * const agent = Agent.make({ tools: [weather] })
 *
 * layer({ answers: [ScriptedChatModel.toolCalls([{ name: "weather", args: {} }]), "It is warm."] })("agent", (it) => {
 *   it.effect("tells the result of the tool", () =>
 *     Effect.gen(function*() {
 *       const { content } = yield* agent.invoke("Is it warm?")
 *       assert.strictEqual(content, "It is warm.")
 *       yield* expectAsked([{ human: "Is it warm?" }, { results: ["21 degrees"] }])
 *     }))
 *
 *   it.effect("offers the tool", () => Effect.andThen(agent.invoke("Hi"), expectAsked({ tools: ["weather"] })))
 * })
 * ```
 */
export const layer: {
  (options?: ScriptOptions | AutoOptions): Block<Model>
  <A, E>(options: (ScriptOptions | AutoOptions) & AppOptions<A, E>): Block<Model | A>
} = (options: (ScriptOptions | AutoOptions) & Partial<AppOptions<never, unknown>> = {}): Block<Model> => {
  const model = modelOf(options)
  const app = options.app === undefined ? model : Layer.provideMerge(options.app, model)
  const services = Layer.merge(app, Layer.succeed(forbidLiveCalls, true))
  // Built anew for each effect: another test would have used its script up.
  return blockOf<never>(base, (effect) => Effect.provide(effect, services, { local: true }))
}

const modelOf = (options: ScriptOptions | AutoOptions): Layer.Layer<Model> => {
  if (options.answers === undefined) return AutoChatModel.layer(options)
  const { answers } = options
  return ScriptedChatModel.layer(
    typeof answers === "function" ? (request) => replyOf(answers(request)) : answers.map(replyOf),
    options
  )
}

const replyOf = (answer: Answer): ScriptedChatModel.Reply =>
  typeof answer === "string" ? ScriptedChatModel.text(answer) : answer

// -----------------------------------------------------------------------------
// tests
// -----------------------------------------------------------------------------

/** Gives an effect the services that are made anew for it. */
type Provide = <A, E, R>(effect: Effect.Effect<A, E, R | Model>) => Effect.Effect<A, unknown, R>

type Base<Shared> = Pick<Vitest.MethodsNonLive<Shared>, "effect" | "layer"> & API

const blockOf = <Shared>(it: Base<Shared>, provide: Provide): Block<Model, Shared> => {
  const methods = methodsOf(it, provide)
  return (
    ...args: [tests: (it: Methods<Model, Shared>) => void] | [name: string, tests: (it: Methods<Model, Shared>) => void]
  ): void => {
    if (args.length === 1) args[0](methods)
    else describe(args[0], () => args[1](methods))
  }
}

/** The methods of `@effect/vitest`, of which those that run effects provide the model. */
const methodsOf = <Shared>(it: Base<Shared>, provide: Provide): Methods<Model, Shared> => {
  const own = {
    effect: testerOf(it.effect, provide),
    layer: (shared: Layer.Layer<never, unknown, Shared>, options?: object): Block<Model, Shared> => {
      const block = it.layer(shared, options)
      return (...args: [unknown, unknown?]): void => {
        // A block takes a function, or a name and a function.
        const tests = args.at(-1) as (it: Methods<Model, Shared>) => void
        const nested = (it: Base<Shared>) => tests(methodsOf(it, provide))
        if (args.length === 1) block(nested)
        else block(String(args[0]), nested)
      }
    }
  }
  // The functions of Vitest's own, such as `it.skip`, are read from it when they are asked for.
  return new Proxy(it, {
    get: (target, key, receiver): unknown =>
      Object.hasOwn(own, key) ? Reflect.get(own, key) : Reflect.get(target, key, receiver)
  }) as Methods<Model, Shared> // `own` replaces what has other types
}

/** A tester whose tests get the model. */
const testerOf = <R>(tester: Vitest.Tester<R>, provide: Provide): Vitest.Tester<R | Model> => {
  const withModel = (test: Vitest.Test<R>): Vitest.Test<R | Model> => (name, self, options) =>
    test(name, sourceOf(self, (...args) => provide(self(...args))), options)
  const each: Vitest.Tester<R | Model>["each"] = (cases) => (name, self, options) =>
    tester.each(cases)(name, sourceOf(self, (...args) => provide(self(...args))), options)
  const prop: Vitest.Tester<R | Model>["prop"] = (name, arbitraries, self, options) =>
    tester.prop(name, arbitraries, (...args) => provide(self(...args)), options)
  return Object.assign(withModel(tester), {
    skip: withModel(tester.skip),
    only: withModel(tester.only),
    fails: withModel(tester.fails),
    skipIf: (condition: unknown) => withModel(tester.skipIf(condition)),
    runIf: (condition: unknown) => withModel(tester.runIf(condition)),
    each,
    prop
  })
}

/** Vitest reads the source of a test to find the fixtures that it wants. */
const sourceOf = <F extends object>(source: object, wrapped: F): F =>
  Object.defineProperty(wrapped, "toString", { value: () => String(source) })
