/**
 * How requests to providers leave the process.
 *
 * **When to use**
 *
 * Use it to send the requests of all models of a program in a way of your own: through a proxy, with a client certificate,
 * or with a header more. For one model its option `fetch` does the same. `rivulet/HttpClientTransport` sends with the
 * `HttpClient` of Effect, and `Cassette` of `rivulet/Testing` records and replays what is sent.
 *
 * **Details**
 *
 * A transport is a part of the context. It is used by calls under the layer, and by calls of models that were made under
 * it, wherever they are called. It covers whatever the library sends: calls, counts of tokens, and lists of models.
 *
 * A request is sent by the option `fetch` of the model; if there is none, by that of the innermost {@link layer}; if there
 * is none either, by the global `fetch`. Around that stand the wrappers. A request passes the innermost one first.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HttpTransport } from "./internal/http/transport.ts"
import type { Fetch, Transport } from "./internal/http/transport.ts"

export { HttpTransport } from "./internal/http/transport.ts"
export type { Fetch, Transport, Transports } from "./internal/http/transport.ts"

/**
 * Sends with a function in place of the global `fetch`.
 *
 * **Details**
 *
 * The function must stop when the signal of a request is aborted, and when the body of its response is cancelled. It must
 * not follow redirects, which could carry a key to another host. A rejection becomes a `NetworkError`; a rejection with
 * an `UnsupportedError` of `ChatModelError` fails the call with that reason, and is not retried.
 *
 * **Example** (A `fetch` of one's own for all models)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, HttpTransport } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const counted = { requests: 0 }
 * const Counting = HttpTransport.layer((input, init) => {
 *   counted.requests++
 *   return fetch(input, init)
 * })
 *
 * const answer = ChatModel.invoke("Hi").pipe(
 *   Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" })),
 *   Effect.provide(Counting)
 * )
 * ```
 */
export const layer = (fetch: Fetch): Layer.Layer<never> => layerTransport({ fetch: () => fetch })

/**
 * Wraps the function that sends, also the option `fetch` of a model.
 *
 * **Example** (A header more)
 *
 * ```ts
 * import { HttpTransport } from "rivulet"
 *
 * const Tagged = HttpTransport.layerWrap((next) => (input, init) => {
 *   const headers = new Headers(init?.headers)
 *   headers.set("x-team", "search")
 *   return next(input, { ...init, headers })
 * })
 * ```
 */
export const layerWrap = (wrap: (next: Fetch) => Fetch): Layer.Layer<never> => layerTransport({ wrap })

/**
 * Adds a transport inside those of the context.
 *
 * **Example** (A function that sees the context of the call)
 *
 * ```ts
 * import { Context } from "effect"
 * import { HttpTransport } from "rivulet"
 *
 * const Team = Context.Reference<string>("app/Team", { defaultValue: () => "none" })
 * const Tagged = HttpTransport.layerTransport({
 *   wrap: (next, services) => (input, init) => {
 *     const headers = new Headers(init?.headers)
 *     headers.set("x-team", Context.get(services, Team))
 *     return next(input, { ...init, headers })
 *   }
 * })
 * ```
 */
export const layerTransport = (transport: Transport): Layer.Layer<never> =>
  Layer.effect(HttpTransport, Effect.map(HttpTransport, (outer) => [...outer, transport]))
