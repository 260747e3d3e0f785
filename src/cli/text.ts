/**
 * Text in terminal cells: its width, cutting it, and wrapping prose at the width of a terminal. Every file that lays
 * text out uses it. It makes strings, and must import nothing.
 */

const zeroWidth = /[\p{Mark}\p{Default_Ignorable_Code_Point}]/u
const wideCharacters = [
  String.raw`\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}`,
  String.raw`\u3000-\u303e\u30fb\u30fc\uff00-\uff60\uffe0-\uffe6`
].join("")
const wide = new RegExp(`[${wideCharacters}]`, "u")

/** The pieces of a text that are kept whole, with the spaces before each: words, and wide characters one by one. */
const pieces = new RegExp(`( *)([${wideCharacters}]|[^ ${wideCharacters}]+)`, "gu")

/** The sequences that set a colour or a style. They take no cells. */
// oxlint-disable-next-line no-control-regex
const styles = /\u001b\[[0-9;]*m/g

/** The width of a text in terminal cells. Styles take none. */
export const widthOf = (text: string): number => {
  let width = 0
  for (const char of text.replace(styles, "")) {
    width += char <= "~" ? 1 : zeroWidth.test(char) ? 0 : wide.test(char) ? 2 : 1
  }
  return width
}

/** As much of an unstyled text as fits, with `…` in place of the rest. */
export const fit = (text: string, width: number): string =>
  widthOf(text) <= width ? text : width < 1 ? "" : `${firstOf(text, width - 1).join("")}…`

/** As much of the end of an unstyled text as fits, with `…` in place of the rest. */
export const fitEnd = (text: string, width: number): string =>
  widthOf(text) <= width
    ? text
    : width < 1
    ? ""
    : `…${firstOf([...text].toReversed(), width - 1).toReversed().join("")}`

/** The first characters that fit. */
const firstOf = (characters: Iterable<string>, room: number): ReadonlyArray<string> => {
  const kept: Array<string> = []
  for (const char of characters) {
    room -= widthOf(char)
    if (room < 0) break
    kept.push(char)
  }
  return kept
}

/** The narrowest column of text that is worth a hanging indent. */
const minColumn = 20

/**
 * Wraps each line of a prose at spaces and beside wide characters. Lines that continue a list or a row of a table are
 * indented as its text is. A word that is longer than a line stays whole, so that an address or a command can be copied.
 * Without a width, as in a pipe, the text stays as it is.
 */
export const wrapProse = (text: string, width: number | undefined): string =>
  width === undefined || width < 1 ? text : text.split("\n").map((line) => wrapLine(line, width)).join("\n")

const wrapLine = (line: string, width: number): string => {
  if (widthOf(line) <= width) return line
  const indent = /^ */.exec(line)?.[0] ?? ""
  // The first gap of two or more spaces separates a term from its text.
  const gap = /^( *\S.*? {2,})(\S.*)$/.exec(line)
  const term = gap?.[1] ?? ""
  const hanging = widthOf(term)
  if (gap === null) return fill(line.slice(indent.length), indent, indent, width)
  const description = gap[2] ?? ""
  return width - hanging >= minColumn
    ? fill(description, term, " ".repeat(hanging), width)
    : `${wrapLine(term.trimEnd(), width)}\n${fill(description, `${indent}    `, `${indent}    `, width)}`
}

/** Fills lines with the words of a text. */
const fill = (text: string, first: string, next: string, width: number): string => {
  const lines: Array<string> = []
  let line = first
  let used = widthOf(first)
  let empty = true
  for (const [whole, , piece = ""] of text.matchAll(pieces)) {
    if (!empty && used + widthOf(whole) > width) {
      lines.push(line)
      line = next
      used = widthOf(next)
      empty = true
    }
    const added = empty ? piece : whole
    line += added
    used += widthOf(added)
    empty = false
  }
  return [...lines, line].join("\n")
}
