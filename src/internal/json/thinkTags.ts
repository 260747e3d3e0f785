/**
 * The tags around reasoning that a model writes into its text: `<think>`, `<thinking>` and `<reasoning>`. Used by the
 * decoder of Chat Completions, by parsers, and by the JSON finder. Imports nothing. Linear in the text.
 */

/** A piece of text. */
export interface Piece {
  /** Whether the piece is reasoning. */
  readonly reasoning: boolean
  readonly text: string
}

const names = ["think", "thinking", "reasoning"]
const openings = names.map((name) => `<${name}>`)
const closings = names.map((name) => `</${name}>`)
const longestOpening = "<reasoning>".length

/** More blank space than this is text. Without a limit, a long run of it would be searched with each slice. */
const longestBlank = 1000

/** Whether a tag of reasoning has this name. */
export const isThinkName = (name: string): boolean => names.includes(name.toLowerCase())

/** Whether a text, such as a pattern, names a tag of reasoning. */
export const namesThinkTag = (text: string): boolean => /<\\?\/?\(?(?:think|thinking|reasoning)\b/i.test(text)

/**
 * Separates the reasoning at the start of a text that arrives in any slices, with the blank space around its tags. Tags
 * further on are text, as the model may write about them.
 */
export class ThinkTags {
  #state: "start" | "thinking" | "gap" | "text" = "start"
  #waiting = ""
  /** The tags that may end the reasoning. */
  #closings = closings
  /** Whether the reasoning has begun without a tag. */
  #opened: boolean
  /** Whether any reasoning has been emitted. */
  #begun = false

  /** @param opened whether the text begins with reasoning that has no opening tag, as the server's template wrote it */
  constructor(opened = false) {
    this.#opened = opened
  }

  /** Whether the text begins with a tag. */
  found = false

  /** Whether all further text is text, so that slices need not be pushed. */
  get over(): boolean {
    return this.#state === "text"
  }

  /** Says that the reasoning came in another way, so that text without an opening tag is text. */
  separate(): void {
    this.#opened = false
  }

  /** Reads the next slice. */
  push(slice: string): ReadonlyArray<Piece> {
    if (this.#state === "text") return slice === "" ? [] : [{ reasoning: false, text: slice }]
    this.#waiting += slice
    if (this.#state === "start") {
      const text = this.#waiting.trimStart()
      const start = text.slice(0, longestOpening).toLowerCase()
      const tag = openings.findIndex((each) => start.startsWith(each))
      if (tag === -1) {
        const blank = this.#waiting.length - text.length
        if (blank <= longestBlank && openings.some((each) => each.startsWith(start))) return []
        if (!this.#opened) return this.end()
      } else {
        this.#waiting = text
        return this.#begin(tag)
      }
      this.#state = "thinking"
    }
    return this.#state === "thinking" ? this.#thinking() : this.#gap()
  }

  /** Reads the next slice. Returns the text in it, without reasoning. */
  textOf(slice: string): string {
    return this.#state === "text" ? slice : textIn(this.push(slice))
  }

  /** The end of the text: gives the piece that was held back. */
  end(): ReadonlyArray<Piece> {
    const text = this.#waiting
    const reasoning = this.#state === "thinking" || (this.#state === "start" && this.#opened)
    this.#state = "text"
    this.#waiting = ""
    return text === "" ? [] : [{ reasoning, text }]
  }

  /** Reads on behind the opening tag that the text begins with. */
  #begin(tag: number): ReadonlyArray<Piece> {
    this.found = true
    this.#closings = [closings[tag]!]
    this.#waiting = this.#waiting.slice(openings[tag]!.length)
    this.#state = "thinking"
    return this.#thinking()
  }

  #thinking(): ReadonlyArray<Piece> {
    if (!this.#begun) this.#waiting = this.#waiting.trimStart()
    const text = this.#waiting
    const found = firstClosing(text, this.#closings)
    // The start of a possible closing tag is held back, with the space in front of it.
    const to = found?.at ?? heldFrom(text, this.#closings)
    const shown = text.slice(0, to).trimEnd()
    const safe = found === undefined && to - shown.length > longestBlank ? text.slice(0, to) : shown
    this.#waiting = text.slice(found?.end ?? safe.length)
    const pieces = safe === "" ? [] : [{ reasoning: true, text: safe }]
    if (safe !== "") this.#begun = true
    if (found === undefined) return pieces
    this.#state = "gap"
    return [...pieces, ...this.#gap()]
  }

  #gap(): ReadonlyArray<Piece> {
    const text = this.#waiting = this.#waiting.trimStart()
    // Another block may follow.
    const start = text.slice(0, longestOpening).toLowerCase()
    const tag = openings.findIndex((each) => start.startsWith(each))
    if (tag !== -1) return this.#begin(tag)
    return openings.some((each) => each.startsWith(start)) ? [] : this.end()
  }
}

/** The text of pieces, without reasoning. */
export const textIn = (pieces: ReadonlyArray<Piece>): string =>
  pieces.reduce((text, piece) => piece.reasoning ? text : text + piece.text, "")

/** Where the first of some tags is in a text. */
const firstClosing = (text: string, tags: ReadonlyArray<string>) => {
  for (let at = text.indexOf("</"); at !== -1; at = text.indexOf("</", at + 1)) {
    const tag = tags.find((each) => text.slice(at, at + each.length).toLowerCase() === each)
    if (tag !== undefined) return { at, end: at + tag.length }
  }
  return undefined
}

/** The start of the incomplete tag that may end a text. */
const heldFrom = (text: string, tags: ReadonlyArray<string>): number => {
  const at = text.lastIndexOf("<")
  const start = at === -1 ? "" : text.slice(at).toLowerCase()
  return start !== "" && tags.some((each) => each.startsWith(start)) ? at : text.length
}

/**
 * Finds a closing tag without an opening one, in text that is looked at character by character. Parsers forget all that
 * was before it: the server's template wrote the opening tag.
 */
export class LoneClosingTag {
  /** Whether there is no such tag, whatever follows. */
  stopped = false
  #tag = ""

  /** Reads the next character. Returns whether it ends the tag. */
  read(char: string): boolean {
    if (this.stopped || (this.#tag === "" && char !== "<")) return false
    this.#tag = char === "<" ? char : this.#tag + char.toLowerCase()
    const tag = this.#tag
    if (!openings.some((each) => each.startsWith(tag)) && !closings.some((each) => each.startsWith(tag))) {
      this.#tag = ""
      return false
    }
    const closed = closings.includes(tag)
    if (closed || openings.includes(tag)) this.stopped = true
    return closed
  }

  /** Reads the next slice. Returns the position after the tag that ends in it, or -1. */
  endIn(slice: string): number {
    if (this.stopped || (this.#tag === "" && !slice.includes("<"))) return -1
    for (let at = 0; at < slice.length; at++) if (this.read(slice[at]!)) return at + 1
    return -1
  }

  /** Says that the characters which follow are not part of a tag that has begun. */
  interrupt(): void {
    this.#tag = ""
  }

  /** Says that there is no such tag, whatever follows. */
  stop(): void {
    this.stopped = true
  }
}

/** A complete answer without its reasoning, also if only the closing tag is there. */
export const withoutThought = (text: string): string => {
  const tags = new ThinkTags()
  const rest = tags.textOf(text) + textIn(tags.end())
  if (tags.found || /^\s*[{[]/.test(rest)) return rest
  const closing = firstClosing(rest, closings)
  return closing === undefined || openings.some((each) => rest.slice(0, closing.at).toLowerCase().includes(each))
    ? rest
    : rest.slice(closing.end).trimStart()
}
