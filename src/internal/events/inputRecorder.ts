/**
 * Records the chunks that a watched step reads, for its events: it starts with the first of them or with the last, and
 * its end event shows what they fold to. Used by `watch` alone.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import type { ChunkFold, Folded } from "../step/fold.ts"
import { withPull } from "../step/run.ts"
import type { ChunkPull, Opener } from "../step/types.ts"

/** The input of one run of a step that reads chunks. */
export class InputRecorder {
  readonly _tag = "Chunks"
  readonly #foldOf: (() => ChunkFold<never, unknown>) | undefined
  #fold: Folded<unknown> | undefined
  #whole: unknown
  /** Runs when the first chunk has come, or the end without one. */
  onFirst: Effect.Effect<void> = Effect.void
  /** Runs when all chunks have come. */
  onEnd: Effect.Effect<void> = Effect.void
  /** All chunks have come. */
  complete = false
  /** The run that is read has failed. */
  failed = false

  /** @param foldOf how events show the chunks; by default as the value they fold to */
  constructor(foldOf: (() => ChunkFold<never, unknown>) | undefined) {
    this.#foldOf = foldOf
  }

  /** The same run, recorded while it is read. */
  record<Chunk, Out, E, R>(open: Opener<Chunk, Out, E, R>): Opener<Chunk, Out, E, R> {
    return (scope) =>
      Effect.matchCauseEffect(open(scope), {
        onFailure: (cause) => this.#fail(cause),
        onSuccess: (run) => {
          // A fold that a step gives for its events takes the chunks that the step reads.
          const fold = (this.#foldOf as (() => ChunkFold<Chunk, unknown>) | undefined ?? run.fold)()
          this.#fold = fold
          return Effect.succeed(withPull(run, this.#recorded(run.pull, fold)))
        }
      })
  }

  #recorded<Chunk, E, R>(pull: ChunkPull<Chunk, E, R>, fold: ChunkFold<Chunk, unknown>): ChunkPull<Chunk, E, R> {
    let first = true
    return Pull.matchEffect(pull, {
      onSuccess: (chunks) => {
        fold.add(chunks)
        if (!first) return Effect.succeed(chunks)
        first = false
        return Effect.as(this.onFirst, chunks)
      },
      onDone: () =>
        Effect.suspend(() => {
          this.#whole = this.#soFar()
          this.complete = true
          return Effect.andThen(Effect.andThen(this.onFirst, this.onEnd), Cause.done())
        }),
      onFailure: (cause) => this.#fail(cause)
    })
  }

  #fail<E>(cause: Cause.Cause<E>): Effect.Effect<never, E> {
    this.failed = true
    return Effect.failCause(cause)
  }

  /** The whole input, or the part of it that has come. */
  value(): unknown {
    return this.complete ? this.#whole : this.#soFar()
  }

  #soFar(): unknown {
    return this.#fold?.done() ?? this.#fold?.partial()
  }
}
