// How streams and whole answers end: every failure is told, and nothing but the frame of the end looks like one.
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Fiber, Layer, Logger, Redacted, Schema, Stream } from "effect"
import * as Net from "node:net"
import { APIError } from "openai"
import { AIMessageChunk, ChatModel, ChatModelError, Runnable } from "rivulet"
import type { Message } from "rivulet"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import * as Serve from "rivulet/Serve"
import { OpenAiScript, OpenAiServer, ScriptedChatModel } from "rivulet/Testing"
import { body, framesOf, post, serve } from "../support/served.ts"

const { chunk, delay, fail, layer, stall, text } = ScriptedChatModel

const secret = "sk-planted-5e3cr3t"
const model = Serve.make({ chats: { chat: Serve.chat(ChatModel.ChatModel) }, onFailure: () => Effect.void })
const ask = { model: "chat", messages: [{ role: "user" as const, content: "Hi" }], stream: true as const }

const once = { maxRetries: 0 }
const message = `The words of the provider, with ${secret}`
const retryAfter = Duration.millis(1500)

/** Each reason, with the status and the code that a client gets. */
const reasons: ReadonlyArray<readonly [ChatModelError.Reason, status: number, code: string | null]> = [
  [new ChatModelError.AuthenticationError({ message }), 502, "upstream_error"],
  [new ChatModelError.PermissionError({ message }), 502, "upstream_error"],
  [new ChatModelError.QuotaExhaustedError({ message }), 502, "upstream_error"],
  [new ChatModelError.NotFoundError({ message }), 502, "upstream_error"],
  [new ChatModelError.InvalidRequestError({ message, field: secret }), 400, null],
  [new ChatModelError.ContextLengthError({ message }), 400, "context_length_exceeded"],
  [new ChatModelError.RateLimitError({ message, retryAfter }), 429, "rate_limit_exceeded"],
  [new ChatModelError.ContentPolicyError({ message }), 400, "content_policy_violation"],
  [new ChatModelError.OverloadedError({ message, retryAfter }), 503, "overloaded"],
  [new ChatModelError.InternalProviderError({ message }), 502, "upstream_error"],
  [new ChatModelError.NetworkError({ message, code: secret }), 502, "upstream_error"],
  [new ChatModelError.TimeoutError({ message, phase: "idle" }), 504, "timeout"],
  [new ChatModelError.TruncatedError({ message }), 502, "upstream_error"],
  [new ChatModelError.MalformedResponseError({ message, excerpt: secret }), 502, "upstream_error"],
  [new ChatModelError.UnsupportedError({ message, field: secret }), 400, "unsupported_value"],
  [
    new ChatModelError.BudgetExceededError({
      message,
      unit: "usd",
      limit: 1,
      used: 1,
      key: secret,
      resetAfter: Duration.seconds(90)
    }),
    429,
    "insufficient_quota"
  ],
  [new ChatModelError.UnknownError({ message }), 502, "upstream_error"]
]

const waits: { readonly [tag: string]: string } = {
  RateLimitError: "2",
  OverloadedError: "2",
  BudgetExceededError: "90"
}

const allOf = async (response: Response) => {
  const text = await response.text()
  return { response, text, all: JSON.stringify([...response.headers]) + text }
}

it("the reasons are all there are", () => {
  assert.deepStrictEqual(
    reasons.map(([{ _tag }]) => _tag).toSorted(),
    ChatModelError.Reason.members.map((member) => member.fields._tag.schema.literal).toSorted()
  )
})

for (const [reason, status, code] of reasons) {
  describe(reason._tag, () => {
    // An empty chunk, such as the first one of most providers, is no frame.
    const refused = [chunk(AIMessageChunk.empty), fail(reason)]

    it.live(`is status ${status} before the first frame`, () =>
      Effect.gen(function*() {
        const { url } = yield* serve(model, layer([refused, refused], { options: once }))
        for (const stream of [true, false]) {
          const { all, response, text } = yield* Effect.promise(async () => allOf(await post(url, body({ stream }))))
          assert.strictEqual(response.status, status)
          assert.deepInclude(JSON.parse(text).error, { code, param: null })
          assert.notInclude(all, secret)
          assert.notInclude(all, "provider")
          assert.strictEqual(response.headers.get("x-should-retry"), "false")
          assert.strictEqual(response.headers.get("retry-after"), waits[reason._tag] ?? null)
        }
      }))

    it.live("is an error frame after it, and no end", () =>
      Effect.gen(function*() {
        const broken = [...text("Hello world").slice(0, -1), fail(reason)]
        const { openai, url } = yield* serve(model, layer([broken, broken, broken], { options: once }))
        const { all, response, text: sent } = yield* Effect.promise(async () =>
          allOf(await post(url, body({ stream: true })))
        )
        const frames = framesOf(sent)
        assert.strictEqual(response.status, 200)
        assert.lengthOf(frames, 4)
        assert.deepInclude(JSON.parse(frames[3]!).error, { code })
        assert.notInclude(all, secret)
        assert.notInclude(all, "[DONE]")
        const read: Array<string> = []
        const failure = yield* Effect.promise(async () => {
          for await (const { choices: [choice] } of await openai.chat.completions.create(ask)) {
            read.push(choice?.delta.content ?? "")
          }
        }).pipe(Effect.catchDefect(Effect.succeed))
        assert.instanceOf(failure, APIError)
        assert.deepStrictEqual(read, ["", "Hello", " world"])
        const client = yield* OpenAiCompatible.make({
          model: "chat",
          baseUrl: `${url}/v1`,
          apiKey: Redacted.make("any"),
          ...once
        })
        const error = yield* Effect.flip(Stream.runDrain(client.stream("Hi")))
        assert.strictEqual(error.partial?.content, "Hello world")
        assert.notStrictEqual(error.reason._tag, "TruncatedError")
      }))
  })
}

it.live("an option that a model does not take is named as the client spells it", () =>
  Effect.gen(function*() {
    const reply = [fail(new ChatModelError.UnsupportedError({ message, field: "responseFormat.schema" }))]
    const { url } = yield* serve(model, layer([reply], { options: once }))
    const { all, text } = yield* Effect.promise(async () => allOf(await post(url, body())))
    assert.deepInclude(JSON.parse(text).error, { param: "response_format", code: "unsupported_value" })
    assert.notInclude(all, secret)
  }))

it.live("no field of an error reaches a client", () =>
  Effect.gen(function*() {
    const planted = new ChatModelError.ChatModelError({
      provider: secret,
      model: secret,
      reason: new ChatModelError.RateLimitError({ message }),
      partial: AIMessageChunk.toMessage([AIMessageChunk.text(secret)]) as Message.PartialAIMessage, // it has no finish
      metadata: { requestId: secret, type: secret },
      attempts: [{ provider: secret, model: secret, reason: new ChatModelError.UnknownError({ message }) }]
    })
    const chat = Serve.chat(
      Runnable.fn((input: ChatModel.ChatInput) => Effect.andThen(Effect.succeed(input), Effect.fail(planted)))
    )
    const { url } = yield* serve(Serve.make({ chats: { chat }, onFailure: () => Effect.void }), Layer.empty)
    for (const stream of [true, false]) {
      const { all, response } = yield* Effect.promise(async () => allOf(await post(url, body({ stream }))))
      assert.strictEqual(response.status, 429)
      assert.notInclude(all, secret)
    }
  }))

describe("failures that are not a model's", () => {
  class Sold extends Schema.TaggedError<Sold>()("Sold", { note: Schema.String }) {}

  const failing = (outcome: Effect.Effect<never, unknown>) =>
    Serve.chat(Runnable.fn((input: ChatModel.ChatInput) => Effect.andThen(Effect.succeed(input), outcome)))

  it.live("are internal errors with an id that is also in the log, which has no text of them", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const { url } = yield* serve(
        Serve.make({
          chats: {
            dies: failing(Effect.die(new TypeError(message))),
            fails: failing(Effect.fail(new Sold({ note: secret }))),
            interrupts: failing(Effect.interrupt)
          }
        }),
        Logger.layer([Logger.map(Logger.formatStructured, (line) => void lines.push(JSON.stringify(line)))])
      )
      for (const name of ["dies", "fails", "interrupts"]) {
        const { all, response, text } = yield* Effect.promise(async () =>
          allOf(await post(url, body({ model: name, stream: true })))
        )
        const id = response.headers.get("x-request-id")!
        assert.strictEqual(response.status, 500)
        assert.strictEqual(JSON.parse(text).error.message, `Internal error (${id}).`)
        assert.notInclude(all, secret)
        assert.isTrue(lines.some((line) => line.includes(id)), name)
      }
      assert.notInclude(lines.join(), secret)
    }))

  it.live("can be the app's own, and are whole for its operator", () =>
    Effect.gen(function*() {
      const failures: Array<Serve.RunFailure> = []
      const { url } = yield* serve(
        Serve.make({
          chats: { sold: failing(Effect.fail(new Sold({ note: secret }))), dies: failing(Effect.die(message)) },
          errors: (error) => error instanceof Sold ? { status: 409, message: "It is sold.", code: "sold" } : undefined,
          onFailure: (failure) => Effect.sync(() => failures.push(failure))
        }),
        Layer.empty
      )
      const sold = yield* Effect.promise(async () => allOf(await post(url, body({ model: "sold" }))))
      assert.deepStrictEqual([sold.response.status, JSON.parse(sold.text).error], [409, {
        message: "It is sold.",
        type: "invalid_request_error",
        param: null,
        code: "sold"
      }])
      const { response } = yield* Effect.promise(async () => allOf(await post(url, body({ model: "dies" }))))
      assert.deepStrictEqual(failures.map(({ chat, id, status }) => [chat, id, status]), [[
        "dies",
        response.headers.get("x-request-id"),
        500
      ]])
      assert.strictEqual(Cause.squash(failures[0]!.cause), message)
    }))

  it.live("of the layer are internal errors too", () =>
    Effect.gen(function*() {
      const { url } = yield* serve(model, Layer.effect(ChatModel.ChatModel, Effect.fail(new Sold({ note: secret }))))
      const { all, response } = yield* Effect.promise(async () => allOf(await post(url, body())))
      assert.strictEqual(response.status, 500)
      assert.notInclude(all, secret)
    }))
})

it.live("an answer that begins again is told as broken, if a part of it was sent", () =>
  Effect.gen(function*() {
    const again: AIMessageChunk.AIMessageChunk = {
      ...AIMessageChunk.text("Good"),
      recovery: { _tag: "Restarted", attempt: 1, error: { provider: "a", model: "b", reason: "NetworkError", message } }
    }
    const reply = [chunk(AIMessageChunk.text("Hel")), chunk(again), ...text(["bye"])]
    const { url } = yield* serve(model, layer([reply, reply]))
    const { text: streamed } = yield* Effect.promise(async () => allOf(await post(url, body({ stream: true }))))
    assert.deepInclude(JSON.parse(framesOf(streamed).at(-1)!).error, { code: "upstream_error" })
    const { text: whole } = yield* Effect.promise(async () => allOf(await post(url, body())))
    assert.strictEqual(JSON.parse(whole).choices[0].message.content, "Goodbye")
  }))

it.live("a head waits for the first frame, then a comment keeps the stream open", () =>
  Effect.gen(function*() {
    const app = Serve.make({
      chats: { chat: Serve.chat(ChatModel.ChatModel) },
      limits: { headWait: "30 millis", heartbeat: "20 millis" }
    })
    const reply = [delay("150 millis"), fail(new ChatModelError.OverloadedError({ message }))]
    const { url } = yield* serve(app, layer([reply], { options: once }))
    const { response, text: sent } = yield* Effect.promise(async () => allOf(await post(url, body({ stream: true }))))
    assert.strictEqual(response.status, 200)
    assert.match(sent, /^data: .*"role":"assistant".*\n\n(: keep-alive\n\n)+data: \{"error":/)
  }))

describe("a client that leaves", () => {
  for (const stream of [true, false]) {
    it.live(`closes the connection of the model, ${stream ? "in the middle of a stream" : "before a whole answer"}`, () =>
      Effect.gen(function*() {
        const provider = yield* OpenAiServer.make({ script: OpenAiScript.chat.endless() })
        const { url } = yield* serve(
          model,
          OpenAiCompatible.layer({ model: "m", baseUrl: provider.url, apiKey: Redacted.make("any") })
        )
        const aborter = new AbortController()
        const fiber = yield* Effect.forkChild(
          Effect.promise(async () => {
            const response = await fetch(`${url}/v1/chat/completions`, {
              method: "POST",
              body: body({ stream }),
              signal: aborter.signal
            })
            const reader = response.body!.getReader()
            await reader.read()
            aborter.abort()
          }).pipe(Effect.ignoreCause)
        )
        const request = yield* provider.awaitRequest(0)
        if (!stream) yield* Effect.sync(() => setTimeout(() => aborter.abort(), 50))
        const { by } = yield* request.closed
        assert.strictEqual(by, "client")
        yield* Fiber.await(fiber)
      }))
  }

  it.live("leaves nothing open, however often", () =>
    Effect.gen(function*() {
      const open = { now: 0, begun: 0 }
      const chat = Serve.chat(
        Runnable.transform("Words", (input: Stream.Stream<ChatModel.ChatInput>) =>
          Stream.flatMap(input, () => {
            open.now++
            open.begun++
            return Stream.concat(Stream.make("one"), Stream.never)
          }).pipe(Stream.ensuring(Effect.sync(() => open.now--))))
      )
      const { url } = yield* serve(Serve.make({ chats: { chat } }), Layer.empty)
      yield* Effect.forEach(
        Array.from({ length: 200 }, (_, i) => i),
        (i) =>
          Effect.promise(async () => {
            const aborter = new AbortController()
            const content = body({ stream: i % 4 !== 0 })
            const asked = fetch(`${url}/v1/chat/completions`, { method: "POST", body: content, signal: aborter.signal })
            if (i % 4 === 0) setTimeout(() => aborter.abort(), 5)
            else await (await asked).body!.getReader().read()
            aborter.abort()
            await asked.catch(() => {})
          }),
        { concurrency: 20, discard: true }
      )
      while (open.now > 0) yield* Effect.sleep("5 millis")
      assert.isAtLeast(open.begun, 150)
    }))

  it.live("interrupts the run of a plain fetch handler before its cancellation is done", () =>
    Effect.gen(function*() {
      const closed: Array<string> = []
      const endless = Serve.chat(
        Runnable.transform("Words", (input: Stream.Stream<ChatModel.ChatInput>) =>
          input.pipe(
            Stream.flatMap(() => Stream.forever(Stream.make("word "))),
            Stream.rechunk(1),
            Stream.ensuring(Effect.andThen(Effect.sleep("20 millis"), Effect.sync(() => closed.push("run"))))
          ))
      )
      const { close, fetch } = Serve.toFetch(Serve.make({ chats: { chat: endless } }))
      const response = yield* Effect.promise(() =>
        fetch(new Request("http://localhost/v1/chat/completions", { method: "POST", body: body({ stream: true }) }))
      )
      const reader = response.body!.getReader()
      yield* Effect.promise(async () => {
        await reader.read()
        await reader.cancel()
        closed.push("client")
        await close()
      })
      assert.deepStrictEqual(closed, ["run", "client"])
    }))
})

/** A chat whose texts are counted as they are made. */
const counting = (made: { count: number; readonly ended?: Deferred.Deferred<void> }, most = Infinity) =>
  Serve.chat(
    Runnable.transform("Words", (input: Stream.Stream<ChatModel.ChatInput>) =>
      Stream.flatMap(input, () =>
        Stream.fromEffectRepeat(Effect.sync(() => {
          made.count++
          return "x".repeat(10_000)
        })).pipe(
          Stream.take(most),
          Stream.ensuring(made.ended === undefined ? Effect.void : Deferred.succeed(made.ended, undefined))
        )))
  )

/** A client that takes nothing until it is resumed. */
const slowClient = (port: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const content = body({ stream: true })
      const head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
      const socket = Net.connect(port, "127.0.0.1", () => {
        socket.write(`${head}Content-Length: ${content.length}\r\n\r\n${content}`)
      })
      socket.pause()
      socket.on("error", () => {})
      return socket
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

/** All that the client gets from now on. */
const restOf = (socket: Net.Socket) =>
  Effect.callback<string>((resume) => {
    const received: Array<string> = []
    socket.on("data", (data) => received.push(data.toString()))
    socket.on("close", () => resume(Effect.succeed(received.join(""))))
    socket.resume()
  })

it.live("a client that reads on gets all", () =>
  Effect.gen(function*() {
    const made = { count: 0 }
    const { port } = yield* serve(Serve.make({ chats: { chat: counting(made, 1000) } }), Layer.empty)
    const socket = yield* slowClient(port)
    yield* Effect.sleep("300 millis")
    assert.isBelow(made.count, 1000)
    const received = yield* restOf(socket)
    assert.strictEqual(made.count, 1000)
    assert.lengthOf([...received.matchAll(/"content":"x{10000}"/g)], 1000)
    assert.match(received, /data: \[DONE\]\n\n\r\n0\r\n\r\n$/)
  }))

it.live("the chain waits for a slow client, who is cut when it takes nothing for long", () =>
  Effect.gen(function*() {
    const made = { count: 0, ended: Deferred.makeUnsafe<void>() }
    const app = Serve.make({ chats: { chat: counting(made) }, limits: { stalled: "500 millis" } })
    const { port } = yield* serve(app, Layer.empty)
    const socket = yield* slowClient(port)
    yield* Deferred.await(made.ended)
    // What the buffers of the system hold.
    assert.isBelow(made.count, 2000)
    const received = yield* restOf(socket)
    // A cut body lacks the empty chunk that ends it, so the client knows.
    assert.include(received, "\"content\":\"xxx")
    assert.notMatch(received, /\r\n0\r\n\r\n$/)
  }))

describe("a server that stops", () => {
  it.live("tells its streams, refuses others, and waits for clients", () =>
    Effect.gen(function*() {
      const { close, openai, url } = yield* serve(model, layer([[...text("Hello").slice(0, -1), stall]]))
      const stream = yield* Effect.promise(() => openai.chat.completions.create(ask))
      const read: Array<string> = []
      const failure = yield* Effect.promise(async () => {
        for await (const { choices: [choice] } of stream) {
          read.push(choice?.delta.content ?? "")
          if (read.length === 2) void close()
        }
      }).pipe(Effect.catchDefect(Effect.succeed))
      assert.instanceOf(failure, APIError)
      assert.include(String(failure), "The server is stopping.")
      assert.deepStrictEqual(read, ["", "Hello"])
      const refused = yield* Effect.promise(() => post(url, body()))
      assert.deepStrictEqual([refused.status, refused.headers.get("x-should-retry")], [503, null])
      yield* Effect.promise(close)
    }))

  it.live("ends although a finalizer hangs", () =>
    Effect.gen(function*() {
      const chat = Serve.chat(
        Runnable.transform("Words", (input: Stream.Stream<ChatModel.ChatInput>) =>
          Stream.flatMap(input, () =>
            Stream.concat(Stream.make("one"), Stream.never)).pipe(Stream.ensuring(Effect.never)))
      )
      const { close, fetch } = Serve.toFetch(Serve.make({ chats: { chat }, limits: { drain: "50 millis" } }))
      const response = yield* Effect.promise(() =>
        fetch(new Request("http://localhost/v1/chat/completions", { method: "POST", body: body({ stream: true }) }))
      )
      yield* Effect.promise(close)
      const failure = yield* Effect.promise(() =>
        response.text()
      ).pipe(Effect.catchDefect(Effect.succeed))
      assert.instanceOf(failure, Error)
    }))

  it.live("breaks off a stream that nobody reads", () =>
    Effect.gen(function*() {
      const app = Serve.make({ chats: { chat: counting({ count: 0 }) }, limits: { drain: "50 millis" } })
      const { close, fetch } = Serve.toFetch(app)
      const { body: unread } = yield* Effect.promise(() =>
        fetch(new Request("http://localhost/v1/chat/completions", { method: "POST", body: body({ stream: true }) }))
      )
      yield* Effect.promise(close)
      const failure = yield* Effect.promise(async () => {
        for await (const _ of unread!) { /* to its end */ }
      }).pipe(Effect.catchDefect(Effect.succeed))
      assert.instanceOf(failure, Error)
    }))
})
