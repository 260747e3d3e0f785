// Agents of Node.js under a model: a proxy in a process of its own, client certificates, and connections that are kept.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { spawn } from "node:child_process"
import * as Http from "node:http"
import * as Https from "node:https"
import type { Duplex } from "node:stream"
import * as Tls from "node:tls"
import type { ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as HttpClientTransport from "rivulet/HttpClientTransport"
import { AnthropicServer, Script } from "rivulet/Testing"
import type * as Undici from "undici"
import { build } from "../support/build.ts"
import { certificates, proxy, skipped, tlsFront } from "../support/tls.ts"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)

/** undici 8, which the tests have, does not start on older ones. */
const noUndici = major > 22 || (major === 22 && minor >= 19) ? undefined : "undici needs Node.js 22.19"

const noEnvProxy = (major === 22 && minor >= 21) || (major === 24 && minor >= 5) || major > 24
  ? undefined
  : "NODE_USE_ENV_PROXY needs Node.js 22.21 or 24.5"

/** An agent of `node:https` whose connections are tunnels of a proxy, as in docs/http.md. */
class ProxyAgent extends Https.Agent {
  readonly #proxy: { readonly host: string; readonly port: number; readonly headers?: Http.OutgoingHttpHeaders }

  constructor(
    proxy: { readonly host: string; readonly port: number; readonly headers?: Http.OutgoingHttpHeaders },
    options?: Https.AgentOptions
  ) {
    super({ keepAlive: true, ...options })
    this.#proxy = proxy
  }

  override createConnection(
    options: Https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void
  ): undefined {
    const failed = (error: Error) => callback?.(error, undefined as never)
    Http.request({ ...this.#proxy, method: "CONNECT", path: `${options.host}:${options.port}` })
      .once("error", failed)
      .once("connect", ({ statusCode }, socket) => {
        if (statusCode !== 200) return failed(new Error(`The proxy answered with status ${statusCode}`))
        callback?.(null, Tls.connect({ ...options as Tls.ConnectionOptions, socket }))
      })
      .end()
    return undefined
  }
}

const agents = (https: Https.Agent) =>
  HttpClientTransport.layer.pipe(
    Layer.provide(NodeHttpClient.layerNodeHttpNoAgent),
    Layer.provide(Layer.succeed(NodeHttpClient.HttpAgent, { http: new Http.Agent(), https }))
  )

const setup = Effect.fnUntraced(function*(mutual: boolean) {
  const keys = yield* certificates
  const server = yield* AnthropicServer.make({ script: Script.text("Hello") })
  const front = yield* tlsFront(server.url, keys, mutual)
  const make = (options?: Partial<Anthropic.Options>) =>
    Anthropic.make({
      model: "claude-test",
      // The name is known to the proxy alone.
      baseUrl: `https://models.test:${front.port}`,
      apiKey: Redacted.make("any"),
      maxRetries: 0,
      ...options
    })
  const direct = { baseUrl: `https://localhost:${front.port}` }
  return { keys, server, front, make, direct }
})

const leave = (model: ChatModel.Service) => Stream.runDrain(Stream.take(model.stream("Hi"), 2))

describe.skipIf(skipped !== undefined)(`agents of Node.js${skipped === undefined ? "" : ` (${skipped})`}`, () => {
  it.live("requests go through a proxy, over a connection that is kept, and leaving closes it", () =>
    Effect.gen(function*() {
      const { front, keys, make, server } = yield* setup(false)
      const { port, tunnels } = yield* proxy
      const headers = { "proxy-authorization": `Basic ${btoa("user:password")}` }
      const agent = new ProxyAgent({ host: "127.0.0.1", port, headers }, { ca: keys.ca })
      const model = yield* make()
      const asked = Effect.gen(function*() {
        assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
        assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
        assert.deepStrictEqual(tunnels(), [`CONNECT models.test:${front.port} Basic ${btoa("user:password")}`])
        yield* server.always(Script.endless({ token: " one" }))
        yield* leave(model)
        const { closed } = yield* server.awaitRequest(2)
        assert.strictEqual((yield* closed).by, "client")
      })
      yield* asked.pipe(Effect.provide(agents(agent)))
      agent.destroy()
    }))

  it.live("a proxy that is down is a NetworkError with its code", () =>
    Effect.gen(function*() {
      const { keys, make } = yield* setup(false)
      const agent = new ProxyAgent({ host: "127.0.0.1", port: 1 }, { ca: keys.ca })
      const model = yield* make()
      const { reason } = yield* Effect.flip(model.invoke("Hi")).pipe(Effect.provide(agents(agent)))
      assert.strictEqual(reason._tag === "NetworkError" ? reason.code : reason._tag, "ECONNREFUSED")
    }))

  it.live("a server asks for a client certificate, and a call without it fails", () =>
    Effect.gen(function*() {
      const { direct, front, keys, make, server } = yield* setup(true)
      const model = yield* make(direct)
      const node = (options: NodeHttpClient.HttpAgentOptions) =>
        Effect.provide(HttpClientTransport.layer.pipe(Layer.provide(NodeHttpClient.layerNodeHttpOptions(options))))
      const { content } = yield* model.invoke("Hi").pipe(node({ ca: keys.ca, ...keys.client }))
      assert.strictEqual(content, "Hello")
      assert.deepStrictEqual(front.clients, ["client"])
      for (const options of [{ ca: keys.ca }, keys.client]) {
        const { reason } = yield* Effect.flip(model.invoke("Hi")).pipe(node(options))
        assert.strictEqual(reason._tag, "NetworkError")
      }
      assert.lengthOf(yield* server.requests, 1)
    }))

  it.live("connections are kept from call to call", () =>
    Effect.gen(function*() {
      const { direct, front, keys, make } = yield* setup(false)
      const model = yield* make(direct)
      const calls = Effect.all([model.invoke("Hi"), model.invoke("Hi"), model.invoke("Hi")])
      const transport = HttpClientTransport.layer.pipe(
        Layer.provide(NodeHttpClient.layerNodeHttpOptions({ ca: keys.ca, keepAlive: true }))
      )
      yield* calls.pipe(Effect.provide(transport))
      assert.lengthOf(front.clients, 1)
    }))

  for (const mutual of [false, true]) {
    it.live.skipIf(noUndici !== undefined)(
      `undici, as the fetch of a model: a proxy${mutual ? " and a client certificate" : ""}${
        noUndici === undefined ? "" : ` (${noUndici})`
      }`,
      () =>
        Effect.gen(function*() {
          const { front, keys, make, server } = yield* setup(mutual)
          const { port, tunnels } = yield* proxy
          const undici = yield* Effect.promise(() => import("undici"))
          const dispatcher = new undici.ProxyAgent({
            uri: `http://127.0.0.1:${port}`,
            requestTls: { ca: keys.ca, ...(mutual ? keys.client : undefined) }
          })
          yield* Effect.addFinalizer(() => Effect.promise(() => dispatcher.destroy()))
          const model = yield* make({ fetch: undiciFetch(undici, dispatcher) })
          assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
          assert.strictEqual((yield* model.invoke("Hi")).content, "Hello")
          // undici may open a second connection before the first one is free.
          assert.deepStrictEqual([...new Set(tunnels())], [`CONNECT models.test:${front.port} none`])
          assert.deepStrictEqual([...new Set(front.clients)], [mutual ? "client" : undefined])
          yield* server.always(Script.endless({ token: " one" }))
          yield* leave(model)
          const { closed } = yield* server.awaitRequest(2)
          assert.strictEqual((yield* closed).by, "client")
        })
    )
  }

  it.live.skipIf(noEnvProxy !== undefined)(
    `the global fetch takes the proxy of the environment${noEnvProxy === undefined ? "" : ` (${noEnvProxy})`}`,
    () =>
      Effect.gen(function*() {
        const { front, keys } = yield* setup(false)
        const { port, tunnels } = yield* proxy
        const program = `
          import { Effect, Redacted } from "effect"
          import * as Anthropic from "rivulet/Anthropic"
          const model = Effect.runSync(Anthropic.make({
            model: "claude-haiku-4-5", baseUrl: "https://models.test:${front.port}", apiKey: Redacted.make("any"), maxRetries: 0
          }))
          console.log((await Effect.runPromise(model.invoke("Hi"))).content)
        `
        const output = yield* Effect.callback<string>((resume) => {
          const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
            cwd: build(),
            env: {
              PATH: process.env["PATH"],
              NODE_USE_ENV_PROXY: "1",
              HTTPS_PROXY: `http://127.0.0.1:${port}`,
              NODE_EXTRA_CA_CERTS: keys.caPath
            }
          })
          let text = ""
          for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => text += piece)
          child.on("close", () => resume(Effect.succeed(text)))
        })
        assert.strictEqual(output, "Hello\n")
        assert.deepStrictEqual(tunnels(), [`CONNECT models.test:${front.port} none`])
      })
  )
})

/** A `fetch` of undici with a dispatcher, as in docs/http.md. */
const undiciFetch = (undici: typeof Undici, dispatcher: Undici.Dispatcher): typeof fetch =>
  // The types of undici are those of another version than those of Node.js.
  ((input: string, init: object) => undici.fetch(input, { ...init, dispatcher })) as unknown as typeof fetch
