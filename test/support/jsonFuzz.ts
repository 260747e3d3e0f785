// Texts that are right, wrong and random, in any pieces: a text that is not JSON is a failure, and nothing throws.
import { assert, it } from "@effect/vitest"
import { Result } from "effect"
import { isDeepStrictEqual } from "node:util"
import { PartialJson } from "rivulet"
import { parsed as parse, reference } from "./jsonReference.ts"
import { cutUp, jsonText, makeRandom, mutated, tokenSoup } from "./jsonTexts.ts"

const seed = Number(process.env["FUZZ_SEED"] ?? 1)
const parsed = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: parse(text) }
  } catch {
    return undefined
  }
}

/** Reads this many texts; `FUZZ_ROUNDS` overrides the number. */
export const fuzz = (texts: number): void => {
  const rounds = Number(process.env["FUZZ_ROUNDS"] ?? texts)
  it(`${rounds.toLocaleString("en")} texts`, { timeout: 300_000 }, () => {
    const random = makeRandom(seed)
    const count = { whole: 0, wrong: 0, found: 0 }
    let right = "{}"
    for (let i = 0; i < rounds; i++) {
      if (i % 16 === 0) right = jsonText(random)
      const kind = random.below(16)
      const text = kind === 0 ? right : kind < 5 ? tokenSoup(random) : mutated(random, right)
      // Prose is allowed around every fourth.
      const prose = i % 4 === 0
      const parser = PartialJson.parser({ prose, maxDepth: 8 })
      for (const piece of cutUp(random, text)) {
        parser.push(piece)
        if (random.below(4) === 0) parser.value()
      }
      const end = parser.end()
      if (Result.isFailure(end)) {
        assert.strictEqual(end.failure._tag, "PartialJsonError")
        count.wrong++
        if (!prose && end.failure.reason !== "Depth" && parsed(text) !== undefined) {
          assert.fail(`seed ${seed}: this is JSON: ${JSON.stringify(text)}`)
        }
      } else if (prose) count.found++
      else {
        count.whole++
        const expected = parsed(text)
        // JSON.parse of Node.js 24.21 may read the key "\f" as one it met before, "\\"; the slow reference does not.
        const same = expected !== undefined &&
          (isDeepStrictEqual(end.success, expected.value) || isDeepStrictEqual(end.success, reference(text)))
        if (!same) {
          assert.fail(`seed ${seed}: this is not what it is read as: ${JSON.stringify(text)}`)
        }
      }
    }
    console.log(`fuzz, seed ${seed}: ${JSON.stringify(count)}`)
    assert.isAbove(count.whole, rounds / 100)
    assert.isAbove(count.found, rounds / 100)
  })
}
