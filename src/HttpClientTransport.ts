/**
 * Sends the requests of models through the `HttpClient` of Effect.
 *
 * **When to use**
 *
 * Use it if the app has an `HttpClient` with middleware, an agent, or a mock, and the requests to models must go through
 * it, too. Without such a client the global `fetch` does the same with less work.
 *
 * **Details**
 *
 * The bodies of answers are streamed, at the pace of their reader. Leaving an answer interrupts the request. The request is
 * made with the context of the call: its span is a child of the span of the call, and tracing headers are sent. Spans show
 * no credentials in addresses or headers.
 *
 * A failure of the client is a `NetworkError`. A client that fails for a status (`filterStatusOk`) changes nothing: the
 * error is that of the status. Models retry by themselves, so the client should not: with `HttpClient.retryTransient` a
 * request is tried as often as both together.
 *
 * This module stands on `effect/http`, an unstable module of Effect.
 *
 * **Example** (The client of Node.js with agents that keep connections open)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import * as FetchHttpClient from "effect/http/FetchHttpClient"
 * import * as HttpClient from "effect/http/HttpClient"
 * import * as HttpClientRequest from "effect/http/HttpClientRequest"
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import * as HttpClientTransport from "rivulet/HttpClientTransport"
 *
 * const Client = Layer.effect(
 *   HttpClient.HttpClient,
 *   Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(HttpClientRequest.setHeader("x-team", "search")))
 * ).pipe(Layer.provide(FetchHttpClient.layer))
 *
 * const answer = ChatModel.invoke("Hi").pipe(
 *   Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" })),
 *   Effect.provide(HttpClientTransport.layer.pipe(Layer.provide(Client)))
 * )
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import type { HttpMethod } from "effect/http/HttpMethod"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { HttpTransport } from "./internal/http/transport.ts"
import type { Fetch } from "./internal/http/transport.ts"
import { credentialHeader, credentialParameter } from "./internal/wire/redaction.ts"
import { sentRequest } from "./internal/wire/tap.ts"

/**
 * Sends the requests of calls under this layer, and of models made under it, through the app's `HttpClient`, unless a model
 * has its own `fetch`.
 *
 * **Example** (A mock in place of a provider)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import * as HttpClient from "effect/http/HttpClient"
 * import * as HttpClientResponse from "effect/http/HttpClientResponse"
 * import * as HttpClientTransport from "rivulet/HttpClientTransport"
 *
 * const Overloaded = Layer.succeed(
 *   HttpClient.HttpClient,
 *   HttpClient.make((request) =>
 *     Effect.succeed(HttpClientResponse.fromWeb(request, new Response("Busy", { status: 529 })))
 *   )
 * )
 * const Transport = HttpClientTransport.layer.pipe(Layer.provide(Overloaded))
 * ```
 */
export const layer: Layer.Layer<never, never, HttpClient.HttpClient> = Layer.effect(
  HttpTransport,
  Effect.gen(function*() {
    const outer = yield* HttpTransport
    const client = yield* HttpClient.HttpClient
    return [...outer, { fetch: (services: Context.Context<never>) => fetchBy(client, services) }]
  })
)

/** A `fetch` that sends by a client, in the context of a call. */
const fetchBy = (client: HttpClient.HttpClient, services: Context.Context<never>): Fetch => (input, init) => {
  const { body, headers, method, url } = sentRequest(input, init)
  // The methods of the library are GET and POST.
  const request = HttpClientRequest.make(method as HttpMethod)(url, {
    headers: Object.fromEntries(headers),
    ...(body === undefined ? undefined : { body: HttpBody.text(body, headers.get("content-type") ?? undefined) })
  })
  const context = services.pipe(
    Context.add(Headers.CurrentRedactedNames, [
      ...Context.get(services, Headers.CurrentRedactedNames),
      credentialHeader
    ]),
    Context.add(UrlParams.CurrentRedactedNames, [
      ...Context.get(services, UrlParams.CurrentRedactedNames),
      credentialParameter
    ]),
    // A redirect could carry the key to another host.
    Context.add(FetchHttpClient.RequestInit, {
      ...Context.getOrUndefined(services, FetchHttpClient.RequestInit),
      ...(init?.redirect === undefined ? undefined : { redirect: init.redirect })
    })
  )
  const response = client.execute(request).pipe(
    Effect.catch(withStatus),
    Effect.map((response) => responseOf(response, context))
  )
  return Effect.runPromiseWith(context)(response, init?.signal == null ? undefined : { signal: init.signal })
}

/** The response of a client that fails for a status. */
const withStatus = (error: HttpClientError): Effect.Effect<HttpClientResponse, HttpClientError> =>
  error.reason._tag === "StatusCodeError" ? Effect.succeed(error.reason.response) : Effect.fail(error)

/** Statuses whose responses have no body. */
const nullBody = new Set([204, 205, 304])

const responseOf = ({ headers, status, stream }: HttpClientResponse, context: Context.Context<never>): Response =>
  new Response(
    nullBody.has(status)
      ? null
      // Nothing is read before it is asked for.
      : Stream.toReadableStreamWith(stream, context, { strategy: { highWaterMark: 0 } }),
    { status, headers: { ...headers } }
  )
