/**
 * What every script is made of, whichever provider's wire it is for: the steps, the ways to end a body, and how a body
 * is broken off.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import { dual } from "effect/Function"
import { joinBytes } from "../../internal/http/joinBytes.ts"

/** Writes bytes of the body; a string as UTF-8. */
export interface Write {
  readonly _tag: "Write"
  readonly bytes: Uint8Array | string
}

/** Waits in real time, under a test clock too. */
export interface Delay {
  readonly _tag: "Delay"
  readonly duration: Duration.Input
}

/** Takes its steps `times` times over; for ever without `times`. */
export interface Repeat {
  readonly _tag: "Repeat"
  readonly steps: ReadonlyArray<Step>
  readonly times?: number | undefined
}

/** A step that ends the body, each in the way its constant ({@link stall} and so on) says. */
export interface Last {
  readonly _tag: "Stall" | "Reset" | "Truncate" | "End"
}

/** One thing the server does with the body of a response. Nothing follows a {@link Last} one. */
export type Step = Write | Delay | Repeat | Last

/** A step that is not made of others, with its bytes encoded. */
export type Unrolled = { readonly _tag: "Write"; readonly bytes: Uint8Array } | Delay | Last

/** How a script's bytes reach the client, beside the steps. */
export interface Options {
  /** Default 200. */
  readonly status?: number | undefined
  /** Added to the server's own: `content-type: text/event-stream; charset=utf-8`, `cache-control`, the request's id. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** When the headers go out: at once by default, after a time, never, or a TCP reset in their stead. */
  readonly headersAfter?: Duration.Input | "never" | "reset" | undefined
  /** The most bytes one socket write may carry; each is a TCP segment of its own as far as the kernel lets it. */
  readonly cut?: number | undefined
  /**
   * Whether writes with no delay between them are put together, up to 16 KiB or exactly to `cut`; default true. With
   * false each `Write` is a socket write of its own, sent when the one before it has left.
   */
  readonly coalesce?: boolean | undefined
}

/** The whole of what happens to one request. */
export interface Script extends Options {
  readonly steps: ReadonlyArray<Step>
}

/**
 * Writes bytes, or a string as UTF-8, whether well-formed or not.
 *
 * ```ts
 * Script.write("data: {oops\n\n")
 * Script.write(Uint8Array.of(0xf0, 0x9f)) // half a character
 * ```
 */
export const write = (bytes: Uint8Array | string): Write => ({ _tag: "Write", bytes })

/**
 * Waits in real time.
 *
 * ```ts
 * Script.make([Script.event({ type: "ping" }), Script.delay("50 millis"), Script.reset])
 * ```
 */
export const delay = (duration: Duration.Input): Delay => ({ _tag: "Delay", duration })

/**
 * Sends nothing more, and keeps the connection open until the client goes.
 *
 * ```ts
 * Script.faultAt(Script.text("Hello"), 700, Script.stall)
 * ```
 */
export const stall: Last = { _tag: "Stall" }

/**
 * Ends with a TCP RST, once the kernel has all that was written. A client may drop what it had not read by then: a
 * {@link delay} before the reset gives it the time.
 *
 * ```ts
 * Script.faultAt(Script.text("Hello"), 700, [Script.delay("20 millis"), Script.reset])
 * ```
 */
export const reset: Last = { _tag: "Reset" }

/**
 * Closes the connection in the middle of the chunked body.
 *
 * ```ts
 * Script.make([Script.write("event: message_st"), Script.truncate])
 * ```
 */
export const truncate: Last = { _tag: "Truncate" }

/**
 * Ends the body properly, as the end of a script does by itself.
 *
 * ```ts
 * Script.faultAt(Script.text("Hello"), 700, Script.end) // well-formed HTTP, half a message
 * ```
 */
export const end: Last = { _tag: "End" }

/**
 * Repeats steps, for ever when `times` is left out. The client sets the pace: one write at a time is under way.
 *
 * ```ts
 * Script.repeat([Script.delay("1 second"), Script.event({ type: "ping" })])
 * Script.repeat([Script.write(": a comment\n")], 1000)
 * ```
 */
export const repeat = (steps: ReadonlyArray<Step>, times?: number): Repeat => ({ _tag: "Repeat", steps, times })

/**
 * A script of the steps given.
 *
 * ```ts
 * Script.make([Script.write("data: "), Script.truncate], { cut: 1 })
 * ```
 */
export const make = (steps: ReadonlyArray<Step>, options?: Options): Script => ({ ...options, steps })

/**
 * Serves the bytes as they are, a recording for instance.
 *
 * ```ts
 * Script.body("<html>Bad gateway</html>", { headers: { "content-type": "text/html" } })
 * ```
 */
export const body = (bytes: Uint8Array | string, options?: Options): Script => make([write(bytes)], options)

/**
 * Accepts the request and never answers, not even with headers.
 *
 * ```ts
 * AnthropicServer.layer({ script: Script.silent })
 * ```
 */
export const silent: Script = make([], { headersAfter: "never" })

/**
 * Resets the connection (TCP RST) before any header.
 *
 * ```ts
 * AnthropicServer.layer({ scripts: [Script.resetBeforeHeaders, Script.text("Hello again")] })
 * ```
 */
export const resetBeforeHeaders: Script = make([], { headersAfter: "reset" })

const isLast = (step: Step): boolean =>
  step._tag === "Repeat" ? step.steps.some(isLast) : step._tag !== "Write" && step._tag !== "Delay"

const writesNothing = (step: Step): boolean =>
  step._tag === "Repeat"
    ? step.steps.every(writesNothing)
    : step._tag === "Delay" || (step._tag === "Write" && step.bytes.length === 0)

const isEndless = (steps: ReadonlyArray<Step>): boolean => {
  for (const step of steps) {
    if (step._tag === "Repeat" && (isEndless(step.steps) || ((step.times ?? Infinity) === Infinity && !isLast(step)))) {
      return true
    }
    if (isLast(step)) return false
  }
  return false
}

/**
 * The steps one by one, as the server takes them: strings as UTF-8, repetitions unrolled, lazily, for one may be
 * endless. When the last of them does not end the body, the server does so.
 *
 * ```ts
 * const writes = Array.from(Script.unroll(Script.text("Hello"))).filter((step) => step._tag === "Write")
 * ```
 */
export const unroll = (self: Script): Iterable<Unrolled> => {
  const encoded = new Map<Write, Uint8Array>()
  const encode = (step: Write): Uint8Array => {
    const bytes = encoded.get(step) ?? (typeof step.bytes === "string" ? encoder.encode(step.bytes) : step.bytes)
    encoded.set(step, bytes)
    return bytes
  }
  const go = function*(steps: ReadonlyArray<Step>): Generator<Unrolled> {
    for (const step of steps) {
      if (step._tag === "Write") {
        yield { _tag: "Write", bytes: encode(step) }
      } else if (step._tag !== "Repeat") {
        yield step
      } else if ((step.times ?? Infinity) === Infinity && writesNothing(step)) {
        yield stall // it would turn for ever, and never come to anything
      } else {
        for (let turn = 0; turn < (step.times ?? Infinity); turn++) yield* go(step.steps)
      }
    }
  }
  return go(self.steps)
}

const encoder = new TextEncoder()

/**
 * Breaks a script off: the first `byteOffset` bytes of its body exactly, delays between them included, and then `fault`
 * in place of all the rest. Beyond the end of the body the fault comes after its last byte. A script that stalls,
 * resets or truncates before the offset stays as it is.
 *
 * ```ts
 * Script.faultAt(Script.text("Hello"), 700, Script.truncate)
 * Script.faultAt(Script.text("Hello"), 700, [Script.write("event: x\ndata: {oops\n\n"), Script.stall])
 * ```
 */
export const faultAt: {
  (byteOffset: number, fault: Step | ReadonlyArray<Step>): (self: Script) => Script
  (self: Script, byteOffset: number, fault: Step | ReadonlyArray<Step>): Script
} = dual(3, (self: Script, byteOffset: number, fault: Step | ReadonlyArray<Step>): Script => {
  const steps: Array<Step> = []
  let left = byteOffset
  for (const step of unroll(self)) {
    if (left <= 0) break
    steps.push(step._tag === "Write" ? write(step.bytes.subarray(0, left)) : step)
    if (isLast(step)) return self
    if (step._tag === "Write") left -= step.bytes.length
  }
  return { ...self, steps: steps.concat(fault) }
})

/**
 * The whole body of a script, up to the step that ends it. Throws a `RangeError` for a body that never ends.
 *
 * ```ts
 * const answer = Script.text("Hello")
 * const almost = Script.faultAt(answer, Script.bytesOf(answer).length - 1, Script.truncate)
 * ```
 */
export const bytesOf = (self: Script): Uint8Array => {
  if (isEndless(self.steps)) {
    throw new RangeError("The body of this script never ends: break it off with Script.faultAt first")
  }
  const parts: Array<Uint8Array> = []
  for (const step of unroll(self)) {
    if (step._tag === "Write") parts.push(step.bytes)
    else if (isLast(step)) break
  }
  return joinBytes(parts)
}
