/**
 * The readers of `OutputParser.list`: they find the items of a list in text that arrives in slices. They know nothing
 * of messages or streams. Each character is looked at once.
 */
import { LineSplitter } from "../http/lineSplitter.ts"
import { LoneClosingTag, textIn, ThinkTags } from "../json/thinkTags.ts"
import { anew } from "../step/fold.ts"

/** Splits text that arrives in slices into items. It is mutable and splits one text. */
export interface Splitter {
  /** Reads the next slice and returns the items it completes. */
  readonly push: (slice: string) => ReadonlyArray<string>
  /** Ends the text and returns the last item, if there is one. */
  readonly end: () => ReadonlyArray<string>
}

/** A chunk of a list: an item, or `anew` after items that turned out to be reasoning. */
type Chunk = ReadonlyArray<string>

/** Reads the chunks of a list from text that arrives in slices. */
export class ListReader {
  readonly #make: () => Splitter
  readonly #tags = new ThinkTags()
  readonly #closing = new LoneClosingTag()
  #splitter: Splitter
  #any = false

  constructor(make: () => Splitter) {
    this.#make = make
    this.#splitter = make()
  }

  /** Reads the next slice. */
  push(content: string): ReadonlyArray<Chunk> {
    return this.#read(this.#tags.textOf(content))
  }

  #read(slice: string): ReadonlyArray<Chunk> {
    if (this.#tags.found) this.#closing.stop()
    const end = this.#closing.endIn(slice)
    if (end === -1) return this.#chunks(this.#splitter.push(slice))
    const restart = this.#any || this.#splitter.push(slice.slice(0, end)).length > 0 ? [anew] : []
    this.#splitter = this.#make()
    return [...restart, ...this.#chunks(this.#splitter.push(slice.slice(end).trimStart()))]
  }

  /** Ends the text. */
  end(): ReadonlyArray<Chunk> {
    return [...this.#read(textIn(this.#tags.end())), ...this.#chunks(this.#splitter.end())]
  }

  #chunks(items: ReadonlyArray<string>): ReadonlyArray<Chunk> {
    if (items.length > 0) this.#any = true
    return items.map((item) => [item])
  }
}

/**
 * Splits at commas and trims the items. A blank text has no items. An item in double quotes may have commas, and quotes
 * that are doubled. Quotes that are not closed, or that other text follows, are text.
 */
export const commas = (): Splitter => {
  /** The item as it was written. */
  let written = ""
  /** The text of an item in quotes. */
  let quoted = ""
  let state: "plain" | "quoted" | "closed" = "plain"
  let any = false
  const take = () => {
    const item = state === "closed" ? quoted : written.trim()
    written = ""
    quoted = ""
    state = "plain"
    return item
  }
  const read = (text: string): ReadonlyArray<string> => {
    const items: Array<string> = []
    for (const piece of text.split(/([",])/)) {
      if (piece === "") continue
      if (piece === "," && state !== "quoted") {
        items.push(take())
        any = true
        continue
      }
      if (piece === "\"") {
        // A quote right after the closing one is a quote of the item.
        if (state === "closed" && written.endsWith("\"")) {
          quoted += piece
          state = "quoted"
        } else state = state === "quoted" ? "closed" : written.trim() === "" ? "quoted" : "plain"
      } else if (state === "quoted") quoted += piece
      else if (piece.trim() !== "") state = "plain"
      written += piece
    }
    return items
  }
  return {
    push: read,
    end: () => {
      if (state === "quoted") return written.split(",").map((item) => item.trim())
      return any || written.trim() !== "" ? [take()] : []
    }
  }
}

/**
 * Takes the items of the lines with a marker. Indented lines without one go on the item. Other lines are ignored, and
 * end the item.
 */
const markedLines = (itemOf: (line: string) => string | undefined) => (): Splitter => {
  const lines = new LineSplitter()
  let open: Array<string> | undefined
  const close = (): ReadonlyArray<string> => {
    const items = open === undefined ? [] : [open.join("\n")]
    open = undefined
    return items
  }
  const read = (line: string): ReadonlyArray<string> => {
    const item = itemOf(line)
    if (item !== undefined) {
      const items = close()
      open = [item.trim()]
      return items
    }
    if (line.trim() === "") return []
    if (!/^[ \t]/.test(line)) return close()
    open?.push(line.trim())
    return []
  }
  return {
    push: (slice) => lines.push(slice).flatMap(read),
    end: () => [...lines.end().flatMap(read), ...close()]
  }
}

/** Takes lines such as `1. an item`, `1) an item`, `(1) an item`, `1.an item` or `**1.** an item`. */
export const numbered = markedLines((line) => {
  const [, emphasis, closed, text] =
    /^\s*([*_]{1,3})?\(?\d+(?:[*_]{1,3}(?=[.):]))?\\?[.)]+([*_]{1,3})?(?:\s+|(?=[^\s\d]))(\S.*)$/.exec(line) ?? []
  // Emphasis that does not end with the number is that of the item.
  return text !== undefined && emphasis !== undefined && closed === undefined && text.includes(emphasis)
    ? emphasis + text
    : text
})

/** Takes lines such as `- an item`, `* an item`, `+ an item` or `• an item`, but no rules such as `* * *`. */
export const bulleted = markedLines((line) =>
  /^(?!\s*([-*])(?:[ \t]*\1){2,}\s*$)\s*(?:[-*+–—]\s+|[•‣◦▪●○■·⁃∙]\s*)(\S.*)$/.exec(line)?.[2]
)
