// The output of a step that works on chunks does not depend on how the text before it was cut.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { OutputParser, Runnable, RunnableCache } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { eventsOf } from "../support/events.ts"
import { makeRandom } from "../support/jsonTexts.ts"
import type { Parser } from "../support/parser.ts"

type F = (chunk: unknown) => unknown
type Step = Runnable.Runnable<never, unknown, unknown, RunnableCache.RunnableCache, unknown, unknown>
const Recipe = Schema.Struct({ name: Schema.String, steps: Schema.Array(Schema.String) })
const recipe = "{\"name\": \"Soup\", \"steps\": [\"cut\", \"cook\"]}"
const parsed = { name: "Soup", steps: ["cut", "cook"] }

const wholeOf = (whole: unknown) => (f: F) => f(whole)
const eachOf = (items: ReadonlyArray<unknown>) => (f: F) => items.map(f)
const listOf = (items: ReadonlyArray<unknown>) => (f: F) => items.flatMap((item) => f([item]))
/** Texts of pieces are joined; of anything else it is the function of the whole. */
const joined = (whole: string | Uint8Array) => (f: F) => f(whole)

// The types of the steps do not matter here, and are not known.
const sequence = (...steps: ReadonlyArray<unknown>): Parser =>
  (Runnable.sequence as (...steps: ReadonlyArray<unknown>) => unknown)(...steps) as Parser

interface Case {
  readonly parser: Parser
  readonly answer: string
  /** The output of a function of chunks behind it. */
  readonly output: (f: F) => unknown
  /** Texts are joined, so a function with a text for each chunk has no value of the whole. */
  readonly text?: true
}

const cases: Readonly<Record<string, Case>> = {
  string: { parser: OutputParser.string, answer: "ab cd\nef", output: joined("ab cd\nef"), text: true },
  bytes: { parser: OutputParser.bytes, answer: "ß🐟 a", output: joined(new TextEncoder().encode("ß🐟 a")), text: true },
  json: { parser: OutputParser.json(), answer: `Here: ${recipe}`, output: wholeOf(parsed) },
  "json, a text": { parser: OutputParser.json(), answer: "\"abc\"", output: wholeOf("abc") },
  "json with patches": { parser: OutputParser.json({ diff: true }), answer: recipe, output: wholeOf(parsed) },
  schema: { parser: OutputParser.schema(Recipe), answer: recipe, output: wholeOf(parsed) },
  elements: {
    parser: OutputParser.schema(Schema.Array(Recipe), { elements: true }),
    answer: `[${recipe}, ${recipe}]`,
    output: eachOf([parsed, parsed])
  },
  xml: {
    parser: OutputParser.xml(),
    answer: "<a><b>one</b><b>two</b></a>",
    output: wholeOf({ a: [{ b: "one" }, { b: "two" }] })
  },
  regex: { parser: OutputParser.regex(/(?<word>\w+)!/), answer: "hello!", output: wholeOf({ word: "hello" }) },
  lines: { parser: OutputParser.lines, answer: "ab\ncd\r\nef", output: eachOf(["ab", "cd", "ef"]) },
  comma: { parser: OutputParser.list("comma"), answer: "ab, cd, ef", output: listOf(["ab", "cd", "ef"]) },
  numbered: { parser: OutputParser.list("numbered"), answer: "1. ab\n2. cd", output: listOf(["ab", "cd"]) },
  markdown: { parser: OutputParser.list("markdown"), answer: "- ab\n- cd", output: listOf(["ab", "cd"]) },
  parallel: {
    parser: Runnable.parallel({ a: OutputParser.json(), b: OutputParser.string, c: OutputParser.lines }) as Parser,
    answer: recipe,
    output: wholeOf({ a: parsed, b: recipe, c: [recipe] })
  },
  "parallel and pick": {
    parser: Runnable.sequence(
      Runnable.parallel({ a: OutputParser.json(), b: OutputParser.string }),
      Runnable.pick("a")
    ) as Parser,
    answer: recipe,
    output: wholeOf(parsed)
  },
  "parallel and assign": {
    parser: sequence(Runnable.parallel({ a: OutputParser.json() }), Runnable.assign({ b: Runnable.fn(() => 1) })),
    answer: recipe,
    output: wholeOf({ a: parsed, b: 1 })
  },
  "two functions": {
    parser: Runnable.sequence(OutputParser.json() as Parser, Runnable.map((chunk: unknown) => [chunk])),
    answer: recipe,
    output: wholeOf([parsed])
  },
  "a function of items": {
    parser: Runnable.sequence(OutputParser.lines as Parser, Runnable.map((line: unknown) => ({ line }))),
    answer: "ab\ncd",
    output: eachOf([{ line: "ab" }, { line: "cd" }])
  },
  "a function of a text": {
    parser: Runnable.sequence(OutputParser.string as Parser, Runnable.map((text: unknown) => String(text).length)),
    answer: "ab cd",
    output: wholeOf(5)
  },
  "streams of what is read": {
    parser: Runnable.sequence(
      Runnable.parallel({ a: OutputParser.json() }),
      Runnable.transform("All", (chunks: Stream.Stream<unknown>) => chunks)
    ) as Parser,
    answer: recipe,
    output: wholeOf({ a: parsed })
  }
}

/** The step that is looked at in events. */
const named = (step: Step): Step => step.pipe(Runnable.withConfig({ name: "Step" }))

/** Functions of any chunk. Those of `texts` give a text for some. */
const functions: Readonly<Record<string, F>> = {
  identity: (chunk) => chunk,
  "an object": (chunk) => ({ chunk }),
  "a number": (chunk) => JSON.stringify(chunk)?.length,
  "a list": (chunk) => [chunk],
  nothing: () => undefined
}
const texts: Readonly<Record<string, F>> = {
  "a text": (chunk) => JSON.stringify(chunk),
  "a field": (chunk) => typeof chunk === "object" && chunk !== null && "name" in chunk ? chunk.name : ""
}

/** Places where a step that works on chunks may stand, with its parser. */
const places: Readonly<Record<string, (parser: Parser, step: Step) => Parser>> = {
  sequence: (parser, step) => sequence(parser, step),
  andThen: (parser, step) => Runnable.andThen(parser, step as Runnable.Runnable<unknown, unknown>) as Parser,
  "in a sequence": (parser, step) => sequence(parser, sequence(step, Runnable.passthrough<unknown, unknown>())),
  "before a function of the whole": (parser, step) => sequence(parser, step, Runnable.fn((whole: unknown) => whole)),
  withConfig: (parser, step) => sequence(parser, step.pipe(Runnable.withConfig({ tags: ["t"] }))),
  withListeners: (parser, step) => sequence(parser, step.pipe(Runnable.withListeners({ onEnd: () => Effect.void }))),
  withTimeout: (parser, step) =>
    sequence(parser.pipe(Runnable.withTimeout("1 minute")), step.pipe(Runnable.withTimeout("1 minute"))),
  withRetry: (parser, step) => sequence(parser.pipe(Runnable.withRetry()), step),
  withFallbacks: (parser, step) =>
    sequence(parser.pipe(Runnable.withFallbacks<never, unknown, unknown, never, unknown>([])), step),
  withCache: (parser, step) => sequence(parser.pipe(Runnable.withCache({ name: "parser", key: () => "" })), step),
  branch: (parser, step) => sequence(Runnable.branch([], parser), step),
  route: (parser, step) => sequence(Runnable.route({ parser }, () => "parser"), step),
  fn: (parser, step) => sequence(Runnable.fn(() => parser), step),
  "a branch of parallel": (parser, step) =>
    sequence(Runnable.parallel({ a: sequence(parser, step) }), Runnable.pick("a"))
}

const random = makeRandom(1)

/** The text in slices: whole, by the letter, or at random. */
const slices = (text: string, how: number): ReadonlyArray<string> =>
  how === 0 ? [text] : how === 1 ? text.split("") : text.split("").reduce<Array<string>>(
    (all, letter) => {
      if (random.below(4) > 0 && all.length > 0) all.push(all.pop() + letter)
      else all.push(letter)
      return all
    },
    []
  )

/** What a chain gives for one answer, alone and watched, and again when a cache knows it. */
const outputs = (step: Parser, answer: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const chain = Runnable.sequence(ScriptedChatModel.make(() => ScriptedChatModel.text(answer)).model, step)
    const first = yield* chain.invoke("q")
    const { events } = yield* eventsOf(chain, "q")
    const ends = events.filter(({ event, name }) => event === "on_chain_end" && name === "Step")
    return [
      first,
      ...[...ends.slice(-1), ...events.slice(-1)].map(({ data }) => (data as { readonly output: unknown }).output)
    ]
  }).pipe(Effect.provide(RunnableCache.layerMemory({ capacity: 10 }), { local: true }))

describe("a function of chunks", () => {
  for (const [name, { answer, output, parser, text }] of Object.entries(cases)) {
    const fs = Object.entries({ ...functions, ...(text ? undefined : texts) })
    it.effect(`behind ${name} has one output for all cuts`, () =>
      Effect.gen(function*() {
        for (const [what, f] of fs) {
          for (let how = 0; how < 4; how++) {
            for (const whole of yield* outputs(sequence(parser, named(Runnable.map(f))), slices(answer, how))) {
              assert.deepStrictEqual(whole, output(f), what)
            }
          }
        }
      }))

    it.effect(`behind ${name} has it in any place`, () =>
      Effect.gen(function*() {
        for (const [place, put] of Object.entries(places)) {
          const [what, f] = random.pick(fs)
          for (const whole of yield* outputs(put(parser, named(Runnable.map(f))), slices(answer, 2))) {
            assert.deepStrictEqual(whole, output(f), `${what}, ${place}`)
          }
        }
      }))
  }

  it.effect("leaves nothing out of a text but nothing", () =>
    Effect.gen(function*() {
      const step = Runnable.map((text: unknown) => text === "b" ? undefined : text === "c" ? null : text)
      assert.deepStrictEqual(
        yield* outputs(sequence(OutputParser.string, named(step)), ["b", "c", "a", "b", "c", "d"]),
        [
          "ad",
          "ad",
          "ad"
        ]
      )
    }))

  it.effect("is called once for each chunk if the chain is only streamed", () =>
    Effect.gen(function*() {
      const calls: Array<unknown> = []
      const chain = Runnable.sequence(
        ScriptedChatModel.make(() => ScriptedChatModel.text(["a", "bc"])).model,
        OutputParser.string,
        Runnable.map((text: string) => {
          calls.push(text)
          return text.length
        })
      )
      assert.deepStrictEqual(yield* Stream.runCollect(chain.stream("q")), [1, 2, 0])
      assert.deepStrictEqual(calls.splice(0), ["a", "bc", ""])
      assert.strictEqual(yield* chain.invoke("q"), 3)
      assert.deepStrictEqual(calls, ["a", "bc", "", "abc"])
    }))
})

describe("a function of the stream of chunks", () => {
  // The output behind this one is a result for the whole text, which is no chunk.
  const { "a function of a text": _, ...others } = cases
  for (const [name, { answer, output, parser }] of Object.entries(others)) {
    it.effect(`behind ${name}, that passes it on, has one output for all cuts`, () =>
      Effect.gen(function*() {
        const step = Runnable.transform("Same", (chunks: Stream.Stream<unknown>) => chunks)
        for (let how = 0; how < 4; how++) {
          for (const whole of yield* outputs(sequence(parser, step, named(step)), slices(answer, how))) {
            assert.deepStrictEqual(whole, output((chunk) => chunk))
          }
        }
      }))
  }

  for (const name of ["json", "schema", "xml", "regex", "elements", "lines", "comma", "numbered"]) {
    it.effect(`behind ${name}, that changes each, has the output of a function of chunks`, () =>
      Effect.gen(function*() {
        const { answer, output, parser } = cases[name]!
        for (const [what, f] of Object.entries({ ...functions, ...texts })) {
          const step = Runnable.transform("Each", (chunks: Stream.Stream<unknown>) => Stream.map(chunks, f))
          for (const whole of yield* outputs(sequence(parser, named(step)), slices(answer, 2))) {
            assert.deepStrictEqual(whole, output(f), what)
          }
        }
      }))
  }
})
