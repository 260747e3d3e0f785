// Uses two models in one app, each with its own tag: a fast one drafts, a smart one reviews.
import { Console, Context, Effect, Layer } from "effect"
import type { ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
class Smart extends Context.Service<Smart, ChatModel.Service>()("app/Smart") {}

const Models = Layer.mergeAll(
  Layer.effect(Fast, Anthropic.make({ model: "claude-haiku-4-5", maxTokens: 500 })),
  Layer.effect(Smart, Anthropic.make({ model: "claude-opus-4-8", reasoning: { effort: "high" } }))
)

const program = Effect.gen(function*() {
  const fast = yield* Fast
  const smart = yield* Smart
  const draft = yield* fast.invoke("Write a haiku about rain")
  const review = yield* smart.invoke([
    ["human", "Write a haiku about rain"],
    draft,
    ["human", "Is this a haiku? Answer in a word."]
  ])
  yield* Console.log(`${fast.model}: ${draft.content}\n${smart.model}: ${review.content}`)
})

await Effect.runPromise(program.pipe(Effect.provide(Models)))
