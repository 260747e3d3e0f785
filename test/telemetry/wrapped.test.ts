// The spans of models that are made of models.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Agent, ChatModel, ChatModelError, ModelCache, ModelRouting, RunnableCache } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { scriptedAgent } from "../support/scriptedAgent.ts"
import { traced, treeOf } from "../support/traced.ts"
import { messages } from "../support/wires.ts"

const { fail, text } = ScriptedChatModel

const answering = (name: string) => ScriptedChatModel.make(() => text("a"), { model: name }).model

const busy = new ChatModelError.OverloadedError({ message: "busy" })

const failing = (name: string) =>
  ScriptedChatModel.make(() => [fail(busy)], { model: name, options: { maxRetries: 0 } }).model

const tree = (spans: Parameters<typeof treeOf>[0]) =>
  treeOf(spans, ({ attributes, name }) => `${name} ${String(attributes["rivulet.outcome"])}`)

describe("a wrapped model", () => {
  it.live("has a span of its own, with the calls that it made inside", () =>
    Effect.gen(function*() {
      const model = failing("first").pipe(ModelRouting.withFallbacks([answering("second")]))
      for (const run of [model.invoke("Hi"), Stream.runDrain(model.stream("Hi"))]) {
        assert.strictEqual(
          tree((yield* traced(run)).spans),
          ["model first completed", "  chat first failed", "  chat second completed"].join("\n")
        )
      }
    }))

  it.live("asks nobody for an answer from its cache", () =>
    Effect.gen(function*() {
      const model = yield* answering("m").pipe(ModelCache.withCache())
      const received = yield* traced(Effect.andThen(model.invoke("Hi"), model.invoke("Hi")))
      assert.strictEqual(
        tree(received.spans),
        ["model m completed", "  chat m completed", "model m completed"].join("\n")
      )
      assert.strictEqual(received.metrics.get("gen_ai.client.inference.duration")?.points[0]?.count, 1)
    }).pipe(Effect.provide(RunnableCache.layerMemory({ capacity: 10 }))))

  it.live("shares one call among equal requests", () =>
    Effect.gen(function*() {
      const model = ScriptedChatModel.make(() => [ScriptedChatModel.delay("20 millis"), ...text("a")], { model: "m" })
        .model.pipe(ModelCache.withSharing())
      const { spans } = yield* traced(
        Effect.all([model.invoke("Hi"), model.invoke("Hi")], { concurrency: "unbounded" })
      )
      assert.deepStrictEqual(spans.map(({ name }) => name).toSorted(), ["chat m", "model m", "model m"])
    }))

  it.live("has no span if it only changes requests", () =>
    Effect.gen(function*() {
      const model = answering("m").pipe(ChatModel.withDefaults({ maxTokens: 10 }), ChatModel.withSystem("Be brief."))
      assert.strictEqual(tree((yield* traced(model.invoke("Hi"))).spans), "chat m completed")
    }))

  it.live("that is not made here has the spans of the models that it asks", () =>
    Effect.gen(function*() {
      const inner = answering("m")
      const foreign: ChatModel.Service = { ...inner, stream: (input, options) => inner.stream(input, options) }
      const model = ModelRouting.withFallbacks([answering("other")])(foreign)
      assert.strictEqual(
        tree((yield* traced(model.invoke("Hi"))).spans),
        ["model m completed", "  chat m completed"].join("\n")
      )
    }))
})

describe("other calls", () => {
  it.live("counting tokens is a span, and spends none", () =>
    Effect.gen(function*() {
      const { model } = yield* messages.serve(messages.tokens(["a"]))
      if (model.countTokens === undefined) return assert.fail("the model does not count")
      const received = yield* traced(Effect.exit(model.countTokens("Hi")))
      assert.deepStrictEqual(received.spans.map(({ name }) => name), ["count_tokens claude-test"])
      assert.isUndefined(received.metrics.get("gen_ai.client.inference.usage.input_tokens"))
    }))

  it.live("a tool call that is denied is a span that failed", () =>
    Effect.gen(function*() {
      const { model, tool } = scriptedAgent()
      const agent = Agent.make({ model, tools: [tool], name: "Weather", approve: () => ({ deny: "no" }) })
      assert.strictEqual(
        tree((yield* traced(agent.invoke("Paris?"))).spans),
        [
          "invoke_agent Weather completed",
          "  chat scripted completed",
          "  execute_tool get_weather failed",
          "  chat scripted completed"
        ].join("\n")
      )
    }))

  it.live("a model that a tool asks is inside the tool, and an agent inside an agent", () =>
    Effect.gen(function*() {
      const { model, tool } = scriptedAgent()
      const inner = Agent.make({ model, tools: [tool], name: "Inner" })
      const { spans } = yield* traced(
        Effect.withSpan(Effect.andThen(inner.invoke("Paris?"), answering("m").invoke("Hi")), "outer")
      )
      assert.strictEqual(
        treeOf(spans),
        [
          "outer",
          "  invoke_agent Inner",
          "    chat scripted",
          "    execute_tool get_weather",
          "      look up",
          "    chat scripted",
          "  chat m"
        ].join("\n")
      )
    }))
})
