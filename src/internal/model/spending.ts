/**
 * The usage of one request of a model, as far as its answer shows it: for limits and budgets. A delta costs a look at
 * its parts.
 */
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { ChatModelError, Reason } from "../../ChatModelError.ts"
import type { AIMessage, PartialAIMessage } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { charactersIn, charactersOf, tokensOf } from "./estimate.ts"

/** The usage of these tokens. */
export const usageOf = (inputTokens: number, outputTokens: number): Usage => ({
  inputTokens,
  outputTokens,
  totalTokens: inputTokens + outputTokens
})

/** The usage of a request that used nothing. */
export const nothing: Usage = usageOf(0, 0)

/** Follows one request. Counts that are not reported are estimated. */
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
    let characters = 0
    for (const chunk of chunks) {
      if (chunk.usage !== undefined) reported = chunk.usage
      characters += charactersIn(chunk)
    }
    this.#characters += characters
    if (reported !== undefined) this.#usage = reported
    return reported
  }

  /** Takes an answer as far as it came, in the place of its chunks. */
  take({ parts, usage }: Pick<AIMessage | PartialAIMessage, "parts" | "usage">): void {
    if (usage !== undefined) this.#usage = usage
    this.#characters = charactersOf(parts)
  }

  /** The usage of a whole answer. */
  ended(): Usage {
    return this.#usage ?? this.#soFar()
  }

  /** The usage of an answer that its consumer left; undefined if it is unknown because nothing had arrived. */
  left(): Usage | undefined {
    return this.#usage === undefined && this.#characters === 0 ? undefined : this.#soFar()
  }

  /** The usage of a request that failed; undefined if it is unknown. */
  failed({ partial, reason }: ChatModelError): Usage | undefined {
    this.#usage = partial?.usage ?? this.#usage
    return this.left() ?? (refusals.has(reason._tag) ? nothing : undefined)
  }

  /** The usage that was last reported may be older than the last chunk. */
  #soFar(): Usage {
    const shown = tokensOf(this.#characters)
    const usage = this.#usage
    if (usage !== undefined && usage.outputTokens >= shown) return usage
    return { ...usage, ...usageOf(usage?.inputTokens ?? this.#inputTokens, shown), cost: undefined }
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
