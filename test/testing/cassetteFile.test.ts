// The file of a cassette, the secrets that it leaves out, and the error of a request that it does not have.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { ChatModel, HttpTransport } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
import { AnthropicServer, Cassette, OpenAiServer, Script, TestServer } from "rivulet/Testing"
import { serve } from "../support/anthropic.ts"
import { cassettes, collect } from "../support/cassettes.ts"
import { wires } from "../support/wires.ts"

const key = "sk-planted-Key+/0123456789abcdef"
const token = "team-pla/nted t0ken&more"
const parameter = "par4meter-planted-0123"
const password = "planted-pa55word"
const mcpToken = "mcp-planted-t0ken"
const named = "planted customer 4711"

/** Whether a text holds a secret, in the clear or in a form that can be read. */
const holds = (text: string, secret: string): boolean => {
  const decoded = [...text.matchAll(/"base64": ?"([^"]*)"/g)].map(([, data]) =>
    Buffer.from(data ?? "", "base64").toString()
  )
  const joined = [...text.matchAll(/"text":("(?:[^"\\]|\\.)*")/g)].map(([, data]) => JSON.parse(data ?? "")).join("")
  return [text, decoded.join(""), joined].some((each) =>
    [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").replace(/=+$/, "")].some((form) =>
      each.includes(form)
    )
  )
}

const secrets = [key, token, parameter, password, mcpToken, named, "other-planted-4712"]

describe("secrets", () => {
  /** An answer that repeats all that the request had. */
  const echo = ({ body, headers, path }: TestServer.RequestRecord) =>
    Script.make([
      Script.write(`: ${path} ${Object.values(headers).join()} ${token} ${key}\n\n`),
      Script.write(`: ${JSON.stringify(body)}\n\n`),
      ...Script.text("Hello").steps
    ], { headers: { "x-echo": `Bearer ${key}`, "set-cookie": `session=${password}`, "openai-organization": "acme" } })

  for (const cut of [undefined, 1, 7]) {
    it.live(`no key is in the file, wherever it was, in writes of ${cut ?? "any number of"} bytes`, () =>
      Effect.gen(function*() {
        const { replay, text, use } = yield* cassettes
        const server = yield* TestServer.make({}, { script: (request) => ({ ...echo(request), cut }) })
        const model = yield* Anthropic.make({
          model: "claude-test",
          baseUrl: `${server.url}/?tenant=acme&api_key=${parameter}`,
          apiKey: Redacted.make(key),
          headers: {
            "x-team-token": token,
            "proxy-authorization": `Basic ${btoa(`user:${password}`)}`,
            "x-customer": named
          },
          providerOptions: {
            anthropic: { mcp_servers: [{ type: "url", url: "https://mcp.example", authorization_token: mcpToken }] }
          },
          maxRetries: 0
        })
        const redact = { texts: [named, /other-planted-\d+/] }
        const question = `I am ${named}, or other-planted-4712, and ${key}`
        const live = yield* collect(model, question).pipe(use("record", { redact }))
        assert.isUndefined(live.error)
        const file = text()
        for (const secret of secrets) assert.isFalse(holds(file, secret), secret)
        assert.notInclude(file, "acme\"")
        assert.include(file, "<redacted>")
        assert.include(file, "tenant=acme")
        const played = yield* collect(model, question).pipe(use("replay", { redact }))
        assert.deepStrictEqual(played.chunks.map(({ content }) => content), live.chunks.map(({ content }) => content))
        // A redaction that is not named again makes it another request.
        assert.isDefined((yield* collect(model, question).pipe(replay)).error)
      }))
  }

  for (const wire of wires) {
    it.live(`${wire.name}: an error that repeats the key is written without it`, () =>
      Effect.gen(function*() {
        const { record, text } = yield* cassettes
        const secret = "sk-repeated-0123456789"
        const { model } = yield* wire.serve(wire.status(401, { message: `Incorrect API key: ${secret}` }))
        const { error } = yield* collect(model).pipe(record)
        assert.strictEqual(error?.reason._tag, "AuthenticationError")
        assert.isFalse(holds(text(), secret))
        assert.include(text(), "Incorrect API key: <redacted>")
      }))
  }

  it.live("a refusal of a request shows no secret", () =>
    Effect.gen(function*() {
      const { replay } = yield* cassettes
      const model = yield* OpenAi.make({
        model: "gpt-test",
        apiKey: Redacted.make(key),
        baseUrl: `https://llm.example/v1?key=${parameter}`
      })
      const { message } = yield* Effect.flip(model.invoke(`Hi, my key is ${key}`)).pipe(replay)
      for (const secret of secrets) assert.notInclude(message, secret)
    }))
})

describe("the file", () => {
  it.live("has a line for each read, and is the same for the same bytes but for the times", () =>
    Effect.gen(function*() {
      const { files, record, text } = yield* cassettes
      const { model } = yield* serve({ ...Script.text("Hello world"), coalesce: false })
      yield* collect(model).pipe(record)
      const first = text()
      yield* collect(model).pipe(record)
      const timeless = (file: string) => file.replace(/"at": ?[\d.]+/g, "\"at\": 0").replace(/req_01Rivulet\d+/g, "req")
      // Two reads may come as one.
      const whole = (file: string) => timeless(file).replace(/"\},\n *\{"at": 0,"text":"/g, "")
      assert.strictEqual(whole(text()), whole(first))
      assert.match(first, /^ {10}\{"at":[\d.]+,"text":"event: message_start/m)
      assert.match(first, /"content": "Hi"/)
      assert.deepStrictEqual(files(), ["cassette.json"])
    }))

  it.live("is whole after each answer", () =>
    Effect.gen(function*() {
      const { exchanges, record } = yield* cassettes
      const { model } = yield* serve(Script.text("Hello"))
      yield* Effect.gen(function*() {
        for (let i = 1; i < 4; i++) {
          yield* model.invoke(`Hi ${i}`)
          assert.lengthOf(exchanges(), i)
        }
      }).pipe(record)
    }))

  it.live("stays as it was if nothing was asked", () =>
    Effect.gen(function*() {
      const { record, text } = yield* cassettes
      const { model } = yield* serve(Script.text("Hello"))
      yield* model.invoke("Hi").pipe(record)
      const before = text()
      yield* record(Effect.void)
      assert.strictEqual(text(), before)
    }))

  it.live("that is no cassette, and a mode that is none, fail the layer", () =>
    Effect.gen(function*() {
      const { path, replay, use } = yield* cassettes
      writeFileSync(path, `{"version": 2}`)
      const error = yield* Effect.flip(replay(Effect.void))
      assert.strictEqual(error._tag, "CassetteError")
      assert.include(error.message, path)
      // JavaScript may give any text.
      const wrong = yield* Effect.flip(use("reply" as Cassette.Mode)(Effect.void))
      assert.include(wrong.message, "record, replay, auto, refuse")
    }))

  it.live("that cannot be written is a defect when the layer ends, not a failure of the call", () =>
    Effect.gen(function*() {
      const { path, record } = yield* cassettes
      const { model } = yield* serve(Script.text("Hello"))
      mkdirSync(path)
      const exit = yield* Effect.exit(
        Effect.tap(model.invoke("Hi"), ({ content }) => Effect.sync(() => assert.strictEqual(content, "Hello"))).pipe(
          record
        )
      )
      assert.strictEqual(exit._tag, "Failure")
      assert.match(String(exit), /EISDIR|ENOTEMPTY|EEXIST|EPERM/)
    }))
})

describe("a request", () => {
  const asking = Effect.gen(function*() {
    const server = yield* AnthropicServer.make({ script: ({ index }) => Script.text(`Answer ${index}`) })
    const model = yield* Anthropic.make({ model: "claude-test", baseUrl: server.url, apiKey: Redacted.make("any") })
    const ask = (text: string, options?: Parameters<typeof model.invoke>[1]) =>
      Effect.map(model.invoke(text, options), ({ content }) => content)
    return { ask, server }
  })

  it.live("that is equal to several is answered in their order, and fails once they are used up", () =>
    Effect.gen(function*() {
      const { record, replay } = yield* cassettes
      const { ask } = yield* asking
      yield* record(Effect.all([ask("Hi"), ask("Ho"), ask("Hi")]))
      const answers = Effect.gen(function*() {
        const first = [yield* ask("Hi"), yield* ask("Hi"), yield* ask("Ho")]
        return [...first, (yield* Effect.flip(ask("Hi"))).message]
      })
      const [a, b, c, error] = yield* replay(answers)
      assert.deepStrictEqual([a, b, c], ["Answer 0", "Answer 2", "Answer 1"])
      assert.include(error, "recorded twice and is sent once more")
    }))

  it.live("that was not recorded fails at once, and its error shows the nearest recorded one and the difference", () =>
    Effect.gen(function*() {
      const { path, record, replay } = yield* cassettes
      const { ask, server } = yield* asking
      yield* record(Effect.all([ask("Name two birds"), ask("Name three fish", { maxTokens: 100 })]))
      const error = yield* replay(Effect.flip(ask("Name three frogs", { maxTokens: 100 })))
      assert.strictEqual(error.reason._tag, "UnsupportedError")
      assert.include(error.message, "number 2")
      assert.match(error.message, /body\.messages\[0\]\.content was .*three fish" and is .*three frogs"/)
      assert.notInclude(error.message, "body.model")
      assert.include(error.message, path)
      assert.include(error.message, "RIVULET_CASSETTES=record")
      assert.lengthOf(yield* server.requests, 2)
    }))

  it.live("is refused if there is no cassette, with the way to record one", () =>
    Effect.gen(function*() {
      const { replay } = yield* cassettes
      const { ask, server } = yield* asking
      const { message } = yield* replay(Effect.flip(ask("Hi")))
      assert.include(message, "It is empty or does not exist")
      assert.lengthOf(yield* server.requests, 0)
    }))

  it.live("is refused by the mode refuse, recorded or not", () =>
    Effect.gen(function*() {
      const { record, use } = yield* cassettes
      const { ask, server } = yield* asking
      yield* record(ask("Hi"))
      const { message } = yield* use("refuse")(Effect.flip(ask("Hi")))
      assert.include(message, "refuses all requests")
      assert.lengthOf(yield* server.requests, 1)
    }))

  it.live("is sent and added by the mode auto if it is not recorded", () =>
    Effect.gen(function*() {
      const { exchanges, use } = yield* cassettes
      const { ask, server } = yield* asking
      const auto = use("auto")
      assert.strictEqual(yield* auto(ask("Hi")), "Answer 0")
      assert.deepStrictEqual(yield* auto(Effect.all([ask("Ho"), ask("Hi")])), ["Answer 1", "Answer 0"])
      assert.lengthOf(yield* server.requests, 2)
      assert.lengthOf(exchanges(), 2)
    }))

  it.live("follows the variable RIVULET_CASSETTES where the test gives no mode", () =>
    Effect.gen(function*() {
      const { folder, text } = yield* cassettes
      const { ask } = yield* asking
      const before = process.env["RIVULET_CASSETTES"]
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          if (before === undefined) delete process.env["RIVULET_CASSETTES"]
          else process.env["RIVULET_CASSETTES"] = before
        })
      )
      process.env["RIVULET_CASSETTES"] = "record"
      yield* ask("Hi").pipe(Effect.provide(Cassette.layer("cassette", { folder })))
      assert.include(text(), "Answer")
      delete process.env["RIVULET_CASSETTES"]
      assert.strictEqual(yield* ask("Hi").pipe(Effect.provide(Cassette.layer("cassette", { folder }))), "Answer 0")
    }))

  it.live("is the same with another port, other labels and an ignored field, and another one with another model", () =>
    Effect.gen(function*() {
      const { record, use } = yield* cassettes
      const first = yield* asking
      const other = yield* asking
      const options = (user: string, cache: string) => ({
        metadata: { user_id: user },
        providerOptions: { anthropic: { cache_control: { type: cache } } }
      })
      yield* record(first.ask("Hi", options("a", "one")))
      const replay = use("replay", { ignore: ["cache_control.type"] })
      assert.strictEqual(yield* replay(other.ask("Hi", options("b", "two"))), "Answer 0")
      assert.strictEqual(
        (yield* use("replay")(Effect.flip(other.ask("Hi", options("b", "two"))))).reason._tag,
        "UnsupportedError"
      )
    }))

  it.live("passes the wrappers outside the cassette only when it is sent", () =>
    Effect.gen(function*() {
      const { record, replay } = yield* cassettes
      const server = yield* OpenAiServer.make()
      const model = yield* OpenAi.make({ model: "gpt-test", baseUrl: server.url, apiKey: Redacted.make("any") })
      let seen = 0
      const counting = HttpTransport.layerWrap((next) => (input, init) => {
        seen++
        return next(input, init)
      })
      const ask = ChatModel.invoke("Hi").pipe(Effect.provideService(ChatModel.ChatModel, model))
      yield* ask.pipe(record, Effect.provide(counting))
      assert.strictEqual(seen, 1)
      yield* ask.pipe(replay, Effect.provide(counting))
      assert.strictEqual(seen, 1)
      yield* ask.pipe(Effect.provide(counting), replay)
      assert.strictEqual(seen, 2)
    }))
})
