/**
 * Lets calls start at a bounded rate, in the order in which they came. It waits and counts the calls that run; a
 * {@link LimitStore} remembers what started: in memory here, in Redis in `ModelLimitsRedis`. Knows no model. A call that
 * need not wait costs a semaphore or two.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { Windows } from "./windows.ts"
import type { Start, WindowLimit } from "./windows.ts"

/** Remembers the starts within sliding windows of time. */
export interface LimitStore<Entry, out E> {
  /** Admits a start after a delay in milliseconds, or tells how long to wait before the next try. */
  readonly enter: (tokens: number, delay: number) => Effect.Effect<Admission<Entry>, E>
  /** Corrects the tokens of a start. */
  readonly settle: (entry: Entry, tokens: number) => Effect.Effect<void>
  /** Admits nothing for this time. */
  readonly pause: (duration: Duration.Duration) => Effect.Effect<void>
}

/** Whether a start is admitted. */
export type Admission<Entry> =
  | { readonly _tag: "Admitted"; readonly entry: Entry }
  | { readonly _tag: "Wait"; readonly duration: Duration.Duration }

/** A start that was admitted. */
export interface Admitted {
  /** Corrects its tokens. */
  readonly settle: (tokens: number) => Effect.Effect<void>
}

/** Lets calls start, one after the other. */
export interface Limiter<out E> {
  /** Waits until a call may start. Its place among the running calls is free again when the scope closes. */
  readonly start: (tokens: number, scope: Scope.Scope) => Effect.Effect<Admitted, E>
  /** Waits until a call that runs may start another request after a delay. It does not queue behind the calls that wait. */
  readonly restart: (tokens: number, delay: Duration.Duration) => Effect.Effect<Admitted, E>
  /** Lets nothing start for this time. */
  readonly pause: (duration: Duration.Duration) => Effect.Effect<void>
}

/** A limiter on a store. */
export const makeLimiter = <Entry, E>(store: LimitStore<Entry, E>, concurrency: number | undefined): Limiter<E> => {
  // The first in line waits for room, the others for their turn.
  const turn = Semaphore.makeUnsafe(1)
  const running = concurrency === undefined ? undefined : Semaphore.makeUnsafe(concurrency)
  const roomMade = Latch.makeUnsafe(false)

  const admitted = (entry: Entry): Admitted => ({
    settle: (tokens) => Effect.andThen(store.settle(entry, tokens), Latch.release(roomMade))
  })
  const enter = (tokens: number, delay: number): Effect.Effect<Admitted, E> =>
    Effect.flatMap(store.enter(tokens, delay), (admission) =>
      admission._tag === "Admitted"
        ? Effect.succeed(admitted(admission.entry))
        : Effect.andThen(
          Effect.timeoutOption(Latch.await(roomMade), admission.duration),
          Effect.suspend(() => enter(tokens, delay))
        ))

  return {
    start: (tokens, scope) => {
      const entered = enter(tokens, 0)
      return turn.withPermit(
        running === undefined
          ? entered
          : Effect.andThen(Effect.provideService(running.takeScoped(1), Scope.Scope, scope), entered)
      )
    },
    restart: (tokens, delay) => enter(tokens, Duration.toMillis(delay)),
    pause: store.pause
  }
}

/** A store in the memory of the process. */
export const makeMemoryStore = (limits: ReadonlyArray<WindowLimit>): LimitStore<Start, never> => {
  const windows = new Windows(limits)
  return {
    enter: (tokens, delay) =>
      withTime((now): Admission<Start> => {
        const at = now + Math.ceil(delay * 1000)
        const entered = windows.enter(now, at, tokens)
        return typeof entered === "number"
          ? { _tag: "Wait", duration: Duration.millis(Math.ceil((entered - at) / 1000)) }
          : { _tag: "Admitted", entry: entered }
      }),
    settle: (start, tokens) => Effect.sync(() => windows.settle(start, tokens)),
    pause: (duration) => withTime((now) => windows.pause(now + Duration.toMillis(duration) * 1000))
  }
}

const withTime = <A>(use: (now: number) => A): Effect.Effect<A> =>
  Effect.clockWith((clock) => Effect.sync(() => use(microsOf(clock))))

/** Microseconds of the monotonic clock, as the time of day may be set back. */
const microsOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe() / nanosPerMicro)

const nanosPerMicro = BigInt(1000)
