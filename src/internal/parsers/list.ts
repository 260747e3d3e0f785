import { LineSplitter } from "../http/lineSplitter.ts"

/** Takes text in slices and gives the items that are whole. */
export interface Splitter {
  readonly push: (slice: string) => ReadonlyArray<string>
  /** The text is over: the last item, if there is one. */
  readonly end: () => ReadonlyArray<string>
}

/** What is between commas, without the white space around it. A blank text has no items. */
export const commas = (): Splitter => {
  let waiting = ""
  let any = false
  return {
    push: (slice) => {
      const items = slice.split(",")
      items[0] = waiting + items[0]
      waiting = items.pop() ?? ""
      if (items.length > 0) any = true
      return items.map((item) => item.trim())
    },
    end: () => any || waiting.trim() !== "" ? [waiting.trim()] : []
  }
}

/** What the lines have that start as the pattern says, which has the item as its group. Other lines are prose. */
const markedLines = (pattern: RegExp) => (): Splitter => {
  const lines = new LineSplitter()
  return { push: (slice) => itemsIn(lines.push(slice), pattern), end: () => itemsIn(lines.end(), pattern) }
}

const itemsIn = (lines: ReadonlyArray<string>, pattern: RegExp): ReadonlyArray<string> =>
  lines.flatMap((line) => {
    const item = pattern.exec(line)?.[1]
    return item === undefined ? [] : [item.trim()]
  })

/** `1. an item` */
export const numbered = markedLines(/^\s*\d+[.)]\s+(\S.*)$/)

/** `- an item`, `* an item` or `+ an item` */
export const bulleted = markedLines(/^\s*[-*+]\s+(\S.*)$/)
