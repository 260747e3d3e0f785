// Models that break a promise, and that the suite says so.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Schedule, Stream } from "effect"
import { AIMessageChunk, Capabilities, ChatModelError } from "rivulet"
import type { ChatModel } from "rivulet"
import { conformance } from "rivulet/Testing"
import type { Conformance } from "rivulet/Testing"
import { scriptedSubject } from "../support/scriptedSubject.ts"

type Model = ChatModel.Service
type Subject = typeof scriptedSubject

const streaming = (change: (stream: ReturnType<Model["stream"]>) => ReturnType<Model["stream"]>) => (model: Model) => ({
  ...model,
  stream: (...args: Parameters<Model["stream"]>) => change(model.stream(...args))
})

const invoking = (change: (invoke: ReturnType<Model["invoke"]>) => ReturnType<Model["invoke"]>) => (model: Model) => ({
  ...model,
  invoke: (...args: Parameters<Model["invoke"]>) => change(model.invoke(...args))
})

const without = (...names: ReadonlyArray<keyof Subject["answers"]>): Subject => ({
  ...scriptedSubject,
  answers: {
    ...scriptedSubject.answers,
    ...Object.fromEntries(names.map((name) => [name, undefined]))
  }
})

/** Each breaks a promise, and the cases that must notice. */
const broken: ReadonlyArray<readonly [name: string, change: (model: Model) => Model, cases: ReadonlyArray<string>]> = [
  ["ends early and silently", streaming(Stream.catch(() => Stream.empty)), [
    "an answer without its end is TruncatedError",
    "a connection that closes in the middle is NetworkError"
  ]],
  [
    "loses what had arrived",
    streaming(
      Stream.mapError((error) =>
        new ChatModelError.ChatModelError({ provider: error.provider, model: error.model, reason: error.reason })
      )
    ),
    ["an answer without its end is TruncatedError"]
  ],
  [
    "gives another reason",
    streaming(Stream.mapError((error) =>
      new ChatModelError.ChatModelError({
        ...error,
        provider: error.provider,
        model: error.model,
        partial: error.partial,
        reason: new ChatModelError.UnknownError({ message: "Something went wrong" })
      })
    )),
    ["an error inside the answer is OverloadedError", "status 429 is RateLimitError"]
  ],
  [
    "never finishes",
    streaming(Stream.map((chunk) => {
      const { finish: _, ...rest } = chunk
      return rest
    })),
    [
      "a whole answer has exactly one finish, on its last chunk"
    ]
  ],
  ["finishes twice", streaming(Stream.flatMap((chunk) => Stream.make(chunk, chunk))), [
    "a whole answer has exactly one finish, on its last chunk"
  ]],
  [
    "invokes what it does not stream",
    invoking(Effect.map((message) => ({ ...message, content: "Hello" }))),
    [
      "invoke is the fold of stream",
      "a batch keeps its order"
    ].slice(0, 1)
  ],
  ["sends again after the first chunk", streaming(Stream.retry(Schedule.recurs(1))), [
    "nothing is sent again after the first chunk"
  ]],
  [
    "adds usage up",
    streaming(Stream.map((chunk) =>
      chunk.usage === undefined
        ? chunk
        : { ...chunk, usage: { ...chunk.usage, inputTokens: 2 * chunk.usage.inputTokens } }
    )),
    ["streamedUsage ✓"]
  ],
  [
    "delivers the answer in one piece",
    streaming((stream) =>
      Stream.fromEffect(Effect.map(Stream.runCollect(stream), (chunks) => chunks.reduce(AIMessageChunk.concat)))
    ),
    ["streamedToolArguments ✓"]
  ],
  ["declares what it is not", (model) => ({ ...model, capabilities: Capabilities.make({}) }), [
    "the model says whose it is and what it can do"
  ]],
  ["asks before it is asked to", (model) => ({
    ...model,
    stream: (...args) => {
      Effect.runFork(Effect.ignore(model.invoke(...args)))
      return model.stream(...args)
    }
  }), ["nothing is asked before somebody listens"]]
]

const runCase = (subject: Conformance.Subject<never> | Subject, name: string) => {
  // The answers of one subject only ever meet that subject.
  const found = conformance(subject as Subject).find((each) => each.name === name)
  assert.isDefined(found, `there is no case "${name}"`)
  assert.isUndefined(found.skip)
  return Effect.exit(found.run)
}

describe("the suite notices a model that", () => {
  for (const [name, change, cases] of broken) {
    it.live(name, () =>
      Effect.gen(function*() {
        const subject: Subject = {
          ...scriptedSubject,
          start: (answers, options) =>
            Effect.map(scriptedSubject.start(answers, options), (running) => ({
              ...running,
              model: change(running.model)
            }))
        }
        for (const each of cases) {
          assert.isTrue(Exit.hasDies(yield* runCase(subject, each)), each)
          assert.isTrue(Exit.isSuccess(yield* runCase(scriptedSubject, each)), each)
        }
      }))
  }

  it.live("declares what its answers do not show", () =>
    Effect.gen(function*() {
      const subject = without("image", "citation", "reasoning", "toolCalls", "cached")
      for (
        const name of [
          "imageOutput",
          "citations",
          "reasoning",
          "tools",
          "parallelToolCalls",
          "promptCaching"
        ]
      ) {
        assert.isTrue(Exit.hasDies(yield* runCase(subject, `${name} ✓`)), name)
      }
    }))

  it.live("passes over what it cannot do", () =>
    Effect.gen(function*() {
      const subject: Subject = { ...scriptedSubject, capabilities: Capabilities.make({}) }
      for (const name of ["tools", "structuredOutput", "imageInput", "fileInput", "serverTools", "streamedUsage"]) {
        assert.isTrue(Exit.hasDies(yield* runCase(subject, `${name} ✗`)), name)
      }
    }))
})

describe("the suite", () => {
  it("says why a case is not run", () => {
    const skipped = conformance({ ...without("ends"), noWire: undefined }).filter((each) => each.skip !== undefined)
    assert.include(
      skipped.map((each) => `${each.name}: ${each.skip}`),
      "an answer without its end is TruncatedError: the subject has no answer `ends`"
    )
    const crosses = conformance({ ...scriptedSubject, capabilities: Capabilities.make({}) })
    assert.deepInclude(
      crosses.filter((each) => each.skip !== undefined).map(({ name, skip }) => [name, skip]),
      ["imageOutput ✗", "there is no way to ask for it"]
    )
  })

  it("has no two cases of one name", () => {
    const names = conformance(scriptedSubject).map((each) => each.name)
    assert.lengthOf(names, new Set(names).size)
  })
})
