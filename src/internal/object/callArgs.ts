import type { AIMessageChunk } from "../../AIMessageChunk.ts"

/** The arguments of the first call of a tool, as their slices come. */
export class CallArgs {
  /** The call has begun. */
  called = false
  /** The call is whole. */
  ended = false
  /** Nothing came of its arguments but white space, which stands for none. */
  blank = true
  readonly name: string
  #index = -1

  constructor(name: string) {
    this.name = name
  }

  /** What a chunk has of them. */
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
