/**
 * Cuts an answer into chunks, as a provider's stream would be cut: anywhere but within a character. Called by
 * `AutoChatModel`. Must not import it.
 *
 * @internal
 */
import { empty } from "../../AIMessageChunk.ts"
import type { AIMessageChunk, Delta } from "../../AIMessageChunk.ts"
import type { Usage } from "../../Usage.ts"
import type { Answer, Block } from "./answer.ts"
import type { Numbers } from "./choices.ts"

/** The chunks of an answer. The last one has the finish. */
export const chunksOf = (
  id: string,
  answer: Answer,
  inputTokens: number,
  numbers: Numbers
): ReadonlyArray<AIMessageChunk> => {
  const { blocks, isCut } = limited(answer)
  const parts = blocks.map((block, index) => deltas(block, index, isCut && index === blocks.length - 1, numbers))
  const ordered = interleaved(parts, blocks, numbers)
  const outputTokens = blocks.reduce((sum, { text }) => sum + tokensOf(text), 1)
  const reasoningTokens = blocks.reduce((sum, { text, type }) => type === "reasoning" ? sum + tokensOf(text) : sum, 0)
  const usage = (outputTokens: number, reasoningTokens: number): Usage => ({
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    ...(reasoningTokens === 0 ? undefined : { reasoningTokens })
  })
  const chunks: Array<AIMessageChunk> = [{ ...empty, id, usage: usage(1, 0) }]
  for (let i = 0; i < ordered.length;) {
    const count = numbers.below(4) === 3 ? 2 : 1
    const parts = ordered.slice(i, i + count)
    chunks.push({ ...empty, id, content: textOf(parts), parts })
    i += count
  }
  const finish = isCut ? { reason: "length", raw: "max_tokens" } as const : answer.finish
  return [...chunks, { ...empty, id, finish, usage: usage(outputTokens, reasoningTokens) }]
}

/** About as many tokens as a text has. */
export const tokensOf = (text: string): number => Math.ceil(text.length / 4)

const textOf = (parts: ReadonlyArray<Delta>): string =>
  parts.reduce((text, part) => part.type === "text" ? text + part.text : text, "")

/** The part of an answer that its limit of tokens leaves. */
const limited = ({ blocks, maxTokens }: Answer): { readonly blocks: ReadonlyArray<Block>; readonly isCut: boolean } => {
  const kept: Array<Block> = []
  let left = maxTokens - 1
  for (const block of blocks) {
    const tokens = tokensOf(block.text)
    if (tokens > left) {
      const text = block.text.slice(0, wholeEnd(block.text, 4 * left))
      if (text !== "") kept.push({ ...block, text })
      return { blocks: kept, isCut: true }
    }
    kept.push(block)
    left -= tokens
  }
  return { blocks: kept, isCut: false }
}

/** An end of a slice, moved so that it is not within a surrogate pair. */
const wholeEnd = (text: string, end: number): number => {
  const next = text.charCodeAt(end)
  return next >= 0xdc00 && next <= 0xdfff ? end - 1 : end
}

const slices = (text: string, numbers: Numbers): ReadonlyArray<string> => {
  if (numbers.simplest) return [text]
  const most = numbers.pick([3, 8, 24, 1000])
  const all: Array<string> = []
  for (let at = 0; at < text.length;) {
    const end = wholeEnd(text, at + 1 + numbers.below(most))
    // A pair is at least two long.
    const next = Math.max(end, at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1))
    all.push(text.slice(at, next))
    at = next
  }
  return all
}

const deltas = (block: Block, index: number, isCut: boolean, numbers: Numbers): ReadonlyArray<Delta> => {
  switch (block.type) {
    case "text":
      return slices(block.text, numbers).map((text): Delta => ({ type: "text", index, text }))
    case "reasoning": {
      const all = slices(block.text, numbers).map((text): Delta => ({ type: "reasoning", index, text }))
      return isCut ? all : [...all, { type: "reasoning", index, text: "", signature: `signature_${index}` }]
    }
    case "tool_call": {
      const { id, name } = block
      const args = slices(block.text, numbers).map((args): Delta => ({ type: "tool_call", index, args }))
      const first: Delta = { type: "tool_call", index, id, name, args: "" }
      return isCut ? [first, ...args] : [first, ...args, { type: "tool_call", index, args: "", end: true }]
    }
  }
}

/** The deltas of all blocks in order. Those of calls next to each other may alternate. */
const interleaved = (
  parts: ReadonlyArray<ReadonlyArray<Delta>>,
  blocks: ReadonlyArray<Block>,
  numbers: Numbers
): ReadonlyArray<Delta> => {
  const isMixed = numbers.below(4) === 3
  const calls = parts.filter((_, i) => blocks[i]?.type === "tool_call").map((deltas) => [...deltas])
  if (!isMixed || calls.length < 2) return parts.flat()
  const mixed: Array<Delta> = []
  while (calls.some((deltas) => deltas.length > 0)) {
    const open = calls.filter((deltas) => deltas.length > 0)
    const delta = open[numbers.below(open.length)]?.shift()
    if (delta !== undefined) mixed.push(delta)
  }
  return [...parts.filter((_, i) => blocks[i]?.type !== "tool_call").flat(), ...mixed]
}
