// Every option alone and in pairs, for every model.
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { nameOf, subjects } from "../support/factsSubjects.ts"
import { available, skipped } from "../support/factsTable.ts"
import { holdsFor, pairOf } from "../support/fitLaws.ts"
import { pairs, wishes } from "../support/wishes.ts"

describe.skipIf(!available)(`options are fitted${available ? "" : ` (${skipped})`}`, () => {
  for (const subject of subjects) {
    it.effect(`to ${nameOf(subject)}, alone and in pairs`, () =>
      Effect.gen(function*() {
        const pair = yield* pairOf(subject)
        yield* Effect.forEach([...wishes, ...pairs], (wish) => holdsFor(pair, wish), { discard: true })
      }), 300_000)
  }
})
