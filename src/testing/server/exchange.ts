/**
 * One request to a test server and its response: its record, and the player of a script on its socket.
 *
 * `TestServer` makes an exchange for each request; the wires give it their error bodies. Must not import a wire. Each
 * write waits until the kernel has taken the one before it, so a slow client slows the script.
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
  /** `client` if the client closed the connection before the script ended, `server` otherwise. */
  readonly by: "client" | "server"
  /** The time of the end, in milliseconds of `performance.now()`. */
  readonly at: number
  /** The bytes of the body written to the socket by then. */
  readonly bytesSent: number
}

/** One request as it arrived, and the state of its response. */
export interface RequestRecord {
  /** The position among the requests whose body has been read, from 0. */
  readonly index: number
  /** The HTTP method, in upper case. */
  readonly method: string
  /** The path with the query: `/v1/messages?beta=true`. */
  readonly path: string
  /** The headers by lower-case name. Headers that carry a key have the value `<redacted>`. */
  readonly headers: Readonly<Record<string, string>>
  /** The parsed JSON, the text if it is not JSON, or `""` for a body over the limit. */
  readonly body: unknown
  /** The time at which the body had been read, in milliseconds of `performance.now()`. */
  readonly receivedAt: number
  /** The bytes of the response body written to the socket so far. */
  readonly bytesSent: number
  /** Whether a write is waiting for the client to read. */
  readonly blocked: boolean
  /** Resolves after one write has waited this long (default: 100 milliseconds). Dies if the response ends before. */
  readonly awaitBlocked: (duration?: Duration.Input) => Effect.Effect<void>
  /** Resolves when the response is over. */
  readonly closed: Effect.Effect<Closed>
}

/** An answer, or a function that returns one for a request. A defect in the function is answered with a 500. */
export type Reply = Script | ((request: RequestRecord) => Script | Effect.Effect<Script>)

/** The error response with which an API rejects a request. */
export interface Refusal {
  /** The HTTP status. */
  readonly status: number
  /** The error message. Default: the wire's usual one for the status. */
  readonly message?: string | undefined
  /** The error type. Default: the wire's usual one for the status. */
  readonly type?: string | undefined
  /** The error code. Default: the wire's usual one for the status. */
  readonly code?: string | undefined
  /** The name of the rejected parameter. Default: none. */
  readonly param?: string | undefined
}

/** The parts of a server that belong to one provider: its routes, its checks of a request, and its errors. */
export interface Wire {
  /** The path of the base URL, for example `/v1`. Default: none. */
  readonly basePath?: string | undefined
  /** Fields added to the JSON that `GET /` returns. Default: none. */
  readonly about?: object | undefined
  /** The response header with the id of the request. Default: `x-request-id`. */
  readonly requestIdHeader?: string | undefined
  /** The answer if no script is set. Default: the text "Hello". */
  readonly hello?: Reply | undefined
  /** Rejects a method or path. Default: accepts all. */
  readonly routeRefusal?: ((method: string, path: string) => Refusal | undefined) | undefined
  /** Rejects the headers of a request, or a key other than `apiKey`. Default: accepts all. */
  readonly keyRefusal?:
    | ((headers: Http.IncomingHttpHeaders, apiKey: string | undefined) => Refusal | undefined)
    | undefined
  /** Rejects a request body. Default: accepts all. */
  readonly bodyRefusal?: ((body: unknown, path: string) => Refusal | undefined) | undefined
  /** A response with this status, usually an error. Default: a JSON error with the message. */
  readonly status?: ((status: number, options: StatusOptions) => Script) | undefined
}

/** The contents of an error response. */
export interface StatusOptions extends Omit<Refusal, "status"> {
  /** The id of the request. */
  readonly requestId: string
  /** Replaces the body. Default: the wire's JSON error. */
  readonly body?: unknown
}

/** A wire with its defaults filled in. */
export type FullWire = { readonly [Key in keyof Wire]-?: Exclude<Wire[Key], undefined> }

/** The steps of a script as socket writes, joined or cut as its options require. */
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

/** Delays use the wall clock, whichever clock the test has. */
const live = Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())

/** One request and its response, with the means to play a script. */
export interface Exchange {
  readonly wire: FullWire
  readonly record: RequestRecord
  readonly requestId: string
  readonly response: Http.ServerResponse
  /** Writes bytes. Resolves after the kernel has taken them and the client in this process has had a turn to read. */
  readonly send: (bytes: Uint8Array) => Effect.Effect<void>
  /** Ends the body in this way. */
  readonly conclude: (last: Last["_tag"]) => Effect.Effect<void>
  /** Records the end of the response. */
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
    () => Effect.die(new Error("The response ended before a write had been blocked for that long"))
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
        // The client has closed the connection, and `close` is about to interrupt this.
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

/** Plays a script as the response of a request. */
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
