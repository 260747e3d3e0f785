// Asks many questions, two at a time. A failure is the `Result` of its own question and does not stop the others.
import { Console, Effect, Result, Stream } from "effect"
import { ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

const questions = ["What is the capital of France?", "", "What is the capital of Peru?"]

const program = Effect.gen(function*() {
  // Answers in the order of the questions.
  const answers = yield* ChatModel.batch(questions, { concurrency: 2, maxTokens: 50 })
  for (const [i, answer] of answers.entries()) {
    yield* Console.log(
      i,
      Result.match(answer, {
        onSuccess: (message) => message.content,
        onFailure: (error) => `${error.reason._tag}: ${error.reason.message}`
      })
    )
  }
  // Answers as soon as they are ready.
  yield* ChatModel.batchAsCompleted(questions, { concurrency: 2, maxTokens: 50 }).pipe(
    Stream.runForEach(([index, answer]) => Console.log("ready:", index, Result.isSuccess(answer)))
  )
})

await Effect.runPromise(program.pipe(Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))))
