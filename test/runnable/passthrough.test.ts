// `passthrough` is an identity: behind a step it changes nothing, whatever is put around the two.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { ChatHistory, OutputParser, Runnable, RunnableCache } from "rivulet"
import type { AIMessageChunk, Message } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"
import type { Parser } from "../support/parser.ts"

const { text } = ScriptedChatModel

/** A parser in a wrapper, which may wait for its whole input. */
type Wrapped = Runnable.Runnable<Message.AIMessage, unknown, unknown, RunnableCache.RunnableCache, unknown, never>

const Recipe = Schema.Struct({ name: Schema.String, steps: Schema.Array(Schema.String) })

/** Parsers, each with an answer that it can read and one that it cannot. */
const parsers: Readonly<Record<string, readonly [parser: Parser, good: string, bad: string]>> = {
  json: [OutputParser.json(), "{\"a\": [1, 2]}", "{\"a\": [1, 2"],
  "json with patches": [OutputParser.json({ diff: true }), "{\"a\": [1, 2]}", "{\"a\": [1, 2"],
  schema: [OutputParser.schema(Recipe), "{\"name\": \"Soup\", \"steps\": []}", "{\"name\": \"Soup\", \"steps\": 3}"],
  elements: [OutputParser.schema(Schema.Array(Schema.Int), { elements: true }), "[1, 2, 3]", "[1, 2, \"3\"]"],
  regex: [OutputParser.regex(/(?<word>\w+)!/), "hello!", "hello"],
  xml: [OutputParser.xml(), "<a><b>1</b></a>", "<a><b>1</b>"]
}

const identity = <S extends Parser>(step: S): Parser =>
  Runnable.sequence(step, Runnable.passthrough<unknown, unknown>())

/** A run of a chain: its chunks and its end, streamed; its end, invoked; what its models were asked. */
const outcome = <E, R>(
  make: () => readonly [chain: Runnable.Runnable<string, unknown, E, R, unknown>, models: ReadonlyArray<Scripted>]
) =>
  Effect.gen(function*() {
    const chunks: Array<unknown> = []
    const [streamed, asked] = make()
    const end = yield* Effect.result(
      Stream.runForEach(streamed.stream("hi"), (chunk) => Effect.sync(() => chunks.push(chunk)))
    )
    const [invoked] = make()
    const value = yield* Effect.result(invoked.invoke("hi"))
    const [watched] = make()
    balanced((yield* eventsOf(watched, "hi")).events)
    return { chunks, end, value, asked: yield* Effect.forEach(asked, ({ calls }) => calls) }
  })

type Scripted = ReturnType<typeof ScriptedChatModel.make>

const says = (...answers: ReadonlyArray<string>) =>
  ScriptedChatModel.make(answers.map((answer) => text(answer.match(/[^]{1,4}/g) ?? [])))

describe("passthrough behind a parser", () => {
  for (const [name, [parser, good, bad]] of Object.entries(parsers)) {
    for (const [answer, first] of [["good", good], ["bad", bad]] as const) {
      it.effect(`${name}, withFixing, a ${answer} answer`, () =>
        Effect.gen(function*() {
          const chainOf = (step: Parser) => () => {
            const [asked, fixer] = [says(first), says(good)]
            return [Runnable.sequence(asked.model, step.pipe(OutputParser.withFixing(fixer.model))), [
              asked,
              fixer
            ]] as const
          }
          const plain = yield* outcome(chainOf(parser))
          assert.deepStrictEqual(yield* outcome(chainOf(identity(parser))), plain)
          assert.deepStrictEqual(yield* outcome(chainOf(identity(identity(parser)))), plain)
        }))

      const wrappers: Readonly<Record<string, (step: Parser) => Wrapped>> = {
        withRetry: (step) => step.pipe(Runnable.withRetry({ times: 0 })),
        withFallbacks: (step) =>
          step.pipe(Runnable.withFallbacks([Runnable.fn((_input: Message.AIMessage): unknown => "fallback")])),
        withTimeout: (step) => step.pipe(Runnable.withTimeout("1 minute")),
        withConfig: (step) => step.pipe(Runnable.withConfig({ name: "n", tags: ["t"] })),
        withListeners: (step) => step.pipe(Runnable.withListeners({ onEnd: () => Effect.void })),
        withRateLimit: (step) => step.pipe(Runnable.withRateLimit({ limit: 100, window: "1 second" })),
        withCache: (step) => step.pipe(Runnable.withCache({ name: "n" })),
        "fn of a runnable": (step) => Runnable.fn((_input: Message.AIMessage) => step),
        branch: (step) => Runnable.branch([[(_input: Message.AIMessage) => true, step]], step),
        route: (step) => Runnable.route({ a: step }, (_input: Message.AIMessage) => "a"),
        "parallel and pick": (step) => Runnable.sequence(Runnable.parallel({ a: step }), Runnable.pick("a")),
        "parallel and pick of keys": (step) => Runnable.sequence(Runnable.parallel({ a: step }), Runnable.pick(["a"])),
        assign: (step) =>
          Runnable.sequence(
            Runnable.fn((message: Message.AIMessage) => ({ message })),
            Runnable.assign({
              // The step gets the whole message, as its only chunk.
              a: Runnable.fn(({ message }: { readonly message: Message.AIMessage }) =>
                Runnable.fn((_input: unknown) => step.invoke(message))
              )
            })
          )
      }
      for (const [wrapper, wrap] of Object.entries(wrappers)) {
        it.effect(`${name}, ${wrapper}, a ${answer} answer`, () =>
          Effect.gen(function*() {
            const chainOf = (step: Parser) => () => {
              const asked = says(first)
              return [Runnable.sequence(asked.model, wrap(step) as Wrapped & Parser), [asked]] as const
            }
            assert.deepStrictEqual(yield* outcome(chainOf(identity(parser))), yield* outcome(chainOf(parser)))
          }).pipe(Effect.provide(RunnableCache.layerMemory({ capacity: 0 }))))
      }
    }
  }

  it.effect("of a model, in a history", () =>
    Effect.gen(function*() {
      const chainOf = (passed: boolean) => () => {
        const asked = says("Hello!")
        const step = passed
          ? Runnable.sequence(asked.model, Runnable.passthrough<Message.AIMessage, AIMessageChunk.AIMessageChunk>())
          : asked.model
        return [ChatHistory.withHistory(step, { sessionId: "s" }), [asked]] as const
      }
      const of = (passed: boolean) =>
        Effect.gen(function*() {
          const ran = yield* outcome(chainOf(passed))
          const { get } = yield* ChatHistory.ChatHistory
          return [ran, yield* get("s")]
        }).pipe(Effect.provide(ChatHistory.layerMemory))
      assert.deepStrictEqual(yield* of(true), yield* of(false))
    }))
})
