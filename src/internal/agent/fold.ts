/**
 * The fold of an agent's chunks. `Agent.make` gives it to the step, which uses it for `invoke` and for events. Linear
 * in the number of chunks.
 */
import { accumulator } from "../../AIMessageChunk.ts"
import type { Message } from "../../Message.ts"
import type { ChunkFold } from "../step/fold.ts"
import type { AgentResult, Chunk } from "./chunks.ts"

/**
 * Folds chunks to the result, which the last chunk carries. The partial value of an interrupted run is its complete
 * messages and the answer that was arriving.
 */
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
    done: () => result as AgentResult // a run only succeeds after its last chunk
  }
}
