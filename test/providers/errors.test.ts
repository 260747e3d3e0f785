// Errors in the forms that servers and the gateways in front of them give them, on every wire.
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Script } from "rivulet/Testing"
import { outcomesOf } from "../support/outcomes.ts"
import { wires } from "../support/wires.ts"

const json = { headers: { "content-type": "application/json" } }
const stream = { headers: { "content-type": "text/event-stream" } }
const invalidKey = { error: { message: "Invalid token", type: "proxy_error", code: "invalid_api_key" } }
const asText = (body: unknown) => JSON.stringify(body)

for (const wire of wires) {
  const { afterEnd, afterHello, bytes, fails, text } = outcomesOf(wire)
  const { serve, status } = wire
  const partial = undefined

  const failing = Effect.fnUntraced(function*(script: Script.Script) {
    const { model } = yield* serve(script)
    return yield* Effect.flip(model.invoke("Hi"))
  })

  const answers = (name: string, script: Script.Script) =>
    it.live(name, () =>
      Effect.gen(function*() {
        const { model } = yield* serve(script)
        const message = yield* model.invoke("Hi")
        assert.strictEqual(message.content, "Hello")
        assert.strictEqual(message.finish.reason, "stop")
        assert.isFalse(message.parts.some(({ type }) => type === "unknown"))
      }))

  describe(`${wire.name}: what is an event stream`, () => {
    for (const type of ["application/json", "text/html", "text/plain", "application/octet-stream"]) {
      answers(
        `an event stream, whatever it is called: ${type}`,
        Script.body(text, { headers: { "content-type": type } })
      )
    }
    answers("the last frame counts without its line breaks", Script.body(text.trimEnd(), stream))
    answers("and without its blank line", Script.body(`${text.trimEnd()}\n`, stream))
    for (
      const noise of ["data: \n\n", "event: ping\ndata: \n\n", "event: keep-alive\ndata: now\n\n", "data: [PING]\n\n"]
    ) {
      answers(`no event: ${asText(noise)}`, Script.body(noise + text.replaceAll("\n\n", `\n\n${noise}`), stream))
    }
    for (
      const noise of ["data: bye\n\n", "data: [DONE]\n\n", "data: [DONE]", "<br>", "data: null\n\n", "data: 1\n\n"]
    ) {
      answers(`what follows the end is ignored: ${asText(noise)}`, afterEnd(Script.write(noise)))
    }

    it.live("half a last frame is none", () =>
      Effect.gen(function*() {
        const half = new TextDecoder().decode(bytes.subarray(0, text.trimEnd().length - 2))
        const error = yield* failing(Script.body(half, stream))
        assert.strictEqual(error.reason._tag, "TruncatedError")
        assert.strictEqual(error.partial?.content, "Hello")
      }))
    fails(
      "a page as an event stream is a page",
      Script.body("<html>\n<p>No</p>\n</html>", stream),
      "MalformedResponseError",
      {
        partial,
        check: ({ reason }) => assert.include(String(Reflect.get(reason, "excerpt")), "No")
      }
    )
    fails("JSON that is no error", Script.body("{\"object\":\"list\",\"data\":[]}", json), "MalformedResponseError", {
      partial
    })
    fails("the start of a field", Script.body("dat", stream), "TruncatedError", { partial })

    it.live("a page without end is read to a bound", () =>
      Effect.gen(function*() {
        for (const piece of ["<p>endless</p>\n", "[[[[[[[[[[[[[["]) {
          const error = yield* failing(Script.make([Script.repeat([Script.write(piece.repeat(100))])]))
          assert.strictEqual(error.reason._tag, "MalformedResponseError")
        }
      }))
  })

  describe(`${wire.name}: an error without a frame`, () => {
    for (
      const [name, body] of [
        ["JSON", asText(invalidKey)],
        ["JSON in several lines", JSON.stringify(invalidKey, null, 2)],
        ["JSON and [DONE]", `${asText(invalidKey)}\n\ndata: [DONE]\n\n`],
        ["JSON in a list", asText([invalidKey])],
        ["a line `error:`", `error: ${asText(invalidKey)}\n\n`],
        ["a line `error:` without the envelope", `error:${asText(invalidKey.error)}`]
      ] as const
    ) {
      for (const head of [json, stream]) {
        fails(`${name} as ${head.headers["content-type"]}`, Script.body(body, head), "AuthenticationError", {
          partial,
          check: ({ message }) => assert.include(message, "Invalid token")
        })
      }
      fails(`${name} in mid-stream`, afterHello(Script.write(body)), "AuthenticationError")
    }

    fails("a text behind `error:`", afterHello(Script.write("error: rate limit reached\n\n")), "RateLimitError", {
      check: ({ message }) => assert.include(message, "rate limit reached")
    })
    fails(
      "a text in an event `error`",
      afterHello(Script.write("event: error\ndata: overloaded\n\n")),
      "OverloadedError"
    )

    it.live("is tried again only if that helps", () =>
      Effect.gen(function*() {
        const { model, server } = yield* serve(Script.body(asText(invalidKey), stream), { maxRetries: 2 })
        yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual((yield* server.requests).length, 1)
      }))
  })

  describe(`${wire.name}: a rate limit`, () => {
    const limited = (more: object) => ({ error: { type: "rate_limit_error", message: "Slow down", ...more } })
    const gemini = "You exceeded your current quota, please check your plan. Please retry in 34.4s."
    const rows: ReadonlyArray<
      readonly [name: string, body: object, seconds: number, headers?: Record<string, string>]
    > = [
      ["a header", limited({}), 7, { "retry-after": "7" }],
      ["a header in milliseconds", limited({}), 0.25, { "retry-after-ms": "250" }],
      ["the window that has nothing left", limited({}), 62.5, {
        "x-ratelimit-remaining-requests": "9",
        "x-ratelimit-reset-requests": "1h",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "1m2.5s"
      }],
      ["a field", limited({ retry_after: 5 }), 5],
      ["a field in milliseconds", limited({ retry_after_ms: 1500 }), 1.5],
      ["a field of the details", limited({ details: [{ "@type": "RetryInfo", retryDelay: "34.4s" }] }), 34.4],
      ["a field of the provider behind a router", limited({ metadata: { raw: "{\"retryDelay\":\"8s\"}" } }), 8],
      ["a sentence", limited({ message: "Rate limit reached. Please try again in 1m2.5s." }), 62.5],
      ["a sentence in words", limited({ message: "Please retry after 26 seconds." }), 26],
      ["a sentence in two units", limited({ message: "Wait for 1 hour and 5 minutes" }), 3900],
      ["a sentence in milliseconds", limited({ message: "Limit 3, Used 3. Please try again in 250ms." }), 0.25],
      ["a sentence behind a code of usage", limited({ type: "usage_limit_reached", message: "Try again in 5s" }), 5],
      ["the words of a quota", { error: { code: 429, status: "RESOURCE_EXHAUSTED", message: gemini } }, 34.4],
      ["the code of a quota", limited({ type: "insufficient_quota", message: gemini }), 34.4]
    ]
    for (const [name, body, seconds, headers] of rows) {
      fails(`tells how long to wait by ${name}`, status(429, { headers, body: asText(body) }), "RateLimitError", {
        partial,
        check: (error) => {
          assert.isTrue(error.isRetryable)
          assert.closeTo(Duration.toSeconds(error.retryAfter ?? Duration.zero), seconds, 0.001)
        }
      })
    }
    fails(
      "tells it inside a 200 too",
      afterHello(Script.write(`event: error\ndata: ${asText(limited({ retry_after: 5 }))}\n\n`)),
      "RateLimitError",
      {
        check: ({ retryAfter }) => assert.deepStrictEqual(retryAfter, Duration.seconds(5))
      }
    )
    for (
      const message of ["Limit 20 of 30 requests per minute", "Try later: 3 servers are busy", "Retry the 2nd time"]
    ) {
      fails(`names no delay: ${message}`, status(429, { body: asText(limited({ message })) }), "RateLimitError", {
        partial,
        check: ({ retryAfter }) => assert.isUndefined(retryAfter)
      })
    }
  })

  describe(`${wire.name}: an account without money`, () => {
    const type = "rate_limit_error"
    for (
      const [code, error] of [
        [429, { type: "insufficient_quota", message: "You exceeded your current quota" }],
        [429, { message: "You exceeded your current quota, please check your plan and billing details." }],
        [429, { type, message: "No", details: { error_code: "enforced_spend_limit_reached" } }],
        [429, { type, message: "No", code: "organization_spend_limit_exceeded" }],
        [429, { type, message: "No", code: "credit_balance_exhausted" }],
        [403, { message: "Your team has used all available credits or reached its monthly spending limit." }],
        [429, { code: "project_spend_limit_exceeded", message: "No. It resets in 3 days." }],
        [400, { type: "invalid_request_error", message: "Your credit balance is too low to access the API" }],
        [400, { type: "invalid_request_error", message: "You have reached your specified API usage limits." }]
      ] as const
    ) {
      fails(`${code} ${asText(error)}`, status(code, { body: asText({ error }) }), "QuotaExhaustedError", {
        partial,
        check: (error) => assert.isFalse(error.isRetryable)
      })
    }
  })

  describe(`${wire.name}: all that is said`, () => {
    const rows: ReadonlyArray<readonly [name: string, status: number, body: object, said: RegExp, kept: object]> = [
      [
        "by the provider behind a router, as text",
        429,
        {
          error: {
            message: "Provider returned error",
            code: 429,
            metadata: { raw: "queue full", provider_name: "Acme" }
          }
        },
        /Provider returned error: queue full/,
        { raw: "queue full", provider_name: "Acme", code: 429 }
      ],
      [
        "by the provider behind a router, as JSON",
        400,
        {
          error: {
            message: "Provider returned error",
            code: 400,
            metadata: { raw: "{\"detail\":\"tools[0] has no name\"}" }
          }
        },
        /tools\[0\] has no name/,
        { code: 400 }
      ],
      [
        "of a call that the server rejected",
        400,
        {
          error: { message: "Failed to call a function", code: "tool_use_failed", failed_generation: "<function=f>" },
          hint: "no"
        },
        /Failed to call/,
        { code: "tool_use_failed", failed_generation: "<function=f>", hint: "no" }
      ],
      [
        "in details",
        400,
        { error: { type: "invalid_request_error", message: "m", details: { error_code: "e" } } },
        /m/,
        { details: { error_code: "e" }, type: "invalid_request_error" }
      ]
    ]
    for (const [name, code, body, said, kept] of rows) {
      it.live(name, () =>
        Effect.gen(function*() {
          const whole = yield* failing(status(code, { body: asText(body) }))
          assert.match(whole.message, said)
          assert.deepInclude(whole.metadata, { ...kept, status: code })
          const inside = yield* failing(
            afterHello(Script.write(`event: error\ndata: ${asText({ type: "error", ...body })}\n\n`))
          )
          assert.match(inside.message, said)
          assert.deepInclude(inside.metadata, kept)
          assert.strictEqual(inside.reason._tag, whole.reason._tag)
        }))
    }

    it.live("in a body that is no JSON: a frame, or a text", () =>
      Effect.gen(function*() {
        const framed = yield* failing(status(500, { body: `event: error\ndata: ${asText(invalidKey)}\n\n` }))
        assert.strictEqual(framed.reason._tag, "AuthenticationError")
        const plain = yield* failing(status(429, { body: "Slow down, and try again in 20 seconds" }))
        assert.deepStrictEqual(plain.retryAfter, Duration.seconds(20))
      }))

    it.live("costs no more than its length", () =>
      Effect.gen(function*() {
        for (const blank of [" ", "\n", "retry ", "[", "error "]) {
          const error = yield* failing(status(400, { body: `error${blank.repeat(60_000 / blank.length)}` }))
          assert.strictEqual(error.reason._tag, "InvalidRequestError")
        }
      }), 5000)

    it.live("is bounded", () =>
      Effect.gen(function*() {
        const error = yield* failing(
          status(400, { body: asText({ error: { message: "m", trace: ["x".repeat(50_000)] } }) })
        )
        assert.isBelow(JSON.stringify(error.metadata).length, 10_000)
      }))
  })
}
