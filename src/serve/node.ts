/**
 * Serves a fetch handler with node:http, and with what is built on it, such as Express. The response is written as fast as
 * the socket takes it. When the socket closes, the body is cancelled and the request's signal aborted, which `pipe` would
 * not do. The types are those parts of Node's that are used, so that other runtimes need no types of Node.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { isObject } from "../internal/json/object.ts"
import { notePeer } from "./gate.ts"

/** A request of node:http. */
export interface NodeRequest extends AsyncIterable<Uint8Array> {
  /** The method. */
  readonly method?: string | undefined
  /** The path and the query. */
  readonly url?: string | undefined
  /** The headers by their names in lower case. */
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  /** Whether the whole body was read. */
  readonly complete: boolean
  /** The connection. */
  readonly socket: {
    /** The address of the client. */
    readonly remoteAddress?: string | undefined
  }
}

/** A response of node:http. */
export interface NodeResponse {
  /** The status. */
  statusCode: number
  /** Whether everything was handed to the system. */
  readonly writableFinished: boolean
  /** Sets a header. */
  readonly setHeader: (name: string, value: string) => unknown
  /** Writes bytes. False if they had to be buffered. */
  readonly write: (bytes: Uint8Array) => boolean
  /** Ends the response. */
  readonly end: () => unknown
  /** Breaks the connection off. */
  readonly destroy: () => unknown
  /** Listens once. */
  readonly once: (event: "close" | "drain", listener: () => void) => unknown
  /** Listens no more. */
  readonly removeListener: (event: "drain", listener: () => void) => unknown
}

/** A function that answers requests. */
export type FetchHandler = (request: Request) => Promise<Response>

/** The listener of a fetch handler. */
export const nodeListener = (fetch: FetchHandler) => (request: NodeRequest, response: NodeResponse): void => {
  const aborter = new AbortController()
  const web = webRequest(request, aborter.signal)
  if (web === undefined) {
    response.statusCode = 400
    response.end()
    return
  }
  notePeer(web, request.socket.remoteAddress)
  const fiber = Effect.runFork(
    Effect.catchCause(
      Effect.flatMap(Effect.promise(() => fetch(web)), (answer) => send(answer, request, response)),
      () =>
        // The body was cut off, or the handler is no handler of `Serve`. Nobody may take this for a whole response.
        Effect.sync(() => response.destroy())
    )
  )
  response.once("close", () => {
    if (response.writableFinished) return
    aborter.abort()
    Effect.runFork(Fiber.interrupt(fiber))
  })
}

const send = (answer: Response, request: NodeRequest, response: NodeResponse): Effect.Effect<void> =>
  Effect.suspend(() => {
    response.statusCode = answer.status
    answer.headers.forEach((value, name) => response.setHeader(name, value))
    // The rest of a body that was not read must not become the next request.
    if (!request.complete) response.setHeader("connection", "close")
    const { body } = answer
    if (body === null) return Effect.sync(() => void response.end())
    return Effect.acquireUseRelease(
      Effect.sync(() => body.getReader()),
      Effect.fnUntraced(function*(reader) {
        while (true) {
          const { done, value } = yield* Effect.promise(() => reader.read())
          if (done) break
          // A body that is cut off must not wait for a client that takes nothing.
          if (!response.write(value)) yield* Effect.raceFirst(drained(response), brokenOff(reader))
        }
        response.end()
      }),
      // Waits until the run has ended.
      (reader) => Effect.ignore(Effect.tryPromise(() => reader.cancel()))
    )
  })

/** Dies when the body is cut off. */
const brokenOff = (reader: { readonly closed: Promise<unknown> }): Effect.Effect<never> =>
  Effect.andThen(Effect.promise(() => reader.closed), Effect.never)

const drained = (response: NodeResponse): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const listener = () => resume(Effect.void)
    response.once("drain", listener)
    return Effect.sync(() => response.removeListener("drain", listener))
  })

/** The request as the Web has it. Undefined if it has no address, as a request with a broken Host. */
const webRequest = (request: NodeRequest, signal: AbortSignal): Request | undefined => {
  const { method = "GET", url = "/" } = request
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    for (const each of typeof value === "string" ? [value] : value ?? []) headers.append(name, each)
  }
  const hasBody = method !== "GET" && method !== "HEAD"
  try {
    // Joined as text: a path that begins with two slashes would be another host.
    return new Request(`http://${headers.get("host") ?? "localhost"}${url.startsWith("/") ? url : "/"}`, {
      method,
      headers,
      signal,
      ...(hasBody ? { body: webBody(request), duplex: "half" } : undefined)
    })
  } catch {
    return undefined
  }
}

const webBody = (request: NodeRequest): ReadableStream<Uint8Array> | string => {
  // Express may have parsed it before.
  if ("body" in request && request.complete && (isObject(request.body) || Array.isArray(request.body))) {
    return JSON.stringify(request.body)
  }
  const chunks = request[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    pull: (controller) =>
      chunks.next().then(({ done, value }) => {
        if (done === true) controller.close()
        else controller.enqueue(value)
      })
    // Cancelled, the rest stays unread: to end the iteration would break the connection before the response is sent.
  }, { highWaterMark: 0 })
}
