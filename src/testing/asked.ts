/**
 * The assertion about what a model was asked. `Testing` exports it. It throws an `AssertionError` with `actual` and
 * `expected`, so that every test runner shows what differs. Must not import a test runner.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { AssertionError } from "node:assert/strict"
import { isDeepStrictEqual } from "node:util"
import type { CallOptions } from "../CallOptions.ts"
import type { InputPart, Message } from "../Message.ts"
import { ScriptedChatModel } from "./ScriptedChatModel.ts"
import type { Call } from "./ScriptedChatModel.ts"

/** The expectations of one request. Members that are absent are not compared. */
export interface Asked {
  /** The text of the last message of a human. */
  readonly human?: string | RegExp | undefined
  /** The texts of the system's messages, joined by line breaks. `""`: there is none. */
  readonly system?: string | RegExp | undefined
  /** All messages: who speaks, and the text. */
  readonly messages?:
    | ReadonlyArray<readonly [role: "system" | "human" | "ai" | "tool", text: string | RegExp]>
    | undefined
  /** The texts of the results of tools since the last answer. */
  readonly results?: ReadonlyArray<string | RegExp> | undefined
  /** The names of the tools that are offered. A tool of a provider has the provider's name. */
  readonly tools?: ReadonlyArray<string> | undefined
  /** Some options, with their values. */
  readonly options?: CallOptions | undefined
}

/** The service of a scripted model, or of one that answers by itself. */
type Model = Pick<ScriptedChatModel["Service"], "calls">

/**
 * Asserts what the model was asked. One expectation is for the last request; a list is for all requests in order, and
 * there must be no other.
 *
 * **Details**
 *
 * The requests are those of the context's `ScriptedChatModel`, which `AutoChatModel` provides as well, or of the model
 * that is given. A retry is a request of its own. The effect dies with an `AssertionError`, which has the `actual` and the
 * `expected` requests, so that the test runner shows what differs.
 *
 * **Example** (A chain fills in its prompt)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 * import { expectAsked, ScriptedChatModel } from "rivulet/Testing"
 *
 * const test = Effect.gen(function*() {
 *   yield* ChatModel.invoke([["system", "You translate."], ["human", "poisson rouge"]], { temperature: 0 })
 *   yield* expectAsked({ system: /translate/, human: "poisson rouge", tools: [], options: { temperature: 0 } })
 * }).pipe(Effect.provide(ScriptedChatModel.layer([ScriptedChatModel.text("goldfish")])))
 * ```
 *
 * **Example** (Two requests in order, and no other)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { expectAsked } from "rivulet/Testing"
 *
 * const checked = expectAsked([{ human: "Is it warm?" }, { results: ["21 degrees"] }])
 * ```
 */
export const expectAsked: {
  (expected: Asked | ReadonlyArray<Asked>): Effect.Effect<void, never, ScriptedChatModel>
  (expected: Asked | ReadonlyArray<Asked>, model: Model): Effect.Effect<void>
} = (expected: Asked | ReadonlyArray<Asked>, model?: Model): Effect.Effect<void> =>
  Effect.flatMap(
    // With a model nothing is required of the context, as the signatures say.
    (model?.calls ?? Effect.flatMap(ScriptedChatModel, ({ calls }) => calls)) as Model["calls"],
    (calls) => Effect.sync(() => isList(expected) ? checkAll(calls, expected) : checkLast(calls, expected))
  )

const isList = (expected: Asked | ReadonlyArray<Asked>): expected is ReadonlyArray<Asked> => Array.isArray(expected)

const checkLast = (calls: ReadonlyArray<Call>, expected: Asked): void => {
  const last = calls.at(-1)
  if (last === undefined) throw failure("The model was not asked anything", undefined, shown(expected))
  const { actual, wanted, wrong } = compare(last, expected)
  if (wrong.length > 0) throw failure(`Request ${calls.length} of ${calls.length}: ${different(wrong)}`, actual, wanted)
}

const checkAll = (calls: ReadonlyArray<Call>, expected: ReadonlyArray<Asked>): void => {
  const compared = calls.map((call, i) => compare(call, expected[i] ?? everything))
  const missing = expected.slice(calls.length).map(shown)
  const actual = compared.map(({ actual }) => actual)
  const wanted = [...compared.slice(0, expected.length).map(({ wanted }) => wanted), ...missing]
  if (calls.length !== expected.length) {
    throw failure(
      `The model was asked ${times(calls.length)} instead of ${times(expected.length)}`,
      actual,
      wanted
    )
  }
  const problems = compared.flatMap(({ wrong }, i) =>
    wrong.length === 0 ? [] : [`request ${i + 1}: ${different(wrong)}`]
  )
  if (problems.length > 0) throw failure(problems.join("; "), actual, wanted)
}

/** The part of an unexpected request that a failure shows. */
const everything: Asked = { messages: [] }

const times = (count: number): string => count === 1 ? "once" : `${count} times`

const different = (names: ReadonlyArray<string>): string =>
  `${names.join(", ")} ${names.length === 1 ? "differs" : "differ"}`

const failure = (message: string, actual: unknown, expected: unknown) =>
  new AssertionError({
    message: `${message}\nactual:   ${JSON.stringify(actual)}\nexpected: ${JSON.stringify(expected)}`,
    actual,
    expected,
    operator: "expectAsked"
  })

// -----------------------------------------------------------------------------
// one request
// -----------------------------------------------------------------------------

type Shown = { readonly [name: string]: unknown }

interface Compared {
  readonly actual: Shown
  /** The expectation, with the actual value in the place of a pattern that matches it. */
  readonly wanted: Shown
  readonly wrong: ReadonlyArray<string>
}

const compare = (call: Call, expected: Asked): Compared => {
  const whole = summaryOf(call)
  const names = namesOf(expected)
  const actual = Object.fromEntries(
    names.map((name) => [name, name === "options" ? some(whole.options, expected.options ?? {}) : whole[name]])
  )
  const wanted = Object.fromEntries(names.map((name) => [name, matched(actual[name], expected[name])]))
  return { actual, wanted, wrong: names.filter((name) => !isDeepStrictEqual(actual[name], wanted[name])) }
}

const namesOf = (expected: Asked) =>
  // Object.keys does not keep the type of the keys. A caller without types may have others, which are no part of a request.
  (Object.keys(expected) as ReadonlyArray<keyof Asked>).filter((name) => expected[name] !== undefined)

const summaryOf = ({ messages, options }: Call): { readonly [name in keyof Asked]-?: unknown } => {
  const texts = (tag: Message["_tag"], from = 0) => messages.slice(from).filter(({ _tag }) => _tag === tag).map(textOf)
  return {
    human: texts("HumanMessage").at(-1),
    system: texts("SystemMessage").join("\n"),
    messages: messages.map((message) => [roles[message._tag], textOf(message)]),
    results: texts("ToolMessage", messages.findLastIndex(({ _tag }) => _tag === "AIMessage") + 1),
    tools: (options.tools ?? []).map((tool) => tool.type === "provider" ? tool.provider : tool.name),
    options
  }
}

const roles = { SystemMessage: "system", HumanMessage: "human", AIMessage: "ai", ToolMessage: "tool" } as const

const textOf = ({ content }: Message): string =>
  typeof content === "string"
    ? content
    : content.map((part: InputPart) => part.type === "text" ? part.text : `[${part.type}]`).join("")

/** The fields that are expected. */
const some = (options: unknown, expected: object): Shown =>
  Object.fromEntries(Object.keys(expected).map((name) => [name, (options as Shown)[name]])) // options are an object

/** An expectation with the actual text in the place of each pattern that matches it, and the source of one that does not. */
const matched = (actual: unknown, expected: unknown): unknown => {
  if (expected instanceof RegExp) {
    return typeof actual === "string" && actual.search(expected) >= 0 ? actual : String(expected)
  }
  if (!Array.isArray(expected)) return expected
  return expected.map((each: unknown, i) => matched(Array.isArray(actual) ? actual[i] : undefined, each))
}

/** An expectation of a request that was not made. */
const shown = (expected: Asked): Shown =>
  Object.fromEntries(namesOf(expected).map((name) => [name, matched(undefined, expected[name])]))
