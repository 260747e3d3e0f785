// Columns as a terminal shows them: a model of one that obeys the two sequences that are used.
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Columns } from "../../src/cli/columns.ts"

/** What is on a terminal, scrolled away or not, after all this was written. */
const screen = (writes: ReadonlyArray<string>, rows: number): ReadonlyArray<string> => {
  const lines = [""]
  // oxlint-disable-next-line no-control-regex
  for (const [token] of writes.join("").matchAll(/\u001b\[\d+A\u001b\[0J|\n|[^\n\u001b]+/g)) {
    if (token === "\n") lines.push("")
    else if (token.startsWith("\u001b")) {
      const up = Number.parseInt(token.slice(2), 10)
      assert.isBelow(up, rows, "a cursor cannot go up beyond the screen")
      lines.splice(lines.length - 1 - up, up + 1, "")
    } else lines.push((lines.pop() ?? "") + token)
  }
  return lines.slice(0, -1)
}

const size = { columns: 23, rows: 6 }

describe("columns", () => {
  it("wrap words, keep line breaks and stay apart", () => {
    const columns = new Columns(2, size)
    columns.add(0, "Goldfish swim slowly\n\nup")
    columns.add(1, "Incomprehensibilities, all")
    assert.deepStrictEqual(screen([columns.draw()], size.rows), [
      "Goldfish   │ Incomprehe",
      "swim       │ nsibilitie",
      "slowly     │ s, all",
      "           │",
      "up         │"
    ])
  })

  it("count the cells of wide characters and of none", () => {
    const columns = new Columns(2, size)
    columns.add(0, "金魚は泳ぐ🐟")
    columns.add(1, "e\u0301te\u0301")
    assert.deepStrictEqual(screen([columns.draw()], size.rows), ["金魚は泳ぐ │ e\u0301te\u0301", "🐟         │"])
  })

  it("need room", () => {
    assert.isTrue(Columns.fit(2, { columns: 80, rows: 24 }))
    assert.isFalse(Columns.fit(5, { columns: 80, rows: 24 }))
  })

  const Steps = Schema.Array(Schema.Struct({
    index: Schema.Literals([0, 1]),
    text: Schema.Literals(["a", "word", " ", "\n", "some words "])
  }))

  it.prop("show in the end what they show when all is written at once, however it came", [Steps], ([steps]) => {
    const live = new Columns(2, size)
    const writes = steps.map(({ index, text }) => {
      live.add(index, text)
      return live.draw()
    })
    const whole = new Columns(2, size)
    for (const { index, text } of steps) whole.add(index, text)
    for (const columns of [live, whole]) {
      columns.end(0)
      columns.end(1)
    }
    assert.deepStrictEqual(screen([...writes, live.draw()], size.rows), screen([whole.draw()], size.rows))
  })
})
