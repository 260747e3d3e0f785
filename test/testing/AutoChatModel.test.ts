// An automatic model keeps to the request, and finds what is wrong with an app.
import { assert, describe, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Arbitrary, Effect, Exit, Schedule, Schema, Stream } from "effect"
import { Agent, AIMessageChunk, ChatModel, Tool } from "rivulet"
import type { CallOptions, Message } from "rivulet"
import { AutoChatModel, expectAsked, ScriptedChatModel } from "rivulet/Testing"

const tools: ReadonlyArray<CallOptions.ToolDefinition> = [
  {
    name: "weather",
    parameters: {
      type: "object",
      properties: { city: { type: "string", minLength: 1 }, days: { type: "integer", minimum: 1, maximum: 7 } },
      required: ["city"],
      additionalProperties: false
    }
  },
  { name: "clock", parameters: { type: "object", properties: {}, additionalProperties: false } },
  {
    name: "plan",
    parameters: {
      type: "object",
      properties: { steps: { type: "array", items: { $ref: "#/$defs/Step" } } },
      required: ["steps"],
      $defs: {
        Step: {
          type: "object",
          properties: { text: { type: "string" }, after: { anyOf: [{ $ref: "#/$defs/Step" }, { type: "null" }] } },
          required: ["text", "after"]
        }
      }
    }
  }
]

const answerSchema = {
  type: "object",
  properties: { ok: { type: "boolean" }, why: { type: "string" } },
  required: ["ok"]
}

/** The options of a request, by a number. */
const optionsOf = (n: number): CallOptions.CallOptions => ({
  ...(n % 2 === 0 ? { tools: tools.slice(0, 1 + n % 3) } : {}),
  ...(n % 10 === 0
    ? { toolChoice: "required" }
    : n % 10 === 2
    ? { toolChoice: "none" }
    : n % 10 === 4
    ? { toolChoice: { name: "weather" } }
    : {}),
  ...(n % 4 === 0 ? { parallelToolCalls: false } : {}),
  ...(n % 5 === 1
    ? { responseFormat: { type: "json_schema", schema: answerSchema } }
    : n % 5 === 3
    ? { responseFormat: { type: "json" } }
    : {}),
  ...(n % 7 === 1 ? { stopSequences: ["fish", "o"] } : {}),
  ...(n % 11 === 1 ? { maxTokens: 1 + n % 9 } : {}),
  ...(n % 6 === 1 ? { reasoning: { effort: "high" } } : {})
})

const ajv = new Ajv2020({ strict: false, validateFormats: false })
const validators = new Map(tools.map(({ name, parameters }) => [name, ajv.compile(parameters)]))
const validateAnswer = ajv.compile(answerSchema)

const halfOfPair = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Checks the chunks of one answer. */
const checkStream = (chunks: ReadonlyArray<AIMessageChunk.AIMessageChunk>) => {
  assert.deepStrictEqual(chunks.flatMap(({ finish }, i) => finish === undefined ? [] : [i]), [chunks.length - 1])
  const kinds = new Map<number, string>()
  const ended = new Set<number>()
  let output = 0
  for (const { content, id, parts, usage } of chunks) {
    assert.strictEqual(id, chunks[0]?.id)
    assert.strictEqual(content, parts.map((part) => part.type === "text" ? part.text : "").join(""))
    for (const part of parts) {
      assert.isFalse(ended.has(part.index), "a delta after the end of its block")
      assert.strictEqual(kinds.get(part.index) ?? part.type, part.type)
      if (part.type === "tool_call") {
        if (!kinds.has(part.index)) assert.isDefined(part.name)
        if (part.end) ended.add(part.index)
        assert.notMatch(part.args, halfOfPair)
      }
      if (part.type === "text" || part.type === "reasoning") assert.notMatch(part.text, halfOfPair)
      kinds.set(part.index, part.type)
    }
    if (usage === undefined) continue
    assert.isAtLeast(usage.outputTokens, output)
    assert.strictEqual(usage.totalTokens, usage.inputTokens + usage.outputTokens)
    assert.isAtMost(usage.reasoningTokens ?? 0, usage.outputTokens)
    output = usage.outputTokens
  }
}

/** Checks a message by the options of its request. */
const checkMessage = (message: Message.AIMessage, options: CallOptions.CallOptions) => {
  const { content, finish, invalidToolCalls, parts, toolCalls } = message
  const { maxTokens, parallelToolCalls, reasoning, responseFormat, stopSequences = [], toolChoice, tools } = options
  const isCut = finish.reason === "length"
  if (isCut) {
    assert.isDefined(maxTokens)
    assert.isAtMost(message.usage?.outputTokens ?? Infinity, maxTokens ?? 0)
  } else assert.isEmpty(invalidToolCalls)
  for (const { args, name } of toolCalls) {
    assert.include((tools ?? []).flatMap((tool) => tool.type === "provider" ? [] : [tool.name]), name)
    if (typeof toolChoice === "object") assert.strictEqual(name, toolChoice.name)
    assert.isTrue(validators.get(name)?.(args), `${name}(${JSON.stringify(args)})`)
  }
  assert.strictEqual(new Set(toolCalls.map(({ id }) => id)).size, toolCalls.length)
  if (!isCut) assert.strictEqual(finish.reason, toolCalls.length > 0 ? "tool_calls" : "stop")
  if (toolChoice === "none") assert.isEmpty(toolCalls)
  if (toolChoice === "required" && !isCut) assert.isNotEmpty(toolCalls)
  if (parallelToolCalls === false) assert.isAtMost(toolCalls.length, 1)
  for (const stop of stopSequences) assert.notInclude(content, stop)
  if (reasoning !== undefined && !isCut) assert.isTrue(parts.some(({ type }) => type === "reasoning"))
  if (reasoning === undefined) assert.isFalse(parts.some(({ type }) => type === "reasoning"))
  if (toolCalls.length === 0 && !isCut && stopSequences.length === 0) {
    if (responseFormat?.type === "json_schema") assert.isTrue(validateAnswer(JSON.parse(content)), content)
    else if (responseFormat?.type === "json") assert.isObject(JSON.parse(content))
    else assert.notStrictEqual(content, "")
  }
}

describe("an answer keeps to its request", () => {
  it.effect("for 3000 seeds and many options", () =>
    Effect.gen(function*() {
      const reasons = new Set<string>()
      let parallel = 0
      for (let seed = 0; seed < 3000; seed++) {
        const options = optionsOf(Math.imul(seed + 1, 2654435761) >>> 8)
        const { model } = AutoChatModel.make({ seed })
        const chunks = yield* Stream.runCollect(model.stream("Hi", options))
        checkStream(chunks)
        const message = AIMessageChunk.toMessage(chunks)
        if (message._tag !== "AIMessage") return assert.fail("the answer has no end")
        checkMessage(message, options)
        reasons.add(message.finish.reason)
        if (message.toolCalls.length > 1) parallel++
      }
      assert.deepStrictEqual([...reasons].toSorted(), ["length", "stop", "tool_calls"])
      assert.isAbove(parallel, 10)
    }))

  it.effect("the same seed gives the same answer to the same question, whatever is asked before", () =>
    Effect.gen(function*() {
      const answers = (seed: number, ...questions: ReadonlyArray<string>) =>
        Effect.forEach(questions, (question) => AutoChatModel.make({ seed }).model.invoke(question, { tools }))
      const [one, two] = yield* answers(5, "One", "Two")
      const { model } = AutoChatModel.make({ seed: 5 })
      assert.deepStrictEqual(yield* model.invoke("Two", { tools }), two)
      assert.deepStrictEqual(yield* model.invoke("One", { tools }), one)
      assert.deepStrictEqual(yield* model.invoke("One", { tools }), one)
      const others = yield* Effect.forEach(Array.from({ length: 20 }), (_, i) => answers(i, "One"))
      assert.isAbove(new Set(others.map((answer) => JSON.stringify(answer))).size, 10)
    }))

  it.effect("the ids of calls are unique in a conversation", () =>
    Effect.gen(function*() {
      const agent = Agent.make({ tools: [tool], toolChoice: "required" })
      for (let seed = 0; seed < 50; seed++) {
        const { messages } = yield* agent.invoke("Go").pipe(Effect.provide(AutoChatModel.layer({ seed, toolCalls: 1 })))
        const ids = messages.flatMap((message) => message._tag === "ToolMessage" ? [message.toolCallId] : [])
        assert.strictEqual(new Set(ids).size, ids.length)
      }
    }))

  it.effect("an object of a schema decodes, by every way of asking for one", () =>
    Effect.gen(function*() {
      const recipe = Schema.Struct({
        title: Schema.NonEmptyString,
        steps: Schema.Array(Schema.Struct({ text: Schema.String, minutes: Schema.optionalKey(Schema.Int) })),
        served: Schema.Union([Schema.Literal("hot"), Schema.Null]),
        on: Schema.Date
      })
      for (let seed = 0; seed < 100; seed++) {
        for (const method of ["native", "tool"] as const) {
          const { value } = yield* ChatModel.generateObject("A recipe", { schema: recipe, method }).pipe(
            Effect.provide(AutoChatModel.layer({ seed }))
          )
          assert.isTrue(Schema.is(recipe)(value), JSON.stringify(value))
        }
      }
    }))

  it.effect("the arguments of a tool without a type are an object", () =>
    Effect.gen(function*() {
      const free = { name: "free", parameters: {} }
      for (let seed = 0; seed < 50; seed++) {
        const { toolCalls } = yield* AutoChatModel.make({ seed }).model.invoke("Hi", {
          tools: [free],
          toolChoice: "required"
        })
        for (const { args } of toolCalls) assert.isObject(args)
      }
    }))

  it.effect("a schema without a value fails the call", () =>
    Effect.gen(function*() {
      const never = { name: "never", parameters: { type: "object", properties: { a: false }, required: ["a"] } }
      const error = yield* Effect.flip(
        AutoChatModel.make().model.invoke("Hi", { tools: [never], toolChoice: "required" })
      )
      assert.strictEqual(error.reason._tag, "InvalidRequestError")
      assert.include(error.message, "the tool never")
    }))

  it("options without a meaning are refused", () => {
    assert.throws(() => AutoChatModel.make({ toolCalls: 2 }), /toolCalls must be at most 1/)
    assert.throws(() => AutoChatModel.make({ maxCalls: 0 }), /maxCalls/)
    assert.throws(() => AutoChatModel.arbitrary({ faults: { breaks: Number.NaN } }), /faults\.breaks/)
  })
})

const tool = Tool.make("count", {
  parameters: Schema.Struct({ from: Schema.Int, note: Schema.optionalKey(Schema.String) }),
  success: Schema.Int,
  handler: ({ from }) => Effect.succeed(from + 1)
})

/** Checks that a property is false, and gives the report of the simplest conversation. */
const falsified = Effect.fnUntraced(function*(
  property: Effect.Effect<boolean, unknown, ChatModel.ChatModel>,
  options?: AutoChatModel.Options,
  seed = 1
) {
  const result = yield* Arbitrary.checkEffect(
    AutoChatModel.arbitrary(options),
    ({ layer }) =>
      Effect.map(Effect.exit(Effect.provide(property, layer)), (exit) => Exit.isSuccess(exit) && exit.value),
    { runs: 1000, seed }
  )
  return Arbitrary.formatCheckFailure(result) ?? assert.fail("nothing was found")
})

describe("it finds", () => {
  it.effect("a tool that throws for some arguments", () =>
    Effect.gen(function*() {
      const throws = Tool.make("divide", {
        parameters: Schema.Struct({ a: Schema.Int, b: Schema.Int, note: Schema.optionalKey(Schema.String) }),
        success: Schema.Finite,
        handler: ({ a, b }) => b > 100 ? Effect.die(new Error("too large")) : Effect.succeed(a / (b || 1))
      })
      const agent = Agent.make({ tools: [tool, throws] })
      for (const seed of [1, 2, 3]) {
        const report = yield* falsified(Effect.as(agent.invoke("Go"), true), undefined, seed)
        assert.match(report, /which gave\n- divide\(\{"a":0,"b":101\}\)\n/)
      }
    }))

  it.effect("an agent that never ends", () =>
    Effect.gen(function*() {
      const agent = Agent.make({ tools: [tool], maxSteps: 3 })
      const ends = Effect.map(agent.invoke("Go"), ({ finish }) => finish !== "max_steps")
      const report = yield* falsified(ends)
      assert.match(report, /which gave\n(- count\(\{"from":0\}\)\n){3}Failure/)
    }))

  it.effect("a schema that allows what its tool refuses", () =>
    Effect.gen(function*() {
      const even = Schema.Int.check(Schema.makeFilter((n) => n % 2 === 0 || "must be even"))
      const pairs = Tool.make("pairs", {
        parameters: Schema.Struct({ shoes: even }),
        success: Schema.Int,
        handler: ({ shoes }) => Effect.succeed(shoes / 2)
      })
      const accepts = Effect.map(Agent.make({ tools: [pairs] }).invoke("Go"), ({ messages }) =>
        messages.every((message) => message._tag !== "ToolMessage" || message.isError !== true))
      const report = yield* falsified(accepts)
      assert.match(report, /which gave\n- pairs\(\{"shoes":1\}\)\n- text "ok"\n/)
    }))

  it.effect("an app that does not expect an answer to be cut off", () =>
    Effect.gen(function*() {
      const parses = Effect.map(ChatModel.invoke("Go", { responseFormat: { type: "json" } }), ({ content }) =>
        JSON.parse(content) !== undefined)
      const report = yield* falsified(parses, { cutOffs: 0.2 })
      assert.match(report, /which gave\n- .*\nFailure/)
    }))
})

describe("with faults", () => {
  const outcomes = Effect.fnUntraced(function*(faults: AutoChatModel.Faults, options?: CallOptions.CallOptions) {
    const seen = new Map<string, number>()
    for (let seed = 0; seed < 300; seed++) {
      const { model } = AutoChatModel.make({ seed, faults, options: { maxRetries: 0 } })
      const outcome = yield* model.invoke("Hi", options).pipe(
        Effect.match({
          onFailure: ({ reason }) => reason._tag as string,
          onSuccess: ({ invalidToolCalls, toolCalls }) =>
            invalidToolCalls.length > 0
              ? "unreadable"
              : toolCalls.every(({ args, name }) => validators.get(name)?.(args))
              ? "right"
              : "wrong"
        })
      )
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    }
    return seen
  })

  it.effect("some attempts fail, and a retry can help", () =>
    Effect.gen(function*() {
      const seen = yield* outcomes({ failures: 0.3 })
      assert.includeMembers([...seen.keys()], ["right", "OverloadedError", "RateLimitError", "NetworkError"])
      assert.isAbove(seen.get("right") ?? 0, 150)
      const options = { maxRetries: 50, retrySchedule: Schedule.recurs(50) }
      for (let seed = 0; seed < 100; seed++) {
        yield* AutoChatModel.make({ seed, faults: { failures: 0.6 }, options }).model.invoke("Hi")
      }
    }))

  it.effect("some answers break off", () =>
    Effect.gen(function*() {
      const seen = yield* outcomes({ breaks: 0.5 })
      assert.includeMembers([...seen.keys()], ["right", "NetworkError", "TruncatedError"])
    }))

  it.effect("some arguments are wrong, and some calls are to no tool", () =>
    Effect.gen(function*() {
      const wrong = yield* outcomes({ invalidArguments: 0.5 }, { tools, toolChoice: "required" })
      assert.includeMembers([...wrong.keys()], ["right", "wrong", "unreadable"])
      const unknown = yield* outcomes({ unknownTools: 0.5 }, { tools, toolChoice: "required" })
      assert.includeMembers([...unknown.keys()], ["right", "wrong"])
    }))
})

describe("a drawn model", () => {
  const messagesOf = (layer: AutoChatModel.Drawn["layer"]) =>
    Effect.map(Effect.provide(Agent.make({ tools: [tool] }).invoke("Go"), layer), ({ messages }) => messages)

  it.effect("answers as one with its seed and its options", () =>
    Effect.gen(function*() {
      const options: AutoChatModel.Options = { size: 2, faults: { unknownTools: 0.2 } }
      const drawn = yield* Arbitrary.sampleEffect(AutoChatModel.arbitrary(options), { count: 20, seed: 1 })
      for (const { layer, seed } of drawn) {
        assert.deepStrictEqual(yield* messagesOf(layer), yield* messagesOf(AutoChatModel.layer({ ...options, seed })))
      }
      assert.isAbove(new Set(drawn.map(({ seed }) => seed)).size, 10)
    }))

  it.effect("is another one each time it is provided, and prints what the last one answered", () =>
    Effect.gen(function*() {
      const [drawn] = yield* Arbitrary.sampleEffect(AutoChatModel.arbitrary(), { count: 1, seed: 2 })
      assert.isDefined(drawn)
      assert.strictEqual(String(drawn), `AutoChatModel of seed ${drawn.seed}, which gave\nno answer`)
      for (let i = 0; i < 2; i++) {
        const { content } = yield* ChatModel.invoke("Hi").pipe(
          Effect.tap(() => expectAsked([{ human: "Hi" }])),
          Effect.provide(drawn.layer)
        )
        assert.strictEqual(
          String(drawn),
          `AutoChatModel of seed ${drawn.seed}, which gave\n- text ${JSON.stringify(content)}`
        )
      }
    }))
})

describe("in a property", () => {
  it.effect.prop(
    "an agent ends, whatever its model does",
    [AutoChatModel.arbitrary({ faults: { invalidArguments: 0.1, unknownTools: 0.1 } })],
    ([auto]) =>
      Effect.gen(function*() {
        const { finish, messages } = yield* Agent.make({ tools: [tool] }).invoke("Go")
        assert.strictEqual(finish, "stop")
        const { calls } = yield* ScriptedChatModel.ScriptedChatModel
        assert.lengthOf(messages.filter(({ _tag }) => _tag === "AIMessage"), (yield* calls).length)
      }).pipe(Effect.provide(auto.layer)),
    { arbitrary: { runs: 300 } }
  )
})
