import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Logger, Schema, Stream } from "effect"
import { Agent, AIMessageChunk, ChatModelError, Message, Runnable, Tool } from "rivulet"
import type { ChatModel } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { chunk, fail, finish, layer, text, toolCalls } = ScriptedChatModel

const weather = Tool.make("get_weather", {
  description: "The temperature in a city",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Struct({ celsius: Schema.Number }),
  handler: ({ city }) => Effect.succeed({ celsius: city.length })
})

const asked = (...cities: ReadonlyArray<string>) =>
  toolCalls(cities.map((city) => ({ name: "get_weather", args: { city }, id: `call_${city}` })))

/** The messages of each request that the model has had. */
const requests = Effect.flatMap(ScriptedChatModel.ScriptedChatModel, ({ calls }) => calls)

const usage = (inputTokens: number, outputTokens: number) => ({
  inputTokens,
  outputTokens,
  totalTokens: inputTokens + outputTokens
})

describe("a run", () => {
  it.effect("loops model and tools, as one stream", () =>
    Effect.gen(function*() {
      const agent = Agent.make({ tools: [weather] })
      const chunks = yield* Stream.runCollect(agent.stream("How warm is it?"))
      const shown = chunks.map((chunk) =>
        chunk._tag === "AIMessageChunk" ? chunk.content || chunk.finish?.reason || "args" : chunk._tag
      )
      assert.deepStrictEqual(shown, [
        "Let",
        " me",
        " look.",
        "args",
        "args",
        "args",
        "args",
        "tool_calls",
        "ToolResultChunk",
        "Warm",
        " enough",
        "stop",
        "AgentEndChunk"
      ])
      assert.strictEqual(chunks.map(({ content }) => content).join(""), "Let me look.Warm enough")
      const [result] = chunks.filter((chunk) => chunk._tag === "ToolResultChunk")
      assert.deepInclude(result, { isError: false, name: "get_weather", toolCallId: "call_1", value: { celsius: 4 } })
      const [first, second] = yield* requests
      assert.deepStrictEqual(first?.messages, [Message.human("How warm is it?")])
      assert.deepStrictEqual(second?.messages.slice(2), [
        Message.tool({ toolCallId: "call_1", name: "get_weather", content: `{"celsius":4}` })
      ])
    }).pipe(Effect.provide(layer([
      toolCalls([{ name: "get_weather", args: { city: "Bern" } }], { text: "Let me look." }),
      text("Warm enough")
    ]))))

  it.effect("gives the last answer, the whole conversation, the steps and the sum of the usage", () =>
    Effect.gen(function*() {
      const agent = Agent.make({ tools: [weather], system: "Be brief.", temperature: 0 })
      const result = yield* agent.invoke("How warm is it?")
      assert.strictEqual(result.content, "Warm")
      assert.strictEqual(result.finish, "stop")
      assert.deepStrictEqual(result.messages.map(({ _tag }) => _tag), [
        "HumanMessage",
        "AIMessage",
        "ToolMessage",
        "ToolMessage",
        "AIMessage"
      ])
      assert.strictEqual(result.message, result.messages.at(-1))
      assert.deepStrictEqual(result.steps.map(({ results }) => results.length), [2, 0])
      assert.deepStrictEqual(result.usage, { ...usage(30, 12), cacheReadTokens: 5 })
      assert.deepStrictEqual(result.pending, [])
      for (const { messages, options } of yield* requests) {
        assert.deepStrictEqual(messages[0], Message.system("Be brief."))
        assert.strictEqual(options.temperature, 0)
        assert.deepStrictEqual(options.tools?.map((tool) => tool.type === "provider" ? "" : tool.name), ["get_weather"])
        assert.notProperty(options, "system")
      }
    }).pipe(Effect.provide(layer([
      toolCalls(
        [{ name: "get_weather", args: { city: "Bern" } }, { name: "get_weather", args: { city: "Rome" } }],
        { usage: { ...usage(10, 5), raw: { input: 10 } } }
      ),
      text("Warm", { usage: { ...usage(20, 7), cacheReadTokens: 5 } })
    ]))))
})

class SignedOut extends Schema.TaggedError<SignedOut>()("SignedOut", {}) {}
class NoSuchCity extends Schema.TaggedError<NoSuchCity>()("NoSuchCity", { city: Schema.String }) {}

const resultsOf = (result: { readonly messages: ReadonlyArray<Message.Message> }) =>
  result.messages.filter((message) => message._tag === "ToolMessage")

describe("what a model gets wrong is told to the model", () => {
  it.effect("a tool that does not exist, and arguments that do not fit", () =>
    Effect.gen(function*() {
      const agent = Agent.make({ tools: [weather] })
      const [unknown, unfit] = resultsOf(yield* agent.invoke("Hi"))
      assert.deepStrictEqual(
        unknown,
        Message.tool({
          toolCallId: "call_1",
          name: "get_wether",
          content: `There is no tool named "get_wether". There are: get_weather.`,
          isError: true
        })
      )
      assert.isTrue(unfit?.isError)
      assert.include(unfit?.content, `Expected string\n  at ["city"]`)
      assert.lengthOf(yield* requests, 2)
    }).pipe(Effect.provide(layer([
      toolCalls([{ name: "get_wether", args: { city: "Bern" } }, { name: "get_weather", args: { city: 7 } }]),
      text("Sorry")
    ]))))

  it.effect("a name that every object has is no tool", () =>
    Effect.gen(function*() {
      const [result] = resultsOf(yield* Agent.make({ tools: [] }).invoke("Hi"))
      assert.strictEqual(result?.content, `There is no tool named "toString". There are no tools.`)
    }).pipe(Effect.provide(layer([toolCalls([{ name: "toString", args: {} }]), text("Sorry")]))))

  it.effect("arguments that are no JSON", () =>
    Effect.gen(function*() {
      const [result] = resultsOf(yield* Agent.make({ tools: [weather] }).invoke("Hi"))
      assert.strictEqual(result?.content, "This call cannot be read: the arguments are not valid JSON")
      assert.isTrue(result?.isError)
    }).pipe(Effect.provide(layer([
      [
        chunk({
          ...AIMessageChunk.empty,
          parts: [{ type: "tool_call", index: 0, id: "call_1", name: "get_weather", args: "{city:", end: true }]
        }),
        finish("tool_calls")
      ],
      text("Sorry")
    ]))))

  it.effect("arguments so deep that reading them could overflow the stack", () => {
    interface Tree {
      readonly trees: ReadonlyArray<Tree>
    }
    const Tree = Schema.Struct({ trees: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree)) })
    const plant = Tool.make("plant", {
      parameters: Tree,
      success: Schema.String,
      handler: () => Effect.succeed("done")
    })
    const calls = [256, 257, 100_000].map((depth, index) =>
      chunk({
        ...AIMessageChunk.empty,
        parts: [{
          type: "tool_call",
          index,
          id: `call_${depth}`,
          name: "plant",
          args: `{"trees":[`.repeat(depth) + "]}".repeat(depth),
          end: true
        }]
      })
    )
    return Effect.gen(function*() {
      const told = resultsOf(yield* Agent.make({ tools: [plant] }).invoke("Hi")).map(({ content }) => content)
      const tooDeep = "This call cannot be read: the arguments are nested too deeply"
      assert.deepStrictEqual(told, ["done", tooDeep, tooDeep])
    }).pipe(Effect.provide(layer([[...calls, finish("tool_calls")], text("Sorry")])))
  })

  it.effect("a failure of which the tool has a schema", () =>
    Effect.gen(function*() {
      const tool = Tool.make("get_weather", {
        parameters: Schema.Struct({ city: Schema.String }),
        failure: NoSuchCity,
        handler: ({ city }) => Effect.fail(new NoSuchCity({ city }))
      })
      const [result] = resultsOf(yield* Agent.make({ tools: [tool] }).invoke("Hi"))
      assert.deepInclude(result, { content: `{"_tag":"NoSuchCity","city":"Atlantis"}`, isError: true })
    }).pipe(Effect.provide(layer([asked("Atlantis"), text("There is no such city")]))))
})

describe("failures", () => {
  it.effect("one of a tool's that has no schema ends the run, and the run can go on from its conversation", () =>
    Effect.gen(function*() {
      let signedIn = false
      const runs: Array<string> = []
      const done = Deferred.makeUnsafe<void>()
      const tool = Tool.make("get_weather", {
        parameters: Schema.Struct({ city: Schema.String }),
        success: Schema.String,
        handler: ({ city }) =>
          Effect.gen(function*() {
            runs.push(city)
            if (city === "Bern") return "17"
            // Bern's result is there when this fails.
            yield* Deferred.await(done)
            return signedIn ? "20" : yield* new SignedOut()
          })
      })
      const agent = Agent.make({ tools: [tool] })
      const error = yield* Effect.flip(
        Stream.runForEach(
          agent.stream("Hi"),
          (chunk) => chunk._tag === "ToolResultChunk" ? Deferred.succeed(done, undefined) : Effect.void
        )
      )
      assert.strictEqual(error._tag, "AgentToolError")
      if (error._tag !== "AgentToolError") return
      const reason: SignedOut = error.reason
      assert.instanceOf(reason, SignedOut)
      assert.deepInclude(error, { tool: "get_weather", toolCallId: "call_Rome" })
      const { messages, steps } = error.conversation
      assert.deepStrictEqual(resultsOf({ messages }).map(({ content }) => content), ["17"])
      assert.lengthOf(steps, 1)

      signedIn = true
      const result = yield* agent.invoke(messages)
      assert.strictEqual(result.content, "Fine")
      assert.deepStrictEqual(runs, ["Bern", "Rome", "Rome"])
      assert.deepStrictEqual(resultsOf(result).map(({ content }) => content), ["17", "20"])
    }).pipe(Effect.provide(layer([asked("Bern", "Rome"), text("Fine")]))))

  it.effect("one of a tool's can be caught by its reason", () =>
    Effect.gen(function*() {
      const tool = Tool.make("get_weather", { handler: () => Effect.fail(new SignedOut()) })
      const caught = yield* Agent.make({ tools: [tool] }).invoke("Hi").pipe(
        Effect.as("done"),
        Effect.catchReason("AgentToolError", "SignedOut", () => Effect.succeed("signed out"))
      )
      assert.strictEqual(caught, "signed out")
    }).pipe(Effect.provide(layer([asked("Bern")]))))

  it.effect("the model's is a ChatModelError still, with the conversation and what arrived", () =>
    Effect.gen(function*() {
      const caught = yield* Agent.make({ tools: [weather] }).invoke("Hi").pipe(
        Effect.as(undefined),
        Effect.catchTag("ChatModelError", (error) => Effect.succeed(error))
      )
      assert.instanceOf(caught, ChatModelError.ChatModelError)
      assert.strictEqual(caught?.reason._tag, "OverloadedError")
      assert.strictEqual(caught?.partial?.content, "It is")
      assert.deepStrictEqual(caught?.conversation.messages.map(({ _tag }) => _tag), [
        "HumanMessage",
        "AIMessage",
        "ToolMessage"
      ])
      assert.deepStrictEqual(caught?.conversation.usage, usage(1, 2))
      const json = JSON.stringify(Schema.encodeSync(Schema.toCodecJson(ChatModelError.ChatModelError))(caught!))
      assert.notInclude(json, "conversation")
      assert.notInclude(JSON.stringify({ ...caught }), "conversation")
    }).pipe(Effect.provide(layer([
      toolCalls([{ name: "get_weather", args: { city: "Bern" } }], { usage: usage(1, 2) }),
      [
        chunk(AIMessageChunk.text("It is")),
        fail(new ChatModelError.OverloadedError({ message: "Too busy" }))
      ]
    ]))))

  it.effect("defects stay defects", () =>
    Effect.gen(function*() {
      const tool = Tool.make("get_weather", { handler: () => Effect.die(new Error("a mistake")) })
      const exit = yield* Effect.exit(Agent.make({ tools: [tool] }).invoke("Hi"))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause) && !Cause.hasFails(exit.cause))
    }).pipe(Effect.provide(layer([asked("Bern")]))))
})

describe("the end", () => {
  it.effect("max_steps: the last calls are run, and the run can go on", () =>
    Effect.gen(function*() {
      const agent = Agent.make({ tools: [weather], maxSteps: 2 })
      const first = yield* agent.invoke("Hi")
      assert.deepInclude(first, { finish: "max_steps", pending: [] })
      assert.lengthOf(yield* requests, 2)
      assert.lengthOf(resultsOf(first), 2)
      const second = yield* agent.invoke(first.messages)
      assert.deepInclude(second, { finish: "stop", content: "Done" })
      assert.lengthOf(second.steps, 1)
    }).pipe(Effect.provide(layer([asked("Bern"), asked("Rome"), text("Done")]))))

  it.effect("stop_when: by a tool, by a number of steps, by an effect", () =>
    Effect.gen(function*() {
      const conditions: ReadonlyArray<(run: Agent.Conversation) => boolean | Effect.Effect<boolean>> = [
        Agent.hasToolCall("other", "get_weather"),
        ({ steps }) => steps.length === 1,
        (run) => Effect.succeed(resultsOf(run).length === 1)
      ]
      for (const stopWhen of conditions) {
        const result = yield* Agent.make({ tools: [weather], stopWhen }).invoke("Hi").pipe(
          Effect.provide(layer([asked("Bern"), text("Done")]))
        )
        assert.deepInclude(result, { finish: "stop_when", content: "" })
        assert.lengthOf(resultsOf(result), 1)
      }
      const never = yield* Agent.make({ tools: [weather], stopWhen: Agent.hasToolCall("other") }).invoke("Hi").pipe(
        Effect.provide(layer([asked("Bern"), text("Done")]))
      )
      assert.strictEqual(never.finish, "stop")
    }))

  it.effect("a paused answer is sent back, and counts as a step", () =>
    Effect.gen(function*() {
      const result = yield* Agent.make({ tools: [] }).invoke("Hi")
      assert.deepStrictEqual(result.steps.map(({ message }) => message.content), ["Searching", "Found"])
      assert.strictEqual(result.finish, "stop")
      const [, second] = yield* requests
      assert.deepStrictEqual(second?.messages, result.messages.slice(0, 2))
    }).pipe(Effect.provide(layer([text(["Searching"], { finish: "pause" }), text(["Found"])]))))

  for (const reason of ["length", "refusal", "content_filter", "other"] as const) {
    it.effect(`${reason} ends a run, and no call is run then`, () =>
      Effect.gen(function*() {
        const result = yield* Agent.make({ tools: [weather] }).invoke("Hi")
        assert.strictEqual(result.finish, reason)
        assert.lengthOf(resultsOf(result), 0)
        assert.lengthOf(yield* requests, 1)
        assert.deepStrictEqual(result.pending.map(({ id }) => id), reason === "other" ? [] : ["call_1"])
      }).pipe(Effect.provide(layer([
        reason === "other"
          ? text("Hm", { finish: reason })
          : toolCalls([{ name: "get_weather", args: { city: "Bern" } }], { finish: reason })
      ]))))
  }

  it.effect("calls of an answer that says stop are run: some providers say so", () =>
    Effect.gen(function*() {
      const result = yield* Agent.make({ tools: [weather] }).invoke("Hi")
      assert.lengthOf(resultsOf(result), 1)
    }).pipe(Effect.provide(layer([
      toolCalls([{ name: "get_weather", args: { city: "Bern" } }], { finish: "stop" }),
      text("Done")
    ]))))
})

describe("tools of one step", () => {
  const run = (concurrency: number | undefined) =>
    Effect.gen(function*() {
      let running = 0
      let most = 0
      const tool = Tool.make("get_weather", {
        parameters: Schema.Struct({ city: Schema.String }),
        success: Schema.String,
        handler: ({ city }) =>
          Effect.gen(function*() {
            most = Math.max(most, ++running)
            for (let i = 0; i < 10 - city.length; i++) yield* Effect.yieldNow
            running--
            return city
          })
      })
      const agent = Agent.make({ tools: [tool], concurrency })
      const result = yield* agent.invoke("Hi")
      assert.strictEqual(running, 0)
      // In the order of the calls, whichever was done first.
      assert.deepStrictEqual(resultsOf(result).map(({ content }) => content), ["a", "bb", "ccc", "dddd"])
      const [, second] = yield* requests
      assert.lengthOf(second?.messages ?? [], 6)
      return most
    }).pipe(Effect.provide(layer([asked("a", "bb", "ccc", "dddd"), text("Done")])))

  it.effect("run at once, up to the bound", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* run(undefined), 4)
      assert.strictEqual(yield* run(2), 2)
      assert.strictEqual(yield* run(1), 1)
    }))

  it.effect("when one fails the others are stopped, and have ended, before that is seen", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const waits = Deferred.makeUnsafe<void>()
      const tool = Tool.make("get_weather", {
        parameters: Schema.Struct({ city: Schema.String }),
        handler: ({ city }) =>
          city === "Bern"
            ? Deferred.succeed(waits, undefined).pipe(
              Effect.andThen(Effect.never),
              Effect.onInterrupt(() => Effect.andThen(Effect.yieldNow, Effect.sync(() => log.push("stopped"))))
            )
            : Effect.andThen(Deferred.await(waits), new SignedOut())
      })
      yield* Effect.flip(Agent.make({ tools: [tool] }).invoke("Hi"))
      log.push("seen")
      assert.deepStrictEqual(log, ["stopped", "seen"])
    }).pipe(Effect.provide(layer([asked("Bern", "Rome")]))))
})

describe("progress of tools", () => {
  const steps = Tool.make("get_weather", {
    parameters: Schema.Struct({ city: Schema.String }),
    success: Schema.Number,
    handler: () => Stream.make(1, 2, 3)
  })

  it.effect("is part of the stream", () =>
    Effect.gen(function*() {
      const chunks = yield* Stream.runCollect(Agent.make({ tools: [steps] }).stream("Hi"))
      assert.deepStrictEqual(
        chunks.filter((chunk) => chunk._tag === "ToolProgressChunk").map((
          { toolCallId, value }
        ) => [toolCallId, value]),
        [["call_Bern", 1], ["call_Bern", 2], ["call_Bern", 3]]
      )
      const [result] = chunks.filter((chunk) => chunk._tag === "ToolResultChunk")
      assert.strictEqual(result?.message.content, "3")
    }).pipe(Effect.provide(layer([asked("Bern"), text("Done")]))))

  it.effect("waits for a slow consumer", () =>
    Effect.gen(function*() {
      let made = 0
      const endless = Tool.make("get_weather", {
        success: Schema.Number,
        handler: () => Stream.fromEffectRepeat(Effect.sync(() => ++made))
      })
      const seen: Array<number> = []
      yield* Agent.make({ tools: [endless] }).stream("Hi").pipe(
        Stream.runForEach((chunk) =>
          Effect.gen(function*() {
            if (chunk._tag !== "ToolProgressChunk") return
            for (let i = 0; i < 100; i++) yield* Effect.yieldNow
            seen.push(chunk.value)
            assert.isAtMost(made - chunk.value, 8)
            if (seen.length === 50) yield* Effect.interrupt
          })
        ),
        Effect.exit
      )
      assert.lengthOf(seen, 50)
    }).pipe(Effect.provide(layer([asked("Bern")]))))
})

describe("onStep", () => {
  it.effect("is told of each step when it is done", () =>
    Effect.gen(function*() {
      const told: Array<readonly [string, number, number]> = []
      const agent = Agent.make({
        tools: [weather],
        onStep: ({ message, results }, { messages }) =>
          Effect.sync(() => told.push([message.finish.reason, results.length, messages.length]))
      })
      yield* agent.invoke("Hi")
      assert.deepStrictEqual(told, [["tool_calls", 1, 3], ["stop", 0, 4]])
    }).pipe(Effect.provide(layer([asked("Bern"), text("Done")]))))

  it.effect("that fails or throws is logged, and the run goes on", () =>
    Effect.gen(function*() {
      for (
        const onStep of [() => Effect.fail("no"), (): Effect.Effect<void> => {
          throw new Error("no")
        }]
      ) {
        const logged: Array<unknown> = []
        const result = yield* Agent.make({ tools: [], onStep }).invoke("Hi").pipe(
          Effect.provide(layer([text("Done")])),
          Effect.provide(Logger.layer([Logger.make(({ message }) => logged.push(message))]))
        )
        assert.strictEqual(result.content, "Done")
        assert.include(String(logged[0]), "onStep failed")
      }
    }))
  it.effect("holds up the run, and is left with it, which is no failure of its", () =>
    Effect.gen(function*() {
      const logged: Array<unknown> = []
      const waits = yield* Deferred.make<void>()
      const onStep = () => Effect.andThen(Deferred.succeed(waits, undefined), Effect.never)
      const fiber = yield* Effect.forkChild(
        Agent.make({ tools: [weather], onStep }).invoke("Hi").pipe(
          Effect.provide(Logger.layer([Logger.make(({ message }) => logged.push(message))]))
        )
      )
      yield* Deferred.await(waits)
      assert.lengthOf(yield* requests, 1)
      const exit = yield* Effect.andThen(Fiber.interrupt(fiber), Fiber.await(fiber))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
      assert.deepStrictEqual(logged, [])
    }).pipe(Effect.provide(layer([asked("Bern"), text("Done")]))))
})

describe("in a chain", () => {
  it.effect("what shows content takes an agent's chunks and its result", () =>
    Effect.gen(function*() {
      const shout = Runnable.map(({ content }: { readonly content: string }) => content.toUpperCase())
      const chain = Runnable.sequence(Agent.make({ tools: [weather] }), shout)
      assert.strictEqual(yield* chain.invoke("Hi"), "DONE")
    }).pipe(Effect.provide(layer([asked("Bern"), text("Done")]))))

  it.effect("a function that gives on an agent has its result", () =>
    Effect.gen(function*() {
      const agent = Agent.make({ tools: [weather] })
      const result = yield* Runnable.fn((_question: string) => agent).invoke("Hi")
      assert.strictEqual(result.finish, "stop")
    }).pipe(Effect.provide(layer([asked("Bern"), text("Done")]))))
})

describe("an agent with a model of its own", () => {
  class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}

  it.effect("asks that one in every step, and needs no other", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make([asked("Bern"), text("Warm"), asked("Rome"), text("Warmer")])
      const given = Agent.make({ tools: [weather], model, maxTokens: 9 })
      assert.strictEqual((yield* given.invoke("How warm is it?")).content, "Warm")
      const tagged = Agent.make({ tools: [weather], model: Fast })
      const run = tagged.invoke("And in Rome?").pipe(Effect.provideService(Fast, model))
      assert.strictEqual((yield* run).content, "Warmer")
      const sent = yield* calls
      assert.lengthOf(sent, 4)
      assert.deepStrictEqual(Object.keys(sent[0]!.options).toSorted(), ["maxTokens", "tools"])
      // The model of the context, which has no replies, was not asked.
      assert.deepStrictEqual(yield* requests, [])
    }).pipe(Effect.provide(layer([]))))

  it.effect("a forced call of the model's own options is free in the next step", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make([asked("Bern"), text("Warm")], {
        options: { toolChoice: "required" }
      })
      yield* Agent.make({ tools: [weather], model }).invoke("How warm is it?")
      assert.deepStrictEqual((yield* calls).map(({ options }) => options.toolChoice), ["required", "auto"])
    }))

  it.effect("agents with different models work together, and events show which was asked", () =>
    Effect.gen(function*() {
      const one = ScriptedChatModel.make([text("draft")], { provider: "one" })
      const two = ScriptedChatModel.make([text("final")], { provider: "two" })
      const chain = Runnable.sequence(
        Agent.make({ tools: [], name: "writer", model: one.model }),
        Runnable.fn(({ content }: Agent.AgentResult) => content),
        Agent.make({ tools: [], name: "editor", model: two.model })
      )
      const events = yield* Stream.runCollect(Runnable.streamEvents(chain, "Hi"))
      const names = events.filter(({ event }) => event === "on_chat_model_start").map(({ name }) => name)
      assert.deepStrictEqual(names, ["one", "two"])
      assert.deepStrictEqual((yield* two.calls)[0]?.messages, [Message.human("draft")])
    }))

  it.effect("what is no model is named", () =>
    Effect.gen(function*() {
      const make = Agent.make as (options: object) => Agent.Agent<never, never, never>
      const exit = yield* Effect.exit(make({ tools: [], model: "claude" }).invoke("Hi"))
      assert.isTrue(Exit.isFailure(exit))
      assert.include(
        String(Exit.isFailure(exit) && Cause.squash(exit.cause)),
        "The agent's model must be a model or the tag of one, not \"claude\""
      )
    }))
})
