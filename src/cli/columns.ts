/**
 * The layout of `compare` on a terminal: several growing texts side by side. It makes strings and writes nothing. Lines
 * that have scrolled away are dropped, so memory is bounded by the distance between the fastest and the slowest column.
 */

import { widthOf } from "./text.ts"

const separator = " │ "

/** The smallest width of a column, in terminal cells. A narrower one is hard to read. */
const minWidth = 16

interface Column {
  /** The lines from the first row that has not scrolled away. */
  readonly lines: Array<string>
  ended: boolean
}

/** The size of a terminal, in cells. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/**
 * Texts in columns. {@link Columns.draw} returns the text that redraws them over its previous output: rows that no
 * column can change any more scroll away, and the rows below are drawn again.
 */
export class Columns {
  readonly #columns: ReadonlyArray<Column>
  #size: Size
  /** The widths of the rows that are drawn and will be redrawn. */
  #drawn: ReadonlyArray<number> = []

  constructor(count: number, size: Size) {
    this.#columns = Array.from({ length: count }, () => ({ lines: [""], ended: false }))
    this.#size = size
  }

  /** The width of a column. */
  get #width(): number {
    const count = this.#columns.length
    return Math.max(1, Math.floor((this.#size.columns - separator.length * (count - 1)) / count))
  }

  /** Fits the lines that have not scrolled away to another size of the terminal. */
  resize(size: Size): void {
    if (size.columns === this.#size.columns && size.rows === this.#size.rows) return
    this.#size = size
    this.#columns.forEach(({ lines }, index) => this.add(index, lines.splice(0, Infinity, "").join("\n")))
  }

  /** Whether a terminal of this size has room for so many columns. */
  static fit(count: number, { columns }: Size): boolean {
    return columns >= count * minWidth + separator.length * (count - 1)
  }

  /** Appends text to a column. It must only have visible characters and line breaks. */
  add(index: number, text: string): void {
    const lines = this.#columns[index]?.lines ?? []
    for (const char of text) {
      if (char === "\n") lines.push("")
      else wrap(lines, char, this.#width)
    }
  }

  /** Marks a column as complete. */
  end(index: number): void {
    const column = this.#columns[index]
    if (column !== undefined) column.ended = true
  }

  /** The number of lines of a column that have not scrolled away and are held in memory. */
  ahead(index: number): number {
    return this.#columns[index]?.lines.length ?? 0
  }

  /** The text that redraws the columns. */
  draw(): string {
    const height = Math.max(...this.#columns.map(({ lines }) => lines.length))
    // The last line of a column that is not complete may still change.
    const settled = Math.min(height, ...this.#columns.map(({ ended, lines }) => ended ? height : lines.length - 1))
    // The cursor may be behind the ^C that the terminal has echoed, so it goes to the start of the line first.
    const up = this.#rowsOnScreen()
    let text = up === 0 ? "" : `\r\u001b[${up}A\u001b[0J`
    for (let row = 0; row < settled; row++) text += `${this.#row(row)}\n`
    // Rows above the screen cannot be redrawn.
    const from = Math.max(settled, height - Math.max(1, this.#size.rows - 1))
    const rows = Array.from({ length: height - from }, (_, row) => this.#row(from + row))
    for (const row of rows) text += `${row}\n`
    for (const { lines } of this.#columns) lines.splice(0, settled)
    this.#drawn = rows.map(widthOf)
    return text
  }

  /** The rows that the drawn ones take on the screen. A terminal that got narrower has broken them. */
  #rowsOnScreen(): number {
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / this.#size.columns)), 0)
    return Math.min(rows, Math.max(1, this.#size.rows - 1))
  }

  #row(row: number): string {
    return this.#columns.map(({ lines }) => pad(lines[row] ?? "", this.#width)).join(separator).trimEnd()
  }
}

/** Appends a character to the last line. If that gets too wide, its last word moves to a new line. */
const wrap = (lines: Array<string>, char: string, width: number): void => {
  const line = (lines.pop() ?? "") + char
  if (widthOf(line) <= width) {
    lines.push(line)
    return
  }
  const space = line.lastIndexOf(" ")
  if (char === " ") lines.push(line.trimEnd(), "")
  else if (space > 0) lines.push(line.slice(0, space), line.slice(space + 1))
  else lines.push(line.slice(0, -char.length), char)
}

const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)))
