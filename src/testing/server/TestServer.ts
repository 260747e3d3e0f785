/**
 * A server on the loopback interface for the wire of any provider. Each answer is a `Script`.
 *
 * **When to use**
 *
 * Use `AnthropicServer` and `OpenAiServer` for the wires of these APIs. Use {@link make} with a {@link Wire}, which may
 * be empty, to test a provider of your own.
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Script, TestServer } from "rivulet/Testing"
 *
 * const test = Effect.gen(function*() {
 *   const headers = { "content-type": "text/plain" }
 *   const server = yield* TestServer.make({}, { script: Script.body("Hello", { headers }) })
 *   // ... send a request to server.url
 *   const { body } = yield* server.awaitRequest(0)
 *   return body
 * })
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
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

/** The server as a test sees it. */
export interface TestServer {
  /** The base URL for the provider's layer. */
  readonly url: string
  /** All requests so far, in the order of arrival. */
  readonly requests: Effect.Effect<ReadonlyArray<RequestRecord>>
  /** Sets the answers of the next requests, one for each. A rejected request uses none. The default follows them. */
  readonly enqueue: (...replies: ReadonlyArray<Reply>) => Effect.Effect<void>
  /** Sets the default answer, for requests that find no enqueued one. */
  readonly always: (reply: Reply) => Effect.Effect<void>
  /** Resolves when the request at this index (from 0) has arrived, at once if it is already there. */
  readonly awaitRequest: (index: number) => Effect.Effect<RequestRecord>
  /** The number of requests whose response has not ended. */
  readonly openConnections: Effect.Effect<number>
  /** Resolves when every response has ended. */
  readonly awaitIdle: Effect.Effect<void>
}

/** Options of a server. */
export interface Options {
  /** The default answer. Default: the wire's own, a short "Hello". */
  readonly script?: Reply | undefined
  /** The answers of the first requests, one for each. Default: none. */
  readonly scripts?: ReadonlyArray<Reply> | undefined
  /** The only API key that is accepted. Default: any. */
  readonly apiKey?: string | undefined
  /** The TCP port. The layer dies if it is taken. Default: 0, which takes a free one. */
  readonly port?: number | undefined
  /** Whether to reject the requests that the API rejects, for example one without a key or a model. Default: true. */
  readonly validate?: boolean | undefined
  /** The largest request body, in bytes. A larger one is answered with a 413. Default: 64 MiB. */
  readonly maxRequestBytes?: number | undefined
}

/** The answer that needs no script: the description of the server, or a rejection. `undefined` otherwise. */
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

const withDefaults = ({
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
 * Starts a server for a wire. It lives as long as the scope.
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
export const make: (wire: Wire, options?: Options) => Effect.Effect<TestServer, never, Scope.Scope> = Effect
  .fnUntraced(function*(parts, options) {
    const wire = withDefaults(parts)
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
      // A client that closes the connection is no error here; `close` handles it.
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
    // The address of a server on a TCP port has this type.
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
