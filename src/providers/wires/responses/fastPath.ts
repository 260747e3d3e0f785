/**
 * The commonest frames, read without JSON.parse.
 *
 * Servers of this API write the fields of a text delta in different orders, but each always in the same. So the first
 * delta of a block is parsed, and what of its text is not its own (the delta, the number of the event, the padding
 * against eavesdroppers who measure packets) is what the frames after it must repeat to the letter.
 */
import type { JsonObject } from "../../../internal/provider/json.ts"
import { isAt } from "../../../internal/provider/text.ts"

type Hole = "delta" | "sequence_number" | "obfuscation"

/** Reads frames that are like one that was parsed. */
export class FrameTemplate {
  /** The fixed texts of the frame, and what stands between them. */
  readonly #literals: ReadonlyArray<string>
  readonly #holes: ReadonlyArray<Hole>
  /** The text of the frame that was read last. */
  delta = ""

  private constructor(literals: ReadonlyArray<string>, holes: ReadonlyArray<Hole>) {
    this.#literals = literals
    this.#holes = holes
  }

  /** The template of a frame; undefined when it has a shape that says more than a text delta. */
  static of(name: string, data: string, event: JsonObject): FrameTemplate | undefined {
    if (!Object.entries(event).every(([key, value]) => isPlain(key, value))) return undefined
    // A quotation mark inside a string is escaped, so these can only be names of fields.
    const holes = (["delta", "sequence_number", "obfuscation"] as const)
      .filter((hole) => hole in event)
      .map((hole) => ({ hole, key: data.indexOf(`"${hole}":`) }))
      .toSorted((a, b) => a.key - b.key)
    const literals: Array<string> = []
    let from = 0
    for (const { hole, key } of holes) {
      const at = key + hole.length + 3
      const value = JSON.stringify(event[hole])
      // There are other ways to write the same, such as an escape for a letter or a space before a colon.
      if (key === -1 || !data.startsWith(value, at)) return undefined
      const quote = hole === "sequence_number" ? 0 : 1
      literals.push(data.slice(from, at + quote))
      from = at + value.length - quote
    }
    literals.push(`${data.slice(from)}\n\n`)
    literals[0] = `${name === "message" ? "" : `event: ${name}\n`}data: ${literals[0]}`
    return new FrameTemplate(literals, holes.map(({ hole }) => hole))
  }

  /** The position after a frame of this shape that starts here, or -1. */
  read(text: string, start: number): number {
    let at = start
    for (let i = 0; i < this.#holes.length; i++) {
      const literal = this.#literals[i] ?? ""
      if (!isAt(text, literal, at)) return -1
      at += literal.length
      const hole = this.#holes[i]
      if (hole === "sequence_number") {
        const from = at
        while (isDigit(text.charCodeAt(at))) at++
        if (at === from) return -1
        continue
      }
      const to = endOfString(text, at)
      if (to === -1) return -1
      if (hole === "delta") this.delta = text.slice(at, to)
      at = to
    }
    const last = this.#literals[this.#holes.length] ?? ""
    return isAt(text, last, at) ? at + last.length : -1
  }
}

/** The quotation mark that ends a JSON string; -1 when there is anything in it that JSON.parse has to look at. */
const endOfString = (text: string, start: number): number => {
  // Most are of a few characters, for which a search and a slice would cost more.
  for (let at = start;; at++) {
    const code = text.charCodeAt(at)
    if (code === 34) return at
    // A backslash, a control character, or (as NaN is no number) the end.
    if (code === 92 || !(code >= 32)) return -1
  }
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** Fields that say where a delta belongs, or nothing. */
const isPlain = (key: string, value: JsonObject[string]): boolean => {
  switch (key) {
    case "logprobs":
      return Array.isArray(value) && value.length === 0
    case "type":
    case "item_id":
    case "delta":
    case "obfuscation":
      return typeof value === "string"
    case "sequence_number":
    case "output_index":
    case "content_index":
      return typeof value === "number"
  }
  return false
}
