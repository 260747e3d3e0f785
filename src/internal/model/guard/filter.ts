/**
 * The filter of one answer: it takes chunks and returns those that may be shown. It yields when text has to be judged,
 * so one filter serves guards that decide at once and guards that decide by an effect. Used by `guard.ts`. Knows no
 * effect.
 */
import type { AIMessageChunk, Delta } from "../../../AIMessageChunk.ts"
import type { Metadata } from "../../../Message.ts"
import { concat, restarts } from "../../message/chunk.ts"
import { chunkOf, contentOf, partsOf } from "../../message/parts.ts"
import type { Decision } from "./rules.ts"
import { TextWindow } from "./window.ts"
import type { TextSlice } from "./window.ts"

/** A question about the held text. The answer is in positions of the window's text. */
export interface Asked {
  /** The position before which the text is released, and before which changes must begin. */
  readonly before: number
  /** Whether the text ends here. */
  readonly last: boolean
}

/** Chunks that may be shown, after the questions about them have been answered. */
export type Filtering = Generator<Asked, Array<AIMessageChunk>, Decision>

type Judging = Generator<Asked, void, Decision>

/** The settings of a filter. */
export interface FilterOptions {
  /** The characters that stay held while more may follow. */
  readonly window: number
  /** The fewest new characters for a question. */
  readonly every: number
  /** Whether reasoning is text, too. */
  readonly reasoning: boolean
}

/** The filter of one answer. */
export class Filter {
  readonly window: TextWindow
  /** The reason why the answer must end here. */
  stopped: string | undefined
  /** Usage and metadata that came before anything that may be shown. */
  envelope: AIMessageChunk | undefined
  readonly #options: FilterOptions
  #id = ""
  #any = false

  constructor(options: FilterOptions) {
    this.#options = options
    this.window = new TextWindow(options.window)
  }

  /** Holds the chunks of one read, if they are slices of the held text and nothing else, as most reads are. */
  holds(chunks: ReadonlyArray<AIMessageChunk>): boolean {
    const { window } = this
    if (window.kind !== "text" || !chunks.every(isOnlyText)) return false
    for (const { id, parts } of chunks) {
      if (id !== "") this.#id = id
      window.push(parts[0] as TextSlice) // `isOnlyText` has just said so
    }
    return true
  }

  /** The question about the held text after a read, if there is enough of it. */
  ask(): Asked | undefined {
    const { every, window } = this.#options
    return this.window.length < window + every ? undefined : { before: this.#before(false), last: false }
  }

  /** The chunks that may be shown after the answer to {@link ask}. */
  answer(decision: Decision, { before }: Asked): Array<AIMessageChunk> {
    const out: Array<AIMessageChunk> = []
    const shown: Array<Delta> = []
    this.#apply(decision, before, shown)
    this.window.trim()
    if (shown.length > 0) this.#emit(chunkOf(this.#id, shown), out)
    return out
  }

  /** The chunks of one read, whatever they are. */
  *read(chunks: ReadonlyArray<AIMessageChunk>): Filtering {
    const out: Array<AIMessageChunk> = []
    for (const chunk of chunks) {
      if (chunk.id !== "") this.#id = chunk.id
      if (restarts(chunk)) this.window.reset()
      const shown: Array<Delta> = []
      for (const part of partsOf(chunk)) {
        yield* this.#part(part, shown)
        if (this.stopped !== undefined) break
      }
      if (chunk.finish !== undefined && this.stopped === undefined) yield* this.#release(shown)
      if (this.stopped !== undefined) {
        this.#emit(chunkOf(this.#id, shown), out)
        return out
      }
      this.#emit({ ...chunk, ...contentOf(shown), ...withoutTokens(chunk.metadata) }, out)
    }
    const asked = this.ask()
    return asked === undefined ? out : [...out, ...this.answer(yield asked, asked)]
  }

  /** All held text, at the end of an answer. */
  *end(): Filtering {
    const out: Array<AIMessageChunk> = []
    const shown: Array<Delta> = []
    yield* this.#release(shown)
    if (shown.length > 0) this.#emit(chunkOf(this.#id, shown), out)
    return out
  }

  *#part(part: Delta, shown: Array<Delta>): Judging {
    const { window } = this
    switch (part.type) {
      case "text":
      case "refusal":
        return yield* this.#slice(part, shown)
      case "reasoning":
        if (!this.#options.reasoning) break
        // The end of a block proves its text, so it waits for all of it.
        if (part.signature === undefined && part.redacted === undefined) return yield* this.#slice(part, shown)
        if (part.text !== "") yield* this.#slice({ type: "reasoning", index: part.index, text: part.text }, shown)
        yield* this.#release(shown)
        if (this.stopped === undefined) {
          shown.push(window.changed.has(part.index) ? unsigned(part) : { ...part, text: "" })
        }
        return
      case "citation":
        // It belongs to a text that may go on.
        if (window.kind === "text") window.begin(shown)
        shown.push(part)
        return
    }
    yield* this.#release(shown)
    if (this.stopped === undefined) shown.push(part)
  }

  *#slice(part: TextSlice, shown: Array<Delta>): Judging {
    const { window } = this
    if (!window.isEmpty && window.kind !== part.type) yield* this.#release(shown)
    if (this.stopped !== undefined) return
    window.kind = part.type
    window.push({ ...part, ...withoutTokens(part.metadata) })
  }

  /** Asks about all held text, because it ends here, and shows the text that the answer lets through. */
  *#release(shown: Array<Delta>): Judging {
    const { window } = this
    const before = this.#before(true)
    if (window.length > 0) this.#apply(yield { before, last: true }, before, shown)
    window.settle(shown)
    window.drop()
  }

  /** The end of the text that is released now. It does not split a character. */
  #before(last: boolean): number {
    const { text } = this.window
    if (last) return text.length
    const at = text.length - this.#options.window
    return isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1)) ? at - 1 : at
  }

  #apply({ changes, stop }: Decision, before: number, shown: Array<Delta>): void {
    const { window } = this
    for (const { end, replacement, start } of changes) {
      window.release(start, shown)
      window.replace(end, replacement, shown)
    }
    window.release(stop === undefined ? before : stop.at, shown)
    if (stop === undefined) return
    this.stopped = stop.reason
    window.drop()
  }

  #emit(chunk: AIMessageChunk, out: Array<AIMessageChunk>): void {
    const shows = chunk.parts.length > 0 || chunk.finish !== undefined || chunk.recovery !== undefined
    if (!shows && chunk.usage === undefined && chunk.metadata === undefined) return
    const { envelope } = this
    const joined = envelope === undefined ? chunk : concat(envelope, chunk)
    this.#any ||= shows
    this.envelope = this.#any ? undefined : joined
    if (this.#any) out.push(joined)
  }
}

/** Whether a chunk is a slice of text and nothing else. */
const isOnlyText = ({ content, finish, metadata, parts, recovery, usage }: AIMessageChunk): boolean => {
  const [part] = parts
  return parts.length === 1 && part?.type === "text" && part.text === content && part.metadata === undefined &&
    usage === undefined && finish === undefined && metadata === undefined && recovery === undefined
}

/** Metadata without what repeats the text: its tokens, and the output as a provider wrote it once more. */
const withoutTokens = (metadata: Metadata | undefined): { readonly metadata?: Metadata } => {
  if (metadata === undefined) return {}
  const { delta: _, logprobs: __, output: ___, ...rest } = metadata
  return { metadata: rest }
}

/** The end of a block of reasoning whose text is not the one that was signed. */
const unsigned = (part: Extract<Delta, { readonly type: "reasoning" }>): Delta => ({
  ...part,
  text: "",
  signature: undefined
})

const isHigh = (code: number): boolean => code >= 0xd800 && code < 0xdc00
const isLow = (code: number): boolean => code >= 0xdc00 && code < 0xe000
