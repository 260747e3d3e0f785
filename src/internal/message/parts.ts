/**
 * The parts of a chunk and its content, which repeats their text. Used by the wrappers that change the text of answers.
 */
import type { AIMessageChunk, Delta } from "./chunk.ts"

/** The parts of a chunk. A chunk that has its text in no part is read as if it had. */
export const partsOf = ({ content, parts }: AIMessageChunk): ReadonlyArray<Delta> =>
  content === "" || parts.some(({ type }) => type === "text")
    ? parts
    : [...parts, { type: "text", index: -1, text: content }]

/** The content and the parts of a chunk with these parts. */
export const contentOf = (parts: ReadonlyArray<Delta>): Pick<AIMessageChunk, "content" | "parts"> => ({
  content: parts.reduce((text, part) => part.type === "text" ? text + part.text : text, ""),
  parts
})

/** A chunk with these parts. */
export const chunkOf = (id: string, parts: ReadonlyArray<Delta>): AIMessageChunk => ({
  _tag: "AIMessageChunk",
  id,
  ...contentOf(parts)
})
