// The recipe of docs/errors-and-retries.md: a plan of Effect's own takes no second model once an answer has begun.
import { assert, describe, it } from "@effect/vitest"
import { Effect, ExecutionPlan, Layer, Stream } from "effect"
import { ChatModel, ChatModelError } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { fail, make, text } = ScriptedChatModel
const options = { options: { maxRetries: 0 } }

/** A model that fails after these tokens, each time, and one that answers. */
const plan = (tokens: ReadonlyArray<string>) => {
  const overloaded = fail(new ChatModelError.OverloadedError({ message: "busy" }))
  const first = make(() => [...text(tokens).slice(0, tokens.length), overloaded], options)
  const second = make([text(["a", "b"])], options)
  const layerOf = ({ model }: typeof first) => Layer.succeed(ChatModel.ChatModel, model)
  return {
    first,
    plan: ExecutionPlan.make(
      {
        provide: layerOf(first),
        attempts: 2,
        while: (error: ChatModelError.ChatModelError) => error.isRetryable && error.partial === undefined
      },
      { provide: layerOf(second) }
    )
  }
}
const collected = (stream: Stream.Stream<{ readonly content: string }, ChatModelError.ChatModelError>) => {
  const seen: Array<string> = []
  return Effect.map(
    Effect.result(Stream.runForEach(stream, ({ content }) => Effect.sync(() => void seen.push(content)))),
    (result) => ({ result: result._tag, text: seen.join("") })
  )
}

describe("ExecutionPlan", () => {
  it.effect("takes the next model before the first chunk", () =>
    Effect.gen(function*() {
      const { first, plan: models } = plan([])
      const stream = ChatModel.stream("Hi").pipe(
        Stream.withExecutionPlan(models, { preventFallbackOnPartialStream: true })
      )
      assert.deepStrictEqual(yield* collected(stream), { result: "Success", text: "ab" })
      assert.lengthOf(yield* first.calls, 2)
    }))

  it.effect("fails after it, and with what had come", () =>
    Effect.gen(function*() {
      const { first, plan: models } = plan(["x"])
      const stream = ChatModel.stream("Hi").pipe(
        Stream.withExecutionPlan(models, { preventFallbackOnPartialStream: true })
      )
      assert.deepStrictEqual(yield* collected(stream), { result: "Failure", text: "x" })
      assert.lengthOf(yield* first.calls, 1)
    }))

  it.effect("without the option two answers are mixed: the recipe is needed", () =>
    Effect.gen(function*() {
      const stream = ChatModel.stream("Hi").pipe(Stream.withExecutionPlan(plan(["x"]).plan))
      assert.deepStrictEqual(yield* collected(stream), { result: "Success", text: "xab" })
    }))

  it.effect("an invocation takes the next model at any time", () =>
    Effect.gen(function*() {
      const answer = yield* ChatModel.invoke("Hi").pipe(Effect.withExecutionPlan(plan(["x"]).plan))
      assert.strictEqual(answer.content, "ab")
    }))
})
