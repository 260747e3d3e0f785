/**
 * Estimates of tokens without a tokenizer: the one estimator of counts, limits and budgets. An estimate looks once at each
 * part of a request and at 256 characters of each text; the size of a schema is kept with it.
 */
import * as Result from "effect/Result"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions } from "../../CallOptions.ts"
import type { AIPart, InputPart, Message } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { withDefinitions } from "../tools/definitions.ts"

// Characters for one token, as the tokenizers of OpenAI count them; those of other makers are up to a third denser.
const latin = 4
const otherAlphabet = 2.5
const ideographs = 1.25
const jsonValue = 3

/** The tokens of an image. Models count up to 1,600, by its size, which a request does not tell. */
const tokensOfImage = 1000

/** The tokens of a file that is no text, such as a PDF of two pages. */
const tokensOfFile = 3000

/** The tokens that surround a message or a tool on the wire. */
const tokensAround = 4

/** The tokens of an answer of which nothing is known. */
const usualOutput = 1000

/** The tokens of this many characters of Latin script. */
export const tokensOf = (characters: number): number => Math.ceil(characters / latin)

/** The tokens of a text in any script, by a sample of it. */
export const tokensOfText = (text: string): number => {
  const step = Math.max(1, text.length / mostLookedAt)
  let tokens = 0
  for (let at = 0; at < text.length; at += step) {
    const code = text.charCodeAt(Math.floor(at))
    tokens += code < 0x250 ? 1 / latin : code < 0x2e80 ? 1 / otherAlphabet : 1 / ideographs
  }
  return Math.ceil(tokens * step)
}

const mostLookedAt = 256

/** The estimated tokens of the messages, the tools and the schema of a request. */
export const estimateInput = (messages: ReadonlyArray<Message>, options: CallOptions): number => {
  // Tools that cannot be sent fail the call.
  const { responseFormat, tools = [] } = Result.getOrElse(withDefinitions(options), () => ({ ...options, tools: [] }))
  let tokens = responseFormat?.type === "json_schema" ? tokensOf(sizeOf(responseFormat.schema)) : 0
  for (const tool of tools) {
    tokens += tokensAround + (tool.type === "provider"
      ? tokensOf(sizeOf(tool.definition))
      : tokensOfText(tool.name) + tokensOfText(tool.description ?? "") + tokensOf(sizeOf(tool.parameters)))
  }
  for (const message of messages) {
    tokens += tokensAround
    const parts = message._tag === "AIMessage" ? message.parts : message.content
    // A message that cannot be read fails the call.
    if (typeof parts === "string") tokens += tokensOfText(parts)
    else for (const part of parts ?? []) tokens += tokensOfPart(part)
  }
  return tokens
}

const tokensOfPart = (part: AIPart | InputPart): number => {
  switch (part.type) {
    case "text":
    case "reasoning":
    case "refusal":
      return tokensOfText(part.text)
    case "tool_call":
      return tokensAround + tokensOf(part.name.length) + tokensOfJson(part.args)
    case "invalid_tool_call":
      return tokensAround + tokensOf(part.name.length) + Math.ceil(part.text.length / jsonValue)
    case "image":
      return tokensOfImage
    case "file":
      return part.source.type === "text" ? tokensOfText(part.source.text) : tokensOfFile
    default:
      return tokensOfJson(part)
  }
}

/**
 * The estimated tokens of the answer: the sum of `maxTokens` and the budget of reasoning, or the expected tokens if
 * they are fewer. Without `maxTokens` it is the expected tokens, or 1,000 if there are none.
 */
export const estimateOutput = ({ maxTokens, reasoning }: CallOptions, expected: number | undefined): number => {
  const most = maxTokens === undefined ? undefined : maxTokens + (reasoning?.budgetTokens ?? 0)
  return Math.min(most ?? Infinity, expected ?? most ?? usualOutput)
}

const tokensOfJson = (value: unknown): number => Math.ceil(lengthOf(value) / jsonValue)

const lengthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? sizeOf(value) : String(value).length

const sizes = new WeakMap<object, number>()

/** The characters of a value as JSON. */
const sizeOf = (value: object): number => {
  const known = sizes.get(value)
  if (known !== undefined) return known
  // An object of a caller without types may be circular: the call fails when it is sent.
  let size = 0
  try {
    size = JSON.stringify(value).length
  } catch {
    size = 0
  }
  sizes.set(value, size)
  return size
}

/** The characters that a chunk adds to an answer. Most chunks are one piece of text, which is not looked at twice. */
export const charactersIn = ({ content, parts }: AIMessageChunk): number => {
  if (parts.length === 1 && content !== "") return content.length
  let characters = 0
  for (const part of parts) {
    if (part.type === "text" || part.type === "reasoning") characters += part.text.length
    else if (part.type === "tool_call") characters += part.args.length
  }
  return characters
}

/** The characters of an answer, or of the part of it that came. */
export const charactersOf = (parts: ReadonlyArray<AIPart>): number =>
  parts.reduce((characters, part) => {
    switch (part.type) {
      case "text":
      case "reasoning":
      case "invalid_tool_call":
        return characters + part.text.length
      case "tool_call":
        return characters + lengthOf(part.args)
      default:
        return characters
    }
  }, 0)

/** How much the estimates of a model's input have to be corrected, learned from the usage of its answers. */
export class Calibration {
  #factor = 1
  #seen = 0

  /** The corrected estimate. */
  corrected(estimate: number): number {
    return Math.ceil(estimate * this.#factor)
  }

  /** Learns from the usage of an answer to a request with this estimate, uncorrected. Recent answers weigh most. */
  learn(estimate: number, { inputTokens }: Pick<Usage, "inputTokens">): void {
    if (!(inputTokens > 0) || estimate <= 0) return
    const seen = Math.min(4, Math.max(0.25, inputTokens / estimate))
    this.#factor += (seen - this.#factor) * Math.max(0.3, 1 / ++this.#seen)
  }
}
