/**
 * One request to a test server and its response: the record of it, and the playing of a script on its socket.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Predicate from "effect/Predicate"
import type * as Http from "node:http"
import { unroll } from "./steps.ts"
import type { Last, Script, Unrolled } from "./steps.ts"

/** How a response ended. */
export interface Closed {
  /** `client` when the client went before the script had come to its end; else `server`. */
  readonly by: "client" | "server"
  /** When, in milliseconds of `performance.now()`. */
  readonly at: number
  /** How many bytes of the body had been handed to the socket by then. */
  readonly bytesSent: number
}

/** One request, of any kind, as it arrived, and what has become of its response so far. */
export interface RequestRecord {
  /** 0 for the first request whose body has been read, and so on. */
  readonly index: number
  readonly method: string
  /** With the query: `/v1/messages?beta=true`. */
  readonly path: string
  /** Names in lower case; the values that carry keys are `<redacted>`. */
  readonly headers: Readonly<Record<string, string>>
  /** The parsed JSON, or the text if it is none; `""` for a body over the limit. */
  readonly body: unknown
  /** When the body had been read, in milliseconds of `performance.now()`. */
  readonly receivedAt: number
  /** How many bytes of the body have been handed to the socket by now. */
  readonly bytesSent: number
  /** Whether a write waits by now for the client to read. */
  readonly blocked: boolean
  /** Resolves when one write has waited so long (default: 100 milliseconds); dies if the response ends before. */
  readonly awaitBlocked: (duration?: Duration.Input) => Effect.Effect<void>
  /** Resolves when the response is over. */
  readonly closed: Effect.Effect<Closed>
}

/** An answer, or what finds one for a request. A defect in it is answered by a 500. */
export type Reply = Script | ((request: RequestRecord) => Script | Effect.Effect<Script>)

/** Why an API turns a request down; the message is the usual one for the status unless it is given. */
export interface Refusal {
  readonly status: number
  readonly message?: string | undefined
  readonly type?: string | undefined
  readonly code?: string | undefined
  readonly param?: string | undefined
}

/** What is one provider's own: where it answers, what it lets in, and how it words an error. */
export interface Wire {
  /** The path of the base URL, such as `/v1`. Default: none. */
  readonly basePath?: string | undefined
  /** What `GET /` tells of the server. */
  readonly about?: object | undefined
  /** The header that carries the id of a request. Default: `x-request-id`. */
  readonly requestIdHeader?: string | undefined
  /** The answer when nothing was scripted. */
  readonly hello?: Reply | undefined
  readonly routeRefusal?: ((method: string, path: string) => Refusal | undefined) | undefined
  readonly keyRefusal?:
    | ((headers: Http.IncomingHttpHeaders, apiKey: string | undefined) => Refusal | undefined)
    | undefined
  readonly bodyRefusal?: ((body: unknown, path: string) => Refusal | undefined) | undefined
  /** A response of this status, errors as a rule. */
  readonly status?: ((status: number, options: StatusOptions) => Script) | undefined
}

/** What a response that is an error says. */
export interface StatusOptions extends Omit<Refusal, "status"> {
  readonly requestId: string
  /** Replaces the body. */
  readonly body?: unknown
}

/** A wire with its defaults. */
export type FullWire = { readonly [Key in keyof Wire]-?: Exclude<Wire[Key], undefined> }

/** The steps of a script as socket writes: put together or cut up as its options say. */
const operations = function*(script: Script): Generator<Unrolled> {
  const cut = script.cut === undefined ? undefined : Math.max(1, script.cut)
  const limit = script.coalesce === false ? 1 : cut ?? 16 * 1024
  let pending: Array<Uint8Array> = []
  let size = 0
  const flush = function*(atLeast: number): Generator<Unrolled> {
    let bytes: Uint8Array = Buffer.concat(pending)
    while (bytes.length >= atLeast) {
      yield { _tag: "Write", bytes: bytes.subarray(0, cut) }
      bytes = bytes.subarray(cut ?? bytes.length)
    }
    pending = [bytes]
    size = bytes.length
  }
  for (const step of unroll(script)) {
    if (step._tag === "Write") {
      pending.push(step.bytes)
      size += step.bytes.length
      if (size >= limit) yield* flush(limit)
    } else {
      yield* flush(1)
      yield step
    }
  }
  yield* flush(1)
}

const redacted = new Set(["x-api-key", "api-key", "authorization", "proxy-authorization"])

/** Delays are those of the wall clock, whatever clock the test runs under. */
const live = Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())

/** One request and its response, as the code below needs them. */
export interface Exchange {
  readonly wire: FullWire
  readonly record: RequestRecord
  readonly requestId: string
  readonly response: Http.ServerResponse
  /** Resolves when the kernel has taken the bytes, and the event loop has had a turn for the client to read them. */
  readonly send: (bytes: Uint8Array) => Effect.Effect<void>
  readonly conclude: (last: Last["_tag"]) => Effect.Effect<void>
  readonly onClose: (serverCloses: boolean) => void
}

export const makeExchange = (
  wire: FullWire,
  index: number,
  request: Http.IncomingMessage,
  response: Http.ServerResponse,
  body: unknown
): Exchange => {
  const closed = Deferred.makeUnsafe<Closed>()
  const writing = Latch.makeUnsafe(false)
  let writes = 0
  let bytesSent = 0
  let done = false

  const awaitBlocked = Effect.fnUntraced(function*(duration: Duration.Input) {
    while (true) {
      yield* writing.await
      const write = writes
      yield* Effect.sleep(duration)
      if (writing.isOpen() && write === writes) return
    }
  }, live)
  const endedUnblocked = Effect.flatMap(
    Deferred.await(closed),
    () => Effect.die(new Error("The response ended, and no write had been blocked for so long"))
  )

  const record: RequestRecord = {
    index,
    method: request.method ?? "",
    path: request.url ?? "",
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, redacted.has(name) ? "<redacted>" : String(value)])
    ),
    body,
    receivedAt: performance.now(),
    get bytesSent() {
      return bytesSent
    },
    get blocked() {
      return writing.isOpen()
    },
    awaitBlocked: (duration = 100) => Effect.raceFirst(awaitBlocked(duration), endedUnblocked),
    closed: Deferred.await(closed)
  }

  return {
    wire,
    record,
    requestId: `req_01Rivulet${index}`,
    response,
    send: (bytes) =>
      Effect.callback((resume) => {
        // The client has gone: `close` is about to interrupt this.
        if (response.socket?.destroyed !== false) return
        writes++
        bytesSent += bytes.length
        writing.openUnsafe()
        response.write(bytes, () => {
          writing.closeUnsafe()
          setImmediate(() => resume(Effect.void))
        })
      }),
    conclude: (last) => {
      if (last === "Stall") return Effect.never
      return Effect.sync(() => {
        done = true
        if (last === "End") response.end()
        else if (last === "Truncate") response.socket?.destroy()
        else response.socket?.resetAndDestroy()
      })
    },
    onClose: (serverCloses) => {
      const by = done || serverCloses ? "server" : "client"
      Deferred.doneUnsafe(closed, Effect.succeed<Closed>({ by, at: performance.now(), bytesSent }))
    }
  }
}

/** Answers a request as the script says. */
const play = Effect.fnUntraced(function*(exchange: Exchange, script: Script) {
  const { response } = exchange
  if (script.headersAfter === "never") return yield* Effect.never
  if (script.headersAfter === "reset") return yield* exchange.conclude("Reset")
  if (script.headersAfter !== undefined) yield* Effect.sleep(script.headersAfter)
  response.statusCode = script.status ?? 200
  response.setHeader("content-type", "text/event-stream; charset=utf-8")
  response.setHeader("cache-control", "no-cache")
  response.setHeader(exchange.wire.requestIdHeader, exchange.requestId)
  for (const [name, value] of Object.entries(script.headers ?? {})) response.setHeader(name, value)
  response.flushHeaders()
  for (const step of operations(script)) {
    if (step._tag === "Write") yield* exchange.send(step.bytes)
    else if (step._tag === "Delay") yield* Effect.sleep(step.duration)
    else return yield* exchange.conclude(step._tag)
  }
  return yield* exchange.conclude("End")
})

export const respond = Effect.fnUntraced(
  function*(exchange: Exchange, reply: Reply) {
    const found = Predicate.isFunction(reply) ? reply(exchange.record) : reply
    yield* play(exchange, Effect.isEffect(found) ? yield* found : found)
  },
  (effect, exchange) =>
    Effect.catchDefect(effect, (defect) => {
      if (exchange.response.headersSent) return exchange.conclude("Truncate")
      const { requestId, wire } = exchange
      return play(exchange, wire.status(500, { requestId, message: `The test server's script failed: ${defect}` }))
    }),
  live
)
