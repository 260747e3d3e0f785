import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { constVoid } from "effect/Function"
import * as Scope from "effect/Scope"
import * as Net from "node:net"
import * as AnthropicServer from "../../src/testing/anthropic/AnthropicServer.ts"
import * as Script from "../../src/testing/anthropic/Script.ts"

const question = {
  model: "claude-haiku-4-5",
  max_tokens: 64,
  stream: true,
  messages: [{ role: "user", content: "Hi" }]
}
const key = { "x-api-key": "sk-test" }

const ask = (
  url: string,
  options?: { readonly body?: unknown; readonly headers?: Record<string, string>; readonly signal?: AbortSignal }
) =>
  Effect.promise(() =>
    fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: options?.headers ?? key,
      body: JSON.stringify(options?.body ?? question),
      signal: options?.signal ?? null
    })
  )

const askText = (url: string) => Effect.flatMap(ask(url), (response) => Effect.promise(() => response.text()))

/** A client that sees the bytes of the wire, and how the connection ends. */
const connect = Effect.fnUntraced(function*(url: string) {
  const ended = yield* Deferred.make<"end" | "reset" | "closed">()
  const { hostname, port } = new URL(url)
  const body = JSON.stringify(question)
  const head = `POST /v1/messages HTTP/1.1\r\nhost: ${hostname}\r\nx-api-key: sk-test\r\ncontent-length: ${body.length}`
  const socket = yield* Effect.acquireRelease(
    Effect.callback<Net.Socket>((resume) => {
      const socket = Net.connect(Number(port), hostname, () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )
  let received = ""
  let onData: () => void = constVoid
  socket.setEncoding("latin1")
  socket.on("data", (text: string) => {
    received += text
    onData()
  })
  socket.on("end", () => Deferred.doneUnsafe(ended, Effect.succeed("end")))
  socket.on("error", () => Deferred.doneUnsafe(ended, Effect.succeed("reset")))
  socket.on("close", () => Deferred.doneUnsafe(ended, Effect.succeed("closed")))
  return {
    socket,
    send: Effect.sync(() => socket.write(`${head}\r\n\r\n${body}`)),
    received: () => received,
    until: (test: (received: string) => boolean) =>
      Effect.callback<void>((resume) => {
        onData = () => test(received) ? resume(Effect.void) : undefined
        onData()
      }),
    ended: Deferred.await(ended)
  }
})

/** The chunks of a chunked body, each as it was framed; the last is "" when the body was finished. */
const chunksOf = (response: string): ReadonlyArray<string> => {
  const chunks: Array<string> = []
  let at = response.indexOf("\r\n\r\n") + 4
  while (at < response.length) {
    const start = response.indexOf("\r\n", at) + 2
    const length = parseInt(response.slice(at, start), 16)
    chunks.push(response.slice(start, start + length))
    at = start + length + 2
  }
  return chunks
}

const latin1 = (script: Script.Script) => Buffer.from(Script.bytesOf(script)).toString("latin1")

/** The chunks a fresh connection gets for a script that ends, and how the connection ends. */
const chunksFor = Effect.fnUntraced(function*(script: Script.Script) {
  const server = yield* AnthropicServer.AnthropicServer
  yield* server.enqueue(script)
  const client = yield* connect(server.url)
  yield* client.send
  yield* Effect.raceFirst(client.until((received) => received.endsWith("\r\n0\r\n\r\n")), client.ended)
  return chunksOf(client.received())
}, Effect.scoped)

describe("AnthropicServer", () => {
  it.live("answers with a well-formed Hello when nothing was scripted", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      const response = yield* ask(server.url)
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers.get("content-type"), "text/event-stream; charset=utf-8")
      assert.strictEqual(response.headers.get("request-id"), "req_01Rivulet0")
      const text = yield* Effect.promise(() => response.text())
      assert.strictEqual(text, textOf(Script.text("Hello")))
      const health = yield* Effect.promise(() => fetch(server.url).then((response) => response.json()))
      assert.deepStrictEqual(health, { name: "rivulet test server", messages: "POST /v1/messages" })
    }).pipe(Effect.provide(AnthropicServer.layer())))

  it.live("answers from the queue in order, then by the default; a function sees the request", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      yield* server.enqueue(Script.body("two"), () => Effect.succeed(Script.body("three")))
      yield* server.always((request) => Script.body(`default ${request.index}`))
      const answers = yield* Effect.forEach([1, 2, 3, 4], () => askText(server.url))
      assert.deepStrictEqual(answers, ["one", "two", "three", "default 3"])
    }).pipe(Effect.provide(AnthropicServer.layer({ scripts: [Script.body("one")] }))))

  it.live("answers 500 when a reply is a defect", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      yield* server.enqueue(() => {
        throw new Error("boom")
      }, () => Effect.die("dead"))
      assert.include(yield* askText(server.url), "boom")
      assert.strictEqual((yield* ask(server.url)).status, 500)
    }).pipe(Effect.provide(AnthropicServer.layer())))

  it.live("records what was asked, without the keys", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      const waiting = yield* Effect.forkChild(server.awaitRequest(1), { startImmediately: true })
      yield* askText(server.url)
      yield* ask(server.url, { headers: { authorization: "Bearer sk-secret", "X-Custom": "yes" } })
      const record = yield* Fiber.join(waiting)
      assert.strictEqual(record.index, 1)
      assert.strictEqual(record.method, "POST")
      assert.strictEqual(record.path, "/v1/messages")
      assert.deepStrictEqual(record.body, question)
      assert.strictEqual(record.headers["authorization"], "<redacted>")
      assert.strictEqual(record.headers["x-custom"], "yes")
      const records = yield* server.requests
      assert.strictEqual(records.length, 2)
      assert.notInclude(JSON.stringify(records), "sk-")
    }).pipe(Effect.provide(AnthropicServer.layer())))

  it.live("turns down what the API would, and takes no script for it", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      const refused = Effect.fnUntraced(function*(options: Parameters<typeof ask>[1]) {
        const response = yield* ask(server.url, options)
        const body = JSON.parse(yield* Effect.promise(() => response.text()))
        assert.strictEqual(body.type, "error")
        assert.strictEqual(body.request_id, response.headers.get("request-id"))
        return `${response.status} ${body.error.type}: ${body.error.message}`
      })
      const { max_tokens: _, ...unlimited } = question
      assert.deepStrictEqual(
        yield* Effect.forEach([
          { headers: {} },
          { headers: { "x-api-key": "sk-other" } },
          { body: {} },
          { body: { model: "m" } },
          { body: unlimited },
          { body: { ...question, model: "unknown-1" } },
          { body: { ...question, stream: false } },
          { body: [] },
          { body: { ...question, system: "x".repeat(2000) } }
        ], refused),
        [
          "401 authentication_error: x-api-key header is required",
          "401 authentication_error: invalid x-api-key",
          "400 invalid_request_error: model: Field required",
          "400 invalid_request_error: messages: Field required",
          "400 invalid_request_error: max_tokens: Field required",
          "404 not_found_error: model: unknown-1",
          "400 invalid_request_error: stream: this server only streams, set it to true",
          "400 invalid_request_error: The request body is not valid JSON",
          "413 request_too_large: Request exceeds the maximum size"
        ]
      )
      const elsewhere = yield* Effect.promise(() => fetch(`${server.url}/v1/models`))
      assert.strictEqual(elsewhere.status, 404)
      const beta = yield* Effect.promise(() =>
        fetch(`${server.url}/v1/messages?beta=true`, { method: "POST", headers: key, body: JSON.stringify(question) })
      )
      assert.strictEqual(yield* Effect.promise(() => beta.text()), "scripted")
    }).pipe(
      Effect.provide(
        AnthropicServer.layer({ scripts: [Script.body("scripted")], apiKey: "sk-test", maxRequestBytes: 1000 })
      )
    ))

  it.live("lets everything in without validation", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      assert.strictEqual((yield* ask(server.url, { headers: {}, body: "?" })).status, 200)
    }).pipe(Effect.provide(AnthropicServer.layer({ validate: false }))))

  it.live("puts writes together up to 16 KiB, cuts them, or leaves them apart", () =>
    Effect.gen(function*() {
      const three = Script.make([Script.write("ab"), Script.write("cde"), Script.write("é")])
      assert.deepStrictEqual(yield* chunksFor(three), ["abcdeÃ©", ""])
      assert.deepStrictEqual(yield* chunksFor({ ...three, cut: 1 }), ["a", "b", "c", "d", "e", "Ã", "©", ""])
      assert.deepStrictEqual(yield* chunksFor({ ...three, cut: 4 }), ["abcd", "eÃ©", ""])
      assert.deepStrictEqual(yield* chunksFor({ ...three, coalesce: false }), ["ab", "cde", "Ã©", ""])
      assert.deepStrictEqual(yield* chunksFor({ ...three, coalesce: false, cut: 2 }), ["ab", "cd", "e", "Ã©", ""])
      const tokens = Script.repeated(20_000)
      const chunks = yield* chunksFor(tokens)
      assert.strictEqual(chunks.join(""), latin1(tokens))
      assert.isBelow(chunks.length, Script.bytesOf(tokens).length / 16_384 + 2)
    }).pipe(Effect.provide(AnthropicServer.layer())))

  it.live("breaks a body off after any byte, by a close, a reset or in silence", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      const script = Script.text("Grüße von 𝕏")
      const whole = latin1(script)
      for (const offset of [0, 1, 500, whole.length - 1, whole.length]) {
        for (const fault of [Script.truncate, Script.reset, Script.stall]) {
          yield* server.enqueue(Script.faultAt(script, offset, [Script.delay(20), fault]))
          const client = yield* connect(server.url)
          yield* client.send
          const body = () => chunksOf(client.received()).join("")
          yield* client.until((received) => received.includes("\r\n\r\n") && body().length >= offset)
          if (fault._tag === "Stall") client.socket.destroy()
          assert.strictEqual(
            yield* client.ended,
            { Truncate: "end", Reset: "reset", Stall: "closed" }[String(fault._tag)]
          )
          assert.strictEqual(body(), whole.slice(0, offset))
          const closed = yield* Effect.flatMap(server.requests, (requests) => requests[requests.length - 1]!.closed)
          assert.strictEqual(closed.by, fault._tag === "Stall" ? "client" : "server")
          assert.strictEqual(closed.bytesSent, offset)
        }
      }
    }).pipe(Effect.provide(AnthropicServer.layer())))

  it.live("withholds the headers, or resets the connection in their stead", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      yield* server.enqueue(Script.resetBeforeHeaders, Script.silent, { ...Script.body("late"), headersAfter: 30 })
      const reset = yield* connect(server.url)
      yield* reset.send
      assert.strictEqual(yield* reset.ended, "reset")
      assert.strictEqual(reset.received(), "")
      const silent = yield* connect(server.url)
      yield* silent.send
      const request = yield* server.awaitRequest(1)
      assert.strictEqual(yield* server.openConnections, 1)
      silent.socket.destroy()
      assert.strictEqual((yield* request.closed).by, "client")
      assert.strictEqual(silent.received(), "")
      assert.strictEqual(yield* askText(server.url), "late")
      const { receivedAt, closed } = yield* server.awaitRequest(2)
      assert.isAtLeast((yield* closed).at - receivedAt, 29)
    }).pipe(Effect.provide(AnthropicServer.layer())))

  it.live("sees a client go, and becomes idle", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      const controller = new AbortController()
      const response = yield* ask(server.url, { signal: controller.signal })
      const reader = response.body!.getReader()
      yield* Effect.promise(() => reader.read())
      const request = yield* server.awaitRequest(0)
      assert.strictEqual(yield* server.openConnections, 1)
      const at = performance.now()
      controller.abort()
      const closed = yield* request.closed
      assert.strictEqual(closed.by, "client")
      assert.isAtLeast(closed.at, at)
      assert.isBelow(closed.at - at, 1000)
      assert.isAbove(closed.bytesSent, 0)
      yield* server.awaitIdle
      assert.strictEqual(yield* server.openConnections, 0)
    }).pipe(Effect.provide(AnthropicServer.layer({ script: Script.endless({ delay: 5 }) }))))

  it.live("writes an endless body no faster than it is read", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      const client = yield* connect(server.url)
      client.socket.pause()
      yield* client.send
      const request = yield* server.awaitRequest(0)
      yield* request.awaitBlocked()
      assert.isTrue(request.blocked)
      const stuckAt = request.bytesSent
      client.socket.resume()
      yield* client.until((received) => received.length > stuckAt)
      assert.isAbove(request.bytesSent, stuckAt)
      client.socket.destroy()
      assert.strictEqual((yield* request.closed).by, "client")
      // Nothing is written to a connection that is gone.
      assert.strictEqual((yield* request.closed).bytesSent, request.bytesSent)
    }).pipe(Effect.scoped, Effect.provide(AnthropicServer.layer({ script: Script.endless() }))))

  it.live("says that a response was never blocked", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      yield* askText(server.url)
      const request = yield* server.awaitRequest(0)
      assert.isTrue(Exit.hasDies(yield* Effect.exit(request.awaitBlocked())))
    }).pipe(Effect.provide(AnthropicServer.layer())))

  it.effect("delays in real time under a test clock", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      assert.include(yield* askText(server.url), "event: message_stop")
      const { closed, receivedAt } = yield* server.awaitRequest(0)
      assert.isAtLeast((yield* closed).at - receivedAt, 38)
    }).pipe(Effect.provide(AnthropicServer.layer({ script: Script.tokens(["a", "b", "c"], { delay: "20 millis" }) }))))

  it.live("serves one connection many times without adding up listeners", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      const warnings: Array<Error> = []
      const onWarning = (warning: Error) => warnings.push(warning)
      process.on("warning", onWarning)
      const client = yield* connect(server.url)
      for (let i = 1; i <= 15; i++) {
        yield* client.send
        yield* client.until((received) => received.split("\r\n0\r\n\r\n").length === i + 1)
      }
      process.off("warning", onWarning)
      assert.deepStrictEqual(warnings, [])
      assert.strictEqual((yield* server.requests).length, 15)
    }).pipe(Effect.scoped, Effect.provide(AnthropicServer.layer())))

  it.live("destroys every connection with its scope", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const server = yield* Scope.provide(AnthropicServer.make({ script: Script.endless({ delay: 5 }) }), scope)
      const streaming = yield* connect(server.url)
      yield* streaming.send
      const unused = yield* connect(server.url)
      const request = yield* server.awaitRequest(0)
      yield* streaming.until((received) => received.includes("message_start"))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* request.closed).by, "server")
      yield* Effect.all([streaming.ended, unused.ended])
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.tryPromise(() => fetch(server.url)))))
    }).pipe(Effect.scoped))

  it.effect("dies when its port is taken", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.AnthropicServer
      const second = AnthropicServer.make({ port: Number(new URL(server.url).port) })
      assert.isTrue(Exit.hasDies(yield* Effect.exit(Effect.scoped(second))))
    }).pipe(Effect.provide(AnthropicServer.layer())))
})

const textOf = (script: Script.Script) => new TextDecoder().decode(Script.bytesOf(script))

const framesOf = (script: Script.Script) => textOf(script).split("\n\n").filter((frame) => frame !== "")

const eventsOf = (script: Script.Script) =>
  framesOf(script).map((frame) => {
    const [event, data] = frame.split("\n")
    const json = JSON.parse(data!.slice("data: ".length))
    assert.strictEqual(event, `event: ${json.type}`)
    return json
  })

describe("Script", () => {
  it("frames an answer as the API does", () => {
    assert.deepStrictEqual(
      framesOf(Script.text("Hello world", { id: "msg_1", model: "m", usage: { input_tokens: 3 } })),
      [
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m\",\"id\":\"msg_1\",\"type\":\"message\","
        + "\"role\":\"assistant\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":3,"
        + "\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":1,\"service_tier\":\"standard\"}}}",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}",
        "event: ping\ndata: {\"type\": \"ping\"}",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" world\"}}",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"stop_details\":null},"
        + "\"usage\":{\"input_tokens\":3,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":2}}",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}"
      ]
    )
  })

  it("builds thinking, calls and raw blocks", () => {
    const deltas = (script: Script.Script) =>
      eventsOf(script).filter((event) => event.type === "content_block_delta").map((event) => event.delta)
    const stopReason = (script: Script.Script) => eventsOf(script).at(-2).delta.stop_reason
    assert.deepStrictEqual(deltas(Script.reasoning("Hm, well", "", { signature: "c2ln" })), [
      { type: "thinking_delta", thinking: "Hm," },
      { type: "thinking_delta", thinking: " well" },
      { type: "signature_delta", signature: "c2ln" }
    ])
    const call = Script.toolCall({ name: "weather", args: { city: "Zürich 𝕏𝕏𝕏" } }, { text: "Let me look" })
    const slices = deltas(call).filter((delta) => delta.type === "input_json_delta")
    assert.isAbove(slices.length, 2)
    assert.deepStrictEqual(JSON.parse(slices.map((delta) => delta.partial_json).join("")), { city: "Zürich 𝕏𝕏𝕏" })
    assert.strictEqual(stopReason(call), "tool_use")
    assert.deepStrictEqual(deltas(Script.toolCall({ name: "now", args: {} })), [
      { type: "input_json_delta", partial_json: "" }
    ])
    const raw = Script.message({
      blocks: [
        { type: "redacted_thinking", data: "b3Bh" },
        { type: "raw", block: { type: "novel", x: 1 }, deltas: [{ type: "novel_delta", y: 2 }] }
      ],
      stopReason: "refusal",
      usage: { output_tokens: 7, server_tool_use: { web_search_requests: 1 } }
    })
    assert.deepStrictEqual(deltas(raw), [{ type: "novel_delta", y: 2 }])
    assert.strictEqual(stopReason(raw), "refusal")
    assert.deepStrictEqual(eventsOf(raw).at(-2).usage.server_tool_use, { web_search_requests: 1 })
    assert.strictEqual(eventsOf(raw).at(-2).usage.output_tokens, 7)
  })

  it("uses the API's error types", () => {
    const types = [400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504, 529].map((status) =>
      `${status} ${JSON.parse(textOf(Script.status(status))).error.type}`
    )
    assert.deepStrictEqual(types, [
      "400 invalid_request_error",
      "401 authentication_error",
      "402 billing_error",
      "403 permission_error",
      "404 not_found_error",
      "408 timeout_error",
      "409 conflict_error",
      "413 request_too_large",
      "418 invalid_request_error",
      "422 invalid_request_error",
      "429 rate_limit_error",
      "500 api_error",
      "502 api_error",
      "503 api_error",
      "504 timeout_error",
      "529 overloaded_error"
    ])
    assert.strictEqual(textOf(Script.status(502, { body: "<html>" })), "<html>")
    assert.include(
      textOf(Script.make([Script.errorEvent("overloaded_error", "Overloaded")])),
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}"
    )
  })

  it("keeps exactly the bytes before a fault, inside repetitions and characters too", () => {
    const script = Script.make([
      Script.write("é"),
      Script.repeat([Script.write("ab"), Script.delay(1), Script.repeat([Script.write("c")], 2)], 3),
      Script.write(new Uint8Array([1, 2]))
    ])
    const whole = Script.bytesOf(script)
    assert.strictEqual(whole.length, 2 + 12 + 2)
    for (let offset = 0; offset <= whole.length; offset++) {
      const cut = Script.faultAt(script, offset, Script.truncate)
      assert.deepStrictEqual(Script.bytesOf(cut), whole.slice(0, offset))
      assert.deepStrictEqual(cut.steps.at(-1), Script.truncate)
    }
    assert.strictEqual(Script.bytesOf(Script.faultAt(Script.endless(), 10_000, Script.end)).length, 10_000)
    assert.deepStrictEqual(
      Script.bytesOf(Script.faultAt(2, [Script.write("!"), Script.stall])(Script.body("Hello"))),
      new TextEncoder().encode("He!")
    )
    const stalled = Script.make([Script.write("ab"), Script.stall])
    assert.deepStrictEqual(Script.faultAt(stalled, 3, Script.reset).steps, stalled.steps)
  })

  it("knows which bodies never end", () => {
    assert.throws(() => Script.bytesOf(Script.endless()), RangeError)
    assert.throws(
      () => Script.bytesOf(Script.make([Script.repeat([Script.repeat([Script.write("a")])], 2)])),
      RangeError
    )
    assert.strictEqual(textOf(Script.make([Script.repeat([Script.write("a"), Script.truncate])])), "a")
    assert.deepStrictEqual([...Script.unroll(Script.make([Script.repeat([])]))], [Script.stall])
    assert.strictEqual(eventsOf(Script.repeated(3, { token: "x" })).filter((e) => e.delta?.text === "x").length, 3)
  })
})
