/**
 * The body of a streamed response, which a run writes. The run waits until its reader has taken what was written, so a
 * slow client slows the chain; a reader that takes nothing for a long time is cut. A write that need not wait costs one
 * `enqueue` and no timer.
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** The reader has taken nothing for too long. */
export class Stalled extends Data.TaggedError("Stalled") {}

const utf8 = new TextEncoder()

/** The body of one response. */
export class ResponseBody {
  readonly stream: ReadableStream<Uint8Array>
  /** Whether something was written since the flag was cleared. */
  wrote = false
  readonly #stalled: Duration.Duration
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #closed = false
  #waiting: (() => void) | undefined

  /** `left` runs when the reader cancels; the cancellation waits for it. */
  constructor(stalled: Duration.Duration, left: () => Promise<void>) {
    this.#stalled = stalled
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller
      },
      pull: () => {
        const resume = this.#waiting
        this.#waiting = undefined
        resume?.()
      },
      cancel: () => {
        this.#closed = true
        return left()
      }
    })
  }

  /** Whether the reader waits for bytes. */
  get wanted(): boolean {
    return !this.#closed && (this.#controller?.desiredSize ?? 0) > 0
  }

  /** Writes at once. */
  push(text: string): void {
    if (this.#closed || text === "") return
    this.wrote = true
    this.#controller?.enqueue(utf8.encode(text))
  }

  /** Writes when the reader has taken what was written before. */
  write(text: string): Effect.Effect<void, Stalled> {
    return this.wanted ? Effect.sync(() => this.push(text)) : Effect.map(this.taken, () => this.push(text))
  }

  /** Waits until the reader has taken everything. */
  readonly taken: Effect.Effect<void, Stalled> = Effect.suspend(() =>
    this.wanted || this.#closed ? Effect.void : Effect.callback<void>((resume) => {
      this.#waiting = () => resume(Effect.void)
      return Effect.sync(() => {
        this.#waiting = undefined
      })
    }).pipe(Effect.timeoutOrElse({ duration: this.#stalled, orElse: () => Effect.fail(new Stalled()) }))
  )

  /** Ends the body. */
  end(): void {
    if (this.#closed) return
    this.#closed = true
    this.#controller?.close()
  }

  /** Breaks the body off, so that no reader takes it for whole. */
  destroy(): void {
    if (this.#closed) return
    this.#closed = true
    this.#controller?.error(new Error("The response was cut off"))
  }
}
