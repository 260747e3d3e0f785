import { accumulator } from "../../AIMessageChunk.ts"
import type { Message } from "../../Message.ts"
import type { ChunkFold } from "../step/fold.ts"
import type { AgentResult, Chunk } from "./types.ts"

/** The result is in the last chunk; what came before a run was left is its whole messages, and the one it was at. */
export const agentFold = (): ChunkFold<Chunk, AgentResult> => {
  const messages: Array<Message> = []
  let answer = accumulator()
  let result: AgentResult | undefined
  let begun = false
  const add = (chunk: Chunk): void => {
    switch (chunk._tag) {
      case "AIMessageChunk": {
        answer.add(chunk)
        begun = true
        if (chunk.finish === undefined) return
        const message = answer.message()
        if (message !== undefined) messages.push(message)
        answer = accumulator()
        begun = false
        return
      }
      case "ToolResultChunk":
        messages.push(chunk.message)
        return
      case "AgentEndChunk":
        result = chunk.result
    }
  }
  return {
    add: (chunks) => chunks.forEach(add),
    partial: () =>
      messages.length === 0 && !begun
        ? undefined
        : { messages: messages.slice(), ...(begun ? { partial: answer.partial() } : undefined) },
    done: () => result as AgentResult // no run ends without its last chunk
  }
}
