// Tests a chain without a network: a scripted model answers, and records what it was asked.
import { Console, Effect } from "effect"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import * as Testing from "rivulet/Testing"

const { ScriptedChatModel } = Testing

const chain = Runnable.sequence(ChatPrompt.make("Translate: {text}"), ChatModel.runnable, OutputParser.string)

const test = Effect.gen(function*() {
  const translated = yield* chain.invoke({ text: "poisson rouge" })
  const scripted = yield* ScriptedChatModel.ScriptedChatModel
  const [call] = yield* scripted.calls
  yield* Console.log(translated, JSON.stringify(call?.messages))
})

await Effect.runPromise(test.pipe(Effect.provide(ScriptedChatModel.layer([ScriptedChatModel.text("goldfish")]))))
