/**
 * Cuts streamed text into lines. Called by the codecs of `RunEvent` and `OutputParser` and by the list parser. Imports
 * nothing.
 */

/** Cuts text that arrives in any slices into lines. LF, CR and CRLF end a line, also a CRLF that two slices share. */
export class LineSplitter {
  #waiting = ""
  #skipLineFeed = false

  /** The lines that this slice completes. */
  push(slice: string): ReadonlyArray<string> {
    if (slice === "") return []
    const text = this.#skipLineFeed && slice.startsWith("\n") ? slice.slice(1) : slice
    this.#skipLineFeed = text.endsWith("\r")
    const lines = text.split(/\r\n|\r|\n/)
    lines[0] = this.#waiting + lines[0]
    this.#waiting = lines.pop() ?? ""
    return lines
  }

  /** The last line, if it has no line end. */
  end(): ReadonlyArray<string> {
    return this.#waiting === "" ? [] : [this.#waiting]
  }

  /** The length of the incomplete line, in UTF-16 code units. */
  get waiting(): number {
    return this.#waiting.length
  }
}
