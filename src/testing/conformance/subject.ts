/**
 * The types of the suite: a model under test, the answers of its provider, and a case.
 *
 * Every module of the suite uses them, and `Conformance` exports them. Types only.
 *
 * @internal
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { Service } from "../../ChatModel.ts"
import type { Reason } from "../../ChatModelError.ts"

/** One request, as the provider received it. */
export interface ObservedRequest {
  /** The body, as parsed JSON. */
  readonly body: unknown
  /** Resolves when the response has ended, with true if the consumer ended it. */
  readonly cancelled: Effect.Effect<boolean>
  /** Resolves when the provider is waiting for the consumer to read. */
  readonly blocked: Effect.Effect<void>
}

/** A started model, and the requests that its provider received. */
export interface Running {
  /** The model under test. */
  readonly model: Service
  /** The number of requests so far. */
  readonly requestCount: Effect.Effect<number>
  /** Resolves with the request at this index (from 0) when it has arrived. */
  readonly request: (index: number) => Effect.Effect<ObservedRequest>
  /** Resolves when every response has ended. */
  readonly idle: Effect.Effect<void>
}

/** A tool call in an answer. */
export interface Call {
  /** The id of the call. */
  readonly id: string
  /** The name of the tool. */
  readonly name: string
  /** The arguments. */
  readonly args: { readonly [key: string]: string }
}

type Tokens = ReadonlyArray<string>

/** The rest of a response with a status. */
export interface StatusOptions {
  /** Headers added to those of the provider. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The body. Default: the provider's own for the status. */
  readonly body?: string | undefined
}

/**
 * The answers of the provider; `S` is the type of one answer. Only `text` is required. Without another answer, its
 * cases are skipped. A declared capability whose answer is absent fails.
 */
export interface Answers<S> {
  /** A complete text answer, with one delta for each token. */
  readonly text: (tokens: Tokens, usage?: { readonly input: number; readonly output: number }) => S
  /** Text deltas without end, as fast as the consumer reads. */
  readonly endless?: S | undefined

  /** A text whose body ends after the last token. */
  readonly ends?: ((tokens: Tokens) => S) | undefined
  /** A text whose connection closes after the last token. */
  readonly closes?: ((tokens: Tokens) => S) | undefined
  /** A text whose connection is reset after the last token. */
  readonly resets?: ((tokens: Tokens) => S) | undefined
  /** A text that is followed by silence. */
  readonly stalls?: ((tokens: Tokens) => S) | undefined
  /** A text that is followed by bytes of no protocol. */
  readonly malformed?: ((tokens: Tokens) => S) | undefined
  /** A complete text answer that is followed by another. */
  readonly twice?: ((tokens: Tokens) => S) | undefined
  /** A complete text answer with an unknown event in it. */
  readonly unknown?: ((tokens: Tokens) => S) | undefined
  /** A complete text answer with a pause in it, in which only keep-alive events arrive. */
  readonly keepAlive?: ((tokens: Tokens) => S) | undefined
  /** Texts with an error in them, each with its expected reason. */
  readonly errors?: ReadonlyArray<readonly [reason: Reason["_tag"], answer: (tokens: Tokens) => S]> | undefined

  /** The same answer in packets of this many bytes. */
  readonly cut?: ((answer: S, bytes: number) => S) | undefined
  /** The start of an answer: this share of its bytes, from 0 to 1. */
  readonly prefix?: ((answer: S, share: number) => S) | undefined

  /** Headers, followed by silence. */
  readonly headersOnly?: S | undefined
  /** No response at all. */
  readonly silent?: S | undefined
  /** A reset in place of the headers. */
  readonly resetsFirst?: S | undefined
  /** A response with this status. */
  readonly status?: ((status: number, options?: StatusOptions) => S) | undefined

  /** An answer that calls these tools. */
  readonly toolCalls?: ((calls: ReadonlyArray<Call>) => S) | undefined
  /** An answer with reasoning before its text. */
  readonly reasoning?: ((thinking: string, text: string) => S) | undefined
  /** An answer that declines. */
  readonly refusal?: ((text: string) => S) | undefined
  /** An answer that contains an image. */
  readonly image?: S | undefined
  /** An answer that cites a source. */
  readonly citation?: S | undefined
  /** An answer whose usage reports this many input tokens from the cache. */
  readonly cached?: ((tokens: number) => S) | undefined
  /** An answer that reports the call of a tool that the provider ran. */
  readonly serverTool?: S | undefined
}

/** A model under test. */
export interface Subject<S> {
  /** The expected capabilities. The suite checks that the model declares them, and that it has them. */
  readonly capabilities: Capabilities
  /** The answers of the provider. */
  readonly answers: Answers<S>
  /** Starts the model. The nth request gets the nth answer, and the last answer is repeated. */
  readonly start: (
    answers: readonly [S, ...Array<S>],
    options?: CallOptions
  ) => Effect.Effect<Running, never, Scope.Scope>
  /** Starts the model with a provider that is unreachable. */
  readonly startUnreachable?: ((options?: CallOptions) => Effect.Effect<Running, never, Scope.Scope>) | undefined
  /** The API key of the model, which no error may contain. */
  readonly secret?: string | undefined
  /** The reason why the model has no wire, with which cases that need one are skipped. Default: it has one. */
  readonly noWire?: string | undefined
}

/** One test of the suite. */
export interface Case {
  /** The law that the case checks. */
  readonly name: string
  /** The reason why the case cannot run, undefined if it can. */
  readonly skip: string | undefined
  /** Dies if the model breaks the law. It uses real time, and releases everything that it starts. */
  readonly run: Effect.Effect<void>
}
