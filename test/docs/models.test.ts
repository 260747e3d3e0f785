import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Capabilities } from "rivulet"
import { builtIn } from "rivulet/Providers"
import { expect } from "vitest"
import { markdownPage, plainTable, rowsOf } from "../../src/cli/table.ts"

const rows = rowsOf(builtIn)

describe("docs/models.md", () => {
  it.effect("is what the providers declare; `npm run docs` writes it", () =>
    Effect.gen(function*() {
      const page = markdownPage(yield* rows)
      yield* Effect.promise(() => expect(page).toMatchFileSnapshot("../../docs/models.md"))
    }))

  it.effect("has a line for each provider and a column for each capability", () =>
    Effect.gen(function*() {
      const all = yield* rows
      const table = markdownPage(all).split("\n").filter((line) => line.startsWith("|"))
      assert.lengthOf(table, all.length + 2)
      const names = Object.keys(Capabilities.Capabilities.fields)
      for (const line of table) assert.lengthOf(line.split("|"), names.length + 3)
      for (const name of names) {
        const [without = "", having = ""] = [false, true].map((value) =>
          markdownPage([{ name: "x", capabilities: { ...Capabilities.make({}), [name]: value } }])
        )
        assert.notStrictEqual(without, having, name)
        assert.lengthOf(having.split("✅"), 2)
      }
    }))

  it.effect("says the same on a terminal", () =>
    Effect.gen(function*() {
      const all = yield* rows
      const [head = "", ...lines] = plainTable(all).trimEnd().split("\n")
      for (const [i, { capabilities, name }] of all.entries()) {
        const line = lines[i] ?? ""
        assert.isTrue(line.startsWith(name))
        assert.strictEqual(line[head.indexOf("tools")], capabilities.tools ? "✓" : "✗")
        assert.strictEqual(line[head.indexOf("image-out")], capabilities.imageOutput ? "✓" : "✗")
      }
    }))
})
