// What is inferred through chains, and what is not let through.
import { Context, Effect, Layer, Stream } from "effect"
import type { Cause } from "effect"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import type { AIMessageChunk, ChatModelError, Message, RunnableCache } from "rivulet"
import { expect, test } from "tstyche"

type Parts<S> = S extends Runnable.Runnable<infer In, infer Out, infer E, infer R, infer C, never>
  ? { in: In; out: Out; error: E; services: R; chunk: C }
  : never

class Boom {
  readonly _tag = "Boom"
}

const answer = Runnable.sequence(ChatModel.runnable, OutputParser.string)
const length = Runnable.fn((text: string) => text.length)
const both = Runnable.parallel({ text: answer, failing: Runnable.fn((_input: string) => Effect.fail(new Boom())) })

// a long chain
const long = Runnable.sequence(
  ChatPrompt.make("{a} and {b}"),
  ChatModel.runnable,
  OutputParser.string,
  Runnable.map((text: string) => text.length),
  Runnable.fn((n: number) => n > 3 ? Effect.succeed(n) : Effect.fail(new Boom()))
)
expect<Parts<typeof long>["in"]>().type.toBeAssignableFrom<{ readonly a: string; readonly b: number }>()
expect<Parts<typeof long>["in"]>().type.not.toBeAssignableFrom<{ readonly a: string }>()
expect<Parts<typeof long>["out"]>().type.toBe<number>()
expect<Parts<typeof long>["error"]>().type.toBe<ChatModelError.ChatModelError | Boom>()
expect<Parts<typeof long>["services"]>().type.toBe<ChatModel.ChatModel>()
expect<Parts<typeof long>["chunk"]>().type.toBe<number>()
expect(both.stream("")).type.toBe<
  Stream.Stream<
    { readonly text: string } | { readonly failing: never },
    ChatModelError.ChatModelError | Boom,
    ChatModel.ChatModel
  >
>()
// @ts-expect-error a parser of messages cannot follow a prompt
Runnable.sequence(ChatPrompt.make("About {topic}"), OutputParser.string)

// passthrough behind a step whose chunks are not what they fold to
const through = Runnable.sequence(ChatModel.runnable, Runnable.passthrough())
expect<Parts<typeof through>["out"]>().type.toBe<Message.AIMessage>()
expect<Parts<typeof through>["chunk"]>().type.toBe<AIMessageChunk.AIMessageChunk>()

// assign
const asked = Runnable.assign({
  answer: Runnable.sequence(Runnable.fn((input: { readonly question: string }) => input.question), answer)
})
const assigned: Effect.Effect<
  { readonly question: string; readonly answer: string },
  ChatModelError.ChatModelError,
  ChatModel.ChatModel
> = asked.invoke({ question: "why" })
// @ts-expect-error the input has no such key
asked.invoke({ q: "why" })

// @ts-expect-error the step before gives no question
Runnable.sequence(Runnable.passthrough<{ readonly n: number }>(), asked)
// @ts-expect-error the same, standing in the sequence
Runnable.sequence(Runnable.passthrough<{ n: number }>(), Runnable.assign({ l: Runnable.fn((i: { q: string }) => i.q) }))
const wide = Runnable.passthrough<{ readonly q: string; readonly n: number }>().pipe(
  Runnable.andThen(Runnable.assign({ l: Runnable.fn((i: { readonly q: string }) => i.q.length) }))
)
const widened: Effect.Effect<{ readonly q: string; readonly n: number; readonly l: number }> = wide.invoke({
  q: "",
  n: 1
})

const found = Runnable.parallel({ context: length, question: Runnable.passthrough<string>() })
const cited = Runnable.sequence(
  found,
  Runnable.assign({ n: Runnable.fn((i: { readonly context: number }) => i.context) })
)
expect<Parts<typeof cited>["chunk"]>().type.toBe<
  { readonly context: number } | { readonly question: string } | { readonly n: number }
>()
const counted = Runnable.assign({ n: Runnable.fn((input: { readonly context: number }) => input.context) })
Runnable.sequence(found, counted)
expect<Parts<typeof counted>["chunk"]>().type.toBe<{ readonly context?: number } | { readonly n: number }>()

// pick
const picked = Runnable.sequence(both, Runnable.pick("text"))
expect<Parts<typeof picked>["out"]>().type.toBe<string>()
expect<Parts<typeof picked>["chunk"]>().type.toBe<string>()
const pickedKeys = Runnable.sequence(both, Runnable.pick(["text"]))
expect<Parts<typeof pickedKeys>["out"]["text"]>().type.toBe<string>()
// @ts-expect-error there is no such key
Runnable.sequence(both, Runnable.pick("nothing"))
const pickedInPipe = both.pipe(Runnable.andThen(Runnable.pick("text")))
expect<Parts<typeof pickedInPipe>["out"]>().type.toBe<string>()

// branch
const chosen = Runnable.branch(
  [
    [(text: string) => text.length > 3, answer],
    [(_input: string) => Effect.fail(new Boom()), length]
  ],
  Runnable.fn((_input: string) => true)
)
expect<Parts<typeof chosen>["in"]>().type.toBe<string>()
expect<Parts<typeof chosen>["out"]>().type.toBe<string | number | boolean>()
expect<Parts<typeof chosen>["error"]>().type.toBe<ChatModelError.ChatModelError | Boom>()
expect<Parts<typeof chosen>["services"]>().type.toBe<ChatModel.ChatModel>()
// @ts-expect-error the steps take different inputs
Runnable.branch([[(_input: string) => true, length]], Runnable.fn((n: number) => n)).invoke("x")
// @ts-expect-error a condition is a yes or a no
Runnable.branch([[(_input: string) => 1, length]], length)

// route
const routed = Runnable.route({ a: answer, b: length }, (_input: string) => "a")
expect<Parts<typeof routed>["in"]>().type.toBe<string>()
expect<Parts<typeof routed>["out"]>().type.toBe<string | number>()
expect<Parts<typeof routed>["error"]>().type.toBe<ChatModelError.ChatModelError | Runnable.RouteError>()

// each
const many = Runnable.each(length)
expect<Parts<typeof many>["out"]>().type.toBe<ReadonlyArray<number>>()
// @ts-expect-error a list of texts
many.invoke([1])
// @ts-expect-error it gives one result, so it tells no progress
Runnable.each(length, { onProgress: () => Effect.void })

// batch: any iterable of inputs, of which a text is none
length.batch(new Set(["a"]))
// @ts-expect-error a text
length.batch("a")
// @ts-expect-error a list of numbers
length.batchAsCompleted([1])

// withTimeout, withCache: their failures and needs
const timed = answer.pipe(Runnable.withTimeout("1 second"))
expect<Parts<typeof timed>["error"]>().type.toBe<ChatModelError.ChatModelError | Runnable.RunnableTimeoutError>()
const cached = length.pipe(Runnable.withCache({ name: "length", key: (text) => text.trim() }))
expect<Parts<typeof cached>["services"]>().type.toBe<RunnableCache.RunnableCache>()
// @ts-expect-error a cache without a name would mix steps up
length.pipe(Runnable.withCache({}))

// withListeners: the observers know what they are told
const observed = answer.pipe(Runnable.withListeners({
  onEnd: ({ output }) => Effect.succeed(output.length),
  onError: ({ error }) => Effect.succeed(error?.reason._tag)
}))
expect<Parts<typeof observed>["error"]>().type.toBe<ChatModelError.ChatModelError>()
// @ts-expect-error the output is a text
answer.pipe(Runnable.withListeners({ onEnd: ({ output }) => Effect.succeed(output.content) }))

export { assigned, widened }

test("a function may return a promise, whose rejection is a typed failure", () => {
  expect(Runnable.fn(async (text: string) => text.length))
    .type.toBe<Runnable.Runnable<string, number, Cause.UnknownError>>()
  expect(Runnable.map(async (text: string) => text.length))
    .type.toBe<Runnable.Runnable<string, number, Cause.UnknownError, never, number, string>>()
  expect(Runnable.map((text: string) => Effect.succeed(text.length)))
    .type.toBe<Runnable.Runnable<string, number, never, never, number, string>>()
  expect(Runnable.fn((text: string) => Stream.make(text))).type.toBe<Runnable.Runnable<string, string>>()
})

test("a function of chunks returns no stream and no runnable", () => {
  expect(Runnable.map).type.not.toBeCallableWith((text: string) => Stream.make(text))
  expect(Runnable.map).type.not.toBeCallableWith((_text: string) => Runnable.passthrough<string>())
})

test("providing takes services away, and adds what the layer needs and fails with", () => {
  class Key extends Context.Service<Key, string>()("app/Key") {}
  class Other extends Context.Service<Other, string>()("app/Other") {}
  class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
  const model = Layer.effect(
    ChatModel.ChatModel,
    Effect.flatMap(Key, (): Effect.Effect<ChatModel.Service, Boom> => Effect.fail(new Boom()))
  )
  const step = Runnable.map((text: string) => Effect.as(Effect.all([Other, ChatModel.ChatModel]), text))
  expect(step.pipe(Runnable.provide(model)))
    .type.toBe<Runnable.Runnable<string, string, Boom, Other | Key, string, string>>()
  expect(step.pipe(Runnable.provide(Other.context("o"))))
    .type.toBe<Runnable.Runnable<string, string, never, ChatModel.ChatModel, string, string>>()
  expect(answer.pipe(Runnable.provide(Layer.succeed(Key, "k"))))
    .type.toBe<
    Runnable.Runnable<ChatModel.ChatInput, string, ChatModelError.ChatModelError, ChatModel.ChatModel, string>
  >()
  // One step of a chain: the others keep what they need.
  const chain = Runnable.sequence(
    answer,
    ChatModel.runnableOf(Fast).pipe(Runnable.provide(Layer.effect(Fast, ChatModel.ChatModel)))
  )
  expect<Parts<typeof chain>["services"]>().type.toBe<ChatModel.ChatModel>()
  expect(Runnable.provide).type.not.toBeCallableWith({ model: "m" })
})
