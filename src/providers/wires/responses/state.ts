/**
 * The state of a response while it arrives: items, parts and calls, as plain data. Shared by `output.ts` and
 * `calls.ts`.
 */
import type { Delta } from "../../../AIMessageChunk.ts"
import type { ArgumentSlices, JsonObject } from "../../../internal/provider/json.ts"
import type { JsonStringSlices } from "./jsonStringSlices.ts"

/** The deltas of an event. */
export type Deltas = ReadonlyArray<Delta>

/** A part of a message or of reasoning. */
export interface PartBlock {
  readonly type: "text" | "refusal" | "reasoning"
  readonly index: number
  /** The text that has been emitted. */
  text: string
  /** Whether a delta of it has been emitted. */
  shown: boolean
  /** The number of citations that have been emitted. */
  citations: number
}

/** A call. */
export interface CallBlock {
  readonly type: "tool_call" | "server_tool_call"
  readonly index: number
  /** The name at the start of the call; empty if the server names it at its end. */
  readonly name: string
  /** The arguments that have been emitted, as JSON text. */
  readonly args: ArgumentSlices
  /** Set once a slice that is not JSON has arrived. */
  slices: JsonStringSlices | undefined
}

/** An item of the output between its start and its end. */
export interface Item {
  readonly type: string
  /** The item in the event that began it. */
  start: JsonObject
  /** The item in the event that ended it. */
  done: JsonObject | undefined
  readonly parts: Map<string, PartBlock>
  /** The block that was emitted with the start of the item, and waits for its first part. */
  free: PartBlock | undefined
  call: CallBlock | undefined
  /** The index of the image that the item generates. */
  image: number | undefined
}

/** An item that has just begun. */
export const makeItem = (type: string, start: JsonObject): Item => ({
  type,
  start,
  done: undefined,
  parts: new Map(),
  free: undefined,
  call: undefined,
  image: undefined
})
