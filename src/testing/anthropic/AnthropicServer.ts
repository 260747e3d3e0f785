/**
 * A server on the loopback interface for the streaming Messages API of Anthropic. Each answer is a `Script`: a complete
 * message, an error, or a fault of the wire at any byte.
 *
 * **When to use**
 *
 * Use it to test real clients over real sockets, and in demos and benchmarks. It records the requests of its clients,
 * the time at which they close the connection, and whether they stop reading.
 *
 * **Details**
 *
 * The server lives as long as its scope. When the scope closes, every connection is destroyed. Delays pass in real
 * time, even under a test clock.
 *
 * ```ts
 * Effect.gen(function*() {
 *   const server = yield* AnthropicServer.AnthropicServer
 *   yield* server.enqueue(Script.status(529), Script.text("Hello world"))
 *   // ... send requests to server.url, with any API key
 *   const request = yield* server.awaitRequest(1)
 *   const { by } = yield* request.closed
 * }).pipe(Effect.provide(AnthropicServer.layer()))
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as TestServer from "../server/TestServer.ts"
import type { Options, Reply, Wire } from "../server/TestServer.ts"
import * as AnthropicWire from "./events.ts"
import * as Script from "./Script.ts"

export type { Closed, Options, Reply, RequestRecord } from "../server/TestServer.ts"

/**
 * The server as a test sees it.
 *
 * **Example** (A request and the end of its connection)
 *
 * ```ts
 * import { Effect } from "effect"
 * import * as Testing from "rivulet/Testing"
 *
 * const leaves = Effect.gen(function*() {
 *   const server = yield* Testing.AnthropicServer.AnthropicServer
 *   yield* server.always(Testing.Script.endless())
 *   // ... send a request to server.url, and close the connection after some chunks
 *   const request = yield* server.awaitRequest(0)
 *   const { by, bytesSent } = yield* request.closed
 *   return { path: request.path, by, bytesSent }
 * })
 * ```
 */
export class AnthropicServer
  extends Context.Service<AnthropicServer, TestServer.TestServer>()("rivulet/testing/AnthropicServer")
{}

const hello: Reply = ({ body }) =>
  Script.text("Hello", {
    model: Predicate.hasProperty(body, "model") && Predicate.isString(body.model) ? body.model : undefined
  })

const wire: Wire = {
  basePath: "",
  about: { messages: "POST /v1/messages" },
  requestIdHeader: "request-id",
  hello,
  routeRefusal: AnthropicWire.routeRefusal,
  keyRefusal: AnthropicWire.keyRefusal,
  bodyRefusal: AnthropicWire.bodyRefusal,
  status: Script.status
}

/**
 * Starts a server. It lives as long as the scope. {@link layer} provides it as a service.
 *
 * **Example** (A model and its server)
 *
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import * as Anthropic from "rivulet/Anthropic"
 * import * as Testing from "rivulet/Testing"
 *
 * const test = Effect.scoped(Effect.gen(function*() {
 *   const server = yield* Testing.AnthropicServer.make({ script: Testing.Script.text("Hello world") })
 *   const apiKey = Redacted.make("any")
 *   const model = yield* Anthropic.make({ model: "claude-haiku-4-5", baseUrl: server.url, apiKey })
 *   return yield* model.invoke("Hi")
 * }))
 * ```
 */
export const make = (options?: Options): Effect.Effect<AnthropicServer["Service"], never, Scope.Scope> =>
  Effect.map(TestServer.make(wire, options), AnthropicServer.of)

/**
 * A server as a layer.
 *
 * **Example** (An overloaded server, then an answer)
 *
 * ```ts
 * import * as Testing from "rivulet/Testing"
 *
 * const Server = Testing.AnthropicServer.layer({
 *   scripts: [Testing.Script.status(529)],
 *   script: Testing.Script.text("Hello world")
 * })
 * ```
 */
export const layer = (options?: Options): Layer.Layer<AnthropicServer> => Layer.effect(AnthropicServer, make(options))
