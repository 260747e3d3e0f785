import { needsParser } from "../../../internal/provider/decoder.ts"
import { isObject, objectAt } from "../../../internal/provider/json.ts"
import { isAt } from "../../../internal/provider/text.ts"

/** What a lesson reads: the field of a delta, and the text in it. */
export interface FastText {
  readonly field: string
  readonly text: string
  /** The position after the frame. */
  readonly end: number
}

interface Lesson {
  readonly field: string
  readonly prefix: string
  /** What follows the text; with a `tail`, up to padding of any length. */
  readonly suffix: string
  readonly tail: string | undefined
}

/** How many frames may be learnt from before some were read by it: some servers change something in every chunk. */
const patience = 16

/** OpenAI pads chunks to hide the length of the text. */
const padding = "\"obfuscation\":\""

/**
 * Reads the commonest frames, one text delta each, without JSON.parse. But for the text (and OpenAI's padding) such
 * frames of a stream are the same bytes, so one of them teaches the rest: what comes before the text, and what after.
 */
export class FastFrames {
  #lesson: Lesson | undefined
  #left = patience

  /** The text of the frame that begins here, or undefined: it is another one, or has an escape in its text. */
  read(text: string, start: number): FastText | undefined {
    const lesson = this.#lesson
    if (lesson === undefined || !isAt(text, lesson.prefix, start)) return undefined
    const from = start + lesson.prefix.length
    const to = text.indexOf("\"", from)
    if (to === -1 || !isAt(text, lesson.suffix, to)) return undefined
    let end = to + lesson.suffix.length
    if (lesson.tail !== undefined) {
      const quote = text.indexOf("\"", end)
      if (quote === -1 || !isAt(text, lesson.tail, quote) || needsParser.test(text.slice(end, quote))) {
        return undefined
      }
      end = quote + lesson.tail.length
    }
    const content = text.slice(from, to)
    if (content === "" || needsParser.test(content)) return undefined
    if (this.#left < patience) this.#left++
    return { field: lesson.field, text: content, end }
  }

  /** Learns from a frame that held this text in this field of its delta, and nothing else that is new. */
  learn(data: string, field: string, text: string): void {
    if (this.#left === 0 || text === "" || needsParser.test(text) || text.includes("\"") || data.includes("\n")) return
    const pattern = new RegExp(`"${field}"\\s*:\\s*"`, "g")
    const [at, ...others] = [...data.matchAll(pattern)].map((match) => match.index + match[0].length)
    if (at === undefined || others.length > 0 || !data.startsWith(`${text}"`, at)) return
    const prefix = data.slice(0, at)
    const rest = data.slice(at + text.length)
    // The proof that this is where the text is.
    if (probe(prefix + "?" + rest, field) !== "?") return
    this.#left--
    const pad = rest.indexOf(padding)
    const quote = pad === -1 ? -1 : rest.indexOf("\"", pad + padding.length)
    this.#lesson = {
      field,
      prefix: `data: ${prefix}`,
      suffix: pad === -1 ? `${rest}\n\n` : rest.slice(0, pad + padding.length),
      tail: pad === -1 ? undefined : `${rest.slice(quote)}\n\n`
    }
  }

  /** What was the same in every chunk has changed. */
  forget(): void {
    this.#lesson = undefined
  }
}

const probe = (data: string, field: string): unknown => {
  const event: unknown = JSON.parse(data)
  const choices = isObject(event) ? event["choices"] : undefined
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
  return isObject(choice) ? objectAt(choice, "delta")?.[field] : undefined
}
