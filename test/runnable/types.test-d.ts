// Compiled by tsc, never run: what is inferred, and what is not let through.
import { Effect } from "effect"
import { ChatModel, OutputParser, Runnable } from "rivulet"
import type { AIMessageChunk, ChatModelError, Message, RunnableCache } from "rivulet"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_input: Equal<A, B>) => {}

type Parts<S> = S extends Runnable.Runnable<infer In, infer Out, infer E, infer R, infer C, never>
  ? { in: In; out: Out; error: E; services: R; chunk: C }
  : never

class Boom {
  readonly _tag = "Boom"
}

const answer = Runnable.sequence(ChatModel.runnable, OutputParser.string)
const length = Runnable.fn((text: string) => text.length)
const both = Runnable.parallel({ text: answer, failing: Runnable.fn((_input: string) => Effect.fail(new Boom())) })

// passthrough behind a step whose chunks are not what they fold to
const through = Runnable.sequence(ChatModel.runnable, Runnable.passthrough())
same<Parts<typeof through>["out"], Message.AIMessage>(true)
same<Parts<typeof through>["chunk"], AIMessageChunk.AIMessageChunk>(true)

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

// pick
const picked = Runnable.sequence(both, Runnable.pick("text"))
same<Parts<typeof picked>["out"], string>(true)
same<Parts<typeof picked>["chunk"], string>(true)
const pickedKeys = Runnable.sequence(both, Runnable.pick(["text"]))
same<Parts<typeof pickedKeys>["out"]["text"], string>(true)
// @ts-expect-error there is no such key
Runnable.sequence(both, Runnable.pick("nothing"))
const pickedInPipe = both.pipe(Runnable.andThen(Runnable.pick("text")))
same<Parts<typeof pickedInPipe>["out"], string>(true)

// branch
const chosen = Runnable.branch(
  [
    [(text: string) => text.length > 3, answer],
    [(_input: string) => Effect.fail(new Boom()), length]
  ],
  Runnable.fn((_input: string) => true)
)
same<Parts<typeof chosen>["in"], string>(true)
same<Parts<typeof chosen>["out"], string | number | boolean>(true)
same<Parts<typeof chosen>["error"], ChatModelError.ChatModelError | Boom>(true)
same<Parts<typeof chosen>["services"], ChatModel.ChatModel>(true)
// @ts-expect-error the steps take different inputs
Runnable.branch([[(_input: string) => true, length]], Runnable.fn((n: number) => n)).invoke("x")
// @ts-expect-error a condition is a yes or a no
Runnable.branch([[(_input: string) => 1, length]], length)

// route
const routed = Runnable.route({ a: answer, b: length }, (_input: string) => "a")
same<Parts<typeof routed>["in"], string>(true)
same<Parts<typeof routed>["out"], string | number>(true)
same<Parts<typeof routed>["error"], ChatModelError.ChatModelError | Runnable.RouteError>(true)

// each
const many = Runnable.each(length)
same<Parts<typeof many>["out"], ReadonlyArray<number>>(true)
// @ts-expect-error a list of texts
many.invoke([1])

// withTimeout, withCache: their failures and needs
const timed = answer.pipe(Runnable.withTimeout("1 second"))
same<Parts<typeof timed>["error"], ChatModelError.ChatModelError | Runnable.RunnableTimeoutError>(true)
const cached = length.pipe(Runnable.withCache({ name: "length", key: (text) => text.trim() }))
same<Parts<typeof cached>["services"], RunnableCache.RunnableCache>(true)
// @ts-expect-error a cache without a name would mix steps up
length.pipe(Runnable.withCache({}))

// withListeners: the observers know what they are told
const observed = answer.pipe(Runnable.withListeners({
  onEnd: ({ output }) => Effect.succeed(output.length),
  onError: ({ error }) => Effect.succeed(error?.reason._tag)
}))
same<Parts<typeof observed>["error"], ChatModelError.ChatModelError>(true)
// @ts-expect-error the output is a text
answer.pipe(Runnable.withListeners({ onEnd: ({ output }) => Effect.succeed(output.content) }))

export { assigned, widened }
