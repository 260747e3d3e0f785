/**
 * Finds the end of a JSON object that arrives in slices. Called by `toolCalls.ts` for every slice of arguments, so each
 * character is looked at once. Does not check the JSON. Imports nothing.
 */

/** JSON text in slices, and whether the object that it begins with is complete. */
export class JsonEnd {
  #slices: Array<string> = []
  #depth = 0
  #inString = false
  #escaped = false
  /** Whether the object is complete. */
  ended = false

  push(slice: string): void {
    this.#slices.push(slice)
    for (let i = 0; i < slice.length; i++) {
      const code = slice.charCodeAt(i)
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (code === backslash) this.#escaped = true
        else if (code === quote) this.#inString = false
      } else if (code === quote) this.#inString = true
      else if (code === openBrace || code === openBracket) this.#depth++
      else if (code === closeBrace || code === closeBracket) {
        this.#depth--
        if (this.#depth <= 0) this.ended = true
      }
    }
  }

  get empty(): boolean {
    return this.#slices.length === 0
  }

  /** All slices. Reading them joins them once. */
  get text(): string {
    if (this.#slices.length > 1) this.#slices = [this.#slices.join("")]
    return this.#slices[0] ?? ""
  }
}

const quote = 34
const backslash = 92
const openBracket = 91
const closeBracket = 93
const openBrace = 123
const closeBrace = 125
