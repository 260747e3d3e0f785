/**
 * A server on the loopback interface for the two streaming APIs of OpenAI: Responses (`/v1/responses`) and Chat
 * Completions (`/v1/chat/completions`). Each answer is a `Script`.
 *
 * **When to use**
 *
 * Use it to test any provider whose wire is one of OpenAI's. It records the same as `AnthropicServer`.
 *
 * ```ts
 * import { Effect } from "effect"
 * import { OpenAiScript, OpenAiServer } from "rivulet/Testing"
 *
 * const test = Effect.gen(function*() {
 *   const server = yield* OpenAiServer.OpenAiServer
 *   yield* server.enqueue(OpenAiScript.status(503), OpenAiScript.chat.text("Hello world"))
 *   // ... send requests to server.url, with any API key
 *   const request = yield* server.awaitRequest(1)
 *   const { by } = yield* request.closed
 *   return by
 * }).pipe(Effect.provide(OpenAiServer.layer()))
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
import { bodyRefusal, errorResponse, keyRefusal, routeRefusal, routes } from "./answer.ts"
import * as ChatScript from "./OpenAiChatScript.ts"
import * as ResponsesScript from "./OpenAiResponsesScript.ts"

export type { Closed, Options, Reply, RequestRecord } from "../server/TestServer.ts"

/**
 * The server as a test sees it. Its `url` ends in `/v1`, as `OPENAI_BASE_URL` does.
 *
 * **Example** (The body of a request)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { OpenAiScript, OpenAiServer } from "rivulet/Testing"
 *
 * const asks = Effect.gen(function*() {
 *   const server = yield* OpenAiServer.OpenAiServer
 *   yield* server.always(OpenAiScript.responses.text("Hello"))
 *   // ... send a request to server.url
 *   const { body, path } = yield* server.awaitRequest(0)
 *   return { body, path }
 * })
 * ```
 */
export class OpenAiServer
  extends Context.Service<OpenAiServer, TestServer.TestServer>()("rivulet/testing/OpenAiServer")
{}

const hello: Reply = ({ body, path }) => {
  const model = Predicate.hasProperty(body, "model") && Predicate.isString(body.model) ? body.model : undefined
  return path.startsWith(routes.responses)
    ? ResponsesScript.text("Hello", { model })
    : ChatScript.text("Hello", { model })
}

const wire: Wire = {
  basePath: "/v1",
  about: { responses: `POST ${routes.responses}`, chat: `POST ${routes.chat}` },
  requestIdHeader: "x-request-id",
  hello,
  routeRefusal,
  keyRefusal,
  bodyRefusal,
  status: errorResponse
}

/**
 * Starts a server. It lives as long as the scope. {@link layer} provides it as a service.
 *
 * **Example** (The URL of a server)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { OpenAiScript, OpenAiServer } from "rivulet/Testing"
 *
 * const url = Effect.gen(function*() {
 *   const server = yield* OpenAiServer.make({ script: OpenAiScript.chat.text("Hello world") })
 *   return server.url
 * })
 * ```
 */
export const make = (options?: Options): Effect.Effect<OpenAiServer["Service"], never, Scope.Scope> =>
  Effect.map(TestServer.make(wire, options), OpenAiServer.of)

/**
 * A server as a layer.
 *
 * **Example** (An overloaded server, then an answer)
 *
 * ```ts
 * import { OpenAiScript, OpenAiServer } from "rivulet/Testing"
 *
 * const Server = OpenAiServer.layer({
 *   scripts: [OpenAiScript.status(503)],
 *   script: OpenAiScript.responses.text("Hello world")
 * })
 * ```
 */
export const layer = (options?: Options): Layer.Layer<OpenAiServer> => Layer.effect(OpenAiServer, make(options))
