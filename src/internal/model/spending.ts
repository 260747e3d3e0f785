/**
 * What one request of a model uses, as far as its answer tells: for limits and budgets. A delta costs a look at its parts.
 */
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { ChatModelError, Reason } from "../../ChatModelError.ts"
import type { Usage } from "../../Usage.ts"
import { charactersIn, tokensOf } from "./estimate.ts"

/** Tokens that a request has used. */
export type Spent = Pick<Usage, "inputTokens" | "outputTokens">

const nothing: Spent = { inputTokens: 0, outputTokens: 0 }

/** Follows one request. The estimates stand for what is not reported. */
export class Spending {
  readonly #inputTokens: number
  #usage: Usage | undefined
  #characters = 0

  /** @param inputTokens the estimate of the input */
  constructor(inputTokens: number) {
    this.#inputTokens = inputTokens
  }

  /** The last usage that was reported. */
  get usage(): Usage | undefined {
    return this.#usage
  }

  /** Adds the chunks of one read. Returns the usage that they report. */
  add(chunks: ReadonlyArray<AIMessageChunk>): Usage | undefined {
    let reported: Usage | undefined
    for (const chunk of chunks) {
      if (chunk.usage !== undefined) reported = chunk.usage
      this.#characters += charactersIn(chunk)
    }
    if (reported !== undefined) this.#usage = reported
    return reported
  }

  /** What a whole answer has used. */
  ended(): Spent {
    return this.#usage ?? this.#soFar()
  }

  /** What an answer has used that its consumer left; undefined if nothing had arrived, so that nobody knows. */
  left(): Spent | undefined {
    return this.#usage === undefined && this.#characters === 0 ? undefined : this.#soFar()
  }

  /** What a request has used that failed; undefined if nobody knows. */
  failed({ partial, reason }: ChatModelError): Spent | undefined {
    this.#usage = partial?.usage ?? this.#usage
    return this.left() ?? (refusals.has(reason._tag) ? nothing : undefined)
  }

  /** The usage that was last reported may be older than the last chunk. */
  #soFar(): Spent {
    return {
      inputTokens: this.#usage?.inputTokens ?? this.#inputTokens,
      outputTokens: Math.max(this.#usage?.outputTokens ?? 0, tokensOf(this.#characters))
    }
  }
}

/** The reasons for which a provider, or this library, turns down a request before it uses tokens. */
const refusals: ReadonlySet<Reason["_tag"]> = new Set<Reason["_tag"]>([
  "AuthenticationError",
  "PermissionError",
  "NotFoundError",
  "InvalidRequestError",
  "ContextLengthError",
  "RateLimitError",
  "QuotaExhaustedError",
  "OverloadedError",
  "UnsupportedError",
  "BudgetExceededError"
])
