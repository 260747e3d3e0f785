/** A terminal that obeys the sequences that the command line uses, and fails at any other. */
import { assert } from "@effect/vitest"

/** What is on a terminal of this size, scrolled away or not, after a text was written. Trailing spaces do not count. */
export const screen = (
  text: string,
  { columns = Infinity, rows = Infinity }: { readonly columns?: number; readonly rows?: number } = {}
): ReadonlyArray<string> => {
  const lines: Array<Array<string>> = [[]]
  let x = 0
  let y = 0
  const moveDown = () => {
    y++
    lines[y] ??= []
  }
  // oxlint-disable-next-line no-control-regex
  for (const [token, number = "", command] of text.matchAll(/\u001b\[(\d*)([A-Za-z])|[^]/gu)) {
    const line = lines[y] ?? []
    if (command === "A") {
      const up = Number(number)
      assert.isBelow(up, rows, "a cursor cannot go up beyond the screen")
      y = Math.max(0, y - up)
    } else if (command === "J" || command === "K") {
      line.length = Math.min(line.length, x)
      if (command === "J") lines.length = y + 1
    } else if (command === "m") continue
    else if (token === "\r") x = 0
    else if (token === "\n") {
      moveDown()
      x = 0
    } else {
      assert.notStrictEqual(token, "\u001b", "an unknown sequence")
      if (x >= columns) {
        moveDown()
        x = 0
      }
      const row = lines[y] ?? []
      while (row.length < x) row.push(" ")
      row[x] = token
      x++
    }
  }
  const shown = lines.map((line) => line.join("").trimEnd())
  return shown.at(-1) === "" ? shown.slice(0, -1) : shown
}
