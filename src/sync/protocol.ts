/**
 * The messages between the thread that waits and the worker that runs. Types only. Everything in them can be copied from
 * one thread to another.
 */
import type { MessagePort } from "node:worker_threads"

/** The data that the worker is started with. */
export interface Connection {
  readonly port: MessagePort
  /** One number: how many messages the worker has sent. The other thread waits for it to change. */
  readonly sent: Int32Array
}

/** A chain or a model, as the worker finds it. */
export interface Target {
  /** The name of a model, `provider:model`. Without `module` it is what runs. */
  readonly model: string | undefined
  /** The default options of the model. */
  readonly options: unknown
  /** The address of the module whose export runs. */
  readonly module: string | undefined
  /** The name of that export. */
  readonly export: string
}

/** The work of one run. */
export interface Work {
  readonly kind: "stream" | "invoke" | "batch"
  readonly target: Target
  /** The input; of a batch, all of them. */
  readonly input: unknown
  /** The most inputs of a batch at the same time. */
  readonly concurrency: number | undefined
}

/** To the worker: a run is to start, one more array of its values may be sent, or it is to be left. */
export type Command =
  | { readonly _tag: "Start"; readonly run: number; readonly work: Work }
  | { readonly _tag: "More"; readonly run: number }
  | { readonly _tag: "Leave"; readonly run: number }

/** From the worker, first of all: it has started. */
export interface Ready {
  readonly _tag: "Ready"
}

/**
 * From the worker: the values of a run, and then its end, when its connections are closed; or the end of the worker.
 */
export type Reply =
  | { readonly _tag: "Values"; readonly run: number; readonly values: ReadonlyArray<unknown> }
  | { readonly _tag: "Done"; readonly run: number }
  | { readonly _tag: "Failed"; readonly run: number; readonly failure: Failure }
  | { readonly _tag: "Ended" }

/** One result of a batch. */
export type BatchResult =
  | { readonly _tag: "Success"; readonly value: unknown }
  | { readonly _tag: "Failure"; readonly failure: Failure }

/** A failure: encoded by the class of this tag, or the fields of any other error. */
export interface Failure {
  readonly known: boolean
  readonly tag: string | undefined
  readonly message: string
  readonly fields: unknown
  /** A copy of an error without a class in the other thread, for its stack. */
  readonly error?: unknown
}
