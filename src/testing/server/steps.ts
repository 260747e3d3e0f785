/**
 * The steps of a script on any wire, the ways to end a body, and the function that breaks a body off.
 *
 * The servers play these steps, and the script modules of each wire build them. Must not import a wire or a server.
 * Endless repetitions are unrolled lazily.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import { dual } from "effect/Function"
import { joinBytes } from "../../internal/http/joinBytes.ts"

/** Writes bytes of the body. */
export interface Write {
  readonly _tag: "Write"
  /** A string is encoded as UTF-8. */
  readonly bytes: Uint8Array | string
}

/** Waits in real time, even under a test clock. */
export interface Delay {
  readonly _tag: "Delay"
  /** A number is in milliseconds. */
  readonly duration: Duration.Input
}

/** Repeats steps. */
export interface Repeat {
  readonly _tag: "Repeat"
  /** The steps of one turn. */
  readonly steps: ReadonlyArray<Step>
  /** The number of turns. Default: endless. */
  readonly times?: number | undefined
}

/** A step that ends the body: {@link stall}, {@link reset}, {@link truncate} or {@link end}. */
export interface Last {
  /** The end of the body: the server stalls, resets the connection, cuts the body off, or ends it. */
  readonly _tag: "Stall" | "Reset" | "Truncate" | "End"
}

/** One step of the body of a response. No step after a {@link Last} one is played. */
export type Step = Write | Delay | Repeat | Last

/** A step without nested steps, its bytes encoded. */
export type Unrolled =
  | {
    readonly _tag: "Write"
    /** The bytes to send. */
    readonly bytes: Uint8Array
  }
  | Delay
  | Last

/** The head of a response, and the size of its socket writes. */
export interface Options {
  /** The HTTP status. Default: 200. */
  readonly status?: number | undefined
  /** Headers added to `content-type: text/event-stream; charset=utf-8`, `cache-control` and the id of the request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The time before the headers, `"never"`, or `"reset"` for a TCP reset in place of them. Default: none. */
  readonly headersAfter?: Duration.Input | "never" | "reset" | undefined
  /** The most bytes of one socket write, which is a TCP segment of its own if the kernel permits it. Default: none. */
  readonly cut?: number | undefined
  /**
   * Whether writes without a delay between them are joined, up to 16 KiB or exactly to `cut`. Default: true. If it is
   * false, each `Write` is a socket write of its own, sent after the one before it has left.
   */
  readonly coalesce?: boolean | undefined
}

/** A complete response to one request. */
export interface Script extends Options {
  /** The body. It ends after the last step, unless a step ends it before. */
  readonly steps: ReadonlyArray<Step>
}

/**
 * Writes bytes, or a string as UTF-8. They need not be well formed.
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
 * Sends nothing more, and keeps the connection open until the client closes it.
 *
 * ```ts
 * Script.faultAt(Script.text("Hello"), 700, Script.stall)
 * ```
 */
export const stall: Last = { _tag: "Stall" }

/**
 * Ends with a TCP reset, after the kernel has taken every byte written.
 *
 * **Gotchas**
 *
 * A client may drop bytes that it has not read by then. A {@link delay} before the reset gives it time to read them.
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
 * Ends the body properly. A script without a step that ends the body ends in the same way.
 *
 * ```ts
 * Script.faultAt(Script.text("Hello"), 700, Script.end) // well-formed HTTP, half a message
 * ```
 */
export const end: Last = { _tag: "End" }

/**
 * Repeats steps, endlessly if `times` is omitted. The client sets the pace, because one write is under way at a time.
 *
 * ```ts
 * Script.repeat([Script.delay("1 second"), Script.event({ type: "ping" })])
 * Script.repeat([Script.write(": a comment\n")], 1000)
 * ```
 */
export const repeat = (steps: ReadonlyArray<Step>, times?: number): Repeat => ({ _tag: "Repeat", steps, times })

/**
 * A script of these steps.
 *
 * ```ts
 * Script.make([Script.write("data: "), Script.truncate], { cut: 1 })
 * ```
 */
export const make = (steps: ReadonlyArray<Step>, options?: Options): Script => ({ ...options, steps })

/**
 * Serves bytes unchanged, for example a recording.
 *
 * ```ts
 * Script.body("<html>Bad gateway</html>", { headers: { "content-type": "text/html" } })
 * ```
 */
export const body = (bytes: Uint8Array | string, options?: Options): Script => make([write(bytes)], options)

/**
 * Accepts the request and sends nothing, not even headers.
 *
 * ```ts
 * AnthropicServer.layer({ script: Script.silent })
 * ```
 */
export const silent: Script = make([], { headersAfter: "never" })

/**
 * Resets the connection before any header.
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
 * The steps one by one, as the server plays them: strings are encoded as UTF-8, and repetitions are unrolled lazily,
 * because one can be endless.
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
        yield stall // an endless loop without a write would block the server
      } else {
        for (let turn = 0; turn < (step.times ?? Infinity); turn++) yield* go(step.steps)
      }
    }
  }
  return go(self.steps)
}

const encoder = new TextEncoder()

/**
 * Breaks a script off: exactly the first `byteOffset` bytes of its body, with the delays between them, and then `fault`
 * in place of the rest.
 *
 * **Details**
 *
 * If the offset lies beyond the end of the body, the fault follows the last byte. A script that stalls, resets or
 * truncates before the offset is returned unchanged.
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
 * The bytes of a script's body, up to the step that ends it. Throws a `RangeError` if the body is endless.
 *
 * ```ts
 * const answer = Script.text("Hello")
 * const almost = Script.faultAt(answer, Script.bytesOf(answer).length - 1, Script.truncate)
 * ```
 */
export const bytesOf = (self: Script): Uint8Array => {
  if (isEndless(self.steps)) {
    throw new RangeError("The body of this script is endless: break it off with Script.faultAt first")
  }
  const parts: Array<Uint8Array> = []
  for (const step of unroll(self)) {
    if (step._tag === "Write") parts.push(step.bytes)
    else if (isLast(step)) break
  }
  return joinBytes(parts)
}
