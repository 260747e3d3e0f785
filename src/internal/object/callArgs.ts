/**
 * Reads the arguments of one tool call from the chunks of an answer. The object parser uses it for the method `tool`.
 * It keeps no text.
 */
import type { AIMessageChunk } from "../../AIMessageChunk.ts"

/** The arguments of the first call of a tool, while their slices arrive. */
export class CallArgs {
  /** Whether the call has begun. */
  called = false
  /** Whether the call is complete. */
  ended = false
  /** Whether the arguments are still empty or white space, which means no arguments. */
  blank = true
  /** The name of the tool. */
  readonly name: string
  #index = -1

  constructor(name: string) {
    this.name = name
  }

  /** Returns the slice of the arguments in a chunk, `""` if there is none. */
  read(chunk: AIMessageChunk): string {
    let args = ""
    for (const part of chunk.parts) {
      if (part.type !== "tool_call") continue
      if (!this.called && part.name === this.name) {
        this.called = true
        this.#index = part.index
      }
      if (!this.called || part.index !== this.#index) continue
      args += part.args
      if (part.end === true) this.ended = true
    }
    if (this.blank && args.trim() !== "") this.blank = false
    return args
  }
}
