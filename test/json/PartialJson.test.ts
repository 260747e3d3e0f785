import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema, Stream } from "effect"
import { PartialJson } from "rivulet"
import { parsed, reference } from "../support/jsonReference.ts"
import { cutUp, jsonText, makeRandom, mutated } from "../support/jsonTexts.ts"
import { available, markdownCases, skipped, strictCases } from "../support/langChainCases.ts"

/** A value, or that there was a failure. */
interface Attempt {
  readonly value?: unknown
  readonly failed?: true
}

/** What a function gives, or that it throws. */
const attempt = (f: () => unknown): Attempt => {
  try {
    return { value: f() }
  } catch {
    return { failed: true }
  }
}

/** The value after each piece; the last entry is what the end gives. */
const read = (pieces: ReadonlyArray<string>, options?: PartialJson.Options) => {
  const parser = PartialJson.parser(options)
  const values = pieces.map((piece): Attempt => {
    parser.push(piece)
    return parser.failure() === undefined ? { value: parser.value() } : { failed: true }
  })
  return { values, end: parser.end() }
}

const hasKeyTwice = (text: string): boolean => {
  const keys = text.match(/"[^"]*"(?=\s*:)/g) ?? []
  return new Set(keys).size < keys.length
}

const errorOf = (text: string, options?: PartialJson.Options): PartialJson.PartialJsonError => {
  const parser = PartialJson.parser(options)
  parser.push(text)
  return Result.getOrThrow(Result.flip(parser.end()))
}

describe.skipIf(!available)(`the peer's cases${available ? "" : `, ${skipped}`}`, () => {
  it.effect("strict", () =>
    Effect.gen(function*() {
      for (const { expected, id, input, throws } of strictCases) {
        const result = yield* Effect.result(PartialJson.parse(input))
        if (throws === undefined) assert.deepStrictEqual(Result.getOrThrow(result), expected, `${id} ${input}`)
        else assert.isTrue(Result.isFailure(result), `${id} ${input}`)
      }
    }))

  it.effect("between fences", () =>
    Effect.gen(function*() {
      for (const { expected, id, input } of markdownCases) {
        // Where there is no value the peer gives null.
        const value = yield* Effect.orElseSucceed(PartialJson.parse(input, { prose: true }), () => null)
        assert.deepStrictEqual(value, expected, `${id} ${input}`)
      }
    }))
})

describe("any text, right or wrong", () => {
  const random = makeRandom(20_261_125)
  const texts = Array.from({ length: 2000 }, (_, i) => {
    const text = jsonText(random)
    return i % 2 === 0 ? text : mutated(random, text)
  })

  it("each start of it has the value that a slow reading of it has", () => {
    let starts = 0
    for (const text of texts) {
      const parser = PartialJson.parser()
      for (let end = 0; end <= text.length; end++) {
        const start = text.slice(0, end)
        if (end > 0) parser.push(text[end - 1]!)
        const expected = attempt(() => reference(start))
        const soFar: Attempt = parser.failure() === undefined ? { value: parser.value() } : { failed: true }
        assert.deepStrictEqual(soFar, expected, JSON.stringify(start))
        // Read at once, where nothing is a failure too.
        const whole = PartialJson.parseResult(start)
        assert.deepStrictEqual(
          Result.isSuccess(whole) ? whole.success : undefined,
          expected.value,
          JSON.stringify(start)
        )
        starts++
        if (expected.failed) break
      }
    }
    assert.isAbove(starts, 30_000)
  })

  it("at its end is what JSON.parse makes of it", () => {
    for (const text of texts) {
      const { end } = read([text])
      const made: Attempt = Result.isSuccess(end) ? { value: end.success } : { failed: true }
      assert.deepStrictEqual(made, attempt(() => parsed(text)), text)
    }
  })

  it("cut anywhere, it has the same values at the same places", () => {
    for (const text of texts) {
      for (const options of [undefined, { prose: true }]) {
        const pieces = cutUp(random, text)
        const { end, values } = read(pieces, options)
        const bySingles = read([...text].join("") === text ? text.split("") : [text], options)
        let at = 0
        pieces.forEach((piece, i) => {
          at += piece.length
          if (at > 0) assert.deepStrictEqual(values[i], bySingles.values[at - 1], JSON.stringify([text, pieces]))
        })
        assert.deepStrictEqual(end, bySingles.end, JSON.stringify([text, pieces]))
      }
    }
  })

  it("nothing that was shown changes afterwards, and a value is the same until it changes", () => {
    for (const text of texts) {
      const parser = PartialJson.parser()
      const shown: Array<readonly [value: Schema.Json | undefined, copy: Schema.Json | undefined]> = []
      for (const piece of cutUp(random, text)) {
        const before = parser.value()
        const changed = parser.push(piece)
        const value = parser.value()
        if (parser.failure() !== undefined) break
        // A key that is there twice may have the same value twice.
        if (!changed) assert.deepStrictEqual(value, before)
        else if (!hasKeyTwice(text)) assert.notDeepEqual(value, before, JSON.stringify([text, piece]))
        assert.strictEqual(parser.value(), value)
        shown.push([value, structuredClone(value)])
      }
      parser.end()
      for (const [value, copy] of shown) assert.deepStrictEqual(value, copy, text)
    }
  })
})

describe("what is shown", () => {
  const shown = (pieces: ReadonlyArray<string>) => read(pieces).values.map(({ value }) => value)

  it("of strings that stop in an escape", () => {
    assert.deepStrictEqual(shown(["\"a\\", "n", "b", "\\u", "00", "e9", "\\", "\\"]), [
      "a\\",
      "a\n",
      "a\nb",
      "a\nbu",
      "a\nbu00",
      "a\nbé",
      "a\nbé\\",
      "a\nbé\\"
    ])
  })

  it("of surrogate pairs: both halves or none", () => {
    assert.deepStrictEqual(shown(["\"🐠\ud83d", "\udc20", "!"]), ["🐠", "🐠🐠", "🐠🐠!"])
    assert.deepStrictEqual(shown(["\"\\ud83d", "\\", "u", "de", "00", "\""]), ["", "", "", "", "😀", "😀"])
    assert.deepStrictEqual(shown(["\"\\ud83", "d", "x"]), ["ud83", "", "\ud83dx"])
    assert.deepStrictEqual(shown(["\"\ud83d", " ", "y\ud83d", "\""]), ["", "\ud83d", "\ud83d y", "\ud83d y\ud83d"])
  })

  it("of white space at the end of a string: nothing until more comes", () => {
    assert.deepStrictEqual(shown(["\"a ", "\u00a0 ", "b", " \\n", " ", "\""]), [
      "a",
      "a",
      "a \u00a0 b",
      "a \u00a0 b \n",
      "a \u00a0 b \n",
      "a \u00a0 b \n "
    ])
  })

  it("of numbers and words, cut anywhere", () => {
    assert.deepStrictEqual(shown(["-", "1", ".", "5", "e", "+", "2", "]"].slice(0, 7)), [
      -0,
      -1,
      -1,
      -1.5,
      -1.5,
      -1.5,
      -150
    ])
    assert.deepStrictEqual(shown(["[t", "ru", "e", ",f", ",1"]).slice(0, 4), [[true], [true], [true], [true, false]])
  })

  it("of a long number, or a string full of escapes, in time in proportion", () => {
    const parser = PartialJson.parser()
    for (const digit of "7".repeat(500_000)) parser.push(digit)
    assert.deepStrictEqual(parser.end(), Result.succeed(null))
    const text = JSON.stringify(`${" ".repeat(10)}\n\\`.repeat(50_000))
    for (const pieces of [[text], text.match(/.{1,7}/gs) ?? []]) {
      assert.deepStrictEqual(read(pieces).end, Result.succeed(parsed(text)))
    }
  })

  it("a key named __proto__ is a key like any other", () => {
    for (const text of [`{"__proto__": {"x": 1}, "a": 2}`, `{"__proto__": {"x": 1}, "a": 2`, `{"__proto__": {"x": 1`]) {
      const value = Result.getOrThrow(PartialJson.parseResult(text)) as Record<string, unknown>
      assert.isTrue(Object.hasOwn(value, "__proto__"))
      assert.strictEqual(Object.getPrototypeOf(value), Object.prototype)
      assert.isUndefined(value["x"])
    }
  })
})

describe("a failure", () => {
  it("says what should be where", () => {
    const { expected, message, path, position, reason } = errorOf(`{"steps": ["Cut", 7up]}`)
    assert.deepStrictEqual({ reason, path, position }, { reason: "Syntax", path: ["steps"], position: 19 })
    assert.strictEqual(expected, `"," or "]"`)
    assert.strictEqual(message, `Expected "," or "]", got "u" (at position 19)`)
  })

  it("is of its kind, at its place", () => {
    const found = (text: string, options?: PartialJson.Options) => {
      const { path, position, reason } = errorOf(text, options)
      return [reason, position, ...path]
    }
    assert.deepStrictEqual(found(""), ["Empty", 0])
    assert.deepStrictEqual(found(" \n"), ["Empty", 2])
    assert.deepStrictEqual(found(`{"a": [1, {"b": "c`), ["Incomplete", 18, "a", 1, "b"])
    assert.deepStrictEqual(found(`{"a": 1, }`), ["Syntax", 9])
    assert.deepStrictEqual(found(`{"a" 1}`), ["Syntax", 5, "a"])
    assert.deepStrictEqual(found(`[1, 012]`), ["Syntax", 5, 1])
    assert.deepStrictEqual(found(`[1, -]`), ["Syntax", 5, 1])
    assert.deepStrictEqual(found(`["\n"]`), ["Syntax", 2, 0])
    assert.deepStrictEqual(found(`{"a": 1} 2`), ["Syntax", 9])
    assert.deepStrictEqual(found(`[[[1]]]`, { maxDepth: 2 }), ["Depth", 2, 0, 0])
    assert.deepStrictEqual(found(`[1, 2, 3]`, { maxLength: 5 }), ["Length", 5])
    assert.deepStrictEqual(found("[".repeat(1000)), ["Depth", 512, ...Array.from({ length: 512 }, () => 0)])
    assert.deepStrictEqual(found("There is none", { prose: true }), ["Empty", 13])
    assert.deepStrictEqual(found("Well: {", { prose: true }), ["Incomplete", 7])
    assert.deepStrictEqual(found(`Well:\n\`\`\`json\n{"a": b}\n\`\`\``, { prose: true }), ["Syntax", 20, "a"])
  })

  it("is final", () => {
    const parser = PartialJson.parser()
    assert.isTrue(parser.push("[1"))
    assert.isFalse(parser.push("x"))
    assert.isFalse(parser.push("]"))
    assert.strictEqual(parser.failure()?.position, 2)
    assert.deepStrictEqual(parser.end(), Result.fail(parser.failure()!))
  })

  it("is data", () => {
    const error = errorOf("[1x")
    const codec = Schema.toCodecJson(PartialJson.PartialJsonError)
    assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(Schema.encodeSync(codec)(error)), error)
  })
})

describe("amid prose", () => {
  const found = (text: string) => {
    const { end } = read(text.split(""), { prose: true })
    return Result.isSuccess(end) ? end.success : end.failure.reason
  }

  it("the value is found", () => {
    assert.deepStrictEqual(found(`Here it is: {"a": 1}. Have fun!`), { a: 1 })
    assert.deepStrictEqual(found(`Here they are:\n[1, 2]\nHave fun!`), [1, 2])
    assert.deepStrictEqual(found(`See [1]. {"a": [1]}`), { a: [1] })
    assert.deepStrictEqual(found(`Use {braces} so: {"a": {}}`), { a: {} })
    assert.deepStrictEqual(found(`{"a": "\`\`\`js\\n\`\`\`"} and so on`), { a: "```js\n```" })
    assert.deepStrictEqual(found("```\n[1]\n```"), [1])
    assert.deepStrictEqual(found("```JSON\n\"a\"\n```"), "a")
    assert.deepStrictEqual(found("```json5 {\"a\": 1}```"), { a: 1 })
    assert.deepStrictEqual(found("``` json\n{\"a\": 1}\n```"), { a: 1 })
    assert.deepStrictEqual(found("``` \n{\"a\": 1}\n```"), { a: 1 })
    assert.deepStrictEqual(found("``` {\"a\": 1} ```"), { a: 1 })
    assert.deepStrictEqual(found("``` sh\necho {}\n```\n```\t json\n{\"a\": 1}\n```"), { a: 1 })
    assert.deepStrictEqual(found("````json\n{\"a\": 1}\n````"), { a: 1 })
  })

  it("a fence that holds JSON has it, whatever else there is", () => {
    assert.deepStrictEqual(found("Given {\"a\": 1}:\n```json\n{\"b\": 2}\n```"), { b: 2 })
    assert.deepStrictEqual(found("Run `x`:\n```sh\necho {}\n```\nand get\n```json\n{\"b\": 2}\n```"), { b: 2 })
    assert.deepStrictEqual(found("```\nnot JSON\n```\n```\n{\"b\": 2}\n```"), { b: 2 })
    assert.deepStrictEqual(found("[Note]\n```json\n{\"b\": 2}\n```\n```json\n{\"c\": 3}\n```"), { b: 2 })
    assert.deepStrictEqual(found("Given {\"a\": 1}:\n```\n{\"b\": "), { a: 1 })
  })

  it("a value alone may be of any kind, and a word of prose is none", () => {
    assert.deepStrictEqual(["42", " true ", "\"a\"", "null"].map(found), [42, true, "a", null])
    assert.deepStrictEqual(["42 fish", "true love", "\"a\" is a letter", "nothing"].map(found), [
      "Empty",
      "Empty",
      "Empty",
      "Empty"
    ])
  })

  it("nothing is shown that may be prose", () => {
    const { values } = read(["{\"a\": 1", " and {", "no} but \"", "4", "2\""].slice(1), { prose: true })
    assert.deepStrictEqual(values.map(({ value }) => value), [undefined, undefined, undefined, undefined])
  })
})

describe("values", () => {
  it.effect("come as they change, the last being the whole", () =>
    Effect.gen(function*() {
      const pieces = Stream.make("[", "1", "2", " ", ",\"", "a", "\"", "]", "\n")
      assert.deepStrictEqual(yield* Stream.runCollect(PartialJson.values(pieces)), [
        [],
        [1],
        [12],
        [12, ""],
        [12, "a"]
      ])
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.make("4", "2").pipe(PartialJson.values())), [4, 42])
      assert.deepStrictEqual(
        yield* Stream.runCollect(Stream.make("4", "2").pipe(PartialJson.values({ prose: true }))),
        [42]
      )
    }))

  it.effect("end with the failure", () =>
    Effect.gen(function*() {
      const results = yield* Stream.runCollect(Stream.result(PartialJson.values(Stream.make("[1", ", x", "]"))))
      assert.deepStrictEqual(
        results.map((result) => Result.isSuccess(result) ? result.success : result.failure.reason),
        [
          [1],
          "Syntax"
        ]
      )
      const cut = yield* Effect.flip(Stream.runDrain(PartialJson.values(Stream.make("[1"))))
      assert.strictEqual(cut.reason, "Incomplete")
    }))

  it.effect("of a large array come less often, never change, and end with all of it", () =>
    Effect.gen(function*() {
      const numbers = Array.from({ length: 20_000 }, (_, i) => i)
      const pieces = JSON.stringify(numbers).match(/.{1,10}/g)!
      const values = yield* Stream.runCollect(PartialJson.values(Stream.fromIterable(pieces)))
      assert.isBelow(values.length, pieces.length / 4)
      // All that was copied is bounded by what was read.
      const copied = values.reduce<number>((sum, value) => sum + (value as ReadonlyArray<number>).length, 0)
      assert.isBelow(copied, pieces.length * 10 * 8 + values.length * 256)
      assert.deepStrictEqual(values.at(-1), numbers)
      let length = 0
      for (const value of values as ReadonlyArray<ReadonlyArray<number>>) {
        assert.isAtLeast(value.length, length)
        assert.isTrue(value.slice(0, -1).every((number, i) => number === i))
        length = value.length
      }
    }))
})
