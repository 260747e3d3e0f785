/**
 * What the suite knows of a model under test: what it declares, what it can be made to answer, and how it is started.
 *
 * @internal
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { Service } from "../../ChatModel.ts"
import type { Reason } from "../../ChatModelError.ts"

/** One request of the model, as the provider saw it. */
export interface Asked {
  /** What was asked, as parsed JSON. */
  readonly body: unknown
  /** Resolves when it is over: whether it was the consumer who left. */
  readonly left: Effect.Effect<boolean>
  /** Resolves when the provider waits for the consumer to read. */
  readonly blocked: Effect.Effect<void>
}

/** A model that is up, and what its provider saw of it. */
export interface Running {
  readonly model: Service
  /** How many requests there have been. */
  readonly count: Effect.Effect<number>
  /** The request of this index, when it has arrived. */
  readonly asked: (index: number) => Effect.Effect<Asked>
  /** Resolves when no request is under way. */
  readonly idle: Effect.Effect<void>
}

/** A call of a function in an answer. */
export interface Call {
  readonly id: string
  readonly name: string
  readonly args: { readonly [key: string]: string }
}

type Tokens = ReadonlyArray<string>

/**
 * What the provider can be made to answer; `S` is one answer. `text` is a must. What else is missing is not tested, but
 * for what a declared capability needs to be shown.
 */
export interface Answers<S> {
  /** A whole answer in text, a delta a token. */
  readonly text: (tokens: Tokens, usage?: { readonly input: number; readonly output: number }) => S
  /** Text deltas without end, as fast as they are read. */
  readonly endless?: S | undefined

  // A text that is broken off after its last token: by the end of the body, by a closed connection and so on.
  readonly ends?: ((tokens: Tokens) => S) | undefined
  readonly closes?: ((tokens: Tokens) => S) | undefined
  readonly resets?: ((tokens: Tokens) => S) | undefined
  readonly stalls?: ((tokens: Tokens) => S) | undefined
  /** Goes on with what follows no protocol. */
  readonly malformed?: ((tokens: Tokens) => S) | undefined
  /** A whole answer, and another one behind it. */
  readonly twice?: ((tokens: Tokens) => S) | undefined
  /** Goes on, to the answer's end, with something that nobody knows yet. */
  readonly unknown?: ((tokens: Tokens) => S) | undefined
  /** Goes on, to the answer's end, after a while in which there were only signs of life. */
  readonly alive?: ((tokens: Tokens) => S) | undefined
  /** Errors inside the answer, each with the reason it stands for. */
  readonly errors?: ReadonlyArray<readonly [reason: Reason["_tag"], answer: (tokens: Tokens) => S]> | undefined

  /** The same bytes, so many in a packet. */
  readonly cut?: ((answer: S, bytes: number) => S) | undefined
  /** The start of an answer: a part of its bytes, `share` from 0 to 1. */
  readonly start?: ((answer: S, share: number) => S) | undefined

  /** Headers, and no more. */
  readonly headersOnly?: S | undefined
  /** Not even headers. */
  readonly silent?: S | undefined
  /** A reset instead of headers. */
  readonly resetsFirst?: S | undefined
  /** A response of this status. */
  readonly status?:
    | ((status: number, options?: {
      readonly headers?: Readonly<Record<string, string>> | undefined
      readonly body?: string | undefined
    }) => S)
    | undefined

  readonly toolCalls?: ((calls: ReadonlyArray<Call>) => S) | undefined
  readonly reasoning?: ((thinking: string, text: string) => S) | undefined
  readonly refusal?: ((text: string) => S) | undefined
  /** An answer with an image in it. */
  readonly image?: S | undefined
  /** An answer that cites a source. */
  readonly citation?: S | undefined
  /** An answer that tells of so many input tokens from the cache. */
  readonly cached?: ((tokens: number) => S) | undefined
  /** An answer for which the provider ran a tool. Absent: it does not tell of that. */
  readonly serverTool?: S | undefined
}

/** A model under test. */
export interface Subject<S> {
  /** What it declares; the suite checks that it does, and that it is so. */
  readonly capabilities: Capabilities
  readonly answers: Answers<S>
  /** Starts it; the nth request gets the nth answer, the last one all that follow. */
  readonly start: (
    answers: readonly [S, ...Array<S>],
    options?: CallOptions
  ) => Effect.Effect<Running, never, Scope.Scope>
  /** Starts it for a provider that is not there. */
  readonly startAlone?: ((options?: CallOptions) => Effect.Effect<Running, never, Scope.Scope>) | undefined
  /** The key it sends, which must be seen nowhere. */
  readonly secret?: string | undefined
  /** Why no provider is asked over a wire, for a model that works without one. What a wire brings is not tested then. */
  readonly wireless?: string | undefined
}

/** One test of the suite. */
export interface Case {
  readonly name: string
  /** Why it is not run, where it cannot be. */
  readonly skip: string | undefined
  /** Dies with what is wrong. Needs nothing, takes real time, and leaves nothing behind. */
  readonly run: Effect.Effect<void>
}
