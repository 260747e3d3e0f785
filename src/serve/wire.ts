/**
 * The types between the server and its wires: a turn that a client asks for, the items of its run, and how a wire reads
 * the one and writes the other. Types only, so that a wire is pure functions in a file of its own and depends on no
 * server. A new wire is one more file and one more entry in routes.ts.
 */
import type * as Schema from "effect/Schema"
import type { CallOptions } from "../CallOptions.ts"
import type { Reason } from "../Finish.ts"
import type { AgentFinish, Chunk } from "../internal/agent/chunks.ts"
import type { Message } from "../Message.ts"
import type { Usage } from "../Usage.ts"
import type { PublicError } from "./publicError.ts"

/** A value of a chain that is neither a text nor a chunk of a model or an agent. It replaces the one before. */
export interface ValueItem {
  readonly _tag: "Value"
  readonly value: Schema.Json
}

/** An element of a run as wires see it. */
export type Item = string | Chunk | ValueItem

/** The run that answers a request. Encoders take ids and times from it alone, so they are deterministic. */
export interface RunInfo {
  /** 128 random bits in hex. */
  readonly id: string
  /** The name of the chat. */
  readonly chat: string
  /** The start of the run, in milliseconds since 1970. */
  readonly createdAt: number
  /** Whether the chat is a model, whose tool calls are the client's to run. */
  readonly isModel: boolean
}

/** How a run ended that did not fail. */
export interface Ended {
  readonly finish: Reason | AgentFinish
  readonly usage: Usage | undefined
}

/** A request of a client, decoded. */
export interface Asked {
  /** The name of the chat. */
  readonly chat: string
  /** The conversation, with the system messages of the client. */
  readonly messages: ReadonlyArray<Message>
  /** The options for a model. */
  readonly options: CallOptions
  /** The names of the fields that `options` come from, as the wire spells them. */
  readonly given: ReadonlyArray<string>
  /** The names of other fields, which have no effect. */
  readonly unread: ReadonlyArray<string>
  /** Whether the client wants a stream. */
  readonly stream: boolean
  /** Whether the client wants the usage in the stream. */
  readonly streamedUsage: boolean
}

/** Writes the stream of one run. */
export interface Encoder {
  /** The frames before the first item. */
  readonly start: () => string
  /** The frames of one network read, `""` if there are none; or the error of items that the wire cannot carry. */
  readonly chunk: (items: ReadonlyArray<Item>) => string | PublicError
  /** The terminal frames. */
  readonly end: (ended: Ended) => string
  /** The frame of an error after {@link Encoder.start}. */
  readonly error: (error: PublicError) => string
}

/** Folds one run to a whole answer. */
export interface Folder {
  /** Adds the items of one network read. */
  readonly add: (items: ReadonlyArray<Item>) => void
  /** The body of the response. */
  readonly end: (ended: Ended) => string
}

/** The most messages and parts of a message in a request. */
export interface Counts {
  readonly messages: number
  readonly parts: number
}

/** A protocol. */
export interface Wire {
  /** Reads the body of a request. The error names the field. */
  readonly decode: (body: unknown, counts: Counts) => Asked | PublicError
  /** Writes a stream. */
  readonly encoder: (run: RunInfo, asked: Asked) => Encoder
  /** Writes a whole answer. */
  readonly folder: (run: RunInfo) => Folder
  /** The body of a response with the status of an error. */
  readonly errorBody: (error: PublicError) => string
  /** The frame that keeps a silent stream open. */
  readonly heartbeat: string
}
