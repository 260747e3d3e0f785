import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { ChatPrompt, OutputParser, Runnable } from "rivulet"
import type { RunEvent } from "rivulet"
import { balanced, eventsOf } from "./events.ts"
import { neutral } from "./langChainEvents.ts"
import { letterModel } from "./letterModel.ts"

/** The expected events of one run. LangChain has no event for a failure. */
export interface ExpectedRun {
  /** The input in the start of a root. */
  readonly raw?: unknown
  /** The input in the start and the end of a run that starts with a complete input. */
  readonly known?: unknown
  /** The input in the end of a run that starts before its input is complete. */
  readonly late?: unknown
  readonly chunks?: ReadonlyArray<unknown>
  /** Absent for a run that fails. */
  readonly output?: unknown
}

export type Line = readonly [event: string, name: string, tags: string, data: unknown]

const input = (value: unknown) => value === undefined ? {} : { input: value }

export const run = (type: RunEvent.RunType, name: string, tags: string, expected: ExpectedRun): ReadonlyArray<Line> => [
  [`on_${type}_start`, name, tags, input(expected.raw ?? expected.known)],
  ...(expected.chunks ?? []).map((chunk): Line => [`on_${type}_stream`, name, tags, { chunk }]),
  ...("output" in expected
    ? [[`on_${type}_end`, name, tags, { output: expected.output, ...input(expected.known ?? expected.late) }] as const]
    : [])
]

export const human = (content: string) => ({ role: "HumanMessage", content })
export const ai = (content: string) => ({ role: "AIMessage", content })

/** The events of a model inside a chain that answers letter by letter. */
export const model = (tags: string, question: ReadonlyArray<unknown>, answer: string, name = "model") =>
  run("chat_model", name, tags, {
    known: { messages: [question] },
    chunks: [...answer].map(ai),
    output: ai(answer)
  })

export const chain = (name: string, tags: string, expected: ExpectedRun) => run("chain", name, tags, expected)
export const lambda = (tags: string, expected: ExpectedRun) => chain("RunnableLambda", tags, expected)

export const observed = <In, Out, E, R, C>(
  step: Runnable.Runnable<In, Out, E, R, C, never>,
  input: In,
  options?: Runnable.EventOptions
) => Effect.map(eventsOf(step, input, options), ({ events }) => events)

export const lines = (events: ReadonlyArray<RunEvent.RunEvent>): ReadonlyArray<Line> =>
  events.filter(({ event }) => !event.endsWith("_error")).map(({ data, event, name, tags }) => [
    event,
    name,
    tags.join(),
    neutral(data)
  ])

/** A test that a step has these events, in any order. */
export const same = <In, Out, E, R, C>(
  name: string,
  step: Runnable.Runnable<In, Out, E, R, C, never>,
  input: In,
  ...expected: ReadonlyArray<ReadonlyArray<Line>>
) =>
  it.effect(name, () =>
    Effect.gen(function*() {
      const events = yield* observed(step, input)
      assert.sameDeepMembers([...lines(events)], expected.flat())
      balanced(events)
    }) as Effect.Effect<void>) // the steps of these tests need nothing

export const plus = (end: string) => Runnable.fn((text: string) => text + end)
export const question = ChatPrompt.make([["system", "be brief"], ["human", "{q}"]])
export const asked = [{ role: "SystemMessage", content: "be brief" }, human("hi")]
export const says = (answer: string) => letterModel(answer, "model")
export const answer = (text: string) => Runnable.sequence(question, says(text), OutputParser.string)
export const fails = (reason: string) => Runnable.fn((_input: unknown) => Effect.fail(reason))

/** The events of `answer` inside another step. */
export const answered = (
  text: string,
  expected: ExpectedRun & { readonly tags?: string; readonly whole?: boolean }
) => [
  ...chain("RunnableSequence", expected.tags ?? "", { ...expected, output: text }),
  ...run("prompt", "ChatPromptTemplate", "seq:step:1", { known: { q: "hi" }, output: { messages: asked } }),
  ...model("seq:step:2", asked, text),
  ...run(
    "parser",
    "StrOutputParser",
    "seq:step:3",
    expected.whole === true
      ? { known: ai(text), output: text }
      : { late: ai(text), chunks: [...text], output: text }
  )
]

// A retrieval chain, and its events in LangChain.

export const library = Runnable.retriever("Library", (query) => Effect.succeed([{ pageContent: `About ${query}` }]))
export const found = [{ pageContent: "About fish" }]
const texts = Runnable.fn((docs: ReadonlyArray<{ readonly pageContent: string }>) =>
  docs.map((doc) => doc.pageContent).join()
)
export const retrieved = (tags: string) =>
  run("retriever", "Library", tags, { known: { query: "fish" }, output: found })
const filled = { context: "About fish", question: "fish" }
const grounded = ChatPrompt.make("{context}: {question}")

export const retrieval = Runnable.sequence(
  Runnable.parallel({ context: Runnable.sequence(library, texts), question: Runnable.passthrough<string>() }),
  grounded,
  says("ab").pipe(Runnable.withConfig({ tags: ["mine"] })),
  OutputParser.string
)

export const retrievalLines = [
  chain("RunnableSequence", "", { raw: "fish", chunks: ["a", "b"], output: "ab" }),
  chain("RunnableMap", "seq:step:1", {
    late: "fish",
    chunks: [{ context: "About fish" }, { question: "fish" }],
    output: filled
  }),
  chain("RunnablePassthrough", "map:key:question", { late: "fish", chunks: ["fish"], output: "fish" }),
  chain("RunnableSequence", "map:key:context", { known: "fish", output: "About fish" }),
  retrieved("seq:step:1"),
  lambda("seq:step:2", { late: found, chunks: ["About fish"], output: "About fish" }),
  run("prompt", "ChatPromptTemplate", "seq:step:2", {
    known: filled,
    output: { messages: [human("About fish: fish")] }
  }),
  model("seq:step:3,mine", [human("About fish: fish")], "ab"),
  run("parser", "StrOutputParser", "seq:step:4", { late: ai("ab"), chunks: ["a", "b"], output: "ab" })
]
