/**
 * One run of a chat for one request: streamed, or folded to a whole answer. The server calls it. It owns when the head of
 * a response is sent, what ends a stream, and who hears of failures. It knows no wire and no chat. A read of the chain
 * costs one encoding and one write.
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { untilDone } from "../internal/step/run.ts"
import type { PublicError } from "./publicError.ts"
import { isPublicError, stopping } from "./publicError.ts"
import { ResponseBody, Stalled } from "./responseBody.ts"
import type { Encoder, Ended, Folder, Item } from "./wire.ts"

/** A run that is about to start. */
export interface Running<R> {
  readonly items: Stream.Stream<Item, unknown, R>
  /** How the run ended. Asked after the last item. */
  readonly ended: () => Ended
  /** The error for the client. Runs once for a run that fails, and tells the server's operator. */
  readonly failed: (cause: Cause.Cause<unknown>) => Effect.Effect<PublicError, never, R>
  /** The runs of the server, which {@link Runs.stop} ends. */
  readonly runs: Runs
}

/** The time limits of a streamed run. */
export interface Times {
  readonly headWait: Duration.Duration
  readonly heartbeat: Duration.Duration
  readonly stalled: Duration.Duration
}

// -----------------------------------------------------------------------------
// the runs of a server
// -----------------------------------------------------------------------------

interface Active {
  /** Ends the run with an error that its client is told. */
  readonly stop: Deferred.Deferred<never, PublicError>
  /** Interrupts it. Does not wait. */
  readonly kill: () => void
  /** Breaks its response off, whatever its finalizers do. */
  readonly cut: () => void
  readonly over: Deferred.Deferred<void>
}

/** The runs of one server. */
export class Runs {
  readonly #active = new Set<Active>()
  isStopping = false

  /** Runs an effect that {@link stop} can end. `use` gets the effect that fails when it does; `cut` breaks it off. */
  readonly track = <A, E, R>(
    use: (stop: Effect.Effect<never, PublicError>) => Effect.Effect<A, E, R>,
    cut: () => void = () => {}
  ): Effect.Effect<A, E | PublicError, R> =>
    Effect.withFiber((fiber): Effect.Effect<A, E | PublicError, R> => {
      if (this.isStopping) return Effect.fail(stopping)
      const active: Active = {
        stop: Deferred.makeUnsafe(),
        kill: () => fiber.interruptUnsafe(),
        cut,
        over: Deferred.makeUnsafe()
      }
      this.#active.add(active)
      return Effect.ensuring(
        Effect.suspend(() => use(Deferred.await(active.stop))),
        Effect.sync(() => {
          this.#active.delete(active)
          Deferred.doneUnsafe(active.over, Exit.void)
        })
      )
    })

  /** Ends all runs: each tells its client, and those that have not after this time are cut. */
  stop(drain: Duration.Duration): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isStopping = true
      const active = [...this.#active]
      for (const { stop } of active) Deferred.doneUnsafe(stop, Exit.fail(stopping))
      const over = Effect.timeoutOption(
        Effect.forEach(active, ({ over }) => Deferred.await(over), { discard: true }),
        drain
      )
      const kill = Effect.sync(() => {
        for (const each of this.#active) {
          each.cut()
          each.kill()
        }
      })
      // A finalizer that hangs does not keep the server from ending.
      return Effect.asVoid(Effect.andThen(Effect.andThen(over, kill), over))
    })
  }
}

// -----------------------------------------------------------------------------
// runs
// -----------------------------------------------------------------------------

/** Reads a run to its end, and closes it. */
const readAll = <R, E2, R2>(
  items: Stream.Stream<Item, unknown, R>,
  read: (items: ReadonlyArray<Item>) => Effect.Effect<void, E2, R2>
) => Effect.scoped(Effect.flatMap(Stream.toPull(items), (pull) => untilDone(Effect.flatMap(pull, read))))

const isStalled = ({ reasons }: Cause.Cause<unknown>): boolean =>
  reasons.some((reason) => reason._tag === "Fail" && reason.error instanceof Stalled)

/** A whole answer: the body of the response. */
export const folded = <R>(run: Running<R>, folder: Folder): Effect.Effect<string, PublicError, R> =>
  run.runs.track((stop) =>
    readAll(run.items, (items) => Effect.sync(() => folder.add(items))).pipe(
      Effect.raceFirst(stop),
      Effect.map(() => folder.end(run.ended())),
      Effect.catchCause((cause) => Effect.flatMap(run.failed(cause), Effect.fail))
    )
  )

/**
 * A streamed answer: the body of the response, once its first frame is there or `headWait` has passed. A failure before
 * that is the error of the response.
 *
 * The run has a fiber of its own, as it outlives the call that starts it. It ends when its reader leaves, when `signal` is
 * aborted, and when the server stops.
 */
export const streamed = <R>(
  run: Running<R>,
  encoder: Encoder,
  options: { readonly times: Times; readonly heartbeat: string; readonly signal: AbortSignal }
): Effect.Effect<ReadableStream<Uint8Array>, PublicError, R> =>
  Effect.suspend(() => {
    const { signal, times } = options
    const head = Deferred.makeUnsafe<void, PublicError>()
    let isCommitted = false
    let fiber: Fiber.Fiber<void> | undefined
    const leave = Effect.suspend(() => fiber === undefined ? Effect.void : Fiber.interrupt(fiber))
    const body = new ResponseBody(times.stalled, () => Effect.runPromise(Effect.asVoid(leave)))
    const aborted = () => {
      Effect.runFork(leave)
    }

    /** From here on the status is 200. The frames before all others. */
    const commit = (): string => {
      if (isCommitted) return ""
      isCommitted = true
      Deferred.doneUnsafe(head, Exit.void)
      return encoder.start()
    }

    const pump = readAll(run.items, (items): Effect.Effect<void, PublicError | Stalled> => {
      const frames = encoder.chunk(items)
      if (isPublicError(frames)) return Effect.fail(frames)
      return frames === "" ? Effect.void : body.write(commit() + frames)
    })

    const heartbeats = Effect.forever(Effect.map(Effect.sleep(times.heartbeat), () => {
      if (isCommitted && !body.wrote && body.wanted) body.push(options.heartbeat)
      body.wrote = false
    }))

    const refused = (error: PublicError): string => {
      if (isCommitted) return encoder.error(error)
      isCommitted = true
      Deferred.doneUnsafe(head, Exit.fail(error))
      return ""
    }

    const whole = run.runs.track((stop) =>
      Effect.raceAllFirst([pump, stop, heartbeats]).pipe(
        Effect.map(() => commit() + encoder.end(run.ended())),
        Effect.catchCause((cause) =>
          isStalled(cause) ? Effect.fail(new Stalled()) : Effect.map(run.failed(cause), refused)
        ),
        Effect.map((last) => body.push(last)),
        // The run counts as open until its reader has everything.
        Effect.andThen(body.taken),
        Effect.map(() => body.end())
      ), () => body.destroy()).pipe(
        // The server stops before the run starts, or the reader takes nothing. There is nobody to write for.
        Effect.ignore,
        Effect.ensuring(Effect.sync(() => {
          signal.removeEventListener("abort", aborted)
          body.destroy()
          if (!isCommitted) Deferred.doneUnsafe(head, Exit.fail(stopping))
        }))
      )

    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.forkDetach(Effect.interruptible(whole)), (forked) => {
        fiber = forked
        if (signal.aborted) aborted()
        else signal.addEventListener("abort", aborted, { once: true })
        return restore(Deferred.await(head)).pipe(
          Effect.timeoutOrElse({
            duration: times.headWait,
            orElse: () => Effect.sync(() => body.push(commit()))
          }),
          Effect.as(body.stream),
          Effect.onInterrupt(() => leave)
        )
      })
    )
  })
