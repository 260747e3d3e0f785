import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { Finish } from "../../Finish.ts"
import type { AIMessage } from "../../Message.ts"
import { bounded, OutputParserError } from "./error.ts"

/** What a parser keeps of the answer it reads, to tell what became of it. */
export class Answer {
  readonly #asked: () => string
  #raw = ""
  #refusal = ""
  #finish: Finish | undefined

  /** @param asked what the answer should be; only asked for when it is not */
  constructor(asked: () => string) {
    this.#asked = asked
  }

  add(chunk: AIMessageChunk): void {
    this.#raw += chunk.content
    for (const part of chunk.parts) if (part.type === "refusal") this.#refusal += part.text
    if (chunk.finish !== undefined) this.#finish = chunk.finish
  }

  /** Set when the model declined; whatever it said then is no answer. */
  declined(): OutputParserError | undefined {
    if (this.#finish?.reason !== "refusal" && this.#refusal === "") return undefined
    const words = this.#refusal === "" ? this.#raw : this.#refusal
    return this.#error("Refusal", [{ path: [], message: words === "" ? "it gave no reason" : bounded(words) }])
  }

  /** Of an answer that ended before it was whole: who ended it, or that it ended by itself. */
  incomplete(path: ReadonlyArray<string | number>, message: string): OutputParserError {
    const ended = this.#finish === undefined ? undefined : ends[this.#finish.reason]
    return ended === undefined
      ? this.failed("Malformed", [{ path, message }])
      : this.failed("CutOff", [{ path, message: `${ended}. ${message}` }])
  }

  failed(reason: OutputParserError["reason"], issues: OutputParserError["issues"]): OutputParserError {
    return this.declined() ?? this.#error(reason, issues)
  }

  #error(reason: OutputParserError["reason"], issues: OutputParserError["issues"]): OutputParserError {
    return new OutputParserError({
      reason,
      raw: this.#raw,
      issues,
      asked: this.#asked(),
      ...(this.#finish === undefined ? undefined : { finish: this.#finish })
    })
  }
}

const ends: Partial<Record<Finish["reason"], string>> = {
  length: "The answer was cut off by a token limit",
  content_filter: "The provider withheld the rest of the answer",
  pause: "The provider paused the answer",
  tool_calls: "The answer ended with tool calls"
}

/** A whole message as the one chunk that a parser would have seen of it. */
export const wholeChunk = (message: AIMessage): AIMessageChunk => ({
  _tag: "AIMessageChunk",
  id: message.id,
  content: message.content,
  parts: message.parts.flatMap((part, index) => part.type === "refusal" ? [{ ...part, index }] : []),
  finish: message.finish
})
