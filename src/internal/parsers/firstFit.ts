/**
 * Decodes the first value of an answer that fits a schema. `OutputParser.schema` and object generation use it. A value is
 * decoded when it is complete, and not again unless it fails.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Candidate } from "../json/finder.ts"
import type { JsonText } from "../json/text.ts"
import type { Answer } from "./answer.ts"
import type { OutputParserError } from "./error.ts"

/** The value of one answer, made from a `JsonText` that chooses the `fitting` value. */
export class FirstFit<A, R> {
  readonly #text: JsonText
  readonly #decode: (json: unknown) => Effect.Effect<A, OutputParserError, R>
  #fit: { readonly candidate: Candidate; readonly value: A } | undefined

  constructor(text: JsonText, decode: (json: unknown) => Effect.Effect<A, OutputParserError, R>) {
    this.#text = text
    this.#decode = decode
  }

  /** Decodes the values that are complete and not decoded yet. Returns undefined if there are none. */
  judge(): Effect.Effect<void, never, R> | undefined {
    return this.#text.unjudged === undefined ? undefined : this.#judging
  }

  /** The value, after the text has ended. */
  end(answer: Answer): Effect.Effect<A, OutputParserError, R> {
    return Effect.flatMap(this.#judging, () => {
      const candidates = this.#text.candidates
      const fit = this.#fit
      return fit !== undefined && candidates[0] === fit.candidate
        ? Effect.succeed(fit.value)
        : this.#first(candidates, answer)
    })
  }

  readonly #judging: Effect.Effect<void, never, R> = Effect.suspend(() => {
    const candidate = this.#text.unjudged
    if (candidate === undefined) return Effect.void
    return Effect.flatMap(Effect.result(this.#decode(jsonOf(candidate))), (result) => {
      if (Result.isSuccess(result)) this.#fit = { candidate, value: result.success }
      this.#text.judge(candidate, Result.isSuccess(result))
      return this.#judging
    })
  })

  /** The first of the values that fits. If none does, the error is that of the likeliest. */
  #first(candidates: ReadonlyArray<Candidate>, answer: Answer): Effect.Effect<A, OutputParserError, R> {
    const rest = candidates.filter((each) => !each.rejected)
    const decoded = rest.map((each) => this.#decode(jsonOf(each)))
    const unfinished = this.#text.unfinished
    const error = unfinished === undefined
      ? this.#decode(jsonOf(candidates[0]!)) // a text that is complete has a value
      : Effect.fail(answer.unreadable(unfinished))
    return decoded.reduceRight((next, each) => Effect.catch(each, () => next), error)
  }
}

const jsonOf = ({ reader }: Candidate): unknown => reader.exact
