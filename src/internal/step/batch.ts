/**
 * The types of batches. `Runnable` and `CallOptions` export them; runnable/batch.ts runs batches. Types only: it must
 * import no value.
 */
import type * as Effect from "effect/Effect"

/** How far a batch is. */
export interface BatchProgress {
  /** The number of inputs that have a result. */
  readonly done: number
  /** The number of all inputs. Absent if they are an iterable that does not tell it. */
  readonly total?: number | undefined
  /** The number of inputs whose result is a failure. They are among `done`. */
  readonly failed: number
}

/** Options of a batch. */
export interface BatchOptions {
  /** The maximum number of inputs that run at the same time, at least 1. 8 by default. */
  readonly concurrency?: number | undefined
  /**
   * Runs when an input has its result, one report after the other. The next input takes the place of this one when its
   * report has ended. If it dies, a warning is logged and the batch goes on. Defaults to nothing.
   */
  readonly onProgress?: ((progress: BatchProgress) => Effect.Effect<unknown>) | undefined
}

/** The inputs of a batch: an array or any other iterable, but not a text, whose letters would be the inputs. */
export type Inputs<In> = Iterable<In> & object
