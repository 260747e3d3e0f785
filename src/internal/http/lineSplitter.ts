/** Cuts text that arrives in any slices into lines; LF, CR and CRLF end one, also a CRLF that was cut apart. */
export class LineSplitter {
  #waiting = ""
  #skipLineFeed = false

  /** The lines that are complete with this slice. */
  push(slice: string): ReadonlyArray<string> {
    if (slice === "") return []
    const text = this.#skipLineFeed && slice.startsWith("\n") ? slice.slice(1) : slice
    this.#skipLineFeed = text.endsWith("\r")
    const lines = text.split(/\r\n|\r|\n/)
    lines[0] = this.#waiting + lines[0]
    this.#waiting = lines.pop() ?? ""
    return lines
  }

  /** The last line, if nothing ended it. */
  end(): ReadonlyArray<string> {
    return this.#waiting === "" ? [] : [this.#waiting]
  }

  /** The characters of the line that is not complete yet. */
  get waiting(): number {
    return this.#waiting.length
  }
}
