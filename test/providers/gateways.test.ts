// What gateways change in an answer, on every wire: names of fields, frames without content, words of other APIs.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Stream } from "effect"
import { AIMessageChunk } from "rivulet"
import { encode, responseOf } from "../support/reads.ts"
import { chatCompletions, messages, responsesApi, wires } from "../support/wires.ts"
import type { Wire } from "../support/wires.ts"

type Json = Readonly<Record<string, unknown>>

const frame = (event: unknown) => `data: ${JSON.stringify(event)}\n\n`

/** An answer of each wire: its start, its text, and its end with these fields in the object that has the usage. */
interface Parts {
  readonly wire: Wire
  readonly start: (more?: Json) => string
  readonly text: string
  readonly end: (usage?: unknown, more?: Json) => string
}

const message = { id: "i", type: "message", role: "assistant", content: [{ type: "output_text", text: "Hello" }] }

const answers: ReadonlyArray<Parts> = [
  {
    wire: messages,
    start: (more) => frame({ type: "message_start", message: { id: "m", role: "assistant", content: [], ...more } }),
    text: frame({ type: "content_block_start", index: 0, content_block: { type: "text", text: "Hello" } }),
    end: (usage, more) =>
      frame({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage, ...more }) +
      frame({ type: "message_stop" })
  },
  {
    wire: chatCompletions,
    start: (more) => frame({ id: "m", choices: [], ...more }),
    text: frame({ id: "m", choices: [{ index: 0, delta: { content: "Hello" } }] }),
    end: (usage, more) =>
      frame({ id: "m", choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage, ...more }) +
      "data: [DONE]\n\n"
  },
  {
    wire: responsesApi,
    start: (more) => frame({ type: "response.created", response: { id: "m", status: "in_progress", ...more } }),
    text: frame({ type: "response.output_item.done", output_index: 0, item: message }),
    end: (usage, more) =>
      frame({
        type: "response.completed",
        response: { id: "m", status: "completed", output: [message], usage, ...more }
      })
  }
]

const read = Effect.fnUntraced(function*(wire: Wire, body: string) {
  const model = yield* Effect.orDie(wire.withFetch(responseOf([encode(body)])))
  return yield* model.invoke("Hi")
})

for (const { end, start, text, wire } of answers) {
  const hello = Effect.fnUntraced(function*(body: string) {
    const got = yield* read(wire, body)
    assert.deepStrictEqual([got.content, got.finish.reason], ["Hello", "stop"])
    assert.isFalse(got.parts.some(({ type }) => type === "unknown"))
    return got
  })

  describe(`${wire.name}: frames without content`, () => {
    for (
      const noise of [
        "data: {}\n\n",
        "data: []\n\n",
        "data: \"\"\n\n",
        "data: \"ping\"\n\n",
        "event: response.keepalive\ndata: {\"type\":\"response.keepalive\",\"sequence_number\":1}\n\n",
        "event: status\ndata: {}\n\n",
        frame({ cost: "0.01" }),
        frame({ status: "started", provider: "Acme" }),
        frame({ type: "usage", usage: { input_tokens: 3, output_tokens: 2 } })
      ]
    ) {
      it.effect(`are no part: ${noise.trim()}`, () =>
        Effect.gen(function*() {
          yield* hello(noise + start() + noise + text + noise + end())
        }))
    }

    it.effect("content without a name is a part", () =>
      Effect.gen(function*() {
        for (const event of [{ type: "x", text: "Hi" }, { type: "x", list: [1] }, { generated_text: "Hi" }]) {
          const { parts } = yield* read(wire, start() + frame(event) + text + end())
          assert.isTrue(parts.some(({ type }) => type === "unknown"))
        }
      }))
  })

  describe(`${wire.name}: usage in other names`, () => {
    for (
      const [name, usage, told] of [
        ["of Chat Completions", { prompt_tokens: 10, completion_tokens: 5 }, {}],
        ["of Responses", { input_tokens: 10, output_tokens: 5, total_tokens: 15 }, {}],
        ["of Gemini", { promptTokenCount: 10, candidatesTokenCount: 2, totalTokenCount: 15 }, {}],
        ["as texts", { prompt_tokens: "10", completion_tokens: "5" }, {}],
        ["with a total that is more", { input_tokens: 10, output_tokens: 2, total_tokens: 15 }, {}],
        ["with a total that is less", { input_tokens: 10, output_tokens: 5, total_tokens: 0 }, {}],
        [
          "with cached tokens",
          { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } },
          {
            cacheReadTokens: 4
          }
        ]
      ] as const
    ) {
      it.effect(name, () =>
        Effect.gen(function*() {
          const { raw: _, ...usageOfAnswer } = (yield* hello(start() + text + end(usage))).usage ?? assert.fail()
          assert.deepStrictEqual<object>(usageOfAnswer, { inputTokens: 10, outputTokens: 5, totalTokens: 15, ...told })
        }))
    }
    it.effect("an empty one tells nothing", () =>
      Effect.gen(function*() {
        assert.isUndefined((yield* hello(start() + text + end({}))).usage)
      }))
  })

  describe(`${wire.name}: fields of a gateway`, () => {
    it.effect("replace no metadata of this library", () =>
      Effect.gen(function*() {
        const fields = { provider: "Acme", warnings: "no", partial: true, region: "eu" }
        for (const body of [start(fields) + text + end(), start() + text + end(undefined, fields)]) {
          const { metadata } = yield* hello(body)
          assert.deepInclude(metadata, { provider: wire.provider, server_provider: "Acme", region: "eu" })
          assert.notProperty(metadata, "partial")
          assert.notProperty(metadata, "warnings")
        }
      }))
  })

  describe(`${wire.name}: an error in the spelling of another API`, () => {
    for (
      const [event, reason] of [
        [{ throttlingException: { message: "boom" } }, "RateLimitError"],
        [{ internalServerException: { message: "boom" } }, "InternalProviderError"],
        [{ Error: { Message: "boom", Code: "ThrottlingException" } }, "RateLimitError"],
        [{ errorMessage: "boom", errorType: "AccessDeniedException" }, "PermissionError"],
        [{ err: "boom", code: 401 }, "AuthenticationError"],
        [[{ error: { message: "boom", status: "UNAVAILABLE" } }], "OverloadedError"],
        [{ error: { message: "boom", type: "exceeded_current_quota_error" } }, "QuotaExhaustedError"]
      ] as const
    ) {
      it.effect(JSON.stringify(event), () =>
        Effect.gen(function*() {
          for (const body of [start() + text + frame(event), JSON.stringify(event), JSON.stringify(event, null, 2)]) {
            const error = yield* Effect.flip(read(wire, body))
            assert.strictEqual(error.reason._tag, reason)
            assert.include(error.message, "boom")
          }
        }))
    }

    it.effect("a status, a type and a success are none", () =>
      Effect.gen(function*() {
        for (
          const event of [
            { status: "succeeded", message: "done" },
            { type: "progress", message: "Loading the model" },
            { code: 204, msg: "nothing" }
          ]
        ) {
          assert.strictEqual((yield* read(wire, start() + frame(event) + text + end())).content, "Hello")
        }
      }))
  })

  it.effect(`${wire.name}: a page is none of its lines`, () =>
    Effect.gen(function*() {
      for (const page of ["<html>\n", "\n <!doctype html>\n"]) {
        const error = yield* Effect.flip(read(wire, page + start() + text + end() + "</html>"))
        assert.strictEqual(error.reason._tag, "MalformedResponseError")
      }
    }))
}

describe("Messages: the end", () => {
  const [{ start, text } = assert.fail()] = answers
  const stop = (more: Json) => frame({ type: "message_stop", ...more })
  const usage = { input_tokens: 3, output_tokens: 2 }
  for (
    const [name, end] of [
      ["beside the delta", frame({ type: "message_delta", stop_reason: "end_turn", usage }) + stop({})],
      ["in the delta", frame({ type: "message_delta", delta: { stop_reason: "end_turn", usage } }) + stop({})],
      ["in message_stop", stop({ stop_reason: "end_turn", usage })],
      ["in the message of message_stop", stop({ message: { stop_reason: "end_turn", usage } })],
      [
        "before a usage of zeros",
        frame({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage }) +
        stop({ usage: { input_tokens: 0, output_tokens: 0 } })
      ]
    ] as const
  ) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const got = yield* read(messages, start() + text + end)
        assert.deepStrictEqual(
          [got.content, got.finish.reason, got.usage?.totalTokens],
          ["Hello", "stop", 5]
        )
      }))
  }

  it.effect("after a call, it is that of calls", () =>
    Effect.gen(function*() {
      const call = { type: "tool_use", id: "t", name: "f", input: {} }
      const body = frame({ type: "content_block_start", index: 0, content_block: call })
      const got = yield* read(messages, start() + body + answers[0]!.end())
      assert.deepStrictEqual(got.finish, { reason: "tool_calls", raw: "end_turn" })
    }))

  it.effect("usage that was given out does not change", () =>
    Effect.gen(function*() {
      const body = start({ usage: { input_tokens: 3, output_tokens: 1 } }) + text +
        answers[0]!.end({ output_tokens: 9 })
      const model = yield* messages.withFetch(responseOf([encode(body)]))
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      assert.deepStrictEqual(
        chunks.flatMap((chunk) => chunk.usage?.raw ?? []),
        [{ input_tokens: 3, output_tokens: 1 }, { input_tokens: 3, output_tokens: 9 }]
      )
      assert.strictEqual(AIMessageChunk.toMessage(chunks).usage?.outputTokens, 9)
    }))

  it.effect("a second message without its events is an error", () =>
    Effect.gen(function*() {
      const second = frame({ type: "message", role: "assistant", content: [{ type: "text", text: "More" }] })
      const error = yield* Effect.flip(read(messages, start() + text + answers[0]!.end() + second))
      assert.strictEqual(error.reason._tag, "MalformedResponseError")
    }))
})

describe("finish words", () => {
  const rows = {
    stop: ["stop_str", "stopped", "endoftext", "success"],
    length: ["truncated", "max_completion_tokens"],
    content_filter: ["MODEL_ARMOR", "IMAGE_PROHIBITED_CONTENT", "violation"],
    tool_calls: ["tools", "TOOL_USE"]
  }
  for (const [reason, words] of Object.entries(rows)) {
    it.effect(reason, () =>
      Effect.gen(function*() {
        for (const word of words) {
          const chat = frame({ id: "m", choices: [{ delta: { content: "Hello" }, finish_reason: word }] })
          assert.strictEqual((yield* read(chatCompletions, `${chat}data: [DONE]\n\n`)).finish.reason, reason)
          const [{ start } = assert.fail()] = answers
          const end = frame({ type: "message_delta", delta: { stop_reason: word } }) + frame({ type: "message_stop" })
          assert.strictEqual((yield* read(messages, start() + end)).finish.reason, reason)
        }
      }))
  }

  for (const wire of wires) {
    if (wire === responsesApi) continue
    it.effect(`${wire.name}: an answer that was broken off is a failure`, () =>
      Effect.gen(function*() {
        const { start, text } = answers.find((each) => each.wire === wire) ?? assert.fail()
        const end = wire === messages
          ? frame({ type: "message_delta", delta: { stop_reason: "abort" } }) + frame({ type: "message_stop" })
          : frame({ id: "m", choices: [{ delta: {}, finish_reason: "abort" }] }) + "data: [DONE]\n\n"
        const error = yield* Effect.flip(read(wire, start() + text + end))
        assert.strictEqual(error.reason._tag, "InternalProviderError")
        assert.strictEqual(error.partial?.content, "Hello")
      }))
  }
})
