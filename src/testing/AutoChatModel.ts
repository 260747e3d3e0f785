/**
 * A chat model that answers by itself, for tests that run an app through thousands of conversations.
 *
 * **When to use**
 *
 * Use it to find what no script thinks of: a tool that throws for some arguments, an agent that never ends, a schema that
 * allows what its tool refuses. {@link arbitrary} draws models for a property test and shrinks those that fail;
 * {@link layer} is one model with a seed.
 *
 * **Details**
 *
 * The answer keeps to the request as a provider's would:
 *
 * - It calls only tools of the request, with arguments that fit their JSON Schema; one at a time, a certain one or none,
 *   as the request says. It calls no tools of providers.
 * - A text ends at a stop sequence and at `maxTokens`, and fits `responseFormat`. It reasons if it is asked to.
 * - Ids are unique, usage adds up, and the stream is cut anywhere but within a character.
 * - Sooner or later it answers with a text, so that an agent ends.
 *
 * {@link Options.faults} makes it worse than that.
 *
 * The same seed gives the same answer to the same question. An answer depends on the seed, on what the app says (messages
 * of the system and of humans, tools, the form of the answer), and on the number of answers before it; not on time, on
 * other calls, or on the texts of earlier answers and results.
 *
 * Requests are recorded as those of a `ScriptedChatModel`, and read in the same way.
 *
 * **Gotchas**
 *
 * A JSON Schema is what a provider sees of a tool. The model follows it, so it finds arguments that the JSON Schema allows
 * and the tool's own schema refuses. If it finds no value that fits, the call fails with `InvalidRequestError`.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import type * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type { CallOptions } from "../CallOptions.ts"
import type { Capabilities } from "../Capabilities.ts"
import type { ChatModel, ChatRequest } from "../ChatModel.ts"
import { InternalProviderError, NetworkError, OverloadedError, RateLimitError } from "../ChatModelError.ts"
import { checkedNumber } from "../internal/defects.ts"
import type { Message } from "../Message.ts"
import { answerTo } from "./auto/answer.ts"
import type { Answer, Manner } from "./auto/answer.ts"
import { plans } from "./auto/arbitrary.ts"
import type { Arbitrary } from "./auto/arbitrary.ts"
import { Choices, hash, mix } from "./auto/choices.ts"
import { chunksOf, tokensOf } from "./auto/chunks.ts"
import { planOf, turnOf } from "./auto/plan.ts"
import type { Plan } from "./auto/plan.ts"
import { chunk, fail, layerOf, make as makeScripted } from "./ScriptedChatModel.ts"
import type { Reply, ScriptedChatModel } from "./ScriptedChatModel.ts"

/** The faults of a model, each with a probability from 0 to 1. All default to 0. */
export interface Faults {
  /** An attempt fails before its first chunk, with a failure that is worth a retry. */
  readonly failures?: number | undefined
  /** An answer breaks off: the connection is lost, or the stream ends without a finish. */
  readonly breaks?: number | undefined
  /** The arguments of a call are cut off, or do not fit the tool's schema. */
  readonly invalidArguments?: number | undefined
  /** A call is to a tool that does not exist. */
  readonly unknownTools?: number | undefined
}

/** Options of a model of {@link arbitrary}. */
export interface Options {
  /** The name of the provider. Default: `auto`. */
  readonly provider?: string | undefined
  /** The name of the model. Default: `auto`. */
  readonly model?: string | undefined
  /** Options of every call, for example `maxRetries`. Default: none. */
  readonly options?: CallOptions | undefined
  /** The declared capabilities. Default: all. */
  readonly capabilities?: Partial<Capabilities> | undefined
  /** The probability from 0 to 1 that an answer calls tools if it may. Default: 0.6. */
  readonly toolCalls?: number | undefined
  /** The most calls of one answer, from 1 to 16. Default: 3. */
  readonly maxCalls?: number | undefined
  /**
   * The most answers with calls after a message of a human. The next one is a text, unless the request forces a call.
   * Default: 8.
   */
  readonly maxTurns?: number | undefined
  /** The size of texts, lists and strings beyond what a schema requires: about as many words or items. Default: 5. */
  readonly size?: number | undefined
  /** The probability from 0 to 1 that an answer ends early with `length`, without a `maxTokens`. Default: 0. */
  readonly cutOffs?: number | undefined
  /** The faults. Default: none. */
  readonly faults?: Faults | undefined
}

/** Options of a model with a seed. */
export interface SeedOptions extends Options {
  /** The seed of all answers, an integer from 0 to 2^31 - 1. Default: 0. */
  readonly seed?: number | undefined
}

/**
 * Makes a model that answers by itself, by a seed.
 *
 * **Example** (An answer that is always the same)
 *
 * ```ts
 * import * as Testing from "rivulet/Testing"
 *
 * const auto = Testing.AutoChatModel.make({ seed: 7 })
 * const test = auto.model.invoke("Hi")
 * ```
 */
export const make = (options?: SeedOptions): ScriptedChatModel["Service"] =>
  makeBy(planOf(options?.seed ?? 0), mannerOf(options), options, undefined)

/**
 * Provides a model that answers by itself as the context's chat model, and `ScriptedChatModel` to read its requests.
 *
 * **Example** (An agent without a script)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Agent } from "rivulet"
 * import * as Testing from "rivulet/Testing"
 *
 * const test = Agent.make({ tools: [] }).invoke("Hi").pipe(
 *   Effect.provide(Testing.AutoChatModel.layer({ seed: 7 }))
 * )
 * ```
 */
export const layer = (options?: SeedOptions): Layer.Layer<ChatModel | ScriptedChatModel> => {
  const manner = mannerOf(options)
  return layerOf(() => makeBy(planOf(options?.seed ?? 0), manner, options, undefined))
}

/** A model that {@link arbitrary} drew. A failing property prints what it answered. */
export interface Drawn {
  /** The seed. {@link layer} with it and the same options gives the conversation as it was before it was shrunk. */
  readonly seed: number
  /** Provides the model, each time a new one, and `ScriptedChatModel` to read its requests. */
  readonly layer: Layer.Layer<ChatModel | ScriptedChatModel>
  /** The answers of the last model that was provided. */
  readonly toString: () => string
}

/**
 * Models that answer by themselves, for property tests. One that makes a property fail is shrunk to fewer answers, fewer
 * calls and simpler arguments.
 *
 * **Details**
 *
 * The arbitrary works with `it.effect.prop` of `@effect/vitest` and with `Arbitrary.checkEffect` of Effect. A failure is
 * printed with the answers that the model gave in the simplest conversation that fails.
 *
 * **Example** (An agent ends, whatever its model does)
 *
 * ```ts
 * import { Arbitrary, Effect, Schema } from "effect"
 * import { Agent, Tool } from "rivulet"
 * import * as Testing from "rivulet/Testing"
 *
 * const half = Tool.make("half", {
 *   parameters: Schema.Struct({ number: Schema.Finite }),
 *   success: Schema.Finite,
 *   handler: ({ number }) => Effect.succeed(number / 2)
 * })
 * const agent = Agent.make({ tools: [half] })
 *
 * const check = Arbitrary.checkEffect(
 *   Testing.AutoChatModel.arbitrary(),
 *   (auto) => agent.invoke("Halve some numbers").pipe(
 *     Effect.map((result) => result.finish === "stop"),
 *     Effect.provide(auto.layer)
 *   ),
 *   { runs: 1000 }
 * )
 * ```
 */
export const arbitrary = (options?: Options): Arbitrary<Drawn> => {
  const manner = mannerOf(options)
  return plans((plan): Drawn => {
    let answers: Array<Answer | string> = []
    return {
      seed: plan.seed,
      layer: layerOf(() => {
        answers = []
        return makeBy(plan, manner, options, answers)
      }),
      toString: () =>
        `AutoChatModel of seed ${plan.seed}, which gave\n${answers.map(inWords).join("\n") || "no answer"}`
    }
  })
}

// -----------------------------------------------------------------------------
// replies
// -----------------------------------------------------------------------------

/** How a model answers, with all defaults. */
type Settings = Manner & { readonly failures: number; readonly breaks: number }

const chance = (name: string, value = 0): number => {
  if (value > 1) throw new TypeError(`AutoChatModel: ${name} must be at most 1, not ${value}`)
  return checkedNumber(`AutoChatModel: ${name}`, value, 0)
}

const mannerOf = (options: Options = {}): Settings => {
  const { faults = {} } = options
  return {
    toolCalls: chance("toolCalls", options.toolCalls ?? 0.6),
    maxCalls: checkedNumber("AutoChatModel: maxCalls", options.maxCalls ?? 3, 1),
    maxTurns: checkedNumber("AutoChatModel: maxTurns", options.maxTurns ?? 8, 0),
    size: checkedNumber("AutoChatModel: size", options.size ?? 5, 0),
    cutOffs: chance("cutOffs", options.cutOffs),
    failures: chance("faults.failures", faults.failures),
    breaks: chance("faults.breaks", faults.breaks),
    invalidArguments: chance("faults.invalidArguments", faults.invalidArguments),
    unknownTools: chance("faults.unknownTools", faults.unknownTools)
  }
}

const makeBy = (
  plan: Plan,
  manner: Settings,
  options: Options | undefined,
  answers: Array<Answer | string> | undefined
): ScriptedChatModel["Service"] => {
  const attempts = new Map<string, number>()
  const reply = (request: ChatRequest): Reply => {
    const turn = request.messages.filter(({ _tag }) => _tag === "AIMessage").length
    const salt = saltOf(request)
    const { calls, own } = turnOf(plan, turn)
    const choices = new Choices(own, salt)
    const key = `${turn}.${salt}`
    const attempt = attempts.get(key) ?? 0
    attempts.set(key, attempt + 1)
    if (manner.failures > 0) {
      // Each attempt fails or not by a number of its own, so that a retry can help.
      const number = choices.next()
      if (number !== 0 && mix(number, attempt) / 2 ** 32 < manner.failures) {
        const failure = failures[mix(number, ~attempt) % failures.length]!() // the list is not empty
        answers?.push(failure._tag)
        return [fail(failure)]
      }
    }
    const broken = choices.chance(manner.breaks) ? choices.many() : undefined
    const answer = answerTo(request, choices, calls.map((numbers) => () => new Choices(numbers, salt)), manner)
    if (Result.isFailure(answer)) {
      answers?.push(answer.failure.message)
      return [fail(answer.failure)]
    }
    answers?.push(answer.success)
    const id = `msg_${turn + 1}_${mix(plan.seed, salt).toString(36)}`
    const inputTokens = request.messages.reduce((sum, message) => sum + tokensOf(textOf(message)), 3)
    const steps = chunksOf(id, answer.success, inputTokens, choices.many()).map(chunk)
    if (broken === undefined) return steps
    answers?.push("and broke off")
    const kept = steps.slice(0, broken.below(steps.length))
    return broken.below(2) === 0 ? kept : [...kept, fail(new NetworkError({ message: "The connection was lost" }))]
  }
  return makeScripted(reply, {
    provider: options?.provider ?? "auto",
    model: options?.model ?? "auto",
    options: options?.options,
    capabilities: options?.capabilities
  })
}

const failures = [
  () => new OverloadedError({ message: "The model is overloaded" }),
  () => new RateLimitError({ message: "Too many requests" }),
  () => new InternalProviderError({ message: "Something went wrong" }),
  () => new NetworkError({ message: "The connection was refused" })
] as const

/** A number for what the app says in a request. Answers and results are left out, so that later turns do not depend on them. */
const saltOf = ({ messages, options }: ChatRequest): number => {
  const said = messages.filter(({ _tag }) => _tag === "SystemMessage" || _tag === "HumanMessage").map(textOf)
  const tools = (options.tools ?? []).map((tool) => tool.type === "provider" ? "" : tool.name)
  return hash(JSON.stringify([said, tools, options.responseFormat]))
}

const textOf = ({ content }: Message): string => typeof content === "string" ? content : JSON.stringify(content)

/** An answer as a line. */
const inWords = (answer: Answer | string): string =>
  typeof answer === "string"
    ? `- ${answer}`
    : `- ${
      answer.blocks.map((block) =>
        block.type === "tool_call" ? `${block.name}(${block.text})` : `${block.type} ${JSON.stringify(block.text)}`
      ).join(", ") || "nothing"
    }${answer.finish.reason === "length" ? " (cut off)" : ""}`
