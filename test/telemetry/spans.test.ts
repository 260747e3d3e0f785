import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream, Tracer } from "effect"
import { Agent, ChatPrompt, OutputParser, Runnable } from "rivulet"
import * as Telemetry from "rivulet/Telemetry"
import { letterModel } from "../support/letterModel.ts"
import { scriptedAgent } from "../support/scriptedAgent.ts"
import { traced, treeOf } from "../support/traced.ts"
import { messages } from "../support/wires.ts"

const chain = Runnable.sequence(ChatPrompt.make("{q}"), letterModel("abc", "letters"), OutputParser.string)

describe("spans", () => {
  for (const format of ["json", "protobuf"] as const) {
    it.live(`reach a collector as ${format}, below the span of the app`, () =>
      Effect.gen(function*() {
        const { resource, spans } = yield* traced(
          Stream.runDrain(chain.stream({ q: "hi" })).pipe(Effect.withSpan("app")),
          { format }
        )
        assert.strictEqual(
          treeOf(spans),
          ["app", "  RunnableSequence", "    ChatPromptTemplate", "    chat scripted", "    StrOutputParser"].join("\n")
        )
        assert.strictEqual(resource["service.name"], "test")
        assert.deepStrictEqual(
          spans.map(({ kind, name, status }) => [name, kind, status]).toSorted(),
          [
            ["ChatPromptTemplate", "internal", "ok"],
            ["RunnableSequence", "internal", "ok"],
            ["StrOutputParser", "internal", "ok"],
            ["app", "internal", "ok"],
            ["chat scripted", "client", "ok"]
          ]
        )
      }))
  }

  it.live("a call tells whom it asked, for what, and what came of it", () =>
    Effect.gen(function*() {
      const { model, server } = yield* messages.serve(messages.tokens(["Hel", "lo"]), { maxTokens: 100 })
      for (const run of [Stream.runDrain(model.stream("Hi")), model.invoke("Hi")]) {
        const { spans: [span] } = yield* traced(Effect.provideService(run, Telemetry.ConversationId, "c1"))
        const {
          "gen_ai.response.time_to_first_chunk": first,
          "rivulet.request.id": request,
          "server.port": port,
          ...rest
        } = span!.attributes
        assert.isAtLeast(Number(first), 0)
        assert.isString(request)
        assert.strictEqual(String(port), new URL(server.url).port)
        assert.deepStrictEqual(rest, {
          "gen_ai.operation.name": "chat",
          "gen_ai.provider.name": "anthropic",
          "gen_ai.request.model": "claude-test",
          "gen_ai.request.stream": true,
          "gen_ai.request.max_tokens": 100,
          "gen_ai.conversation.id": "c1",
          "gen_ai.response.id": "msg_01RivuletTestServer",
          "gen_ai.response.model": "claude-haiku-4-5",
          "gen_ai.response.finish_reasons": ["stop"],
          "gen_ai.usage.input_tokens": 10,
          "gen_ai.usage.output_tokens": 2,
          "gen_ai.usage.cache_read.input_tokens": 0,
          "gen_ai.usage.cache_write.input_tokens": 0,
          "rivulet.usage.cost": 0.00002,
          "server.address": "127.0.0.1",
          "rivulet.outcome": "completed",
          "rivulet.chunks": 3
        })
      }
    }))

  it.live("an agent is one span with its calls and its tools", () =>
    Effect.gen(function*() {
      const { model, tool } = scriptedAgent()
      const agent = Agent.make({ model, tools: [tool], name: "Weather" })
      for (const run of [Stream.runDrain(agent.stream("Paris?")), agent.invoke("Paris?")]) {
        const { spans } = yield* traced(Effect.withSpan(run, "app"))
        assert.strictEqual(
          treeOf(spans),
          [
            "app",
            "  invoke_agent Weather",
            "    chat scripted",
            "    execute_tool get_weather",
            "      look up",
            "    chat scripted"
          ].join("\n")
        )
        const called = spans.find(({ name }) => name.startsWith("execute_tool"))?.attributes
        assert.strictEqual(called?.["gen_ai.tool.name"], "get_weather")
        assert.strictEqual(called?.["gen_ai.tool.call.id"], "c1")
        assert.strictEqual(called?.["gen_ai.operation.name"], "execute_tool")
      }
    }))

  it.live("a span of the app inside a step is the parent of what runs in it", () =>
    Effect.gen(function*() {
      const outer = Runnable.fn((q: string) => chain.invoke({ q }).pipe(Effect.withSpan("mine")))
      const configured = outer.pipe(Runnable.withConfig({ name: "outer" }))
      const { spans } = yield* traced(configured.invoke("hi"))
      assert.strictEqual(treeOf(spans).split("\n").slice(0, 3).join("\n"), "outer\n  mine\n    RunnableSequence")
    }))

  it.live("a stream that another fiber pulls has the span around the place where it was started", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(
        Effect.gen(function*() {
          const pull = yield* Stream.toPull(chain.stream({ q: "hi" })).pipe(Effect.withSpan("started"))
          const reading = Effect.exit(Effect.forever(pull)).pipe(Effect.withSpan("reading"))
          yield* Fiber.join(yield* Effect.forkChild(reading))
        }).pipe(Effect.scoped)
      )
      const started = spans.find(({ name }) => name === "started")
      const sequence = spans.find(({ name }) => name === "RunnableSequence")
      assert.strictEqual(sequence?.parentId, started?.spanId)
      assert.lengthOf(spans, 6)
    }))

  it.live("telemetry that is provided to a step observes that step", () =>
    Effect.gen(function*() {
      const observed = chain.pipe(Runnable.provide(Telemetry.layer()))
      const tracer = recordingTracer()
      yield* observed.invoke({ q: "hi" }).pipe(Effect.withTracer(tracer))
      assert.includeMembers(tracer.names, ["RunnableSequence", "chat scripted"])
      const before = tracer.names.length
      yield* chain.invoke({ q: "hi" }).pipe(Effect.withTracer(tracer))
      assert.lengthOf(tracer.names, before)
    }))

  it.live("no span where tracing is off, and none that is not sampled is sent", () =>
    Effect.gen(function*() {
      const run = chain.invoke({ q: "hi" })
      const { spans } = yield* traced(
        Effect.all([
          Effect.withTracerEnabled(run, false),
          run.pipe(Effect.withSpan("app", { sampled: false }))
        ])
      )
      assert.isEmpty(spans)
    }))
})

/** A tracer that keeps the names of its spans. */
const recordingTracer = () => {
  const names: Array<string> = []
  const tracer = Tracer.make({
    span: (options) => {
      names.push(options.name)
      return new Tracer.NativeSpan(options)
    }
  })
  return Object.assign(tracer, { names })
}
