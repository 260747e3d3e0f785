import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Runnable } from "rivulet"
import type { RunEvent } from "rivulet"
import { balanced } from "../support/events.ts"
import { answer, chain, lines, observed, plus, retrieval, retrievalLines, says } from "../support/expectedEvents.ts"

describe("LangChain's filters", () => {
  const kept: ReadonlyArray<readonly [filter: Runnable.EventOptions, runs: ReadonlyArray<string>]> = [
    [{ includeTypes: ["chat_model"] }, ["model"]],
    [{ includeTypes: ["prompt", "retriever"] }, ["ChatPromptTemplate", "Library"]],
    [{ includeNames: ["StrOutputParser"], includeTypes: ["retriever"] }, ["Library", "StrOutputParser"]],
    [{ includeTags: ["seq:step:2"] }, ["ChatPromptTemplate", "RunnableLambda"]],
    [{ includeTags: ["mine"], excludeTypes: ["parser"] }, ["model"]],
    [{ includeTypes: ["chain"], excludeTags: ["map:key:context"] }, [
      "RunnableLambda",
      "RunnableMap",
      "RunnablePassthrough",
      "RunnableSequence"
    ]],
    [{ excludeTypes: ["chain", "prompt"] }, ["Library", "StrOutputParser", "model"]],
    [{ excludeTags: ["seq:step:1"], excludeNames: ["RunnableSequence"] }, [
      "ChatPromptTemplate",
      "RunnableLambda",
      "RunnablePassthrough",
      "StrOutputParser",
      "model"
    ]]
  ]
  for (const [filter, runs] of kept) {
    it.effect(`${JSON.stringify(filter)} leaves whole runs, with their own data`, () =>
      Effect.gen(function*() {
        const events = yield* observed(retrieval, "fish", filter)
        const names = new Set(events.map(({ name }) => name))
        assert.deepStrictEqual([...names].toSorted(), runs)
        // What is left is what there is without a filter. A chain of the same name as one that is left may be left out.
        const { excludeTags = [] } = filter
        const all = retrievalLines.flat().filter(([, name, tags]) =>
          names.has(name) && !excludeTags.some((tag) => tags.split(",").includes(tag)) &&
          (filter.includeTags === undefined || filter.includeTags.some((tag) => tags.split(",").includes(tag)))
        )
        assert.sameDeepMembers([...lines(events)], all)
        balanced(events.map((event) => ({ ...event, parent_ids: [] })))
      }))
  }

  it.effect("pass what a step reports with the step's own events", () =>
    Effect.gen(function*() {
      const step = Runnable.fn((text: string) => Effect.as(Runnable.emit("progress", 1), text))
      const reported = (filter: Runnable.EventOptions) =>
        Effect.map(
          observed(step, "hi", filter),
          (events) => events.filter(({ event }) => event === "on_custom_event").length
        )
      assert.strictEqual(yield* reported({ includeTypes: ["chain"] }), 1)
      assert.strictEqual(yield* reported({ includeNames: ["progress"] }), 0)
      assert.strictEqual(yield* reported({ excludeNames: ["RunnableLambda"] }), 0)
    }))
})

describe("LangChain's names, tags and metadata", () => {
  const starts = (events: ReadonlyArray<RunEvent.RunEvent>) =>
    events.filter(({ event }) => event.endsWith("_start")).map(({ metadata, name, tags }) => [name, tags, metadata])
  const labels = (name: string, n: number) =>
    Runnable.withConfig({ name, tags: [`t${n}`], metadata: { [`m${n}`]: n, who: name } })
  const step = labels("inner", 1)(plus("1"))
  const call = { name: "call", tags: ["t0"], metadata: { m0: 0, who: "call" } }

  it.effect("given for the run are those of all its steps, and the outer ones are right", () =>
    Effect.gen(function*() {
      const events = yield* observed(labels("outer", 2)(Runnable.sequence(step, plus("2"))), "hi", call)
      const metadata = { m0: 0, m2: 2, who: "call" }
      assert.deepStrictEqual(starts(events), [
        ["call", ["t2", "t0"], metadata],
        ["inner", ["seq:step:1", "t1", "t2", "t0"], { ...metadata, m1: 1 }],
        ["RunnableLambda", ["seq:step:2", "t2", "t0"], metadata]
      ])
    }))

  it.effect("of a step that a function asks are right, where they differ", () =>
    Effect.gen(function*() {
      const asks = labels("outer", 2)(Runnable.fn((text: string) => step.invoke(text)))
      assert.deepStrictEqual(starts(yield* observed(asks, "hi")), [
        ["outer", ["t2"], { m2: 2, who: "outer" }],
        ["inner", ["t2", "t1"], { m1: 1, m2: 2, who: "inner" }]
      ])
      const returns = labels("outer", 2)(Runnable.fn((_text: string) => step))
      assert.deepStrictEqual(starts(yield* observed(returns, "hi")), [
        ["outer", ["t2"], { m2: 2, who: "outer" }],
        ["inner", ["t1", "t2"], { m1: 1, m2: 2, who: "outer" }]
      ])
    }))

  it.effect("are told once: a tag that a chain and its step have, and the last of two names", () =>
    Effect.gen(function*() {
      const twice = labels("two", 1)(Runnable.sequence(step, labels("first", 3)(labels("second", 3)(plus("2")))))
      assert.deepStrictEqual(starts(yield* observed(twice, "hi")).map(([name, tags]) => [name, tags]), [
        ["two", ["t1"]],
        ["inner", ["seq:step:1", "t1"]],
        ["first", ["seq:step:2", "t3", "t1"]]
      ])
    }))

  it.effect("given for the run can be filtered by, and are those of a model", () =>
    Effect.gen(function*() {
      const events = yield* observed(answer("ab"), { q: "hi" }, { ...call, includeNames: ["call"] })
      assert.deepStrictEqual(
        lines(events),
        chain("call", "t0", { raw: { q: "hi" }, chunks: ["a", "b"], output: "ab" })
      )
      assert.deepStrictEqual(starts(yield* observed(says("ab"), "hi", call)), [["call", ["t0"], call.metadata]])
    }))
})
