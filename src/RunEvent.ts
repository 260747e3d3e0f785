/**
 * What happens while a chain runs, event by event, with LangChain's names (`streamEvents`, version 2).
 *
 * Each start is followed by exactly one end, error or interruption; children lie inside their parents; a model's chunk
 * is reported before what a later step makes of it. The set of events and their data are LangChain's. Their order is
 * not, because there the effect comes before the cause.
 */
import type { AIMessageChunk } from "./AIMessageChunk.ts"
import type { AIMessage, Metadata } from "./Message.ts"

/** What kind of step an event is about. */
export type RunType = "chat_model" | "chain" | "prompt" | "parser" | "tool" | "retriever"

type Other = Exclude<RunType, "chat_model">

interface Base {
  /** The step's name; of a custom event the event's own. */
  readonly name: string
  /** The same for all events of one run of one step. */
  readonly run_id: string
  /** The runs it lies in, the root first. */
  readonly parent_ids: ReadonlyArray<string>
  readonly tags: ReadonlyArray<string>
  readonly metadata: Metadata
}

/** A step has begun. A step that reads a stream does not know its input yet. */
export interface Start extends Base {
  readonly event: `on_${RunType}_start`
  readonly data: { readonly input?: unknown }
}

/** A model has said something. */
export interface ChatModelStream extends Base {
  readonly event: "on_chat_model_stream"
  readonly data: { readonly chunk: AIMessageChunk }
}

/** A step has put out a chunk. */
export interface StepStream extends Base {
  readonly event: `on_${Other}_stream`
  readonly data: { readonly chunk: unknown }
}

/** A model's answer is whole. */
export interface ChatModelEnd extends Base {
  readonly event: "on_chat_model_end"
  readonly data: { readonly output: AIMessage; readonly input?: unknown }
}

/** A step is done. `input` is absent on the root, whose start has it. */
export interface StepEnd extends Base {
  readonly event: `on_${Other}_end`
  readonly data: { readonly output: unknown; readonly input?: unknown }
}

/** A step has failed. `error` is the typed error as JSON, without a stack. */
export interface Failed extends Base {
  readonly event: `on_${RunType}_error`
  readonly data: { readonly error: unknown; readonly input?: unknown }
}

/** A step was left before it was done. `partial` is what it had put out. */
export interface Interrupted extends Base {
  readonly event: `on_${RunType}_interrupted`
  readonly data: { readonly partial?: unknown }
}

/** What a step reports itself, by `Runnable.emit`. `run_id` is that of the step. */
export interface Custom extends Base {
  readonly event: "on_custom_event"
  readonly data: unknown
}

/** What happens while a chain runs, told apart by `event`. */
export type RunEvent = Start | ChatModelStream | StepStream | ChatModelEnd | StepEnd | Failed | Interrupted | Custom

/** An event in the form of version 1: no parents, and no custom events. */
export type RunEventV1 = Exclude<RunEvent, Custom> extends infer E ? E extends RunEvent ? Omit<E, "parent_ids"> : never
  : never

/** Which events are wanted. An event passes if it fits one of the includes (if there are any) and none of the excludes. */
export interface Filter {
  readonly includeNames?: ReadonlyArray<string> | undefined
  readonly includeTypes?: ReadonlyArray<RunType> | undefined
  readonly includeTags?: ReadonlyArray<string> | undefined
  readonly excludeNames?: ReadonlyArray<string> | undefined
  readonly excludeTypes?: ReadonlyArray<RunType> | undefined
  readonly excludeTags?: ReadonlyArray<string> | undefined
}
