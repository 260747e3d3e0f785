/**
 * Plays a recorded exchange as the response of a `fetch`, from a script, so that it can be broken like that of a server.
 * Used by `tape.ts`. Waits by the `Clock` of the call.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { UnsupportedError } from "../../ChatModelError.ts"
import type { Fetch } from "../../internal/http/transport.ts"
import * as Steps from "../server/steps.ts"
import type { Last, Script, Step, Unrolled } from "../server/steps.ts"
import type { Exchange, Read } from "./format.ts"

/** The end of a recording, of which a script knows the kind alone. */
interface RecordedLast extends Last {
  readonly end: Exchange["end"]
}

/** The answer of an exchange as a script, with the times between its reads. */
export const scriptOf = ({ end, response }: Exchange): Script => {
  const last = lastOf(end)
  if (response === undefined) return { headersAfter: last._tag === "Stall" ? "never" : "reset", steps: [last] }
  let at = response.at
  const steps: Array<Step> = []
  const until = (time: number) => {
    if (time > at) steps.push(Steps.delay(Duration.millis(time - at)))
    at = Math.max(at, time)
  }
  for (const read of response.body) {
    until(read.at)
    steps.push(Steps.write(bytesOf(read)))
  }
  if (last._tag !== "Stall") until(end.at)
  steps.push(last)
  const { headers, status } = response
  return { status, headers, headersAfter: Duration.millis(response.at), coalesce: false, steps }
}

const bytesOf = (read: Read): Uint8Array =>
  "text" in read ? new TextEncoder().encode(read.text) : new Uint8Array(Buffer.from(read.base64, "base64"))

const lastOf = (end: Exchange["end"]): RecordedLast => {
  if (end.how === "complete") return { ...Steps.end, end }
  if (end.how === "left") return { ...Steps.stall, end }
  return { ...(end.error?.some(({ code }) => code === "ECONNRESET") === true ? Steps.reset : Steps.truncate), end }
}

/** Options of {@link play}. */
export interface PlayOptions {
  /** How many times faster than it was recorded. 0 and `Infinity`: at once. */
  readonly speed: number
  /** The name of the cassette, for errors. */
  readonly name: string
  /** The context of the call. */
  readonly services: Context.Context<never>
}

/** A `fetch` that answers with a script. */
export const play = (script: Script, { name, services, speed }: PlayOptions): Fetch => async (_, init) => {
  const clock = Context.get(services, Clock.Clock)
  const startedAt = clock.currentTimeNanosUnsafe()
  const stop = new AbortController()
  const signals = [stop.signal, ...(init?.signal == null ? [] : [init.signal])]
  const signal = AbortSignal.any(signals)
  let due = 0
  /** Waits from the time of the request on, so that the delays of timers do not add up. */
  const wait = async (duration: Duration.Input) => {
    due += Duration.toMillis(Duration.fromInputUnsafe(duration))
    const left = due / speed - Number(clock.currentTimeNanosUnsafe() - startedAt) / 1e6
    if (speed > 0 && left > 0) await Effect.runPromiseWith(services)(Effect.sleep(left), { signal })
  }
  const { headers, headersAfter, status = 200 } = script
  if (headersAfter === "never") return aborted(signal)
  if (headersAfter === "reset") {
    const end = endOf(script.steps[0])
    if (end !== undefined) await wait(end.at)
    throw brokenBy("Reset", end, "fetch failed")
  }
  if (headersAfter !== undefined) await wait(headersAfter)
  const steps = Steps.unroll(script)[Symbol.iterator]()
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    for (;;) {
      const step: Unrolled = steps.next().value ?? Steps.end
      switch (step._tag) {
        case "Write":
          if (step.bytes.length === 0) break
          return controller.enqueue(step.bytes)
        case "Delay":
          await wait(step.duration)
          break
        case "Stall":
          if (endOf(step)?.waiting === false) throw noMore(name)
          return aborted(signal)
        case "End":
          return controller.close()
        case "Reset":
        case "Truncate":
          throw brokenBy(step._tag, endOf(step), "terminated")
      }
    }
  }
  const body = new ReadableStream<Uint8Array>({ pull, cancel: () => stop.abort() }, { highWaterMark: 0 })
  return new Response(nullBody.has(status) ? null : body, { status, headers: { ...headers } })
}

/** Statuses whose responses have no body. */
const nullBody = new Set([204, 205, 304])

const endOf = (step: Step | undefined): Exchange["end"] | undefined =>
  // The only steps with this field are those of `lastOf`.
  step !== undefined && "end" in step ? (step as RecordedLast).end : undefined

/** Rejects when the signal is aborted. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener("abort", abort, { once: true })
  })

const noMore = (name: string) =>
  new UnsupportedError({
    message:
      `The cassette ${JSON.stringify(name)} has no more of this answer, as its reader left when it was recorded. ` +
      "Record it again"
  })

/** The error of a lost connection, in the form of Node.js. */
const brokenBy = (tag: "Reset" | "Truncate", end: Exchange["end"] | undefined, byDefault: string): unknown => {
  const usual = tag === "Reset"
    ? { message: "read ECONNRESET", code: "ECONNRESET" }
    : { message: "other side closed", code: "UND_ERR_SOCKET" }
  const chain = end?.error === undefined || end.error.length === 0 ? [{ message: byDefault }, usual] : end.error
  return chain.reduceRight<unknown>(
    (cause, { message, ...code }) => Object.assign(new TypeError(message, { cause }), code),
    undefined
  )
}
