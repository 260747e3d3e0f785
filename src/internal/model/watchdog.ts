/**
 * The time limits of one call of a model. Used by `call`; adapters see it as the `ConnectionMonitor` of their request. One
 * fiber a call; a chunk costs one reading of the clock.
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { TimeoutOptions } from "../../CallOptions.ts"
import { TimeoutError } from "../../ChatModelError.ts"
import { forkedWait } from "../stream/forkedWait.ts"
import type { ConnectionMonitor } from "./request.ts"

type Phase = TimeoutError["phase"]

/** The time limits of a call, in milliseconds; `Infinity` is none. */
export interface Limits {
  readonly connect: number
  readonly first_chunk: number
  readonly idle: number
  readonly total: number
}

/** The limits of a call, with the defaults of `TimeoutOptions`. */
export const limitsOf = (options: TimeoutOptions | undefined): Limits => ({
  connect: millis(options?.connect, 60_000),
  first_chunk: millis(options?.firstChunk, 120_000),
  idle: millis(options?.idle, 60_000),
  total: millis(options?.total, Infinity)
})

const millis = (input: Duration.Input | false | undefined, byDefault: number): number =>
  input === undefined ? byDefault : input === false ? Infinity : Duration.toMillis(Duration.fromInputUnsafe(input))

/**
 * The time limits of one call, enforced by one fiber that sleeps from deadline to deadline. Everything else only records
 * the time, so a token costs no timer.
 *
 * The fiber never sleeps longer than the shortest limit. A deadline that is set while it sleeps is at least that far
 * ahead, so the fiber always wakes in time.
 */
export class Watchdog implements ConnectionMonitor {
  readonly active: boolean
  readonly #limits: Limits
  readonly #clock: Clock.Clock
  readonly #services: Context.Context<never>
  readonly #release: () => Effect.Effect<void>
  readonly #nap: number
  readonly #deadline: number
  #phase: Exclude<Phase, "total"> = "connect"
  #since: number
  #expired: TimeoutError | undefined
  #fiber: Fiber.Fiber<void> | undefined
  /** Ends the current wait; undefined when nobody waits. */
  #abort: ((error: TimeoutError) => void) | undefined
  #endWait: (() => void) | undefined

  /** `release` closes the connection when the time is up and nobody waits for a chunk. */
  constructor(
    limits: Limits,
    clock: Clock.Clock,
    services: Context.Context<never>,
    release: () => Effect.Effect<void>
  ) {
    this.#limits = limits
    this.#clock = clock
    this.#services = services
    this.#release = release
    this.#nap = Math.min(limits.connect, limits.first_chunk, limits.idle)
    this.#since = clock.currentTimeMillisUnsafe()
    this.#deadline = this.#since + limits.total
    this.active = Number.isFinite(this.#nap) || Number.isFinite(limits.total)
  }

  /** A new attempt starts. */
  begin(): void {
    this.#endWait = undefined
    // The fiber ended with the limit that expired. The attempt has its own limits; the total limit goes on.
    if (this.#expired !== undefined) {
      this.#expired = undefined
      this.#fiber = undefined
    }
    this.#enter("connect")
  }

  connected(): void {
    if (this.#phase === "connect") this.#enter("first_chunk")
  }

  /** Chunks arrived. */
  chunks(): void {
    this.#abort = undefined
    this.#phase = "idle" // its time starts with the next wait
  }

  activity(): void {
    if (this.#phase === "idle") this.#since = this.#clock.currentTimeMillisUnsafe()
  }

  /** Milliseconds left of the whole call. */
  remaining(): number {
    return this.#deadline - this.#clock.currentTimeMillisUnsafe()
  }

  #enter(phase: Exclude<Phase, "total">): void {
    this.#phase = phase
    this.#since = this.#clock.currentTimeMillisUnsafe()
  }

  onAbort(abort: () => void): void {
    this.#endWait = abort
  }

  /** The limit that expired. The end of a wait since then is only its consequence. */
  get expired(): TimeoutError | undefined {
    return this.#expired
  }

  /**
   * A wait starts now. Returns the pull, or a pull that fails when the time is up. The original pull has ended, and its
   * finalizers have run, before the failure.
   */
  wait<A, E>(pull: Effect.Effect<A, E>): Effect.Effect<A, E | TimeoutError> {
    if (!this.active) return pull
    if (this.#expired !== undefined) return Effect.fail(this.#expired)
    this.#since = this.#clock.currentTimeMillisUnsafe()
    if (this.#endWait === undefined) return this.#forked(pull)
    this.#start()
    this.#abort = this.#endWait
    return pull
  }

  #start(): void {
    this.#fiber ??= Effect.runForkWith(this.#services)(Effect.suspend(() => this.#watch()))
  }

  /** The pull in a fiber of its own, which can be interrupted. */
  #forked<A, E>(pull: Effect.Effect<A, E>): Effect.Effect<A, E | TimeoutError> {
    return forkedWait<A, E | TimeoutError, never>(pull, this.#services, (wait) => {
      // After the fork, so that the request is sent first.
      if (wait !== undefined) this.#start()
      this.#abort = wait && ((error) => wait.end(Effect.andThen(Fiber.interrupt(wait.fiber), Effect.fail(error))))
    })
  }

  /** Nobody waits any more. */
  waited(): void {
    this.#abort = undefined
  }

  /** The call is over. */
  stop(): Effect.Effect<void> {
    return this.#fiber === undefined ? Effect.void : Fiber.interrupt(this.#fiber)
  }

  /** The fiber sleeps until a deadline may have passed, and ends when one has. */
  #watch(): Effect.Effect<void> {
    const now = this.#clock.currentTimeMillisUnsafe()
    // While nobody waits for a chunk the consumer is busy, and only the total limit runs.
    const phaseLeft = this.#abort === undefined ? this.#nap : this.#since + this.#limits[this.#phase] - now
    const left = Math.min(phaseLeft, this.#deadline - now)
    if (left > 0) return Effect.flatMap(Effect.sleep(Math.min(left, this.#nap)), () => this.#watch())
    const phase: Phase = this.#deadline - now <= 0 ? "total" : this.#phase
    this.#expired = new TimeoutError({ phase, message: describe(phase, this.#limits[phase]) })
    if (this.#abort === undefined) return this.#release()
    this.#abort(this.#expired)
    return Effect.void
  }
}

const describe = (phase: Phase, limit: number): string => {
  const time = Duration.format(Duration.millis(limit))
  switch (phase) {
    case "connect":
      return `No response headers within ${time}`
    case "first_chunk":
      return `No chunk within ${time} of the response headers`
    case "idle":
      return `Nothing arrived for ${time}`
    case "total":
      return `The call took longer than ${time}`
  }
}
