import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { Kept } from "../step/fold.ts"

/** A fold of the chunks that are read. */
interface Reader<in Chunk> extends Kept<unknown> {
  readonly follow: (chunks: readonly [Chunk, ...Array<Chunk>]) => unknown
}

/** What a step has read of the chunks it works on. */
export class Reading<in Chunk> {
  readonly _tag = "Streamed"
  readonly #folder: Reader<Chunk>
  /** What is to be done when there is a first chunk, or the end without one. */
  onFirst: Effect.Effect<void> = Effect.void
  /** What is to be done when all has come. */
  onEnd: Effect.Effect<void> = Effect.void
  /** What is read has failed. */
  failed = false
  /** All has come. */
  over = false
  #whole: unknown

  constructor(folder: Reader<Chunk>) {
    this.#folder = folder
  }

  add(chunks: readonly [Chunk, ...Array<Chunk>]): void {
    this.#folder.follow(chunks)
  }

  end(): void {
    this.over = true
    this.#whole = this.#folder.done() ?? this.#folder.partial()
  }

  /** All that came, or what has come so far of it. */
  input(): unknown {
    return this.over ? this.#whole : this.#folder.done() ?? this.#folder.partial()
  }
}

/** A stream that is noted while it is read. */
export const noting = <A, E, R>(stream: Stream.Stream<A, E, R>, reading: Reading<A>): Stream.Stream<A, E, R> =>
  Stream.transformPull(stream, (pull) => {
    let first = true
    return Effect.succeed(Pull.matchEffect(pull, {
      onSuccess: (chunks) => {
        reading.add(chunks)
        if (!first) return Effect.succeed(chunks)
        first = false
        return Effect.as(reading.onFirst, chunks)
      },
      onDone: () =>
        Effect.suspend(() => {
          reading.end()
          return Effect.andThen(Effect.andThen(reading.onFirst, reading.onEnd), Cause.done())
        }),
      onFailure: (cause) => {
        reading.failed = true
        return Effect.failCause(cause)
      }
    }))
  })
