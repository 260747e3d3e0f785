import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { fit, fitEnd, widthOf, wrapProse } from "../../src/cli/text.ts"

const dimmed = (text: string) => `\u001b[2m${text}\u001b[22m`

describe("the width of a text", () => {
  it("counts two cells for a wide character, and none for a mark or a style", () => {
    const widths: ReadonlyArray<readonly [text: string, width: number]> = [
      ["", 0],
      ["plain", 5],
      ["金魚", 4],
      ["「はい」。", 10],
      ["コーヒー", 8],
      ["어항", 4],
      ["e\u0301", 1],
      ["🐟", 2],
      ["\u30ab\u3099", 2],
      [dimmed("dim"), 3],
      ["a\u200bb", 2]
    ]
    for (const [text, width] of widths) assert.strictEqual(widthOf(text), width, text)
  })
})

describe("a text that is too long", () => {
  it("is cut with an ellipsis, at either end", () => {
    assert.strictEqual(fit("goldfish", 8), "goldfish")
    assert.strictEqual(fit("goldfish", 5), "gold…")
    assert.strictEqual(fitEnd("goldfish", 5), "…fish")
    assert.strictEqual(fit("金魚は泳ぐ", 6), "金魚…")
    assert.strictEqual(fitEnd("金魚は泳ぐ", 6), "…泳ぐ")
    assert.strictEqual(fit("goldfish", 1), "…")
    assert.strictEqual(fit("goldfish", 0), "")
  })

  it.prop("never exceeds the width", [Schema.String, Schema.Int], ([text, number]) => {
    const width = Math.abs(number) % 40
    assert.isAtMost(widthOf(fit(text, width)), width)
    assert.isAtMost(widthOf(fitEnd(text, width)), width)
  })
})

describe("prose", () => {
  const lines = (text: string, width: number) => wrapProse(text, width).split("\n")

  it("wraps at spaces, and stays as it is without a width", () => {
    assert.deepStrictEqual(lines("The quick brown fox jumps", 10), ["The quick", "brown fox", "jumps"])
    const long = "x ".repeat(200)
    assert.strictEqual(wrapProse(long, undefined), long)
    // A terminal that does not know its size says 0.
    assert.strictEqual(wrapProse(long, 0), long)
  })

  it("keeps an address and a command whole", () => {
    assert.deepStrictEqual(lines("See https://example.com/long/path now", 12), [
      "See",
      "https://example.com/long/path",
      "now"
    ])
  })

  it("does not count styles, and breaks between wide characters", () => {
    assert.deepStrictEqual(lines(dimmed("gold fish"), 9), [dimmed("gold fish")])
    assert.deepStrictEqual(lines(dimmed("gold fish"), 5), ["\u001b[2mgold", "fish\u001b[22m"])
    assert.deepStrictEqual(lines("金魚は月で泳ぐ ok", 6), ["金魚は", "月で泳", "ぐ ok"])
  })

  it("indents what continues the text of a row", () => {
    assert.deepStrictEqual(lines("  --take integer    Stop after this many chunks", 40), [
      "  --take integer    Stop after this many",
      "                    chunks"
    ])
    assert.deepStrictEqual(lines("  --take integer    Stop after this many chunks", 30), [
      "  --take integer",
      "      Stop after this many",
      "      chunks"
    ])
    assert.deepStrictEqual(lines("  --level <all|debug|info|warn|error>    The level", 30), [
      "  --level",
      "  <all|debug|info|warn|error>",
      "      The level"
    ])
    assert.deepStrictEqual(lines("    indented text goes on", 14), ["    indented", "    text goes", "    on"])
  })

  const Words = Schema.Array(Schema.Literals(["a", "word", "longer", "金魚", "🐟", "punctuation,", dimmed("dim")]))

  it.prop("loses nothing but spaces, and no line is wider than the terminal or than one word", [Words], ([words]) => {
    const text = words.join(" ")
    const wrapped = wrapProse(text, 12)
    assert.strictEqual(wrapped.replace(/\s/g, ""), text.replace(/\s/g, ""))
    for (const line of wrapped.split("\n")) assert.isAtMost(widthOf(line), 12)
  })
})
