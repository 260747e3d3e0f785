/**
 * `batch` and `batchAsCompleted` of steps and models. A batch starts an input when another one has ended, and
 * `batchAsCompleted` when a result has been read: it holds at most as many results as inputs run at once, however slow its
 * reader is. Imports no step.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { checkedNumber, RunnableDefectError, textOf } from "../defects.ts"
import { nameOf } from "../excerpt.ts"
import { optional } from "../optional.ts"
import type { BatchOptions, Inputs } from "../step/batch.ts"

/**
 * `batch` and `batchAsCompleted` of a function of one input.
 *
 * @param wrap makes a failure of a defect, so that one input takes no result of another
 */
export const batches = <In, A, E, R, E2, Options extends BatchOptions>(
  invoke: (input: In, options: Options | undefined) => Effect.Effect<A, E, R>,
  wrap: (defect: unknown) => E2
) => {
  type Outcome = Result.Result<A, E | E2>

  /** The result of one input. */
  const one = (input: In, options: Options | undefined): Effect.Effect<Outcome, never, R> =>
    Effect.matchCauseEffect(Effect.suspend(() => invoke(input, options)), {
      onSuccess: (output) => Effect.succeed(Result.succeed(output)),
      onFailure: (cause): Effect.Effect<Result.Result<never, E | E2>> => {
        const error = Cause.findErrorOption(cause)
        return error._tag === "Some"
          ? Effect.succeed(Result.fail(error.value))
          : Cause.hasInterrupts(cause)
          ? Effect.failCause(cause as Cause.Cause<never>) // it has no error
          : Effect.succeed(Result.fail(wrap(Cause.squash(cause))))
      }
    })

  return {
    batch: (inputs: Inputs<In>, options?: Options): Effect.Effect<Array<Outcome>, never, R> =>
      Effect.suspend(() => {
        const all = Array.fromIterable(checkedInputs(inputs))
        const reported = reporter(all.length, options)
        return Effect.forEach(all, (input) => reported(one(input, options)), { concurrency: concurrencyOf(options) })
      }),
    batchAsCompleted: (
      inputs: Inputs<In>,
      options?: Options
    ): Stream.Stream<readonly [index: number, result: Outcome], never, R> =>
      Stream.suspend(() => {
        const reported = reporter(lengthOf(checkedInputs(inputs)), options)
        return Stream.mapEffect(
          oneByOne(inputs),
          ([index, input]) => Effect.map(reported(one(input, options)), (result) => [index, result] as const),
          { concurrency: concurrencyOf(options), unordered: true }
        )
      })
  }
}

/** The number of inputs that run at the same time. It throws for a value that is no such number. */
export const concurrencyOf = ({ concurrency = 8 }: { readonly concurrency?: number | undefined } = {}): number =>
  checkedNumber("concurrency", concurrency, 1)

/** The failure that stands for a defect of a step in a batch. */
export const defectOf = (step: string) => (defect: unknown): RunnableDefectError =>
  new RunnableDefectError({ message: `${step} had a defect: ${textOf(defect)}`, step, cause: defect })

// -----------------------------------------------------------------------------
// inputs
// -----------------------------------------------------------------------------

/** Throws for a value that is no list, which callers without types may give. A text would be a list of its letters. */
const checkedInputs = <In>(inputs: Inputs<In>): Inputs<In> => {
  if (typeof inputs === "object" && inputs !== null && Symbol.iterator in inputs) return inputs
  throw new TypeError(`The inputs of a batch must be a list, not ${nameOf(inputs)}`)
}

/** The number of inputs, if they tell it. */
const lengthOf = (inputs: object): number | undefined => {
  const length: unknown = "length" in inputs ? inputs.length : "size" in inputs ? inputs.size : undefined
  return typeof length === "number" ? length : undefined
}

/** Each input with its index, read when it is asked for. An iterator that is left before its end is closed. */
const oneByOne = <In>(inputs: Iterable<In>): Stream.Stream<readonly [index: number, input: In]> =>
  Stream.suspend(() => {
    const entries = numbered(inputs)
    return Stream.ensuring(Stream.fromIterable(entries, { chunkSize: 1 }), Effect.sync(() => entries.return()))
  })

function* numbered<In>(inputs: Iterable<In>): Generator<readonly [index: number, input: In], void, void> {
  let index = 0
  for (const input of inputs) yield [index++, input]
}

// -----------------------------------------------------------------------------
// progress
// -----------------------------------------------------------------------------

/** Reports each result before it is given, one after the other, so that the numbers rise. */
const reporter = (total: number | undefined, { onProgress }: BatchOptions = {}) => {
  if (onProgress === undefined) return <R extends Outcome, S>(result: Effect.Effect<R, never, S>) => result
  const turn = Semaphore.makeUnsafe(1)
  let done = 0
  let failed = 0
  const report = (result: Outcome) =>
    turn.withPermit(Effect.suspend(() => {
      done++
      if (Result.isFailure(result)) failed++
      return Effect.catchCause(
        Effect.suspend(() => {
          const reported = onProgress({ done, failed, ...optional("total", total) })
          if (Effect.isEffect(reported)) return reported
          throw new TypeError(`onProgress must return an effect, not ${nameOf(reported)}`)
        }),
        (cause) => Effect.logWarning("onProgress failed", cause)
      )
    }))
  return <R extends Outcome, S>(result: Effect.Effect<R, never, S>) => Effect.tap(result, report)
}

type Outcome = Result.Result<unknown, unknown>
