/** Texts side by side on a terminal, each growing at its end. */

const separator = " │ "

/** A column narrower than this is hard to read. */
const narrowest = 16

interface Column {
  /** From the first row that has not scrolled away; of one that ended there may be none left. */
  readonly lines: Array<string>
  ended: boolean
}

/** The size of a terminal, which may change. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/**
 * Texts in columns. {@link Columns.draw} gives what is to be written to show them as they are now, over what it gave
 * before: rows that no column can change any more scroll away, those below are drawn again.
 */
export class Columns {
  readonly #columns: ReadonlyArray<Column>
  readonly #width: number
  readonly #rows: number
  /** Rows that are drawn and may be drawn over. */
  #drawn = 0

  constructor(count: number, { columns, rows }: Size) {
    this.#columns = Array.from({ length: count }, () => ({ lines: [""], ended: false }))
    this.#width = Math.floor((columns - separator.length * (count - 1)) / count)
    this.#rows = Math.max(1, rows - 1)
  }

  /** Whether so many columns fit at all. */
  static fit(count: number, { columns }: Size): boolean {
    return columns >= count * narrowest + separator.length * (count - 1)
  }

  /** Appends to a column. The text must hold nothing but what is shown, and line breaks. */
  add(index: number, text: string): void {
    const lines = this.#columns[index]?.lines ?? []
    for (const char of text) {
      if (char === "\n") lines.push("")
      else wrap(lines, char, this.#width)
    }
  }

  /** A column is complete. */
  end(index: number): void {
    const column = this.#columns[index]
    if (column !== undefined) column.ended = true
  }

  /** How many lines a column is ahead of what has scrolled away: they are kept. */
  ahead(index: number): number {
    return this.#columns[index]?.lines.length ?? 0
  }

  draw(): string {
    const height = Math.max(...this.#columns.map(({ lines }) => lines.length))
    // The last line of a column that goes on may still change.
    const settled = Math.min(height, ...this.#columns.map(({ ended, lines }) => ended ? height : lines.length - 1))
    let text = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A\u001b[0J`
    for (let row = 0; row < settled; row++) text += `${this.#row(row)}\n`
    // What does not fit on the screen could not be drawn over.
    const from = Math.max(settled, height - this.#rows)
    for (let row = from; row < height; row++) text += `${this.#row(row)}\n`
    for (const { lines } of this.#columns) lines.splice(0, settled)
    this.#drawn = height - from
    return text
  }

  #row(row: number): string {
    return this.#columns.map(({ lines }) => pad(lines[row] ?? "", this.#width)).join(separator).trimEnd()
  }
}

/** Appends a character to the last line, or to one more that the word it is part of moves to. */
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

const wide =
  /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff00-\uff60]/u
const nothing = /[\p{Mark}\p{Default_Ignorable_Code_Point}]/u

/** How many cells of a terminal a text takes. */
const widthOf = (text: string): number => {
  let width = 0
  for (const char of text) width += char <= "~" ? 1 : wide.test(char) ? 2 : nothing.test(char) ? 0 : 1
  return width
}
