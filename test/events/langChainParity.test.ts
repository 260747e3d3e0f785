import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule, Stream } from "effect"
import { ChatModelError, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { balanced } from "../support/events.ts"
import {
  ai,
  answer,
  answered,
  asked,
  chain,
  fails,
  found,
  human,
  lambda,
  library,
  model,
  observed,
  plus,
  question,
  retrieval,
  retrievalLines,
  retrieved,
  run,
  same,
  says
} from "../support/expectedEvents.ts"

// What LangChain 1.4.0 tells of these chains, run by run, as it was seen.

describe("LangChain's events of retrieval", () => {
  same("into a prompt", retrieval, "fish", ...retrievalLines)

  const inner = "fish"
  const sources = Runnable.sequence(
    Runnable.parallel({ context: library, question: Runnable.passthrough<string>() }),
    Runnable.assign({
      answer: Runnable.sequence(
        Runnable.fn((input: { readonly question: string }) => input.question),
        says("ab"),
        OutputParser.string
      )
    })
  )
  const both = { context: found, question: inner }
  const chunks = [{ context: found }, { question: inner }, { answer: "a" }, { answer: "b" }]
  same(
    "with its sources, which are there before the answer",
    sources,
    inner,
    chain("RunnableSequence", "", { raw: inner, chunks, output: { ...both, answer: "ab" } }),
    chain("RunnableMap", "seq:step:1", { late: inner, chunks: chunks.slice(0, 2), output: both }),
    retrieved("map:key:context"),
    chain("RunnablePassthrough", "map:key:question", { late: inner, chunks: [inner], output: inner }),
    chain("RunnableAssign", "seq:step:2", { late: both, chunks, output: { ...both, answer: "ab" } }),
    chain("RunnableMap", "", { late: both, chunks: chunks.slice(2), output: { answer: "ab" } }),
    chain("RunnableSequence", "map:key:answer", { known: both, output: "ab" }),
    lambda("seq:step:1", { late: both, chunks: [inner], output: inner }),
    model("seq:step:2", [human(inner)], "ab"),
    run("parser", "StrOutputParser", "seq:step:3", { late: ai("ab"), chunks: ["a", "b"], output: "ab" })
  )
})

describe("LangChain's events of functions", () => {
  const inner = plus("1")
  same(
    "one after the other",
    Runnable.sequence(plus("1"), plus("2")),
    "hi",
    chain("RunnableSequence", "", { raw: "hi", chunks: ["hi12"], output: "hi12" }),
    lambda("seq:step:1", { late: "hi", chunks: ["hi1"], output: "hi1" }),
    lambda("seq:step:2", { late: "hi1", chunks: ["hi12"], output: "hi12" })
  )
  same(
    "one that invokes another",
    Runnable.fn((text: string) => inner.invoke(text)),
    "hi",
    lambda("", { raw: "hi", chunks: ["hi1"], output: "hi1" }),
    lambda("", { known: "hi", output: "hi1" })
  )
  same(
    "one that streams another",
    Runnable.fn((text: string) => Stream.mkString(inner.stream(text))),
    "hi",
    lambda("", { raw: "hi", chunks: ["hi1"], output: "hi1" }),
    lambda("", { late: "hi", chunks: ["hi1"], output: "hi1" })
  )
  same(
    "one that returns another",
    Runnable.fn((_text: string) => inner),
    "hi",
    lambda("", { raw: "hi", chunks: ["hi1"], output: "hi1" }),
    lambda("", { late: "hi", chunks: ["hi1"], output: "hi1" })
  )
  const sized = Runnable.fn((text: string) => Effect.map(says("abc").invoke(text), ({ content }) => content.length))
  same(
    "one in a chain that asks a model",
    Runnable.sequence(plus("!"), sized),
    "hi",
    chain("RunnableSequence", "", { raw: "hi", chunks: [3], output: 3 }),
    lambda("seq:step:1", { late: "hi", chunks: ["hi!"], output: "hi!" }),
    lambda("seq:step:2", { late: "hi!", chunks: [3], output: 3 }),
    model("", [human("hi!")], "abc")
  )
  same(
    "one that invokes a chain",
    Runnable.fn((q: string) => answer("abc").invoke({ q })),
    "hi",
    lambda("", { raw: "hi", chunks: ["abc"], output: "abc" }),
    answered("abc", { known: { q: "hi" }, whole: true })
  )
  same(
    "one that streams a chain",
    Runnable.fn((q: string) => Stream.mkString(answer("abc").stream({ q }))),
    "hi",
    lambda("", { raw: "hi", chunks: ["abc"], output: "abc" }),
    answered("abc", { known: { q: "hi" } })
  )
  same(
    "one that returns a chain",
    Runnable.fn((_input: { readonly q: string }) => answer("abc")),
    { q: "hi" },
    lambda("", { raw: { q: "hi" }, chunks: ["a", "b", "c"], output: "abc" }),
    answered("abc", { known: { q: "hi" } })
  )
  same(
    "one that batches",
    Runnable.fn((text: string) => Effect.as(inner.batch([text, "x"]), text)),
    "hi",
    lambda("", { raw: "hi", chunks: ["hi"], output: "hi" }),
    lambda("", { known: "hi", output: "hi1" }),
    lambda("", { known: "x", output: "x1" })
  )
  same(
    "one that invokes what adds keys: only what makes them is told",
    Runnable.fn((a: number) =>
      Runnable.assign({ b: Runnable.fn((i: { readonly a: number }) => i.a + 1) }).invoke({ a })
    ),
    1,
    lambda("", { raw: 1, chunks: [{ a: 1, b: 2 }], output: { a: 1, b: 2 } }),
    chain("RunnableMap", "", { known: { a: 1 }, output: { b: 2 } }),
    lambda("map:key:b", { known: { a: 1 }, output: 2 })
  )
  const reports = Runnable.fn((text: string) => Effect.as(Runnable.emit("found", { text }), text))
  same(
    "one that reports something",
    Runnable.sequence(plus("!"), reports),
    "hi",
    chain("RunnableSequence", "", { raw: "hi", chunks: ["hi!"], output: "hi!" }),
    lambda("seq:step:1", { late: "hi", chunks: ["hi!"], output: "hi!" }),
    lambda("seq:step:2", { late: "hi!", chunks: ["hi!"], output: "hi!" }),
    [["on_custom_event", "found", "seq:step:2", { text: "hi!" }]]
  )
})

describe("LangChain's events of objects and choices", () => {
  same(
    "assign",
    Runnable.assign({ n: Runnable.fn((i: { readonly a: number }) => i.a + 1) }),
    { a: 1 },
    chain("RunnableAssign", "", { raw: { a: 1 }, chunks: [{ a: 1 }, { n: 2 }], output: { a: 1, n: 2 } }),
    chain("RunnableMap", "", { late: { a: 1 }, chunks: [{ n: 2 }], output: { n: 2 } }),
    lambda("map:key:n", { late: { a: 1 }, chunks: [2], output: 2 })
  )
  same(
    "pick",
    Runnable.sequence(Runnable.parallel({ a: plus("1"), b: Runnable.passthrough<string>() }), Runnable.pick("a")),
    "hi",
    chain("RunnableSequence", "", { raw: "hi", chunks: ["hi1"], output: "hi1" }),
    chain("RunnableMap", "seq:step:1", {
      late: "hi",
      chunks: [{ a: "hi1" }, { b: "hi" }],
      output: { a: "hi1", b: "hi" }
    }),
    lambda("map:key:a", { late: "hi", chunks: ["hi1"], output: "hi1" }),
    chain("RunnablePassthrough", "map:key:b", { late: "hi", chunks: ["hi"], output: "hi" }),
    chain("RunnablePick", "seq:step:2", { late: { a: "hi1", b: "hi" }, chunks: ["hi1"], output: "hi1" })
  )
  same(
    "passthrough and parsers by themselves",
    Runnable.passthrough<string>(),
    "hi",
    chain("RunnablePassthrough", "", { raw: "hi", output: "hi" })
  )
  same(
    "branch",
    Runnable.sequence(
      Runnable.fn((q: string) => ({ q })),
      Runnable.branch([
        [({ q }: { readonly q: string }) => q === "no", Runnable.fn((_input: { readonly q: string }) => "no")],
        [({ q }) => Effect.succeed(q === "hi"), answer("ab")]
      ], Runnable.fn((_input: { readonly q: string }) => "else"))
    ),
    "hi",
    chain("RunnableSequence", "", { raw: "hi", chunks: ["a", "b"], output: "ab" }),
    lambda("seq:step:1", { late: "hi", chunks: [{ q: "hi" }], output: { q: "hi" } }),
    chain("RunnableBranch", "seq:step:2", { known: { q: "hi" }, output: "ab" }),
    lambda("condition:1", { known: { q: "hi" }, output: false }),
    lambda("condition:2", { known: { q: "hi" }, output: true }),
    answered("ab", { known: { q: "hi" }, tags: "branch:2" })
  )
  same(
    "each",
    Runnable.each(answer("ab")),
    [{ q: "hi" }],
    chain("RunnableEach", "", { raw: [{ q: "hi" }], output: ["ab"] }),
    answered("ab", { known: { q: "hi" }, whole: true })
  )
  same(
    "fallbacks, of which it tells no whole output",
    Runnable.sequence(plus("!"), fails("no").pipe(Runnable.withFallbacks([plus("?")]))),
    "hi",
    chain("RunnableSequence", "", { raw: "hi", chunks: ["hi!?"], output: "hi!?" }),
    lambda("seq:step:1", { late: "hi", chunks: ["hi!"], output: "hi!" }),
    chain("RunnableWithFallbacks", "seq:step:2", { known: "hi!", output: "hi!?" }),
    lambda("", {}),
    lambda("", { late: "hi!", chunks: ["hi!?"], output: "hi!?" })
  )
  const flaky = () => {
    let tries = 0
    return Runnable.fn((text: string) => tries++ === 0 ? Effect.fail("no") : Effect.succeed(`${text}1`)).pipe(
      Runnable.withRetry({ schedule: Schedule.recurs(1) })
    )
  }
  same(
    "retry",
    Runnable.fn((text: string) => flaky().invoke(text)),
    "hi",
    lambda("", { raw: "hi", chunks: ["hi1"], output: "hi1" }),
    lambda("", { known: "hi", output: "hi1" }),
    lambda("", { known: "hi" }),
    lambda("retry:attempt:2", { known: "hi", output: "hi1" })
  )
})

describe("LangChain's events of failures", () => {
  const down = (after: number) =>
    ScriptedChatModel.make(() => [
      ...ScriptedChatModel.text([..."abc"]).slice(0, after),
      ScriptedChatModel.fail(new ChatModelError.InternalProviderError({ message: "down" }))
    ], { provider: "model", options: { maxRetries: 0 } }).model
  const failing = (after: number) => Runnable.sequence(question, down(after), OutputParser.string)
  const prompted = run("prompt", "ChatPromptTemplate", "seq:step:1", {
    known: { q: "hi" },
    output: { messages: asked }
  })
  same(
    "a model before its first chunk: the parser has not begun",
    failing(0),
    { q: "hi" },
    chain("RunnableSequence", "", { raw: { q: "hi" } }),
    prompted,
    run("chat_model", "model", "seq:step:2", { known: { messages: [asked] } })
  )
  same(
    "a model in the middle of what is invoked: the parser has not begun",
    Runnable.fn((q: string) => failing(2).invoke({ q })),
    "hi",
    lambda("", { raw: "hi" }),
    chain("RunnableSequence", "", { known: { q: "hi" } }),
    prompted,
    run("chat_model", "model", "seq:step:2", { known: { messages: [asked] }, chunks: [ai("a"), ai("b")] })
  )
  same(
    "a function behind a model",
    Runnable.sequence(says("a"), fails("no")),
    "hi",
    chain("RunnableSequence", "", { raw: "hi" }),
    model("seq:step:1", [human("hi")], "a"),
    lambda("seq:step:2", {})
  )
})

describe("events of a chain", () => {
  it.effect("of a failure tell the input, of the root too", () =>
    Effect.gen(function*() {
      const events = yield* observed(Runnable.fn((text: string) => fails("no").invoke(text)), "hi")
      assert.deepStrictEqual(events.map(({ data, event }) => [event, data]), [
        ["on_chain_start", { input: "hi" }],
        ["on_chain_start", { input: "hi" }],
        ["on_chain_error", { error: "no", input: "hi" }],
        ["on_chain_error", { error: "no", input: "hi" }]
      ])
    }))

  it.effect("begin step by step: a step that works on chunks with the first of them", () =>
    Effect.gen(function*() {
      const events = yield* observed(answer("ab"), { q: "hi" })
      assert.deepStrictEqual(events.slice(0, 7).map(({ event }) => event), [
        "on_chain_start",
        "on_prompt_start",
        "on_prompt_end",
        "on_chat_model_start",
        "on_chat_model_stream",
        "on_parser_start",
        "on_parser_stream"
      ])
    }))

  it.effect("begin before whatever happens inside a step that has not read yet", () =>
    Effect.gen(function*() {
      const eager = Runnable.transform("Eager", (slices: Stream.Stream<string>) =>
        Stream.concat(Stream.fromEffect(Effect.as(Runnable.emit("ready", 1), "> ")), slices))
      const events = yield* observed(Runnable.sequence(says("a"), OutputParser.string, eager), "hi")
      const own = events.filter(({ name }) =>
        name === "Eager" || name === "ready"
      )
      assert.deepStrictEqual(own.map(({ event }) => event), [
        "on_chain_start",
        "on_custom_event",
        "on_chain_stream",
        "on_chain_stream",
        "on_chain_end"
      ])
      balanced(events)
    }))
})
