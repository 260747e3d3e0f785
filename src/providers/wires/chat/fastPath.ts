/**
 * Reads the commonest frames of Chat Completions, one text delta each, without JSON.parse. Called by the decoder for
 * every frame. But for the text (and OpenAI's padding) such frames of one stream are the same bytes, so one frame that
 * was parsed gives the pattern of the others.
 */
import { needsParser } from "../../../internal/provider/decoder.ts"
import { FramePattern } from "../../../internal/provider/framePattern.ts"
import { isObject, objectAt } from "../../../internal/provider/json.ts"

/** A text delta that was read by the pattern. */
export interface FastText {
  /** The field of the delta that held the text. */
  readonly field: string
  readonly text: string
  /** The position after the frame. */
  readonly end: number
}

/** How many patterns may be learnt without reading a frame by one: some servers change something in every chunk. */
const maxAttempts = 16

/** OpenAI pads chunks to hide the length of the text. */
const padding = "\"obfuscation\":\""

/** The pattern of one stream. */
export class FastPath {
  #pattern: FramePattern | undefined
  #field = ""
  #attemptsLeft = maxAttempts

  /** The text of the frame that begins here; undefined if the frame has to be parsed. */
  read(text: string, start: number): FastText | undefined {
    const pattern = this.#pattern
    if (pattern === undefined) return undefined
    const end = pattern.read(text, start)
    if (end === -1 || pattern.text === "") return undefined
    if (this.#attemptsLeft < maxAttempts) this.#attemptsLeft++
    return { field: this.#field, text: pattern.text, end }
  }

  /** Learns from a frame that held this text in this field of its delta, and nothing else that is new. */
  learn(data: string, field: string, text: string): void {
    if (this.#attemptsLeft === 0 || text === "" || needsParser.test(text) || text.includes("\"")) return
    if (data.includes("\n")) return
    const pattern = new RegExp(`"${field}"\\s*:\\s*"`, "g")
    const [at, ...others] = [...data.matchAll(pattern)].map((match) => match.index + match[0].length)
    if (at === undefined || others.length > 0 || !data.startsWith(`${text}"`, at)) return
    const prefix = data.slice(0, at)
    const rest = data.slice(at + text.length)
    // This proves that the text is here and nowhere else.
    if (textIn(prefix + "?" + rest, field) !== "?") return
    this.#attemptsLeft--
    this.#field = field
    const pad = rest.indexOf(padding)
    const quote = pad === -1 ? -1 : rest.indexOf("\"", pad + padding.length)
    this.#pattern = pad === -1
      ? new FramePattern([`data: ${prefix}`, `${rest}\n\n`], ["text"])
      : new FramePattern(
        [`data: ${prefix}`, rest.slice(0, pad + padding.length), `${rest.slice(quote)}\n\n`],
        ["text", "padding"]
      )
  }

  /** Drops the pattern, as something that was the same in every chunk has changed. */
  forget(): void {
    this.#pattern = undefined
  }
}

const textIn = (data: string, field: string): unknown => {
  const event: unknown = JSON.parse(data)
  const choices = isObject(event) ? event["choices"] : undefined
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
  return isObject(choice) ? objectAt(choice, "delta")?.[field] : undefined
}
