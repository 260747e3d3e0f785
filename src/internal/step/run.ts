/**
 * Operations on runs: collect a run, convert it to a stream and a stream to it, change its chunks. Combinators, models
 * and tools are built on these. Knows no step and no event. A stage costs one Effect operation a read.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { optional } from "../optional.ts"
import { last } from "./fold.ts"
import type { ChunkFold } from "./fold.ts"
import type { ChunkPull, Chunks, Opener, PullInside, Run } from "./types.ts"

/** The key under which a runnable has its step. */
export const TypeId = "~rivulet/Runnable"

// -----------------------------------------------------------------------------
// from and to streams
// -----------------------------------------------------------------------------

/** The stream that opens a run when it is started, and stops it when it is left. */
export const toStream = <Chunk, Out, E, R>(open: Opener<Chunk, Out, E, R>): Stream.Stream<Chunk, E, R> =>
  Stream.fromChannel(Channel.fromTransform((_, scope) => Effect.map(open(scope), (run) => run.pull)))

/** The run of a stream. */
export const fromStream = <Chunk, Out, E, R>(
  stream: Stream.Stream<Chunk, E, R>,
  fold: () => ChunkFold<Chunk, Out>
): Opener<Chunk, Out, E, R> =>
(scope) => Effect.map(pullOf(stream, scope), (pull) => ({ pull, fold }))

/** The pull of a stream that is started now. */
const pullOf = <Chunk, E, R>(
  stream: Stream.Stream<Chunk, E, R>,
  scope: Scope.Scope
): Effect.Effect<ChunkPull<Chunk, E, R>, never, R> => Channel.toPullScoped(Stream.toChannel(stream), scope)

// -----------------------------------------------------------------------------
// values
// -----------------------------------------------------------------------------

/** A run that gives one value. The effect runs with the first pull. */
export const single = <Out, E, R>(value: Effect.Effect<Out, E, R>): Run<Out, Out, E, R> => ({
  pull: once(Effect.map(value, Array.of)),
  fold: () => last<Out>(),
  single: true
})

/** A pull that gives these chunks and then ends. */
export const once = <Chunk, E, R>(chunks: Effect.Effect<Chunks<Chunk>, E, R>): ChunkPull<Chunk, E, R> => {
  let given = false
  return Effect.suspend((): ChunkPull<Chunk, E, R> => {
    if (given) return Cause.done()
    given = true
    return chunks
  })
}

/** The whole output of a run, which is closed before the output is returned. */
export const collect = <Chunk, Out, E, R>(open: Opener<Chunk, Out, E, R>): Effect.Effect<Out, E, R> =>
  Effect.scopedWith((scope) =>
    Effect.flatMap(open(scope), (run) => {
      if (run.whole !== undefined) return run.whole
      const fold = run.fold()
      return Effect.map(untilDone(Effect.map(run.pull, fold.add)), fold.done)
    })
  )

/** Repeats a pull, or an effect of one, until it is done. */
export const untilDone = <E, R>(pull: Pull.Pull<unknown, E, void, R>): Effect.Effect<void, E, R> =>
  Pull.catchDone(Effect.forever(pull, { disableYield: true }), () => Effect.void)

// -----------------------------------------------------------------------------
// chunks
// -----------------------------------------------------------------------------

/** A run with another pull of the same chunks, which therefore fold as they did. */
export const withPull = <Chunk, Out, E, R, E2, R2>(
  run: Run<Chunk, Out, E, R>,
  pull: ChunkPull<Chunk, E2, R2>
): Run<Chunk, Out, E2, R2> => ({ pull, fold: run.fold, single: run.single })

/** Opens a run, and pulls it, with other services. A change should remember its last result. */
export const withServices = <Chunk, Out, E, R, R2>(
  change: (services: Context.Context<R2>) => Context.Context<NoInfer<R>>,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R2> =>
(scope) =>
  Effect.map(Effect.updateContext(open(scope), change), (run) => {
    const { inside: inner } = run
    // A run has the services of its type.
    const outer = change as unknown as PullInside<Chunk, E>["change"]
    const inside: PullInside<Chunk, E> = inner === undefined
      ? { pull: run.pull as ChunkPull<Chunk, E, never>, change: outer }
      // Two changes are one.
      : { pull: inner.pull, change: (services) => inner.change(outer(services)) }
    return {
      ...pulledInside(run, inside),
      ...optional("whole", run.whole && Effect.updateContext(run.whole, change))
    }
  })

/** A run with a pull that is pulled with other services. */
export const pulledInside = <Chunk, Out, E, R, E2>(
  run: Run<Chunk, Out, E, R>,
  inside: PullInside<Chunk, E2>
): Run<Chunk, Out, E2, never> => ({ ...withPull(run, Effect.updateContext(inside.pull, inside.change)), inside })

/** A function that remembers its last result, as most reads have the services of the one before. */
export const remembered = <A, B>(f: (input: A) => B): (input: A) => B => {
  let last: { readonly input: A; readonly result: B } | undefined
  return (input) => {
    if (last?.input !== input) last = { input, result: f(input) }
    return last.result
  }
}

/** The same run, observed. `end` runs before the end is passed on, `failed` instead of passing on a failure. */
export const observed = <Chunk, Out, E, R, E2, R2>(
  run: Run<Chunk, Out, E, R>,
  observer: {
    readonly chunks: (chunks: Chunks<Chunk>) => void
    readonly end: () => Effect.Effect<unknown, E2, R2>
    readonly failed?: ((cause: Cause.Cause<E>) => Effect.Effect<never, E | E2, R2>) | undefined
  }
): Run<Chunk, Out, E | E2, R | R2> =>
  withPull(
    run,
    Pull.matchEffect(run.pull, {
      onSuccess: (chunks): ChunkPull<Chunk, E | E2, R2> => {
        observer.chunks(chunks)
        return Effect.succeed(chunks)
      },
      onDone: () => Effect.andThen(Effect.suspend(observer.end), Cause.done()),
      onFailure: observer.failed ?? Effect.failCause
    })
  )

/** The chunks for which `f` gives a value, as these values. */
export const filterMap = <A, B, E, R>(
  pull: ChunkPull<A, E, R>,
  f: (chunk: A) => B | undefined
): ChunkPull<B, E, R> => {
  const next: ChunkPull<B, E, R> = Effect.flatMap(pull, (chunks): ChunkPull<B, E, R> => {
    const found: Array<B> = []
    for (const chunk of chunks) {
      const value = f(chunk)
      if (value !== undefined) found.push(value)
    }
    return Array.isReadonlyArrayNonEmpty(found) ? Effect.succeed(found) : next
  })
  return next
}
