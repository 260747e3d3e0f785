/**
 * A run whose chunks are the results of a function. For `map`. The output is the function of the whole input, except
 * where the results of the chunks make it themselves. One Effect operation a read, unless the function returns effects or
 * promises; the input is folded only until it is known that nobody needs it.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { call } from "../returned.ts"
import type { FailureOf, NeedsOf, Returning } from "../returned.ts"
import { behind, byShape, known } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import type { ChunkPull, Run } from "../step/types.ts"
import { isRunnable } from "./make.ts"

/**
 * How the results make the output: `chunks` if they fold like the chunks of the input, `text` if they are texts that are
 * concatenated, `whole` if the output is the function of the whole input.
 */
type Mode = "chunks" | "text" | "whole"

/**
 * The results of a function for some values, one after the other. An array if all of them are plain values, so that they
 * cost no effect.
 */
export const results = <A, Made, B>(
  f: Returning<A, Made>,
  values: ReadonlyArray<A>,
  from = 0,
  done: Array<B> = []
): Array<B> | Effect.Effect<Array<B>, FailureOf<Made>, NeedsOf<Made>> => {
  for (let i = from; i < values.length; i++) {
    const made = call(f, values[i]!)
    if (Effect.isEffect(made)) {
      // It has the types of what the function returned.
      return Effect.flatMap(made as Effect.Effect<B, FailureOf<Made>, NeedsOf<Made>>, (value) => {
        done.push(value)
        const rest = results(f, values, i + 1, done)
        return Effect.isEffect(rest) ? rest : Effect.succeed(rest)
      })
    }
    if (Stream.isStream(made) || isRunnable(made)) throw new TypeError(noStreams)
    done.push(made as B) // a plain value
  }
  return done
}

const noStreams = "The function of Runnable.map returned a stream or a runnable: use Runnable.transform or Runnable.fn"

/** The run of a function of each chunk. */
export const mapRun = <A, Made, B, E, R>(
  input: Run<A, unknown, E, R>,
  f: Returning<A, Made>
): Run<B, B, E | FailureOf<Made>, R | NeedsOf<Made>> => {
  type Pulled = ChunkPull<B, E | FailureOf<Made>, R | NeedsOf<Made>>
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

  const given = (results: Array<B>): Pulled => {
    mode ??= modeOf(results)
    return Effect.succeed(results as [B, ...Array<B>]) // a result for each chunk
  }

  const ofWhole = (): Pulled => {
    const made = results<A, Made, B>(f, [source.done() as A]) // the chunks of an A fold to an A
    const end = ([value]: ReadonlyArray<B>): Pulled => {
      whole = { value: value! }
      return Cause.done()
    }
    return Effect.isEffect(made) ? Effect.flatMap(made, end) : end(made)
  }

  const pull: Pulled = Pull.matchEffect(input.pull, {
    onSuccess: (chunks): Pulled => {
      if (mode === undefined || mode === "whole") source.add(chunks)
      const made = results<A, Made, B>(f, chunks)
      return Effect.isEffect(made) ? Effect.flatMap(made, given) : given(made)
    },
    onDone: (): Pulled => {
      mode ??= modeOf([]) ?? "whole"
      return mode === "whole" && wanted ? ofWhole() : Cause.done()
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
        // Known without a look at the runs before this one, of which there may be thousands.
        kind: () => mode === "whole" ? "parts" : mode === "text" ? undefined : results.kind?.()
      }
      return fold as ChunkFold<B, B> // its chunks are results
    }
  }
}
