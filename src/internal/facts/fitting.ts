/**
 * A fitting of a call: its types, and the state that `fit` and `fitReasoning` share.
 */
import type { Json } from "effect/Schema"
import type { CallOptions } from "../../CallOptions.ts"
import { UnsupportedError } from "../../ChatModelError.ts"
import type { Message } from "../../Message.ts"
import type { Facts, Range } from "./types.ts"

/** A part of a call that was left out or changed. */
export interface FitWarning {
  /** The name of the option, such as `reasoning.effort`. */
  readonly field: string
  /** The value in the call. */
  readonly given: Json
  /** The value in the request. Absent: none. */
  readonly sent?: Json
  /** The reason, for people. */
  readonly reason: string
}

/** The form of the reasoning settings in a request. */
export type ReasoningForm =
  | { readonly type: "off" }
  | { readonly type: "on" }
  /** A setting of its own next to off. */
  | { readonly type: "lowest"; readonly name: string }
  /** `quiet`: nobody asked for reasoning. */
  | { readonly type: "effort"; readonly effort: string; readonly quiet?: true }
  | { readonly type: "budget"; readonly tokens: number; readonly effort?: string | undefined }

/** A call that is being fitted. */
export interface Call {
  readonly provider: string
  readonly api: string | undefined
  readonly model: string
  readonly facts: Facts
  readonly messages: ReadonlyArray<Message>
  /** The options of the call over those of the model. */
  readonly options: CallOptions
  /** The options of the call alone. */
  readonly own: CallOptions
}

/** A call that the model takes. */
export interface Fitted {
  readonly options: CallOptions
  /** Absent: nothing is said about reasoning. */
  readonly reasoning?: ReasoningForm | undefined
  readonly warnings: ReadonlyArray<FitWarning>
}

/** The state of one fitting: the options so far, and the warnings and the problem. */
export class Fitting {
  readonly call: Call
  readonly facts: Facts
  readonly warnings: Array<FitWarning> = []
  options: CallOptions
  reasoning: ReasoningForm | undefined
  problem: UnsupportedError | undefined
  /** A hint that the model does not take fails the call. */
  readonly strict: boolean

  constructor(call: Call, strict: boolean) {
    this.call = call
    this.facts = call.facts
    this.options = call.options
    this.strict = strict
  }

  /** A promise that the model cannot keep. */
  refuse(field: string, reason: string): void {
    this.problem ??= new UnsupportedError({ field, message: `${field}: ${this.call.model} ${reason}` })
  }

  /** A hint that is sent in another way, or not at all. */
  warn(field: string, given: Json, sent: Json | undefined, reason: string): void {
    if (this.strict) return this.refuse(field, reason)
    const message = `${this.call.model} ${reason}`
    this.warnings.push(
      sent === undefined ? { field, given, reason: message } : { field, given, sent, reason: message }
    )
  }

  set(changes: CallOptions): void {
    this.options = { ...this.options, ...changes }
  }
}

/** The nearest value of a range. */
export const within = (range: Range | undefined, value: number): number => {
  if (range === undefined) return value
  const [least, greatest] = range
  return Math.max(least, greatest === null ? value : Math.min(greatest, value))
}

/** Whether this is OpenAI's own Chat Completions. Other servers of the same models have limits of their own. */
export const isOpenAiChat = (provider: string, api: string | undefined): boolean =>
  api === "chat" && (provider === "openai" || provider === "azure")
