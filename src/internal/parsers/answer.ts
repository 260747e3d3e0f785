import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { Finish } from "../../Finish.ts"
import type { AIMessage } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import type { Failure } from "../json/failure.ts"
import { given } from "../optional.ts"
import { bounded, OutputParserError } from "./error.ts"

/** Why a text cannot be read. */
export type Unreadable = Pick<Failure, "reason" | "message" | "path">

/** What a parser keeps of the answer it reads, to tell what became of it. */
export class Answer {
  readonly #asked: () => string
  #raw = ""
  #refusal = ""
  #finish: Finish | undefined
  #usage: Usage | undefined

  /** @param asked what the answer should be; only asked for when it is not */
  constructor(asked: () => string) {
    this.#asked = asked
  }

  /** All of its text so far. */
  get raw(): string {
    return this.#raw
  }

  add(chunk: AIMessageChunk): void {
    this.#raw += chunk.content
    for (const part of chunk.parts) if (part.type === "refusal") this.#refusal += part.text
    if (chunk.finish !== undefined) this.#finish = chunk.finish
    if (chunk.usage !== undefined) this.#usage = chunk.usage
  }

  /** Set when the model declined; whatever it said then is no answer. */
  declined(): OutputParserError | undefined {
    if (this.#finish?.reason !== "refusal" && this.#refusal === "") return undefined
    const words = this.#refusal === "" ? this.#raw : this.#refusal
    return this.#error("Refusal", [{ path: [], message: words === "" ? "it gave no reason" : bounded(words) }])
  }

  /** Whether something else than the model ended it. */
  get cutOff(): boolean {
    return this.#ended !== undefined
  }

  /** Of an answer that is over too early: who ended it, or that it ended by itself. */
  incomplete(path: ReadonlyArray<string | number>, message: string): OutputParserError {
    const ended = this.#ended
    return ended === undefined
      ? this.failed("Malformed", [{ path, message }])
      : this.failed("CutOff", [{ path, message: `${ended}. ${message}` }])
  }

  /** Of an answer that is not what can be read. */
  unreadable({ message, path, reason }: Unreadable): OutputParserError {
    switch (reason) {
      case "Empty":
      case "Incomplete":
        return this.incomplete(path, message)
      case "Syntax":
        return this.failed("Malformed", [{ path, message }])
      case "Depth":
      case "Length":
        return this.failed("TooLarge", [{ path, message }])
    }
  }

  failed(reason: OutputParserError["reason"], issues: OutputParserError["issues"]): OutputParserError {
    return this.declined() ?? this.#error(reason, issues)
  }

  get #ended(): string | undefined {
    return this.#finish === undefined ? undefined : ends[this.#finish.reason]
  }

  #error(reason: OutputParserError["reason"], issues: OutputParserError["issues"]): OutputParserError {
    return new OutputParserError({
      reason,
      raw: this.#raw,
      issues,
      asked: this.#asked(),
      ...given("finish", this.#finish),
      ...given("usage", this.#usage)
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
  finish: message.finish,
  ...given("usage", message.usage)
})
