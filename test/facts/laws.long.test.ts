// Every option alone and some pairs of options, for every model. All pairs with FIT_PAIRS=all, which takes many minutes.
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { nameOf, subjects } from "../support/factsSubjects.ts"
import { available, skipped } from "../support/factsTable.ts"
import { holdsFor, pairOf } from "../support/fitLaws.ts"
import { pairs, wishes } from "../support/wishes.ts"

/** Every so many pairs are tried, others for each model. */
const step = process.env["FIT_PAIRS"] === "all" ? 1 : 101

describe.skipIf(!available)(`options are fitted${available ? "" : ` (${skipped})`}`, () => {
  for (const [i, subject] of subjects.entries()) {
    it.effect(`to ${nameOf(subject)}, alone and in pairs`, () =>
      Effect.gen(function*() {
        const pair = yield* pairOf(subject)
        const tried = [...wishes, ...pairs.filter((_, at) => at % step === i % step)]
        yield* Effect.forEach(tried, (wish) => holdsFor(pair, wish), { discard: true })
      }), 300_000)
  }
})
