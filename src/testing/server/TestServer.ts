/**
 * A server on the loopback interface for the wire of any provider, each answer a `Script`. `AnthropicServer` and
 * `OpenAiServer` are this one with what these APIs let in and how they word errors; a provider of one's own is tested
 * with {@link make} and a {@link Wire}, which may be empty.
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Script, TestServer } from "rivulet/Testing"
 *
 * const test = Effect.gen(function*() {
 *   const server = yield* TestServer.make({}, { script: Script.body("Hello", { headers: { "content-type": "text/plain" } }) })
 *   // ... ask at server.url
 *   const { body } = yield* server.awaitRequest(0)
 *   return body
 * })
 * ```
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import { constUndefined, constVoid } from "effect/Function"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { makeExchange, respond } from "./exchange.ts"
import type { Exchange, FullWire, Reply, RequestRecord, Wire } from "./exchange.ts"
import { body as bodyScript } from "./steps.ts"
import type { Script } from "./steps.ts"

export type { Closed, Refusal, Reply, RequestRecord, StatusOptions, Wire } from "./exchange.ts"

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

/** What the server answers by itself: a greeting, or a refusal. `undefined` when the request is owed a message. */
const ownReply = (
  wire: FullWire,
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

const complete = ({
  about = {},
  basePath = "",
  bodyRefusal = constUndefined,
  hello = bodyScript("Hello"),
  keyRefusal = constUndefined,
  requestIdHeader = "x-request-id",
  routeRefusal = constUndefined,
  status = plainStatus
}: Wire): FullWire => ({ about, basePath, bodyRefusal, hello, keyRefusal, requestIdHeader, routeRefusal, status })

const plainStatus: FullWire["status"] = (status, { body, message }) =>
  bodyScript(JSON.stringify(body ?? { error: { message: message ?? `HTTP ${status}` } }), {
    status,
    headers: { "content-type": "application/json" }
  })

/**
 * Starts a server that speaks a wire, and lives as long as the scope.
 *
 * **Example** (A wire of lines)
 *
 * ```ts
 * import { Script, TestServer } from "rivulet/Testing"
 *
 * const Server = TestServer.make({
 *   hello: Script.make([Script.write("{\"text\":\"Hello\"}\n"), Script.write("{\"done\":true}\n")]),
 *   routeRefusal: (method, path) => method === "POST" && path === "/chat" ? undefined : { status: 404 }
 * })
 * ```
 */
export const make: (given: Wire, options?: Options) => Effect.Effect<TestServer, never, Scope.Scope> = Effect
  .fnUntraced(function*(given, options) {
    const wire = complete(given)
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
