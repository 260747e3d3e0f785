// Endings that the Messages wire alone has; `test/providers/outcomes.test.ts` has those of all wires.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Message } from "rivulet"
import { Script } from "rivulet/Testing"
import { failedBothWays, outcomesOf } from "../../support/outcomes.ts"
import { messages } from "../../support/wires.ts"

const { afterHello, fails, hello, text: wire } = outcomesOf(messages)
const { serve } = messages

describe("the end of a stream", () => {
  fails(
    "a stop reason but no message_stop",
    Script.faultAt(hello, wire.indexOf("event: message_stop"), Script.end),
    "TruncatedError"
  )

  it.live("a name that does not resolve, and a server without TLS", () =>
    Effect.gen(function*() {
      const { server } = yield* serve(hello)
      for (const baseUrl of ["http://rivulet.invalid", server.url.replace("http:", "https:")]) {
        const { model } = yield* serve(hello, { baseUrl })
        const { errors } = yield* failedBothWays(model)
        for (const error of errors) assert.strictEqual(error.reason._tag, "NetworkError")
      }
    }))
})

describe("an error event inside a 200", () => {
  for (
    const [type, reason] of [
      ["overloaded_error", "OverloadedError"],
      ["rate_limit_error", "RateLimitError"],
      ["api_error", "InternalProviderError"],
      ["invalid_request_error", "InvalidRequestError"],
      ["authentication_error", "AuthenticationError"],
      ["permission_error", "PermissionError"],
      ["not_found_error", "NotFoundError"],
      ["request_too_large", "ContextLengthError"],
      ["billing_error", "QuotaExhaustedError"],
      ["timeout_error", "TimeoutError"],
      ["an_error_of_tomorrow", "UnknownError"]
    ] as const
  ) {
    fails(type, afterHello(Script.errorEvent(type, "so it is")), reason, {
      check: ({ reason }) => assert.include(String(Reflect.get(reason, "message")), "so it is")
    })
  }
})

describe("what is unknown", () => {
  it.live("events, blocks and deltas of tomorrow pass through, and the stream goes on", () =>
    Effect.gen(function*() {
      const tomorrow = { type: "hologram", voxels: [1, 2] }
      const at = wire.indexOf("event: content_block_stop")
      const { model } = yield* serve(Script.faultAt(hello, at, [
        Script.event({ type: "mood", mood: "good" }),
        Script.event({ type: "content_block_delta", index: 0, delta: { type: "glow_delta", glow: 1 } }),
        Script.write(wire.slice(at, wire.indexOf("event: message_delta"))),
        Script.event({ type: "content_block_start", index: 1, content_block: tomorrow }),
        Script.event({ type: "content_block_delta", index: 1, delta: { type: "voxel_delta", voxels: [3] } }),
        Script.event({ type: "content_block_stop", index: 1 }),
        Script.write(wire.slice(wire.indexOf("event: message_delta")).replace("end_turn", "out_of_ideas"))
      ]))
      const message = yield* model.invoke("Hi")
      assert.strictEqual(message.content, "Hello")
      assert.deepStrictEqual(message.finish, { reason: "other", raw: "out_of_ideas" })
      assert.deepStrictEqual(message.parts, [
        { type: "text", text: "Hello" },
        { type: "unknown", raw: [{ type: "mood", mood: "good" }] },
        {
          type: "unknown",
          raw: [{ type: "content_block_delta", index: 0, delta: { type: "glow_delta", glow: 1 } }]
        },
        { type: "unknown", raw: [tomorrow, { type: "voxel_delta", voxels: [3] }] }
      ])
    }))

  it.live("so do fields of tomorrow, and those of a block go back with it", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serve(Script.body(
        wire
          .replace("\"content_block\":{", "\"content_block\":{\"mood\":\"good\",")
          .replace("\"delta\":{\"type\":\"text_delta\",", "\"delta\":{\"type\":\"text_delta\",\"logprob\":-1,")
          .replace("\"message\":{", "\"message\":{\"weather\":\"fine\",")
      ))
      const message = yield* model.invoke("Hi")
      assert.deepStrictEqual(message.parts, [
        { type: "text", text: "Hello", metadata: { mood: "good", delta: { logprob: -1 } } }
      ])
      assert.strictEqual(message.metadata?.["weather"], "fine")
      yield* model.invoke([Message.human("Hi"), message, Message.human("Go on")])
      const body = (yield* server.awaitRequest(1)).body
      assert.deepInclude(Reflect.get(body as object, "messages")[1], {
        content: [{ type: "text", text: "Hello", mood: "good" }]
      })
    }))
})
