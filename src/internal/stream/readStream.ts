/**
 * Reads a stream with a parser that has state. For the parsers of answers and of JSON. A read costs one Effect operation.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"

/** A parser of a stream. */
export interface StreamReader<In, Out, E, R> {
  /** The output for one array of the input. */
  readonly push: (items: ReadonlyArray<In>) => Effect.Effect<ReadonlyArray<Out>, never, R>
  /** The reason why the input cannot be read further, if so. The output before it counts. */
  readonly failure: () => E | undefined
  /** The output after the end of the input. */
  readonly end: Effect.Effect<ReadonlyArray<Out>, E, R>
}

/** The output of a parser for a stream, array by array. It ends where the parser fails. */
export const readStream = <In, Out, E, R, E2, R2>(
  input: Stream.Stream<In, E, R>,
  make: () => StreamReader<In, Out, E2, R2>
): Stream.Stream<Out, E | E2, R | R2> =>
  Stream.transformPull(input, (pull) =>
    Effect.sync(() => {
      const reader = make()
      let over = false
      type Next = Pull.Pull<readonly [Out, ...Array<Out>], E | E2, void, R2>
      const some = (items: ReadonlyArray<Out>, none: Next): Next =>
        Array.isReadonlyArrayNonEmpty(items) ? Effect.succeed(items) : none
      const next: Next = Effect.suspend((): Next => {
        const failure = reader.failure()
        if (failure !== undefined) return Effect.fail(failure)
        if (over) return Cause.done()
        return Pull.matchEffect(pull, {
          onSuccess: (items) => Effect.flatMap(reader.push(items), (out) => some(out, next)),
          onFailure: (cause) => Effect.failCause(cause),
          onDone: () => {
            over = true
            return Effect.flatMap(reader.end, (out) => some(out, Cause.done()))
          }
        })
      })
      return next
    }))
