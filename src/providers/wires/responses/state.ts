import type { Delta } from "../../../AIMessageChunk.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { JsonStringSlices } from "./jsonStringSlices.ts"

export type Deltas = ReadonlyArray<Delta>

/** A part of a message or of reasoning. */
export interface PartBlock {
  readonly type: "text" | "refusal" | "reasoning"
  readonly index: number
  /** What of it has been shown. */
  text: string
  shown: boolean
  citations: number
}

/** A call. */
export interface CallBlock {
  readonly type: "tool_call" | "server_tool_call"
  readonly index: number
  /** What of its arguments has been shown. */
  args: string
  /** Set once slices have come that are no JSON. */
  slices: JsonStringSlices | undefined
}

/** An item of the output between its start and its end. */
export interface Item {
  readonly type: string
  /** As it began. */
  start: JsonObject
  /** As its end told it. */
  done: JsonObject | undefined
  readonly parts: Map<string, PartBlock>
  /** The block that began with the item, and waits for its first part. */
  free: PartBlock | undefined
  call: CallBlock | undefined
  /** The index of the image it makes. */
  image: number | undefined
}

export const makeItem = (type: string, start: JsonObject): Item => ({
  type,
  start,
  done: undefined,
  parts: new Map(),
  free: undefined,
  call: undefined,
  image: undefined
})
