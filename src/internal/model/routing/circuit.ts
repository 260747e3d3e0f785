/**
 * Leaves a model out after failures in a row. Used by the router, one for each of its models. It reads no clock: the
 * router says the time.
 */
import * as Duration from "effect/Duration"
import type { ChatModelError } from "../../../ChatModelError.ts"
import { checkedDuration, checkedNumber } from "../../defects.ts"
import { nameOf } from "../../excerpt.ts"

/** When, and for how long, a router leaves out a model that fails. */
export interface CoolDownOptions {
  /** The failures in a row after which a model is left out. At least 1. Defaults to 3. */
  readonly failures?: number | undefined
  /**
   * The time for which it is left out. It doubles each time the model fails right after it. A longer `retryAfter` of the
   * provider takes precedence. Defaults to 10 seconds.
   */
  readonly duration?: Duration.Input | undefined
  /** The longest time for which it is left out. Defaults to 5 minutes. */
  readonly maxDuration?: Duration.Input | undefined
}

/** Checked options; times in milliseconds. */
export interface CoolDown {
  readonly failures: number
  readonly duration: number
  readonly maxDuration: number
}

/** The checked options of a router. With `false` no number of failures is enough. */
export const coolDownOf = (name: string, options: CoolDownOptions | false | undefined): CoolDown => {
  if (options !== undefined && options !== false && typeof options !== "object") {
    throw new TypeError(`${name} must have \`failures\` or \`duration\`, or be false, not ${nameOf(options)}`)
  }
  const { duration = "10 seconds", failures = 3, maxDuration = "5 minutes" } = options || {}
  return {
    failures: options === false ? Infinity : checkedNumber(`${name}: failures`, failures, 1),
    duration: Duration.toMillis(checkedDuration(`${name}: duration`, duration)),
    maxDuration: Duration.toMillis(checkedDuration(`${name}: maxDuration`, maxDuration))
  }
}

/**
 * Counts the failures in a row of one model. While the model is left out, and until one call has tried it again, the
 * outcomes of other calls do not count: they began before.
 */
export class Circuit {
  readonly #options: CoolDown
  #failures = 0
  #times = 0
  #until = -Infinity
  #probing = false

  constructor(options: CoolDown) {
    this.#options = options
  }

  /** The time until which the model is left out, which may have passed. */
  get until(): number {
    return this.#until
  }

  get #open(): boolean {
    return this.#failures >= this.#options.failures
  }

  /** Whether a call may ask the model. */
  isHealthy(now: number): boolean {
    return !this.#open || (now >= this.#until && !this.#probing)
  }

  /** A call asks the model. Returns whether it is the call that tries the model again. */
  enter(): boolean {
    if (!this.#open || this.#probing) return false
    this.#probing = true
    return true
  }

  succeeded(probe: boolean): void {
    if (this.#open && !probe) return
    this.#failures = 0
    this.#times = 0
    this.#probing = false
  }

  /** Returns the milliseconds for which the model is left out from now on, if this failure is the reason. */
  failed(probe: boolean, error: ChatModelError, now: number): number | undefined {
    if (this.#open && !probe) return undefined
    this.#failures++
    this.#probing = false
    if (!this.#open) return undefined
    const { duration, maxDuration } = this.#options
    const retryAfter = error.retryAfter === undefined ? 0 : Duration.toMillis(error.retryAfter)
    const time = Math.max(Math.min(duration * 2 ** this.#times++, maxDuration), retryAfter)
    this.#until = now + time
    return time
  }

  /** The call says nothing about the model. */
  left(probe: boolean): void {
    if (probe) this.#probing = false
  }
}
