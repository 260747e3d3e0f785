import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Columns } from "../../src/cli/columns.ts"
import { screen } from "./screen.ts"

const size = { columns: 23, rows: 6 }

describe("columns", () => {
  it("wrap words, keep line breaks and stay apart", () => {
    const columns = new Columns(2, size)
    columns.add(0, "Goldfish swim slowly\n\nup")
    columns.add(1, "Incomprehensibilities, all")
    assert.deepStrictEqual(screen(columns.draw(), size), [
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
    assert.deepStrictEqual(screen(columns.draw(), size), ["金魚は泳ぐ │ e\u0301te\u0301", "🐟         │"])
  })

  it("are drawn over what the terminal has echoed", () => {
    const columns = new Columns(2, size)
    columns.add(0, "gold")
    columns.add(1, "fish")
    const first = columns.draw()
    assert.deepStrictEqual(screen(`${first}^C${columns.draw()}`, size), ["gold       │ fish"])
  })

  it("follow the size of the terminal", () => {
    const columns = new Columns(2, size)
    columns.add(0, "Goldfish swim slowly")
    columns.add(1, "Koi")
    const wide = columns.draw()
    // A narrower terminal breaks the three rows, of 12 and 16 cells, in two.
    columns.resize({ columns: 11, rows: 9 })
    assert.isTrue(columns.draw().startsWith("\r\u001b[6A\u001b[0JGold │ Koi\n"), wide)
    columns.resize({ columns: 43, rows: 9 })
    columns.add(1, " carp")
    const again = columns.draw()
    assert.isTrue(again.startsWith("\r\u001b["))
    for (const line of ["Gold                 │ Koi carp\n", "slow                 │\n"]) assert.include(again, line)
    columns.resize({ columns: 2, rows: 1 })
    columns.add(0, "!")
    assert.isTrue(columns.draw().startsWith("\r\u001b[1A"))
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
    assert.deepStrictEqual(screen([...writes, live.draw()].join(""), size), screen(whole.draw(), size))
  })
})
