/**
 * The part of a test server that is the same for every provider: HTTP, records of what was asked, the queue of answers,
 * and the playing of a script on a socket.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import { constVoid } from "effect/Function"
import * as Latch from "effect/Latch"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"
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

/** The server as it is seen by a test. */
export interface TestServer {
  /** The base URL, as the provider's layer takes it. */
  readonly url: string
  /** Every request so far, in the order of arrival. */
  readonly requests: Effect.Effect<ReadonlyArray<RequestRecord>>
  /** Answers the next requests, one each, before the default is used. A request that is turned down takes none. */
  readonly enqueue: (...replies: ReadonlyArray<Reply>) => Effect.Effect<void>
  /** Sets the default: the answer to every request that finds nothing enqueued. */
  readonly always: (reply: Reply) => Effect.Effect<void>
  /** Resolves when the request of this index (from 0) has arrived, at once if it has. */
  readonly awaitRequest: (index: number) => Effect.Effect<RequestRecord>
  /** How many requests have a response that is not over. */
  readonly openConnections: Effect.Effect<number>
  /** Resolves when no response is open. */
  readonly awaitIdle: Effect.Effect<void>
}

/** How the server is set up. */
export interface Options {
  /** The default answer; without one it is a short "Hello". */
  readonly script?: Reply | undefined
  /** Answers the first requests, one each. */
  readonly scripts?: ReadonlyArray<Reply> | undefined
  /** The one key that is let in; by default any is. */
  readonly apiKey?: string | undefined
  /** Default 0: a free one. The layer dies if the port is taken. */
  readonly port?: number | undefined
  /** Whether to turn down, as the API would, a request without a key, a model, ... or `stream: true`; default true. */
  readonly validate?: boolean | undefined
  /** The largest request body, in bytes; more is answered by a 413. Default 64 MiB. */
  readonly maxRequestBytes?: number | undefined
}

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
  /** The path of the base URL, such as `/v1`. */
  readonly basePath: string
  /** What `GET /` tells of the server. */
  readonly about: object
  /** The header that carries the id of a request. */
  readonly requestIdHeader: string
  readonly hello: Reply
  readonly routeRefusal: (method: string, path: string) => Refusal | undefined
  readonly keyRefusal: (headers: Http.IncomingHttpHeaders, apiKey: string | undefined) => Refusal | undefined
  readonly bodyRefusal: (body: unknown, path: string) => Refusal | undefined
  readonly status: (
    status: number,
    options: Omit<Refusal, "status"> & { readonly requestId: string; readonly body?: unknown }
  ) => Script
}

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
interface Exchange {
  readonly wire: Wire
  readonly record: RequestRecord
  readonly requestId: string
  readonly response: Http.ServerResponse
  /** Resolves when the kernel has taken the bytes, and the event loop has had a turn for the client to read them. */
  readonly send: (bytes: Uint8Array) => Effect.Effect<void>
  readonly conclude: (last: Last["_tag"]) => Effect.Effect<void>
  readonly onClose: (serverCloses: boolean) => void
}

const makeExchange = (
  wire: Wire,
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

const respond = Effect.fnUntraced(
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

/** What the server answers by itself: a greeting, or a refusal. `undefined` when the request is owed a message. */
const ownReply = (
  wire: Wire,
  options: Options | undefined,
  request: Http.IncomingMessage,
  tooLarge: boolean,
  { record, requestId }: Exchange
): Script | undefined => {
  const path = record.path.split("?")[0] ?? ""
  if (record.method === "GET" && path === "/") {
    return wire.status(200, { body: { name: "rivulet test server", ...wire.about }, requestId })
  }
  const validate = options?.validate !== false
  const refusal = wire.routeRefusal(record.method, path)
    ?? (tooLarge ? { status: 413 } : undefined)
    ?? (validate ? wire.keyRefusal(request.headers, options?.apiKey) ?? wire.bodyRefusal(record.body, path) : undefined)
  return refusal === undefined ? undefined : wire.status(refusal.status, { ...refusal, requestId })
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Starts a server that speaks a wire, and lives as long as the scope. */
export const makeServer: (wire: Wire, options?: Options) => Effect.Effect<TestServer, never, Scope.Scope> = Effect
  .fnUntraced(function*(wire, options) {
    const run = yield* FiberSet.makeRuntime()
    const requests: Array<RequestRecord> = []
    const arrivals: Array<Deferred.Deferred<RequestRecord>> = []
    const queue: Array<Reply> = [...options?.scripts ?? []]
    const idle = Latch.makeUnsafe(true)
    const sockets = new Set<Socket>()
    const maxBytes = options?.maxRequestBytes ?? 64 * 1024 * 1024
    let byDefault = options?.script ?? wire.hello
    let open = 0
    let closing = false

    const arrival = (index: number) => arrivals[index] ??= Deferred.makeUnsafe()

    const server = Http.createServer({ noDelay: true }, (request, response) => {
      const chunks: Array<Buffer> = []
      let size = 0
      let exchange: Exchange | undefined
      let fiber: Fiber.Fiber<void> | undefined
      open++
      idle.closeUnsafe()
      // A client that goes is no error here; `close` tells of it.
      request.on("error", constVoid)
      response.on("error", constVoid)
      response.once("close", () => {
        exchange?.onClose(closing)
        fiber?.interruptUnsafe()
        if (--open === 0) idle.openUnsafe()
      })
      request.on("data", (chunk: Buffer) => {
        size += chunk.length
        if (size <= maxBytes) chunks.push(chunk)
      })
      request.once("end", () => {
        const tooLarge = size > maxBytes
        const body = tooLarge ? "" : parse(Buffer.concat(chunks).toString())
        exchange = makeExchange(wire, requests.length, request, response, body)
        requests.push(exchange.record)
        Deferred.doneUnsafe(arrival(exchange.record.index), Effect.succeed(exchange.record))
        fiber = run(
          respond(exchange, ownReply(wire, options, request, tooLarge, exchange) ?? queue.shift() ?? byDefault)
        )
      })
    })
    server.on("connection", (socket) => {
      sockets.add(socket)
      socket.on("error", constVoid)
      socket.once("close", () => sockets.delete(socket))
    })

    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => {
        server.once("error", (cause) => resume(Effect.die(cause)))
        server.listen(options?.port ?? 0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.callback<void>((resume) => {
          closing = true
          server.close(() => resume(Effect.void))
          for (const socket of sockets) socket.destroy()
        })
    )
    // A server that listens on a TCP port has an address of this kind.
    const { port } = server.address() as AddressInfo

    return {
      url: `http://127.0.0.1:${port}${wire.basePath}`,
      requests: Effect.sync(() => requests.slice()),
      enqueue: (...replies) =>
        Effect.sync(() => {
          queue.push(...replies)
        }),
      always: (reply) =>
        Effect.sync(() => {
          byDefault = reply
        }),
      awaitRequest: (index) => Effect.suspend(() => Deferred.await(arrival(index))),
      openConnections: Effect.sync(() => open),
      awaitIdle: idle.await
    }
  })
