// How requests are sent: the function of the model, of a layer, or the client of the app.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Redacted, Stream, Tracer } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { ChatModel, ChatModelError, HttpTransport } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as HttpClientTransport from "rivulet/HttpClientTransport"
import * as OpenAi from "rivulet/OpenAi"
import { AnthropicServer, OpenAiServer, Script } from "rivulet/Testing"
import { serve } from "../support/anthropic.ts"

/** A layer that notes its name when a request passes. */
const noting = (seen: Array<string>, name: string) =>
  HttpTransport.layerWrap((next) => (input, init) => {
    seen.push(name)
    return next(input, init)
  })

const sending = (seen: Array<string>, name: string): typeof fetch => (input, init) => {
  seen.push(name)
  return fetch(input, init)
}

describe("HttpTransport", () => {
  it.live("a request passes the innermost wrapper first, and is sent by the innermost function", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const { model } = yield* serve(Script.text("Hello"))
      yield* model.invoke("Hi").pipe(
        Effect.provide(noting(seen, "inner")),
        Effect.provide(HttpTransport.layer(sending(seen, "inner fetch"))),
        Effect.provide(noting(seen, "outer")),
        Effect.provide(HttpTransport.layer(sending(seen, "outer fetch")))
      )
      assert.deepStrictEqual(seen, ["inner", "outer", "inner fetch"])
    }))

  it.live("the option of a model sends in place of a layer, inside the wrappers", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const { model } = yield* serve(Script.text("Hello"), { fetch: sending(seen, "own") })
      yield* model.invoke("Hi").pipe(
        Effect.provide(noting(seen, "wrapper")),
        Effect.provide(HttpTransport.layer(sending(seen, "layer")))
      )
      assert.deepStrictEqual(seen, ["wrapper", "own"])
    }))

  it.live("a model that was made under a layer keeps it, and a layer of both counts once", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const server = yield* AnthropicServer.make()
      const settings = { model: "claude-test", baseUrl: server.url, apiKey: Redacted.make("any") }
      const [made, both, called] = ["made", "both", "called"].map((name) => noting(seen, name))
      const Model = Anthropic.layer(settings).pipe(Layer.provide(made!))
      yield* ChatModel.invoke("Hi").pipe(Effect.provide(Model))
      assert.deepStrictEqual(seen.splice(0), ["made"])
      yield* ChatModel.invoke("Hi").pipe(Effect.provide(called!), Effect.provide(Model), Effect.provide(both!))
      assert.deepStrictEqual(seen.splice(0).toSorted(), ["both", "called", "made"])
    }))

  it.live("a wrapper sees the context of the call", () =>
    Effect.gen(function*() {
      const Team = Context.Reference<string>("test/Team", { defaultValue: () => "none" })
      const { model, server } = yield* serve(Script.text("Hello"))
      const tagged = HttpTransport.layerTransport({
        wrap: (next, services) => (input, init) => {
          const headers = new Headers(init?.headers)
          headers.set("x-team", Context.get(services, Team))
          return next(input, { ...init, headers })
        }
      })
      yield* model.invoke("Hi").pipe(Effect.provideService(Team, "search"), Effect.provide(tagged))
      assert.strictEqual((yield* server.requests)[0]?.headers["x-team"], "search")
    }))

  it.effect("a transport refuses a request with the reason for it, without a retry", () =>
    Effect.gen(function*() {
      let calls = 0
      const model = yield* OpenAi.make({ model: "gpt-test", apiKey: Redacted.make("any"), maxRetries: 3 })
      const error = yield* Effect.flip(model.invoke("Hi")).pipe(Effect.provide(HttpTransport.layer(() => {
        calls++
        return Promise.reject(new ChatModelError.UnsupportedError({ message: "Not on Sundays" }))
      })))
      assert.strictEqual(calls, 1)
      assert.deepStrictEqual([error.reason._tag, error.reason.message], ["UnsupportedError", "Not on Sundays"])
    }))

  it.live("the global fetch is looked up at each request", () =>
    Effect.gen(function*() {
      const { model } = yield* serve(Script.text("Hello"))
      yield* model.invoke("Hi")
      const before = globalThis.fetch
      const seen: Array<string> = []
      yield* Effect.acquireUseRelease(
        Effect.sync(() => {
          globalThis.fetch = (input, init) => {
            seen.push("replaced")
            return before(input, init)
          }
        }),
        () => model.invoke("Hi"),
        () =>
          Effect.sync(() => {
            globalThis.fetch = before
          })
      )
      assert.deepStrictEqual(seen, ["replaced"])
    }))
})

const clients: { readonly [name: string]: Layer.Layer<HttpClient.HttpClient> } = {
  fetch: FetchHttpClient.layer,
  "node:http": NodeHttpClient.layerNodeHttp
}

const transport = (client: Layer.Layer<HttpClient.HttpClient>) =>
  Effect.provide(HttpClientTransport.layer.pipe(Layer.provide(client)))

const withMiddleware = (
  client: Layer.Layer<HttpClient.HttpClient>,
  middleware: (client: HttpClient.HttpClient) => HttpClient.HttpClient
) => Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, middleware)).pipe(Layer.provide(client))

for (const [name, client] of Object.entries(clients)) {
  describe(`HttpClientTransport on ${name}`, () => {
    it.live("middleware changes requests, and chunks come as they do without it", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve({ ...Script.tokens(["a", " b", " é𝄞"]), cut: 5 })
        const chunks = (model: ChatModel.Service) =>
          Effect.map(
            Stream.runCollect(model.stream("Hi")),
            (all) => all.map(({ content, finish }) => [content, finish])
          )
        const middleware = HttpClient.mapRequest(HttpClientRequest.setHeader("x-team", "search"))
        const given = yield* chunks(model).pipe(transport(withMiddleware(client, middleware)))
        assert.deepStrictEqual(given, yield* chunks(model))
        const [first, second] = yield* server.requests
        assert.strictEqual(first?.headers["x-team"], "search")
        assert.deepStrictEqual(first?.body, second?.body)
        assert.strictEqual(first?.headers["content-type"], "application/json")
      }))

    it.live("each token comes when it was sent, and leaving closes the connection", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve(Script.endless({ token: " one", delay: 5 }))
        const taken = yield* model.stream("Hi").pipe(Stream.take(3), Stream.runCollect, transport(client))
        assert.lengthOf(taken, 3)
        const request = yield* server.awaitRequest(0)
        assert.strictEqual((yield* request.closed).by, "client")
      }))

    it.live("an interrupt before the headers closes the connection", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve(Script.silent)
        const fiber = yield* Effect.forkChild(model.invoke("Hi").pipe(transport(client)))
        const request = yield* server.awaitRequest(0)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual((yield* request.closed).by, "client")
      }))

    it.live("a slow reader slows the server", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve(Script.endless({ token: "x".repeat(1000) }))
        yield* Effect.gen(function*() {
          const pull = yield* Stream.toPull(model.stream("Hi"))
          yield* pull
          const request = yield* server.awaitRequest(0)
          yield* request.awaitBlocked()
        }).pipe(Effect.scoped, transport(client))
      }))

    it.live("errors are those of the provider, also if the client fails for a status", () =>
      Effect.gen(function*() {
        const { model } = yield* serve(Script.status(429, { headers: { "retry-after": "7" } }))
        const failure = Effect.map(Effect.flip(model.invoke("Hi")), ({ reason }) => reason)
        const plain = yield* failure
        assert.strictEqual(plain._tag, "RateLimitError")
        assert.deepStrictEqual(yield* failure.pipe(transport(client)), plain)
        const strict = withMiddleware(client, HttpClient.filterStatusOk)
        assert.deepStrictEqual(yield* failure.pipe(transport(strict)), plain)
      }))

    it.live("a refused connection is a NetworkError with its code, and a broken one keeps what came", () =>
      Effect.gen(function*() {
        const nowhere = yield* Anthropic.make({
          model: "claude-test",
          baseUrl: "http://127.0.0.1:1",
          apiKey: Redacted.make("any"),
          maxRetries: 0,
          // fetch turns down the port 1 before it connects.
          ...(name === "fetch" ? { baseUrl: "http://127.0.0.1:65123" } : undefined)
        })
        const { reason } = yield* Effect.flip(nowhere.invoke("Hi")).pipe(transport(client))
        assert.strictEqual(reason._tag, "NetworkError")
        assert.strictEqual(reason._tag === "NetworkError" ? reason.code : undefined, "ECONNREFUSED")
        const { model } = yield* serve(
          Script.make([...Script.text("Hello").steps.slice(0, 4), Script.delay(20), Script.reset])
        )
        const broken = yield* Effect.flip(model.invoke("Hi")).pipe(transport(client))
        assert.strictEqual(broken.reason._tag, "NetworkError")
        assert.strictEqual(broken.partial?.content, "Hello")
      }))

    it.live("a redirect is not followed, so no other host gets the key", () =>
      Effect.gen(function*() {
        const other = yield* AnthropicServer.make()
        const { model } = yield* serve(
          Script.body("", { status: 307, headers: { location: `${other.url}/v1/messages` } })
        )
        const { reason } = yield* Effect.flip(model.invoke("Hi")).pipe(transport(client))
        assert.strictEqual(reason._tag, "UnknownError")
        assert.include(reason.message, "redirect")
        assert.lengthOf(yield* other.requests, 0)
      }))

    it.live("the request has a span inside that of the call, its id is sent, and no span shows a credential", () =>
      Effect.gen(function*() {
        const spans: Array<Tracer.Span> = []
        const tracer = Tracer.make({
          span: (options) => {
            const span = new Tracer.NativeSpan(options)
            spans.push(span)
            return span
          }
        })
        const server = yield* OpenAiServer.make()
        const model = yield* OpenAi.make({
          model: "gpt-test",
          apiKey: Redacted.make("sk-planted-key"),
          baseUrl: `${server.url}?api_key=planted-parameter`,
          headers: { "x-team-token": "planted-token" }
        })
        yield* model.invoke("Hi").pipe(
          Effect.withSpan("app"),
          Effect.provideService(HttpClient.TracerHeaderFilter, () => true),
          transport(client),
          Effect.withTracer(tracer)
        )
        const app = spans.find((span) => span.name === "app")
        const sent = spans.find((span) => span.kind === "client")
        assert.isDefined(app)
        assert.strictEqual(sent?.traceId, app?.traceId)
        const [request] = yield* server.requests
        assert.include(request?.headers["traceparent"] ?? "", `${sent?.traceId}-${sent?.spanId}`)
        const attributes = JSON.stringify(spans.map((span) => [...span.attributes]))
        assert.include(attributes, "http.request.header.content-type")
        assert.notInclude(attributes, "planted")
      }))

    it.live("a model with a fetch of its own does not use it", () =>
      Effect.gen(function*() {
        const { model } = yield* serve(Script.text("Hello"), { fetch: (input, init) => fetch(input, init) })
        let used = 0
        const counting = withMiddleware(
          client,
          HttpClient.mapRequest((request) => {
            used++
            return request
          })
        )
        yield* model.invoke("Hi").pipe(transport(counting))
        assert.strictEqual(used, 0)
      }))
  })
}

describe("HttpClientTransport with a mock", () => {
  it.effect("needs no network", () =>
    Effect.gen(function*() {
      const body = new TextDecoder().decode(Script.bytesOf(Script.text("Hello")))
      const mock = Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body))))
      )
      const model = yield* Anthropic.make({ model: "claude-test", apiKey: Redacted.make("any") })
      const { content } = yield* model.invoke("Hi").pipe(transport(mock))
      assert.strictEqual(content, "Hello")
    }))
})
