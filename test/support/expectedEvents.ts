import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { ChatPrompt, OutputParser, Runnable } from "rivulet"
import type { RunEvent } from "rivulet"
import { balanced, eventsOf } from "./events.ts"
import { neutral } from "./langChainEvents.ts"
import { letters } from "./letterModel.ts"

/** What is told of one run. LangChain tells nothing of its failure. */
export interface Told {
  /** The input of the root: its start has it. */
  readonly raw?: unknown
  /** The input of a run that begins when it is there: its start and its end have it. */
  readonly known?: unknown
  /** The input of a run that begins before it is there: its end has it. */
  readonly late?: unknown
  readonly chunks?: ReadonlyArray<unknown>
  /** Absent for a run that fails. */
  readonly output?: unknown
}

export type Line = readonly [event: string, name: string, tags: string, data: unknown]

const input = (value: unknown) => value === undefined ? {} : { input: value }

export const run = (type: RunEvent.RunType, name: string, tags: string, told: Told): ReadonlyArray<Line> => [
  [`on_${type}_start`, name, tags, input(told.raw ?? told.known)],
  ...(told.chunks ?? []).map((chunk): Line => [`on_${type}_stream`, name, tags, { chunk }]),
  ...("output" in told
    ? [[`on_${type}_end`, name, tags, { output: told.output, ...input(told.known ?? told.late) }] as const]
    : [])
]

export const human = (content: string) => ({ role: "HumanMessage", content })
export const ai = (content: string) => ({ role: "AIMessage", content })

/** A model that says `answer` letter by letter, asked inside something. */
export const model = (tags: string, question: ReadonlyArray<unknown>, answer: string, name = "model") =>
  run("chat_model", name, tags, {
    known: { messages: [question] },
    chunks: [...answer].map(ai),
    output: ai(answer)
  })

export const chain = (name: string, tags: string, told: Told) => run("chain", name, tags, told)
export const lambda = (tags: string, told: Told) => chain("RunnableLambda", tags, told)

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

/** The same events, whatever their order. */
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
export const says = (answer: string) => letters(answer, "model")
export const answer = (text: string) => Runnable.sequence(question, says(text), OutputParser.string)
export const fails = (reason: string) => Runnable.fn((_input: unknown) => Effect.fail(reason))

/** What `answer` tells as a part of something. */
export const answered = (text: string, told: Told & { readonly tags?: string; readonly whole?: boolean }) => [
  ...chain("RunnableSequence", told.tags ?? "", { ...told, output: text }),
  ...run("prompt", "ChatPromptTemplate", "seq:step:1", { known: { q: "hi" }, output: { messages: asked } }),
  ...model("seq:step:2", asked, text),
  ...run(
    "parser",
    "StrOutputParser",
    "seq:step:3",
    told.whole === true
      ? { known: ai(text), output: text }
      : { late: ai(text), chunks: [...text], output: text }
  )
]

// A retrieval chain, and what LangChain tells of it.

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
