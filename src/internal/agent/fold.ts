import { accumulator } from "../../AIMessageChunk.ts"
import type { Message } from "../../Message.ts"
import type { Folder } from "../step/fold.ts"
import type { AgentResult, Chunk } from "./types.ts"

/** The result is in the last chunk; what came before a run was left is its whole messages, and the one it was at. */
export const agentFolder = (): Folder<Chunk, AgentResult> => {
  const messages: Array<Message> = []
  let answer = accumulator()
  let result: AgentResult | undefined
  let begun = false
  return {
    add: (chunk) => {
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
    },
    partial: () =>
      messages.length === 0 && !begun
        ? undefined
        : { messages: messages.slice(), ...(begun ? { partial: answer.partial() } : undefined) },
    done: () => result as AgentResult // no run ends without its last chunk
  }
}
