// What the library adds to an error of a server: the option in its own name, how to go on, and that a model has retired.
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import type { Config, Scope } from "effect"
import { ModelFacts, TokenCount } from "rivulet"
import type { CallOptions, ChatModel } from "rivulet"
import { OpenAiScript, Script, TestServer } from "rivulet/Testing"
import { serve as serveMessages } from "../support/anthropic.ts"
import { serveChat, serveCompatible, testKey } from "../support/openai.ts"
import { serve as serveResponses } from "../support/responses.ts"

const refusal = (body: unknown) => Script.status(400, { body: JSON.stringify(body) })

const invalid = (model: ChatModel.Service, options?: CallOptions.CallOptions) =>
  Effect.gen(function*() {
    const { reason } = yield* Effect.orDie(Effect.flip(model.invoke("Hi", options)))
    return reason._tag === "InvalidRequestError" ? reason : assert.fail(`${reason._tag}: ${reason.message}`)
  })

const type = "invalid_request_error"
const anthropic = (message: string) => ({ type: "error", error: { type, message } })

describe("the field of a 400 is the option in its own name", () => {
  const messages = (message: string) =>
    Effect.flatMap(serveMessages(refusal(anthropic(message)), { model: "claude-x" }), ({ model }) => invalid(model))
  const chat = (error: object) =>
    Effect.flatMap(serveChat(refusal({ error: { type, code: null, ...error } })), ({ model }) => invalid(model))
  const responses = (error: object) =>
    Effect.flatMap(serveResponses(refusal({ error: { type, code: null, ...error } })), ({ model }) => invalid(model))
  const compatible = (preset: string, body: object) =>
    Effect.flatMap(serveCompatible(refusal(body), { preset }), ({ model }) => invalid(model))

  const cases: ReadonlyArray<
    readonly [
      said: string,
      Effect.Effect<{ readonly field?: string | undefined }, Config.ConfigError, Scope.Scope>,
      string
    ]
  > = [
    ["anthropic", messages("tool_choice: tool and any are not supported for this model"), "toolChoice"],
    [
      "anthropic, in quotes",
      messages(`"thinking.type.enabled" is not supported. Use "output_config.effort"`),
      "reasoning"
    ],
    ["anthropic, in backticks", messages("`temperature` is deprecated for this model."), "temperature"],
    ["anthropic, of two", messages("`temperature` and `top_p` cannot both be specified."), "temperature"],
    ["anthropic: max_tokens", messages("max_tokens: 200000 > 128000, which is the maximum"), "maxTokens"],
    ["anthropic: budget_tokens", messages("thinking.budget_tokens: Input should be 1024"), "reasoning.budgetTokens"],
    ["anthropic: effort", messages("output_config.effort: Input should be 'low'"), "reasoning.effort"],
    ["anthropic: a message", messages("messages.0.content.0.text: blank"), "messages.0.content.0.text"],
    ["openai: max_completion_tokens", chat({ message: "m", param: "max_completion_tokens" }), "maxTokens"],
    ["openai: reasoning_effort", chat({ message: "m", param: "reasoning_effort" }), "reasoning.effort"],
    ["openai: stop", chat({ message: "m", param: "stop" }), "stopSequences"],
    [
      "openai: response_format.json_schema",
      chat({ message: "m", param: "response_format.json_schema" }),
      "responseFormat"
    ],
    ["openai: reasoning.effort", responses({ message: "m", param: "reasoning.effort" }), "reasoning.effort"],
    ["openai: text.format.schema", responses({ message: "m", param: "text.format.schema" }), "responseFormat"],
    ["openai: max_output_tokens", responses({ message: "m", param: "max_output_tokens" }), "maxTokens"],
    ["openai: tools[0].name", responses({ message: "m", param: "tools[0].name" }), "tools[0].name"],
    [
      "xai",
      compatible("xai", { code: "invalid", error: "Argument not supported on this model: stop" }),
      "stopSequences"
    ],
    [
      "xai, in camel case",
      compatible("xai", { code: "invalid", error: "Model x does not support parameter reasoningEffort." }),
      "reasoning.effort"
    ],
    [
      "deepseek",
      compatible("deepseek", {
        error: { message: "Thinking mode does not support this tool_choice", type, param: null }
      }),
      "toolChoice"
    ],
    [
      "moonshotai",
      compatible("moonshotai", { error: { message: "invalid temperature: only 1 is allowed for this model", type } }),
      "temperature"
    ],
    [
      "alibaba",
      compatible("alibaba", {
        error: {
          code: "invalid_parameter_error",
          param: null,
          message:
            "<400> InternalError.Algo.InvalidParameter: The tool_choice parameter does not support being set to " +
            "required or object in thinking mode",
          type
        }
      }),
      "toolChoice"
    ],
    [
      "mistral",
      compatible("mistral", { message: "reasoning_effort is not enabled for this model" }),
      "reasoning.effort"
    ],
    [
      "openrouter",
      compatible("openrouter", { error: { message: "Reasoning is mandatory and cannot be disabled.", code: 400 } }),
      "reasoning"
    ]
  ]
  for (const [said, asked, field] of cases) {
    it.live(said, () => Effect.map(asked, (reason) => assert.strictEqual(reason.field, field)))
  }

  it.live("a sentence about something else has none", () =>
    Effect.gen(function*() {
      for (
        const message of ["Your credit card is invalid", "The request is too odd", "model `x` and 'user' disagree"]
      ) {
        const { model } = yield* serveCompatible(refusal({ error: { message, type } }))
        assert.isUndefined((yield* invalid(model)).field, message)
      }
    }))

  it.live("a field that the call has spelled itself keeps its name", () =>
    Effect.gen(function*() {
      const { model } = yield* serveChat(refusal({ error: { type, message: "m", param: "reasoning_effort" } }))
      const reason = yield* invalid(model, { providerOptions: { openai: { reasoning_effort: "max" } } })
      assert.deepStrictEqual([reason.field, reason.message], ["reasoning_effort", "m"])
    }))

  it.live("inside a 200, and of a count", () =>
    Effect.gen(function*() {
      const event = { error: { type, message: "Unsupported parameter", param: "top_p" } }
      const inside = yield* serveChat(Script.make([OpenAiScript.chat.errorEvent(event.error)]))
      assert.strictEqual((yield* invalid(inside.model)).field, "topP")
      const script = Script.body(JSON.stringify(anthropic("top_k: not here")), { status: 400 })
      const { url } = yield* TestServer.make({}, { script })
      const { model } = yield* serveMessages(script, { model: "claude-x", baseUrl: url })
      const { reason } = yield* Effect.flip(TokenCount.countWith(model, "Hi"))
      assert.propertyVal(reason, "field", "topK")
    }))
})

describe("the message says how to go on", () => {
  it.live("by a rule or the provider's own fields, which then do", () =>
    Effect.gen(function*() {
      const refuses = refusal({ error: { type, message: "Not this one.", param: "temperature" } })
      const { model, server } = yield* serveChat(
        [refuses, OpenAiScript.chat.text("Hi"), OpenAiScript.chat.text("Hi")],
        { model: "gpt-x.1" }
      )
      const { message } = yield* invalid(model, { temperature: 0 })
      assert.strictEqual(
        message,
        "Not this one. If the model does not take it, say so in a rule, " +
          String.raw`ModelFacts.layer([{ match: "^gpt-x\\.1$", sampling: "never" }]); ` +
          "providerOptions.openai are sent as they are"
      )
      // As written there.
      const rules = ModelFacts.layer([{ match: "^gpt-x\\.1$", sampling: "never" }])
      yield* model.invoke("Hi", { temperature: 0 }).pipe(Effect.provide(rules))
      assert.notProperty((yield* server.awaitRequest(1)).body, "temperature")
      yield* model.invoke("Hi", { providerOptions: { openai: { temperature: 0 } } })
      assert.propertyVal((yield* server.awaitRequest(2)).body, "temperature", 0)
      assert.lengthOf(yield* server.requests, 3)
    }))

  it.live("only for options that facts decide, of calls that are fitted", () =>
    Effect.gen(function*() {
      const refuse = (param: string, message: string) => serveChat(refusal({ error: { type, message, param } }))
      const messageOf = (param: string, message: string, options?: CallOptions.CallOptions) =>
        Effect.flatMap(refuse(param, message), ({ model }) =>
          Effect.map(invalid(model, options), ({ message }) => message))
      assert.strictEqual(yield* messageOf("metadata", "m"), "m")
      assert.strictEqual(yield* messageOf("messages[0]", "m"), "m")
      assert.strictEqual(yield* messageOf("temperature", "m", { fit: "send" }), "m")
      // The schema may be what is wrong.
      assert.strictEqual(yield* messageOf("response_format", "Invalid schema"), "Invalid schema")
      assert.include(yield* messageOf("response_format", "Not supported with this model"), "json: \"none\"")
      assert.include(yield* messageOf("tool_choice", "m"), "forced: \"never\"")
    }))

  it.live("never for what the library turns down itself", () =>
    Effect.gen(function*() {
      const { model } = yield* serveMessages(Script.text("Hi"), { model: "claude-x" })
      const { field, message } = yield* invalid(model, { stopSequences: [" "] })
      assert.strictEqual(field, "stopSequences")
      assert.notInclude(message, "ModelFacts")
    }))

  it.live("without the key", () =>
    Effect.gen(function*() {
      const { model } = yield* serveChat(refusal({ error: { type, message: `no ${testKey}`, param: "temperature" } }))
      assert.notInclude(yield* Effect.map(invalid(model), ({ message }) => message), testKey)
    }))
})

describe("a model that is not found", () => {
  const missing = Script.status(404, { message: "model: not found" })
  const messageOf = (model: string, now = "2026-11-27") =>
    Effect.gen(function*() {
      const served = yield* serveMessages(missing, { model })
      const { reason } = yield* Effect.flip(served.model.invoke("Hi"))
      assert.strictEqual(reason._tag, "NotFoundError")
      return reason.message
    }).pipe(Effect.provideService(Clock.Clock, clockAt(now)))

  const clockAt = (day: string): Clock.Clock => {
    const clock = Effect.runSync(Clock.Clock)
    const millis = Date.parse(day)
    return {
      ...clock,
      currentTimeMillisUnsafe: () => millis,
      currentTimeMillis: Effect.succeed(millis),
      sleep: (duration) => clock.sleep(duration)
    }
  }

  it.live("is said to have retired, with the day if it is known", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* messageOf("claude-3-opus"), "model: not found (claude-3-opus is retired)")
      const compatible = yield* serveCompatible(missing, { preset: "deepseek", model: "deepseek-chat" })
      const { reason } = yield* Effect.flip(compatible.model.invoke("Hi"))
      assert.include(reason.message, "(deepseek-chat is retired as of 2026-07-24)")
    }))

  it.live("of which only the end is known is said to have retired from that day on", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* messageOf("claude-opus-4-5", "2027-01-21"), "model: not found")
      assert.include(yield* messageOf("claude-opus-4-5", "2027-01-22"), "claude-opus-4-5 is retired as of 2027-01-22")
    }))

  it.live("and is not known is left as it is", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* messageOf("claude-haiku-4-5"), "model: not found")
    }))
})
