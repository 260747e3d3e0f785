import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { PartialJson } from "rivulet"
import { available, markdownCases, skipped, strictCases } from "./support/peerCases.ts"

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
        const value = yield* Effect.orElseSucceed(PartialJson.parse(input, { prose: true }), () => null)
        assert.deepStrictEqual(value, expected, `${id} ${input}`)
      }
    }))
})
