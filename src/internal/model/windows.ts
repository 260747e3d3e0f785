/**
 * The starts of requests within sliding windows of time, in the memory of the process. A start is admitted only if
 * every window that contains it stays within its limit. Starts are kept one by one, because a bucket or a counter that
 * is refilled lets through up to twice its limit within one window. Admitting takes O(1) while there is room, and
 * memory for each start within the longest window.
 */

/** A limit, checked: at most so many requests and tokens within any window. Times are in microseconds. */
export interface WindowLimit {
  /** `Infinity` is no limit. */
  readonly requests: number
  /** `Infinity` is no limit. */
  readonly tokens: number
  readonly window: number
}

/** A start that was admitted. Its tokens are an estimate until they are known. */
export interface Start {
  readonly at: number
  tokens: number
}

interface Window extends WindowLimit {
  /** The index of the first start that is within the window. */
  head: number
  /** The tokens of the starts from there on. */
  sum: number
}

/** The starts within all windows of a limiter. */
export class Windows {
  readonly #windows: ReadonlyArray<Window>
  /** In the order of their times. A retry is entered for the time at which it will start. */
  #starts: Array<Start> = []
  #pausedUntil = -Infinity

  constructor(limits: ReadonlyArray<WindowLimit>) {
    this.#windows = limits.map((limit) => ({ ...limit, head: 0, sum: 0 }))
  }

  /** Admits a start at a time from now on. Returns the time at which it may be admitted at the earliest if not then. */
  enter(now: number, at: number, tokens: number): Start | number {
    this.#forget(now)
    let earliest = Math.max(at, this.#pausedUntil)
    for (const window of this.#windows) earliest = Math.max(earliest, this.#earliest(window, at, tokens))
    if (earliest > at) return earliest
    const start: Start = { at, tokens }
    let index = this.#starts.length
    while (index > 0 && this.#starts[index - 1]!.at > at) index--
    if (index === this.#starts.length) this.#starts.push(start)
    else this.#starts.splice(index, 0, start)
    for (const window of this.#windows) window.sum += tokens
    return start
  }

  /** Corrects the tokens of a start. */
  settle(start: Start, tokens: number): void {
    for (const window of this.#windows) {
      const first = this.#starts[window.head]
      // Starts of one time are within a window together or not at all.
      if (first !== undefined && start.at >= first.at) window.sum += tokens - start.tokens
    }
    start.tokens = tokens
  }

  /** Admits nothing before this time. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until)
  }

  /**
   * The earliest time, from `at` on, at which a window has room. Starts after `at` count as within it, which is at worst too
   * strict. A start with more tokens than the limit waits until it is the only one.
   */
  #earliest({ head, requests, sum, tokens: limit, window }: Window, at: number, tokens: number): number {
    const needed = Math.min(tokens, limit)
    let earliest = at
    let within = sum
    for (let i = head; i < this.#starts.length; i++) {
      const start = this.#starts[i]!
      const left = start.at + window <= at
      if (!left && this.#starts.length - i < requests && within + needed <= limit) break
      if (!left) earliest = start.at + window
      within -= start.tokens
    }
    return earliest
  }

  #forget(now: number): void {
    let unused = Infinity
    for (const window of this.#windows) {
      for (let start = this.#starts[window.head]; start !== undefined && start.at + window.window <= now;) {
        window.sum -= start.tokens
        start = this.#starts[++window.head]
      }
      // Tokens may be fractions.
      if (window.head === this.#starts.length) window.sum = 0
      unused = Math.min(unused, window.head)
    }
    // Moving the rest costs no more than the dropped starts did.
    if (unused < 256 || unused * 2 < this.#starts.length) return
    this.#starts = this.#starts.slice(unused)
    for (const window of this.#windows) window.head -= unused
  }
}
