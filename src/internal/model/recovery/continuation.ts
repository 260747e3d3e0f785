/**
 * The rest of an answer that another request wrote, as chunks of the answer that broke: the same id, blocks that go on from
 * its blocks, and no text that was shown already. Used by `recovered.ts`, for one attempt. A chunk costs O(1) and its text.
 */
import type { Message } from "../../../Message.ts"
import type { Accumulator } from "../../message/accumulator.ts"
import type { AIMessageChunk, Delta } from "../../message/chunk.ts"
import { contentOf, partsOf } from "../../message/parts.ts"

/**
 * The text with which a model is to go on, and the conversation before it. White space at the end is left out, as some
 * providers refuse it; the model writes it again, or not.
 */
export const beginning = (
  messages: ReadonlyArray<Message>,
  shown: string,
  echoes: boolean
): { readonly before: ReadonlyArray<Message>; readonly text: string } => {
  const last = messages.at(-1)
  const text = shown.trimEnd()
  if (last?._tag !== "AIMessage") return { before: messages, text }
  // The app has begun the answer itself. A model that repeats its beginning has repeated that, too.
  const repeated = echoes && text.startsWith(last.content.trimEnd())
  return { before: messages.slice(0, -1), text: repeated ? text : last.content + text }
}

/** Turns the chunks of a continuation into chunks of the answer that broke. */
export class Continuation {
  readonly #id: string
  readonly #text: number | undefined
  readonly #indexes = new Map<number, number>()
  #next: number
  /** The blocks of text that have begun. */
  #texts = 0
  /** White space at the end of the shown text, which may come again. */
  #space: string
  /** The text with which the model may begin, and as much of it as has come. */
  #echo: string | undefined
  #held = ""

  /** @param echo the answer that the model may repeat first */
  constructor(shown: Accumulator, echo: string | undefined) {
    const { content } = shown.partial()
    const { next, text } = shown.indexes
    this.#id = shown.id
    this.#text = text
    this.#next = next
    this.#space = content.slice(content.trimEnd().length)
    this.#echo = echo
  }

  /** The chunk of the answer; undefined if it would have nothing. */
  map(chunk: AIMessageChunk): AIMessageChunk | undefined {
    const parts = partsOf(chunk).flatMap((part) => this.#part(part))
    const { finish, metadata, recovery, usage } = chunk
    return parts.length > 0 || finish !== undefined || metadata !== undefined || recovery !== undefined ||
        usage !== undefined
      ? { ...chunk, id: this.#id === "" ? chunk.id : this.#id, ...contentOf(parts) }
      : undefined
  }

  #part(part: Delta): ReadonlyArray<Delta> {
    const index = this.#indexOf(part)
    if (part.type !== "text") return [{ ...part, index }]
    const text = this.#rest(part.text)
    return text === "" && part.text !== "" && part.metadata === undefined ? [] : [{ ...part, index, text }]
  }

  /** The first block of text goes on from the last one. */
  #indexOf({ index, type }: Delta): number {
    const known = this.#indexes.get(index)
    if (known !== undefined) return known
    const own = type === "text" && this.#texts++ === 0 && this.#text !== undefined ? this.#text : this.#next++
    this.#indexes.set(index, own)
    return own
  }

  /** A slice of text without the text that was shown already. */
  #rest(slice: string): string {
    let text = slice
    if (this.#echo !== undefined) {
      text = this.#held + slice
      this.#held = text
      if (text.length < this.#echo.length && this.#echo.startsWith(text)) return ""
      if (text.startsWith(this.#echo)) text = text.slice(this.#echo.length)
      this.#echo = undefined
    }
    let at = 0
    while (at < text.length && at < this.#space.length && text[at] === this.#space[at]) at++
    // Only the first characters can be that white space.
    this.#space = at === text.length ? this.#space.slice(at) : ""
    return text.slice(at)
  }
}
