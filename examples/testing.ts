// Tests an app in two ways: with a scripted model, and over HTTP with a local server that breaks answers.
import { Effect, Redacted } from "effect"
import assert from "node:assert/strict"
import { ChatModel, ChatModelError } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { AnthropicServer, Script, ScriptedChatModel } from "rivulet/Testing"

// The code under test. If the answer is cut off, it returns the part that arrived.
const summarise = (text: string) =>
  ChatModel.invoke([["system", "Summarise in a sentence"], ["human", text]], { maxRetries: 0 }).pipe(
    Effect.map((message) => message.content),
    Effect.catchTag("ChatModelError", (error) => Effect.succeed(`${error.partial?.content ?? ""}...`))
  )

const scripted = Effect.gen(function*() {
  assert.equal(yield* summarise("A long text"), "A summary.")
  assert.equal(yield* summarise("Another"), "Half a...")
  const { calls } = yield* ScriptedChatModel.ScriptedChatModel
  assert.deepEqual((yield* calls).map((call) => call.messages.length), [2, 2])
}).pipe(Effect.provide(ScriptedChatModel.layer([
  ScriptedChatModel.text("A summary."),
  [
    ...ScriptedChatModel.text("Half a").slice(0, -1), // all but the step that finishes the answer
    ScriptedChatModel.fail(new ChatModelError.OverloadedError({ message: "Too busy" }))
  ]
])))

const overHttp = Effect.gen(function*() {
  const server = yield* AnthropicServer.AnthropicServer
  const whole = Script.text("A summary.")
  yield* server.enqueue(whole, Script.faultAt(whole, 600, Script.end), Script.status(529))
  const model = Anthropic.layer({ model: "claude-haiku-4-5", baseUrl: server.url, apiKey: Redacted.make("any") })
  const answers = yield* Effect.forEach(["one", "two", "three"], summarise).pipe(Effect.provide(model))
  assert.equal(answers[0], "A summary.")
  assert.match(answers[1] ?? "", /\.\.\.$/)
  assert.equal(answers[2], "...")
  assert.equal((yield* server.requests).length, 3)
}).pipe(Effect.provide(AnthropicServer.layer()))

await Effect.runPromise(Effect.andThen(scripted, overHttp))
console.log("All as expected")
