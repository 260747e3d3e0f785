/**
 * The answer that a parser reads, and the errors that describe it. Every parser that can fail owns one, and object
 * generation does too. It must not import a parser. It keeps the text of the answer, which errors carry as `raw`.
 */
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { Finish } from "../../Finish.ts"
import type { AIMessage } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { excerpt } from "../excerpt.ts"
import type { Failure } from "../json/failure.ts"
import { textIn, ThinkTags } from "../json/thinkTags.ts"
import { optional } from "../optional.ts"
import { OutputParserError } from "./error.ts"

/** The failure of a reader of JSON or XML. */
export type ReadFailure = Pick<Failure, "reason" | "message" | "path">

/** The parts of an answer that are needed to explain why it could not be parsed. */
export class Answer {
  readonly #expected: () => string
  readonly #tags = new ThinkTags()
  #raw = ""
  #refusal = ""
  #finish: Finish | undefined
  #usage: Usage | undefined

  /** @param expected describes the form of the answer; called only when an error is made */
  constructor(expected: () => string) {
    this.#expected = expected
  }

  /** The text of the answer so far. */
  get raw(): string {
    return this.#raw
  }

  /** Adds the next chunk. Returns its text without reasoning in tags at the start of the answer. */
  add(chunk: AIMessageChunk): string {
    this.#raw += chunk.content
    for (const part of chunk.parts) if (part.type === "refusal") this.#refusal += part.text
    if (chunk.finish !== undefined) this.#finish = chunk.finish
    if (chunk.usage !== undefined) this.#usage = chunk.usage
    return this.#tags.textOf(chunk.content)
  }

  /** The end of the answer: the text that {@link add} held back. */
  end(): string {
    return textIn(this.#tags.end())
  }

  /** The error of an answer with which the model declined. It takes precedence over any other error. */
  declined(): OutputParserError | undefined {
    if (this.#finish?.reason !== "refusal" && this.#refusal === "") return undefined
    const words = this.#refusal === "" ? this.#raw : this.#refusal
    return this.#error("Refusal", [{ path: [], message: words === "" ? "no reason was given" : excerpt(words) }])
  }

  /** Whether the answer was ended by something other than the model. */
  get cutOff(): boolean {
    return this.#cutOffBy !== undefined
  }

  /** The error of an answer that ended too early: `CutOff` if something else ended it, otherwise `Malformed`. */
  incomplete(path: ReadonlyArray<string | number>, message: string): OutputParserError {
    const ended = this.#cutOffBy
    return ended === undefined
      ? this.failed("Malformed", [{ path, message }])
      : this.failed("CutOff", [{ path, message: `${ended}. ${message}` }])
  }

  /** The error for the failure of a reader. */
  unreadable({ message, path, reason }: ReadFailure): OutputParserError {
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

  /** An error with this reason and these issues, or that of a refusal. */
  failed(reason: OutputParserError["reason"], issues: OutputParserError["issues"]): OutputParserError {
    return this.declined() ?? this.#error(reason, issues)
  }

  /** A sentence that says what ended the answer, unless the model did. */
  get #cutOffBy(): string | undefined {
    return this.#finish === undefined ? undefined : cutOffReasons[this.#finish.reason]
  }

  #error(reason: OutputParserError["reason"], issues: OutputParserError["issues"]): OutputParserError {
    return new OutputParserError({
      reason,
      raw: this.#raw,
      issues,
      expected: this.#expected(),
      ...optional("finish", this.#finish),
      ...optional("usage", this.#usage)
    })
  }
}

const cutOffReasons: Partial<Record<Finish["reason"], string>> = {
  length: "The answer was cut off by a token limit",
  content_filter: "The provider withheld the rest of the answer",
  pause: "The provider paused the answer",
  tool_calls: "The answer ended with tool calls"
}

/** A complete message as one chunk, with the fields that parsers read. */
export const wholeChunk = (message: AIMessage): AIMessageChunk => ({
  _tag: "AIMessageChunk",
  id: message.id,
  content: message.content,
  parts: message.parts.flatMap((part, index) => part.type === "refusal" ? [{ ...part, index }] : []),
  finish: message.finish,
  ...optional("usage", message.usage)
})
