// What a chat, an app and a server require.
import { Context, Effect, Layer } from "effect"
import { Agent, ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import * as Serve from "rivulet/Serve"
import { expect, test } from "tstyche"

class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
class Users extends Context.Service<Users, { readonly of: (key: string) => string | undefined }>()("app/Users") {}

declare const model: ChatModel.Service
const poet = Runnable.sequence(ChatPrompt.make("A line about {topic}"), ChatModel.runnable, OutputParser.string)

test("a chat requires what its chain does", () => {
  expect(Serve.chat(model)).type.toBe<Serve.Chat<never>>()
  expect(Serve.chat(Fast)).type.toBe<Serve.Chat<Fast>>()
  expect(Serve.chat(Agent.make({ tools: [] }))).type.toBe<Serve.Chat<ChatModel.ChatModel>>()
  expect(Serve.chat(poet, { input: ({ lastText }) => ({ topic: lastText }) })).type.toBe<
    Serve.Chat<ChatModel.ChatModel>
  >()
})

test("a chain with an input of its own needs `input`, of its type", () => {
  expect(Serve.chat).type.not.toBeCallableWith(poet)
  expect(Serve.chat).type.not.toBeCallableWith(poet, { input: () => ({ other: "" }) })
})

test("an app requires what its chats and its functions do, and a server provides it", () => {
  const app = Serve.make({
    chats: { fast: Serve.chat(Fast), plain: Serve.chat(model), agent: Serve.chat(Agent.make({ tools: [] })) },
    auth: () => Effect.map(Users, (users) => ({ user: users.of("") ?? "" }))
  })
  expect(app).type.toBe<Serve.App<Fast | ChatModel.ChatModel | Users>>()
  expect(Serve.toFetch).type.not.toBeCallableWith(app)
  expect(Serve.toFetch).type.not.toBeCallableWith(app, Layer.succeed(ChatModel.ChatModel, model))
  expect(Serve.toFetch).type.toBeCallableWith(Serve.make({ chats: { plain: Serve.chat(model) } }))
  expect(Serve.toFetch(Serve.make({ chats: { fast: Serve.chat(Fast) } }), Layer.succeed(Fast, model))).type.toBe<
    Serve.FetchServer
  >()
})
