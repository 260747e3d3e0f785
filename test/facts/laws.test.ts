// Half of the options alone, others for the next model, and a few pairs, for one model of each kind. laws.long.test.ts has
// all options for all models, and all pairs on demand.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { distinctSubjects, nameOf, subjects } from "../support/factsSubjects.ts"
import { available, hits, rules, skipped } from "../support/factsTable.ts"
import { holdsFor, pairOf } from "../support/fitLaws.ts"
import { pairs, wishes } from "../support/wishes.ts"

/** Every so many pairs are tried, others for each model. */
const step = 131

describe.skipIf(!available)(`options are fitted${available ? "" : ` (${skipped})`}`, () => {
  it("by every rule that a provider can reach", () => {
    const native = ["gemini", "converse", "cohere"]
    const missed = rules.filter((rule) =>
      rule.provider?.includes("google") !== true && !native.includes(rule.api ?? "") &&
      !subjects.some((subject) => hits(rule, subject))
    )
    assert.deepStrictEqual(missed.map(({ match }) => match), [])
  })

  for (const [i, subject] of (available ? distinctSubjects() : []).entries()) {
    it.effect(`to ${nameOf(subject)}`, () =>
      Effect.gen(function*() {
        const pair = yield* pairOf(subject)
        const tried = [
          ...wishes.filter((_, at) => (at + i) % 2 === 0),
          ...pairs.filter((_, at) => at % step === i % step)
        ]
        yield* Effect.forEach(tried, (wish) => holdsFor(pair, wish), { discard: true })
      }))
  }
})
