// Tools that throw or give what is no JSON, and callers without types.
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Logger, Schema, Stream } from "effect"
import { Agent, Message, Runnable, Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced, eventsOf } from "../support/events.ts"

const { layer, text, toolCalls } = ScriptedChatModel

const fine = Tool.make("fine", { success: Schema.String, handler: () => Effect.succeed("ok") })
const circular: Record<string, unknown> = {}
circular["self"] = circular

/** Waits until the other tools of the step have their results. */
const later = <A>(effect: Effect.Effect<A>) => Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 20 }), effect)

const broken: ReadonlyArray<readonly [title: string, tool: Tool.Any<unknown, never, never>, words: string]> = [
  ["throws", Tool.make("bad", { handler: () => later(Effect.sync(() => JSON.parse("{bad") as void)) }), "JSON"],
  [
    "throws before it returns",
    Tool.make("bad", {
      handler: (): Effect.Effect<void> => {
        throw new Error("a mistake")
      }
    }),
    "a mistake"
  ],
  ["dies with a text", Tool.make("bad", { handler: () => later(Effect.die("a mistake")) }), "a mistake"],
  ["gives a bigint", Tool.make("bad", { success: Schema.Any, handler: () => later(Effect.succeed(10n)) }), "BigInt"],
  [
    "gives a function",
    Tool.make("bad", { success: Schema.Any, handler: () => later(Effect.succeed(later)) }),
    "function"
  ],
  [
    "gives a circle",
    Tool.make("bad", { success: Schema.Any, handler: () => later(Effect.succeed(circular)) }),
    "circular"
  ],
  [
    "gives what is not of its schema",
    Tool.make("bad", {
      success: Schema.Number,
      handler: () => later(Effect.succeed("one" as never))
    }),
    "Expected number"
  ],
  ["gives nothing", Tool.make("bad", { success: Schema.Number, handler: () => Stream.empty }), "is empty"],
  [
    "throws while the result is shown",
    Tool.make("bad", {
      handler: () => later(Effect.void),
      toModelOutput: () => {
        throw new Error("a mistake")
      }
    }),
    "a mistake"
  ],
  [
    "shows what is no text",
    Tool.make("bad", { handler: () => later(Effect.void), toModelOutput: () => 3 as never }),
    "toModelOutput gave 3"
  ],
  [
    "throws while its arguments are decoded",
    Tool.make("bad", {
      parameters: Schema.Struct({ n: Schema.optionalKey(Schema.Number) }).check(Schema.makeFilter(() => {
        throw new Error("a mistake")
      })),
      handler: () => Effect.void
    }),
    "a mistake"
  ]
]

const script = [
  toolCalls([{ name: "fine", args: {}, id: "call_fine" }, { name: "bad", args: {}, id: "call_bad" }]),
  text("Done")
]

describe("a tool that", () => {
  for (const [title, tool, words] of broken) {
    it.effect(`${title} ends the run with a defect that has the tool, the call and the conversation`, () =>
      Effect.gen(function*() {
        const { events, exit } = yield* eventsOf(Agent.make({ tools: [fine, tool], concurrency: 1 }), "Hi")
        const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.instanceOf(defect, Agent.AgentToolDefect)
        if (!(defect instanceof Agent.AgentToolDefect)) return
        assert.deepInclude(defect, { tool: "bad", toolCallId: "call_bad" })
        assert.include(defect.message, "The tool bad failed: ")
        assert.include(defect.message, words)
        const tags = defect.conversation.messages.map(({ _tag }) => _tag)
        assert.deepStrictEqual(tags.slice(0, 2), ["HumanMessage", "AIMessage"])
        // Arguments are decoded before the other tool runs.
        if (!title.includes("decoded")) assert.deepStrictEqual(tags.slice(2), ["ToolMessage"])
        balanced(events)
        const own = events.filter(({ name }) => name === "bad").map(({ event }) => event)
        assert.deepStrictEqual(own, ["on_tool_start", "on_tool_error"])
        assert.notInclude(JSON.stringify(events.at(-1)), "messages")
      }).pipe(Effect.provide(layer(script))))

    it.effect(`${title} is told to the model, if it is to be`, () =>
      Effect.gen(function*() {
        const logged: Array<unknown> = []
        const logger = Logger.make(({ message }) => void logged.push(message))
        const result = yield* Agent.make({ tools: [fine, tool], onToolDefect: "tell" }).invoke("Hi").pipe(
          Effect.provide(Logger.layer([logger]))
        )
        const told = result.messages[3]
        assert.isTrue(told?._tag === "ToolMessage" && told.isError)
        const { content } = told as Message.ToolMessage
        assert.include(content, "The tool bad failed: ")
        assert.include(content, words)
        assert.strictEqual(result.content, "Done")
        assert.include(String(logged[0]), "The tool bad died")
      }).pipe(Effect.provide(layer(script))))
  }
})

it.effect("the run goes on from the conversation of the defect, and runs the broken tool only", () =>
  Effect.gen(function*() {
    let repaired = false
    const runs: Array<string> = []
    const tool = (name: string) =>
      Tool.make(name, {
        handler: () =>
          later(Effect.suspend(() => {
            runs.push(name)
            return name === "bad" && !repaired ? Effect.die("a mistake") : Effect.void
          }))
      })
    const agent = Agent.make({ tools: [tool("fine"), tool("bad")], concurrency: 1 })
    const exit = yield* Effect.exit(agent.invoke("Hi"))
    const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    repaired = true
    const { content } = yield* agent.invoke(defect instanceof Agent.AgentToolDefect ? defect.conversation.messages : [])
    assert.deepStrictEqual([content, runs], ["Done", ["fine", "bad", "bad"]])
  }).pipe(Effect.provide(layer(script))))

describe("a decision that is none is a defect that names it, and runs nothing", () => {
  for (
    const [decision, name] of [
      [undefined, "undefined"],
      [null, "null"],
      [true, "true"],
      ["yes", `"yes"`],
      [{ deny: 1 }, "an object"],
      [{}, "an object"],
      [[], "an array"],
      [Promise.resolve("approve"), "a Promise"]
    ] as const
  ) {
    for (const [form, given] of [["value", decision], ["effect", Effect.succeed(decision)]] as const) {
      it.effect(`${name}, as ${form}`, () =>
        Effect.gen(function*() {
          let ran = 0
          const pay = Tool.make("fine", { handler: () => Effect.sync(() => void ran++) })
          // A caller without types.
          const exit = yield* Effect.exit(Agent.make({ tools: [pay], approve: () => given as "approve" }).invoke("Hi"))
          const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
          assert.instanceOf(defect, TypeError)
          assert.include(String(defect), `approve gave ${name} for the call call_fine of fine`)
          assert.strictEqual(ran, 0)
        }).pipe(Effect.provide(layer(script))))
    }
  }

  it.effect("of stopWhen, too", () =>
    Effect.gen(function*() {
      const stopWhen = () => Promise.resolve(false) as unknown as boolean // a caller without types
      const exit = yield* Effect.exit(Agent.make({ tools: [fine], stopWhen }).invoke("Hi"))
      assert.include(Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "", "stopWhen gave a Promise")
    }).pipe(Effect.provide(layer(script))))
})

describe("a call that is refused has a start and an error event, with its id", () => {
  const cases = [
    ["an unknown tool", { name: "none", args: { a: 1 } }, "There is no tool named", { a: 1 }],
    ["arguments that do not fit", { name: "strict", args: { n: "x" } }, "do not fit", { n: "x" }],
    ["a call that is denied", { name: "fine", args: {} }, "This call was denied: No.", {}]
  ] as const
  const strict = Tool.make("strict", { parameters: Schema.Struct({ n: Schema.Number }), handler: () => Effect.void })
  for (const [title, call, words, input] of cases) {
    it.effect(title, () =>
      Effect.gen(function*() {
        const agent = Agent.make({ tools: [fine, strict], approve: () => ({ deny: "No." }) })
        const { events } = yield* eventsOf(agent, "Hi")
        balanced(events)
        const own = events.filter(({ event }) => event.startsWith("on_tool"))
        assert.deepStrictEqual(own.map(({ event, metadata, name }) => [event, name, metadata]), [
          ["on_tool_start", call.name, { tool_call_id: "call_1" }],
          ["on_tool_error", call.name, { tool_call_id: "call_1" }]
        ])
        const [start, end] = own
        assert.deepStrictEqual(start?.event === "on_tool_start" ? start.data : undefined, { input })
        assert.include(JSON.stringify(end?.data), words)
      }).pipe(Effect.provide(layer([toolCalls([call]), text("Sorry")]))))
  }

  it.effect("and one that is run has its id in all events", () =>
    Effect.gen(function*() {
      const events = yield* Stream.runCollect(
        Runnable.streamEvents(Agent.make({ tools: [fine] }), "Hi", { includeTypes: ["tool"] })
      )
      assert.deepStrictEqual(events.map(({ event, metadata }) => [event, metadata]), [
        ["on_tool_start", { tool_call_id: "call_1" }],
        ["on_tool_end", { tool_call_id: "call_1" }]
      ])
    }).pipe(Effect.provide(layer([toolCalls([{ name: "fine", args: {} }]), text("Done")]))))
})

describe("a forced tool is forced until it has a result", () => {
  const called = toolCalls([{ name: "fine", args: {} }])
  const choices = Effect.flatMap(
    ScriptedChatModel.ScriptedChatModel,
    ({ calls }) => Effect.map(calls, (all) => all.map(({ options }) => options.toolChoice))
  )
  for (const toolChoice of ["required", { name: "fine" }] as const) {
    it.effect(JSON.stringify(toolChoice), () =>
      Effect.gen(function*() {
        const { content } = yield* Agent.make({ tools: [fine], toolChoice }).invoke("Hi")
        assert.strictEqual(content, "Done")
        assert.deepStrictEqual(yield* choices, [toolChoice, "auto", "auto"])
      }).pipe(Effect.provide(layer([called, called, text("Done")]))))
  }

  for (const toolChoice of ["required", { name: "fine" }] as const) {
    it.effect(`by the options of the model: ${JSON.stringify(toolChoice)}`, () =>
      Effect.gen(function*() {
        const { content } = yield* Agent.make({ tools: [fine] }).invoke("Hi")
        assert.strictEqual(content, "Done")
        assert.deepStrictEqual(yield* choices, [toolChoice, "auto"])
      }).pipe(Effect.provide(layer([called, text("Done")], { options: { toolChoice } }))))
  }

  it.effect("by the options of the model, unless the agent chooses", () =>
    Effect.gen(function*() {
      yield* Agent.make({ tools: [fine], toolChoice: "none" }).invoke("Hi")
      assert.deepStrictEqual(yield* choices, ["none", "none"])
    }).pipe(Effect.provide(layer([called, text("Done")], { options: { toolChoice: "required" } }))))

  it.effect("also in a run that goes on from results, or after a pause", () =>
    Effect.gen(function*() {
      const agent = Agent.make({ tools: [fine], toolChoice: "required", maxSteps: 2 })
      const { messages } = yield* agent.invoke("Hi")
      yield* agent.invoke(messages)
      yield* agent.invoke([...messages, Message.human("Again")])
      assert.deepStrictEqual(yield* choices, ["required", "required", "auto", "required"])
    }).pipe(Effect.provide(layer([text("Hm", { finish: "pause" }), called, text("Done"), text("Done")]))))

  for (const toolChoice of ["auto", "none", undefined] as const) {
    it.effect(`${toolChoice} is sent with every request`, () =>
      Effect.gen(function*() {
        yield* Agent.make({ tools: [fine], toolChoice }).invoke("Hi")
        assert.deepStrictEqual(yield* choices, [toolChoice, toolChoice])
      }).pipe(Effect.provide(layer([called, text("Done")]))))
  }
})
