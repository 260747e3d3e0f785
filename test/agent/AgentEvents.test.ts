import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Schema, Stream } from "effect"
import { Agent, AIMessageChunk, ChatModelError, Runnable, Tool } from "rivulet"
import type { RunEvent } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"

const { chunk, fail, layer, stall, text, toolCalls } = ScriptedChatModel

const weather = Tool.make("get_weather", {
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Number,
  handler: ({ city }) => Effect.succeed(city.length)
})
const count = Tool.make("count", { success: Schema.Number, handler: () => Stream.make(1, 2) })
const agent = Agent.make({ tools: [weather, count] })

const script = [
  toolCalls([{ name: "get_weather", args: { city: "Bern" } }, { name: "count", args: {} }], { text: "Hm" }),
  text("Done")
]

const kinds = (events: ReadonlyArray<RunEvent.RunEvent>) =>
  events.map(({ event, name, parent_ids }) => `${parent_ids.length} ${event} ${name}`)

describe("the events of an agent", () => {
  it.effect("are a tree: the agent, in it the requests and the tools", () =>
    Effect.gen(function*() {
      const { events, exit } = yield* eventsOf(agent, "Hi")
      assert.isTrue(Exit.isSuccess(exit))
      balanced(events)
      const told = kinds(events).filter((each) => !each.includes("_stream"))
      assert.strictEqual(told[0], "0 on_chain_start Agent")
      assert.strictEqual(told.at(-1), "0 on_chain_end Agent")
      assert.deepStrictEqual(told.slice(1, 3), ["1 on_chat_model_start scripted", "1 on_chat_model_end scripted"])
      assert.sameMembers(told.slice(3, 7), [
        "1 on_tool_start get_weather",
        "1 on_tool_end get_weather",
        "1 on_tool_start count",
        "1 on_tool_end count"
      ])
      const [root] = events
      for (const { parent_ids } of events.slice(1, -1)) {
        if (parent_ids.length > 0) assert.strictEqual(parent_ids[0], root?.run_id)
      }
    }).pipe(Effect.provide(layer(script))))

  it.effect("tell of a tool its parameters, its result, and its values on the way", () =>
    Effect.gen(function*() {
      const events = yield* Stream.runCollect(Runnable.streamEvents(agent, "Hi", { includeTypes: ["tool"] }))
      const of = (tool: string) => events.filter(({ name }) => name === tool).map(({ data, event }) => [event, data])
      assert.deepStrictEqual(of("get_weather"), [
        ["on_tool_start", { input: { city: "Bern" } }],
        ["on_tool_end", { output: 4, input: { city: "Bern" } }]
      ])
      assert.deepStrictEqual(of("count"), [
        ["on_tool_start", { input: {} }],
        ["on_tool_stream", { chunk: 1 }],
        ["on_tool_stream", { chunk: 2 }],
        ["on_tool_end", { output: 2, input: {} }]
      ])
    }).pipe(Effect.provide(layer(script))))

  it.effect("of the agent are its chunks and its result", () =>
    Effect.gen(function*() {
      const chunks = yield* Stream.runCollect(agent.stream("Hi")).pipe(Effect.provide(layer(script)))
      const named = agent.pipe(Runnable.withConfig({ name: "Helper" }))
      const { events } = yield* eventsOf(named, "Hi").pipe(Effect.provide(layer(script)))
      const own = events.filter(({ name }) => name === "Helper")
      assert.deepStrictEqual(
        own.flatMap((event) => event.event === "on_chain_stream" ? [event.data.chunk] : []),
        chunks
      )
      const [end] = chunks.slice(-1)
      const [last] = own.slice(-1)
      assert.isTrue(last?.event === "on_chain_end" && end?._tag === "AgentEndChunk")
      if (last?.event === "on_chain_end" && end?._tag === "AgentEndChunk") {
        assert.deepStrictEqual(last.data.output, end.result)
      }
    }))

  it.effect("are balanced wherever the consumer breaks off", () =>
    Effect.gen(function*() {
      const all = (yield* Stream.runCollect(agent.stream("Hi")).pipe(Effect.provide(layer(script)))).length
      for (let n = 1; n < all; n++) {
        const chain = Runnable.sequence(
          agent,
          Runnable.transform("Taking", (chunks: Stream.Stream<unknown>) => Stream.take(chunks, n))
        )
        const { events, exit } = yield* eventsOf(chain, "Hi").pipe(Effect.provide(layer(script)))
        assert.isTrue(Exit.isSuccess(exit))
        balanced(events)
        assert.include(kinds(events), "1 on_chain_interrupted Agent", `after ${n}`)
      }
    }))

  it.effect("tell what came before it was left", () =>
    Effect.gen(function*() {
      const chain = Runnable.sequence(
        agent,
        Runnable.transform("Taking", (chunks: Stream.Stream<{ readonly content: string }>) =>
          Stream.takeUntil(chunks, ({ content }) =>
            content === "Do"))
      )
      const { events } = yield* eventsOf(chain, "Hi").pipe(
        Effect.provide(layer([script[0]!, text(["Do", "ne"])]))
      )
      const left = events.find((event) =>
        event.event === "on_chain_interrupted"
      )
      const partial = left?.event === "on_chain_interrupted" ? left.data.partial : undefined
      const { messages, partial: answer } = partial as {
        readonly messages: ReadonlyArray<{ readonly _tag: string }>
        readonly partial: { readonly content: string }
      }
      assert.deepStrictEqual(messages.map(({ _tag }) => _tag), ["AIMessage", "ToolMessage", "ToolMessage"])
      assert.strictEqual(answer.content, "Do")
    }))

  it.effect("are balanced when a tool fails, with what the model is told or not", () =>
    Effect.gen(function*() {
      const failing = Tool.make("get_weather", { handler: () => Effect.fail("broken") })
      const told = Tool.make("get_weather", { failure: Schema.String, handler: () => Effect.fail("broken") })
      const ends = [
        [yield* eventsOf(Agent.make({ tools: [failing] }), "Hi").pipe(Effect.provide(layer(script))), "error"],
        [yield* eventsOf(Agent.make({ tools: [told] }), "Hi").pipe(Effect.provide(layer(script))), "end"]
      ] as const
      for (const [{ events }, end] of ends) {
        balanced(events)
        assert.include(kinds(events), "1 on_tool_error get_weather")
        assert.strictEqual(kinds(events).at(-1), `0 on_chain_${end} Agent`)
      }
    }))

  it.effect("are balanced when the model fails", () =>
    Effect.gen(function*() {
      const { events } = yield* eventsOf(agent, "Hi")
      balanced(events)
      const told = kinds(events)
      assert.deepStrictEqual(told.slice(-2), ["1 on_chat_model_error scripted", "0 on_chain_error Agent"])
      const [last] = events.slice(-1)
      assert.isTrue(last?.event === "on_chain_error")
      assert.notInclude(JSON.stringify(last?.data), "conversation")
    }).pipe(Effect.provide(layer([
      script[0]!,
      [chunk(AIMessageChunk.text("So")), fail(new ChatModelError.InternalProviderError({ message: "exploded" }))]
    ]))))

  it.effect("are balanced when it is interrupted, in the model or in tools", () =>
    Effect.gen(function*() {
      const running = yield* Deferred.make<void>()
      const hanging = Tool.make("get_weather", {
        handler: () => Effect.andThen(Deferred.succeed(running, undefined), Effect.never)
      })
      for (
        const [tools, replies, wait] of [
          [[hanging], [script[0]!], Deferred.await(running)],
          [[weather, count], [script[0]!, [chunk(AIMessageChunk.text("So")), stall]], undefined]
        ] as const
      ) {
        const events: Array<RunEvent.RunEvent> = []
        const stalled = yield* Deferred.make<void>()
        const inner = Agent.make({ tools: [...tools] })
        const outer = Runnable.fn((_question: string) =>
          Effect.gen(function*() {
            const fiber = yield* Effect.forkChild(Stream.runDrain(inner.stream("Hi")))
            yield* wait ?? Deferred.await(stalled)
            yield* Fiber.interrupt(fiber)
          })
        )
        yield* Stream.runForEach(Runnable.streamEvents(outer, "Hi"), (event) => {
          events.push(event)
          const said = event.event === "on_chat_model_stream" && event.data.chunk.content === "So"
          return said ? Deferred.succeed(stalled, undefined) : Effect.void
        }).pipe(Effect.provide(layer(replies)))
        balanced(events)
        assert.include(kinds(events), "1 on_chain_interrupted Agent")
      }
    }))
})
