/**
 * The splitters of `OutputParser.list`: they find the items of a list in text that arrives in slices. They know nothing
 * of messages or streams. Each character is looked at once.
 */
import { LineSplitter } from "../http/lineSplitter.ts"

/** Splits text that arrives in slices into items. It is mutable and splits one text. */
export interface Splitter {
  /** Reads the next slice and returns the items it completes. */
  readonly push: (slice: string) => ReadonlyArray<string>
  /** Ends the text and returns the last item, if there is one. */
  readonly end: () => ReadonlyArray<string>
}

/** Splits at commas and trims the items. A blank text has no items. */
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

/** Takes the items of the lines that match a pattern, whose first group is the item. Other lines are ignored. */
const markedLines = (pattern: RegExp) => (): Splitter => {
  const lines = new LineSplitter()
  return { push: (slice) => itemsIn(lines.push(slice), pattern), end: () => itemsIn(lines.end(), pattern) }
}

const itemsIn = (lines: ReadonlyArray<string>, pattern: RegExp): ReadonlyArray<string> =>
  lines.flatMap((line) => {
    const item = pattern.exec(line)?.[1]
    return item === undefined ? [] : [item.trim()]
  })

/** Takes lines such as `1. an item` or `1) an item`. */
export const numbered = markedLines(/^\s*\d+[.)]\s+(\S.*)$/)

/** Takes lines such as `- an item`, `* an item` or `+ an item`. */
export const bulleted = markedLines(/^\s*[-*+]\s+(\S.*)$/)
