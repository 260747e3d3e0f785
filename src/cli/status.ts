/**
 * The status line: what a model does while no text comes. It is shown on a terminal only, dim, and is gone before any
 * other text is written. show.ts, events.ts and compare.ts use it.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { fstatSync } from "node:fs"
import type { AIMessageChunk } from "../AIMessageChunk.ts"
import type { Retry } from "../CallOptions.ts"
import type { Reason } from "../ChatModelError.ts"
import { dim, visible } from "./output.ts"
import { fit } from "./text.ts"

/** The time for which a wait is not worth a line, in milliseconds. */
const unnoticed = 1000

/** The time between two looks at the activity. */
const interval = "100 millis"

/** The activity of a model, in words. */
export class Activity {
  readonly #name: string
  readonly #startedAt: number
  #retry: { readonly at: number; readonly cause: string } | undefined
  #deltas = 0
  #text = false

  /** Of the model with this name, which was called at this time. */
  constructor(name: string, startedAt: number) {
    this.#name = name
    this.#startedAt = startedAt
  }

  /** Whether text has begun. */
  get hasText(): boolean {
    return this.#text
  }

  /** The `onRetry` of the call. */
  readonly onRetry = ({ delay, error }: Retry): Effect.Effect<void> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      this.#retry = { at: now + Duration.toMillis(delay), cause: causes[error.reason._tag] ?? "a failure" }
    })

  /** Chunks have arrived. */
  add(chunks: ReadonlyArray<AIMessageChunk>): void {
    for (const { content, parts } of chunks) {
      this.#text ||= content !== ""
      this.#deltas += parts.length
    }
  }

  /** The activity at this time, or undefined if it is not worth a line. */
  describe(now: number): string | undefined {
    const retryIn = (this.#retry?.at ?? 0) - now
    if (this.#deltas > 0) return this.#line(`${this.#text ? "Answering" : "Thinking"}, ${tokens(this.#deltas)}`)
    if (this.#retry !== undefined && retryIn > 0) {
      return this.#line(`Retrying in ${Math.ceil(retryIn / 1000)} s after ${this.#retry.cause}`)
    }
    const waited = now - this.#startedAt
    return waited < unnoticed ? undefined : this.#line(`Waiting, ${Math.floor(waited / 1000)} s`)
  }

  #line(phrase: string): string {
    return `${phrase} (${this.#name})`
  }
}

/** A delta has about one token. */
const tokens = (deltas: number): string => deltas === 1 ? "1 token" : `about ${deltas} tokens`

const causes: { readonly [R in Reason["_tag"]]?: string } = {
  RateLimitError: "a rate limit",
  OverloadedError: "an overload",
  InternalProviderError: "a failure of the provider",
  NetworkError: "a network failure",
  TimeoutError: "a timeout",
  TruncatedError: "a truncated answer",
  MalformedResponseError: "a malformed answer"
}

/** Whether status lines are shown. Other lines on stderr would break them up. */
export const StatusShown: Context.Reference<boolean> = Context.Reference<boolean>("rivulet/cli/StatusShown", {
  defaultValue: () => true
})

/** One line of a terminal that is written over. Without a terminal it does nothing. */
export class StatusLine {
  readonly #out: NodeJS.WriteStream | undefined
  #shown = ""

  constructor(out: NodeJS.WriteStream | undefined) {
    this.#out = out
  }

  /**
   * The most terminal cells of a text. Two are left for the `^C` that a terminal echoes, and one because a full line may
   * wrap. A terminal that does not know its size says 0.
   */
  get width(): number {
    return (this.#out?.columns || 80) - 3
  }

  /** Shows a text in place of the last one. The cursor must be at the start of a line when nothing is shown. */
  show(text: string): void {
    if (this.#out === undefined) return
    const line = fit(visible(text.replace(/[\t\r\n]+/g, " ")), this.width)
    if (line === this.#shown) return
    this.#shown = line
    this.#out.write(`\r\u001b[K${dim(this.#out, line)}`)
  }

  /** Removes the text. To be called before anything else is written to the terminal. */
  clear(): void {
    this.show("")
  }

  /** Runs an effect and shows what happens meanwhile, if there is something to say. The line is gone when it ends. */
  during<A, E, R>(
    describe: (now: number) => string | undefined,
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    if (this.#out === undefined) return effect
    return Effect.flatMap(StatusShown, (shown) => shown ? this.#during(describe, effect) : effect)
  }

  #during<A, E, R>(
    describe: (now: number) => string | undefined,
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    const tick = Effect.map(Clock.currentTimeMillis, (now) => this.show(describe(now) ?? ""))
    return Effect.raceFirst(effect, Effect.forever(Effect.delay(tick, interval))).pipe(
      Effect.ensuring(Effect.sync(() => this.clear()))
    )
  }
}

/** The stream if lines on it can be written over. */
export const overwritable = (stream: NodeJS.WriteStream): NodeJS.WriteStream | undefined =>
  stream.isTTY === true && process.env["TERM"] !== "dumb" ? stream : undefined

/**
 * The terminal for a status line of a command whose result goes to stdout: stderr, if stdout is a terminal or a file.
 * What reads a pipe may write to the same terminal.
 */
export const statusTerminal = (): NodeJS.WriteStream | undefined =>
  process.stdout.isTTY === true || isFile(1) ? overwritable(process.stderr) : undefined

const isFile = (descriptor: number): boolean => {
  try {
    return fstatSync(descriptor).isFile()
  } catch {
    // It is closed.
    return false
  }
}
