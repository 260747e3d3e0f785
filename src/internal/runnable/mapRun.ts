/**
 * A run whose chunks are the results of a function. For `map`. The output is the function of the whole input, except
 * where the results of the chunks make it themselves. One Effect operation a read; the input is folded only until it is
 * known that nobody needs it.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import { behind, byShape, known } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import type { ChunkPull, Run } from "../step/types.ts"

/**
 * How the results make the output: `chunks` if they fold like the chunks of the input, `text` if they are texts that are
 * concatenated, `whole` if the output is the function of the whole input.
 */
type Mode = "chunks" | "text" | "whole"

/** The run of a function of each chunk. */
export const mapRun = <A, B, E, R>(input: Run<A, unknown, E, R>, f: (chunk: A) => B): Run<B, B, E, R> => {
  const source = input.fold()
  let mode: Mode | undefined
  let wanted = false
  let whole: { readonly value: B } | undefined

  /** The mode, as soon as the first results that decide have come. */
  const modeOf = (results: ReadonlyArray<B>): Mode | undefined => {
    const kind = source.kind?.()
    if (kind !== undefined && kind !== "parts") return "chunks"
    const first = results.find((result) => result !== undefined && result !== null)
    return first === undefined ? undefined : kind === undefined && typeof first === "string" ? "text" : "whole"
  }

  const pull: ChunkPull<B, E, R> = Pull.matchEffect(input.pull, {
    onSuccess: (chunks) => {
      if (mode === undefined || mode === "whole") source.add(chunks)
      const results = Array.map(chunks, f)
      mode ??= modeOf(results)
      return Effect.succeed(results)
    },
    onDone: () => {
      mode ??= modeOf([]) ?? "whole"
      if (mode === "whole" && wanted) whole = { value: f(source.done() as A) } // the chunks of an A fold to an A
      return Cause.done()
    },
    onFailure: Effect.failCause
  })

  return {
    pull,
    fold: () => {
      wanted = true
      const results = behind(() => source)
      const fold: ChunkFold<unknown, unknown> = {
        ...results,
        done: () => whole === undefined ? results.done() : whole.value,
        at: (key) => {
          const value = results.at?.(key) ?? byShape()
          return {
            ...value,
            done: () => whole === undefined ? value.done() : known(whole.value, undefined).at?.(key).done()
          }
        },
        kind: () => mode === "whole" ? "parts" : results.kind?.()
      }
      return fold as ChunkFold<B, B> // its chunks are results
    }
  }
}
