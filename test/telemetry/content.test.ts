// Content is recorded only if the app asks for it, and secrets never are.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { Agent, ChatPrompt, Message, OutputParser, Runnable, Tool } from "rivulet"
import * as Telemetry from "rivulet/Telemetry"
import { ScriptedChatModel } from "rivulet/Testing"
import { testKey } from "../support/anthropic.ts"
import type { Received } from "../support/otlp.ts"
import { scriptedAgent } from "../support/scriptedAgent.ts"
import { traced } from "../support/traced.ts"
import type { TracedOptions } from "../support/traced.ts"
import { wires } from "../support/wires.ts"

const { text, toolCalls } = ScriptedChatModel

/** Everything that was sent to the collector. */
const sent = ({ requests }: Received) => requests.map(({ body }) => body.toString("utf8")).join("\n")

const planted = {
  prompt: "pr0mpt-planted",
  system: "syst3m-planted",
  answer: "answ3r-planted",
  argument: "argum3nt-planted",
  result: "r3sult-planted",
  failure: "fa1lure-planted"
}

/** A chain, an agent, and failures that quote what they were given. */
const program = Effect.gen(function*() {
  const { answer, argument, failure, prompt, result, system } = planted
  const model = ScriptedChatModel.make(({ messages }) =>
    messages.at(-1)?._tag === "ToolMessage" || !JSON.stringify(messages).includes("use the tool")
      ? text([answer, answer])
      : toolCalls([{ id: "c1", name: "find", args: { what: argument } }])
  ).model
  const find = Tool.make("find", {
    parameters: Schema.Struct({ what: Schema.String }),
    success: Schema.String,
    handler: () =>
      Effect.succeed(result)
  })
  const dying = Tool.make("find", {
    parameters: Schema.Struct({ what: Schema.String }),
    success: Schema.String,
    handler: ({ what }) => Effect.die(new Error(`${failure} ${what}`))
  })
  const chain = Runnable.sequence(ChatPrompt.make([["system", system], ["human", "{q}"]]), model, OutputParser.string)
  yield* chain.invoke({ q: prompt })
  yield* Stream.runDrain(chain.stream({ q: prompt }))
  yield* Agent.make({ model, tools: [find] }).invoke(`use the tool ${prompt}`)
  yield* Effect.exit(Agent.make({ model, tools: [dying] }).invoke(`use the tool ${prompt}`))
  // A parser quotes the answer that it cannot read.
  yield* Effect.exit(Runnable.sequence(model, OutputParser.json()).invoke(prompt))
  yield* Effect.exit(Runnable.fn((q: string) => Effect.fail(new Error(`${failure} ${q}`))).invoke(prompt))
})

describe("by default", () => {
  for (const format of ["json", "protobuf"] as const) {
    it.live(`no prompt, answer, argument, result or message is in a span, a metric or a log (${format})`, () =>
      Effect.gen(function*() {
        const received = yield* traced(program, { format })
        assert.isAbove(received.spans.length, 10)
        for (const secret of Object.values(planted)) assert.notInclude(sent(received), secret)
      }))
  }

  for (const wire of wires) {
    it.live(`${wire.name}: neither the key nor what a provider quotes is in one, at any level`, () =>
      Effect.gen(function*() {
        const { failure, prompt } = planted
        const { model } = yield* wire.serve([
          wire.status(529, { message: `${failure} ${prompt}` }),
          wire.status(400, { message: `${failure} ${prompt} ${testKey}` }),
          wire.tokens([planted.answer])
        ], { maxRetries: 1, retrySchedule: undefined })
        const received = yield* traced(
          Effect.all([Effect.exit(model.invoke(prompt)), Effect.exit(model.invoke(prompt))])
        )
        assert.lengthOf(received.spans, 2)
        for (const secret of [failure, prompt, planted.answer, testKey]) assert.notInclude(sent(received), secret)
      }))
  }
})

describe("if the app asks for it", () => {
  const attribute = ({ spans }: Received, span: string, name: string): string =>
    String(spans.find((each) => each.name.startsWith(span))?.attributes[name])

  const recorded = (content: TracedOptions["telemetry"]) => traced(program, { telemetry: { ...content } })

  it.live("the messages of a call are there, in the form of the conventions", () =>
    Effect.gen(function*() {
      const received = yield* recorded({ content: true })
      assert.deepStrictEqual(JSON.parse(attribute(received, "chat", "gen_ai.input.messages")), [
        { role: "system", parts: [{ type: "text", content: planted.system }] },
        { role: "user", parts: [{ type: "text", content: planted.prompt }] }
      ])
      assert.deepStrictEqual(JSON.parse(attribute(received, "chat", "gen_ai.output.messages")), [
        { role: "assistant", parts: [{ type: "text", content: planted.answer.repeat(2) }], finish_reason: "stop" }
      ])
    }))

  it.live("so are the arguments and the result of a tool, and the answer of an agent", () =>
    Effect.gen(function*() {
      const received = yield* recorded({ content: true })
      assert.deepStrictEqual(JSON.parse(attribute(received, "execute_tool", "gen_ai.tool.call.arguments")), {
        what: planted.argument
      })
      assert.strictEqual(attribute(received, "execute_tool", "gen_ai.tool.call.result"), JSON.stringify(planted.result))
      assert.include(attribute(received, "invoke_agent", "gen_ai.output.messages"), planted.answer)
    }))

  it.live("tool calls and results in a conversation are parts of their messages", () =>
    Effect.gen(function*() {
      const { model, tool } = scriptedAgent()
      const { spans } = yield* traced(Agent.make({ model, tools: [tool] }).invoke("Paris?"), {
        telemetry: { content: true }
      })
      const last = spans.filter(({ name }) => name.startsWith("chat")).at(-1)
      assert.deepStrictEqual(JSON.parse(String(last?.attributes["gen_ai.input.messages"])).slice(1), [
        {
          role: "assistant",
          parts: [{ type: "tool_call", id: "c1", name: "get_weather", arguments: { city: "Paris" } }]
        },
        { role: "tool", parts: [{ type: "tool_call_response", id: "c1", result: "5" }] }
      ])
    }))

  it.live("every text passes the hook of the app, also what failures say", () =>
    Effect.gen(function*() {
      const places = new Set<string>()
      const redact = (text: string, place: string) => {
        places.add(place)
        return text.replaceAll(/\S*-planted/g, "[gone]")
      }
      const received = yield* recorded({ content: { redact } })
      for (const secret of Object.values(planted)) assert.notInclude(sent(received), secret)
      assert.include(sent(received), "[gone]")
      assert.deepStrictEqual([...places].toSorted(), ["arguments", "input", "output", "result"])
    }))

  it.live("a hook that throws keeps the text out", () =>
    Effect.gen(function*() {
      const redact = () => {
        throw new Error("broken")
      }
      const received = yield* recorded({ content: { redact } })
      for (const secret of Object.values(planted)) assert.notInclude(sent(received), secret)
      assert.include(sent(received), "[not recorded]")
    }))

  it.live("what is longer than the limit is cut off, and the newest messages are kept", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => text("x".repeat(5000)))
      const input = [Message.human("old ".repeat(100)), Message.ai("between"), Message.human("new ".repeat(20))]
      const { spans: [span] } = yield* traced(model.invoke(input), { telemetry: { content: { maxLength: 100 } } })
      const messages = JSON.parse(String(span?.attributes["gen_ai.input.messages"]))
      assert.deepStrictEqual(messages.map(({ parts }: { parts: [{ content: string }] }) => parts[0].content), [
        `${"old ".repeat(4).slice(0, 13)}…`,
        "between",
        "new ".repeat(20)
      ])
      assert.isBelow(String(span?.attributes["gen_ai.output.messages"]).length, 250)
    }))

  it.live("the part of an answer that arrived is recorded of a failure", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => [
        ...text("Hel").filter(({ _tag }) => _tag === "Chunk").slice(0, 1),
        ScriptedChatModel.stall
      ])
      const { spans: [span] } = yield* traced(Stream.runDrain(Stream.take(model.stream("Hi"), 1)), {
        telemetry: { content: true }
      })
      assert.include(String(span?.attributes["gen_ai.output.messages"]), "Hel")
    }))

  it.live("for a part of the app, or not for a part of it", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => text("a"))
      const asked = yield* traced(
        Effect.andThen(
          model.invoke("the first"),
          Effect.provideService(model.invoke("the second"), Telemetry.Content, {})
        )
      )
      assert.notInclude(sent(asked), "the first")
      assert.include(sent(asked), "the second")
      const not = yield* traced(
        Effect.andThen(
          model.invoke("the first"),
          Effect.provideService(model.invoke("the second"), Telemetry.Content, undefined)
        ),
        { telemetry: { content: true } }
      )
      assert.include(sent(not), "the first")
      assert.notInclude(sent(not), "the second")
    }))
})

describe("sampling", () => {
  it.live("is asked once for each outermost run, and decides for all that is inside", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(() => text("a"))
      const chain = (name: string) =>
        Runnable.sequence(ChatPrompt.make("{q}"), model, OutputParser.string).pipe(Runnable.withConfig({ name }))
      const asked: Array<string> = []
      const { metrics, spans } = yield* traced(
        Effect.all([chain("a").invoke({ q: "hi" }), chain("b").invoke({ q: "hi" }), model.invoke("Hi")]),
        {
          telemetry: {
            sample: ({ name }) => {
              asked.push(name)
              return name === "b"
            }
          }
        }
      )
      assert.deepStrictEqual(asked, ["a", "b", "scripted"])
      assert.deepStrictEqual(spans.map(({ name }) => name).toSorted(), [
        "ChatPromptTemplate",
        "StrOutputParser",
        "b",
        "chat scripted"
      ])
      // Metrics count all of them.
      assert.strictEqual(metrics.get("gen_ai.client.inference.duration")?.points[0]?.count, 3)
    }))
})
