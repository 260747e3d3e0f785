// The laws of a wrapped model: it is one model, for events, retries, agents, objects, histories and chains.
import { assert, it } from "@effect/vitest"
import { Effect, Schedule, Schema, Stream } from "effect"
import type { Scope } from "effect"
import { Agent, ChatHistory, ChatModel, OutputParser, Runnable, Tool } from "rivulet"
import { Script, ScriptedChatModel } from "rivulet/Testing"
import { eventsOf } from "./events.ts"
import { wires } from "./wires.ts"

/** A wrapper whose limits no call here reaches. */
export type Wrap = (model: ChatModel.Service) => Effect.Effect<ChatModel.Service, never, Scope.Scope>

const noDelay = { maxRetries: 2, retrySchedule: Schedule.spaced("1 millis") }

export const wrapperLaws = (wrap: Wrap): void => {
  for (const wire of wires) {
    it.live(`${wire.name}: the chunks, the answer and the events are those of the bare model`, () =>
      Effect.gen(function*() {
        const { model } = yield* wire.serve(wire.tokens(["a", "b", "c"]))
        const wrapped = yield* wrap(model)
        assert.deepStrictEqual([wrapped.provider, wrapped.model], [model.provider, model.model])
        // Metadata has the id of the request.
        const answer = (model: ChatModel.Service) =>
          Effect.map(model.invoke("Hi"), ({ content, finish, id, parts, usage }) => [content, finish, id, parts, usage])
        assert.deepStrictEqual(yield* answer(wrapped), yield* answer(model))
        const shown = (chunks: ReadonlyArray<{ readonly content: string }>) =>
          chunks.map(({ content }) => content).join()
        assert.strictEqual(
          shown(yield* Stream.runCollect(wrapped.stream("Hi"))),
          shown(yield* Stream.runCollect(model.stream("Hi")))
        )
        const [bare, own] = [yield* eventsOf(model, "Hey"), yield* eventsOf(wrapped, "Hey")]
        const names = ({ events }: typeof own) =>
          // A read of the socket may have any number of tokens.
          events.map(({ event, name, parent_ids }) => `${event} ${name} ${parent_ids.length}`)
            .filter((name, i, all) => name !== all[i - 1])
        assert.deepStrictEqual(names(own), names(bare))
      }))

    it.live(`${wire.name}: retries are those of the bare model`, () =>
      Effect.gen(function*() {
        const { model, server } = yield* wire.serve(wire.status(500), noDelay)
        const wrapped = yield* wrap(model)
        const retries: Array<number> = []
        const onRetry = ({ retry }: { readonly retry: number }) => Effect.sync(() => retries.push(retry))
        const error = yield* Effect.flip(wrapped.invoke("Hi", { onRetry }))
        assert.strictEqual(error.reason._tag, "InternalProviderError")
        assert.deepStrictEqual(retries, [1, 2])
        assert.strictEqual((yield* server.requests).length, 3)
      }))

    it.live(`${wire.name}: an answer that breaks keeps its part`, () =>
      Effect.gen(function*() {
        const whole = wire.tokens(["a", "b", "c"])
        const at = wire.tokensEnd(new TextDecoder().decode(Script.bytesOf(whole)))
        const { model } = yield* wire.serve(Script.faultAt(whole, at, Script.truncate))
        const wrapped = yield* wrap(model)
        const error = yield* Effect.flip(wrapped.invoke("Hi"))
        assert.strictEqual(error.reason._tag, (yield* Effect.flip(model.invoke("Hi"))).reason._tag)
        assert.match(error.partial?.content ?? "", /^ab/)
      }))
  }

  it.effect("agents take it", () =>
    Effect.gen(function*() {
      const look = Tool.make("look", { parameters: Schema.Struct({}), handler: () => Effect.succeed("seen") })
      const { calls, model } = ScriptedChatModel.make([
        ScriptedChatModel.toolCalls([{ name: "look", args: {} }]),
        ScriptedChatModel.text("Done")
      ])
      const wrapped = yield* wrap(model)
      const result = yield* Agent.make({ tools: [look] }).invoke("Hi").pipe(
        Effect.provideService(ChatModel.ChatModel, wrapped)
      )
      assert.strictEqual(result.content, "Done")
      assert.lengthOf(yield* calls, 2)
    }))

  it.effect("objects, histories and chains take it", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make(() => ScriptedChatModel.text(`{"n":1}`))
      const wrapped = yield* wrap(model)
      const schema = Schema.Struct({ n: Schema.Number })
      const { value } = yield* ChatModel.generateObject("One", { schema }).pipe(
        Effect.provideService(ChatModel.ChatModel, wrapped)
      )
      assert.deepStrictEqual(value, { n: 1 })
      const chain = Runnable.sequence(wrapped, OutputParser.string)
      assert.strictEqual(yield* chain.invoke("Two"), `{"n":1}`)
      const talk = ChatHistory.withHistory(wrapped, { sessionId: "a" })
      yield* talk.invoke("Three").pipe(Effect.provide(ChatHistory.layerMemory))
      assert.lengthOf(yield* calls, 3)
    }))
}
