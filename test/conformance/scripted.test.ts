import { describe, it } from "@effect/vitest"
import { conformance } from "rivulet/Testing"
import { scriptedSubject } from "../support/scriptedSubject.ts"

describe("a scripted model", () => {
  for (const { name, run, skip } of conformance(scriptedSubject)) {
    it.effect.skipIf(skip !== undefined)(skip === undefined ? name : `${name} (${skip})`, () => run)
  }
})
